"""Legal holds: decided by people, recorded, and kept by the store against everybody."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from botocore.exceptions import ClientError
from mypy_boto3_s3 import S3Client
from sqlalchemy import text

from api.running.worker import worker
from api.times import utc_now
from evidence.errors import AccessRefusedError, InvalidError, StateError
from evidence.exhibits.references import file_safe
from evidence.exhibits.tables import ExhibitRow
from evidence.people.access import Role
from export.desk.claims.claims import claims
from export.holdings.files import COPY, files_of
from export.holdings.holds import JOB_HOLD, Holds, HoldState, held_of, is_held
from export.holdings.tables import ExhibitFileRow, LegalHoldRow
from export.package.format import layout
from export.release.proposals import ReleaseKind
from export.sealing.steps import SealStore
from storage.embedded.engines import S3Access
from storage.errors import ConflictError, RefusedError, UnavailableError
from tests.export.holdings.test_viewing import give
from tests.houses import WANTED, House

Connect = Callable[[S3Access], S3Client]
REASON = "Coroner's request, see file 2026/17"


@pytest.fixture
def exhibit(house: House) -> ExhibitRow:
    return house.exhibit()


def place(house: House, exhibit: ExhibitRow, role: str = Role.OPERATOR, why: str = REASON) -> UUID:
    return house.do(
        role,
        lambda session: (
            house.services.holds.place(
                session, exhibit.reference, reason=why, by=house.subjects[role], at=utc_now()
            ).id
        ),
    )


def lift(house: House, exhibit: ExhibitRow, role: str = Role.RELEASER, why: str = REASON) -> UUID:
    return house.do(
        role,
        lambda session: (
            house.services.holds.lift(
                session, exhibit.reference, reason=why, by=house.subjects[role], at=utc_now()
            ).id
        ),
    )


def standings(house: House, exhibit: ExhibitRow) -> list[HoldState]:
    found = house.look(lambda session: house.services.holds.of(session, exhibit.id))
    return [one.standing for one in found]


def held_in_store(house: House, exhibit: ExhibitRow) -> list[bool]:
    files = house.look(lambda session: files_of(session, exhibit.id))
    return [house.services.vault.lock(file.key, file.version).legal_hold for file in files]


def waiting_jobs(house: House, subject: UUID) -> list[str]:
    found = text("SELECT task_name FROM procrastinate_jobs WHERE args->>'subject' = :subject")
    with house.services.transaction() as session:
        rows = session.connection().execute(found, {"subject": str(subject)})
        return [row[0] for row in rows]


def test_a_hold_is_an_event_a_job_and_a_row_together(house: House, exhibit: ExhibitRow) -> None:
    place(house, exhibit)
    [row] = [one.row for one in house.look(lambda s: house.services.holds.of(s, exhibit.id))]
    [(name, values)] = house.events(row.id)
    assert (name, values["exhibit"]) == ("hold.placed", str(exhibit.id))
    assert values["actor"] == house.subjects[Role.OPERATOR].words
    assert (values["role"], values["reason"]) == ("operator", REASON)
    assert JOB_HOLD in waiting_jobs(house, exhibit.id)
    lift(house, exhibit)
    assert [name for name, _ in house.events(row.id)] == ["hold.placed", "hold.lifted"]
    assert not any(name.startswith("hold.") for name, _ in house.events(exhibit.id))


def test_a_hold_that_is_undone_leaves_nothing(house: House, exhibit: ExhibitRow) -> None:
    def undone(session: object) -> None:
        house.services.holds.place(
            session,  # type: ignore[arg-type]
            exhibit.reference,
            reason=REASON,
            by=house.subjects[Role.OPERATOR],
            at=utc_now(),
        )
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        house.do(Role.OPERATOR, undone)
    assert JOB_HOLD not in waiting_jobs(house, exhibit.id)
    assert not house.look(lambda session: is_held(session, exhibit.id))
    assert [name for name, _ in house.events(exhibit.id)][-1] == "exhibit.stored"


def test_under_a_hold_not_even_disposal_can_delete(
    house: House, exhibit: ExhibitRow, s3: Connect
) -> None:
    give(house, exhibit, COPY, 0, b"a copy")
    place(house, exhibit)
    assert held_in_store(house, exhibit) == [False, False]
    house.services.holds.apply(exhibit.id)
    assert held_in_store(house, exhibit) == [True, True]
    disposal = s3(house.services.addresses.disposal)

    def delete(file: ExhibitFileRow) -> None:
        disposal.delete_object(
            Bucket=file.bucket,
            Key=file.key,
            VersionId=file.version,
            BypassGovernanceRetention=True,
        )

    files = house.look(lambda session: files_of(session, exhibit.id))
    for file in files:
        with pytest.raises(ClientError, match="AccessDenied"):
            delete(file)
    lift(house, exhibit)
    house.services.holds.apply(exhibit.id)
    assert held_in_store(house, exhibit) == [False, False]
    delete(files[1])
    assert house.services.vault.find(files[1].key) is None


def test_the_page_is_told_what_the_store_was_seen_to_do(house: House, exhibit: ExhibitRow) -> None:
    place(house, exhibit)
    assert standings(house, exhibit) == [HoldState.APPLYING]
    house.services.holds.apply(exhibit.id)
    assert standings(house, exhibit) == [HoldState.HELD]
    house.services.holds.apply(exhibit.id)  # again: nothing changes
    assert standings(house, exhibit) == [HoldState.HELD]
    lift(house, exhibit)
    assert standings(house, exhibit) == [HoldState.LIFTING]
    house.services.holds.apply(exhibit.id)
    assert standings(house, exhibit) == [HoldState.LIFTED]
    place(house, exhibit)
    assert standings(house, exhibit) == [HoldState.APPLYING, HoldState.LIFTED]
    house.services.holds.apply(exhibit.id)
    assert standings(house, exhibit) == [HoldState.HELD, HoldState.LIFTED]
    assert all(held_in_store(house, exhibit))


def test_an_earlier_hold_is_over_though_the_store_was_not_asked_in_between(
    house: House, exhibit: ExhibitRow
) -> None:
    place(house, exhibit)
    lift(house, exhibit)
    place(house, exhibit)
    house.services.holds.apply(exhibit.id)
    assert standings(house, exhibit) == [HoldState.HELD, HoldState.LIFTED]


def test_a_file_that_comes_later_is_not_called_held_before_it_is(
    house: House, exhibit: ExhibitRow
) -> None:
    place(house, exhibit)
    house.services.holds.apply(exhibit.id)
    later = give(house, exhibit, COPY, 0, b"made afterwards")
    moved = text("UPDATE exhibit_file SET stored_at = :at WHERE id = :id")
    at = utc_now() + timedelta(seconds=1)
    house.look(lambda s: s.connection().execute(moved, {"at": at, "id": later}))
    assert standings(house, exhibit) == [HoldState.APPLYING]
    assert held_in_store(house, exhibit) == [True, False]


def test_the_worker_holds_what_it_makes_of_a_held_exhibit(
    house: House, exhibit: ExhibitRow
) -> None:
    place(house, exhibit)
    remove = text("DELETE FROM procrastinate_jobs WHERE args->>'subject' = :subject")
    house.look(lambda s: s.connection().execute(remove, {"subject": str(exhibit.id)}))
    app = worker(house.services)._app
    app.tasks["exhibit.examine"].func(None, str(exhibit.id))
    assert JOB_HOLD in waiting_jobs(house, exhibit.id)


def test_an_exhibit_that_never_was_held_is_left_alone(house: House, exhibit: ExhibitRow) -> None:
    class Untouched:
        def hold(self, *_: object, **__: object) -> None:
            pytest.fail("the store was asked")

    holds_over(house, Untouched()).apply(exhibit.id)
    house.services.holds.follow(exhibit.id)
    assert JOB_HOLD not in waiting_jobs(house, exhibit.id)


def test_whoever_takes_clips_in_could_not_hold_them(house: House, exhibit: ExhibitRow) -> None:
    place(house, exhibit)
    with pytest.raises(RefusedError):
        holds_over(house, house.services.vault).apply(exhibit.id)
    assert standings(house, exhibit) == [HoldState.APPLYING]


def test_a_store_that_goes_away_in_between_leaves_the_hold_being_applied(
    house: House, exhibit: ExhibitRow
) -> None:
    give(house, exhibit, COPY, 0, b"the second file")

    class Failing:
        asked = 0

        def hold(self, key: str, version: str, *, on: bool) -> None:
            self.asked += 1
            if self.asked > 1:
                raise UnavailableError("gone")
            house.services.holds._vault.hold(key, version, on=on)

    place(house, exhibit)
    with pytest.raises(UnavailableError):
        holds_over(house, Failing()).apply(exhibit.id)
    assert standings(house, exhibit) == [HoldState.APPLYING]
    assert sorted(held_in_store(house, exhibit)) == [False, True]
    house.services.holds.apply(exhibit.id)  # tried again
    assert held_in_store(house, exhibit) == [True, True]


def test_a_hold_lifted_while_it_is_applied_is_not_called_held(
    house: House, exhibit: ExhibitRow
) -> None:
    class Meanwhile:
        def hold(self, key: str, version: str, *, on: bool) -> None:
            house.services.holds._vault.hold(key, version, on=on)
            lift(house, exhibit)

    place(house, exhibit)
    holds_over(house, Meanwhile()).apply(exhibit.id)
    assert standings(house, exhibit) == [HoldState.LIFTING]
    house.services.holds.apply(exhibit.id)
    assert standings(house, exhibit) == [HoldState.LIFTED]
    assert held_in_store(house, exhibit) == [False]


def holds_over(house: House, vault: object) -> Holds:
    services = house.services
    return Holds(
        services.transaction,
        vault,  # type: ignore[arg-type]
        services.exhibits,
        services.ledger,
        services.jobs,
        clock=utc_now,
    )


def test_there_is_one_hold_at_a_time(house: House, exhibit: ExhibitRow) -> None:
    with pytest.raises(StateError, match="no legal hold"):
        lift(house, exhibit)
    place(house, exhibit)
    with pytest.raises(StateError, match="already"):
        place(house, exhibit)
    lift(house, exhibit)
    with pytest.raises(StateError, match="no legal hold"):
        lift(house, exhibit)
    place(house, exhibit)
    assert house.look(lambda s: held_of(s, [exhibit.id, uuid4()])) == {exhibit.id}


def test_the_database_itself_refuses_a_second_open_hold(house: House, exhibit: ExhibitRow) -> None:
    place(house, exhibit)
    second = LegalHoldRow(
        id=uuid4(),
        exhibit=exhibit.id,
        placed_by=house.subjects[Role.OPERATOR].person,
        placed_at=utc_now(),
        reason="past the service",
    )
    with pytest.raises(ConflictError):
        house.look(lambda session: session.add(second))


@pytest.mark.parametrize("why", ["", "   ", "\x00", "x" * 2001])
def test_a_hold_needs_a_reason(house: House, exhibit: ExhibitRow, why: str) -> None:
    with pytest.raises(InvalidError):
        place(house, exhibit, why=why)
    place(house, exhibit)
    with pytest.raises(InvalidError):
        lift(house, exhibit, why=why)


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.ADMINISTRATOR, Role.FINANCE, "nobody"])
def test_who_may_not_place_a_hold(house: House, exhibit: ExhibitRow, role: str) -> None:
    with pytest.raises(AccessRefusedError):
        place(house, exhibit, role)


def test_what_a_hold_keeps_an_operator_does_not_let_go(house: House, exhibit: ExhibitRow) -> None:
    place(house, exhibit, Role.OPERATOR)
    with pytest.raises(AccessRefusedError):
        lift(house, exhibit, Role.OPERATOR)
    lift(house, exhibit, Role.GOVERNANCE)


def test_the_audit_is_told_of_every_hold(house: House, exhibit: ExhibitRow) -> None:
    place(house, exhibit, why="first")
    lift(house, exhibit, why="over")
    place(house, exhibit, why="second")
    holds = house.look(lambda s: house.services.holds.of(s, exhibit.id))
    told = {claim.record: claim for claim in house.look(lambda s: list(claims(s)))}
    for one in holds:
        for name, values in house.events(one.row.id):
            [expected] = told[one.row.id].events[name]
            assert expected.values["reason"] == values["reason"]


@pytest.mark.parametrize("held", [True, False])
def test_a_package_says_whether_its_exhibit_was_held(house: House, held: bool) -> None:
    exhibit = house.unplayable()
    place(house, exhibit)
    if not held:
        lift(house, exhibit)
    release = house.propose(exhibit.reference)
    house.approve(release)
    house.seal(release)
    small = house.look(lambda s: SealStore(release.id).small(s))
    record = json.loads(small[layout.record_path(file_safe(exhibit.reference))])
    assert record["legal_hold"] is held


def test_an_insurers_package_tells_of_no_hold(house: House) -> None:
    exhibit = house.unplayable()
    place(house, exhibit)
    wanted = replace(WANTED, exhibits=(exhibit.reference,), kind=ReleaseKind.INSURER)
    by = house.subjects[Role.OPERATOR]
    release = house.do(
        Role.OPERATOR,
        lambda s: house.services.proposals.propose(
            s, replace(wanted, with_master=True), by=by, at=utc_now()
        ),
    )
    house.approve(release)
    house.seal(release)
    small = house.look(lambda s: SealStore(release.id).small(s))
    record = json.loads(small[layout.record_path(file_safe(exhibit.reference))])
    assert (record["legal_hold"], record["retention_class"]) == (None, None)
    assert b"hold.placed" not in small[layout.EVENTS]
