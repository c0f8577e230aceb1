"""Which trades a figure is of, what money it began with, and which agent a trade belongs to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Subquery, func, select
from sqlalchemy.dialects.postgresql import distinct_on

from tradingdb.core.clock import as_utc
from tradingdb.core.mode import TradingMode
from tradingdb.core.types import exact
from tradingdb.errors import InvalidValueError, NotFoundError
from tradingdb.models import (
    BacktestConfig,
    BacktestRun,
    Order,
    PortfolioSnapshot,
    Strategy,
    Trade,
    TradingAccount,
    TradingDecision,
)
from tradingdb.services.reports.scope import is_closed, where

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal
    from uuid import UUID

    from tradingdb.database import ReadSession


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Closed trades by what they belong to and when they were closed, in [start, end); None: whichever."""

    mode: TradingMode | None = None
    strategy_id: UUID | None = None
    rule_id: UUID | None = None
    instrument_id: int | None = None
    account_id: UUID | None = None
    agent_id: UUID | None = None
    run_id: UUID | None = None
    start: datetime | None = None
    end: datetime | None = None

    def __post_init__(self) -> None:
        """Refuse what can select nothing.

        Raises:
            InvalidValueError: the period is empty or its bounds are no instants, or a run is asked for in another mode
                than backtest.
        """
        if self.start is not None and self.end is not None and as_utc(self.start) >= as_utc(self.end):
            raise InvalidValueError("The period is empty: its start must be before its end.")
        if self.run_id is not None and self.mode not in {None, TradingMode.BACKTEST}:
            raise InvalidValueError(
                f"Trades of a run are in the mode backtest, not {self.mode}: leave the mode out, or the run."
            )

    @property
    def is_of_one_account(self) -> bool:
        """Whether all of an account's trades are selected, so that its snapshots say the same."""
        return self.account_id is not None and not self._is_partial and self.run_id is None

    @property
    def is_of_one_run(self) -> bool:
        """Whether all trades of a run are selected, so that its own equity curve says the same."""
        return self.run_id is not None and not self._is_partial and self.account_id is None

    @property
    def _is_partial(self) -> bool:
        return any((self.strategy_id, self.rule_id, self.instrument_id, self.agent_id))

    def conditions(self) -> list[ColumnElement[bool]]:
        """The conditions on `trades`. A condition on the agent needs `agent_of_trade` to be joined."""
        of_trade: list[tuple[Any, Any]] = [
            (Trade.mode, self.mode),
            (Trade.strategy_id, self.strategy_id),
            (Trade.rule_id, self.rule_id),
            (Trade.instrument_id, self.instrument_id),
            (Trade.account_id, self.account_id),
            (Trade.backtest_run_id, self.run_id),
        ]
        closed_at: Any = Trade.exit_time
        return [
            is_closed(),
            *where(
                *(column == value for column, value in of_trade if value is not None),
                None if self.start is None else closed_at >= self.start,
                None if self.end is None else closed_at < self.end,
            ),
        ]


def agent_of_trade() -> Subquery:
    """The agent of each trade that has one, as rows of trade_id and agent_id.

    An agent owns a trade if it made the decision that one of the trade's orders carries out: the first such order, if
    several agents had a hand in it. A trade without such a decision belongs to the agent of its strategy. Signals name
    no agent, and what a decision merely rested on makes nobody its author.
    """
    decided = (
        select(Order.trade_id, TradingDecision.agent_id)
        .join(TradingDecision, TradingDecision.id == Order.decision_id)
        .where(Order.trade_id.is_not(None), TradingDecision.agent_id.is_not(None))
        .ext(distinct_on(Order.trade_id))
        .order_by(Order.trade_id, Order.created_at, Order.id)
        .subquery("decided")
    )
    agent_id = func.coalesce(decided.c.agent_id, Strategy.agent_id)
    return (
        select(Trade.id.label("trade_id"), agent_id.label("agent_id"))
        .outerjoin(decided, decided.c.trade_id == Trade.id)
        .outerjoin(Strategy, Strategy.id == Trade.strategy_id)
        .where(agent_id.is_not(None))
        .subquery("agent_of_trade")
    )


async def mode_of(
    session: ReadSession, mode: TradingMode | None, account_id: UUID | None, run_id: UUID | None
) -> TradingMode:
    """The one mode that figures are of: what was asked for, else the run's or the account's, else live.

    Raises:
        NotFoundError: there is no such account.
    """
    if mode is not None:
        return mode
    if run_id is not None:
        return TradingMode.BACKTEST
    if account_id is None:
        return TradingMode.LIVE
    found = await session.scalar(select(TradingAccount.mode).where(TradingAccount.id == account_id))
    if found is None:
        raise NotFoundError(f"There is no trading account {account_id}: check its id.")
    return found


async def balance_of(
    session: ReadSession, selection: Selection, given: Decimal | None
) -> tuple[Decimal | None, str | None]:
    """What the equity begins with, and its currency where it is known.

    That is what the caller says; else the initial balance of the run's configuration; else the account's last snapshot
    up to the first trade's entry, or up to the start of the period. None: nobody knows, and ratios to it are undefined.

    Raises:
        InvalidValueError: the balance that was given is not above zero, or no exact number.
        NotFoundError: there is no such run.
    """
    if given is not None:
        if exact(given) <= 0:
            raise InvalidValueError(f"An initial balance of {given} was refused: returns are relative to it.")
        return given, None
    if selection.run_id is not None:
        of_run = (
            select(BacktestConfig.initial_balance, BacktestConfig.currency)
            .join(BacktestRun, BacktestRun.config_id == BacktestConfig.id)
            .where(BacktestRun.id == selection.run_id)
        )
        found = (await session.execute(of_run)).one_or_none()
        if found is None:
            raise NotFoundError(f"There is no backtest run {selection.run_id}: check its id.")
        return found.initial_balance, found.currency
    if selection.account_id is None:
        return None, None
    begins: Any = selection.start
    if begins is None:
        begins = select(func.min(Trade.entry_time)).where(*selection.conditions()).scalar_subquery()
    of_account = (
        select(PortfolioSnapshot.equity, PortfolioSnapshot.currency)
        .where(
            PortfolioSnapshot.account_id == selection.account_id,
            PortfolioSnapshot.taken_at <= begins,
            PortfolioSnapshot.equity > 0,
        )
        .order_by(PortfolioSnapshot.taken_at.desc())
        .limit(1)
    )
    snapshot = (await session.execute(of_account)).one_or_none()
    return (None, None) if snapshot is None else (snapshot.equity, snapshot.currency)
