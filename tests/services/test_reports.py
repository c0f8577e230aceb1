"""Reports have names, say what they take, and answer on an empty database as well as on a filled one."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text

from paths import CHECKOUT
from tradingdb.core.mode import TradingMode
from tradingdb.database import Database, WriteSession
from tradingdb.errors import InvalidValueError, NotFoundError
from tradingdb.services import reports

ONE_WIN = """
    WITH person AS (INSERT INTO users (id, email) VALUES (gen_random_uuid(), 'a@example.org') RETURNING id),
    venue AS (INSERT INTO venues (code, name, kind) VALUES ('mine', 'Mine', 'exchange') RETURNING id),
    instrument AS (
        INSERT INTO instruments (venue_id, symbol, quote_currency) SELECT id, 'A/B', 'B' FROM venue RETURNING id
    ),
    account AS (
        INSERT INTO trading_accounts (id, user_id, venue_id, label, mode, base_currency)
        SELECT gen_random_uuid(), person.id, venue.id, 'mine', 'live', 'B' FROM person, venue RETURNING id
    )
    INSERT INTO trades (id, account_id, instrument_id, mode, direction, quantity, entry_price, entry_time, exit_price,
                        exit_time, outcome, pnl)
    SELECT gen_random_uuid(), account.id, instrument.id, 'live', 'long', 1, 1, now(), 2, now(), 'win', {pnl}
    FROM account, instrument
"""
MONITORING = {each.name for each in reports.GROUPS["How the database is"]}
SOME: dict[str, Any] = {"days": 3650, "limit": 5, "mode": TradingMode.PAPER, "strategy": None, "seconds": 0}


@pytest.mark.parametrize("name", reports.REPORTS)
async def test_a_report_of_an_empty_database_has_columns_and_finds_nothing(session: WriteSession, name: str) -> None:
    found = await reports.answer(session, reports.report(name))
    assert len(set(found.columns)) == len(found.columns) > 0
    if name == "data-quality":
        assert {row[1] for row in found.rows} == {0}
    elif name not in MONITORING:
        assert found.rows == []


async def test_every_report_answers_a_read_only_session_on_a_filled_database(world: Database) -> None:
    for each in reports.REPORTS.values():
        async with world.read() as session:
            found = await reports.answer(session, each, **{name: SOME[name] for name in each.takes})
        assert all(len(row) == len(found.columns) for row in found.rows), each.name
        assert len(found.rows) <= SOME["limit"] or "limit" not in each.takes, each.name
        for value in (value for row in found.rows for value in row):
            assert not isinstance(value, datetime) or value.tzinfo is not None, each.name


@pytest.mark.parametrize("each", reports.REPORTS.values(), ids=lambda each: each.name)
def test_a_report_says_in_one_sentence_what_it_is_and_takes_what_others_take_too(each: reports.Report) -> None:
    assert each.description.endswith(".")
    assert len(each.description) <= 120
    assert each.takes.keys() <= SOME.keys()


@pytest.mark.parametrize("each", reports.GROUPS["How it went"], ids=lambda each: each.name)
def test_figures_are_of_real_money_unless_another_mode_is_asked_for(each: reports.Report) -> None:
    assert each.takes.get("mode", TradingMode.LIVE) is TradingMode.LIVE


def test_what_a_report_does_not_take_is_refused_by_name() -> None:
    with pytest.raises(InvalidValueError, match="table-sizes cannot be limited by days; it takes: limit"):
        reports.report("table-sizes").statement(days=3)
    with pytest.raises(InvalidValueError, match="connections cannot be limited by limit; it takes: nothing"):
        reports.report("connections").statement(limit=3)


@pytest.mark.parametrize(
    ("name", "limits", "says"),
    [
        ("recent-trades", {"days": 0}, "0 days"),
        ("recent-trades", {"days": 10**12}, "1000000000000 days"),
        ("recent-trades", {"limit": 0}, "0 rows"),
        ("table-sizes", {"limit": 10**20}, "100000000000000000000 rows"),
        ("long-statements", {"seconds": -1}, "-1 seconds"),
        ("long-statements", {"seconds": float("nan")}, "nan seconds"),
    ],
)
def test_a_limit_without_sense_is_refused(name: str, limits: dict[str, Any], says: str) -> None:
    with pytest.raises(InvalidValueError, match=says):
        reports.report(name).statement(**limits)


async def test_an_unknown_report_or_strategy_is_not_found(session: WriteSession) -> None:
    with pytest.raises(NotFoundError, match=r"no report 'recent'; these exist: strategy-performance, .*dead-rows"):
        reports.report("recent")
    with pytest.raises(NotFoundError, match="no strategy 'Crosover'"):
        await reports.answer(session, reports.report("recent-trades"), strategy="Crosover")


async def test_exact_numbers_stay_exact(session: WriteSession) -> None:
    """More digits than a float or a context of 28 digits would keep."""
    pnl = Decimal("12345678901234567890.123456789012345678901234567890")
    await session.execute(text(ONE_WIN.format(pnl=pnl)))
    found = await reports.answer(session, reports.report("recent-trades"))
    summed = await reports.answer(session, reports.report("instrument-performance"))
    assert [row[found.columns.index("pnl")] for row in found.rows] == [pnl]
    assert [row[summed.columns.index("net_pnl")] for row in summed.rows] == [pnl]


@pytest.mark.parametrize("each", reports.REPORTS.values(), ids=lambda each: each.name)
def test_every_report_is_documented_with_what_it_takes_and_tells(each: reports.Report) -> None:
    takes = [
        f"`--{name}`" if default is None else f"`--{name}` {getattr(default, 'value', default)}"
        for name, default in each.takes.items()
    ]
    page = (CHECKOUT / "docs" / "reference" / "queries.md").read_text()
    assert f"| `{each.name}` | {', '.join(takes)} | {each.description} |\n" in page
