"""A small consistent world to develop against: an owner, a strategy, two weeks of candles, and trades on them."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from tradingdb import candles
from tradingdb.bulk import upsert
from tradingdb.models import AgentLog, LogLevel, UserPreference
from tradingdb.seeds.synthetic import FIRST_MINUTE, random_walk
from tradingdb.seeds.trading_world import Added, named_id, trade_series
from tradingdb.services import agents, market

if TYPE_CHECKING:
    from tradingdb.database import WriteSession

MINUTES = 14 * 24 * 60
OWNER = "dev"


async def seed_development(session: WriteSession) -> dict[str, int]:
    """Add what is missing; what is there stays as it is. Needs the reference data."""
    instrument = await market.ensure_instrument(
        session, "simulated", "BTC/USDT", price_tick=Decimal("0.1"), quantity_step=Decimal("0.0001")
    )
    report = await candles.write(session, instrument, "1m", random_walk(MINUTES), source="synthetic")
    series = await candles.read(session, instrument, "1m")
    added = await trade_series(session, instrument, series, owner=OWNER)
    added["candles"] = report.inserted
    await _preference_and_log(session, added)
    return added


async def _preference_and_log(session: WriteSession, added: Added) -> None:
    preference = {
        "id": named_id("preference:theme"),
        "user_id": named_id(f"user:{OWNER}"),
        "key": "chart.theme",
        "value": "dark",
    }
    added.count(UserPreference, await upsert(session, UserPreference, [preference]))
    entry = {
        "agent": f"crossover-{OWNER}",
        "logged_at": FIRST_MINUTE,
        "entry_id": named_id("log:started"),
        "level": LogLevel.INFO,
        "message": "started",
        "context": {"candles": MINUTES},
    }
    added.count(AgentLog, await agents.log(session, [entry]))
