"""Two trading accounts with rows in every scoped table, for the tests of scopes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import func, select, text, update

from tradingdb.core.ids import uuid7
from tradingdb.database import Database, WriteSession
from tradingdb.models import (
    AuditEntry,
    Order,
    Position,
    PositionCheckpoint,
    ReconciliationRecord,
    TradingAccount,
    TradingDecision,
)
from tradingdb.scope import Scope, unscoped
from tradingdb.seeds import World, seed
from tradingdb.settings import Settings


class UndoneError(Exception):
    """Ends a unit of work so that nothing of it stays."""


@dataclass(frozen=True)
class ScopedWorld:
    """A seeded database and the two accounts in it."""

    database: Database
    mine: UUID
    theirs: UUID

    @asynccontextmanager
    async def session(self, scope: Scope | None = None) -> AsyncIterator[WriteSession]:
        """A session whose work is undone; limited to my account unless told otherwise."""
        with suppress(UndoneError):
            async with self.database.write(scope=scope or Scope(account_id=self.mine)) as session:
                yield session
                await session.flush()
                raise UndoneError


async def rows_outside(session: WriteSession, table: str, column: str, account: UUID) -> list[str]:
    """Every row of a table that is not of an account, as text, whatever the session is limited to."""
    with unscoped(session):
        found = await session.scalars(
            text(f"SELECT t::text FROM {table} t WHERE {column} IS DISTINCT FROM :account ORDER BY 1"),
            {"account": account},
        )
        return list(found)


@asynccontextmanager
async def scoped_world(database: Database) -> AsyncIterator[ScopedWorld]:
    """The development world, with what its accounts lack."""
    await seed(database, World.DEVELOPMENT, Settings(environment="development"))
    async with database.write() as session:
        mine, theirs = await session.scalars(
            select(TradingAccount.id)
            .join(Order, Order.account_id == TradingAccount.id)
            .group_by(TradingAccount.id)
            .order_by(func.count())
        )
        free = await session.scalar(select(TradingDecision.id).where(TradingDecision.account_id.is_(None)).limit(1))
        await session.execute(update(TradingDecision).where(TradingDecision.id == free).values(account_id=theirs))
        at = datetime(2025, 1, 2, tzinfo=UTC)
        for account in (mine, theirs):
            session.add(AuditEntry(occurred_at=at, entry_id=uuid7(), action="login", account_id=account))
            session.add(
                ReconciliationRecord(
                    account_id=account, taken_at=at, difference_count=0, unexplained_count=0, differences=[]
                )
            )
            position = (await session.scalars(select(Position).where(Position.account_id == account).limit(1))).one()
            session.add(
                PositionCheckpoint(
                    account_id=account, instrument_id=position.instrument_id, side=position.side, last_fill_at=at,
                    last_fill_place="0001:1:00000", quantity=Decimal(0), realized_pnl=Decimal(0), fees=Decimal(0),
                    other_fees={},
                )
            )  # fmt: skip
    yield ScopedWorld(database, mine, theirs)
