"""Service. What the rows tell of releases."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar
from uuid import UUID

from sqlmodel import Session, col

from custody.audit.facts import Claim, Expected, Span, Standing
from custody.formats.approval import Approval
from custody.formats.canonical import JSON
from custody.formats.events import RecordKind
from custody.ledger.erasure import RECIPIENT_ERASED, WORDS
from evidence.exhibits.references import format_release
from evidence.people.tables import PersonRow
from export.desk.claims.leaving.departures import Departures
from export.desk.claims.leaving.feedback import FeedbackTold
from export.desk.claims.leaving.papers import PapersTold
from export.desk.claims.leaving.sealings import Sealings
from export.desk.claims.rows import claims_of, columns, dated, digests, grouped, pick
from export.holdings.tables import ExhibitFileRow
from export.release.contents import goes
from export.release.releases import conditions_of, recipient_words
from export.release.states import ReleaseState
from export.release.tables import (
    EarlierApprovalRow,
    ReleaseErasureRow,
    ReleaseExhibitRow,
    ReleaseFileRow,
    ReleaseRow,
)
from export.sealing.aftercare.papers import ERASED

_COLUMNS = columns(
    ReleaseRow,
    "id urn number kind state basis purpose organisation with_master urgent reason collected_at "
    "proposed_by proposed_at approved_by approved_at seconded_by seconded_at seconded_reason "
    "ended_by ended_at ended_reason delivery link_days replaces taken_by taken_at",
)
_APPROVED = frozenset(
    {ReleaseState.APPROVED, ReleaseState.SEALING, ReleaseState.SEALED, ReleaseState.EXPIRED}
)
_APPROVAL = ("actor", "at", "how", "reason")
_MOVES: Mapping[ReleaseState, tuple[str, ...]] = {
    ReleaseState.PROPOSED: ("release.proposed",),
    ReleaseState.APPROVED: ("release.proposed",),
    ReleaseState.REFUSED: ("release.refused",),
    ReleaseState.WITHDRAWN: ("release.withdrawn",),
    ReleaseState.SEALING: ("release.proposed", "release.sealed", "release.assembled"),
    ReleaseState.SEALED: ("release.checked", "link.issued"),
    ReleaseState.EXPIRED: ("release.expired",),
    ReleaseState.REVOKED: ("release.revoked",),
}
"""Which events come last in each state; approvals left out, of which one may come later."""
_MOVING = frozenset(name for names in _MOVES.values() for name in names)


def releases(session: Session, span: Span) -> Iterator[Claim]:
    """Yield a claim for each release of a span, sorted by record."""
    return claims_of(session, _COLUMNS, _Releases, span)


class _Releases:
    """What the other tables tell of the releases from one to another, by their identifiers."""

    kind: ClassVar = RecordKind.RELEASE

    def __init__(self, session: Session, first: UUID, last: UUID) -> None:
        carried, file, chosen = ReleaseExhibitRow, ExhibitFileRow, ReleaseFileRow
        self._exhibits = grouped(
            session,
            pick(carried.release, carried.exhibit).where(col(carried.release).between(first, last)),
        )
        self._files = grouped(
            session,
            pick(
                carried.release,
                file.exhibit,
                file.id,
                file.kind,
                file.position,
                file.sha256,
                file.size,
            )
            .join(file, col(file.exhibit) == carried.exhibit)
            .where(col(carried.release).between(first, last))
            .order_by(col(file.position), col(file.name).collate("C")),
        )
        self._chosen = grouped(
            session,
            pick(chosen.release, chosen.file, chosen.fixed).where(
                col(chosen.release).between(first, last)
            ),
        )
        person = PersonRow
        self._recipients = grouped(
            session,
            pick(ReleaseRow.id, col(person.id).label("person"), person.name, person.email)
            .join(person, col(ReleaseRow.recipient) == person.id)
            .where(col(ReleaseRow.id).between(first, last)),
        )
        earlier = EarlierApprovalRow
        self._earlier = grouped(
            session,
            pick(
                earlier.release,
                earlier.number,
                earlier.approved_by,
                earlier.approved_at,
                earlier.reason,
            ).where(col(earlier.release).between(first, last)),
        )
        gone = ReleaseErasureRow
        self._erased = grouped(
            session,
            pick(gone.release, gone.person, gone.at, gone.reason).where(
                col(gone.release).between(first, last)
            ),
        )
        self._papers = PapersTold(session, first, last)
        self._feedback = FeedbackTold(session, first, last)
        self._departures = Departures(session, first, last)
        self._sealings = Sealings(session, first, last)

    def claim(self, row: Any) -> Claim:  # noqa: ANN401 - the columns of ReleaseRow
        """Return the claim of one of them."""
        recipient_said = "".join(
            recipient_words(one.person, one.name, one.email, row.organisation)
            for one in self._recipients[row.id]
        )
        proposed: dict[str, JSON] = {
            "actor": str(row.proposed_by),
            "at": dated(row.proposed_at),
            "recipient": recipient_said,
            "kind": row.kind,
            "basis": row.basis,
            "purpose": row.purpose,
            "conditions": conditions_of(
                row, [one.file for one in self._chosen[row.id] if not one.fixed]
            ),
            "exhibits": [str(one.exhibit) for one in self._exhibits[row.id]],
            "files": digests(self._carried(row)),
        }
        refused = row.state == ReleaseState.REFUSED
        revoked = row.state == ReleaseState.REVOKED
        withdrawn = row.state == ReleaseState.WITHDRAWN
        return Claim(
            row.id,
            format_release(row.urn, row.number),
            RecordKind.RELEASE,
            self._as_far_as_kept(
                row.id,
                {
                    "release.proposed": [Expected(proposed)],
                    "release.approved": _approvals(row, self._earlier[row.id]),
                    "release.refused": [Expected({"reason": row.reason})] if refused else [],
                    "release.withdrawn": [_ended(row)] if withdrawn else [],
                    "release.revoked": [_ended(row)] if revoked else [],
                    **self._departures.events(row.id, recipient_said),
                },
            )
            | {
                RECIPIENT_ERASED: [
                    Expected({"actor": str(one.person), "at": dated(one.at), "reason": one.reason})
                    for one in self._erased[row.id]
                ],
                **self._feedback.events(row.id),
                ERASED: self._papers.erasures(row.id),
                **self._sealings.events(row, erased=self._papers.erased(row.id)),
            },
            flaws=(
                *self._flaws(row),
                *self._feedback.flaws(row.id),
                *self._departures.flaws(row, self._sealings.packages(row.id)),
            ),
            standing=_standing(row.state),
            among=self._departures.among(row.id),
        )

    def _as_far_as_kept(
        self, release: UUID, events: Mapping[str, Sequence[Expected]]
    ) -> dict[str, Sequence[Expected]]:
        """Return the events without what went with a recipient who was erased."""
        if not self._erased[release]:
            return dict(events)
        gone = WORDS | {"recipient"}
        return {
            name: [
                Expected({k: v for k, v in one.values.items() if k not in gone}, one.id)
                for one in some
            ]
            for name, some in events.items()
        }

    def _flaws(self, row: Any) -> Iterator[str]:  # noqa: ANN401 - as above
        """Say what the row and its links say that no history of a release gives."""
        ended = row.state in {ReleaseState.REVOKED, ReleaseState.WITHDRAWN}
        if row.state not in tuple(ReleaseState):
            yield f"is {row.state}, which is no state"
        if row.state in _APPROVED and row.approved_at is None:
            yield f"is {row.state}, and nobody approved it"
        if row.state == ReleaseState.PROPOSED and row.approved_at is not None:
            yield "waits for its approval, and was approved"
        yield from _signed(row)
        if (row.ended_at is not None) != ended:
            yield f"is {row.state}, and was taken back or not"
        words = (row.organisation, row.purpose, row.reason, row.seconded_reason, row.ended_reason)
        if self._erased[row.id] and any(words):
            yield "has words of a recipient who was erased"
        yield from self._papers.flaws(row, sealed=self._sealings.read_back(row.id))
        numbers = [one.number for one in self._earlier[row.id]]
        if sorted(numbers) != list(range(1, len(numbers) + 1)):
            yield "has earlier approvals that are not numbered one after another"

    def _carried(self, row: Any) -> list[Any]:  # noqa: ANN401 - as above
        """Return the files that a release carries, exhibit by exhibit."""
        chosen = frozenset(one.file for one in self._chosen[row.id])
        of_exhibit = defaultdict[UUID, list[Any]](list)
        for file in self._files[row.id]:
            of_exhibit[file.exhibit].append(file)
        return [
            file
            for files in of_exhibit.values()
            for file in files
            if goes(file, files, chosen, with_master=row.with_master)
        ]


def _signed(row: Any) -> Iterator[str]:  # noqa: ANN401 - as above
    """Say where somebody did something at no time, or nobody at some time, or too early."""
    for what, who, when, why in (
        ("approved", row.approved_by, row.approved_at, ""),
        ("confirmed", row.seconded_by, row.seconded_at, row.seconded_reason),
        ("taken back", row.ended_by, row.ended_at, row.ended_reason),
    ):
        if (who is None) != (when is None) or (when is None and why):
            yield f"was {what}, and by nobody or at no time"


def _standing(state: str) -> Standing:
    """Return with which event a release must have come into its state."""
    names = _MOVES[ReleaseState(state)] if state in tuple(ReleaseState) else ()
    return Standing(state, _MOVING, {name: {} for name in names})


def _ended(row: Any) -> Expected:  # noqa: ANN401 - as above
    """Return how a release was taken back, or its proposal withdrawn."""
    values: dict[str, JSON] = {
        "actor": str(row.ended_by),
        "reason": row.ended_reason,
        "at": dated(row.ended_at),
    }
    return Expected(values)


def _approvals(row: Any, earlier: Sequence[Any]) -> list[Expected]:  # noqa: ANN401 - as above
    """Return the approvals: the second one of an urgent release is an event of its own.

    Beside those of the row there may be ``earlier`` ones, which a correction undid.
    """
    given: list[dict[str, JSON]] = [
        {"actor": str(one.approved_by), "at": dated(one.approved_at), "reason": one.reason}
        for one in earlier
    ]
    if row.approved_at is not None:
        first = str(row.approved_by), dated(row.approved_at), _how(row), row.reason
        given.append(dict(zip(_APPROVAL, first, strict=True)))
    if row.seconded_at is not None:
        confirmed = Approval.CONFIRMED.value
        second = str(row.seconded_by), dated(row.seconded_at), confirmed, row.seconded_reason
        given.append(dict(zip(_APPROVAL, second, strict=True)))
    # A refusal after an approval has put its own reason in the place of the first. How those came
    # about that were undone, no row says. What is not said of one is not compared of any.
    left_out = {"reason"} if row.state == ReleaseState.REFUSED else set()
    left_out |= {"how"} if earlier else set()
    return [
        Expected({field: value for field, value in one.items() if field not in left_out})
        for one in given
    ]


def _how(row: Any) -> str:  # noqa: ANN401 - as above
    if row.urgent:
        return Approval.URGENT.value
    alone = row.approved_by == row.proposed_by
    return (Approval.ALONE if alone else Approval.SECOND_PERSON).value
