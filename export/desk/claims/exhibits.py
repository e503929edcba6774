"""Service. What the rows tell of exhibits."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar
from uuid import UUID

from sqlmodel import Session, col

from custody.audit.facts import Claim, Expected, Gathered, Latest, Span, Standing
from custody.formats.canonical import JSON
from custody.formats.events import RecordKind
from evidence.exhibits.exhibits import EXTENDED, STORED
from evidence.exhibits.outcomes import ACCEPTED, DISPOSED, RETRIED, SET_ASIDE
from evidence.exhibits.recorded import facts_digest, row_facts
from evidence.exhibits.states import ExhibitState
from evidence.exhibits.tables import ExhibitDecisionRow, ExhibitRow
from evidence.retention.reviews import CLASSIFIED, REVIEWED
from export.delivery.tables import DepartureRow
from export.desk.claims.rows import claims_of, columns, dated, digests, grouped, pick
from export.holdings.files import (
    CLOCK_PICTURE,
    CONTACT_SHEET,
    COPY,
    DERIVATION,
    MASTER,
    ORIGINAL,
    place_of,
)
from export.holdings.statements import STATING
from export.holdings.tables import ExhibitFileRow, ViewingRow
from export.intake.malware import FOUND
from export.intake.tables import UploadRow
from export.release.tables import ReleaseExhibitRow

_COLUMNS = columns(
    ExhibitRow,
    "id reference title camera displayed_start displayed_end corrected_start corrected_end "
    "description state received_at received_event facts findings "
    "examined_before read_at retention_class review_due_at",
)
_STATES = frozenset({STORED, RETRIED, ACCEPTED, SET_ASIDE})
"""The events that say in which state an exhibit is."""


def exhibits(session: Session, span: Span) -> Iterator[Claim]:
    """Yield a claim for each exhibit of a span, sorted by record."""
    return claims_of(session, _COLUMNS, _Exhibits, span)


_STORED = ("bucket", "key", "version", "sha256", "size", "crc32")
_UPLOAD = (*_STORED, "scan", "removed_by", "removed_at", "removed_reason")
_NAMED = ("id", "kind", "position", "name", "original_name", "words", "stored_at", "added_by")
_FILE = (*_NAMED, *_STORED)


class _Exhibits:
    """What the other tables tell of the exhibits from one to another, by their identifiers."""

    kind: ClassVar = RecordKind.EXHIBIT

    def __init__(self, session: Session, first: UUID, last: UUID) -> None:
        file, viewing = ExhibitFileRow, ViewingRow
        self._files = grouped(
            session,
            pick(file.exhibit, *(getattr(file, name) for name in _FILE))
            .where(col(file.exhibit).between(first, last))
            .order_by(col(file.exhibit), col(file.position), col(file.name).collate("C")),
        )
        left, carried = DepartureRow, ReleaseExhibitRow
        self._released = grouped(
            session,
            pick(
                carried.exhibit,
                left.release,
                left.person,
                left.role,
                left.sha256,
                left.at,
            )
            .join(left, col(left.release) == carried.release)
            .where(col(carried.exhibit).between(first, last))
            .order_by(col(left.at)),
        )
        self._carried = grouped(
            session,
            pick(carried.exhibit, carried.corrected_at).where(
                col(carried.exhibit).between(first, last)
            ),
        )
        self._viewed = grouped(
            session,
            pick(viewing.exhibit, viewing.person, viewing.at, file.sha256)
            .outerjoin(file, (col(viewing.file) == file.id) & (col(file.kind) == COPY))
            .where(col(viewing.exhibit).between(first, last)),
        )
        upload = UploadRow
        self._uploads = grouped(
            session,
            pick(upload.exhibit, *(getattr(upload, name) for name in _UPLOAD)).where(
                col(upload.exhibit).between(first, last)
            ),
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
        if row.state == ExhibitState.DISPOSED:
            return _disposed(row)
        masters = [file for file in files if file.kind == MASTER]
        came = [file for file in files if file.kind in ORIGINAL]
        first = [file for file in came if file.added_by is None]
        facts = facts_digest(row.facts)
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
                        {"files": digests(first), "at": dated(row.received_at)},
                        id=row.received_event,
                    )
                ],
                EXTENDED: _extended(came),
                "exhibit.examined": examined,
                **_decided(row.state, self._decided[row.id]),
                "exhibit.derived": _derived(files),
                DISPOSED: [],
                **_never_reviewed(row),
                "exhibit.released": _released(self._released[row.id]),
                "exhibit.viewed": [
                    Expected({"copy": one.sha256, "actor": str(one.person), "at": dated(one.at)})
                    for one in self._viewed[row.id]
                ],
            },
            latest=tuple(_latest(row, masters)),
            flaws=tuple(_flaws(row, files, self._uploads[row.id])),
            standing=_standing(row.state),
            gathered=Gathered(STORED, "places", "name", tuple(map(place_of, files))),
            among={
                "integrity.checked": (
                    [] if row.read_at is None else [Expected({"at": dated(row.read_at)})]
                ),
                "exhibit.corrected": [
                    Expected({"at": dated(one.corrected_at)})
                    for one in self._carried[row.id]
                    if one.corrected_at is not None
                ],
            },
        )


def _disposed(row: Any) -> Claim:  # noqa: ANN401 - as above
    """Return what is claimed of an exhibit that was disposed of: that it was."""
    return Claim(row.id, row.reference, RecordKind.EXHIBIT, {DISPOSED: [Expected({})]})


def _derived(files: Sequence[Any]) -> list[Expected]:
    """Return what was made of its masters: copies and sheets, each with its derivation."""
    copies, sheets, derivations = (
        [file for file in files if file.kind == kind] for kind in (COPY, CONTACT_SHEET, DERIVATION)
    )
    return [
        Expected({"copy": copy.sha256, "kind": kind, "derivation": derivation.sha256})
        for kind, some in (("COURT_PLAYABLE", copies), ("STILL", sheets))
        for copy in some
        for derivation in derivations
        if copy.position == derivation.position
    ]


def _released(departures: Sequence[Any]) -> list[Expected]:
    """Return each time that a release with it left the house."""
    return [
        Expected(
            {
                "actor": str(one.person),
                "role": one.role,
                "release": str(one.release),
                "sha256": one.sha256,
                "at": dated(one.at),
            }
        )
        for one in departures
    ]


def _latest(row: Any, masters: Sequence[Any]) -> Iterator[Latest]:  # noqa: ANN401 - as above
    """Return what the last events must say of it that each say everything anew."""
    # The clock's comparison stands in it, too: `clock.checked` tells of the first one.
    yield Latest(STATING, {"facts": row_facts(row, masters)})
    if row.facts:
        # Before it is examined, and again once it is to be examined anew, it has none: a flaw else.
        yield Latest((STORED,), {"findings": facts_digest(row.findings)})
    if row.retention_class is not None:
        yield Latest((CLASSIFIED,), {"retention_class": row.retention_class})
    if row.review_due_at is not None:
        yield Latest((CLASSIFIED, REVIEWED), {"review": dated(row.review_due_at)})


def _never_reviewed(row: Any) -> dict[str, list[Expected]]:  # noqa: ANN401 - as above
    """Return which events there cannot be, because the row says nothing of what they say."""
    none: dict[str, list[Expected]] = {}
    if row.retention_class is None:
        none[CLASSIFIED] = []
    if row.review_due_at is None:
        none[CLASSIFIED], none[REVIEWED] = [], []
    return none


def _standing(state: str) -> Standing:
    """Return with which event an exhibit must have come into its state."""
    kept: dict[str, JSON] = {"state": state}
    by: dict[str, dict[str, JSON]] = {STORED: kept, RETRIED: kept}
    if state == ExhibitState.MASTER_ALONE:
        by = {ACCEPTED: {}, RETRIED: kept, STORED: kept}
    if state == ExhibitState.SET_ASIDE:
        by = {SET_ASIDE: {}, RETRIED: kept, STORED: kept}
    return Standing(state, _STATES, by)


def _flaws(
    row: Any,  # noqa: ANN401 - as above
    files: Sequence[Any],
    uploads: Sequence[Any],
) -> Iterator[str]:
    """Say where an exhibit, its files and the uploads that became its masters contradict."""
    copied = {file.position for file in files if file.kind == COPY}
    pictures = {file.sha256 for file in files if file.kind == CLOCK_PICTURE}
    came = [file for file in files if file.kind in {*ORIGINAL, CLOCK_PICTURE}]
    if sorted(map(_bytes_of, came)) != sorted(map(_bytes_of, uploads)):
        yield "has files that are not the uploads that it was made of"
    if any(upload.removed_at or upload.removed_by or upload.removed_reason for upload in uploads):
        yield "was made of an upload that somebody took away"
    found = any(upload.scan.startswith(FOUND) for upload in uploads)
    codes = {one.get("code") for one in row.findings if isinstance(one, Mapping)}
    if "malware" in codes and not found:
        yield "has malware by its findings, and none by what the scanner said"
    if not row.facts and row.findings:
        yield "was never examined, and has findings"
    if row.state not in tuple(ExhibitState):
        yield f"is {row.state}, which is no state"
    wanted = {n for n, facts in enumerate(row.facts) if not facts["needs_person"]}
    wanted_picture = (row.description.get("clock_check") or {}).get("picture")
    if wanted_picture is not None and wanted_picture not in pictures:
        yield "states a picture of its clock that it does not have"
    if row.state == ExhibitState.READY and not copied:
        yield "is ready, and has no working copy"
    if row.state == ExhibitState.ATTENTION and wanted and wanted <= set(copied):
        yield "needs a person, and every file of it that plays has its working copy"


def _extended(came: Sequence[Any]) -> list[Expected]:
    """Return which files came later, event by event."""
    groups: dict[UUID, list[Any]] = {}
    for file in came:
        if file.added_by is not None:
            groups.setdefault(file.added_by, []).append(file)
    return [
        Expected({"files": digests(files), "at": dated(files[0].stored_at)}, id=event)
        for event, files in groups.items()
    ]


def _bytes_of(row: Any) -> tuple[Any, ...]:  # noqa: ANN401 - as above
    """Return where bytes lie and what they are, as files and uploads both tell it."""
    return tuple(getattr(row, name) for name in _STORED)


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
