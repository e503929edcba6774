"""Service. What the rows tell of releases."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar
from uuid import UUID

from sqlmodel import Session, col, func

from custody.approval import Approval
from custody.audit.facts import Claim, Expected, Span
from custody.canonical import JSON
from custody.events import RecordKind
from evidence.exhibits.references import format_release
from evidence.people.tables import PersonRow
from export.delivery.packages import Way
from export.delivery.tables import DepartureRow, HandoffRow, LinkRow
from export.desk.claims.rows import claims_of, columns, dated, digests, grouped, pick
from export.holdings.tables import ExhibitFileRow
from export.package.format import layout
from export.release.contents import goes
from export.release.releases import recipient_words
from export.release.states import ReleaseState
from export.release.tables import (
    EarlierApprovalRow,
    ReleaseExhibitRow,
    ReleaseFileRow,
    ReleaseRow,
)
from export.sealing.steps import SealStep
from export.sealing.tables import SealFileRow, SealStepRow

_COLUMNS = columns(
    ReleaseRow,
    "id urn number kind state basis purpose organisation with_master urgent reason collected_at "
    "proposed_by proposed_at approved_by approved_at seconded_by seconded_at seconded_reason "
    "ended_by ended_at ended_reason taken_by taken_at",
)
_APPROVED = frozenset(
    {ReleaseState.APPROVED, ReleaseState.SEALING, ReleaseState.SEALED, ReleaseState.EXPIRED}
)
_APPROVAL = ("actor", "at", "how", "reason")
_SEALED = {
    "seal": layout.TAG_MANIFEST,
    "signature": layout.SIGNATURE,
    "timestamp": layout.TIMESTAMP,
}
"""The small files of a package whose digests `release.sealed` commits to."""


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
            (pick(chosen.release, chosen.file).where(col(chosen.release).between(first, last))),
        )
        handoff, step, small = HandoffRow, SealStepRow, SealFileRow
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
            pick(earlier.release, earlier.approved_by, earlier.approved_at, earlier.reason).where(
                col(earlier.release).between(first, last)
            ),
        )
        link = LinkRow
        self._links = grouped(
            session,
            pick(link.release, link.number, link.issued_at, link.expires_at, link.revoked_at)
            .where(col(link.release).between(first, last))
            .order_by(col(link.number)),
        )
        self._handoffs = grouped(
            session,
            pick(handoff.release, handoff.system, handoff.reference, handoff.sha256).where(
                col(handoff.release).between(first, last)
            ),
        )
        self._steps = grouped(
            session,
            pick(step.release, step.step, step.facts).where(
                col(step.release).between(first, last),
                col(step.step).in_((SealStep.LEDGER, SealStep.ARCHIVE, SealStep.CHECK)),
            ),
        )
        left = DepartureRow
        self._left = grouped(
            session,
            pick(left.release, left.way, left.person, left.sha256, left.at, left.handoff)
            .where(col(left.release).between(first, last))
            .order_by(col(left.at)),
        )
        digest = func.encode(func.sha256(small.data), "hex").label("digest")
        self._small = grouped(
            session,
            pick(small.release, small.path, digest).where(
                col(small.release).between(first, last),
                col(small.path).in_(_SEALED.values()),
            ),
        )

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
            {
                "release.proposed": [Expected(proposed)],
                "release.approved": _approvals(row, self._earlier[row.id]),
                "release.refused": [Expected({"reason": row.reason})] if refused else [],
                "release.withdrawn": [_ended(row)] if withdrawn else [],
                "release.revoked": [_ended(row)] if revoked else [],
                "link.issued": [
                    Expected(
                        {
                            "recipient": recipient_said,
                            "expires": dated(one.expires_at),
                            "at": dated(one.issued_at),
                        }
                    )
                    for one in self._links[row.id]
                ],
                "handoff.recorded": [
                    Expected(
                        {"system": one.system, "reference": one.reference, "sha256": one.sha256}
                    )
                    for one in self._handoffs[row.id]
                ],
                **self._sealing(row),
            },
            flaws=tuple(self._flaws(row)),
        )

    def _flaws(self, row: Any) -> Iterator[str]:  # noqa: ANN401 - as above
        """Say what the row and its links say that no history of a release gives."""
        ended = row.state in {ReleaseState.REVOKED, ReleaseState.WITHDRAWN}
        if row.state not in tuple(ReleaseState):
            yield f"is {row.state}, which is no state"
        if row.state in _APPROVED and row.approved_at is None:
            yield f"is {row.state}, and nobody approved it"
        if row.state == ReleaseState.PROPOSED and row.approved_at is not None:
            yield "waits for its approval, and was approved"
        for what, who, when, why in (
            ("approved", row.approved_by, row.approved_at, ""),
            ("confirmed", row.seconded_by, row.seconded_at, row.seconded_reason),
            ("taken back", row.ended_by, row.ended_at, row.ended_reason),
        ):
            if (who is None) != (when is None) or (when is None and why):
                yield f"was {what}, and by nobody or at no time"
        if (row.ended_at is not None) != ended:
            yield f"is {row.state}, and was taken back or not"
        yield from _left_or_not(row, self._left[row.id], self._steps[row.id])
        links = self._links[row.id]
        if [one.number for one in links] != list(range(1, len(links) + 1)):
            yield "has links that are not numbered one after another"
        over = links if row.state == ReleaseState.REVOKED else links[:-1]
        if any(one.revoked_at is None for one in over):
            yield "has a link that works though it was ended"

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

    def _sealing(self, row: Any) -> dict[str, list[Expected]]:  # noqa: ANN401 - as above
        """Return what the finished steps of a sealing must have written."""
        done: Mapping[str, Any] = {one.step: one.facts for one in self._steps[row.id]}
        logged, joined, checked = map(done.get, (SealStep.LEDGER, SealStep.ARCHIVE, SealStep.CHECK))
        sealed, assembled, read_back = [], [], []
        if logged is not None:
            small = {one.path: one.digest for one in self._small[row.id]}
            digests: dict[str, JSON] = {name: small.get(path) for name, path in _SEALED.items()}
            sealed.append(Expected(digests, id=UUID(logged["event"])))
        if joined is not None:
            values: dict[str, JSON] = {"crc32": f"{joined['crc32']:08x}", "size": joined["size"]}
            assembled.append(Expected(values))
        if checked is not None and joined is not None:
            read_back.append(Expected({"sha256": checked["sha256"], "size": joined["size"]}))
        elif row.state in {ReleaseState.SEALED, ReleaseState.EXPIRED}:
            # Sealed without a finished reading back: no event can agree with that. A sealing that
            # was given up is revoked without one, and then no `release.checked` may be there.
            read_back.append(Expected({"sha256": "", "size": 0}))
        return {
            "release.sealed": sealed,
            "release.assembled": assembled,
            "release.checked": read_back,
        }


def _left_or_not(row: Any, left: Sequence[Any], steps: Sequence[Any]) -> Iterator[str]:  # noqa: ANN401 - as above
    """Say where a row tells of another departure than those that are kept one by one.

    Each of these is held against the `exhibit.released` of every exhibit in it.
    """
    checked = {one.facts["sha256"] for one in steps if one.step == SealStep.CHECK}
    if (left or row.collected_at is not None) and not checked:
        yield "left the house, and no package of it was read back"
    if row.collected_at != min((one.at for one in left), default=None):
        yield "first left the house at another time than its departures say"
    staff = [(one.person, one.at) for one in left if one.way == Way.STAFF]
    if (row.taken_by, row.taken_at) not in (staff[:1] or [(None, None)]):
        yield "was first fetched by somebody else of the staff than its departures say"
    if any(one.sha256 not in checked for one in left) and checked:
        yield "has a departure of another package than the one that was read back"


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
