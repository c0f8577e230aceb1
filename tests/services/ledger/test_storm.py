"""Nothing is lost and nothing is doubled, whatever happens to those who write."""

from __future__ import annotations

import random

from storm import judge, make, rage

from tradingdb.database import Database


async def test_nothing_is_lost_or_doubled(database: Database) -> None:
    dice = random.Random(7)  # noqa: S311 - a storm that can be repeated
    async with Database(database.target, application_name="storm") as stormy:
        storm = await make(stormy, dice, events=400, desks=2)
        await rage(stormy, storm, dice, writers=8, kill_every=60)
    assert await judge(database, storm) == []
    assert storm.killed
    assert storm.cancelled
