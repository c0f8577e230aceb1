"""The ledger: orders, what venues say about them, fills, and the positions that they add up to.

Every verb may be called any number of times with the same content: what is there already is a duplicate, never doubled.
"""

from tradingdb.services.ledger.entries import NewFill, NewOrder, NewOrderEvent, Receipt, Result
from tradingdb.services.ledger.events import cancel, expire_due, record_event, record_events
from tradingdb.services.ledger.fills import record_fill, record_fills
from tradingdb.services.ledger.holdings import Contract, Execution, Holding, Lot, fold, place_within
from tradingdb.services.ledger.orders import submit_order, submit_orders
from tradingdb.services.ledger.position_rows import Place
from tradingdb.services.ledger.rebuild import Rebuilt, rebuild_positions
from tradingdb.services.ledger.record import record
from tradingdb.services.ledger.verify import Finding, FindingKind, verify

__all__ = [
    "Contract",
    "Execution",
    "Finding",
    "FindingKind",
    "Holding",
    "Lot",
    "NewFill",
    "NewOrder",
    "NewOrderEvent",
    "Place",
    "Rebuilt",
    "Receipt",
    "Result",
    "cancel",
    "expire_due",
    "fold",
    "place_within",
    "rebuild_positions",
    "record",
    "record_event",
    "record_events",
    "record_fill",
    "record_fills",
    "submit_order",
    "submit_orders",
    "verify",
]
