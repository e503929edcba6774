"""Service. What the database tells of exhibits and releases, to be held against the ledger."""

import heapq
from collections.abc import Iterator
from hashlib import sha256
from uuid import UUID

from sqlmodel import Session, col, select

from custody.audit.facts import Claim, Expected
from custody.canonical import JSON, canonical_json
from custody.events import RecordKind
from evidence.exhibits.states import ExhibitState
from evidence.exhibits.tables import ExhibitRow
from export.delivery.tables import HandoffRow
from export.holdings.files import COPY, DERIVATION, MASTER, files_of
from export.holdings.tables import ExhibitFileRow, LegalHoldRow, ViewingRow
from export.package.format import layout
from export.package.format.assembly import packed_file, seal_of
from export.release.contents import carried
from export.release.states import ReleaseState
from export.release.tables import ReleaseExhibitRow, ReleaseRow
from export.sealing.steps import SealStep, SealStore

_ROWS_AT_ONCE = 100


def claims(session: Session) -> Iterator[Claim]:
    """Yield a claim for each exhibit and each release, sorted by record."""
    exhibits = session.exec(
        select(ExhibitRow).order_by(col(ExhibitRow.id)).execution_options(yield_per=_ROWS_AT_ONCE)
    )
    releases = session.exec(
        select(ReleaseRow).order_by(col(ReleaseRow.id)).execution_options(yield_per=_ROWS_AT_ONCE)
    )
    yield from heapq.merge(
        (_exhibit(session, row) for row in exhibits),
        (_release(session, row) for row in releases),
        key=lambda claim: claim.record,
    )


def _exhibit(session: Session, row: ExhibitRow) -> Claim:
    masters, copies, derivations = (
        files_of(session, row.id, kind) for kind in (MASTER, COPY, DERIVATION)
    )
    facts = sha256(canonical_json(row.facts)).hexdigest()
    examined = [] if row.state == ExhibitState.RECEIVED else [Expected({"facts": facts})]
    return Claim(
        row.id,
        row.reference,
        RecordKind.EXHIBIT,
        {
            "exhibit.received": [Expected({"files": _digests(masters)}, id=row.received_event)],
            "clock.checked": [
                Expected({"offset_ms": row.clock["offset_ms"], "reference": row.clock["reference"]})
            ],
            "exhibit.examined": examined,
            "exhibit.derived": [
                Expected({"copy": copy.sha256, "derivation": derivation.sha256})
                for copy, derivation in zip(copies, derivations, strict=False)
            ],
            "exhibit.released": [
                Expected({"release": str(release)}) for release in _collected(session, row.id)
            ],
            "exhibit.viewed": _views(session, row.id),
            **_holds(session, row.id),
        },
    )


def _digests(files: list[ExhibitFileRow]) -> list[JSON]:
    return [{"sha256": file.sha256, "size": file.size} for file in files]


def _views(session: Session, exhibit: UUID) -> list[Expected]:
    copies = session.exec(
        select(ExhibitFileRow.sha256)
        .join(ViewingRow, col(ViewingRow.file) == ExhibitFileRow.id)
        .where(ViewingRow.exhibit == exhibit)
    )
    return [Expected({"copy": copy}) for copy in copies]


def _holds(session: Session, exhibit: UUID) -> dict[str, list[Expected]]:
    rows = session.exec(select(LegalHoldRow).where(LegalHoldRow.exhibit == exhibit)).all()
    return {
        "hold.placed": [Expected({"reason": row.reason}) for row in rows],
        "hold.lifted": [
            Expected({"reason": row.lifted_reason}) for row in rows if row.lifted_at is not None
        ],
    }


def _collected(session: Session, exhibit: UUID) -> Iterator[UUID]:
    """Return the releases of an exhibit that have left the house."""
    yield from session.exec(
        select(ReleaseRow.id)
        .join(ReleaseExhibitRow, col(ReleaseExhibitRow.release) == ReleaseRow.id)
        .where(
            ReleaseExhibitRow.exhibit == exhibit,
            col(ReleaseRow.collected_at).is_not(None),
        )
    )


def _release(session: Session, row: ReleaseRow) -> Claim:
    exhibits = session.exec(
        select(ReleaseExhibitRow.exhibit).where(ReleaseExhibitRow.release == row.id)
    ).all()
    files = [file for exhibit in exhibits for file in carried(session, row, exhibit)]
    proposed: dict[str, JSON] = {
        "kind": row.kind,
        "basis": row.basis,
        "purpose": row.purpose,
        "exhibits": [str(exhibit) for exhibit in exhibits],
        "files": _digests(files),
    }
    refused = row.state == ReleaseState.REFUSED
    revoked = row.state == ReleaseState.REVOKED
    return Claim(
        row.id,
        f"{row.urn}-R{row.number}",
        RecordKind.RELEASE,
        {
            "release.proposed": [Expected(proposed)],
            "release.approved": _approvals(row),
            "release.refused": [Expected({"reason": row.reason})] if refused else [],
            "release.revoked": [Expected({"reason": row.ended_reason})] if revoked else [],
            "handoff.recorded": _handoffs(session, row.id),
            **_sealing(session, row),
        },
    )


def _approvals(row: ReleaseRow) -> list[Expected]:
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


def _handoffs(session: Session, release: UUID) -> list[Expected]:
    rows = session.exec(select(HandoffRow).where(HandoffRow.release == release))
    return [
        Expected({"system": row.system, "reference": row.reference, "sha256": row.sha256})
        for row in rows
    ]


def _sealing(session: Session, row: ReleaseRow) -> dict[str, list[Expected]]:
    """Return what the finished steps of a sealing must have written."""
    store = SealStore(row.id)
    logged, joined, checked = (
        store.facts(session, step) for step in (SealStep.LEDGER, SealStep.ARCHIVE, SealStep.CHECK)
    )
    sealed, assembled, read_back = [], [], []
    if logged is not None:
        small = store.small(session)
        values: dict[str, JSON] = {
            "seal": seal_of(small[layout.TAG_MANIFEST]),
            "signature": packed_file("", small[layout.SIGNATURE]).sha256,
            "timestamp": packed_file("", small[layout.TIMESTAMP]).sha256,
        }
        sealed.append(Expected(values, id=UUID(logged["event"])))
    if joined is not None:
        values = {"crc32": f"{joined['crc32']:08x}", "size": joined["size"]}
        assembled.append(Expected(values))
    if checked is not None and joined is not None:
        read_back.append(Expected({"sha256": checked["sha256"], "size": joined["size"]}))
    elif row.state in {ReleaseState.SEALED, ReleaseState.EXPIRED, ReleaseState.REVOKED}:
        # Sealed without a finished reading back: no event can agree with that.
        read_back.append(Expected({"sha256": "", "size": 0}))
    return {
        "release.sealed": sealed,
        "release.assembled": assembled,
        "release.checked": read_back,
    }
