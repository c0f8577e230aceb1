"""What an account is worth: positions valued at prices, and snapshots of everything together.

Sums and products are exact. Quotients (profits of inverse contracts) are rounded as `ledger.fold` rounds them. What has
no price or no rate is an error, never a zero.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, localcontext
from typing import TYPE_CHECKING

from sqlalchemy import select, text

from tradingdb.bulk import arrays, unnested
from tradingdb.core.clock import as_utc, utc_now
from tradingdb.core.json import dump_json
from tradingdb.core.types import exact
from tradingdb.errors import InvalidValueError, MissingRateError, NotFoundError
from tradingdb.models import InstrumentKind, OrderSide, PortfolioSnapshot
from tradingdb.scope import scoped_by_verb
from tradingdb.services.ledger.books import executions_of, open_books, places_of
from tradingdb.services.ledger.guard import require_accounts
from tradingdb.services.ledger.holdings import EXACT, Contract, Execution, Holding, fold, gained
from tradingdb.services.ledger.position_rows import Book, Place
from tradingdb.services.outbox import NewEvent, publish_many
from tradingdb.timeseries import partitions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from tradingdb.database import ReadSession, WriteSession

ZERO = Decimal(0)

SOURCE = "ours"
"""Of snapshots that are made here, as opposed to a venue's report."""


@dataclass(frozen=True, slots=True)
class MarkedPosition:
    """A position valued at a price."""

    place: Place
    quantity: Decimal
    mark_price: Decimal
    unrealized_pnl: Decimal
    """In settle currency."""


async def mark_positions(
    session: WriteSession, account_id: UUID, prices: Mapping[int, Decimal], at: datetime | None = None
) -> list[MarkedPosition]:
    """Store mark price and unrealized profit of the positions whose instrument has a price, by instrument id.

    Positions without one stay as they were marked, except that a closed one has no unrealized profit any more. `at` is
    when the prices were true (default: now). Prices of what is not held are of no use and no harm.

    Raises:
        InvalidValueError: a price is no exact number, or that of an inverse contract is not positive.
        ScopeError: the session is limited to another account, or to another mode.
    """
    await require_accounts(session, [account_id])
    exactly = {instrument_id: exact(price) for instrument_id, price in prices.items()}
    books = await open_books(session, await places_of(session, account_id=account_id))
    marked = [
        MarkedPosition(place, book.holding.quantity, price, unrealized(book.holding, price, book.contract))
        for place, book in books.items()
        if (price := exactly.get(place.instrument_id)) is not None
    ]
    rows = [
        {**one.place._asdict(), "mark_price": one.mark_price, "unrealized_pnl": one.unrealized_pnl} for one in marked
    ]
    await session.execute(_MARK, arrays("mark", _MARKED, rows) | {"marked_at": as_utc(at or utc_now())})
    await session.execute(_CLOSED, {"account_id": account_id})
    return marked


def unrealized(holding: Holding, price: Decimal, contract: Contract) -> Decimal:
    """What closing everything at a price would gain, before fees, in settle currency.

    Raises:
        InvalidValueError: the price of an inverse contract is not positive.
    """
    if not holding.quantity:
        return ZERO
    side = OrderSide.SELL if holding.quantity > 0 else OrderSide.BUY
    closing = Execution(side, abs(holding.quantity), price, utc_now(), "")
    return gained(holding, fold(holding, [closing], contract))


async def holdings_at(
    session: WriteSession, account_id: UUID, at: datetime
) -> tuple[dict[Place, tuple[Holding, Contract]], dict[str, Decimal]]:
    """Every position of an account and its cash by currency, at an instant by the venue's clock: one consistent state.

    Positions are locked until the transaction ends. Those with later fills are counted anew up to then.
    """
    places = set(await places_of(session, account_id=account_id))
    while True:
        books = await open_books(session, places)
        row = (await session.execute(_STATE, {"account_id": account_id, "at": at})).one()
        there = {Place(account_id, *place) for place in row.places or ()}
        if there <= books.keys():
            break
        places = there | books.keys()
    later = [place for place, book in books.items() if (last := book.holding.last_place) is not None and last[0] > at]
    executions = await executions_of(session, later) if later else {}
    found = {place: (book.holding, book.contract) for place, book in books.items()}
    for place in later:
        found[place] = _until(books[place], executions.get(place, ()), at), books[place].contract
    return found, {currency: Decimal(amount) for currency, amount in (row.cash or {}).items()}


async def take_snapshot(
    session: WriteSession,
    account_id: UUID,
    at: datetime,
    *,
    prices: Mapping[int, Decimal],
    rates: Mapping[str, Decimal],
) -> PortfolioSnapshot:
    """Value an account at an instant, and store it.

    `prices` are by instrument id, in the instrument's own quote currency, one for everything that was held. `rates` say
    how much of the account's base currency one unit of another currency was worth.

    What was bought for its price (spot, equities, options) counts in `positions_value` with its price; perpetuals and
    futures count with their unrealized profit. `cash` is everything else: coins of a spot position are not in it.
    `realized_pnl` is before fees, as in positions. `drawdown` is below the highest equity of all snapshots up to this
    one, and those of later ones follow; it is None where no equity was above zero. Taken again for the same instant,
    it is counted anew: late fills and movements are in it. Others are told (`equity.snapshot`) unless it is the same.

    Raises:
        InvalidValueError: a price or a rate is no exact number, or a rate of the base currency is not 1.
        MissingRateError: a currency has no rate, or something held no price; nothing was stored.
        NotFoundError: there is no such account.
        ScopeError: the session is limited to another account, or to another mode.
    """
    await require_accounts(session, [account_id])
    at = as_utc(at)
    currency = await session.scalar(_CURRENCY, {"account_id": account_id})
    if currency is None:
        raise NotFoundError(f"There is no account {account_id}: add it first.")
    # a new partition's lock comes before those of positions: who adds an instrument and then a fill has them so too
    await partitions.ensure(session, PortfolioSnapshot, at, at)
    held, cash = await holdings_at(session, account_id, at)
    named = await session.execute(_SYMBOLS, {"ids": [place.instrument_id for place in held]})
    symbols = {row.id: row.symbol for row in named}
    valuation = _Valuation(currency, rates, prices, symbols)
    row = valuation.of(held, cash) | {"account_id": account_id, "taken_at": at, "currency": currency, "source": SOURCE}
    is_news = await session.scalar(_KEEP, arrays("kept", _SNAPSHOT, [row]))
    await session.execute(_DRAWDOWNS, {"account_id": account_id, "currency": currency, "at": at})
    taken = await session.get_one(PortfolioSnapshot, (account_id, at), populate_existing=True)
    if is_news:
        await publish_many(session, [_event(taken)])
    return taken


async def snapshots(
    session: ReadSession, account_id: UUID, start: datetime | None = None, end: datetime | None = None
) -> Sequence[PortfolioSnapshot]:
    """The snapshots of an account in [start, end), oldest first.

    Raises:
        ScopeError: the session is limited to another account, or to another mode.
    """
    await require_accounts(session, [account_id])
    query = select(PortfolioSnapshot).where(PortfolioSnapshot.account_id == account_id)
    if start is not None:
        query = query.where(PortfolioSnapshot.taken_at >= start)
    if end is not None:
        query = query.where(PortfolioSnapshot.taken_at < end)
    return (await session.scalars(query.order_by(PortfolioSnapshot.taken_at))).all()


def _event(taken: PortfolioSnapshot) -> NewEvent:
    names = ("taken_at", "currency", "cash", "positions_value", "equity", "realized_pnl", "unrealized_pnl", "drawdown")
    payload = {name: getattr(taken, name) for name in names}
    key = f"{taken.account_id}/{taken.taken_at.isoformat()}"
    return NewEvent("equity.snapshot", "portfolio_snapshots", key, payload, taken.account_id)


class _Valuation:
    """Prices and rates of one instant, and what an account is worth by them."""

    def __init__(
        self, currency: str, rates: Mapping[str, Decimal], prices: Mapping[int, Decimal], symbols: Mapping[int, str]
    ) -> None:
        if currency in rates and rates[currency] != 1:
            raise InvalidValueError(f"{currency} is what the account counts in: its rate is 1.")
        self.currency = currency
        self.rates = {name: exact(rate) for name, rate in rates.items()} | {currency: Decimal(1)}
        self.prices = {instrument_id: exact(price) for instrument_id, price in prices.items()}
        self.symbols = symbols

    def of(
        self, held: Mapping[Place, tuple[Holding, Contract]], cash: Mapping[str, Decimal]
    ) -> dict[str, Decimal | str]:
        """The amounts of a snapshot."""
        left, holdings = dict(cash), {}
        positions_value = realized = gain = ZERO
        with localcontext(EXACT):
            for place, (holding, contract) in sorted(held.items()):
                realized += self.valued(holding.realized_pnl, contract.settle_currency, place)
                if not holding.quantity:
                    continue
                price = self.price(place)
                profit = self.valued(unrealized(holding, price, contract), contract.settle_currency, place)
                value = profit
                if not contract.is_margined:
                    units = holding.quantity * contract.size
                    value = self.valued(units * price, contract.settle_currency, place)
                    if contract.base_currency is not None and contract.kind is not InstrumentKind.OPTION:
                        left[contract.base_currency] = left.get(contract.base_currency, ZERO) - units
                gain += profit
                positions_value += value
                name = self.symbols[place.instrument_id] + ("" if place.side == "net" else f" {place.side}")
                holdings[name] = {"quantity": holding.quantity, "value": value}
            values = {name: self.valued(amount, name) for name, amount in sorted(left.items()) if amount}
            total = sum(values.values(), ZERO)
            return {
                "cash": total,
                "positions_value": positions_value,
                "equity": total + positions_value,
                "realized_pnl": realized,
                "unrealized_pnl": gain,
                "holdings": dump_json(
                    {name: {"quantity": left[name], "value": value} for name, value in values.items()} | holdings
                ),
            }

    def valued(self, amount: Decimal, currency: str | None, place: Place | None = None) -> Decimal:
        """An amount in the account's base currency."""
        if not amount:
            return ZERO
        if currency is None and place is not None:
            raise MissingRateError(
                f"{self.symbols[place.instrument_id]} names no currency that its value is in: add it."
            )
        rate = self.rates.get(currency or "")
        if rate is None:
            raise MissingRateError(
                f"There is no rate for {amount:f} {currency}: say in rates how much {self.currency} one {currency} is."
            )
        return EXACT.multiply(amount, rate)

    def price(self, place: Place) -> Decimal:
        """Of what is held."""
        price = self.prices.get(place.instrument_id)
        if price is None:
            raise MissingRateError(
                f"{self.symbols[place.instrument_id]} is held and has no price: add instrument {place.instrument_id} "
                "to prices."
            )
        return price


def _until(book: Book, executions: Sequence[tuple[UUID, Execution]], at: datetime) -> Holding:
    in_time = [execution for _, execution in executions if execution.executed_at <= at]
    return fold(book.empty, in_time, book.contract)


_MARKED = {
    "account_id": "uuid",
    "instrument_id": "int4",
    "side": "text",
    "mark_price": "numeric",
    "unrealized_pnl": "numeric",
}
_MARK = scoped_by_verb(
    text(
        f"""
        UPDATE positions p
        SET mark_price = sent.mark_price, unrealized_pnl = sent.unrealized_pnl, marked_at = :marked_at,
            updated_at = now()
        FROM {unnested("mark", _MARKED)} AS sent ({", ".join(_MARKED)})
        WHERE p.account_id = sent.account_id AND p.instrument_id = sent.instrument_id AND p.side = sent.side
        """  # noqa: S608 - built from the constants above
    )
)
_CLOSED = scoped_by_verb(
    text(
        "UPDATE positions SET unrealized_pnl = 0, updated_at = now() "
        "WHERE account_id = :account_id AND quantity = 0 AND unrealized_pnl <> 0"
    )
)
_STATE = scoped_by_verb(
    text(
        """
        SELECT (SELECT jsonb_agg(jsonb_build_array(instrument_id, side)) FROM positions
                WHERE account_id = :account_id) AS places,
               (SELECT jsonb_object_agg(b.currency, CAST(b.amount - coalesce(later.amount, 0) AS text))
                FROM cash_balances b
                LEFT JOIN (SELECT currency, sum(amount) AS amount FROM cash_movements
                           WHERE account_id = :account_id AND occurred_at > :at GROUP BY currency) AS later
                       ON later.currency = b.currency
                WHERE b.account_id = :account_id) AS cash
        """
    )
)
_CURRENCY = scoped_by_verb(text("SELECT base_currency FROM trading_accounts WHERE id = :account_id"))
_SYMBOLS = text("SELECT id, symbol FROM instruments WHERE id = ANY(CAST(:ids AS int4[]))")
_SNAPSHOT = {
    "account_id": "uuid",
    "taken_at": "timestamptz",
    "currency": "text",
    "cash": "numeric",
    "positions_value": "numeric",
    "equity": "numeric",
    "realized_pnl": "numeric",
    "unrealized_pnl": "numeric",
    "holdings": "jsonb",
    "source": "text",
}
_VALUES = tuple(name for name in _SNAPSHOT if name not in {"account_id", "taken_at"})
_KEEP = scoped_by_verb(
    text(
        f"""
        INSERT INTO portfolio_snapshots ({", ".join(_SNAPSHOT)})
        SELECT {", ".join(_SNAPSHOT)} FROM {unnested("kept", _SNAPSHOT)} AS sent ({", ".join(_SNAPSHOT)})
        ON CONFLICT (account_id, taken_at) DO UPDATE
        SET {", ".join(f"{name} = excluded.{name}" for name in _VALUES)}
        WHERE ({", ".join(f"portfolio_snapshots.{name}" for name in _VALUES)})
              IS DISTINCT FROM ({", ".join(f"excluded.{name}" for name in _VALUES)})
        RETURNING true
        """  # noqa: S608 - same
    )
)
_DRAWDOWNS = scoped_by_verb(
    text(
        """
        UPDATE portfolio_snapshots s
        SET drawdown = CASE WHEN peak > 0 THEN least(1, CAST((peak - s.equity) / peak AS double precision)) END
        FROM (SELECT taken_at, greatest(max(equity) OVER (ORDER BY taken_at), earlier) AS peak
              FROM portfolio_snapshots
              CROSS JOIN (SELECT max(equity) AS earlier FROM portfolio_snapshots
                          WHERE account_id = :account_id AND currency = :currency AND taken_at < :at) AS before
              WHERE account_id = :account_id AND currency = :currency AND taken_at >= :at) AS peaks
        WHERE s.account_id = :account_id AND s.currency = :currency AND s.taken_at = peaks.taken_at
          AND s.taken_at >= :at
        """
    )
)
