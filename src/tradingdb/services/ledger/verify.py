"""Whether the ledger agrees with itself: what is kept along the way against what it is made of.

Each check is one statement, so it sees one instant, and writers at work are not taken for errors.
"""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - beside types that dataclasses show
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import or_

from tradingdb.database import WriteSession
from tradingdb.models import CostBasis, Fill, Order, PositionSide
from tradingdb.services import rule_statistics
from tradingdb.services.ledger.guard import require_all_or_one
from tradingdb.services.ledger.holdings import Holding, fold
from tradingdb.services.ledger.position_rows import Book, contract_of, execution_of, holding_of
from tradingdb.services.ledger.verify_statements import (
    BALANCES,
    CASH_OF_FILLS,
    CASHLESS,
    FUNDING,
    ORDERS,
    POSITIONS,
    REALIZED_CASH,
    SIDES,
    VALUES,
)
from tradingdb.services.reports import ledger_checks

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from uuid import UUID

    from sqlalchemy import RowMapping, Select

    from tradingdb.database import ReadSession
    from tradingdb.services.ledger.holdings import Execution

STREAMED = 2_000
"""Rows that are asked for at a time."""


class FindingKind(StrEnum):
    """What does not agree."""

    POSITION = "position"
    """It is not what its fills say; `rebuild_positions` mends it."""
    POSITION_FUNDING = "position_funding"
    """Its funding is not the sum of the payments that were recorded for it."""
    WRONG_SIDE = "wrong_side"
    """A long position of a hedged pair is below zero, or a short one above: its opening fill is missing."""
    BALANCE = "balance"
    """It is not the sum of its movements."""
    ORDER_FILLS = "order_fills"
    """What of an order was filled is not what its fills add up to."""
    OVERFILLED = "overfilled"
    """More was filled than was ordered: an execution was recorded twice, or the venue did it."""
    FILLS_MISSING = "fills_missing"
    """The venue calls an order filled, and not all of its executions are here."""
    FILL_WITHOUT_ORDER = "fill_without_order"
    """An execution that names an order which is not known (yet)."""
    CASH_OF_FILL = "cash_of_fill"
    """A fill did not move the cash that it should have, or moved some that it should not have."""
    REALIZED_CASH = "realized_cash"
    """A margined instrument did not move the cash that its positions have realized."""
    NO_CASH_MOVED = "no_cash_moved"
    """Fills moved no cash, because their instrument does not name the currency."""
    RULE_RECORD = "rule_record"
    """A rule remembers something else than its trades say; `rule_statistics.verify_rules` mends it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that does not agree, with both sides of it."""

    kind: FindingKind
    what: str
    """The position, order, fill, currency or rule, in words."""
    account_id: UUID | None
    """None: of no account."""
    stored: Mapping[str, Any]
    expected: Mapping[str, Any]


async def verify(session: ReadSession, account_id: UUID | None = None) -> list[Finding]:
    """Everything in the ledger that does not agree, of one account or of all. Nothing is changed.

    Fills are read as a stream, position by position. The records of rules are looked at where no account is named:
    they belong to none.

    Raises:
        NotFoundError: there is no such account.
        ScopeError: the session is limited to another account or mode, or it is limited and no account was named.
    """
    findings = [finding async for finding in positions_against_fills(session, account_id)]
    for check in _CHECKS:
        findings += await check(session, account_id)
    if account_id is None:
        findings += await _rules(session)
    return findings


async def positions_against_fills(session: ReadSession, account_id: UUID | None = None) -> AsyncIterator[Finding]:
    """The positions that are not what their fills say, as they are found.

    Raises:
        NotFoundError: there is no such account.
        ScopeError: the session is limited to another account or mode, or it is limited and no account was named.
    """
    await require_all_or_one(session, account_id)
    rows = await session.stream(POSITIONS, {"account_id": account_id}, execution_options={"yield_per": STREAMED})
    header: RowMapping | None = None
    executions: list[Execution] = []
    counted = Holding()
    async for row in rows.mappings():
        if not row["is_fill"]:
            if header is not None and (found := _position(header, _counted(header, counted, executions))) is not None:
                yield found
            header, executions = row, []
            counted = _book(row).empty
            continue
        execution = execution_of(row)
        if executions and executions[0].executed_at != execution.executed_at and header is not None:
            counted, executions = _counted(header, counted, executions), []
        executions.append(execution)
    if header is not None and (found := _position(header, _counted(header, counted, executions))) is not None:
        yield found


def _counted(header: RowMapping, holding: Holding, executions: list[Execution]) -> Holding:
    """The holding after the executions of one instant, which PostgreSQL does not sort among themselves."""
    return fold(holding, sorted(executions, key=lambda one: one.place), contract_of(header))


def _book(row: RowMapping) -> Book:
    holding = Holding() if row["quantity"] is None else holding_of(row)
    return Book(contract_of(row), holding, row["cost_basis"] == CostBasis.FIFO)


def _position(header: RowMapping, expected: Holding) -> Finding | None:
    stored = _book(header).holding
    names = [name for name in Holding._fields if getattr(stored, name) != getattr(expected, name)]
    if header["quantity"] is None:
        names = ["quantity"]
    if not names:
        return None
    return Finding(
        FindingKind.POSITION,
        _place_in_words(header["symbol"], header["position_side"]),
        header["account_id"],
        {name: None if header["quantity"] is None else getattr(stored, name) for name in names},
        {name: getattr(expected, name) for name in names},
    )


def _place_in_words(symbol: str, position_side: str) -> str:
    side = "" if position_side == PositionSide.NET else f" {position_side}"
    return f"position {symbol}{side}"


async def _funding(session: ReadSession, account_id: UUID | None) -> list[Finding]:
    return [
        Finding(
            FindingKind.POSITION_FUNDING,
            _place_in_words(row.symbol, row.position_side),
            row.account_id,
            {"funding": row.funding},
            {"funding": row.paid},
        )
        for row in await session.execute(FUNDING, {"account_id": account_id})
    ]


async def _sides(session: ReadSession, account_id: UUID | None) -> list[Finding]:
    return [
        Finding(
            FindingKind.WRONG_SIDE,
            _place_in_words(row.symbol, row.position_side),
            row.account_id,
            {"quantity": row.quantity},
            {"quantity": "zero or more" if row.position_side == PositionSide.LONG else "zero or less"},
        )
        for row in await session.execute(SIDES, {"account_id": account_id})
    ]


async def _balances(session: ReadSession, account_id: UUID | None) -> list[Finding]:
    names = ("amount", "movement_count")
    return [
        Finding(
            FindingKind.BALANCE,
            f"balance {row.currency}",
            row.account_id,
            {name: getattr(row, f"stored_{name}") for name in names},
            {name: getattr(row, name) for name in names},
        )
        for row in await session.execute(BALANCES, {"account_id": account_id})
    ]


async def _order_quantities(session: ReadSession, account_id: UUID | None) -> list[Finding]:
    """What reports know too: orders whose fills add up to something else, or that have none."""
    against = ledger_checks.orders_against_fills(limit=None).add_columns(Order.account_id)
    without = ledger_checks.orders_without_fills(limit=None).add_columns(Order.account_id)
    found = []
    for query in (against, without):
        for row in await session.execute(_of_account(query, Order.account_id, account_id)):
            names = {"filled_quantity": row.filled_quantity}, {"filled_quantity": getattr(row, "fills_quantity", 0)}
            found.append(Finding(FindingKind.ORDER_FILLS, f"order {row.client_order_id}", row.account_id, *names))
    return found


async def _order_values(session: ReadSession, account_id: UUID | None) -> list[Finding]:
    return [
        Finding(
            FindingKind.ORDER_FILLS,
            f"order {row.client_order_id}",
            row.account_id,
            {"filled_value": row.filled_value},
            {"filled_value": row.value},
        )
        for row in await session.execute(VALUES, {"account_id": account_id})
    ]


async def _orders(session: ReadSession, account_id: UUID | None) -> list[Finding]:
    found = []
    for row in await session.execute(ORDERS, {"account_id": account_id}):
        sides = {"filled_quantity": row.filled_quantity}, {"filled_quantity": row.quantity}
        kind = FindingKind.OVERFILLED if row.filled_quantity > row.quantity else FindingKind.FILLS_MISSING
        found.append(Finding(kind, f"order {row.client_order_id}", row.account_id, *sides))
    return found


async def _strays(session: ReadSession, account_id: UUID | None) -> list[Finding]:
    query = ledger_checks.fills_without_order(limit=None).add_columns(Fill.account_id, Fill.client_order_id)
    query = query.where(or_(Fill.venue_order_id.is_not(None), Fill.client_order_id.is_not(None)))
    return [
        Finding(
            FindingKind.FILL_WITHOUT_ORDER,
            f"fill {row.venue_trade_id} of {row.symbol}",
            row.account_id,
            {"order_id": None},
            {"venue_order_id": row.venue_order_id, "client_order_id": row.client_order_id},
        )
        for row in await session.execute(_of_account(query, Fill.account_id, account_id))
    ]


async def _cashless(session: ReadSession, account_id: UUID | None) -> list[Finding]:
    return [
        Finding(
            FindingKind.NO_CASH_MOVED,
            f"{row.fill_count} fills of {row.symbol}",
            row.account_id,
            {row.lacking: None},
            {row.lacking: "a currency"},
        )
        for row in await session.execute(CASHLESS, {"account_id": account_id})
    ]


async def _cash_of_fills(session: ReadSession, account_id: UUID | None) -> list[Finding]:
    names = ("kind", "amount", "currency", "occurred_at")
    found = []
    for row in await session.execute(CASH_OF_FILLS, {"account_id": account_id}):
        sides = [
            {name: getattr(row, f"{side}_{name}") for name in names} if getattr(row, f"{side}_kind") else {}
            for side in ("stored", "expected")
        ]
        found.append(Finding(FindingKind.CASH_OF_FILL, f"movement {row.dedupe_key}", row.account_id, *sides))
    return found


async def _realized_cash(session: ReadSession, account_id: UUID | None) -> list[Finding]:
    return [
        Finding(
            FindingKind.REALIZED_CASH,
            f"profit of {row.symbol} in {row.currency}",
            row.account_id,
            {"moved": row.moved},
            {"moved": row.realized},
        )
        for row in await session.execute(REALIZED_CASH, {"account_id": account_id})
    ]


async def _rules(session: ReadSession) -> list[Finding]:
    if isinstance(session, WriteSession):  # trades of this very transaction are not counted before its end
        await rule_statistics.settle(session)
    names = ("trade_count", "win_rate", "avg_r_multiple")
    counted = ("ledger_count", "ledger_win_rate", "ledger_avg_r_multiple")
    return [
        Finding(
            FindingKind.RULE_RECORD,
            f"rule {row.rule}",
            None,
            {name: getattr(row, name) for name in names},
            {name: getattr(row, other) for name, other in zip(names, counted, strict=True)},
        )
        for row in await session.execute(rule_statistics.differences())
    ]


def _of_account(query: Select[Any], column: Any, account_id: UUID | None) -> Select[Any]:
    return query if account_id is None else query.where(column == account_id)


_CHECKS = (
    _funding,
    _sides,
    _balances,
    _order_quantities,
    _order_values,
    _orders,
    _strays,
    _cash_of_fills,
    _realized_cash,
    _cashless,
)
