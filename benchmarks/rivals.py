"""How others write and read the same candles: each rival does it the way that its users do."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import numpy as np
import pandas as pd
import peewee
import pyarrow as pa
import sqlalchemy as sa
from adbc_driver_postgresql import dbapi
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tradingdb.database import Database
    from tradingdb.urls import ConnectionTarget

COLUMNS = ("open_time", "open", "high", "low", "close", "volume")
Bars = dict[str, np.ndarray[Any, Any]]


class Base(DeclarativeBase):
    """Of the plain table that rivals write to."""


class PlainCandle(Base):
    """What a trading service without a data layer has: one row object per candle."""

    __tablename__ = "plain_candles"

    symbol: Mapped[str] = mapped_column(primary_key=True)
    open_time: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True), primary_key=True)
    open: Mapped[float]
    high: Mapped[float]
    low: Mapped[float]
    close: Mapped[float]
    volume: Mapped[float]


def rows_of(bars: Bars) -> Iterator[tuple[datetime, float, float, float, float, float]]:
    """Python rows, which is what all of these writers want."""
    start = datetime(1970, 1, 1, tzinfo=UTC)
    times = (start + timedelta(microseconds=at) for at in bars["open_time"].astype(np.int64).tolist())
    return zip(times, *(bars[name].tolist() for name in COLUMNS[1:]), strict=True)


async def records(database: Database, bars: Bars) -> None:
    """`copy_records_to_table` of asyncpg."""
    async with database.engine.connect() as connection:
        raw = (await connection.get_raw_connection()).driver_connection
        rows = (("A", *row) for row in rows_of(bars))
        await raw.copy_records_to_table("plain_candles", records=rows, columns=["symbol", *COLUMNS])


async def add_all(database: Database, bars: Bars) -> None:
    """The ORM, an object per candle."""
    async with AsyncSession(database.engine) as session:
        session.add_all(PlainCandle(symbol="A", **dict(zip(COLUMNS, row, strict=True))) for row in rows_of(bars))
        await session.commit()


async def executemany(database: Database, bars: Bars) -> None:
    """SQLAlchemy Core, a dictionary per candle."""
    async with database.engine.begin() as connection:
        rows = [{"symbol": "A", **dict(zip(COLUMNS, row, strict=True))} for row in rows_of(bars)]
        await connection.execute(sa.insert(PlainCandle), rows)


def peewee_server(target: ConnectionTarget) -> peewee.PostgresqlDatabase:
    """The same server, for peewee."""
    port = int(str(target.url.query.get("port", 5432)))
    return peewee.PostgresqlDatabase(target.database, user=target.url.username, host=target.hosts[0], port=port)


def vnpy_style(target: ConnectionTarget, bars: Bars) -> None:
    """As vnpy_postgresql writes bars: its columns and key, `insert_many` in pages of 100, ON CONFLICT DO UPDATE."""

    class VnpyBar(peewee.Model):
        symbol = peewee.CharField()
        exchange = peewee.CharField()
        datetime = peewee.DateTimeField()
        interval = peewee.CharField()
        volume = peewee.FloatField()
        turnover = peewee.FloatField()
        open_interest = peewee.FloatField()
        open_price = peewee.FloatField()
        high_price = peewee.FloatField()
        low_price = peewee.FloatField()
        close_price = peewee.FloatField()

        class Meta:
            database = peewee_server(target)
            indexes = ((("symbol", "exchange", "interval", "datetime"), True),)

    names = ("datetime", "open_price", "high_price", "low_price", "close_price", "volume")
    same = {"symbol": "A", "exchange": "B", "interval": "1m", "turnover": 0.0, "open_interest": 0.0}
    key = ("symbol", "exchange", "interval", "datetime")
    new = {getattr(VnpyBar, name): getattr(peewee.EXCLUDED, name) for name in (*names[1:], "turnover", "open_interest")}
    with emptied(VnpyBar) as server, server.atomic():
        rows = [{**same, **dict(zip(names, row, strict=True))} for row in rows_of(bars)]
        for page in peewee.chunked(rows, 100):
            insert = VnpyBar.insert_many(page)
            insert.on_conflict(update=new, conflict_target=[getattr(VnpyBar, name) for name in key]).execute()


def jesse_style(target: ConnectionTarget, bars: Bars) -> None:
    """As jesse stores candles that it imports: its columns and key, a page of 1,000 at once, ON CONFLICT DO NOTHING."""

    class JesseCandle(peewee.Model):
        id = peewee.UUIDField(primary_key=True)
        timestamp = peewee.BigIntegerField()
        open = peewee.FloatField()
        close = peewee.FloatField()
        high = peewee.FloatField()
        low = peewee.FloatField()
        volume = peewee.FloatField()
        exchange = peewee.CharField()
        symbol = peewee.CharField()
        timeframe = peewee.CharField()

        class Meta:
            database = peewee_server(target)
            indexes = ((("exchange", "symbol", "timeframe", "timestamp"), True),)

    same = {"exchange": "B", "symbol": "A", "timeframe": "1m"}
    with emptied(JesseCandle):
        values = zip(*(bars[name].tolist() for name in COLUMNS[1:]), strict=True)
        times = (bars["open_time"].astype(np.int64) // 1_000).tolist()
        rows = [
            {"id": str(uuid4()), "timestamp": time, **same, **dict(zip(COLUMNS[1:], row, strict=True))}
            for time, row in zip(times, values, strict=True)
        ]
        for page in peewee.chunked(rows, 1_000):
            JesseCandle.insert_many(page).on_conflict_ignore().execute()


@contextmanager
def emptied(model: Any) -> Iterator[peewee.PostgresqlDatabase]:
    """A connection of peewee's, and the model's table made anew."""
    server = model._meta.database  # noqa: SLF001 - where peewee keeps it
    with server:
        server.drop_tables([model], safe=True)
        server.create_tables([model])
    with server.connection_context():
        yield server


def adbc_ingest(target: ConnectionTarget, bars: Bars) -> None:
    """ADBC's bulk ingest of an Arrow table."""
    table = pa.table({"symbol": pa.array(["A"] * len(bars["open"])), **bars})
    with dbapi.connect(libpq(target)) as connection, connection.cursor() as cursor:
        cursor.adbc_ingest("adbc_candles", table, mode="replace")
        connection.commit()


def adbc_fetch(target: ConnectionTarget, query: str) -> pa.Table:
    """ADBC's fetch into Arrow."""
    with dbapi.connect(libpq(target)) as connection, connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetch_arrow_table()


async def read_sql(database: Database, query: str) -> pd.DataFrame:
    """`pandas.read_sql`, through SQLAlchemy."""
    async with database.engine.connect() as connection:
        return await connection.run_sync(lambda sync: pd.read_sql(sa.text(query), sync))


async def to_sql(database: Database, bars: Bars) -> None:
    """`DataFrame.to_sql` with its multi-row inserts."""
    frame = pd.DataFrame({"symbol": "A", **bars})
    frame["open_time"] = frame["open_time"].dt.tz_localize("UTC")
    async with database.engine.begin() as connection:
        await connection.run_sync(
            lambda sync: frame.to_sql(
                "pandas_candles", sync, if_exists="replace", index=False, chunksize=1000, method="multi"
            )
        )


def libpq(target: ConnectionTarget) -> str:
    """The URL that libpq understands."""
    port = target.url.query.get("port", "5432")
    return f"postgresql://{target.url.username}@/{target.database}?host={target.hosts[0]}&port={port}"


async def in_thread(function: Any, *arguments: Any) -> Any:
    """Run a blocking rival."""
    return await asyncio.to_thread(function, *arguments)
