"""Live candles: what an async iterator gives, stored in small units of work, and nothing lost on the way."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import astuple, dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from tradingdb.candles.columns import CandleColumns, to_microseconds
from tradingdb.candles.series import id_of
from tradingdb.candles.sources import columns_from
from tradingdb.candles.validate import problems
from tradingdb.candles.write import FEW, WriteReport, require_policy, write
from tradingdb.core.clock import utc_now
from tradingdb.core.timeframe import Timeframe
from tradingdb.errors import CandlesNotWrittenError, InvalidCandlesError, InvalidValueError, TradingDBError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine

    from tradingdb.candles.write import OnInvalid
    from tradingdb.database import Database, Retry, WriteSession
    from tradingdb.models import Instrument

_END = object()


@dataclass(frozen=True, slots=True)
class FollowReport:
    """What was taken from the iterator so far, and what became of it."""

    rows: int = 0
    """Rows taken from the iterator and stored."""
    closings: int = 0
    """Candles that were stored once more, as closed, when the next one began."""
    batches: int = 0
    written: WriteReport = field(default_factory=WriteReport)
    """Counts `rows` and `closings`: its total is their sum."""


async def follow(
    database: Database,
    instrument: Instrument | int,
    timeframe: Timeframe | str,
    rows: AsyncIterator[Any],
    *,
    every: float = 1,
    most: int = FEW,
    source: str | None = None,
    on_invalid: OnInvalid = "reject",
    retry: Retry | None = None,
    on_batch: Callable[[FollowReport], None] | None = None,
) -> FollowReport:
    """Store the candles that an async iterator gives until it ends, in order, the growing one as often as it comes.

    An item is one row as ccxt gives it, `[time, open, high, low, close, volume]`, or anything that `write` takes, such
    as a list of rows. What has come is stored `every` seconds after the first of it came, or as soon as there are
    `most` rows: each batch is a unit of work of its own, in one statement up to 500 rows, run again after a deadlock
    or a lost connection as `retry` says (up to 30 seconds). While a batch is being stored one more item is awaited, so
    a slow database slows the iterator down. `on_batch` is told the counts after each.

    A candle is closed if its time had passed when it came, or when a later one came; whatever the data say in a
    column `is_closed` holds. A row that cannot be a candle ends it after the rows before it are stored, or, with
    `on_invalid="quarantine"`, is put aside, once however often it comes.

    When it is cancelled, or the iterator fails, what was taken from the iterator is stored first, and then the
    cancellation or error goes on: this may take as long as `retry` allows. The iterator is not closed, unless the
    cancellation reached it while it was waited for.

    Raises:
        CandlesNotWrittenError: a batch could not be stored; its `candles` are those that were taken and are not stored.
        InvalidCandlesError: a row cannot be a candle, and was to be rejected.
        InvalidValueError: the timeframe or `on_invalid` does not exist, a row cannot be read, or `every` or `most` make
            no sense.
    """
    require_policy(on_invalid)
    if most < 1 or not every >= 0:
        raise InvalidValueError(
            f"Batches of {most} candles every {every} seconds: ask for at least 1, and no less than 0."
        )
    length = Timeframe.parse(timeframe)
    instrument_id = id_of(instrument)

    async def store(candles: CandleColumns) -> WriteReport:
        async def work(session: WriteSession) -> WriteReport:
            return await write(session, instrument_id, length, candles, source=source, on_invalid=on_invalid)

        return await database.run(work, idempotent=True, retry=retry)

    waiting = _Waiting(length, on_invalid)
    follower = _Follower(waiting, store, on_batch or _nobody)
    return await follower.run(rows, every, most)


def _nobody(report: FollowReport) -> None:
    """Told about batches where nobody asked."""


class _Waiting:
    """Candles that were taken from the iterator and wait to be stored."""

    def __init__(self, timeframe: Timeframe, on_invalid: OnInvalid) -> None:
        self.timeframe = timeframe
        self.on_invalid = on_invalid
        self.closings = 0
        self._parts: list[CandleColumns] = []
        self._newest = np.iinfo(np.int64).min
        self._growing: CandleColumns | None = None
        """The newest candle alone, if it was not closed when it came; a view of the part that it came in."""
        self._growing_is_stored = False

    def __len__(self) -> int:
        return sum(map(len, self._parts))

    def take(self, item: Any) -> None:
        """Add what an item of the iterator holds.

        Raises:
            InvalidValueError: it cannot be read, or a row of it is no candle; the rows before that are added.
        """
        columns = columns_from([item] if _is_row(item) else item)
        columns = columns.take(np.arange(len(columns)))  # the iterator may use its arrays again
        found = problems(columns, self.timeframe)
        if found and self.on_invalid == "reject":
            row, reason = found[0].row, found[0].reason
            self._add(columns.take(slice(row)))
            raise InvalidCandlesError(f"Row {row} of an item was refused, and nothing after it was stored: {reason}.")
        if found:
            bad = columns.take([problem.row for problem in found])
            self._parts.append(replace(bad, is_closed=np.zeros(len(bad), np.bool_)))
            columns = columns.take(np.delete(np.arange(len(columns)), [problem.row for problem in found]))
        self._add(columns)

    def _add(self, columns: CandleColumns) -> None:
        if not len(columns):
            return
        newest = int(columns.open_time.max())
        if newest > self._newest:
            self._close_growing()
        elif newest == self._newest:
            self._growing = None  # this is a later state of it
        self._newest = max(self._newest, newest)
        if columns.is_closed is None:
            now = to_microseconds(self.timeframe.floor(utc_now()))
            columns = replace(columns, is_closed=columns.open_time < max(now, self._newest))
            if newest == self._newest:
                at = int(np.flatnonzero(columns.open_time == newest)[-1])
                self._growing = None if newest < now else columns.take(slice(at, at + 1))
                self._growing_is_stored = False
        self._parts.append(columns)

    def _close_growing(self) -> None:
        """The candle after it has begun."""
        growing, self._growing = self._growing, None
        if growing is None or growing.is_closed is None:
            return
        if self._growing_is_stored:
            self._parts.append(replace(growing, is_closed=np.ones(1, np.bool_)))
            self.closings += 1
        else:
            growing.is_closed[:] = True

    def all(self) -> CandleColumns:
        """What waits, in the order in which it came."""
        columns = {}
        for column in fields(CandleColumns):
            arrays = [getattr(part, column.name) for part in self._parts]
            if any(array is not None for array in arrays):
                missing = [np.zeros(len(part), np.bool_) for part in self._parts]
                arrays = [none if array is None else array for array, none in zip(arrays, missing, strict=True)]
                columns[column.name] = np.concatenate(arrays)
        return CandleColumns(**columns)

    def stored(self) -> None:
        """Forget what has waited so far."""
        self._parts, self.closings, self._growing_is_stored = [], 0, True


def _is_row(item: Any) -> bool:
    """Whether an item of the iterator is one candle, by position, and not several."""
    if isinstance(item, np.ndarray):
        return item.ndim == 1 and not item.dtype.names
    if not isinstance(item, Sequence) or isinstance(item, (str, bytes)) or not item:
        return False
    return isinstance(item[0], str) or not isinstance(item[0], (Sequence, np.ndarray))


class _Follower:
    """Takes from the iterator and stores, and puts things in order when it is disturbed."""

    def __init__(
        self,
        waiting: _Waiting,
        store: Callable[[CandleColumns], Awaitable[WriteReport]],
        on_batch: Callable[[FollowReport], None],
    ) -> None:
        self.waiting = waiting
        self.store = store
        self.on_batch = on_batch
        self.report = self._told = FollowReport()
        self._coming: asyncio.Task[Any] | None = None
        """The next item, which is never given up while it is waited for."""
        self._storing: asyncio.Task[None] | None = None
        self._failure: Exception | None = None

    async def run(self, rows: AsyncIterator[Any], every: float, most: int) -> FollowReport:
        """Until the iterator ends."""
        try:
            await self._consume(rows, every, most)
        except BaseException:
            await _undisturbed(self._settle())
            raise
        return self.report

    async def _consume(self, rows: AsyncIterator[Any], every: float, most: int) -> None:
        clock = asyncio.get_running_loop().time
        due = clock()
        self._coming = asyncio.ensure_future(_next(rows))
        while True:
            await asyncio.wait({self._coming}, timeout=max(0, due - clock()) if len(self.waiting) else None)
            if self._coming.done():
                item, self._coming = self._coming.result(), None
                if item is _END:
                    break
                if not len(self.waiting):
                    due = clock() + every
                self.waiting.take(item)
                self._coming = asyncio.ensure_future(_next(rows))
            if len(self.waiting) >= most or clock() >= due:
                await self._flush()
        await self._flush()

    async def _flush(self) -> None:
        """Store what waits. Cancelled, it goes on in the background until `_settle` has waited for it."""
        if len(self.waiting):
            self._storing = asyncio.ensure_future(self._store_waiting())
            await asyncio.shield(self._storing)
            self._tell()

    def _tell(self) -> None:
        if self._told is not self.report:
            self._told = self.report
            self.on_batch(self.report)

    async def _store_waiting(self) -> None:
        candles, closings = self.waiting.all(), self.waiting.closings
        try:
            done = await self.store(candles)
        except Exception as error:
            self._failure = error
            raise
        self.waiting.stored()
        before = self.report
        self.report = FollowReport(
            before.rows + len(candles) - closings,
            before.closings + closings,
            before.batches + 1,
            WriteReport(*map(sum, zip(astuple(before.written), astuple(done), strict=True))),
        )

    async def _settle(self) -> None:
        """Stop waiting for the iterator, and store what was taken from it.

        Raises:
            CandlesNotWrittenError: it could not be stored, now or before.
            InvalidValueError: the item that came last cannot be read.
        """
        refused = None
        if self._storing is not None:
            await asyncio.wait({self._storing})
        if self._coming is not None:
            self._coming.cancel()
            await asyncio.wait({self._coming})
            if not self._coming.cancelled() and self._coming.exception() is None:
                try:
                    self._take_last(self._coming.result())
                except InvalidValueError as error:
                    refused = error
        try:
            if self._failure is None:
                await self._flush()
        finally:
            if self._failure is not None:
                raise CandlesNotWrittenError(
                    f"{len(self.waiting):,} candles that came could not be stored: {_brief(self._failure)}",
                    self.waiting.all(),
                ) from self._failure
        self._tell()
        if refused is not None:
            raise refused

    def _take_last(self, item: Any) -> None:
        if item is not _END:
            self.waiting.take(item)


def _brief(error: Exception) -> str:
    return str(error) if isinstance(error, TradingDBError) else f"{type(error).__name__}."


async def _next(rows: AsyncIterator[Any]) -> Any:
    try:
        return await anext(rows)
    except StopAsyncIteration:
        return _END


async def _undisturbed(work: Coroutine[Any, Any, None]) -> None:
    """Do this to its end, however often it is cancelled: whoever calls this is about to end anyway."""
    task = asyncio.ensure_future(work)
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError:
            continue
    task.result()
