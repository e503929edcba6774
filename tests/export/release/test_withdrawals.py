"""A proposal is withdrawn or edited until it is decided; whoever it concerns is written to."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID, uuid4

import pytest
from sqlmodel import col, select

from api.cli.proof.logs.database import audit_session
from api.times import utc_now
from evidence.errors import AccessRefusedError, InvalidError, StateError
from evidence.exhibits.tables import ExhibitRow
from evidence.mailbox.tables import MessageRow
from evidence.people.access import Role, Subject
from export.desk.disclosures import Period
from export.desk.story import Story
from export.release.releases import label
from export.release.tables import ReleaseRow
from tests.export.release.release_acts import again, approve, propose, revoke, second_releaser
from tests.houses import WANTED, House


@pytest.fixture(scope="module")
def exhibit(house: House) -> ExhibitRow:
    return house.unplayable()


@pytest.fixture(scope="module")
def other(house: House) -> Subject:
    return second_releaser(house)


def signed_in(house: House, name: str, *roles: Role, email: str) -> Subject:
    """Return somebody of the staff who signs in, with a mailbox if their provider names one."""
    with house.services.transaction() as session:
        return house.services.people.sign_in(
            session,
            issuer="https://staff.example",
            subject=f"{name}-{uuid4()}",
            name=name,
            email=email,
            roles=roles,
            at=utc_now(),
        )


def withdraw(house: House, row: ReleaseRow, by: Subject, reason: str = "a typing error") -> None:
    with house.services.transaction() as session:
        house.services.withdrawals.withdraw(
            session, str(row.id), by=by, at=utc_now(), reason=reason
        )


def refuse(house: House, row: ReleaseRow, by: Subject) -> None:
    with house.services.transaction() as session:
        house.services.decisions.refuse(session, str(row.id), by=by, at=utc_now(), reason="no")


def letters(house: House, row: ReleaseRow) -> set[tuple[str, UUID | None]]:
    about = select(MessageRow).where(col(MessageRow.about) == row.id)
    return house.look(lambda s: {(one.kind, one.person) for one in s.exec(about)})


def audited(house: House, rows: Sequence[ReleaseRow]) -> list[str]:
    for row in rows:
        house.events(row.id)
    with house.services.transaction() as session:
        report = audit_session(house.services, session)
    names = {label(row) for row in rows} | {str(row.id) for row in rows}
    return [
        f"{one.words} {one.subject}"
        for one in report.failed
        if any(name in f"{one.words} {one.subject}" for name in names)
    ]


def test_the_proposer_withdraws_and_the_ledger_says_who_and_why(
    house: House, exhibit: ExhibitRow
) -> None:
    row = propose(house, exhibit.reference)
    withdraw(house, row, house.subjects[Role.OPERATOR], "wrong\nrecipient")
    now = again(house, row)
    assert (now.state, now.ended_reason) == ("withdrawn", "wrong\nrecipient")
    assert now.ended_by == house.subjects[Role.OPERATOR].person
    name, values = house.events(row.id)[-1]
    assert name == "release.withdrawn"
    assert (values["role"], values["reason"]) == ("operator", "wrong\nrecipient")
    assert audited(house, [row]) == []
    # Nothing of it left: the register of what was disclosed knows nothing of it.
    governance = house.subjects[Role.GOVERNANCE]
    register = house.look(
        lambda s: list(house.services.register.entries(s, Period(), by=governance))
    )
    assert label(row) not in {one.release for one in register}


def test_a_releaser_withdraws_what_somebody_else_proposed(
    house: House, exhibit: ExhibitRow, other: Subject
) -> None:
    row = propose(house, exhibit.reference)
    withdraw(house, row, other)
    assert house.events(row.id)[-1][1]["role"] == "releaser"


def test_nobody_else_withdraws_it(house: House, exhibit: ExhibitRow) -> None:
    row = propose(house, exhibit.reference, by=Role.RELEASER)
    another = replace(house.subjects[Role.OPERATOR], person=uuid4())
    auditor = replace(house.subjects[Role.AUDITOR], person=row.proposed_by)
    for by in (another, auditor, house.subjects[Role.GOVERNANCE], house.subjects["nobody"]):
        with pytest.raises(AccessRefusedError):
            withdraw(house, row, by)
    assert again(house, row).state == "proposed"


@pytest.mark.parametrize("reason", ["", "  ", "\n", "x" * 2001, "a\x00b"])
def test_a_withdrawal_needs_a_reason_that_can_be_kept(
    house: House, exhibit: ExhibitRow, reason: str
) -> None:
    row = propose(house, exhibit.reference)
    with pytest.raises(InvalidError, match="reason"):
        withdraw(house, row, house.subjects[Role.OPERATOR], reason)
    assert [name for name, _ in house.events(row.id)] == ["release.proposed"]


def test_what_is_decided_is_not_withdrawn_and_what_is_withdrawn_is_not_decided(
    house: House, exhibit: ExhibitRow, other: Subject
) -> None:
    approved = propose(house, exhibit.reference)
    approve(house, approved, other)
    with pytest.raises(StateError, match="is approved: it cannot become withdrawn"):
        withdraw(house, approved, house.subjects[Role.OPERATOR])
    row = propose(house, exhibit.reference)
    withdraw(house, row, house.subjects[Role.OPERATOR])
    for act in (
        lambda: approve(house, row, other),
        lambda: refuse(house, row, other),
        lambda: revoke(house, row),
        lambda: house.seal(row),
        lambda: withdraw(house, row, other),
    ):
        with pytest.raises(StateError, match="withdrawn"):
            act()


def test_an_audit_finds_a_withdrawal_whose_reason_was_changed(
    house: House, exhibit: ExhibitRow
) -> None:
    row = propose(house, exhibit.reference)
    withdraw(house, row, house.subjects[Role.OPERATOR])
    assert audited(house, [row]) == []
    with house.services.transaction() as session:
        session.get_one(ReleaseRow, row.id).ended_reason = "another one"
    assert audited(house, [row]) != []
    with house.services.transaction() as session:
        session.get_one(ReleaseRow, row.id).ended_reason = "a typing error"


def test_an_edited_proposal_takes_the_place_of_the_one_before_and_each_names_the_other(
    house: House, exhibit: ExhibitRow, other: Subject
) -> None:
    old = propose(house, exhibit.reference)
    new = replace(WANTED, exhibits=(exhibit.reference,), purpose="theft", urn=old.urn, id=uuid4())
    operator = house.subjects[Role.OPERATOR]

    def edit(by: Subject = operator) -> ReleaseRow:
        with house.services.transaction() as session:
            return house.services.withdrawals.replace(
                session, str(old.id), new, by=by, at=utc_now(), reason="the purpose was wrong"
            )

    made = edit()
    assert edit().id == made.id  # a form that is sent twice
    assert (made.urn, made.number, made.purpose) == (old.urn, old.number + 1, "theft")
    assert (made.state, made.replaces) == ("proposed", old.id)
    before = again(house, old)
    said = f"proposed again as {label(made)}; the purpose was wrong"
    assert (before.state, before.ended_reason) == ("withdrawn", said)
    assert house.events(old.id)[-1][1]["reason"] == said

    def told(row: ReleaseRow) -> Story:
        return house.look(lambda s: house.services.stories.story(s, str(row.id), by=operator))

    one, two = told(old), told(made)
    assert (one.replaced_by, two.replaces) == (label(made), label(old))
    assert (one.replaces, two.replaced_by) == ("", "")
    assert audited(house, [old, made]) == []
    with pytest.raises(InvalidError, match="identifier"):
        edit(other)


def test_an_edit_that_cannot_be_proposed_withdraws_nothing(
    house: House, exhibit: ExhibitRow, other: Subject
) -> None:
    row = propose(house, exhibit.reference)
    operator = house.subjects[Role.OPERATOR]
    good = replace(WANTED, exhibits=(exhibit.reference,))
    another = replace(operator, person=uuid4())
    for new, by, reason in (
        (replace(good, purpose=""), operator, "why"),
        (good, operator, " "),
        (good, another, "why"),
    ):
        with (
            pytest.raises((InvalidError, AccessRefusedError)),
            house.services.transaction() as session,
        ):
            house.services.withdrawals.replace(
                session, str(row.id), new, by=by, at=utc_now(), reason=reason
            )
    assert [name for name, _ in house.events(row.id)] == ["release.proposed"]
    approve(house, row, other)
    with pytest.raises(StateError, match="withdrawn"), house.services.transaction() as session:
        house.services.withdrawals.replace(
            session, str(row.id), good, by=operator, at=utc_now(), reason="why"
        )
    assert again(house, row).state == "approved"


def test_each_releaser_is_written_to_once_and_the_proposer_hears_the_end(
    house: House, exhibit: ExhibitRow
) -> None:
    ann = signed_in(house, "Ann", Role.RELEASER, email="ann@barchester.example")
    bob = signed_in(house, "Bob", Role.RELEASER, Role.OPERATOR, email="bob@barchester.example")
    mute = signed_in(house, "Mute", Role.RELEASER, email="")
    signed_in(house, "Op", Role.OPERATOR, email="op@barchester.example")
    with house.services.transaction() as session:
        row = house.services.proposals.propose(
            session, replace(WANTED, exhibits=(exhibit.reference,)), by=bob, at=utc_now()
        )
    waits = {("approval_needed", ann.person)}
    assert letters(house, row) == waits
    for urgent, said in ((False, ""), (True, "yes")):
        asked = propose(house, exhibit.reference, urgent=urgent)
        with house.services.transaction() as session:
            queued = session.exec(select(MessageRow).where(MessageRow.about == asked.id))
            opened = [house.services.messages.open(one) for one in queued]
        assert opened
        assert all(dict(one) == {"urgent": said} for one in opened)
    refuse(house, row, ann)
    assert letters(house, row) == waits | {("refused", bob.person)}
    for proposer, by, told in (
        (bob, ann, {("withdrawn", bob.person)}),
        (bob, bob, set()),
        (mute, ann, set()),
    ):
        with house.services.transaction() as session:
            row = house.services.proposals.propose(
                session, replace(WANTED, exhibits=(exhibit.reference,)), by=proposer, at=utc_now()
            )
        withdraw(house, row, by)
        assert {one for one in letters(house, row) if one[0] != "approval_needed"} == told
