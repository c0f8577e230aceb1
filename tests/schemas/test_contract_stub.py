"""The stub that mypy and editors read says what the contracts are."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import LargeBinary, Time

from paths import CHECKOUT
from tradingdb.schemas import stubs
from tradingdb.schemas.kinds import annotation_of

REMEDY = "the stub is stale: run `python -m tradingdb.schemas.stubs`"

USES = """
from decimal import Decimal
from uuid import UUID

from tradingdb.models import Order, OrderEvent, OrderSide, OrderType
from tradingdb.schemas import OrderCreate, OrderRead, OrderUpdate, contracts

somebody: UUID = UUID(int=1)
create = OrderCreate(
    account_id=somebody, instrument_id=1, client_order_id="mine", side=OrderSide.BUY, order_type=OrderType.MARKET,
    quantity=Decimal(1),
)
row: Order = create.to_row()
update: type[OrderUpdate] = contracts(Order).update
nothing: None = contracts(OrderEvent).update
left: Decimal = OrderRead.model_validate(row).remaining_quantity
"""

MISUSES = {
    'OrderUpdate(colour="red")': "Unexpected keyword",
    "OrderUpdate(quantity=1.5)": "incompatible type",
    "OrderUpdate(status=None)": "incompatible type",
    "OrderUpdate(quantity=1).apply(OrderEvent())": "incompatible type",
    "create.quantity = Decimal(2)": "read-only",
    "OrderCreate()": "Missing named argument",
    "from tradingdb.schemas import OrderEventUpdate": "no attribute",
}


def test_the_stub_is_what_would_be_written() -> None:
    assert stubs.STUB.read_text(encoding="utf-8") == stubs.stub(), REMEDY


def test_mypy_knows_fields_and_types(tmp_path: Path) -> None:
    module = tmp_path / "uses_contracts.py"
    # the path is in the text: for the same text mypy's cache repeats errors under the path it had last time
    module.write_text("\n".join([USES, *MISUSES, f"# {module}", ""]))
    found = subprocess.run(
        [sys.executable, "-m", "mypy", "--config-file", str(CHECKOUT / "pyproject.toml"), str(module)],
        cwd=CHECKOUT, capture_output=True, text=True, check=False,
    ).stdout  # fmt: skip
    errors = re.findall(rf"^{re.escape(str(module))}:(\d+): error: (.*)$", found, re.MULTILINE)
    first = USES.count("\n") + 2
    for number, (code, message) in enumerate(MISUSES.items(), first):
        assert any(int(line) == number and message in said for line, said in errors), f"{code}\n{found}"
    assert not [said for line, said in errors if int(line) < first]


def test_a_type_that_contracts_do_not_know_is_named() -> None:
    assert annotation_of(LargeBinary(), None)
    with pytest.raises(TypeError, match="Time"):
        annotation_of(Time(), None)
