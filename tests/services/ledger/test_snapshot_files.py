"""What a venue says, read from files."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from trading_desk import START, Desk

from tradingdb.database import WriteSession
from tradingdb.errors import NotFoundError, UnusableFileError
from tradingdb.services.reconcile import Reconciliation, read_snapshot, reconcile

AT = START + timedelta(hours=1)


def kinds(found: Reconciliation) -> list[str]:
    return [difference.kind.value for difference in found.differences]


PLAIN = {
    "at": "2026-03-01T01:00:00Z",
    "balances": {"USDT": 12},
    "orders": [
        {
            "symbol": "BTC/USDT:USDT",
            "side": "buy",
            "quantity": "10",
            "filled": "4",
            "average_price": "100.5",
            "status": "partial",
            "venue_order_id": "v-1",
            "limit_price": "101",
        }
    ],
    "positions": [{"symbol": "BTC/USDT:USDT", "quantity": "4", "entry_price": "100.5"}],
    "trades": [
        {
            "symbol": "BTC/USDT:USDT",
            "venue_trade_id": "7",
            "side": "buy",
            "quantity": "4",
            "price": "100.5",
            "executed_at": "2026-03-01T00:00:01Z",
            "venue_order_id": "v-1",
        }
    ],
}
CCXT = {
    "at": "2026-03-01T01:00:00Z",
    "fetchBalance": {"total": {"USDT": 12}},
    "fetchOpenOrders": [
        {
            "id": "v-1",
            "symbol": "BTC/USDT:USDT",
            "type": "limit",
            "side": "buy",
            "price": 101,
            "amount": 10,
            "filled": 4,
            "average": 100.5,
            "status": "open",
            "timestamp": 1772323200000,
        }
    ],
    "fetchPositions": [{"symbol": "BTC/USDT:USDT", "side": "long", "contracts": 4, "entryPrice": 100.5}],
    "fetchMyTrades": [
        {
            "id": "7",
            "order": "v-1",
            "symbol": "BTC/USDT:USDT",
            "side": "buy",
            "amount": 4,
            "price": 100.5,
            "timestamp": 1772323201000,
        }
    ],
}


@pytest.mark.parametrize("document", [PLAIN, CCXT], ids=["plain", "ccxt"])
async def test_snapshots_are_read_from_files(
    session: WriteSession, desk: Desk, tmp_path: Path, document: dict[str, Any]
) -> None:
    path = tmp_path / "snapshot.json"
    path.write_text(json.dumps(document).replace("12}", "12.000000000000000000001}"))
    snapshot = await read_snapshot(session, desk.account_id, path)
    assert (snapshot.at, snapshot.balances) == (AT, {"USDT": Decimal("12.000000000000000000001")})
    found = await reconcile(session, desk.account_id, snapshot, apply=True)
    assert kinds(found) == ["fill_missing", "order_unknown", "position", "balance"]
    assert found.is_true
    order = await desk.stored_order(session, "venue:v-1")
    assert (order.status, order.filled_quantity, order.limit_price) == ("partial", 4, 101)
    assert kinds(await reconcile(session, desk.account_id, snapshot)) == []


@pytest.mark.parametrize(
    ("content", "error", "reason"),
    [
        ("{", UnusableFileError, "is no JSON"),
        ("[]", UnusableFileError, "has no snapshot"),
        ('{"at": "2026-03-01"}', UnusableFileError, "at: "),
        ('{"at": "2026-03-01T00:00:00Z", "ballances": {}}', UnusableFileError, "ballances"),
        ('{"at": "2026-03-01T00:00:00Z", "balances": {"X": "NaN"}}', UnusableFileError, "finite"),
        ('{"at": "2026-03-01T00:00:00Z", "positions": [{"quantity": 1}]}', UnusableFileError, "instrument"),
        ('{"at": "2026-03-01T00:00:00Z", "positions": [{"symbol": "X", "quantity": 1}]}', NotFoundError, "X: add it"),
        ('{"at": "2026-03-01T00:00:00Z", "orders": [{"instrument_id": 1, "side": "buy", "quantity": 1}]}',
         UnusableFileError, r"orders\.0: An order has neither"),
        *(
            ('{"at": "2026-03-01T00:00:00Z", ' + part + "}", UnusableFileError, reason)
            for part, reason in [
                ('"orders": [{"instrument_id":1,"side":"buy","quantity":1,"client_order_id":"1","order_type":"limit"}]',
                 r"orders\.0: .*price"),
                ('"positions": [{"instrument_id": 99999999999, "quantity": 1}]', r"positions\.0\.instrument_id: "),
                ('"positions": [{"instrument_id": 1, "quantity": 1}, {"instrument_id": 1, "quantity": 0}]',
                 r"positions\.0 and positions\.1 are both"),
                ('"positions": [{"symbol": "\\u0000", "quantity": 1}]', r"positions\.0\.symbol: .*NUL"),
                ('"trades": [{"instrument_id":1, "side": "buy", "quantity": 1, "price": 1, "fee": 5, "executed_at":0}]',
                 r"trades\.0: A fee .* without its currency"),
                ('"fetchBalance": {"total": 5}', r"fetchBalance\.total: "),
                ('"fetchBalance": {"total": {"X": []}}', "fetchBalance: the balance of X"),
                ('"fetchMyTrades": [{"fee": 5}]', r"fetchMyTrades\.0\.fee: "),
                ('"fetchMyTrades": [{"fees": [5]}]', r"fetchMyTrades\.0\.fees\.0: "),
                ('"fetchOpenOrders": [{"amount": 1, "status": []}]', r"fetchOpenOrders\.0\.status: "),
                ('"fetchPositions": [{"symbol": [], "contracts": 1}]', r"fetchPositions\.0\.symbol: "),
                ('"fetchPositions": [5]', r"fetchPositions\.0: "),
            ]
        ),
        ("[" * 100_000, UnusableFileError, "nested too deeply"),
    ],
    ids=str,
)  # fmt: skip
async def test_files_that_cannot_be_used(
    session: WriteSession, desk: Desk, tmp_path: Path, content: str, error: type[Exception], reason: str
) -> None:
    path = tmp_path / "snapshot.json"
    path.write_text(content)
    with pytest.raises(error, match=reason):
        await read_snapshot(session, desk.account_id, path)
    with pytest.raises(UnusableFileError, match="cannot be read"):
        await read_snapshot(session, desk.account_id, tmp_path / "none.json")
