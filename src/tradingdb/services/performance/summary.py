"""Figures of all trades that are asked for, and of groups of them."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from tradingdb.core.clock import utc_now
from tradingdb.core.mode import TradingMode
from tradingdb.errors import InvalidValueError, MixedCurrenciesError
from tradingdb.services.performance.dimensions import KEYS, WEEKDAYS, Dimension
from tradingdb.services.performance.figures import Frame, Summary, finished
from tradingdb.services.performance.question import Question
from tradingdb.services.performance.selection import Selection, balance_of, mode_of
from tradingdb.services.performance.statement import statement

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from decimal import Decimal
    from uuid import UUID

    from tradingdb.database import ReadSession

CALENDAR_DAYS = 365.0
NO_ROW: dict[str, Any] = dict.fromkeys(
    (
        *("currency", "trades", "wins", "losses", "net", "gross_profit", "gross_loss", "won", "lost", "fees", "best"),
        *("r_count", "r_sum", "r_squares", "held", "held_wins", "held_losses", "longest_held", "last_exit", "worst"),
        *("first_entry", "without_pnl", "max_fall", "max_share", "win_streak", "loss_streak", "idle_time"),
        *("fell_from", "fell_to", "active_days", "return_sum", "return_squares", "downside_squares", "best_day"),
        *("worst_day", "is_ruined"),
    )
)
"""What the statement says of no trades at all."""


@dataclass(frozen=True, slots=True)
class GroupSummary:
    """How the trades of one group and currency did, as if they were all there are."""

    key: UUID | int | str | None
    """Id or word of what the trades have in common; weekdays are 1 (Monday) to 7. None: they have none."""
    name: str | None
    summary: Summary


async def summary(
    session: ReadSession,
    *,
    mode: TradingMode | None = None,
    strategy_id: UUID | None = None,
    rule_id: UUID | None = None,
    instrument_id: int | None = None,
    account_id: UUID | None = None,
    agent_id: UUID | None = None,
    run_id: UUID | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
    initial_balance: Decimal | None = None,
    periods_per_year: float = CALENDAR_DAYS,
    risk_free: float = 0.0,
) -> Summary:
    """The figures of trades that were closed in [start, end), of one mode and one currency.

    Without `mode` it is backtest where a run is named, the account's where an account is, else live. Without
    `initial_balance` it is that of the run's configuration, or the account's equity by its last snapshot before;
    figures that are relative to it are None where neither is known. `risk_free` is a rate per year, 0.02 for 2 %.

    Raises:
        MixedCurrenciesError: the trades were paid in several currencies, or in another than the balance is in.
        InvalidValueError: the period is empty, a run is asked for in another mode, or a parameter is out of range.
        NotFoundError: there is no such run or account.
    """
    mode = await mode_of(session, mode, account_id, run_id)
    selection = Selection(
        mode=mode, strategy_id=strategy_id, rule_id=rule_id, instrument_id=instrument_id, account_id=account_id,
        agent_id=agent_id, run_id=run_id, start=start, end=end,
    )  # fmt: skip
    found, frame = await _asked(session, selection, None, initial_balance, periods_per_year, risk_free)
    if len(found) > 1:
        raise MixedCurrenciesError(_mixed([row["currency"] for row in found]))
    return finished(found[0] if found else NO_ROW, frame)


async def by(
    session: ReadSession,
    dimension: Dimension,
    *,
    mode: TradingMode | None = None,
    strategy_id: UUID | None = None,
    rule_id: UUID | None = None,
    instrument_id: int | None = None,
    account_id: UUID | None = None,
    agent_id: UUID | None = None,
    run_id: UUID | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
    initial_balance: Decimal | None = None,
    periods_per_year: float = CALENDAR_DAYS,
    risk_free: float = 0.0,
) -> list[GroupSummary]:
    """The same by group, and within a group by currency, in the order of key and currency.

    Each group is judged alone, from the whole initial balance. `Dimension.MODE` looks at every mode unless one is
    named. Months have no period but their trades'.

    Raises:
        MixedCurrenciesError: trades were paid in another currency than the balance is in.
        InvalidValueError: the period is empty, a run is asked for in another mode, or a parameter is out of range.
        NotFoundError: there is no such run or account.
    """
    if dimension is not Dimension.MODE:
        mode = await mode_of(session, mode, account_id, run_id)
    selection = Selection(
        mode=mode, strategy_id=strategy_id, rule_id=rule_id, instrument_id=instrument_id, account_id=account_id,
        agent_id=agent_id, run_id=run_id, start=start, end=end,
    )  # fmt: skip
    found, frame = await _asked(session, selection, dimension, initial_balance, periods_per_year, risk_free)
    names = await _names(session, dimension, {row["key"] for row in found})
    nothing = KEYS[dimension].nothing
    groups = []
    for row in found:
        key = None if row["key"] == nothing else row["key"]
        of_group = frame
        if dimension is Dimension.MODE:
            of_group = replace(frame, mode=TradingMode(row["key"]))
        elif dimension is Dimension.MONTH:
            of_group = replace(frame, start=None, end=None)
        groups.append(GroupSummary(key, None if key is None else names.get(key, str(key)), finished(row, of_group)))
    return groups


async def _asked(
    session: ReadSession,
    selection: Selection,
    dimension: Dimension | None,
    initial_balance: Decimal | None,
    periods_per_year: float,
    risk_free: float,
) -> tuple[list[Mapping[str, Any]], Frame]:
    """The rows of the statement, and what they are relative to."""
    if not (math.isfinite(periods_per_year) and periods_per_year > 0 and math.isfinite(risk_free)):
        raise InvalidValueError("Periods per year must be a number above zero, and the risk-free rate a finite one.")
    balance, currency = await balance_of(session, selection, initial_balance)
    frame = Frame(selection.mode, balance, selection.start, selection.end, periods_per_year, risk_free, utc_now())
    question = Question(selection, dimension, balance, frame.risk_free_per_day)
    found = [dict(row) for row in (await session.execute(statement(question))).mappings()]
    if currency is not None and any(row["currency"] not in {currency, ""} for row in found):
        others = sorted({row["currency"] for row in found} - {currency})
        raise MixedCurrenciesError(
            f"The balance is in {currency}, and trades were paid in {', '.join(others)}: pass initial_balance in the "
            "currency of the trades."
        )
    return [NO_ROW | row for row in found], frame


def _mixed(currencies: list[str]) -> str:
    told = ", ".join(currency or "an unknown currency" for currency in currencies)
    return (
        f"The trades were paid in several currencies ({told}), which do not add up: narrow them down to one "
        "instrument or account, or group them."
    )


async def _names(session: ReadSession, dimension: Dimension, keys: set[Any]) -> dict[Any, str]:
    if dimension is Dimension.WEEKDAY:
        return dict(enumerate(WEEKDAYS, 1))
    names = KEYS[dimension].names
    if names is None:
        return {}
    key_column = names.selected_columns[0]
    return {key: name for key, name in await session.execute(names.where(key_column.in_(keys)))}  # noqa: C416
