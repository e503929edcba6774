"""Documents over the real database: kept sealed, opened by one role, on record, and destroyed."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import col, func, select, update

from api.times import utc_now
from custody.audit.facts import Span
from evidence.errors import AccessRefusedError, InvalidError, StateError, UnknownError
from evidence.limits import Limits
from evidence.mailbox.tables import MessageRow
from evidence.people.access import ALLOWED, Action, Role
from evidence.requests.documents.documents import MOST_KEPT, Held
from evidence.requests.documents.incoming import (
    MOST_FROM_NETWORK,
    MOST_OF_MAILBOX,
    Arrivals,
    Incoming,
    Scanned,
)
from evidence.requests.documents.kinds import DocumentKind, SeenHow, Verdict
from evidence.requests.documents.tables import DocumentBytesRow, DocumentRow
from evidence.requests.drafts import FORGET_DRAFTS
from evidence.requests.letters import RequestLetter
from evidence.requests.states import Path, RequestState, RequestStep, ReviewOutcome
from evidence.requests.tables import RequestRow
from export.desk.claims.requests import requests
from storage.errors import CorruptError
from tests.evidence.requests.documents.papers_filled import JPEG, PDF, PNG
from tests.evidence.requests.requesting import (
    decide,
    fill,
    filled,
    prove,
    request,
    review,
    submit,
    values_of,
)
from tests.houses import House

CONSENT, IDENTITY = DocumentKind.CONSENT, DocumentKind.IDENTITY
REASON = "it shows who they are"
MIB = 1 << 20


def now() -> datetime:
    return utc_now().replace(microsecond=0)


def incoming(house: House, data: bytes) -> Incoming:
    return house.services.document_arrivals.take(data)


def receive(house: House, row: RequestRow, kind: DocumentKind, data: bytes, at: datetime) -> Held:
    """Receive a document; return it, as it is held."""
    came = incoming(house, data)
    with house.services.transaction() as session:
        house.services.documents.receive(session, row.id, kind, came, at=at)
    return next(one for one in held(house, row) if one.row.sha256 == came.sha256)


def held(house: House, row: RequestRow) -> list[Held]:
    return list(house.look(lambda s: house.services.documents.papers(s, row)).held)


def done(
    house: House,
    what: str,
    row: RequestRow,
    *given: Any,  # noqa: ANN401 - whatever a check takes
    role: Role = Role.GOVERNANCE,
    **more: Any,  # noqa: ANN401 - as above
) -> Any:  # noqa: ANN401 - as above
    """Do something that only whoever checks documents may."""
    work: Callable[..., Any] = getattr(house.services.document_checks, what)
    by = house.subjects[role]
    return house.do(role, lambda s: work(s, row.urn, *given, by=by, **more))


def check(
    house: House, row: RequestRow, one: Held, at: datetime, verdict: Verdict = Verdict.ACCEPTED
) -> None:
    """Look at a document, and say what it shows."""
    done(house, "look", row, str(one.row.id), at=at)
    done(house, "check", row, str(one.row.id), verdict, at=at, reason=REASON)


def bytes_of(house: House, one: Held) -> DocumentBytesRow | None:
    return house.look(lambda s: s.get(DocumentBytesRow, one.row.id))


def test_a_document_of_a_draft_comes_with_the_request_and_no_event_before(house: House) -> None:
    at = now()
    secret = fill(house, Path.INSURER, at, filled(Path.INSURER, at, email="docs@insurer.example"))
    drafts, kept = house.services.drafts, house.services.draft_documents
    with house.services.transaction() as session, pytest.raises(StateError, match="code"):
        drafts.proven(session, secret, at=at)
    prove(house, secret, at)
    for data in (PNG, PDF):  # the second takes the place of the first
        with house.services.transaction() as session:
            draft = drafts.proven(session, secret, at=at)
            kept.put(session, draft, CONSENT, incoming(house, data), at=at)
    with house.services.transaction() as session:
        draft = drafts.proven(session, secret, at=at)
        kept.put(session, draft, IDENTITY, incoming(house, JPEG), at=at)
        kept.remove(session, draft, IDENTITY)
        assert [*kept.of(session, secret)] == [CONSENT]
    later = at + timedelta(hours=1)
    row = submit(house, secret, later)
    (one,) = held(house, row)
    assert (one.row.kind, one.row.type, one.row.size) == (CONSENT, "application/pdf", len(PDF))
    assert one.row.received_at == later
    assert one.verdict is None
    (said,) = values_of(house, row, "document.received")
    assert (said["document"], said["result"]) == (
        str(one.row.id),
        "not scanned: no scanner is configured",
    )
    assert said["role"] == "requester"
    assert one.until == later + timedelta(days=90)


def test_what_is_not_sent_is_forgotten_with_its_draft(house: House) -> None:
    at = now()
    secret = fill(house, Path.INSURER, at, filled(Path.INSURER, at, email="gone-d@insurer.example"))
    prove(house, secret, at)
    with house.services.transaction() as session:
        draft = house.services.drafts.proven(session, secret, at=at)
        kept = house.services.draft_documents
        kept.put(session, draft, CONSENT, incoming(house, PDF), at=at)
        document = kept.of(session, secret)[CONSENT].id
    with house.services.transaction() as session:
        house.services.drafts.forget(session, at=at + FORGET_DRAFTS + timedelta(seconds=1))
        assert session.get(DocumentRow, document) is None
        assert session.get(DocumentBytesRow, document) is None


def test_only_what_the_path_asks_for_is_taken(house: House) -> None:
    row = request(house, Path.POLICE, now(), email="paper@barset.police.example")
    with pytest.raises(InvalidError, match="no such document"):
        receive(house, row, CONSENT, PDF, now())
    assert receive(house, row, DocumentKind.AUTHORITY, PDF, now()).row.kind == "authority"


def test_pressed_twice_it_is_one_document_and_there_are_so_many_at_most(house: House) -> None:
    at = now()
    row = request(house, Path.SUBJECT, at, email="many-d@gmail.com")
    receive(house, row, IDENTITY, PDF, at)
    receive(house, row, IDENTITY, PDF, at)
    assert len(held(house, row)) == 1
    for number in range(MOST_KEPT - 1):
        receive(house, row, IDENTITY, PDF + b"%" * number + b"%%EOF", at)
    with pytest.raises(StateError, match="already"):
        receive(house, row, IDENTITY, JPEG, at)


def test_the_bytes_lie_sealed_and_a_flipped_one_is_found(house: House) -> None:
    at = now()
    row = request(house, Path.SUBJECT, at, email="sealed-d@gmail.com")
    one = receive(house, row, IDENTITY, PDF, at)
    kept = bytes_of(house, one)
    assert kept is not None
    assert b"%PDF" not in kept.sealed
    assert done(house, "look", row, str(one.row.id), at=at).data == PDF
    with house.services.transaction() as session:
        changed = session.get_one(DocumentBytesRow, one.row.id)
        session.delete(changed)
        session.flush()
        sealed = changed.sealed[:-1] + bytes([changed.sealed[-1] ^ 1])
        session.add(DocumentBytesRow(document=one.row.id, wrapped=changed.wrapped, sealed=sealed))
    with pytest.raises(CorruptError):
        done(house, "look", row, str(one.row.id), at=at)
    assert len(values_of(house, row, "document.viewed")) == 1, "nobody saw what does not open"


@pytest.mark.parametrize("role", [role for role in Role if role != Role.GOVERNANCE])
def test_no_other_role_opens_checks_or_deletes_a_document(house: House, role: Role) -> None:
    assert ALLOWED[Action.CHECK_DOCUMENT] == (Role.GOVERNANCE,)
    row = request(house, Path.SUBJECT, now(), email="roles-d@gmail.com")
    one = str(receive(house, row, IDENTITY, PDF, now()).row.id)
    for what, given, more in (
        ("look", (one,), {}),
        ("check", (one, Verdict.ACCEPTED), {"reason": REASON}),
        ("delete", (one,), {"reason": REASON}),
        ("see", (IDENTITY, SeenHow.IN_PERSON), {"reason": REASON}),
        ("ask", (IDENTITY,), {"reason": REASON}),
    ):
        with pytest.raises(AccessRefusedError):
            done(house, what, row, *given, role=role, at=now(), **more)
    assert bytes_of(house, held(house, row)[0]) is not None


def test_a_document_is_reached_under_its_own_request_alone(house: House) -> None:
    at = now()
    mine, other = (
        request(house, Path.SUBJECT, at, email=f"{name}-d@gmail.com") for name in ("mine", "other")
    )
    one = receive(house, mine, IDENTITY, PDF, at)
    for name in (str(one.row.id), "none", str(other.id)):
        with pytest.raises(UnknownError):
            done(house, "look", other, name, at=at)


def test_nobody_says_what_a_document_shows_before_opening_it(house: House) -> None:
    at = now()
    row = request(house, Path.SUBJECT, at, email="look-d@gmail.com")
    one = receive(house, row, IDENTITY, PDF, at)
    with pytest.raises(StateError, match="open the document"):
        done(house, "check", row, str(one.row.id), Verdict.ACCEPTED, at=at, reason=REASON)
    check(house, row, one, at)
    (said,) = values_of(house, row, "document.checked")
    assert (said["result"], said["document_kind"], said["reason"], said["role"]) == (
        "accepted",
        "identity",
        REASON,
        "governance",
    )
    (after,) = held(house, row)
    assert (after.verdict, after.until) == (Verdict.ACCEPTED, at + timedelta(days=7))


def test_who_sent_what_is_not_accepted_gets_a_letter(house: House) -> None:
    at = now()
    row = request(house, Path.SUBJECT, at, email="letter-d@gmail.com")
    check(house, row, receive(house, row, IDENTITY, PDF, at), at, Verdict.NOT_ACCEPTED)
    done(house, "ask", row, DocumentKind.AUTHORITY, at=at, reason="somebody acts for you")
    letters = select(func.count()).where(
        MessageRow.about == row.id, MessageRow.kind == "request_document"
    )
    assert house.look(lambda s: s.exec(letters).one()) == 2
    papers = house.look(lambda s: house.services.documents.papers(s, row))
    assert papers.checked.asked == {
        IDENTITY: REASON,
        DocumentKind.AUTHORITY: "somebody acts for you",
    }


def test_nothing_is_approved_before_its_documents_are_accepted(house: House) -> None:
    at, exhibit = now(), house.exhibit()
    row = request(house, Path.SUBJECT, at, email="approve-d@gmail.com")
    decide(house, row, RequestStep.COVERED, Role.OPERATOR, at)
    review(house, row, ReviewOutcome.FOUND, at, exhibit)
    decisions, by = house.services.request_decisions, house.subjects[Role.RELEASER]

    def approve() -> RequestRow:
        step = RequestStep.APPROVED
        return house.do(
            Role.RELEASER,
            lambda s: decisions.decide(s, row.urn, step, by=by, at=at, reason="necessary"),
        )

    with pytest.raises(StateError, match=r"documents are accepted \(identity\)"):
        approve()
    one = receive(house, row, IDENTITY, PDF, at)
    with pytest.raises(StateError, match="identity"):
        approve()
    check(house, row, one, at)
    assert approve().state == RequestState.AWAITING_REDACTION


def test_the_clock_destroys_a_document_once_and_says_so(house: House) -> None:
    at = now()
    row = request(house, Path.INSURER, at, email="clock-d@insurer.example")
    checked, waiting = (
        receive(house, row, kind, data, at) for kind, data in ((CONSENT, PDF), (IDENTITY, JPEG))
    )
    check(house, row, checked, at)

    def run(days: int) -> None:
        with house.services.transaction() as session:
            later = at + timedelta(days=days, seconds=1)
            house.services.document_deletions.run(session, at=later)

    run(6)
    assert bytes_of(house, checked) is not None
    for _ in range(2):
        run(7)
    assert bytes_of(house, checked) is None
    assert bytes_of(house, waiting) is not None
    with pytest.raises(StateError, match="deleted"):
        done(house, "look", row, str(checked.row.id), at=at)
    run(90)
    assert bytes_of(house, waiting) is None
    told = values_of(house, row, "document.deleted")
    assert [(one["document"], one["role"]) for one in told] == [
        (str(checked.row.id), "system"),
        (str(waiting.row.id), "system"),
    ]
    assert {one.row.deleted_at is not None for one in held(house, row)} == {True}
    papers = house.look(lambda s: house.services.documents.papers(s, row))
    assert papers.missing == (IDENTITY,), "what was accepted stays so, and what was not is missing"


def test_a_deletion_that_was_killed_is_done_again_whole(house: House) -> None:
    at = now()
    row = request(house, Path.SUBJECT, at, email="killed-d@gmail.com")
    one = receive(house, row, IDENTITY, PDF, at)
    later = at + timedelta(days=91)

    class KilledError(Exception):
        """Stands for the process being killed before the commit."""

    def killed() -> None:
        with house.services.transaction() as session:
            house.services.document_deletions.run(session, at=later)
            raise KilledError

    with pytest.raises(KilledError):
        killed()
    assert bytes_of(house, one) is not None
    assert values_of(house, row, "document.deleted") == []
    with house.services.transaction() as session:
        house.services.document_deletions.run(session, at=later)
    assert bytes_of(house, one) is None
    assert len(values_of(house, row, "document.deleted")) == 1


def test_what_was_checked_before_a_correction_is_checked_again(house: House) -> None:
    at = now()
    row = request(house, Path.INSURER, at, email="correct-d@insurer.example")
    gone, kept = (
        receive(house, row, kind, data, at) for kind, data in ((CONSENT, PDF), (IDENTITY, JPEG))
    )
    for one in (gone, kept):
        check(house, row, one, at)
    done(house, "delete", row, str(gone.row.id), at=at, reason="not needed any more")
    asked = house.look(lambda s: house.services.requests.asked(s, row.id))
    assert asked is not None
    other = replace(asked, answers={**asked.answers, "policyholder": "Somebody Else"})
    with house.services.transaction() as session:
        house.services.request_decisions.correct(session, row.id, other, at=at)
    papers = house.look(lambda s: house.services.documents.papers(s, row))
    assert set(papers.missing) == {CONSENT, IDENTITY}
    assert {one.row.checked_at for one in papers.held if one.row.deleted_at is None} == {None}
    with house.services.transaction() as session:
        (claim,) = requests(session, Span(row.id, row.id))
    assert claim.flaws == ()


def test_a_document_is_deleted_by_hand_with_a_reason(house: House) -> None:
    at = now()
    row = request(house, Path.SUBJECT, at, email="hand-d@gmail.com")
    one = receive(house, row, IDENTITY, PDF, at)
    with pytest.raises(InvalidError):
        done(house, "delete", row, str(one.row.id), at=at, reason=" ")
    done(house, "delete", row, str(one.row.id), at=at, reason="somebody else's passport")
    assert bytes_of(house, one) is None
    with pytest.raises(StateError, match="already"):
        done(house, "delete", row, str(one.row.id), at=at, reason="again")


def test_a_request_that_has_ended_takes_no_document(house: House) -> None:
    at = now()
    row = request(house, Path.SUBJECT, at, email="ended-d@gmail.com")
    decide(house, row, RequestStep.WITHDRAWN, Role.OPERATOR, at)
    with pytest.raises(StateError, match="withdrawn"):
        receive(house, row, IDENTITY, PDF, at)


def test_malware_and_too_many_bytes_are_refused_and_what_is_not_scanned_is_said_so() -> None:
    asked: list[bytes] = []

    def scan(data: bytes) -> Scanned:
        asked.append(data)
        return Scanned("found: Eicar", "Eicar") if b"EICAR" in data else Scanned("not scanned: why")

    arrivals = Arrivals(Limits(key=bytes(32)), scan, most=MIB)
    assert arrivals.take(PDF).scan == "not scanned: why"
    with pytest.raises(InvalidError, match=r"Malware was found in this file \(Eicar\)"):
        arrivals.take(b"%PDF-1.4 EICAR %%EOF")
    with pytest.raises(InvalidError, match="smaller than 1 MB"):
        arrivals.take(PDF + bytes(MIB))
    assert len(asked) == 2, "what is too large is not even scanned"


def test_documents_are_counted_for_each_mailbox_and_network(house: House) -> None:
    at, arrivals = now(), house.services.document_arrivals

    with house.services.transaction() as session:

        def waits(network: str, mailbox: str) -> bool:
            wait = arrivals.admit(session, network=network, mailbox=mailbox, at=at)
            return wait is not None

        full = [waits(f"203.0.113.{n}", "full@insurer.example") for n in range(MOST_OF_MAILBOX + 2)]
        wide = [waits("198.51.100.250", f"n{n}@a.example") for n in range(MOST_FROM_NETWORK + 1)]
    assert full == [False] * MOST_OF_MAILBOX + [True] * 2
    assert wide == [False] * MOST_FROM_NETWORK + [True]


def test_who_checks_documents_hears_once_a_day_while_any_waits(house: House) -> None:
    services, wrote = house.services, RequestLetter.TO_CHECK
    at = datetime(2026, 3, 28, 13, tzinfo=UTC)
    with services.transaction() as session:
        for role in (Role.GOVERNANCE, Role.OPERATOR):
            services.people.sign_in(
                session,
                issuer="https://id.example",
                subject=f"checks-{role}",
                name=f"Checks {role}",
                email=f"{role}@barchester.example",
                roles=[role],
                at=at,
            )

    def letters() -> list[MessageRow]:
        found = select(MessageRow).where(MessageRow.kind == wrote.value)
        return list(house.look(lambda s: s.exec(found.order_by(col(MessageRow.queued_at))).all()))

    def written(then: datetime) -> int:
        with services.transaction() as session:
            services.document_reminders.write(session, at=then)
        return len(letters())

    with services.transaction() as session:
        session.execute(update(DocumentRow).values(checked_at=now()))  # of other tests
    assert written(at) == 0
    first, second = (
        request(house, Path.INSURER, now(), email=f"{one}@insurer.example") for one in "ab"
    )
    for later, row in enumerate((first, second)):
        receive(house, row, CONSENT, PDF, now() + timedelta(hours=later))
    # The clocks went forward that night: eight in the morning is seven in UTC.
    midnight = datetime(2026, 3, 29, tzinfo=UTC)
    hours = (0, 6.9, 7.1, 23, 30.9, 31.1)
    assert [written(midnight + timedelta(hours=hour)) for hour in hours] == [1, 1, 2, 2, 2, 3]
    assert len({row.person for row in letters()}) == 1, "nobody else is written to"
    assert {services.messages.open(row)["requests"] for row in letters()} == {"2"}
    assert {row.about for row in letters()} == {first.id}, "it has waited longest"
    with services.transaction() as session:
        session.execute(update(DocumentRow).values(checked_at=now()))
    assert written(midnight + timedelta(days=9)) == 3, "nothing waits"
