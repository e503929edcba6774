"""Service. What the rows tell of exhibits."""

from collections.abc import Collection, Iterator, Sequence
from hashlib import sha256
from typing import Any, ClassVar
from uuid import UUID

from sqlmodel import Session, col

from custody.audit.facts import Claim, Expected, Latest, Span
from custody.canonical import canonical_json
from custody.events import RecordKind
from evidence.exhibits.outcomes import ACCEPTED, SET_ASIDE
from evidence.exhibits.recorded import row_facts
from evidence.exhibits.states import ExhibitState
from evidence.exhibits.tables import ExhibitDecisionRow, ExhibitRow
from export.delivery.tables import DepartureRow
from export.desk.claims.rows import claims_of, columns, dated, digests, grouped, pick
from export.holdings.files import CONTACT_SHEET, COPY, DERIVATION, MASTER
from export.holdings.tables import ExhibitFileRow, ViewingRow
from export.release.tables import ReleaseExhibitRow

_COLUMNS = columns(
    ExhibitRow,
    "id reference title camera displayed_start displayed_end corrected_start corrected_end "
    "description state received_at received_event facts examined_before",
)
_DESCRIBING = ("exhibit.described", "exhibit.corrected")


def exhibits(session: Session, span: Span) -> Iterator[Claim]:
    """Yield a claim for each exhibit of a span, sorted by record."""
    return claims_of(session, _COLUMNS, _Exhibits, span)


class _Exhibits:
    """What the other tables tell of the exhibits from one to another, by their identifiers."""

    kind: ClassVar = RecordKind.EXHIBIT

    def __init__(self, session: Session, first: UUID, last: UUID) -> None:
        file, viewing = ExhibitFileRow, ViewingRow
        self._files = grouped(
            session,
            pick(file.exhibit, file.kind, file.position, file.sha256, file.size)
            .where(
                col(file.exhibit).between(first, last),
                col(file.kind).in_((MASTER, COPY, DERIVATION, CONTACT_SHEET)),
            )
            .order_by(col(file.exhibit), col(file.position), col(file.name).collate("C")),
        )
        left = DepartureRow
        self._released = grouped(
            session,
            pick(
                ReleaseExhibitRow.exhibit,
                left.release,
                left.person,
                left.role,
                left.sha256,
                left.at,
            )
            .join(left, col(left.release) == ReleaseExhibitRow.release)
            .where(col(ReleaseExhibitRow.exhibit).between(first, last))
            .order_by(col(left.at)),
        )
        self._viewed = grouped(
            session,
            pick(viewing.exhibit, file.sha256)
            .join(file, col(viewing.file) == file.id)
            .where(col(viewing.exhibit).between(first, last)),
        )

        decision = ExhibitDecisionRow
        self._decided = grouped(
            session,
            pick(decision.exhibit, decision.event, decision.reason, decision.person, decision.at)
            .where(col(decision.exhibit).between(first, last))
            .order_by(col(decision.at)),
        )

    def claim(self, row: Any) -> Claim:  # noqa: ANN401 - the columns of ExhibitRow
        """Return the claim of one of them."""
        files = self._files[row.id]
        masters, copies, derivations, sheets = (
            [file for file in files if file.kind == kind]
            for kind in (MASTER, COPY, DERIVATION, CONTACT_SHEET)
        )
        facts = sha256(canonical_json(row.facts)).hexdigest()
        examined = [Expected({"facts": before}) for before in row.examined_before]
        never = row.state == ExhibitState.SET_ASIDE and not row.facts
        if row.state != ExhibitState.RECEIVED and not never:
            examined.append(Expected({"facts": facts}))
        return Claim(
            row.id,
            row.reference,
            RecordKind.EXHIBIT,
            {
                "exhibit.received": [
                    Expected(
                        {"files": digests(masters), "at": dated(row.received_at)},
                        id=row.received_event,
                    )
                ],
                "exhibit.examined": examined,
                **_decided(row.state, self._decided[row.id]),
                "exhibit.derived": [
                    Expected({"copy": copy.sha256, "kind": kind, "derivation": derivation.sha256})
                    for kind, some in (("COURT_PLAYABLE", copies), ("STILL", sheets))
                    for copy, derivation in zip(some, derivations, strict=False)
                    if copy.position == derivation.position
                ],
                "exhibit.released": [
                    Expected(
                        {
                            "actor": str(one.person),
                            "role": one.role,
                            "release": str(one.release),
                            "sha256": one.sha256,
                            "at": dated(one.at),
                        }
                    )
                    for one in self._released[row.id]
                ],
                "exhibit.viewed": [Expected({"copy": one.sha256}) for one in self._viewed[row.id]],
            },
            # The clock's comparison stands in it, too: `clock.checked` tells of the first one.
            Latest(_DESCRIBING, {"facts": row_facts(row, masters)}),
            tuple(_flaws(row, {copy.position for copy in copies})),
        )


def _flaws(row: Any, copied: Collection[int]) -> Iterator[str]:  # noqa: ANN401 - as above
    """Say where the state of an exhibit is not the one that its files and its facts have."""
    if row.state not in tuple(ExhibitState):
        yield f"is {row.state}, which is no state"
    wanted = {n for n, facts in enumerate(row.facts) if not facts["needs_person"]}
    if row.state == ExhibitState.READY and not copied:
        yield "is ready, and has no working copy"
    if row.state == ExhibitState.ATTENTION and wanted and wanted <= set(copied):
        yield "needs a person, and every file of it that plays has its working copy"


def _decided(state: str, rows: Sequence[Any]) -> dict[str, list[Expected]]:
    """Return what a person decided of an exhibit, and that its state says the same."""
    events = {
        event: [
            Expected({"reason": one.reason, "actor": str(one.person), "at": dated(one.at)})
            for one in rows
            if one.event == event
        ]
        for event in (ACCEPTED, SET_ASIDE)
    }
    if (state == ExhibitState.SET_ASIDE) != bool(events[SET_ASIDE]):
        # No event can agree with a state that nobody decided, or with a decision that is undone.
        events[SET_ASIDE] = [Expected({"reason": ""})]
    if state == ExhibitState.MASTER_ALONE and not events[ACCEPTED]:
        events[ACCEPTED] = [Expected({"reason": ""})]
    return events
