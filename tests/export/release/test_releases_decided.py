"""Urgent releases, releases that are taken back, hand-offs, and people who decide at once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from sqlmodel import select

from api.builders.record.trust import trust_file
from api.cli.proof.logs.database import audit_session
from api.times import utc_now
from custody.formats.trust import parse_trust
from evidence.errors import AccessRefusedError, InvalidError, StateError
from evidence.exhibits.tables import ExhibitRow
from evidence.mailbox.tables import MessageRow
from evidence.people.access import Role, Subject
from export.package.verify.conclusion import URGENT
from export.package.verify.report import Report, Verdict
from export.release.decisions import SECOND_WITHIN
from export.release.proposals import Delivery
from export.release.releases import label
from export.release.states import ReleaseState
from export.release.tables import ReleaseRow
from tests.export.package.judging import judge
from tests.export.release.release_acts import (
    INSURER,
    again,
    approve,
    by_link,
    hand_off,
    propose,
    revoke,
    sealed,
    second,
    second_releaser,
)
from tests.houses import House
from tests.polling import PATIENCE_S


@pytest.fixture(scope="module")
def exhibit(house: House) -> ExhibitRow:
    return house.unplayable()


@pytest.fixture(scope="module")
def other(house: House) -> Subject:
    return second_releaser(house)


def names(house: House, row: ReleaseRow) -> list[str]:
    return [name for name, _ in house.events(row.id)]


def verdict(house: House, row: ReleaseRow) -> Report:
    services = house.services
    package = house.look(lambda s: services.packages.package(s, s.get_one(ReleaseRow, row.id)))
    content = b"".join(services.vault.open(package.key, package.version))
    return judge(content, parse_trust(trust_file(house.settings, services.keyring)))


def audited(house: House, row: ReleaseRow) -> list[str]:
    """Return what an audit finds wrong with a release."""
    house.events(row.id)  # all of them have their place
    with house.services.transaction() as session:
        report = audit_session(house.services, session)
    wanted = {label(row), str(row.id)}
    return [
        f"{finding.words} {finding.subject} {finding.expected} {finding.found}"
        for finding in report.failed
        if any(one in f"{finding.words} {finding.subject}" for one in wanted)
    ]


def at_once(*works: Callable[[], Any]) -> list[Exception | None]:
    """Do everything in the same moment; return what each of them raised."""
    barrier = Barrier(len(works))

    def run(work: Callable[[], Any]) -> Exception | None:
        barrier.wait(PATIENCE_S)
        try:
            work()
        except (StateError, AccessRefusedError) as error:
            return error
        return None

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


# Urgent.


def test_one_releaser_is_enough_where_a_life_is_at_stake_and_the_verdict_says_so(
    house: House, exhibit: ExhibitRow, other: Subject
) -> None:
    row = propose(house, exhibit.reference, by=Role.RELEASER, urgent=True)
    now = utc_now()
    row = approve(house, row, house.subjects[Role.RELEASER], at=now, reason="hostage", seal=True)
    due = (now + timedelta(hours=24)).strftime("%Y-%m-%dT%H:%M:%SZ")
    words = f"urgent: threat to life; a second approval is due by {due}"
    assert row.reason == f"{words}; hostage"
    assert row.state == ReleaseState.SEALING
    house.services.sealing.seal(row.id)
    report = verdict(house, row)
    assert report.verdict is Verdict.VERIFIED
    assert URGENT in report.verdict_line
    # The second approval comes after the seal: package and ledger still hold.
    row = second(house, row, other, reason="rightly so")
    assert (row.seconded_by, row.state) == (other.person, ReleaseState.SEALED)
    reason = "second approval of an urgent release; rightly so"
    name, values = house.events(row.id)[-1]
    assert (name, values["reason"], values["role"]) == ("release.approved", reason, "releaser")
    assert verdict(house, row).verdict is Verdict.VERIFIED
    assert audited(house, row) == []


def test_two_approvals_before_the_seal_are_said_to_be_two(
    house: House, exhibit: ExhibitRow, other: Subject
) -> None:
    row = propose(house, exhibit.reference, urgent=True)
    approve(house, row, house.subjects[Role.RELEASER])
    second(house, row, other)
    house.seal(row)
    report = verdict(house, row)
    assert report.verdict is Verdict.VERIFIED
    assert URGENT not in report.verdict_line


def test_an_ordinary_release_is_not_called_urgent(house: House, exhibit: ExhibitRow) -> None:
    row = propose(house, exhibit.reference)
    # Whatever somebody writes, what the reason begins with is ours.
    approve(house, row, house.subjects[Role.RELEASER], reason="urgent: hurry")
    house.seal(row)
    assert URGENT not in verdict(house, row).verdict_line


def test_who_approved_alone_cannot_confirm_it(house: House, exhibit: ExhibitRow) -> None:
    row = propose(house, exhibit.reference, urgent=True)
    approve(house, row, house.subjects[Role.RELEASER])
    with pytest.raises(AccessRefusedError, match="a second person must confirm"):
        second(house, row, house.subjects[Role.RELEASER])
    with pytest.raises(AccessRefusedError, match="needs the role releaser"):
        second(house, row, house.subjects[Role.OPERATOR])
    assert names(house, row).count("release.approved") == 1


def test_the_proposer_may_confirm_what_somebody_else_approved(
    house: House, exhibit: ExhibitRow, other: Subject
) -> None:
    row = propose(house, exhibit.reference, by=Role.RELEASER, urgent=True)
    approve(house, row, other)
    assert second(house, row, house.subjects[Role.RELEASER]).seconded_by is not None


def test_a_confirmation_that_comes_too_late_counts_and_says_so(
    house: House, exhibit: ExhibitRow, other: Subject
) -> None:
    row = propose(house, exhibit.reference, urgent=True)
    now = utc_now()
    approve(house, row, house.subjects[Role.RELEASER], at=now)
    row = second(house, row, other, at=now + SECOND_WITHIN + timedelta(seconds=1))
    assert row.seconded_reason == "second approval of an urgent release, after it was due"


def test_nothing_is_confirmed_twice_or_while_it_is_sealed_or_that_is_not_urgent(
    house: House, exhibit: ExhibitRow, other: Subject
) -> None:
    plain = propose(house, exhibit.reference)
    approve(house, plain, house.subjects[Role.RELEASER])
    waiting = propose(house, exhibit.reference, urgent=True)
    for row in (plain, waiting):
        with pytest.raises(StateError, match="no second approval"):
            second(house, row, other)
    approve(house, waiting, house.subjects[Role.RELEASER], seal=True)
    with pytest.raises(StateError, match="is being sealed"):
        second(house, waiting, other)
    house.services.sealing.seal(waiting.id)
    second(house, waiting, other)
    with pytest.raises(StateError, match="already"):
        second(house, waiting, other)
    assert names(house, waiting).count("release.approved") == 2


def test_what_was_refused_or_revoked_is_not_confirmed(
    house: House, exhibit: ExhibitRow, other: Subject
) -> None:
    refused = propose(house, exhibit.reference, urgent=True)
    approve(house, refused, house.subjects[Role.RELEASER])
    house.do(
        Role.RELEASER,
        lambda s: house.services.decisions.refuse(
            s, str(refused.id), by=house.subjects[Role.RELEASER], at=utc_now(), reason="no"
        ),
    )
    taken = propose(house, exhibit.reference, urgent=True)
    approve(house, taken, house.subjects[Role.RELEASER])
    house.seal(taken)
    revoke(house, taken)
    for row in (refused, taken):
        with pytest.raises(StateError, match="nothing to confirm"):
            second(house, row, other)


def test_only_the_police_have_threats_to_life(house: House, exhibit: ExhibitRow) -> None:
    with pytest.raises(InvalidError) as refused:
        propose(house, exhibit.reference, kind=INSURER.kind, urgent=True, with_master=True)
    assert refused.value.field == "urgent"


# Whom a link may go to, and for how long.


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"recipient_email": "alex@gmail.com"}, "recipient_email"),
        ({"recipient_email": "alex@insurer.example"}, "recipient_email"),
        ({"kind": INSURER.kind, "recipient_email": "alex@gmail.com"}, "recipient_email"),
        ({"link_days": 0}, "link_days"),
        ({"link_days": 91}, "link_days"),
    ],
)
def test_a_link_goes_only_where_it_may(
    house: House, exhibit: ExhibitRow, change: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidError) as refused:
        propose(house, exhibit.reference, delivery=Delivery.LINK, with_master=True, **change)
    assert refused.value.field == field


def test_without_a_link_any_mailbox_may_be_noted(house: House, exhibit: ExhibitRow) -> None:
    assert propose(house, exhibit.reference, recipient_email="alex@gmail.com").delivery == "none"


def test_a_link_works_as_long_as_the_council_says_unless_somebody_says_otherwise(
    house: House, exhibit: ExhibitRow
) -> None:
    usual = propose(house, exhibit.reference, delivery=Delivery.LINK)
    assert usual.link_days == house.services.council.link_days
    assert propose(house, exhibit.reference, delivery=Delivery.LINK, link_days=90).link_days == 90


def test_a_form_that_is_sent_twice_proposes_once(house: House, exhibit: ExhibitRow) -> None:
    first = propose(house, exhibit.reference)
    same = propose(house, exhibit.reference, id=first.id, purpose="something else")
    assert (same.id, same.purpose) == (first.id, first.purpose)
    assert names(house, first) == ["release.proposed"]
    with pytest.raises(InvalidError, match="identifier"):
        propose(house, exhibit.reference, by=Role.RELEASER, id=first.id)


# Taken back.


def test_to_revoke_ends_every_link_and_tells_the_recipient_once(
    house: House, exhibit: ExhibitRow
) -> None:
    row = by_link(house, exhibit.reference)
    row = revoke(house, row, Role.GOVERNANCE, "sent to the wrong force")
    assert (row.state, row.ended_reason) == ("revoked", "sent to the wrong force")
    (link,) = house.look(lambda s: house.services.links.of(s, row.id))
    assert link.revoked_at is not None
    name, values = house.events(row.id)[-1]
    assert (name, values["role"], values["reason"]) == (
        "release.revoked",
        "governance",
        "sent to the wrong force",
    )
    sent = house.look(
        lambda s: s.exec(select(MessageRow.kind).where(MessageRow.about == row.id)).all()
    )
    assert sorted(sent) == ["link", "revoked"]
    assert audited(house, row) == []
    for refused in (revoke, lambda h, r: h.services.links and hand_off(h, r)):
        with pytest.raises(StateError):
            refused(house, row)
    with pytest.raises(StateError):
        house.do(
            Role.OPERATOR,
            lambda s: house.services.links.reissue(
                s, str(row.id), by=house.subjects[Role.OPERATOR], at=utc_now()
            ),
        )


def test_nobody_is_told_of_a_release_that_nobody_was_offered(
    house: House, exhibit: ExhibitRow
) -> None:
    row = revoke(house, sealed(house, exhibit.reference))
    assert not house.look(
        lambda s: s.exec(select(MessageRow).where(MessageRow.about == row.id)).all()
    )


def test_what_is_not_sealed_is_refused_and_not_revoked(house: House, exhibit: ExhibitRow) -> None:
    row = propose(house, exhibit.reference)
    with pytest.raises(StateError, match="refuse it"):
        revoke(house, row)
    house.approve(row)
    with pytest.raises(StateError, match="refuse it"):
        revoke(house, row)
    house.do(
        Role.OPERATOR,
        lambda s: house.services.decisions.start_sealing(
            s, str(row.id), by=house.subjects[Role.OPERATOR]
        ),
    )
    with pytest.raises(StateError, match="being sealed"):
        revoke(house, row)


def test_a_revocation_needs_a_reason_and_a_role(house: House, exhibit: ExhibitRow) -> None:
    row = sealed(house, exhibit.reference)
    with pytest.raises(InvalidError, match="reason is missing"):
        revoke(house, row, reason=" ")
    with pytest.raises(AccessRefusedError):
        revoke(house, row, Role.OPERATOR)
    assert again(house, row).state == ReleaseState.SEALED


# Handed over.


def test_a_hand_off_carries_our_digest_and_counts_as_leaving_the_house(
    house: House, exhibit: ExhibitRow
) -> None:
    row = sealed(house, exhibit.reference, delivery=Delivery.HANDOFF)
    handoff = hand_off(house, row)
    digest = house.look(lambda s: house.services.packages.package(s, row)).sha256
    assert handoff.sha256 == digest
    name, values = house.events(row.id)[-1]
    assert name == "handoff.recorded"
    assert (values["system"], values["reference"], values["sha256"]) == (
        "Evidence store",
        "E-1",
        digest,
    )
    assert again(house, row).collected_at is not None
    left = [v["release"] for name, v in house.events(exhibit.id) if name == "exhibit.released"]
    assert left.count(str(row.id)) == 1
    # Sent twice it is one; another one is another.
    assert hand_off(house, row).id == handoff.id
    hand_off(house, row, reference="E-2")
    assert names(house, row).count("handoff.recorded") == 2
    left = [v["release"] for name, v in house.events(exhibit.id) if name == "exhibit.released"]
    assert left.count(str(row.id)) == 2
    assert audited(house, row) == []


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"system": " "}, "system"),
        ({"reference": ""}, "reference"),
        ({"acceptance": ""}, "acceptance"),
        ({"handed_at": "yesterday"}, "handed_at"),
        ({"handed_at": "2199-01-01 00:00"}, "handed_at"),
        ({"handed_at": "2001-01-01 00:00"}, "handed_at"),
    ],
)
def test_a_hand_off_that_cannot_be_right_is_refused(
    house: House, exhibit: ExhibitRow, change: dict[str, str], field: str
) -> None:
    row = sealed(house, exhibit.reference)
    with pytest.raises(InvalidError) as refused:
        hand_off(house, row, **change)
    assert refused.value.field == field
    assert again(house, row).collected_at is None


def test_only_what_is_sealed_is_handed_over(house: House, exhibit: ExhibitRow) -> None:
    row = propose(house, exhibit.reference)
    with pytest.raises(StateError, match="only a sealed package"):
        hand_off(house, row)


# At once.


def test_of_two_people_who_approve_at_once_one_does(
    house: House, exhibit: ExhibitRow, other: Subject
) -> None:
    row = propose(house, exhibit.reference)
    failed = at_once(
        lambda: approve(house, row, house.subjects[Role.RELEASER], seal=True),
        lambda: approve(house, row, other, seal=True),
    )
    assert [type(error) for error in failed if error] == [StateError]
    assert names(house, row) == ["release.proposed", "release.approved"]


def test_of_an_approval_and_a_refusal_at_once_one_stands(
    house: House, exhibit: ExhibitRow, other: Subject
) -> None:
    row = propose(house, exhibit.reference)

    def refuse() -> None:
        with house.services.transaction() as session:
            house.services.decisions.refuse(
                session, str(row.id), by=other, at=utc_now(), reason="no"
            )

    failed = at_once(lambda: approve(house, row, house.subjects[Role.RELEASER], seal=True), refuse)
    assert [type(error) for error in failed if error] == [StateError]
    assert len(names(house, row)) == 2


def test_of_two_people_who_revoke_at_once_one_does(house: House, exhibit: ExhibitRow) -> None:
    row = by_link(house, exhibit.reference)
    failed = at_once(lambda: revoke(house, row), lambda: revoke(house, row, Role.GOVERNANCE))
    assert [type(error) for error in failed if error] == [StateError]
    assert names(house, row).count("release.revoked") == 1


def test_of_two_second_approvals_at_once_one_stands(
    house: House, exhibit: ExhibitRow, other: Subject
) -> None:
    row = propose(house, exhibit.reference, urgent=True)
    approve(house, row, house.subjects[Role.RELEASER])
    third = second_releaser(house)
    failed = at_once(lambda: second(house, row, other), lambda: second(house, row, third))
    assert [type(error) for error in failed if error] == [StateError]
    assert names(house, row).count("release.approved") == 2
