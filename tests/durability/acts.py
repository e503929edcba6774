"""What people do with the service, and what must be true however often it was killed meanwhile."""

import io
from collections import Counter
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from sqlalchemy import text
from sqlmodel import col, select

from api.acts import act
from api.builders.record.trust import trust_file
from api.cli.proof.logs.database import audit_session
from api.cli.proof.verify import FileReader
from api.services import Services
from custody.formats.trust import parse_trust
from custody.ledger.tables import CustodyEventRow
from evidence.attention import calls_to
from evidence.exhibits.clocks import LONDON
from evidence.exhibits.particulars import NewExhibit
from evidence.exhibits.states import ExhibitState
from evidence.exhibits.tables import ExhibitRow
from evidence.people.access import Role, Subject
from export.holdings.masters import Arrived
from export.package.verify.report import Verdict, report_table
from export.package.verify.verify import verify
from export.release.proposals import NewRelease, ReleaseKind
from export.release.states import ReleaseState
from export.release.tables import ReleaseRow
from export.sealing.steps import SealStep, SealStore

EXHIBIT_EVENTS = Counter(
    [
        "exhibit.received",
        "exhibit.described",
        "clock.checked",
        "exhibit.examined",
        "exhibit.derived",
        "exhibit.derived",
        *("exhibit.stored",) * 3,
    ]
)
RELEASE_EVENTS = Counter(
    f"release.{what}" for what in ("proposed", "approved", "sealed", "assembled", "checked")
)
RECHECKED = "integrity.checked"
"""Beside these: an unclean start reads again what was acknowledged."""


class ViolationError(AssertionError):
    """Something is not as it must be; the message says what to look at."""


def require(holds: object, words: str) -> None:
    """Demand that something holds."""
    if not holds:
        raise ViolationError(words)


def subject(services: Services, role: Role) -> Subject:
    """Return whoever the first start's token of a role speaks for."""
    token = (services.settings.tokens / f"{role}.token").read_text(encoding="ascii")
    with services.transaction() as session:
        found = services.tokens.find(session, token, at=services.clock())
    assert found is not None
    return found


def new_exhibit(services: Services, reference: str = "JS") -> NewExhibit:
    """Describe a clip of a camera that nobody has."""
    starts = services.clock().astimezone(LONDON).replace(microsecond=0) - timedelta(hours=3)
    return NewExhibit(
        reference=reference,
        camera="BAR-0017",
        displayed_start=starts.isoformat(),
        displayed_end=(starts + timedelta(seconds=1)).isoformat(),
        clock_offset_ms=0,
    )


def take_in(services: Services, clip: Path, *, reference: str = "JS") -> UUID:
    """Take in a clip as the operator would; return the exhibit."""
    operator = subject(services, Role.OPERATOR)
    with clip.open("rb") as file:
        stored = services.intake.store(file, by=operator, size=clip.stat().st_size)
    now = services.clock()
    with services.transaction() as session:
        upload = services.intake.keep(session, stored, at=now)
        return services.masters.add(
            session,
            new_exhibit(services, reference),
            [Arrived(upload, clip.name)],
            by=operator,
            at=now,
        ).id


def release(services: Services, exhibits: list[UUID]) -> UUID:
    """Propose and approve a release of exhibits, and ask for its sealing; return it."""
    operator, releaser = (subject(services, role) for role in (Role.OPERATOR, Role.RELEASER))
    with services.transaction() as session:
        rows = session.exec(select(ExhibitRow).where(col(ExhibitRow.id).in_(exhibits))).all()
        names = tuple(row.reference for row in rows)
    proposed = act(
        services,
        operator,
        lambda session: services.proposals.propose(
            session,
            NewRelease(
                exhibits=names,
                kind=ReleaseKind.POLICE,
                recipient_name="DC Alex Example",
                recipient_email="alex.example@barchester.police.example",
                organisation="Barchester Constabulary (fictional)",
                purpose="a test",
                basis="DPA 2018 Sch 2 para 2",
            ),
            by=operator,
            at=services.clock(),
        ),
    )
    name = str(proposed.id)
    act(
        services,
        releaser,
        lambda session: services.decisions.approve(
            session, name, by=releaser, at=services.clock(), reason="necessary"
        ),
    )
    act(
        services,
        releaser,
        lambda session: services.decisions.start_sealing(session, name, by=releaser),
    )
    return proposed.id


def check_nobody_is_needed(services: Services, record: UUID) -> None:
    """Check that no job has given up on an exhibit or a release."""
    with services.transaction() as session:
        for call in calls_to(session, record):
            raise ViolationError(f"{call.job} of {record} gave up: {call.words}")


def is_done(services: Services, record: UUID) -> bool:
    """Tell whether an exhibit or a release is done, with its jobs, and has its place in the log.

    Raises:
        ViolationError: a job has given up on it.
    """
    check_nobody_is_needed(services, record)
    with services.transaction() as session:
        waiting = session.connection().scalar(
            text("SELECT count(*) FROM procrastinate_jobs WHERE args->>'subject' = :record"),
            {"record": str(record)},
        )
        exhibit, released = session.get(ExhibitRow, record), session.get(ReleaseRow, record)
        require(exhibit or released, f"there is no {record}")
        done = (
            exhibit.state == ExhibitState.READY
            if exhibit is not None
            else released is not None and released.state == ReleaseState.SEALED
        )
        return (
            done and not waiting and None not in services.ledger.indices(session, record).values()
        )


def check_record(services: Services, record: UUID) -> None:
    """Check that a record that is done has one set of custody events, without a gap."""
    with services.transaction() as session:
        rows = session.exec(
            select(CustodyEventRow)
            .where(CustodyEventRow.record == record)
            .order_by(col(CustodyEventRow.n))
        ).all()
        kind = session.get(ExhibitRow, record)
    numbers = [row.n for row in rows]
    require(numbers == list(range(len(rows))), f"{record} has the events number {numbers}")
    found = Counter(row.event for row in rows)
    del found[RECHECKED], found["exhibit.released"]
    wanted = RELEASE_EVENTS if kind is None else EXHIBIT_EVENTS
    require(found == wanted, f"{record} has the events {found}, expected {wanted}")


def check_package(services: Services, record: UUID) -> bytes:
    """Check that a sealed package is what `custos verify --trust` calls verified; return it."""
    store = SealStore(record)
    with services.transaction() as session:
        archive = store.facts(session, SealStep.ARCHIVE) or {}
    data = services.vault.read(archive["key"], archive["version"], limit=100_000_000)
    trust = parse_trust(trust_file(services.settings, services.keyring))
    report = verify(FileReader(io.BytesIO(data), len(data)), trust)
    require(report.verdict is Verdict.VERIFIED, f"package {record}:\n{report_table(report)}")
    return data


def check_log(services: Services) -> int:
    """Check the whole log against the database; return its size."""
    with services.transaction() as session:
        report = audit_session(services, session)
    words = "\n".join(f"{one.words} [{one.subject}]" for one in report.failed)
    require(not report.failed, f"the audit of the log says:\n{words}")
    return report.size
