"""Two people dispose of an exhibit: nothing of it is left, and the certificate says what went."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

import pytest
from sqlmodel import Session, select

from api.cli.proof.logs.database import audit_session
from api.times import utc_now
from custody.audit.log import take_snapshot
from custody.check.finding import Finding
from custody.ledger.erasure import Replayed, is_destroyed, replay
from custody.ledger.recordkeys import RecordKeys
from custody.ledger.tables import CustodyRecord, RecordKeyRow
from evidence.errors import AccessRefusedError, StateError, UnknownError
from evidence.exhibits.tables import ExhibitRow
from evidence.people.access import Role, Subject
from evidence.requests.states import Path, RequestStep, ReviewOutcome
from export.backup.named import named_objects
from export.disposal.certificates import certificate_digest
from export.disposal.disposals import Disposals
from export.disposal.remnants import objects_of
from export.disposal.states import standing
from export.disposal.tables import DisposalRow
from export.holdings.files import files_of
from storage.errors import NotFoundError
from tests.evidence.fees.tills import KilledError, Steps
from tests.evidence.requests.requesting import decide, request, review
from tests.export.release.release_acts import propose, revoke, sealed
from tests.houses import House

BASIS = "its retention class is over"


@dataclass(frozen=True)
class Archive:
    """A house, and two of information governance."""

    house: House
    second: Subject

    def propose(
        self, exhibit: ExhibitRow, *, early: bool = True, role: str = Role.OPERATOR
    ) -> DisposalRow:
        by, name = self.house.subjects[role], exhibit.reference
        propose = self.house.services.disposals.propose
        return self.house.do(
            role,
            lambda s: propose(s, name, basis=BASIS, early=early, by=by, at=utc_now()),
        )

    def approve(self, row: DisposalRow, by: Subject | None = None) -> None:
        with self.house.services.transaction() as session:
            disposals = self.house.services.disposals
            disposals.approve(session, str(row.id), by=by or self.second, at=utc_now())

    def fresh(self, row: DisposalRow) -> DisposalRow:
        return self.house.look(lambda s: s.get_one(DisposalRow, row.id))

    def faults(self) -> tuple[Finding, ...]:
        for record in self.house.look(lambda s: s.exec(select(CustodyRecord.id)).all()):
            self.house.events(record)

        def look(session: Session) -> tuple[Finding, ...]:
            take_snapshot(session)
            return audit_session(self.house.services, session).failed

        return self.house.look(look)


@pytest.fixture(scope="module")
def archive(house: House) -> Archive:
    with house.services.transaction() as session:
        person = house.services.people.add(session, "Second Governor")
        second = house.services.people.subject(session, person, (Role.GOVERNANCE,))
    return Archive(house, second)


def names(house: House, record: UUID) -> list[str]:
    return [
        one.event for one in house.look(lambda s: house.services.histories.of(s, record, most=99))
    ]


def test_a_disposal_leaves_nothing_but_its_record_and_its_certificate(archive: Archive) -> None:
    house = archive.house
    exhibit = house.unplayable()
    release = sealed(house, exhibit.reference)
    objects = house.look(lambda s: objects_of(s, exhibit))
    assert {one.kind for _, one in objects} >= {"master", "package"}
    assert {key for key, _ in objects} <= {
        one.key for one in house.look(lambda s: list(named_objects(s)))
    }
    with pytest.raises(StateError, match="can be collected: revoke it"):
        archive.propose(exhibit)
    revoke(house, release)
    with pytest.raises(StateError, match="the store keeps it until"):
        archive.propose(exhibit, early=False)
    row = archive.propose(exhibit)
    archive.approve(row)
    house.services.disposals.run(row.id)
    for key, one in objects:
        with pytest.raises(NotFoundError):
            house.services.vault.lock(key, one.version)
    # A backup does not look for what went on record.
    named = {one.key for one in house.look(lambda s: list(named_objects(s)))}
    assert not named & {key for key, _ in objects}
    assert house.look(lambda s: is_destroyed(s, exhibit.id))
    by = house.subjects[Role.AUDITOR]
    data = house.look(lambda s: house.services.disposals.certificate(s, str(row.id), by=by))
    said = json.loads(data)
    assert {file["sha256"] for file in said["destroyed"]["files"]} == {
        one.sha256 for _, one in objects
    }
    assert said["before_retention_ended"] is True
    assert said["approved"]["by"].startswith("Second Governor (")
    events = house.events(row.id)
    assert [name for name, _ in events] == [
        *("disposal.proposed", "disposal.approved", "disposal.done")
    ]
    assert events[-1][1]["certificate"] == certificate_digest(data)
    assert names(house, exhibit.id)[-1] == "exhibit.disposed"
    after = house.look(lambda s: s.get_one(ExhibitRow, exhibit.id))
    assert (after.reference, after.state) == (exhibit.reference, "disposed")
    assert (after.title, after.camera, after.description) == ("", "", {})
    assert all(
        file.original_name == "" and file.name == str(file.id)
        for file in house.look(lambda s: files_of(s, exhibit.id))
    )
    assert not archive.faults()
    with pytest.raises(StateError, match="was disposed of"):
        propose(house, exhibit.reference)


def test_nobody_disposes_alone_and_a_refusal_keeps_it(archive: Archive) -> None:
    house = archive.house
    exhibit, own = house.unplayable(), house.subjects[Role.GOVERNANCE]
    with pytest.raises(AccessRefusedError):
        archive.propose(exhibit, role=Role.AUDITOR)
    row = archive.propose(exhibit, role=Role.GOVERNANCE)
    with pytest.raises(StateError, match="proposed already"):
        archive.propose(exhibit)
    with pytest.raises(AccessRefusedError, match="must not approve it"):
        archive.approve(row, own)
    house.services.disposals.run(row.id)
    assert archive.fresh(row).done_at is None, "nobody approved it"
    with house.services.transaction() as session:
        refuse = house.services.disposals.refuse
        refuse(session, str(row.id), by=own, at=utc_now(), reason="a solicitor wrote")
    assert standing(archive.fresh(row)) == "refused"
    with pytest.raises(StateError, match="refused"):
        archive.approve(row)
    with pytest.raises(UnknownError), house.services.transaction() as session:
        house.services.disposals.find(session, "x")


def test_a_hold_and_an_open_request_keep_it(archive: Archive) -> None:
    house, by = archive.house, archive.house.subjects[Role.GOVERNANCE]
    exhibit = house.unplayable()
    row = archive.propose(exhibit)
    archive.approve(row)
    holds, name = house.services.holds, str(exhibit.id)
    act = partial(house.do, Role.GOVERNANCE)
    act(lambda s: holds.place(s, name, reason="appeal", by=by, at=utc_now()))
    with pytest.raises(StateError, match="legal hold"):
        house.services.disposals.run(row.id)
    assert not house.look(lambda s: is_destroyed(s, exhibit.id))
    act(lambda s: holds.lift(s, name, reason="decided", by=by, at=utc_now()))
    at = utc_now()
    asked = request(house, Path.COUNCIL, at, email="keeps@council.example")
    decide(house, asked, RequestStep.COVERED, Role.OPERATOR, at)
    review(house, asked, ReviewOutcome.FOUND, at, exhibit)
    with pytest.raises(StateError, match=f"request {asked.urn} is open"):
        archive.approve(row)
    decide(house, asked, RequestStep.WITHDRAWN, Role.OPERATOR, at)
    archive.approve(row)
    house.services.disposals.run(row.id)
    assert archive.fresh(row).done_at is not None


def stepped(archive: Archive, steps: Steps) -> Disposals:
    services = archive.house.services
    return Disposals(
        partial(steps.around, archive.house),
        services.ledger,
        services.people,
        services.exhibits,
        services.papers,
        services.holds.vault,
        services.jobs,
        council="Barchester",
        retention_days=31,
        clock=services.clock,
    )


@pytest.mark.parametrize("how", ["undone", "after"])
@pytest.mark.parametrize("number", [0, 1])
def test_killed_between_any_two_steps_it_goes_on(archive: Archive, number: int, how: str) -> None:
    house, exhibit = archive.house, archive.house.unplayable()
    row = archive.propose(exhibit)
    archive.approve(row)
    with pytest.raises(KilledError):
        stepped(archive, Steps(number, how)).run(row.id)
    house.services.disposals.run(row.id)
    assert archive.fresh(row).certificate is not None
    assert names(house, exhibit.id).count("exhibit.disposed") == 1
    assert names(house, row.id).count("disposal.done") == 1


def test_a_disposal_is_replayed_by_the_event_in_the_record_itself(archive: Archive) -> None:
    house, exhibit = archive.house, archive.house.unplayable()
    row = archive.propose(exhibit)
    archive.approve(row)
    with pytest.raises(KilledError):
        stepped(archive, Steps(0, "after")).run(row.id)
    house.events(row.id)
    house.turns.wait(lambda: house.look(lambda s: house.services.ledger.history(s, exhibit.id)))
    with house.services.transaction() as session:
        keys = RecordKeys(house.services.keyring.record_kek, bytes)
        assert exhibit.id in replay(session, keys).destroyed
        assert is_destroyed(session, exhibit.id)
    house.services.disposals.run(row.id)
    assert archive.fresh(row).done_at is not None
    assert not archive.faults()


def test_what_the_retention_ended_of_goes_without_a_word_about_it(archive: Archive) -> None:
    house, exhibit = archive.house, archive.house.unplayable()
    later: datetime = utc_now() + timedelta(days=house.services.council.retention_days + 1)
    by = house.subjects[Role.OPERATOR]
    with house.services.transaction() as session:
        row = house.services.disposals.propose(
            session, exhibit.reference, basis=BASIS, by=by, at=later
        )
        assert row.early is False
        session.rollback()


def test_what_a_backup_brings_back_of_it_is_taken_away_again(archive: Archive) -> None:
    house, exhibit = archive.house, archive.house.unplayable()
    kept = house.look(lambda s: s.get_one(RecordKeyRow, exhibit.id).wrapped)
    before = house.look(lambda s: s.get_one(ExhibitRow, exhibit.id))
    row = archive.propose(exhibit)
    archive.approve(row)
    house.services.disposals.run(row.id)
    house.turns.wait(lambda: house.look(lambda s: house.services.ledger.history(s, exhibit.id)))
    with house.services.transaction() as session:
        session.add(RecordKeyRow(record=exhibit.id, wrapped=kept))
        again = session.get_one(ExhibitRow, exhibit.id)
        again.title, again.state, again.description = "Jo Smith", before.state, before.description
    assert exhibit.id in house.services.restored.erase_again().destroyed
    after = house.look(lambda s: s.get_one(ExhibitRow, exhibit.id))
    assert (after.title, after.state, after.description) == ("", "disposed", {})
    assert house.services.restored.erase_again() == Replayed((), ())
    assert not archive.faults()
