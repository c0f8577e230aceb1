"""`tradingdb outbox` prints events in order, and says who holds them back."""

from __future__ import annotations

import json

from sqlalchemy import text

from commands import Run
from open_transactions import until_older_ones_ended
from tradingdb.core.ddl import table_of
from tradingdb.database import Database
from tradingdb.models import OutboxConsumer
from tradingdb.services import outbox

OWN = text("SELECT pg_backend_pid(), (pg_current_xact_id()::text)::bigint")


async def test_tail_and_lag(run: Run, database: Database) -> None:
    async with database.engine.begin() as connection:
        await connection.run_sync(table_of(OutboxConsumer).create, checkfirst=True)
    async with database.write() as session:
        for number, topic in enumerate(("order.filled", "order.filled", "account.opened")):
            await outbox.publish(session, topic, "orders", number, {"number": number})
    await until_older_ones_ended(database)
    code, out, err = await run(database.target, "outbox", "tail", "--json", "--limit", "2")
    assert code == 0, err
    shown = json.loads(out)
    assert [event["payload"] for event in shown] == [{"number": 1}, {"number": 2}]
    after = ("--after", shown[0]["cursor"])
    _, out, _ = await run(database.target, "outbox", "tail", *after, "--topic", "account.opened")
    assert "account.opened" in out
    assert "order.filled" not in out
    code, out, err = await run(database.target, "outbox", "tail", "--after", "yesterday")
    assert (code, out) == (2, "")
    assert "transaction_id:id" in err

    for alarm in ("-1", "nan", "inf"):
        code, out, err = await run(database.target, "outbox", "lag", f"--alarm={alarm}")
        assert (code, out) == (2, "")
        assert "--alarm was" in err

    async with database.write() as slow:
        await outbox.publish(slow, "order.filled", "orders", 3, {})
        pid, number = (await slow.execute(OWN)).one()
        async with database.write() as session:
            await outbox.publish(session, "order.filled", "orders", 4, {})
            await outbox.advance(session, "billing", outbox.START)
        await until_older_ones_ended(database, than=number)
        code, out, _ = await run(database.target, "outbox", "lag", "--json", "--alarm", "0")
        found = json.loads(out)
        assert (found["held_back"], found["stalled_by"]["pid"], found["consumers"][0]["behind"]) == (1, pid, 3)
        assert code == 1
        code, out, _ = await run(database.target, "outbox", "lag")
        assert code == 0
        assert f"process {pid} in {database.target.database}" in out
