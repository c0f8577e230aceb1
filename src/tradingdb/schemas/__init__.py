"""Contracts: what may be written to, changed in and shown of every table, as pydantic models made from its columns.

`from tradingdb.schemas import OrderCreate, OrderUpdate, OrderRead`, or `contracts(Order)` for all three. They are made
when they are first asked for; their fields and types stand in the stub beside this module.
"""

from typing import Any

from tradingdb.schemas.contract import CreateContract, ReadContract, UpdateContract
from tradingdb.schemas.derive import Contracts, contracts, mapped_models

_SORTS = {"Create": "create", "Update": "update", "Read": "read"}
_MODELS = {model.__name__: model for model in mapped_models()}

__all__ = ["Contracts", "CreateContract", "ReadContract", "UpdateContract", "contracts"]


def __getattr__(name: str) -> Any:
    """The contract of a name such as OrderCreate."""
    for suffix, sort in _SORTS.items():
        model = _MODELS.get(name.removesuffix(suffix)) if name.endswith(suffix) else None
        contract = getattr(contracts(model), sort) if model else None
        if contract is not None:
            return contract
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    made = [
        f"{name}{suffix}"
        for name, model in _MODELS.items()
        for suffix, sort in _SORTS.items()
        if getattr(contracts(model), sort) is not None
    ]
    return sorted([*__all__, *made])
