"""Opening trades, and recording whole ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, and_, or_
from sqlalchemy.dialects.postgresql import insert

from tradingdb.core.ids import uuid7
from tradingdb.core.json import dump_json, load_json
from tradingdb.core.mode import TradingMode
from tradingdb.errors import InvalidValueError, LedgerConflictError, NotFoundError, TradingDBError
from tradingdb.models import TradeDirection
from tradingdb.services.ledger.guard import require_accounts
from tradingdb.services.outbox import NewEvent, publish_many
from tradingdb.services.trades import telling
from tradingdb.services.trades.exits import add_exit, part_of, write_added
from tradingdb.services.trades.figures import Part, Terms, left_open, settled
from tradingdb.services.trades.keeping import keep_good
from tradingdb.services.trades.records import NewExit, NewTrade, Result, TradeReceipt
from tradingdb.services.trades.stored import (
    TRADES,
    Account,
    StoredTrade,
    accounts_of,
    contracts_of,
    exit_row,
    insert_exits,
    load,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from uuid import UUID

    from sqlalchemy import Row

    from tradingdb.database import WriteSession
    from tradingdb.services.ledger.holdings import Contract

    Entry = tuple[NewTrade, Sequence[NewExit]]
    Key = tuple[UUID | None, UUID | None, str]

SAID_LATER = {"tags", "notes", "funding"}
"""What may change after a trade was opened, so that the entry sent again must not be held against it."""

COMPARED = tuple(spec.name for spec in fields(NewTrade) if spec.name not in SAID_LATER)


async def open_trade(session: WriteSession, new: NewTrade) -> TradeReceipt:
    """Record that a position was entered.

    The same entry again is a duplicate, also after exits; what it leaves at its default is not compared, nor are tags,
    notes and funding, which change while a trade lives.

    Raises:
        LedgerConflictError: the key was recorded with another content.
        NotFoundError: there is no such account, instrument, rule …
        InvalidValueError: the mode is not the account's.
        ScopeError: the session is limited to another account, or to another mode.
    """
    (receipt,) = await open_trades(session, [new])
    return receipt.checked()


async def open_trades(session: WriteSession, trades: Iterable[NewTrade]) -> list[TradeReceipt]:
    """The same for many: one receipt each, in their order. Good ones are kept beside bad ones."""
    return await _keep(session, [(new, ()) for new in trades])


async def record_trade(session: WriteSession, new: NewTrade, exits: Sequence[NewExit]) -> TradeReceipt:
    """Record a whole trade at once: its entry, and exits that close all of it.

    If it was opened before, its missing exits are added (`updated`). All of it is kept or nothing.

    Raises:
        LedgerConflictError: the key, or one of the exits, was recorded with another content.
        NotFoundError: there is no such account, instrument, rule, fill …
        InvalidValueError: the exits do not add up to the quantity, or the mode is not the account's.
        ScopeError: the session is limited to another account, or to another mode.
    """
    (receipt,) = await record_trades(session, [(new, exits)])
    return receipt.checked()


async def record_trades(
    session: WriteSession, trades: Iterable[tuple[NewTrade, Sequence[NewExit]]]
) -> list[TradeReceipt]:
    """The same for many: one receipt each, in their order. Good ones are kept beside bad ones."""
    return await _keep(session, list(trades), whole=True)


async def _keep(session: WriteSession, entries: Sequence[Entry], *, whole: bool = False) -> list[TradeReceipt]:
    await require_accounts(session, {new.account_id for new, _ in entries if new.account_id is not None})
    return await keep_good(session, entries, partial(_write, session, whole=whole))


@dataclass(frozen=True, slots=True)
class _Draft:
    """A trade that may be new, computed as if it were."""

    new: NewTrade
    exits: Sequence[NewExit]
    row: dict[str, Any]
    terms: Terms
    parts: list[Part]

    @property
    def key(self) -> Key:
        return self.new.account_id, self.new.backtest_run_id, self.new.dedupe_key


async def _write(session: WriteSession, entries: Sequence[Entry], *, whole: bool = False) -> list[TradeReceipt]:
    await session.flush()
    drafts = await _drafts(session, entries, whole=whole)
    good = [draft for draft in drafts if isinstance(draft, _Draft)]
    inserted = await _insert(session, good)
    others = [draft for draft in good if draft.row["id"] not in inserted]
    repeated = dict(zip(map(id, others), await _compare(session, others), strict=True))
    receipts = []
    for draft in drafts:
        if isinstance(draft, TradingDBError):
            receipts.append(TradeReceipt(Result.REFUSED, error=draft))
        elif id(draft) in repeated:
            receipts.append(repeated[id(draft)])
        else:
            receipts.append(TradeReceipt(Result.INSERTED, draft.row["id"], draft.row["outcome"]))
    return receipts


async def _drafts(session: WriteSession, entries: Sequence[Entry], *, whole: bool) -> list[_Draft | TradingDBError]:
    contracts = await contracts_of(session, {new.instrument_id for new, _ in entries})
    ids = {new.account_id for new, _ in entries if new.account_id is not None}
    accounts = await accounts_of(session, ids)
    drafts: list[_Draft | TradingDBError] = []
    for new, exits in entries:
        try:
            drafts.append(_draft(new, exits, contracts, accounts, whole=whole))
        except TradingDBError as error:
            drafts.append(error)
    return drafts


def _draft(
    new: NewTrade,
    exits: Sequence[NewExit],
    contracts: Mapping[int, Contract],
    accounts: Mapping[UUID, Account],
    *,
    whole: bool,
) -> _Draft:
    if new.instrument_id not in contracts:
        raise NotFoundError(f"There is no instrument {new.instrument_id}: add it first, then record its trades.")
    mode, user_id = _mode_and_user(new, accounts)
    terms = Terms(
        direction=TradeDirection(new.direction),
        quantity=new.quantity,
        entry_price=new.entry_price,
        entry_time=new.entry_time,
        contract=contracts[new.instrument_id],
        initial_stop=new.initial_stop,
        leverage=new.leverage,
        margin=new.margin,
        entry_fees=new.fees,
        funding=new.funding,
    )
    parts: list[Part] = []
    for part in sorted(exits, key=lambda part: part.sequence):
        if parts and parts[-1].sequence == part.sequence:
            raise InvalidValueError(f"Exit {part.sequence} of trade {new.dedupe_key} was given twice: number them.")
        parts.append(part_of(terms, parts, part))
    if whole and (left := left_open(terms, parts)):
        raise InvalidValueError(
            f"The exits of trade {new.dedupe_key} leave {left} of it open: give them all, or open the trade."
        )
    row = {name: getattr(new, name) for name in _COLUMNS}
    row |= {"id": uuid7(), "mode": mode, "user_id": user_id, "current_stop": new.initial_stop}
    row |= {name: list(getattr(new, name)) for name in ("target_prices", "tags")}
    return _Draft(new, exits, row | settled(terms, parts), terms, parts)


_COLUMNS = tuple(spec.name for spec in fields(NewTrade))


def _mode_and_user(new: NewTrade, accounts: Mapping[UUID, Account]) -> tuple[TradingMode, UUID | None]:
    if new.account_id is None:
        return TradingMode.BACKTEST, new.user_id
    account = accounts.get(new.account_id)
    if account is None:
        raise NotFoundError(f"There is no account {new.account_id}: make it first, then record its trades.")
    if new.mode is not None and new.mode != account.mode:
        raise InvalidValueError(
            f"Trade {new.dedupe_key} is {new.mode}, its account is {account.mode}: figures of the two never mix; "
            "record it in an account of its mode."
        )
    return account.mode, account.user_id if new.user_id is None else new.user_id


async def _insert(session: WriteSession, drafts: Sequence[_Draft]) -> set[UUID]:
    """Insert the trades whose key is not there yet; returns their ids."""
    if not drafts:
        return set()
    statement = insert(TRADES).on_conflict_do_nothing().returning(TRADES.c.id)
    in_order = sorted(drafts, key=lambda draft: [str(part) for part in draft.key])  # so that two batches never deadlock
    inserted = set(await session.scalars(statement, [draft.row for draft in in_order]))
    await insert_exits(
        session,
        [
            exit_row(draft.row["id"], draft.row["account_id"], draft.terms, part)
            for draft in drafts
            if draft.row["id"] in inserted
            for part in draft.parts
        ],
    )
    await publish_many(session, [event for draft in drafts if draft.row["id"] in inserted for event in _told(draft)])
    return inserted


def _told(draft: _Draft) -> list[NewEvent]:
    return [
        *telling.opened(draft.row),
        *telling.exited(draft.row, draft.parts),
        *telling.closed(draft.row, draft.row),
    ]


async def _compare(session: WriteSession, drafts: Sequence[_Draft]) -> list[TradeReceipt]:
    """Hold trades that were there against what was given, and add the exits that they lack."""
    if not drafts:
        return []
    stored = {_key_of(trade.row): trade for trade in (await load(session, _has_key_of(drafts), hold=True)).values()}
    receipts = []
    for draft in drafts:
        trade = stored[draft.key]
        try:
            receipts.append(TradeReceipt(_merged(trade, draft), trade.row.id, trade.outcome))
        except TradingDBError as error:
            receipts.append(TradeReceipt(Result.REFUSED, trade.row.id, trade.row.outcome, error))
    await write_added(session, stored.values())
    return receipts


def _merged(trade: StoredTrade, draft: _Draft) -> Result:
    """Add a draft's missing exits to the stored trade, all of them or none.

    Raises:
        LedgerConflictError: they are not the same trade.
        InvalidValueError: the exits do not fit.
    """
    _refuse_other_content(trade, draft.new)
    parts, added = dict(trade.parts), list(trade.added)
    try:
        results = [add_exit(trade, part) for part in draft.exits]
    except TradingDBError:
        trade.parts, trade.added = parts, added
        raise
    return Result.UPDATED if Result.INSERTED in results else Result.DUPLICATE


def _refuse_other_content(trade: StoredTrade, new: NewTrade) -> None:
    stored = dict(trade.row._mapping) | {"fees": trade.terms.entry_fees}  # noqa: SLF001 - its public name for a mapping
    differing = [name for name in COMPARED if _is_given(new, name) and _plain(getattr(new, name)) != stored[name]]
    if differing:
        raise LedgerConflictError(
            f"Trade {new.dedupe_key}",
            {name: stored[name] for name in differing},
            {name: getattr(new, name) for name in differing},
        )


def _is_given(new: NewTrade, name: str) -> bool:
    return bool(getattr(new, name) != _DEFAULTS.get(name, MISSING))


_DEFAULTS = {
    spec.name: spec.default if spec.default_factory is MISSING else spec.default_factory() for spec in fields(NewTrade)
}


def _plain(value: object) -> object:
    """The value as it comes back from the database."""
    if isinstance(value, Mapping):
        return load_json(dump_json(value))
    return list(value) if isinstance(value, tuple) else value


def _key_of(row: Row[Any]) -> Key:
    return row.account_id, row.backtest_run_id, row.dedupe_key


def _has_key_of(drafts: Sequence[_Draft]) -> ColumnElement[bool]:
    groups: dict[tuple[UUID | None, UUID | None], set[str]] = {}
    for account_id, run_id, key in (draft.key for draft in drafts):
        groups.setdefault((account_id, run_id), set()).add(key)
    return or_(
        *(
            and_(
                TRADES.c.account_id.is_(None) if account_id is None else TRADES.c.account_id == account_id,
                TRADES.c.backtest_run_id.is_(None) if run_id is None else TRADES.c.backtest_run_id == run_id,
                TRADES.c.dedupe_key.in_(keys),
            )
            for (account_id, run_id), keys in groups.items()
        )
    )
