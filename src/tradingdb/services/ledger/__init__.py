"""The ledger: orders, what venues say about them, fills, and the positions that they add up to.

Every verb may be called any number of times with the same content: what is there already is a duplicate, never doubled.
"""

from tradingdb.services.ledger.entries import NewFill, NewOrder, NewOrderEvent, Receipt, Result

__all__ = ["NewFill", "NewOrder", "NewOrderEvent", "Receipt", "Result"]
