"""What the clock does: links expire, recipients are warned, second approvals are asked for."""

import secrets
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlmodel import Session

from evidence.attention import Call, calls_to
from evidence.exhibits.tables import ExhibitRow
from evidence.mailbox.codes import FORGET_GATES
from evidence.mailbox.messages import JOB_SEND
from evidence.mailbox.tables import GateRow
from evidence.people.access import Role
from evidence.people.people import THE_CLOCK
from evidence.people.tables import PersonRow, StaffSessionRow
from evidence.secrets import secret_digest
from export.delivery.deadlines import FORGET_SESSIONS, JOB_SECOND
from export.delivery.letters import DeliveryLetter
from export.delivery.tables import CollectionRow
from export.release.notices import ReleaseLetter
from export.release.tables import ReleaseRow
from tests.export.delivery.linking import Desk, at_once, sealed
from tests.houses import House

INSTANT = timedelta(microseconds=1)


@pytest.fixture(autouse=True)
def _alone(house: House) -> None:
    """Leave the clock nothing of other tests: it looks at all links there are."""
    with house.services.transaction() as session:
        for statement in (
            "UPDATE link SET revoked_at = now() WHERE revoked_at IS NULL",
            "UPDATE release SET urgent = false",
        ):
            session.connection().execute(text(statement))


def expired(desk: Desk, release: ReleaseRow) -> list[dict[str, object]]:
    return [found for name, found in desk.house.events(release.id) if name == "release.expired"]


def test_an_uncollected_release_expires_with_its_link_once(
    desk: Desk, release: ReleaseRow, house: House
) -> None:
    ends = desk.link(release).expires_at
    desk.deadlines.mark(at=ends - INSTANT)
    assert desk.state(release).state == "sealed"
    for _ in range(3):
        desk.deadlines.mark(at=ends)
    assert desk.state(release).state == "expired"
    assert desk.link(release).expired_at == ends
    (event,) = expired(desk, release)
    clock = house.look(lambda session: house.services.people.known(session, THE_CLOCK))
    assert (event["actor"], event["role"]) == (f"{THE_CLOCK} ({clock})", "system")


def test_two_clocks_expire_a_release_once(desk: Desk, release: ReleaseRow) -> None:
    ends = desk.link(release).expires_at
    assert at_once(*[lambda: desk.deadlines.mark(at=ends)] * 3) == [None] * 3
    assert len(expired(desk, release)) == 1


def test_a_collected_release_stays_sealed_when_its_link_expires(
    desk: Desk, release: ReleaseRow, token: str
) -> None:
    desk.authorise(desk.agreed(release, token))
    ends = desk.link(release).expires_at
    desk.deadlines.mark(at=ends)
    assert (desk.state(release).state, expired(desk, release)) == ("sealed", [])
    assert desk.link(release).expired_at == ends


def test_a_package_that_only_staff_took_out_was_not_collected(
    desk: Desk, house: House, release: ReleaseRow
) -> None:
    house.do(
        Role.OPERATOR,
        lambda session: house.services.packages.collect(
            session, str(release.id), by=house.subjects[Role.OPERATOR], at=desk.now
        ),
    )
    desk.deadlines.mark(at=desk.link(release).expires_at)
    assert desk.state(release).state == "expired"


def test_the_earlier_link_of_a_reissued_release_does_not_expire_it(
    desk: Desk, release: ReleaseRow
) -> None:
    first = desk.link(release)
    desk.later(timedelta(days=10))
    second = desk.reissue(release)
    desk.deadlines.mark(at=first.expires_at)
    assert desk.state(release).state == "sealed"
    desk.deadlines.mark(at=second.expires_at)
    assert desk.state(release).state == "expired"
    assert len(expired(desk, release)) == 1


def test_a_reissue_brings_an_expired_release_back(desk: Desk, release: ReleaseRow) -> None:
    desk.now = desk.link(release).expires_at
    desk.deadlines.mark(at=desk.now)
    desk.reissue(release)
    assert desk.state(release).state == "sealed"
    secret = desk.agreed(release, desk.token(release))
    desk.authorise(secret)
    assert [
        name for name in desk.names(release.id) if name.startswith(("link.i", "release.e"))
    ] == [
        "link.issued",
        "release.expired",
        "link.issued",
    ]


def test_a_revoked_release_does_not_expire(desk: Desk, release: ReleaseRow) -> None:
    desk.revoke(release)
    desk.deadlines.mark(at=desk.link(release).expires_at)
    assert (desk.state(release).state, expired(desk, release)) == ("sealed", [])
    assert desk.link(release).expired_at is None


def test_a_link_that_ended_otherwise_since_it_was_found_due_is_left_alone(
    desk: Desk, release: ReleaseRow
) -> None:
    link = desk.link(release)
    desk.revoke(release)
    desk.do(lambda session: desk.deadlines._expire(session, link.id, link.expires_at))
    assert (desk.state(release).state, expired(desk, release)) == ("sealed", [])
    assert desk.link(release).expired_at is None


def test_one_warning_three_days_before_the_end(desk: Desk, release: ReleaseRow) -> None:
    link = desk.link(release)
    warned = link.expires_at - timedelta(days=3)
    desk.deadlines.mark(at=warned - INSTANT)
    assert desk.mail(release, DeliveryLetter.EXPIRING) == []
    for _ in range(3):
        desk.deadlines.mark(at=warned)
        warned += timedelta(hours=1)
    (row,) = desk.messages(release, DeliveryLetter.EXPIRING)
    assert (row.person, row.once) == (release.recipient, f"expiring:{link.id}")
    assert desk.mail(release, DeliveryLetter.EXPIRING) == [
        {"expires": desk.mail(release, DeliveryLetter.LINK)[0]["expires"]}
    ]


@pytest.mark.parametrize("end", ["collected", "revoked", "over"])
def test_no_warning_of_what_needs_none(
    desk: Desk, release: ReleaseRow, token: str, end: str
) -> None:
    ends = desk.link(release).expires_at
    if end == "collected":
        desk.authorise(desk.agreed(release, token))
    elif end == "revoked":
        desk.revoke(release)
    desk.deadlines.mark(at=ends if end == "over" else ends - timedelta(days=1))
    assert desk.mail(release, DeliveryLetter.EXPIRING) == []


def test_a_reissued_link_is_warned_of_for_itself(desk: Desk, release: ReleaseRow) -> None:
    for _ in range(2):
        desk.now = desk.link(release).expires_at - timedelta(days=1)
        desk.deadlines.mark(at=desk.now)
        desk.reissue(release)
    assert len(desk.messages(release, DeliveryLetter.EXPIRING)) == 2


def test_a_short_link_is_warned_of_after_half_its_life(
    desk: Desk, house: House, exhibit: ExhibitRow
) -> None:
    short = sealed(house, exhibit.reference, link_days=2)
    desk.links.issue(short.id)
    half = desk.now + timedelta(days=1)
    desk.deadlines.mark(at=half - INSTANT)
    assert desk.mail(short, DeliveryLetter.EXPIRING) == []
    desk.deadlines.mark(at=half)
    assert len(desk.mail(short, DeliveryLetter.EXPIRING)) == 1


@pytest.fixture
def releasers(house: House) -> dict[str, UUID]:
    """Return people who sign in: only one of them may be asked to approve as the second."""
    people = house.services.people
    with house.services.transaction() as session:
        session.connection().execute(text("UPDATE person SET roles = '{}'"))
        made = {
            name: people.add(session, f"{name} {secrets.token_hex(4)}", email=email)
            for name, email in (
                ("second", "second@barchester.example"),
                ("unreachable", ""),
                ("operator", "operator@barchester.example"),
            )
        }
        for name, person in made.items():
            row = session.get_one(PersonRow, person)
            row.issuer, row.subject = "https://issuer.example", str(person)
            row.roles = ["operator"] if name == "operator" else ["auditor", "releaser"]
    return made


def approved_urgently(desk: Desk, release: ReleaseRow, by: UUID) -> None:
    def mark(session: Session) -> None:
        row = session.get_one(ReleaseRow, release.id)
        row.urgent, row.approved_at, row.approved_by = True, desk.now, by

    desk.do(mark)


def alarm(desk: Desk, release: ReleaseRow) -> Call | None:
    calls = desk.do(lambda session: calls_to(session, release.id))
    return next((call for call in calls if call.job == JOB_SECOND), None)


def test_a_second_releaser_is_asked_once_and_after_a_day_there_is_an_alarm_until_they_came(
    desk: Desk, house: House, release: ReleaseRow, releasers: dict[str, UUID]
) -> None:
    first = house.subjects[Role.RELEASER].person
    approved_urgently(desk, release, first)
    due = desk.now + timedelta(hours=24)
    for at in (desk.now, desk.now + timedelta(hours=1), due - INSTANT):
        desk.deadlines.mark(at=at)
        assert alarm(desk, release) is None
    (message,) = desk.messages(release, ReleaseLetter.SECOND_NEEDED)
    assert message.person == releasers["second"]
    assert desk.jobs(JOB_SEND, message.id) == 1
    for _ in range(2):
        desk.deadlines.mark(at=due)
    raised = alarm(desk, release)
    assert raised is not None
    assert "second approval" in raised.words
    assert len(desk.messages(release, ReleaseLetter.SECOND_NEEDED)) == 1
    desk.do(lambda s: setattr(s.get_one(ReleaseRow, release.id), "seconded_at", due))
    desk.deadlines.mark(at=due)
    assert alarm(desk, release) is None


def test_who_approved_first_is_not_asked_to_be_the_second(
    desk: Desk, release: ReleaseRow, releasers: dict[str, UUID]
) -> None:
    approved_urgently(desk, release, releasers["second"])
    desk.deadlines.mark(at=desk.now)
    assert desk.messages(release, ReleaseLetter.SECOND_NEEDED) == []


@pytest.mark.usefixtures("releasers")
def test_what_is_not_urgent_needs_no_second(desk: Desk, release: ReleaseRow) -> None:
    desk.deadlines.mark(at=desk.now + timedelta(days=2))
    assert desk.messages(release, ReleaseLetter.SECOND_NEEDED) == []
    assert alarm(desk, release) is None


def there(desk: Desk, kind: type[object], key: object) -> bool:
    return desk.do(lambda session: session.get(kind, key)) is not None


def test_gates_are_forgotten_two_days_after_the_last_visit_unless_locked(
    desk: Desk, token: str
) -> None:
    locked = secrets.token_urlsafe(32)
    for one in (token, locked):
        desk.ask(one)
    until = desk.now + timedelta(days=9)
    desk.do(lambda s: setattr(s.get_one(GateRow, secret_digest(locked)), "locked_until", until))
    desk.deadlines.mark(at=desk.now + FORGET_GATES)
    assert there(desk, GateRow, secret_digest(token))
    desk.deadlines.mark(at=desk.now + FORGET_GATES + INSTANT)
    assert not there(desk, GateRow, secret_digest(token))
    assert there(desk, GateRow, secret_digest(locked))
    desk.deadlines.mark(at=until + INSTANT)
    assert not there(desk, GateRow, secret_digest(locked))


def test_sessions_of_the_staff_are_forgotten_a_month_later(desk: Desk, house: House) -> None:
    sessions, operator = house.services.sessions, house.subjects[Role.OPERATOR]
    digest = desk.do(lambda s: secret_digest(sessions.start(s, operator, at=desk.now)))
    desk.deadlines.mark(at=desk.now + FORGET_SESSIONS)
    assert there(desk, StaffSessionRow, digest)
    desk.deadlines.mark(at=desk.now + FORGET_SESSIONS + INSTANT)
    assert not there(desk, StaffSessionRow, digest)


def test_collections_are_forgotten_a_month_later_but_for_those_of_a_download(
    desk: Desk, release: ReleaseRow, token: str
) -> None:
    idle, used = desk.past(release, token), desk.agreed(release, token)
    idle_shown, used_shown = desk.collection(idle), desk.collection(used)
    assert idle_shown is not None
    assert used_shown is not None
    desk.authorise(used)
    desk.deadlines.mark(at=desk.now + FORGET_SESSIONS - timedelta(seconds=2))
    assert there(desk, CollectionRow, idle_shown.collection)
    desk.deadlines.mark(at=desk.now + FORGET_SESSIONS + INSTANT)
    assert not there(desk, CollectionRow, idle_shown.collection)
    assert there(desk, CollectionRow, used_shown.collection)


def test_a_release_that_cannot_expire_keeps_no_other_from_it(
    desk: Desk,
    house: House,
    exhibit: ExhibitRow,
    release: ReleaseRow,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    other = sealed(house, exhibit.reference)
    desk.links.issue(other.id)
    ends = desk.link(release).expires_at
    append: Callable[..., UUID] = house.services.ledger.append

    def fail_one(session: Session, record: UUID, *rest: object, **more: object) -> UUID:
        if record == release.id:
            raise RuntimeError("its key is gone")
        return append(session, record, *rest, **more)

    with monkeypatch.context() as patched:
        patched.setattr(type(house.services.ledger), "append", lambda _, *a, **k: fail_one(*a, **k))
        with pytest.raises(ExceptionGroup, match="could not all be done"):
            desk.deadlines.mark(at=ends)
    assert (desk.state(release).state, desk.state(other).state) == ("sealed", "expired")
    assert desk.link(release).expired_at is None
    desk.deadlines.mark(at=ends)
    assert desk.state(release).state == "expired"
