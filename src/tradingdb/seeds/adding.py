"""How seeds store rows: under identifiers made from names, and only what is missing."""

from __future__ import annotations

import re
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid5

from sqlalchemy import select

from tradingdb.bulk import upsert
from tradingdb.core.ddl import table_of
from tradingdb.timeseries import partitions

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tradingdb.bulk import UpsertReport
    from tradingdb.database import WriteSession
    from tradingdb.models import Base

Row = dict[str, Any]

NAMESPACE = UUID("6f0d7a52-3c1b-5d0e-9a64-0f6f2f7b1c11")
"""Of every identifier that is made from a name here, so that the same world is made every time."""

_BY_TIME = re.compile(r"RANGE \((\w+)\)")


def named_id(name: str) -> UUID:
    """The identifier of a thing of these worlds."""
    return uuid5(NAMESPACE, name)


def digest_of(text: str) -> bytes:
    """SHA-256 of a text."""
    return sha256(text.encode()).digest()


def nobodys_digest(name: str) -> bytes:
    """32 bytes that stand where the digest of a secret would, and are the digest of nothing that anybody knows."""
    return named_id(f"{name}:first half").bytes + named_id(f"{name}:second half").bytes


class Added(dict[str, int]):
    """Rows added, by table."""

    def count(self, model: type[Base], report: UpsertReport) -> None:
        """Add what an upsert inserted."""
        self[model.__tablename__] = self.get(model.__tablename__, 0) + report.inserted


class Adder:
    """Stores the rows that are missing, with the partitions that they need, and counts them by table."""

    def __init__(self, session: WriteSession, added: Added | None = None) -> None:
        self.session = session
        self.added = Added() if added is None else added

    async def __call__(self, model: type[Base], rows: Iterable[Row], *, update: Sequence[str] = ()) -> None:
        """Add rows by their primary key. Rows may differ in which columns they name.

        `update` names columns that follow what they are computed from, where a row is there already.
        """
        batches: dict[tuple[str, ...], list[Row]] = {}
        for row in rows:
            batches.setdefault(tuple(row), []).append(row)
        by_time = _BY_TIME.fullmatch(partitions.partition_key(table_of(model)))
        if by_time:
            times = [row[by_time[1]] for batch in batches.values() for row in batch]
            await partitions.ensure_months(self.session, model, times)
        for batch in batches.values():
            self.added.count(model, await upsert(self.session, model, batch, update=update))

    async def numbered(self, model: type[Base], rows: Iterable[Row], *, key: Sequence[str]) -> None:
        """Add rows whose identifiers the server counts up, by the columns `key`.

        What is there is looked up first: an INSERT that finds its row there would use up a number all the same.
        """
        columns = [table_of(model).c[name] for name in key]
        there = {tuple(found) for found in await self.session.execute(select(*columns))}
        missing = [row for row in rows if tuple(row[name] for name in key) not in there]
        self.session.add_all(model(**row) for row in missing)
        await self.session.flush()
        self.added[model.__tablename__] = self.added.get(model.__tablename__, 0) + len(missing)
