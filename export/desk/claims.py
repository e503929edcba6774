"""Service. What the database tells of exhibits and releases, to be held against the ledger.

Over 300 lines: exhibits and releases are claimed by the same means, in batches.
"""

import heapq
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import CursorResult, Select, func, inspect, select
from sqlmodel import Session, col

from custody.audit.facts import WHOLE, Claim, Expected, Latest, Span
from custody.canonical import JSON, canonical_json
from custody.events import RecordKind
from evidence.exhibits.recorded import row_facts
from evidence.exhibits.references import format_release
from evidence.exhibits.states import ExhibitState
from evidence.exhibits.tables import ExhibitRow
from export.delivery.tables import HandoffRow
from export.holdings.files import CONTACT_SHEET, COPY, DERIVATION, MASTER
from export.holdings.tables import ExhibitFileRow, LegalHoldRow, ViewingRow
from export.package.format import layout
from export.release.contents import goes
from export.release.states import ReleaseState
from export.release.tables import (
    EarlierApprovalRow,
    ReleaseExhibitRow,
    ReleaseFileRow,
    ReleaseRow,
)
from export.sealing.steps import SealStep
from export.sealing.tables import SealFileRow, SealStepRow

_AT_ONCE = 500
"""Exhibits, or releases, of which everything is read together: a statement a table."""
_DESCRIBING = ("exhibit.described", "exhibit.corrected")
_SEALED = {
    "seal": layout.TAG_MANIFEST,
    "signature": layout.SIGNATURE,
    "timestamp": layout.TIMESTAMP,
}
"""The small files of a package whose digests `release.sealed` commits to."""


def _columns(table: type[ExhibitRow | ReleaseRow], names: str) -> Sequence[Any]:
    columns = inspect(table).local_table.c
    return [columns[name] for name in names.split()]


_OF_EXHIBITS = _columns(
    ExhibitRow,
    "id reference title camera displayed_start displayed_end corrected_start corrected_end "
    "description state received_at received_event facts",
)
_OF_RELEASES = _columns(
    ReleaseRow,
    "id urn number kind state basis purpose with_master reason approved_at seconded_at "
    "seconded_reason ended_reason",
)


def claims(session: Session, span: Span = WHOLE) -> Iterator[Claim]:
    """Yield a claim for each exhibit and each release of a span, sorted by record."""
    yield from heapq.merge(
        _of_each(session, _OF_EXHIBITS, _Exhibits, span),
        _of_each(session, _OF_RELEASES, _Releases, span),
        key=lambda claim: claim.record,
    )


def _of_each(
    session: Session,
    columns: Sequence[Any],
    read: "type[_Exhibits | _Releases]",
    span: Span,
) -> Iterator[Claim]:
    """Yield the claims of one table, some hundred rows at once; the first column is its key."""
    identifier = columns[0]
    rows = session.connection().execute(
        select(*columns)
        .where(identifier.between(span.first, span.last))
        .order_by(identifier)
        .execution_options(yield_per=_AT_ONCE)
    )
    for some in rows.partitions():
        known = read(session, some[0].id, some[-1].id)
        yield from map(known.claim, some)


class _Exhibits:
    """What the other tables tell of the exhibits from one to another, by their identifiers."""

    def __init__(self, session: Session, first: UUID, last: UUID) -> None:
        file, viewing = ExhibitFileRow, ViewingRow
        self._files = _grouped(
            session.connection().execute(
                _pick(file.exhibit, file.kind, file.position, file.sha256, file.size)
                .where(
                    col(file.exhibit).between(first, last),
                    col(file.kind).in_((MASTER, COPY, DERIVATION, CONTACT_SHEET)),
                )
                .order_by(col(file.exhibit), col(file.position), col(file.name).collate("C"))
            )
        )
        self._released = _grouped(
            session.connection().execute(
                _pick(ReleaseExhibitRow.exhibit, ReleaseRow.id)
                .join(ReleaseRow, col(ReleaseExhibitRow.release) == ReleaseRow.id)
                .where(
                    col(ReleaseExhibitRow.exhibit).between(first, last),
                    col(ReleaseRow.collected_at).is_not(None),
                )
            )
        )
        self._viewed = _grouped(
            session.connection().execute(
                _pick(viewing.exhibit, file.sha256)
                .join(file, col(viewing.file) == file.id)
                .where(col(viewing.exhibit).between(first, last))
            )
        )
        hold = LegalHoldRow
        self._held = _grouped(
            session.connection().execute(
                _pick(hold.exhibit, hold.reason, hold.lifted_at, hold.lifted_reason).where(
                    col(hold.exhibit).between(first, last)
                )
            )
        )

    def claim(self, row: Any) -> Claim:  # noqa: ANN401 - the columns of ExhibitRow
        """Return the claim of one of them."""
        files = self._files[row.id]
        masters, copies, derivations, sheets = (
            [file for file in files if file.kind == kind]
            for kind in (MASTER, COPY, DERIVATION, CONTACT_SHEET)
        )
        facts = sha256(canonical_json(row.facts)).hexdigest()
        examined = [] if row.state == ExhibitState.RECEIVED else [Expected({"facts": facts})]
        held = self._held[row.id]
        return Claim(
            row.id,
            row.reference,
            RecordKind.EXHIBIT,
            {
                "exhibit.received": [
                    Expected(
                        {"files": _digests(masters)}, id=row.received_event, at=row.received_at
                    )
                ],
                "exhibit.examined": examined,
                "exhibit.derived": [
                    Expected({"copy": copy.sha256, "kind": kind, "derivation": derivation.sha256})
                    for kind, some in (("COURT_PLAYABLE", copies), ("STILL", sheets))
                    for copy, derivation in zip(some, derivations, strict=False)
                    if copy.position == derivation.position
                ],
                "exhibit.released": [
                    Expected({"release": str(one.id)}) for one in self._released[row.id]
                ],
                "exhibit.viewed": [Expected({"copy": one.sha256}) for one in self._viewed[row.id]],
                "hold.placed": [Expected({"reason": one.reason}) for one in held],
                "hold.lifted": [
                    Expected({"reason": one.lifted_reason})
                    for one in held
                    if one.lifted_at is not None
                ],
            },
            # The clock's comparison stands in it, too: `clock.checked` tells of the first one.
            Latest(_DESCRIBING, {"facts": row_facts(row, masters)}),
        )


class _Releases:
    """What the other tables tell of the releases from one to another, by their identifiers."""

    def __init__(self, session: Session, first: UUID, last: UUID) -> None:
        carried, file, chosen = ReleaseExhibitRow, ExhibitFileRow, ReleaseFileRow
        self._exhibits = _grouped(
            session.connection().execute(
                _pick(carried.release, carried.exhibit).where(
                    col(carried.release).between(first, last)
                )
            )
        )
        self._files = _grouped(
            session.connection().execute(
                _pick(
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
                .order_by(col(file.position), col(file.name).collate("C"))
            )
        )
        self._chosen = _grouped(
            session.connection().execute(
                _pick(chosen.release, chosen.file).where(col(chosen.release).between(first, last))
            )
        )
        handoff, step, small = HandoffRow, SealStepRow, SealFileRow
        self._handoffs = _grouped(
            session.connection().execute(
                _pick(handoff.release, handoff.system, handoff.reference, handoff.sha256).where(
                    col(handoff.release).between(first, last)
                )
            )
        )
        self._steps = _grouped(
            session.connection().execute(
                _pick(step.release, step.step, step.facts).where(
                    col(step.release).between(first, last),
                    col(step.step).in_((SealStep.LEDGER, SealStep.ARCHIVE, SealStep.CHECK)),
                )
            )
        )
        earlier = EarlierApprovalRow
        self._earlier = _grouped(
            session.connection().execute(
                _pick(earlier.release, earlier.reason).where(
                    col(earlier.release).between(first, last)
                )
            )
        )
        digest = func.encode(func.sha256(small.data), "hex").label("digest")
        self._small = _grouped(
            session.connection().execute(
                _pick(small.release, small.path, digest).where(
                    col(small.release).between(first, last),
                    col(small.path).in_(_SEALED.values()),
                )
            )
        )

    def claim(self, row: Any) -> Claim:  # noqa: ANN401 - the columns of ReleaseRow
        """Return the claim of one of them."""
        proposed: dict[str, JSON] = {
            "kind": row.kind,
            "basis": row.basis,
            "purpose": row.purpose,
            "exhibits": [str(one.exhibit) for one in self._exhibits[row.id]],
            "files": _digests(self._carried(row)),
        }
        refused = row.state == ReleaseState.REFUSED
        revoked = row.state == ReleaseState.REVOKED
        return Claim(
            row.id,
            format_release(row.urn, row.number),
            RecordKind.RELEASE,
            {
                "release.proposed": [Expected(proposed)],
                "release.approved": [
                    *(Expected(_given(row, one.reason)) for one in self._earlier[row.id]),
                    *_approvals(row),
                ],
                "release.refused": [Expected({"reason": row.reason})] if refused else [],
                "release.revoked": [Expected({"reason": row.ended_reason})] if revoked else [],
                "handoff.recorded": [
                    Expected(
                        {"system": one.system, "reference": one.reference, "sha256": one.sha256}
                    )
                    for one in self._handoffs[row.id]
                ],
                **self._sealing(row),
            },
        )

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


def _given(row: Any, reason: str) -> dict[str, JSON]:  # noqa: ANN401 - as above
    """Return what is known of an approval that a correction undid, beside what `_approvals` is."""
    return {} if row.state == ReleaseState.REFUSED else {"reason": reason}


def _approvals(row: Any) -> list[Expected]:  # noqa: ANN401 - as above
    """Return the approvals: the second one of an urgent release is an event of its own."""
    if row.approved_at is None:
        return []
    if row.state == ReleaseState.REFUSED:
        # A refusal after an approval has put its own reason in the place of the first.
        return [Expected({})] if row.seconded_at is None else [Expected({}), Expected({})]
    approvals = [Expected({"reason": row.reason})]
    if row.seconded_at is not None:
        approvals.append(Expected({"reason": row.seconded_reason}))
    return approvals


def _digests(files: Iterable[Any]) -> list[JSON]:
    return [{"sha256": file.sha256, "size": file.size} for file in files]


def _grouped(found: CursorResult[Any]) -> Mapping[UUID, list[Any]]:
    """Return rows by their first column."""
    groups: dict[UUID, list[Any]] = defaultdict(list)
    for row in found.all():
        groups[row[0]].append(row)
    return groups


def _pick(*columns: Any) -> "Select[Any]":  # noqa: ANN401 - more columns than SQLModel can type
    """Select columns instead of objects: each of these costs as much as ten rows."""
    return select(*columns)
