"""Edge. A release as the town planned it, and how a decision about it is written down."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from benchmarks.growth.bulk import Bulk
from benchmarks.growth.chance import Exhibit, File
from custody.formats.approval import Approval
from custody.ledger.ledger import Person, Values
from export.release.contents import released_kinds
from export.release.proposals import ReleaseKind

LINK_DAYS = 14
BY_LINK = frozenset({"offered", "revoked", "collected"})
"""The fates of those that go by link."""


@dataclass(slots=True)
class Release:
    """One release: its row, which is written when it is proposed, as it will be in the end."""

    exhibits: Sequence[Exhibit]
    fate: str
    kind: ReleaseKind
    recipient: Person
    proposer: Person
    """Who proposes it, and takes it out if staff do."""
    row: dict[str, Any] = field(default_factory=dict)
    sha256: str = ""

    @property
    def id(self) -> UUID:
        """Its record."""
        return UUID(str(self.row["id"]))

    @property
    def records(self) -> list[UUID]:
        """Its record, and those of its exhibits."""
        return [self.id, *(exhibit.id for exhibit in self.exhibits)]

    def going(self, exhibit: Exhibit) -> list[File]:
        """Return which files of an exhibit go with it."""
        kinds = released_kinds(with_master=self.row["with_master"])
        return [file for file in exhibit.files if file.kind in kinds]


def decide(
    bulk: Bulk, release: Release, event: str, *, by: Person, at: datetime, reason: str
) -> None:
    """Write down what a releaser decided about a release."""
    values: Values = {"actor": by, "role": "releaser", "reason": reason}
    if event == "release.approved":
        alone = Approval.URGENT if release.row["urgent"] else Approval.SECOND_PERSON
        confirmed = by.record == release.row["seconded_by"]
        values = {**values, "how": (Approval.CONFIRMED if confirmed else alone).value}
    bulk.append(release.id, event, values, at=at)
