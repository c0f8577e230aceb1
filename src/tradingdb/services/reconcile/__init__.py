"""The ledger beside what a venue says: the differences, the entries that would explain them, and those recorded.

A snapshot is compared with the ledger as of the snapshot's instant, so that what has happened since is no difference.
"""

from tradingdb.models.trading import DifferenceKind
from tradingdb.services.reconcile.differences import Difference, Proposal, Reconciliation
from tradingdb.services.reconcile.reading import read_snapshot
from tradingdb.services.reconcile.reconciling import reconcile
from tradingdb.services.reconcile.snapshot import VenueOrder, VenuePosition, VenueSnapshot

__all__ = [
    "Difference",
    "DifferenceKind",
    "Proposal",
    "Reconciliation",
    "VenueOrder",
    "VenuePosition",
    "VenueSnapshot",
    "read_snapshot",
    "reconcile",
]
