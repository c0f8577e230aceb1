"""People, how they get in, and what they did."""

from tradingdb.models.accounts.activity import ApiUsage, AuditEntry, AuditResult
from tradingdb.models.accounts.people import (
    ApiKey,
    TokenPurpose,
    User,
    UserAgent,
    UserPreference,
    UserRole,
    UserSession,
    UserStatus,
    UserToken,
)
from tradingdb.models.accounts.watchlists import Watchlist, WatchlistItem

__all__ = [
    "ApiKey",
    "ApiUsage",
    "AuditEntry",
    "AuditResult",
    "TokenPurpose",
    "User",
    "UserAgent",
    "UserPreference",
    "UserRole",
    "UserSession",
    "UserStatus",
    "UserToken",
    "Watchlist",
    "WatchlistItem",
]
