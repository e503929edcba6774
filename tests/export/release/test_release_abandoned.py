"""A sealing that stopped is started again or given up; nothing of what was given up ever leaves."""

from collections.abc import Callable
from typing import NoReturn
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlmodel import select

from api.running.worker import _alone
from api.times import utc_now
from evidence import attention
from evidence.errors import AccessRefusedError, InvalidError, StateError
from evidence.exhibits.tables import ExhibitRow
from evidence.people.access import Role, Subject
from export.release.decisions import JOB_ISSUE, JOB_SEAL
from export.release.proposals import Delivery
from export.release.states import ReleaseState
from export.release.tables import ReleaseRow
from export.sealing.steps import SealStep, SealStore
from export.sealing.tables import SealStepRow
from storage.database import named_lock
from storage.errors import CorruptError, UnavailableError
from storage.jobs import job_key
from tests.export.release.release_acts import (
    again,
    approve,
    hand_off,
    propose,
    revoke,
    second_releaser,
)
from tests.export.release.test_releases_decided import at_once, audited, names
from tests.houses import House

BEFORE = (
    SealStep.PAYLOAD,
    SealStep.CUSTODY,
    SealStep.SIGNATURE,
    SealStep.TIMESTAMP,
    SealStep.LEDGER,
)
"""Whoever stops at one of these has not written `release.sealed`."""
BEGUN = ["release.proposed", "release.approved"]
ENDS = {
    **{step: [*BEGUN, "release.refused"] for step in BEFORE},
    SealStep.PROOFS: [*BEGUN, "release.sealed", "release.revoked"],
    SealStep.ARCHIVE: [*BEGUN, "release.sealed", "release.revoked"],
    SealStep.CHECK: [*BEGUN, "release.sealed", "release.assembled", "release.revoked"],
}
"""What the ledger says of a release whose sealing stopped at a step and was given up."""


@pytest.fixture(scope="module")
def exhibit(house: House) -> ExhibitRow:
    return house.unplayable()


@pytest.fixture
def begun(house: House, exhibit: ExhibitRow) -> ReleaseRow:
    """Return a release that goes by link, and is about to be sealed."""
    row = propose(house, exhibit.reference, delivery=Delivery.LINK)
    return approve(house, row, house.subjects[Role.RELEASER], seal=True)


def stop(house: House, row: ReleaseRow, step: SealStep, monkeypatch: pytest.MonkeyPatch) -> None:
    """Seal until a step finds damaged bytes, and call a person, as the worker does."""

    def damaged(_store: SealStore) -> NoReturn:
        raise CorruptError("a file", expected="these bytes", found="others")

    with monkeypatch.context() as patch:
        patch.setitem(house.services.sealing.steps, step, damaged)
        with pytest.raises(CorruptError):
            house.services.sealing.seal(row.id)
    with house.services.transaction() as session:
        attention.call(session, row.id, JOB_SEAL, "bytes differ", at=utc_now())


def abandon(
    house: House, row: ReleaseRow, by: Subject | None = None, reason: str = "bytes are lost"
) -> ReleaseRow:
    with house.services.transaction() as session:
        return house.services.decisions.abandon(
            session,
            str(row.id),
            by=by or house.subjects[Role.RELEASER],
            at=utc_now(),
            reason=reason,
        )


def start(house: House, row: ReleaseRow) -> ReleaseRow:
    with house.services.transaction() as session:
        return house.services.decisions.start_sealing(
            session, str(row.id), by=house.subjects[Role.RELEASER]
        )


def calls(house: House, row: ReleaseRow) -> list[str]:
    return [one.words for one in house.look(lambda s: attention.calls_to(s, row.id))]


def jobs(house: House, name: str, subject: UUID) -> int:
    statement = text(
        "SELECT count(*) FROM procrastinate_jobs WHERE task_name = :name"
        " AND args->>'subject' = :subject AND status = 'todo'"
    )
    wanted = {"name": name, "subject": str(subject)}
    return int(house.look(lambda s: s.connection().scalar(statement, wanted)) or 0)


def done(house: House, row: ReleaseRow) -> dict[str, object]:
    statement = select(SealStepRow).where(SealStepRow.release == row.id)
    return {one.step: one.done_at for one in house.look(lambda s: s.exec(statement).all())}


@pytest.mark.parametrize("step", SealStep)
def test_a_sealing_that_stopped_goes_on_where_it_stopped(
    house: House, begun: ReleaseRow, step: SealStep, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop(house, begun, step, monkeypatch)
    before = done(house, begun)
    assert set(before) == set(list(SealStep)[: list(SealStep).index(step)])
    assert start(house, begun).state == ReleaseState.SEALING
    assert calls(house, begun) == []
    assert jobs(house, JOB_SEAL, begun.id) == 1
    house.services.sealing.seal(begun.id)
    assert again(house, begun).state == ReleaseState.SEALED
    assert before.items() <= done(house, begun).items()
    assert names(house, begun) == [
        *BEGUN,
        "release.sealed",
        "release.assembled",
        "release.checked",
    ]
    assert jobs(house, JOB_ISSUE, begun.id) == 1


@pytest.mark.parametrize("step", SealStep)
def test_a_sealing_that_stopped_is_given_up_and_the_ledger_says_so(
    house: House, begun: ReleaseRow, step: SealStep, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop(house, begun, step, monkeypatch)
    row = abandon(house, begun)
    assert calls(house, row) == []
    assert names(house, row) == ENDS[step]
    last = house.events(row.id)[-1][1]
    releaser = house.subjects[Role.RELEASER]
    assert (last["actor"], last["role"]) == (releaser.words, "releaser")
    assert last["reason"] == "bytes are lost"
    if step in BEFORE:
        assert (row.state, row.reason, row.ended_by) == (
            ReleaseState.REFUSED,
            "bytes are lost",
            None,
        )
    else:
        assert (row.state, row.ended_reason, row.ended_by) == (
            ReleaseState.REVOKED,
            "bytes are lost",
            releaser.person,
        )
    assert audited(house, row) == []


@pytest.mark.parametrize("step", [SealStep.SIGNATURE, SealStep.CHECK])
def test_nothing_of_what_was_given_up_leaves(
    house: House, begun: ReleaseRow, step: SealStep, monkeypatch: pytest.MonkeyPatch
) -> None:
    services = house.services
    stop(house, begun, step, monkeypatch)
    abandon(house, begun)
    ways: list[Callable[[], object]] = [
        lambda: start(house, begun),
        lambda: house.approve(begun),
        lambda: revoke(house, begun),
        lambda: abandon(house, begun),
        lambda: hand_off(house, begun),
        lambda: house.do(
            Role.OPERATOR,
            lambda s: services.packages.collect(
                s, str(begun.id), by=house.subjects[Role.OPERATOR], at=utc_now()
            ),
        ),
        lambda: house.do(
            Role.OPERATOR,
            lambda s: services.links.reissue(
                s, str(begun.id), by=house.subjects[Role.OPERATOR], at=utc_now()
            ),
        ),
    ]
    for way in ways:
        with pytest.raises(StateError, match=r"is (refused|revoked)"):
            way()
    # Its job may wait in the queue still, and so may one that issues links.
    services.sealing.seal(begun.id)
    services.links.issue(begun.id)
    assert names(house, begun) == ENDS[step]
    assert jobs(house, JOB_ISSUE, begun.id) == 0


@pytest.mark.parametrize("step", SealStep)
def test_a_step_that_was_under_way_when_it_was_given_up_leaves_nothing(
    house: House, begun: ReleaseRow, step: SealStep, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So it is with a worker whose lock was lost with its connection, and that works on."""
    real = house.services.sealing.steps[step]

    def given_up_meanwhile(store: SealStore) -> None:
        abandon(house, begun)
        real(store)

    monkeypatch.setitem(house.services.sealing.steps, step, given_up_meanwhile)
    with pytest.raises(StateError, match="it is not being sealed"):
        house.services.sealing.seal(begun.id)
    assert names(house, begun) == ENDS[step]
    assert step not in done(house, begun)


def test_nobody_gives_up_what_a_worker_is_at(house: House, begun: ReleaseRow) -> None:
    services = house.services
    with named_lock(services.engine, job_key(JOB_SEAL, str(begun.id))) as held:
        assert held is not None
        with pytest.raises(StateError, match="just being sealed"):
            abandon(house, begun)
    assert (again(house, begun).state, names(house, begun)) == (ReleaseState.SEALING, BEGUN)
    abandon(house, begun)


def test_no_worker_begins_while_somebody_gives_it_up(house: House, begun: ReleaseRow) -> None:
    services = house.services
    work = _alone(services, JOB_SEAL, services.sealing.seal)
    with services.transaction() as session:
        services.decisions.abandon(
            session,
            str(begun.id),
            by=house.subjects[Role.RELEASER],
            at=utc_now(),
            reason="bytes are lost",
        )
        with pytest.raises(UnavailableError, match="another worker is at"):
            work(str(begun.id))
    work(str(begun.id))
    assert names(house, begun) == ENDS[SealStep.PAYLOAD]


def test_a_call_that_comes_after_it_was_given_up_is_settled_by_the_job_that_follows(
    house: House, begun: ReleaseRow
) -> None:
    """A worker lets go of the lock first, and then calls a person."""
    services = house.services
    abandon(house, begun)
    with services.transaction() as session:
        attention.call(session, begun.id, JOB_SEAL, "bytes differ", at=utc_now())
    assert jobs(house, JOB_SEAL, begun.id) == 1
    _alone(services, JOB_SEAL, services.sealing.seal)(str(begun.id))
    assert calls(house, begun) == []


def test_of_two_people_who_give_it_up_at_once_one_does(house: House, begun: ReleaseRow) -> None:
    other = second_releaser(house)
    failed = at_once(lambda: abandon(house, begun), lambda: abandon(house, begun, other))
    assert [type(error) for error in failed if error] == [StateError]
    assert names(house, begun) == ENDS[SealStep.PAYLOAD]


def test_who_starts_it_again_while_it_is_given_up_does_not_bring_it_back(
    house: House, begun: ReleaseRow, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop(house, begun, SealStep.ARCHIVE, monkeypatch)
    at_once(lambda: abandon(house, begun), lambda: start(house, begun))
    house.services.sealing.seal(begun.id)
    assert again(house, begun).state == ReleaseState.REVOKED
    assert names(house, begun) == ENDS[SealStep.ARCHIVE]


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.RELEASER])
def test_only_a_releaser_gives_a_sealing_up(house: House, begun: ReleaseRow, role: Role) -> None:
    with pytest.raises(AccessRefusedError, match="needs the role releaser"):
        abandon(house, begun, house.subjects[role])
    assert again(house, begun).state == ReleaseState.SEALING


def test_to_give_it_up_needs_a_reason(house: House, begun: ReleaseRow) -> None:
    with pytest.raises(InvalidError, match="reason is missing"):
        abandon(house, begun, reason=" ")
    assert names(house, begun) == BEGUN


def test_only_a_sealing_is_given_up(house: House, exhibit: ExhibitRow) -> None:
    row = propose(house, exhibit.reference)
    for state in ("proposed", "approved", "sealed"):
        with pytest.raises(StateError, match=f"is {state}: there is no sealing to give up"):
            abandon(house, row)
        if state == "proposed":
            house.approve(row)
        elif state == "approved":
            house.seal(row)
