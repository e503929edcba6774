"""What needs a person has ways out, each on record; what is set aside goes nowhere."""

from typing import Any
from uuid import UUID

import pytest

from api.cli.proof.logs.database import audit_session
from api.times import utc_now
from evidence import attention
from evidence.errors import AccessRefusedError, InvalidError, StateError
from evidence.exhibits.tables import ExhibitDecisionRow, ExhibitRow
from evidence.people.access import Role, Subject
from export.holdings.copies import JOB_DERIVE
from export.holdings.files import COPY, SOURCE_FRAMES, files_of
from export.holdings.holds import JOB_HOLD
from export.holdings.masters import JOB_EXAMINE, JOB_STAMP
from export.media.facts import NoCopyError
from export.release.contents import releasable
from tests.export.release.release_acts import approve, exhibit_of, propose, second_releaser
from tests.houses import House, clip


@pytest.fixture(scope="module")
def other(house: House) -> Subject:
    return second_releaser(house)


def now(house: House, exhibit: UUID) -> ExhibitRow:
    return house.look(lambda s: s.get_one(ExhibitRow, exhibit))


def do(house: House, what: str, row: ExhibitRow, role: str = Role.OPERATOR, **more: Any) -> None:  # noqa: ANN401
    """Decide something about an exhibit."""
    said = {} if what == "retry" else {"reason": "nobody needs it"}
    more = {"at": utc_now(), **said, **more}
    decide = getattr(house.services.remedies, what)
    house.do(role, lambda s: decide(s, row.reference, by=house.subjects[role], **more))


def call(house: House, row: ExhibitRow, *jobs: str) -> None:
    with house.services.transaction() as session:
        for job in jobs:
            attention.call(session, row.id, job, "it stopped", at=utc_now())


def called(house: House, row: ExhibitRow) -> set[str]:
    return {one.job for one in house.look(lambda s: attention.calls_to(s, row.id))}


def deferred(house: House, row: ExhibitRow, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Try an exhibit again; return which jobs were deferred in that transaction."""
    names: list[str] = []
    jobs, defer = house.services.jobs, house.services.jobs.defer

    def noted(session: Any, name: str, subject: str) -> None:  # noqa: ANN401 - as the real one
        assert subject == str(row.id)
        names.append(name)
        defer(session, name, subject)

    monkeypatch.setattr(jobs, "defer", noted)
    do(house, "retry", row)
    monkeypatch.undo()
    return names


def audited(house: House, exhibit: UUID) -> list[str]:
    house.events(exhibit)
    with house.services.transaction() as session:
        report = audit_session(house.services, session)
    reference = now(house, exhibit).reference
    return [
        f"{one.words} {one.subject}"
        for one in report.failed
        if reference in f"{one.words} {one.subject}" or str(exhibit) in one.subject
    ]


def test_the_master_alone_is_right_when_a_person_says_so(house: House, other: Subject) -> None:
    row = house.undecided()
    call(house, row, JOB_EXAMINE, JOB_STAMP)
    do(house, "accept", row, Role.RELEASER, reason="the court has a player")
    assert now(house, row.id).state == "master_alone"
    assert called(house, row) == {JOB_STAMP}
    name, values = house.events(row.id)[-1]
    assert (name, values["role"]) == ("exhibit.accepted", "releaser")
    assert values["reason"] == "the court has a player"
    release = propose(house, row.reference)
    approve(house, release, other)
    house.seal(release)
    assert audited(house, row.id) == []


def test_what_is_set_aside_is_never_released(house: House, other: Subject) -> None:
    row = house.unplayable()
    waiting, approved = propose(house, row.reference), propose(house, row.reference)
    approve(house, approved, other)
    do(house, "set_aside", row, reason="the wrong\ncamera")
    assert now(house, row.id).state == "set_aside"
    name, values = house.events(row.id)[-1]
    assert (name, values["reason"]) == ("exhibit.set_aside", "the wrong\ncamera")
    words = f"{row.reference} is set aside"
    with pytest.raises(StateError, match=words):
        propose(house, row.reference)
    with pytest.raises(StateError, match=words):
        approve(house, waiting, other)
    with pytest.raises(StateError, match=words):
        house.seal(approved)
    assert audited(house, row.id) == []


def test_what_is_set_aside_while_it_is_sealed_stops_the_sealing(
    house: House, other: Subject
) -> None:
    row = house.unplayable()
    release = approve(house, propose(house, row.reference), other, seal=True)
    do(house, "set_aside", row)
    with pytest.raises(StateError, match="is set aside"):
        house.services.sealing.seal(release.id)


@pytest.mark.parametrize("what", ["accept", "set_aside", "retry"])
def test_what_is_set_aside_can_nothing_else(house: House, what: str) -> None:
    row = house.undecided()
    do(house, "set_aside", row)
    with pytest.raises(StateError, match="is set_aside"):
        do(house, what, row)


def test_a_clip_that_is_ready_needs_nobody_to_accept_it_or_to_try_it_again(house: House) -> None:
    row = house.exhibit(clip(house.settings.data).read_bytes())
    house.looked_at(row.id)
    for what in ("accept", "retry"):
        with pytest.raises(StateError, match="is ready"):
            do(house, what, row)
    do(house, "set_aside", row)
    assert audited(house, row.id) == []


@pytest.mark.parametrize("what", ["accept", "set_aside"])
def test_a_decision_needs_a_reason_and_a_role(house: House, what: str) -> None:
    row = house.undecided()
    for reason in ("", " ", "x" * 2001, "a\x00"):
        with pytest.raises(InvalidError):
            do(house, what, row, reason=reason)
    for role in (Role.AUDITOR, Role.GOVERNANCE, Role.FINANCE, "nobody"):
        with pytest.raises(AccessRefusedError):
            do(house, what, row, role)
        with pytest.raises(AccessRefusedError):
            do(house, "retry", row, role)
    assert now(house, row.id).state == "attention"


def test_what_could_not_be_examined_is_examined_once_more_and_both_are_on_record(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = house.undecided()
    call(house, row, JOB_EXAMINE)
    assert deferred(house, row, monkeypatch) == [JOB_EXAMINE]
    assert called(house, row) == set()
    again = now(house, row.id)
    assert (again.state, again.facts, again.findings) == ("received", [], [])
    assert audited(house, row.id) == []
    house.services.copies.examine(row.id)
    assert now(house, row.id).state == "attention"
    names = [name for name, _ in house.events(row.id)]
    assert names.count("exhibit.examined") == 2
    assert audited(house, row.id) == []
    with house.services.transaction() as session:
        session.get_one(ExhibitRow, row.id).examined_before = []
    assert audited(house, row.id) != []


def test_an_exhibit_that_is_examined_again_can_be_set_aside_meanwhile(house: House) -> None:
    row = house.undecided()
    do(house, "retry", row)
    do(house, "set_aside", row)
    house.services.copies.examine(row.id)
    assert now(house, row.id).state == "set_aside"
    assert audited(house, row.id) == []


def test_an_examination_that_gave_up_is_tried_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = house.exhibit()
    call(house, row, JOB_EXAMINE)
    assert deferred(house, row, monkeypatch) == [JOB_EXAMINE]
    assert (now(house, row.id).state, called(house, row)) == ("received", set())


def test_only_the_copy_that_is_missing_is_made_once_more(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = clip(house.settings.data).read_bytes()
    copy = house.services.copies._copy

    def half(row: ExhibitRow, master: Any, frames: Any) -> Any:  # noqa: ANN401 - as the real one
        if master.position:
            raise NoCopyError([])
        return copy(row, master, frames)

    monkeypatch.setattr(house.services.copies, "_copy", half)
    row = exhibit_of(house, content, content + bytes(1), decided=False)
    monkeypatch.undo()
    assert now(house, row.id).state == "attention"
    first = house.look(lambda s: files_of(s, row.id, COPY))
    assert deferred(house, row, monkeypatch) == [JOB_DERIVE]
    house.services.copies.derive(row.id)
    assert now(house, row.id).state == "ready"
    copies = house.look(lambda s: files_of(s, row.id, COPY))
    assert [one.position for one in copies] == [0, 1]
    assert copies[0].sha256 == first[0].sha256
    names = [name for name, _ in house.events(row.id)]
    # Two copies, and the stills of each.
    assert (names.count("exhibit.examined"), names.count("exhibit.derived")) == (1, 4)
    assert len(house.look(lambda s: files_of(s, row.id, SOURCE_FRAMES))) == 2
    assert audited(house, row.id) == []


def test_a_stamp_or_a_hold_that_gave_up_is_tried_again_whatever_the_state(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = house.exhibit(clip(house.settings.data).read_bytes())
    house.looked_at(row.id)
    call(house, row, JOB_STAMP, JOB_HOLD, "exhibit.recheck")
    assert deferred(house, row, monkeypatch) == [JOB_STAMP, JOB_HOLD]
    # Damaged bytes are not mended by trying again: that call stays.
    assert called(house, row) == {"exhibit.recheck"}


def test_an_audit_finds_a_decision_that_nobody_took_and_one_that_was_undone(house: House) -> None:
    row, accepted = house.undecided(), house.undecided()
    do(house, "set_aside", row)
    do(house, "accept", accepted)
    assert audited(house, row.id) == audited(house, accepted.id) == []
    for exhibit, state in ((row, "attention"), (accepted, "set_aside")):
        before = now(house, exhibit.id).state
        with house.services.transaction() as session:
            session.get_one(ExhibitRow, exhibit.id).state = state
        assert audited(house, exhibit.id) != []
        with house.services.transaction() as session:
            session.get_one(ExhibitRow, exhibit.id).state = before
    never = house.undecided()
    for state in ("set_aside", "master_alone"):
        with house.services.transaction() as session:
            session.get_one(ExhibitRow, never.id).state = state
        assert audited(house, never.id) != []


def test_a_decision_is_added_to_and_never_changed(house: House) -> None:
    row = house.undecided()
    do(house, "set_aside", row)

    def change() -> None:
        with house.services.transaction() as session:
            from_it = house.services.exhibit_list.story(
                session, session.get_one(ExhibitRow, row.id), by=house.subjects[Role.OPERATOR]
            ).decisions
            session.get_one(ExhibitDecisionRow, from_it[0].id).reason = "another"

    with pytest.raises(Exception, match="42501"):
        change()


def test_what_needs_a_person_is_neither_proposed_nor_approved_before_one_decided(
    house: House,
) -> None:
    row = house.undecided()
    words = "needs a person before it can be released: look at its findings"
    with pytest.raises(StateError, match=words):
        house.propose(row.reference)
    assert row.reference not in [
        one.reference for one in house.look(lambda s: releasable(s, "", most=99))
    ]
    do(house, "accept", row)
    release = house.propose(row.reference)
    # Nothing leads back; but whoever writes rows could, and an approval looks again.
    with house.services.transaction() as session:
        session.get_one(ExhibitRow, row.id).state = "attention"
    with pytest.raises(StateError, match=words):
        house.approve(release)
    with house.services.transaction() as session:
        session.get_one(ExhibitRow, row.id).state = "master_alone"
    house.approve(release)


def test_who_had_an_exhibit_tried_again_is_on_record_each_time(house: House) -> None:
    row = house.undecided()
    do(house, "retry", row, Role.RELEASER)
    do(house, "retry", row)
    house.services.copies.examine(row.id)
    told = house.events(row.id)
    pressed = [values for name, values in told if name == "exhibit.retried"]
    assert [(one["actor"], one["role"], one["state"]) for one in pressed] == [
        (house.subjects[role].words, role, "received") for role in (Role.RELEASER, Role.OPERATOR)
    ]
    assert [name for name, _ in told][-2:] == ["exhibit.examined", "exhibit.stored"]
    assert told[-1][1]["state"] == "attention"
    assert audited(house, row.id) == []
