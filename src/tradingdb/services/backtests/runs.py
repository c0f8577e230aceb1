"""Which runs there are, and the one that somebody means."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import String, cast, select

from tradingdb.errors import InvalidValueError, NotFoundError
from tradingdb.models import BacktestConfig, BacktestResult, BacktestRun, BacktestStatus
from tradingdb.services.reports.scope import at_most, where

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal
    from uuid import UUID

    from tradingdb.database import ReadSession

_PREFIX = re.compile(r"[0-9a-f-]{1,36}")


@dataclass(frozen=True, slots=True)
class RunInfo:
    """A run with what it was told and its main figures, which are None until it has ended well."""

    id: UUID
    config: str
    engine: str | None
    status: BacktestStatus
    start_at: datetime
    """Tested time, to before `end_at`."""
    end_at: datetime
    completed_at: datetime | None
    currency: str
    trades: int | None
    win_rate: float | None
    net_profit: Decimal | None
    total_return: float | None
    profit_factor: float | None
    max_drawdown: float | None


async def runs(
    session: ReadSession, *, user_id: UUID | None = None, strategy_id: UUID | None = None, limit: int | None = 50
) -> list[RunInfo]:
    """Runs with their figures as they were stored, newest first; of one owner or strategy if one is given.

    Raises:
        InvalidValueError: the limit is no number of rows.
    """
    asked = where(
        None if user_id is None else BacktestRun.user_id == user_id,
        None if strategy_id is None else BacktestRun.strategy_id == strategy_id,
    )
    found = await session.execute(
        select(
            BacktestRun.id,
            BacktestConfig.name.label("config"),
            BacktestRun.engine,
            BacktestRun.status,
            BacktestConfig.start_at,
            BacktestConfig.end_at,
            BacktestRun.completed_at,
            BacktestConfig.currency,
            BacktestResult.total_trades.label("trades"),
            BacktestResult.win_rate,
            BacktestResult.net_profit,
            BacktestResult.total_return,
            BacktestResult.profit_factor,
            BacktestResult.max_drawdown,
        )
        .join(BacktestConfig, BacktestConfig.id == BacktestRun.config_id)
        .outerjoin(BacktestResult, BacktestResult.run_id == BacktestRun.id)
        .where(*asked)
        .order_by(BacktestRun.created_at.desc(), BacktestRun.id)
        .limit(at_most(limit))
    )
    return [RunInfo(**row._asdict()) for row in found]


async def run_named(session: ReadSession, name: str) -> UUID:
    """The run that an id, or the beginning of one, means.

    Raises:
        InvalidValueError: it is no beginning of an id, or more than one run begins so.
        NotFoundError: no run does.
    """
    beginning = name.strip().lower()
    if not _PREFIX.fullmatch(beginning):
        raise InvalidValueError(f"{name!r} is no id of a run, nor the beginning of one: `tradingdb backtests list`.")
    spelled = cast(BacktestRun.id, String)
    found = list(await session.scalars(select(BacktestRun.id).where(spelled.startswith(beginning)).limit(2)))
    if not found:
        raise NotFoundError(f"No run's id begins with {name}: `tradingdb backtests list` shows those that there are.")
    if len(found) > 1:
        raise InvalidValueError(f"More than one run's id begins with {name}, such as {found[0]} and {found[1]}.")
    return found[0]
