"""Whoever is erased is erased wherever they stand, by two people, and the audit holds.

Everything personal of two releases and a request is planted with one odd word.
"""

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import Session, col, select

from api.app import create_app
from api.cli.proof.logs.database import audit_session, material_of
from api.running.worker import _alone, _give_up
from api.times import utc_now
from custody.audit.log import audit, take_snapshot
from custody.check.finding import Finding
from custody.keys.epochs import Epochs
from custody.ledger.erasure import EMPTY, RECIPIENT_ERASED, destroy, is_destroyed, replay
from custody.ledger.recordkeys import RecordKeys, wrapped_in
from custody.ledger.tables import CustodyRecord, CustodyValueRow, RecordKeyRow
from evidence.errors import AccessRefusedError, InvalidError, StateError, UnknownError
from evidence.exhibits.tables import ExhibitRow
from evidence.people.access import Role, Subject
from evidence.people.people import people_at
from evidence.people.tables import PersonRow
from evidence.requests.erasure.erasures import Erasures
from evidence.requests.states import Path, RequestStep
from evidence.requests.tables import RequestRow
from export.backup.named import named_objects
from export.desk.inbox import Queue, desk_of
from export.erasure.erasures import JOB_ERASE, PersonErasures, standing
from export.erasure.recipients import Recipients, package_of
from export.erasure.tables import PersonErasureRow
from export.erasure.traces import Traces, traces_of
from export.feedback.answers import Answer, Helped
from export.holdings.holds import any_held
from export.release.releases import recipient_of
from export.release.tables import ReleaseRow
from storage.errors import NotFoundError
from tests.api.web.visiting import visiting
from tests.evidence.fees.tills import KilledError, Steps
from tests.evidence.requests.erasure.planted import ODD, found_in
from tests.evidence.requests.requesting import decide, request
from tests.export.delivery.linking import Desk, sealed
from tests.export.release.release_acts import INSURER, hand_off, revoke
from tests.houses import Estate, House
from tests.patterns import Pattern

POLICE = "barchester.police.example"
BASIS = "UK GDPR article 17, letter of 20 November"


@dataclass(frozen=True)
class Council:
    """A house, and two of information governance."""

    house: House
    second: Subject

    def ask(self, address: str, role: str = Role.GOVERNANCE) -> PersonErasureRow:
        by = self.house.subjects[role]
        erasures = self.house.services.person_erasures
        return self.house.do(
            role, lambda s: erasures.ask(s, address, basis=BASIS, by=by, at=utc_now())
        )

    def approve(self, erasure: UUID) -> None:
        with self.house.services.transaction() as session:
            erasures = self.house.services.person_erasures
            erasures.approve(session, str(erasure), by=self.second, at=utc_now())

    def approved(self, address: str) -> PersonErasureRow:
        row = self.ask(address)
        self.approve(row.id)
        return row

    def run(self, erasure: UUID) -> None:
        self.house.services.person_erasures.run(erasure)

    def fresh(self, erasure: UUID) -> PersonErasureRow:
        return self.house.look(lambda s: s.get_one(PersonErasureRow, erasure))

    def traces(self, asked: str) -> Traces:
        by = self.house.subjects[Role.GOVERNANCE]
        return self.house.look(lambda s: traces_of(s, asked, by=by, at=utc_now()))

    def known(self, address: str) -> list[UUID]:
        return self.house.look(lambda s: [row.id for row in people_at(s, address)])

    def faults(self) -> tuple[Finding, ...]:
        for record in self.house.look(lambda s: s.exec(select(CustodyRecord.id)).all()):
            self.house.events(record)

        def look(session: Session) -> tuple[Finding, ...]:
            take_snapshot(session)
            return audit_session(self.house.services, session).failed

        # What is sealed by a pattern has the seal of its model.
        return tuple(one for one in self.house.look(look) if "release.sealed" not in one.words)


@pytest.fixture(scope="module")
def council(house: House) -> Council:
    with house.services.transaction() as session:
        person = house.services.people.add(session, "Second Governor")
        second = house.services.people.subject(session, person, (Role.GOVERNANCE,))
    return Council(house, second)


def to(house: House, exhibit: ExhibitRow, pattern: Pattern, address: str) -> ReleaseRow:
    """Return a release to an insurer's mailbox that was sealed, and is taken back."""
    said = replace(INSURER, recipient_email=address)
    change = {name: getattr(said, name) for name in ("kind", "recipient_email", "organisation")}
    change["with_master"] = True
    row = sealed(house, exhibit.reference, pattern=pattern, **change)
    return revoke(house, row)


@pytest.fixture
def planted(house: House, exhibit: ExhibitRow) -> list[ReleaseRow]:
    """Return two releases to one mailbox, typed in two ways, with the odd word in every text."""
    desk, rows = Desk(house, house.services.transaction), []
    for address in (f"{ODD}@{POLICE}", f"{ODD.title()}@{POLICE.title()}"):
        said: dict[str, Any] = {
            "recipient_name": f"Sam {ODD}",
            "recipient_email": address,
            "organisation": f"{ODD} Constabulary",
            "purpose": f"claim of {ODD}",
            "with_master": True,
        }
        row = sealed(house, exhibit.reference, **said)
        house.services.links.issue(row.id)
        collect(house, desk, row)
        rows.append(revoke(house, row, reason=f"{ODD} asked for it"))
    return rows


def collect(house: House, desk: Desk, row: ReleaseRow) -> None:
    """Come past the code, download, hand off, and say that it helped: with the odd word."""
    hand_off(house, row, system=f"{ODD} store", reference=ODD, acceptance=f"{ODD} signed")
    desk.now = utc_now().replace(microsecond=0) + timedelta(seconds=1)
    secret = desk.agreed(row, desk.token(row))
    desk.download(secret, desk.authorise(secret).id)
    with house.services.transaction() as session:
        by = recipient_of(session, row)
        said = Answer(Helped.IDENTIFIED, f"{ODD} was there")
        house.services.feedback.answer(session, row.id, said, by=by, role="recipient", at=desk.now)


def test_whoever_is_erased_stands_in_no_column_afterwards(
    council: Council, planted: list[ReleaseRow], estate: Estate
) -> None:
    house, address = council.house, f"{ODD}@{POLICE}"
    asked = request(house, Path.COUNCIL, utc_now(), email=f"{ODD}.jo@council.example")
    decide(house, asked, RequestStep.WITHDRAWN, Role.OPERATOR, utc_now(), f"{ODD} rang")
    before = found_in(house, estate)
    assert before.keys() >= {"custody_value", "feedback", "handoff", "person", "release"}
    assert before.keys() >= {"request_facts", "request_step", "seal_file"}
    people = council.known(address)
    assert len(people) == 2, "each release named a person of its own, and both are found"
    packages = house.look(lambda s: [package_of(s, row.id) for row in planted])
    for one in (address, f"{ODD}.jo@council.example"):
        row = council.approved(one)
        council.run(row.id)
        assert council.fresh(row.id).done_at is not None
    assert found_in(house, estate) == {}
    assert not council.faults()
    for person in people:
        assert house.look(partial(is_destroyed, record=person))
    for release in planted:
        assert RECIPIENT_ERASED in [name for name, _ in house.events(release.id)]
    assert packages[0] is not None
    assert packages[0][0] not in {one.key for one in house.look(lambda s: list(named_objects(s)))}
    with pytest.raises(NotFoundError):
        house.services.vault.lock(*packages[0])
    assert council.traces(address).found == ()


def test_what_speaks_of_somebody_is_listed_with_what_goes_and_what_stays(
    council: Council, exhibit: ExhibitRow, pattern: Pattern
) -> None:
    house = council.house
    to(house, exhibit, pattern, "listed@insurer.example")
    asked = request(house, Path.COUNCIL, utc_now(), email="Listed@insurer.example")
    found = council.traces("LISTED@insurer.example")
    assert len(found.people) == 2
    said = {one.what: one for one in found.found}
    assert any(what.startswith(f"request {asked.urn}") for what in said)
    (release,) = [one for what, one in said.items() if what.startswith("release ")]
    assert "recipient" in release.goes
    assert "the council answers" in release.stays
    assert found.obstacles == (f"request {asked.urn} is open: withdraw, refuse or close it first",)
    named = council.traces("alex exam")
    assert "listed@insurer.example" in named.mailboxes
    assert council.traces("100%").found == ()
    with pytest.raises(InvalidError, match="3 letters"):
        council.traces("al")
    with pytest.raises(StateError, match="is open"):
        council.ask("listed@insurer.example")


def test_two_people_erase_and_nobody_alone(
    council: Council, exhibit: ExhibitRow, pattern: Pattern
) -> None:
    house = council.house
    to(house, exhibit, pattern, "two@insurer.example")
    erasures, own = house.services.person_erasures, house.subjects[Role.GOVERNANCE]
    with pytest.raises(AccessRefusedError):
        council.ask("two@insurer.example", Role.OPERATOR)
    with pytest.raises(InvalidError, match="nobody is known"):
        council.ask("nobody@insurer.example")
    row = council.ask("two@insurer.example")
    with pytest.raises(StateError, match="already"):
        council.ask("two@insurer.example")
    with (
        pytest.raises(AccessRefusedError, match="ask somebody else"),
        house.services.transaction() as s,
    ):
        erasures.approve(s, str(row.id), by=own, at=utc_now())
    council.run(row.id)
    assert len(council.known("two@insurer.example")) == 1, "nobody approved it"
    with house.services.transaction() as s:
        erasures.refuse(s, str(row.id), by=council.second, at=utc_now(), reason="not who they say")
    assert standing(council.fresh(row.id)) == "refused"
    with pytest.raises(StateError, match="refused"):
        council.approve(row.id)
    with pytest.raises(UnknownError):
        council.approve(UUID(int=7))
    late = council.ask("two@insurer.example", Role.RELEASER)
    to(house, exhibit, pattern, "Two@insurer.example")
    council.approve(late.id)
    council.run(late.id)
    assert council.known("two@insurer.example") == [], "who came since is erased, too"
    assert not council.faults()


def test_a_release_that_can_be_collected_and_a_hold_keep_them(
    council: Council, exhibit: ExhibitRow, pattern: Pattern
) -> None:
    house, by = council.house, council.house.subjects[Role.GOVERNANCE]
    row = sealed(
        house, exhibit.reference, pattern=pattern, recipient_email="a@barchester.police.example"
    )
    house.services.links.issue(row.id)
    with pytest.raises(StateError, match="revoke it, or wait until its link ended"):
        council.ask("a@barchester.police.example")
    revoke(house, row)
    erasure = council.approved("a@barchester.police.example")
    holds, name = house.services.holds, str(exhibit.id)
    house.do(Role.GOVERNANCE, lambda s: holds.place(s, name, reason="appeal", by=by, at=utc_now()))
    with pytest.raises(StateError, match="legal hold"):
        council.run(erasure.id)
    assert council.known("a@barchester.police.example")
    house.do(Role.GOVERNANCE, lambda s: holds.lift(s, name, reason="decided", by=by, at=utc_now()))
    council.approve(erasure.id)
    council.run(erasure.id)
    assert council.known("a@barchester.police.example") == []
    releaser = house.subjects[Role.RELEASER]
    with pytest.raises(StateError), house.services.transaction() as session:
        house.services.links.reissue(session, str(row.id), by=releaser, at=utc_now())


def stepped(council: Council, steps: Steps) -> PersonErasures:
    """Return what erases, with transactions of which a test may end one."""
    services = council.house.services

    begin = partial(steps.around, council.house)
    requests = Erasures(
        begin,
        services.ledger,
        services.requests,
        services.people,
        days=365,
        held=any_held,
    )
    recipients = Recipients(
        services.ledger, services.releases, services.papers, services.feedback, services.holds.vault
    )
    return PersonErasures(
        begin,
        services.ledger,
        services.people,
        requests,
        recipients,
        services.jobs,
        clock=services.clock,
    )


def kills() -> Iterator[tuple[int, str]]:
    for number in range(5):
        yield from ((number, "undone"), (number, "after"))


@pytest.mark.parametrize(("number", "how"), list(kills()))
def test_killed_between_any_two_steps_it_goes_on(
    council: Council, exhibit: ExhibitRow, pattern: Pattern, number: int, how: str
) -> None:
    house, address = council.house, f"killed.{number}.{how}@council.example"
    to(house, exhibit, pattern, address)
    asked = request(house, Path.COUNCIL, utc_now(), email=address)
    decide(house, asked, RequestStep.WITHDRAWN, Role.OPERATOR, utc_now())
    people, row = council.known(address), council.approved(address)
    steps = Steps(number, how)
    with pytest.raises(KilledError):
        stepped(council, steps).run(row.id)
    council.run(row.id)
    assert council.fresh(row.id).done_at is not None
    for person in people:
        names = [name for name, _ in house.events(person)] or _bare(house, person)
        assert names.count("erase.requested") == names.count("erase.done") == 1
    assert [name for name, _ in house.events(row.id)] == [
        "erasure.asked",
        "erasure.approved",
        "erasure.done",
    ]


def test_one_that_stopped_half_way_is_told_on_the_first_page(council: Council) -> None:
    house, address = council.house, "stopped.half.way@council.example"
    asked = request(house, Path.COUNCIL, utc_now(), email=address)
    decide(house, asked, RequestStep.WITHDRAWN, Role.OPERATOR, utc_now())
    row = council.approved(address)
    _give_up(house.services, JOB_ERASE, str(row.id), StateError("a hold came between"))

    def told(role: str) -> Queue | None:
        by, reviews = house.subjects[role], house.services.due_reviews
        return house.look(lambda s: desk_of(s, by, utc_now(), reviews)).erasures

    found = told(Role.GOVERNANCE)
    assert found is not None
    assert [(one.subject, one.words) for one in found.first] == [(row.id, "a hold came between")]
    assert told(Role.RELEASER) == found, "who may ask for one"
    assert told(Role.OPERATOR) is None
    with visiting(create_app(house.services), house) as browser:
        browser.sign_in(Role.GOVERNANCE)
        page = browser.get("/console").text
    assert "erasure of a person stopped half way" in page
    assert f"custos dispose person approve {row.id}" in page
    assert "a hold came between" in page

    council.approve(row.id)
    _alone(house.services, JOB_ERASE, house.services.person_erasures.run)(str(row.id))
    assert told(Role.GOVERNANCE) == Queue(0, [])


def _bare(house: House, record: UUID) -> list[str]:
    return [
        one.event for one in house.look(lambda s: house.services.histories.of(s, record, most=50))
    ]


def test_what_a_backup_brings_back_is_destroyed_again_from_the_log_alone(
    council: Council, exhibit: ExhibitRow, pattern: Pattern
) -> None:
    house, keys = (
        council.house,
        RecordKeys(council.house.services.keyring.record_kek, bytes),
    )
    release = to(house, exhibit, pattern, "back@insurer.example")
    asked = request(house, Path.COUNCIL, long_ago(), email="back@council.example")
    decide(house, asked, RequestStep.WITHDRAWN, Role.OPERATOR, long_ago())
    (person,) = council.known("back@insurer.example")
    kept = house.look(lambda s: rows_of(s, [person, asked.id, release.id]))
    council.run(council.approved("back@insurer.example").id)
    house.services.erasures.erase(asked.id, at=utc_now())
    assert not council.faults()
    with house.services.transaction() as session:
        restore(session, kept)
        assert not is_destroyed(session, person)
        done = replay(session, keys)
        assert {person, asked.id} <= set(done.destroyed)
        assert release.id in done.emptied
        assert is_destroyed(session, person)
        assert is_destroyed(session, asked.id)
        again = replay(session, keys)
        assert person not in again.destroyed
        assert replay(session, keys, entries=[]).destroyed == ()
    assert not council.faults()
    with house.services.transaction() as session:
        restore(session, kept)
        session.get_one(PersonRow, person).name = "Alex Example"
        session.get_one(ReleaseRow, release.id).purpose = "claim of Alex Example"
        session.get_one(RequestRow, asked.id).erased_at = None
    assert {person, asked.id} <= set(house.services.restored.erase_again().destroyed)
    assert house.look(lambda s: s.get_one(PersonRow, person)).name == ""
    assert house.look(lambda s: s.get_one(ReleaseRow, release.id)).purpose == ""
    assert house.look(lambda s: s.get_one(RequestRow, asked.id)).erased_at is not None
    assert not council.faults()


def long_ago() -> datetime:
    return utc_now() - timedelta(days=400)


def rows_of(session: Session, records: list[UUID]) -> list[RecordKeyRow | CustodyValueRow]:
    """Return the keys and values of records, as a backup holds them."""
    found: list[RecordKeyRow | CustodyValueRow] = [
        *session.exec(select(RecordKeyRow).where(col(RecordKeyRow.record).in_(records))),
        *session.exec(select(CustodyValueRow).where(col(CustodyValueRow.key_record).in_(records))),
    ]
    for row in found:
        session.expunge(row)
    return found


def restore(session: Session, kept: list[RecordKeyRow | CustodyValueRow]) -> None:
    for row in kept:
        session.merge(row)
    session.flush()


def test_a_value_that_is_gone_without_its_event_is_named(
    council: Council, exhibit: ExhibitRow, pattern: Pattern
) -> None:
    house = council.house
    release = to(house, exhibit, pattern, "named@insurer.example")
    (person,) = council.known("named@insurer.example")
    council.faults()

    def faults_after(work: Callable[[Session], None]) -> str:
        with house.services.transaction() as session, session.begin_nested() as change:
            work(session)
            session.flush()
            report = audit_session(house.services, session)
            change.rollback()
        return " ".join(f"{one.words} {one.subject}" for one in report.failed)

    def empty_words_of(session: Session) -> None:
        for row in session.exec(
            select(CustodyValueRow).where(
                CustodyValueRow.key_record == release.id, CustodyValueRow.field == "purpose"
            )
        ):
            row.value = EMPTY

    def destroy_person(session: Session) -> None:
        session.get_one(PersonRow, person).name = ""
        destroy(session, person)

    assert "release.proposed" in faults_after(empty_words_of)
    assert str(person) in faults_after(destroy_person)


def test_after_a_new_epoch_every_key_opens_and_none_under_the_old_one(council: Council) -> None:
    house, old = council.house, council.house.services.keyring.epochs
    keys = Epochs({**old.keys, 1: b"\x11" * 32})
    council.faults()
    with house.services.transaction() as session:
        wrapping, last = RecordKeys(keys, secrets.token_bytes), None
        kept = wrapped_in(session, 0)
        while (last := wrapping.wrap_anew(session, after=last, most=7)) is not None:
            pass
        assert (wrapped_in(session, 0), wrapped_in(session, 1)) == (0, kept)
        only_new = replace(material_of(house.services), record_kek=Epochs({1: b"\x11" * 32}))
        assert not [
            one for one in audit(session, only_new).failed if "release.sealed" not in one.words
        ]
        only_old = replace(material_of(house.services), record_kek=old)
        assert any("cannot be unwrapped" in one.words for one in audit(session, only_old).failed)
        session.rollback()
