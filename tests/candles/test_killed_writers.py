"""A process that is killed while it writes candles leaves whole batches and a true coverage."""

from __future__ import annotations

import asyncio
import random

from killed_writers import kill_one, newest_in, wrong_in

from tradingdb.database import Database


async def test_what_is_left_of_a_killed_writer_is_whole(database: Database) -> None:
    dice = random.Random(3)  # noqa: S311 - can be repeated
    newest = 0.0
    for _ in range(2):
        await asyncio.to_thread(kill_one, database.target.url.render_as_string(hide_password=False), dice)
        assert await wrong_in(database) == []
        before, newest = newest, await newest_in(database)
        assert newest > before, "it was killed after it had stored something"
