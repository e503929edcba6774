"""Service. What the rows tell of the papers of sealings: there, or erased on record."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, func

from custody.audit.facts import Expected
from export.desk.claims.rows import dated, grouped, pick
from export.sealing.aftercare.papers import KEPT
from export.sealing.tables import SealErasureRow, SealFileRow


class PapersTold:
    """What is told of the papers of the releases from one to another, by their identifiers."""

    def __init__(self, session: Session, first: UUID, last: UUID) -> None:
        gone, small = SealErasureRow, SealFileRow
        self._erased = grouped(
            session,
            pick(gone.release, gone.person, gone.at, gone.reason).where(
                col(gone.release).between(first, last)
            ),
        )
        self._there = grouped(
            session,
            pick(small.release, func.count().label("files"))
            .where(col(small.release).between(first, last), col(small.path).not_in(KEPT))
            .group_by(col(small.release)),
        )

    def erased(self, release: UUID) -> bool:
        """Tell whether its papers were erased, so that nobody can compare them any more."""
        return bool(self._erased[release])

    def erasures(self, release: UUID) -> list[Expected]:
        """Return the event that there must be of each erasure."""
        return [
            Expected({"actor": str(one.person), "at": dated(one.at), "reason": one.reason})
            for one in self._erased[release]
        ]

    def flaws(self, row: Any, *, sealed: bool) -> Iterator[str]:  # noqa: ANN401 - of a release
        """Say what cannot be: papers that were erased, or that went by themselves."""
        if self._there[row.id] and self._erased[row.id]:
            yield "has papers of its sealing that were erased"
        if sealed and not self._there[row.id] and not self._erased[row.id]:
            yield "has lost the papers of its sealing, and nobody erased them"
