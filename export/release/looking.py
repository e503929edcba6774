"""Service. What whoever decides about a release looks at: what goes, what stays, and pictures.

Pictures are footage: each working copy is shown inside a view of its own (`export/holdings/views`),
which is an event with the digest of that copy. The approval then names what was shown.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from evidence.exhibits.tables import ExhibitRow
from export.holdings.files import CLOCK_SHOWN, COPY, SOURCE_FRAMES, files_among
from export.holdings.tables import ExhibitFileRow
from export.holdings.views import open_views, sheet_positions
from export.release.contents import carried_of
from export.release.releases import Releases
from export.release.tables import ReleaseRow

_MOST_NAMED = 40
"""Copies that an approval names with their digests; `exhibit.viewed` tells of each one."""


@dataclass(frozen=True, slots=True)
class Considered:
    """One exhibit of a release, as it is looked at before somebody decides."""

    exhibit: ExhibitRow
    goes: Sequence[ExhibitFileRow]
    stays: Sequence[ExhibitFileRow]
    copies: Sequence[ExhibitFileRow]
    """Its working copies, whether they go or not: they show what a master shows."""
    sheets: frozenset[int]
    """Which of them have stills, by the position of their masters."""
    views: Mapping[UUID, UUID]
    """The views in which this person is shown copies now: by the copy, the view."""

    @property
    def shown(self) -> bool:
        """Whether every copy of it is shown."""
        return all(copy.id in self.views for copy in self.copies)


def considered(
    session: Session, releases: Releases, row: ReleaseRow, *, person: UUID, at: datetime
) -> Sequence[Considered]:
    """Return what somebody looks at before they decide about a release, exhibit by exhibit."""
    exhibits = releases.exhibits(session, row.id)
    ids = [exhibit.id for exhibit in exhibits]
    files, views = files_among(session, ids), open_views(session, person, ids, at=at)
    found = []
    for exhibit, goes in carried_of(session, row, exhibits):
        going = {file.id for file in goes}
        rest = [one for one in files.get(exhibit.id, ()) if one.id not in going]
        copies = [one for one in files.get(exhibit.id, ()) if one.kind == COPY]
        # The list of a master's pictures is what copies are compared with, and what is drawn anew
        # of a photograph is for our own pages: neither ever goes.
        stays = [one for one in rest if one.kind not in {SOURCE_FRAMES, CLOCK_SHOWN}]
        sheets = sheet_positions(files.get(exhibit.id, ()))
        found.append(Considered(exhibit, goes, stays, copies, sheets, views))
    return found


def shown_words(
    session: Session, releases: Releases, row: ReleaseRow, *, person: UUID, at: datetime
) -> str:
    """Return which copies somebody was shown before they decided, with digests; empty: none."""
    shown = [
        f"{copy.name} (SHA-256 {copy.sha256})"
        for one in considered(session, releases, row, person=person, at=at)
        for copy in one.copies
        if copy.id in one.views
    ]
    if not shown:
        return ""
    more = [f"and {len(shown) - _MOST_NAMED} more"] if len(shown) > _MOST_NAMED else []
    return "shown before the decision: " + ", ".join([*shown[:_MOST_NAMED], *more])
