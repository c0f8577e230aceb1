"""What a reconciliation finds, and the entries that it proposes."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tradingdb.core.json import dump_json, load_json
from tradingdb.models.trading import DifferenceKind, ProposedEntry, RecordedDifference
from tradingdb.services import cash, ledger

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from tradingdb.database import WriteSession
    from tradingdb.errors import TradingDBError

Entry = ledger.NewOrder | ledger.NewOrderEvent | ledger.NewFill | cash.NewMovement


@dataclass(frozen=True, slots=True)
class Proposal:
    """An entry that would explain a difference."""

    verb: str
    """What records it: submit_order, record_event, record_fill, record_movement."""
    entry: Entry
    error: TradingDBError | None = None
    """Why the ledger refuses it."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that the venue says otherwise than the ledger."""

    kind: DifferenceKind
    subject: str
    """The order, the instrument or the currency."""
    ours: Mapping[str, Any]
    venue: Mapping[str, Any]
    proposals: tuple[Proposal, ...] = ()
    remedy: str | None = None
    """What to do where nothing can be proposed. None beside no proposal: what others propose explains this too."""

    @property
    def is_explained(self) -> bool:
        """Whether entries are proposed that the ledger takes, or those of other differences explain it."""
        return self.remedy is None and all(proposal.error is None for proposal in self.proposals)


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """How the ledger differed from the venue."""

    account_id: UUID
    taken_at: datetime
    differences: tuple[Difference, ...]
    is_applied: bool
    """Whether what is proposed was recorded."""

    @property
    def unexplained(self) -> tuple[Difference, ...]:
        """What is left when everything that is proposed is recorded."""
        return tuple(difference for difference in self.differences if not difference.is_explained)

    @property
    def is_true(self) -> bool:
        """Whether the ledger now says what the venue says."""
        return not (self.unexplained if self.is_applied else self.differences)


async def proposed(session: WriteSession, entries: Sequence[Entry]) -> list[Proposal]:
    """Record entries, and say which the ledger took: they are tried before they are proposed."""
    proposals: list[Proposal] = []
    for entry in entries:
        if isinstance(entry, ledger.NewOrder):
            verb, (receipt,) = "submit_order", await ledger.submit_orders(session, [entry])
        elif isinstance(entry, ledger.NewOrderEvent):
            verb, (receipt,) = "record_event", await ledger.record_events(session, [entry])
        elif isinstance(entry, ledger.NewFill):
            verb, (receipt,) = "record_fill", await ledger.record_fills(session, [entry])
        else:
            verb, (receipt,) = "record_movement", await cash.record_movements(session, [entry])
        proposals.append(Proposal(verb, entry, receipt.error))
    return proposals


def recorded(difference: Difference) -> RecordedDifference:
    """The difference as it is stored."""
    return RecordedDifference(
        kind=difference.kind,
        subject=difference.subject,
        ours=_plain(difference.ours),
        venue=_plain(difference.venue),
        proposals=[
            ProposedEntry(
                verb=proposal.verb,
                entry=_plain(_fields(proposal.entry)),
                error=None if proposal.error is None else str(proposal.error),
            )
            for proposal in difference.proposals
        ],
        remedy=difference.remedy,
    )


def _fields(entry: Entry) -> dict[str, Any]:
    """What an entry says: fields that are not at their default."""
    return {
        field.name: value
        for field in dataclasses.fields(entry)
        if (value := getattr(entry, field.name)) != field.default and value not in (None, {})
    }


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = load_json(dump_json(values))
    return found
