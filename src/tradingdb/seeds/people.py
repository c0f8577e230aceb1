"""What belongs to the owner: lists of markets, keys that open nothing, calls that were counted, changes on record."""

from __future__ import annotations

import secrets
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tradingdb.core.types import Encrypted
from tradingdb.models import (
    ApiCredential,
    ApiKey,
    ApiUsage,
    AuditEntry,
    AuditResult,
    EncryptionKey,
    TokenPurpose,
    UserPreference,
    UserSession,
    UserToken,
    Watchlist,
    WatchlistItem,
)
from tradingdb.seeds.adding import named_id, nobodys_digest
from tradingdb.seeds.scene import ANALYST, DAYBREAKS, END, START, SWING_STRATEGY_ID, january
from tradingdb.seeds.swing import BUY_ID, DECIDED_AT

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from tradingdb.seeds.adding import Adder, Row
    from tradingdb.seeds.scene import Scene

API_KEY_ID = named_id("api key")
ENDPOINTS = ("/candles", "/orders")
CALLS_A_DAY = 20
LAST_CALL = timedelta(hours=20)
"""After midnight, every day."""

COUNTED_CALLS = len(ENDPOINTS) * sum(CALLS_A_DAY + number for number in range(len(DAYBREAKS) - 1))
LAST_CALLED_AT = DAYBREAKS[-2] + LAST_CALL

ADDRESS, PROGRAM = "192.0.2.10", "tradingdb-development"
"""An address that RFC 5737 keeps for examples."""

NONCE_BYTES, SECRET_BYTES = 12, 32


async def seed_people(add: Adder, scene: Scene) -> None:
    """Store what the owner has. The keys, sessions and tokens among it open nothing."""
    user_id = scene.trader.user_id
    await _access_that_has_ended(add, user_id)
    await _credential_that_nobody_can_read(add, scene)
    theme = {"id": named_id("preference:theme"), "user_id": user_id, "key": "chart.theme", "value": "dark"}
    await add(UserPreference, [theme])
    await _watchlists(add, scene)
    await add(
        ApiUsage,
        [
            {
                "user_id": user_id,
                "agent": ANALYST,
                "endpoint": endpoint,
                "day": day,
                "request_count": CALLS_A_DAY + number,
                "last_request_at": day + LAST_CALL,
            }
            for number, day in enumerate(DAYBREAKS[:-1])
            for endpoint in ENDPOINTS
        ],
    )


async def seed_audit_log(add: Adder, scene: Scene) -> None:
    """Record who changed what. Needs the rows that it names."""
    shared = {"user_id": scene.trader.user_id, "ip_address": ADDRESS, "user_agent": PROGRAM}
    entries = [
        _audited("approve", "strategies", SWING_STRATEGY_ID, january(2))
        | {"old_values": {"status": "pending_approval"}, "new_values": {"status": "active"}},
        _audited("insert", "orders", BUY_ID, DECIDED_AT) | {"new_values": {"side": "buy", "quantity": Decimal("0.04")}},
        _audited("update", "trading_accounts", scene.trader.account_id, january(9))
        | {"result": AuditResult.REFUSED, "error_message": "The mode of an account does not change."},
    ]
    await add(AuditEntry, [shared | entry for entry in entries])


def _audited(action: str, table: str, row: UUID, at: datetime) -> Row:
    return {
        "occurred_at": at,
        "entry_id": named_id(f"audit:{action}:{table}"),
        "action": action,
        "table_name": table,
        "row_key": str(row),
    }


async def _access_that_has_ended(add: Adder, user_id: UUID) -> None:
    """A session, a token and a key: all expired and revoked, and their digests are of nothing that anybody knows."""
    shared = {"user_id": user_id, "created_at": START, "expires_at": END}
    session = {
        "id": named_id("session"),
        "token_hash": nobodys_digest("session"),
        "last_active_at": LAST_CALLED_AT,
        "revoked_at": LAST_CALLED_AT,
        "ip_address": ADDRESS,
        "user_agent": PROGRAM,
    }
    token = {
        "id": named_id("token"),
        "purpose": TokenPurpose.VERIFY_EMAIL,
        "token_hash": nobodys_digest("token"),
        "used_at": january(1, 1),
    }
    key = {
        "id": API_KEY_ID,
        "name": "analyst",
        "prefix": "development",
        "key_hash": nobodys_digest("api key"),
        "scopes": ["candles:read", "orders:read"],
        "rate_limit": 60,
        "call_count": COUNTED_CALLS,
        "last_used_at": LAST_CALLED_AT,
        "revoked_at": LAST_CALLED_AT,
    }
    await add(UserSession, [shared | session])
    await add(UserToken, [shared | token])
    await add(ApiKey, [shared | key])


async def _credential_that_nobody_can_read(add: Adder, scene: Scene) -> None:
    """A credential at the simulated venue.

    Its ciphertext is random bytes under a random key, which is not kept: there is nothing to find, and nobody who
    could. So these are the only values of the world that differ from one database to the next, and both rows are
    inactive, that nothing tries to use them.
    """
    cipher = AESGCM(AESGCM.generate_key(bit_length=256))

    def sealed() -> Encrypted:
        nonce = secrets.token_bytes(NONCE_BYTES)
        return Encrypted(nonce + cipher.encrypt(nonce, secrets.token_bytes(SECRET_BYTES), None))

    key = {
        "id": named_id("encryption key"),
        "key_id": "development-thrown-away",
        "algorithm": "AES-256-GCM",
        "is_active": False,
        "created_at": START,
        "retired_at": START,
    }
    credential = {
        "id": named_id("credential"),
        "user_id": scene.trader.user_id,
        "service": "simulated",
        "venue_id": scene.spot.venue_id,
        "encryption_key_id": key["id"],
        "api_key_encrypted": sealed(),
        "api_secret_encrypted": sealed(),
        "permissions": ["read"],
        "is_active": False,
        "is_testnet": True,
        "expires_at": END,
    }
    await add(EncryptionKey, [key])
    await add(ApiCredential, [credential])


async def _watchlists(add: Adder, scene: Scene) -> None:
    user_id = scene.trader.user_id
    lists = {"Everything": (scene.spot, scene.perpetual), "Perpetuals": (scene.perpetual,)}
    await add(
        Watchlist,
        [
            {
                "id": named_id(f"watchlist:{name}"),
                "user_id": user_id,
                "name": name,
                "is_default": name == "Everything",
            }
            for name in lists
        ],
    )
    await add(
        WatchlistItem,
        [
            {
                "watchlist_id": named_id(f"watchlist:{name}"),
                "instrument_id": instrument.id,
                "user_id": user_id,
                "position": position,
                "alert_price": instrument.quantize_price(scene.price(END) * Decimal("1.05")),
                "added_at": START,
            }
            for name, instruments in lists.items()
            for position, instrument in enumerate(instruments)
        ],
    )
