"""A wrong fact is corrected in the open: who, when, why, old and new, and what follows from it."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from sqlmodel import select

from api.cli.proof.logs.database import audit_log
from api.times import utc_now
from custody.errors import ProofError
from evidence import attention
from evidence.attention import Call
from evidence.errors import AccessRefusedError, InvalidError, StateError, UnlikelyError
from evidence.exhibits.description import description_json
from evidence.exhibits.particulars import NewExhibit
from evidence.exhibits.recorded import described
from evidence.exhibits.tables import ExhibitRow
from evidence.people.access import Role
from export.desk.claims.claims import claims
from export.release.decisions import CORRECTED
from export.release.states import ReleaseState
from export.release.tables import EarlierApprovalRow, ReleaseExhibitRow, ReleaseRow
from tests.export.release.release_acts import again, approve, propose, second_releaser
from tests.houses import NEW, House

Change = Callable[[NewExhibit], NewExhibit]


def changed(**fields: Any) -> Change:  # noqa: ANN401 - any field
    return lambda said: replace(said, **fields)


def correct(
    house: House,
    exhibit: ExhibitRow,
    change: Change | None = None,
    *,
    reason: str = "read off the wrong label",
    role: str = Role.OPERATOR,
) -> ExhibitRow:
    change = change or changed(camera=f"BAR-{uuid4().hex[:8]}")
    return house.do(
        role,
        lambda s: house.services.corrections.correct(
            s, str(exhibit.id), change, reason=reason, by=house.subjects[role], at=utc_now()
        ),
    )


def audited(house: House) -> None:
    """Expect that the database says what the ledger says."""
    report = audit_log(house.services, house.subjects[Role.AUDITOR])
    assert not report.failed, [(one.words, one.subject, one.found) for one in report.failed]


def calls(house: House, row: ReleaseRow) -> list[Call]:
    found = house.look(lambda s: attention.calls_to(s, row.id))
    return [one for one in found if one.job == CORRECTED]


def corrected_at(house: House, row: ReleaseRow) -> list[object]:
    where = ReleaseExhibitRow.release == row.id
    statement = select(ReleaseExhibitRow.corrected_at).where(where)
    return house.look(lambda s: list(s.exec(statement).all()))


@pytest.fixture
def exhibit(house: House) -> ExhibitRow:
    return house.unplayable()


def test_the_row_says_the_new_and_the_ledger_both(house: House, exhibit: ExhibitRow) -> None:
    old = described(exhibit)
    row = correct(house, exhibit, changed(camera="BAR-0018", title="Mill Lane"))
    assert (row.camera, row.title) == ("BAR-0018", "Mill Lane")
    new = described(row)
    assert new.files[0].camera.id == "BAR-0018"
    events = [values for name, values in house.events(row.id) if name.startswith("exhibit.")]
    stated = [values["facts"] for values in events if "title" in str(values.get("facts"))]
    assert stated == [description_json_as_read(old), description_json_as_read(new)]
    (last,) = [v for name, v in house.events(row.id) if name == "exhibit.corrected"]
    assert last["reason"] == "read off the wrong label"
    assert last["actor"] == house.subjects[Role.OPERATOR].words
    assert last["role"] == Role.OPERATOR


def description_json_as_read(description: Any) -> Any:  # noqa: ANN401 - JSON with lists
    def listed(value: Any) -> Any:  # noqa: ANN401 - as above
        if isinstance(value, dict):
            return {key: listed(one) for key, one in value.items()}
        return [listed(one) for one in value] if isinstance(value, tuple) else value

    return listed(description_json(description))


def test_a_correction_says_in_which_role_the_clip_was_exported_first(
    house: House, exhibit: ExhibitRow
) -> None:
    row = correct(house, exhibit, role=Role.RELEASER)
    assert described(row).export.by_role == Role.OPERATOR


@pytest.mark.parametrize(
    ("change", "reason", "error"),
    [
        (changed(), "nothing", StateError),
        (changed(camera="BAR-0018"), "  ", InvalidError),
        (changed(camera=""), "why", InvalidError),
        (changed(displayed_end="2026-11-20 14:02:00"), "why", InvalidError),
        (changed(reference="ZZ/1"), "why", InvalidError),
        (changed(clock_offset_ms=86_400_000 * 3), "why", UnlikelyError),
    ],
)
def test_what_cannot_be_said_at_intake_cannot_be_said_later(
    house: House, exhibit: ExhibitRow, change: Change, reason: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        correct(house, exhibit, change, reason=reason)
    assert described(house.look(lambda s: s.get_one(ExhibitRow, exhibit.id))) == described(exhibit)
    assert not [name for name, _ in house.events(exhibit.id) if name == "exhibit.corrected"]


def test_what_is_unlikely_may_be_confirmed_in_a_correction(
    house: House, exhibit: ExhibitRow
) -> None:
    change = changed(clock_offset_ms=-9_000 * 86_400_000, confirmed=("clock_offset",))
    with pytest.raises(InvalidError, match="in the future"):
        correct(house, exhibit, change)
    change = changed(clock_offset_ms=86_400_000, confirmed=("clock_offset",))
    assert described(correct(house, exhibit, change)).confirmed == ("clock_offset",)
    assert described(correct(house, exhibit, changed(clock_offset_ms=0))).confirmed == ()


def test_that_the_clock_was_never_checked_can_be_said_later_and_audited(
    house: House, exhibit: ExhibitRow
) -> None:
    row = correct(house, exhibit, changed(clock_offset_ms=None))
    assert described(row).clock_check is None
    assert described(row).corrected_start is None
    row = correct(house, exhibit, changed(clock_offset_ms=5_000, clock_reference="radio"))
    clock = described(row).clock_check
    assert clock is not None
    assert (clock.offset_ms, clock.reference_source) == (5_000, "radio")
    audited(house)


@pytest.mark.parametrize("role", [Role.GOVERNANCE, Role.AUDITOR, Role.FINANCE, "nobody"])
def test_only_operators_and_releasers_correct(house: House, exhibit: ExhibitRow, role: str) -> None:
    with pytest.raises(AccessRefusedError, match="needs the role operator or releaser"):
        correct(house, exhibit, role=role)


def test_a_proposed_release_is_marked_and_the_mark_goes_with_the_decision(
    house: House, exhibit: ExhibitRow
) -> None:
    release = house.propose(exhibit.reference)
    correct(house, exhibit)
    (call,) = calls(house, release)
    assert f"{exhibit.reference} was corrected since this release was proposed" in call.words
    assert "read off the wrong label" in call.words
    assert again(house, release).state == ReleaseState.PROPOSED
    house.approve(release)
    assert not calls(house, release)


def test_an_approved_release_must_be_approved_anew(house: House, exhibit: ExhibitRow) -> None:
    release = house.propose(exhibit.reference)
    house.approve(release)
    correct(house, exhibit)
    row = again(house, release)
    assert (row.state, row.approved_by, row.reason) == (ReleaseState.PROPOSED, None, "")
    assert calls(house, release)
    with pytest.raises(StateError, match="must be approved by a second person first"):
        house.seal(release)
    (kept,) = house.look(
        lambda s: s.exec(
            select(EarlierApprovalRow).where(EarlierApprovalRow.release == release.id)
        ).all()
    )
    assert kept.approved_by == house.subjects[Role.RELEASER].person
    audited(house)
    house.approve(release)
    house.seal(release)
    assert again(house, release).state == ReleaseState.SEALED
    names = [name for name, _ in house.events(release.id)]
    assert names[:3] == ["release.proposed", "release.approved", "release.approved"]
    audited(house)


def test_an_urgent_release_needs_both_approvals_again(house: House, exhibit: ExhibitRow) -> None:
    release = propose(house, exhibit.reference, urgent=True)
    approve(house, release, house.subjects[Role.RELEASER])
    with house.services.transaction() as session:
        house.services.decisions.second(
            session, str(release.id), by=second_releaser(house), at=utc_now(), reason="yes"
        )
    correct(house, exhibit)
    row = again(house, release)
    assert (row.state, row.approved_by, row.seconded_by) == (ReleaseState.PROPOSED, None, None)
    audited(house)
    approve(house, release, house.subjects[Role.RELEASER])
    correct(house, exhibit)
    audited(house)


def test_a_release_that_was_sent_back_can_be_refused(house: House, exhibit: ExhibitRow) -> None:
    release = house.propose(exhibit.reference)
    house.approve(release)
    correct(house, exhibit)
    house.do(
        Role.RELEASER,
        lambda s: house.services.decisions.refuse(
            s,
            str(release.id),
            by=house.subjects[Role.RELEASER],
            at=utc_now(),
            reason="the wrong camera",
        ),
    )
    assert not calls(house, release)
    audited(house)


def test_nothing_is_corrected_while_a_release_of_it_is_being_sealed(
    house: House, exhibit: ExhibitRow
) -> None:
    release = house.propose(exhibit.reference)
    house.approve(release)
    operator = house.subjects[Role.OPERATOR]
    house.do(
        Role.OPERATOR,
        lambda s: house.services.decisions.start_sealing(s, str(release.id), by=operator),
    )
    with pytest.raises(StateError, match="is being sealed"):
        correct(house, exhibit)
    house.services.sealing.seal(release.id)
    correct(house, exhibit)


def test_a_sealed_release_is_marked_until_somebody_has_looked_and_its_mark_stays(
    house: House, exhibit: ExhibitRow
) -> None:
    release = house.propose(exhibit.reference)
    house.approve(release)
    house.seal(release)
    assert corrected_at(house, release) == [None]
    correct(house, exhibit)
    (call,) = calls(house, release)
    assert "its package states the version before" in call.words
    assert again(house, release).state == ReleaseState.SEALED
    noticed(house, release, Role.OPERATOR)
    assert not calls(house, release)
    assert corrected_at(house, release) != [None]
    audited(house)
    # The next package says what the ledger says now.
    following = house.propose(exhibit.reference)
    house.approve(following)
    house.seal(following)
    assert corrected_at(house, following) == [None]


def noticed(house: House, release: ReleaseRow, role: str) -> None:
    house.do(
        role,
        lambda s: house.services.corrections.noticed(s, str(release.id), by=house.subjects[role]),
    )


def test_a_call_is_settled_by_who_may_correct_and_never_before_a_decision(
    house: House, exhibit: ExhibitRow
) -> None:
    release = house.propose(exhibit.reference)
    correct(house, exhibit)
    with pytest.raises(StateError, match="decide about it anew"):
        noticed(house, release, Role.RELEASER)
    with pytest.raises(AccessRefusedError):
        noticed(house, release, Role.AUDITOR)
    assert calls(house, release)


def test_what_somebody_changed_in_the_database_is_not_stated_anew(
    house: House, exhibit: ExhibitRow
) -> None:
    with house.services.transaction() as session:
        session.get_one(ExhibitRow, exhibit.id).title = "changed past every rule"
    with pytest.raises(ProofError, match=r"something else .* in title"):
        correct(house, exhibit)
    with house.services.transaction() as session:
        session.get_one(ExhibitRow, exhibit.id).title = exhibit.title


def test_two_corrections_at_once_follow_one_another(house: House, exhibit: ExhibitRow) -> None:
    ready = threading.Barrier(2)

    def one(field: str) -> None:
        ready.wait()
        correct(house, exhibit, changed(**{field: "BAR-7777"}))

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(one, ("camera", "title")))
    row = house.look(lambda s: s.get_one(ExhibitRow, exhibit.id))
    assert (row.camera, row.title) == ("BAR-7777", "BAR-7777")
    audited(house)


def test_a_correction_and_an_approval_at_once_never_leave_an_approval_of_the_old(
    house: House, exhibit: ExhibitRow
) -> None:
    for _ in range(4):
        release = house.propose(exhibit.reference)
        ready = threading.Barrier(2)

        def approving(release: ReleaseRow = release, ready: threading.Barrier = ready) -> None:
            ready.wait()
            house.approve(release)

        def correcting(ready: threading.Barrier = ready) -> None:
            ready.wait()
            correct(house, exhibit)

        with ThreadPoolExecutor(2) as pool:
            for done in (pool.submit(approving), pool.submit(correcting)):
                done.result()
        row = again(house, release)
        events = [name for name, _ in house.events(release.id)]
        if row.state == ReleaseState.APPROVED:  # approved after the correction was there to see
            assert row.approved_at is not None
        else:
            assert (row.state, row.approved_by) == (ReleaseState.PROPOSED, None)
        assert events == ["release.proposed", "release.approved"]
    assert list(house.look(lambda s: list(claims(s))))
    audited(house)


def test_a_correction_of_several_files_keeps_each_ones_times(house: House) -> None:
    row = house.unplayable()
    assert NEW.files == ()
    changed_row = correct(house, row, changed(displayed_end="2026-11-20 14:03:30"))
    (file,) = described(changed_row).files
    assert file.displayed_end == "2026-11-20T14:03:30+00:00"
