"""How others write and read the same candles: each rival does it the way that its users do."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

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


def peewee_pages(target: ConnectionTarget, bars: Bars, page: int) -> None:
    """`insert_many` with ON CONFLICT DO UPDATE in pages, as vnpy_postgresql (1,000 rows) and jesse (100) do."""
    port = int(str(target.url.query.get("port", 5432)))
    server = peewee.PostgresqlDatabase(target.database, user=target.url.username, host=target.hosts[0], port=port)

    class DbBarData(peewee.Model):
        symbol = peewee.CharField()
        open_time = peewee.DateTimeField()
        open = peewee.FloatField()
        high = peewee.FloatField()
        low = peewee.FloatField()
        close = peewee.FloatField()
        volume = peewee.FloatField()

        class Meta:
            database = server
            table_name = "peewee_candles"
            indexes = ((("symbol", "open_time"), True),)

    with server:
        server.drop_tables([DbBarData], safe=True)
        server.create_tables([DbBarData])
        rows = [{"symbol": "A", **dict(zip(COLUMNS, row, strict=True))} for row in rows_of(bars)]
        with server.atomic():
            for batch in peewee.chunked(rows, page):
                DbBarData.insert_many(batch).on_conflict(
                    update={getattr(DbBarData, name): getattr(peewee.EXCLUDED, name) for name in COLUMNS[1:]},
                    conflict_target=(DbBarData.symbol, DbBarData.open_time),
                ).execute()


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
