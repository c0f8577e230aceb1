"""The examples of `docs/howto/ledger.md` run, from top to bottom."""

from __future__ import annotations

import json
import re
import textwrap
from types import SimpleNamespace
from typing import Any

from trading_desk import Desk

from paths import CHECKOUT
from tradingdb.database import WriteSession


async def test_the_examples_run(session: WriteSession, desk: Desk, fifo_desk: Desk) -> None:
    page = (CHECKOUT / "docs" / "howto" / "ledger.md").read_text()
    examples = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    (document,) = re.findall(r"```json\n(.*?)```", page, re.DOTALL)
    assert len(examples) > 5
    names: dict[str, Any] = {
        "session": session,
        "account": desk.account_id,
        "other_account": fifo_desk.account_id,
        "perpetual": SimpleNamespace(id=desk.perpetual),
        "document": json.loads(document),
    }
    code = "async def examples():\n" + textwrap.indent("\n".join(examples), "    ")
    exec(compile(code, "docs/howto/ledger.md", "exec"), names)  # noqa: S102 - our own page
    await names["examples"]()
