"""Messages on a request: each a step with its event, once, read by somebody, and held by it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from sqlmodel import select

from api.cli.proof.logs.database import audit_session
from api.times import utc_now
from evidence import attention
from evidence.errors import AccessRefusedError, InvalidError, StateError
from evidence.mailbox.tables import MessageRow
from evidence.paging import Cursor
from evidence.people.access import Role
from evidence.requests.correspondence.messages import (
    ANSWERED,
    MOST_RECEIVED,
    MOST_WORDS,
    READ,
    RECEIVED,
    SENT,
    TWICE,
    Thread,
    Written,
    thread_of,
    words_digest,
)
from evidence.requests.states import Path, RequestStep
from evidence.requests.tables import RequestRow
from export.desk.inbox import desk_of
from tests.evidence.requests.requesting import decide, request, values_of
from tests.houses import House

QUESTION, ANSWER = "Which exit of the car park was it?", "The one to Low Street.\nNot the ramp."


def now() -> datetime:
    return utc_now().replace(microsecond=0)


def asked(house: House, name: str) -> RequestRow:
    return request(house, Path.COUNCIL, now(), email=f"{name}@council.example")


def send(
    house: House, row: RequestRow, words: str, at: datetime, role: Role = Role.OPERATOR
) -> None:
    by = house.subjects[role]
    house.do(role, lambda s: house.services.correspondence.send(s, row.urn, words, by=by, at=at))


def answer(house: House, row: RequestRow, words: str, at: datetime) -> None:
    with house.services.transaction() as session:
        house.services.correspondence.answer(session, row.id, words, at=at)


def read(house: House, row: RequestRow, at: datetime) -> None:
    by = house.subjects[Role.GOVERNANCE]
    house.do(
        Role.GOVERNANCE,
        lambda s: house.services.correspondence.mark_read(s, row.urn, by=by, at=at),
    )


def written(house: House, row: RequestRow) -> list[Written]:
    page = house.look(lambda s: house.services.correspondence.own(s, row.id, most=100))
    return list(page.rows)


def waits(house: House, request: UUID) -> bool:
    calls = house.look(lambda s: attention.calls_to(s, request))
    return ANSWERED in [one.job for one in calls]


def letters(house: House, row: RequestRow) -> list[MessageRow]:
    about = select(MessageRow).where(
        MessageRow.about == row.id, MessageRow.kind == "request_message"
    )
    return list(house.look(lambda s: s.exec(about).all()))


def test_what_the_staff_write_is_an_event_and_a_letter_that_says_nothing_of_it(
    house: House,
) -> None:
    row, at = asked(house, "letter"), now()
    send(house, row, f"  {QUESTION} ", at)
    (said,) = values_of(house, row, SENT)
    assert (said["role"], said["message"]) == ("operator", words_digest(QUESTION))
    assert str(said["actor"]).startswith("Test operator (")
    (letter,) = letters(house, row)
    assert house.services.messages.open(letter) == {}
    assert letter.person == row.person
    (shown,) = written(house, row)
    assert (shown.words, shown.ours, shown.by, shown.at) == (QUESTION, True, "Test operator", at)


def test_an_answer_waits_for_somebody_until_it_is_answered_or_read(house: House) -> None:
    row, at = asked(house, "waits"), now()
    by = house.subjects[Role.OPERATOR]
    send(house, row, QUESTION, at)
    assert not waits(house, row.id)
    answer(house, row, ANSWER, at)
    answers = house.look(lambda s: desk_of(s, by, utc_now(), house.services.due_reviews)).answers
    assert answers is not None
    assert row.urn in [one.urn for one in answers.first]
    story = house.look(lambda s: house.services.request_list.story(s, row.urn, by=by, at=at))
    assert thread_of(step for step, _ in story.steps) == Thread(2, waits=True)
    read(house, row, at)
    read(house, row, at)
    assert not waits(house, row.id)
    assert len(values_of(house, row, READ)) == 1, "a second press is no second event"
    answer(house, row, "And I remember the time.", at)
    send(house, row, "Thank you.", at)
    assert not waits(house, row.id)
    assert [one.words for one in written(house, row)][:2] == [
        "Thank you.",
        "And I remember the time.",
    ]
    (first, _) = values_of(house, row, RECEIVED)
    assert first["role"] == "requester"
    assert first["actor"] == f"waits@council.example ({row.person})"


def test_the_same_words_twice_in_a_row_are_one_message_and_later_they_are_two(
    house: House,
) -> None:
    row, at = asked(house, "twice"), now()
    for _ in range(2):
        send(house, row, QUESTION, at)
        answer(house, row, ANSWER, at)
        answer(house, row, ANSWER.replace("\n", "\n"), at + TWICE / 2)
    assert [one.words for one in written(house, row)] == [ANSWER, QUESTION, ANSWER, QUESTION]
    answer(house, row, ANSWER, at + TWICE / 2 + TWICE)
    assert len(written(house, row)) == 5, "who reminds us is heard"
    assert len(letters(house, row)) == 2


def test_two_presses_at_one_moment_are_one_message(house: House) -> None:
    row, at = asked(house, "moment"), now()
    with ThreadPoolExecutor(4) as presses:
        list(presses.map(lambda _: answer(house, row, ANSWER, at), range(4)))
    assert len(written(house, row)) == 1


@pytest.mark.parametrize(
    "words",
    ["", " \n ", "a\x00b", "a\x1b[2Jb", "a\u202eb", "a\u200bb", "a\ud800b", "x" * (MOST_WORDS + 1)],
    ids=["empty", "spaces", "nul", "escape", "bidi", "zero width", "surrogate", "long"],
)
def test_what_is_no_plain_text_is_refused_on_both_sides(house: House, words: str) -> None:
    row, at = asked(house, "plain"), now()
    with pytest.raises(InvalidError):
        send(house, row, words, at)
    with pytest.raises(InvalidError):
        answer(house, row, words, at)
    assert not written(house, row)


def test_an_ended_request_takes_nothing_from_outside_and_the_staff_may_still_write(
    house: House,
) -> None:
    row, at = asked(house, "ended"), now()
    decide(house, row, RequestStep.WITHDRAWN, Role.OPERATOR, at)
    with pytest.raises(StateError, match=r"has ended.*write to us or telephone us"):
        answer(house, row, ANSWER, at)
    send(house, row, "You asked by telephone what we decided.", at)
    assert len(written(house, row)) == 1


def test_a_flood_from_one_request_is_stopped_for_the_hour(house: House) -> None:
    row = asked(house, "flood")
    at = now().replace(minute=10, second=0)
    for number in range(MOST_RECEIVED):
        answer(house, row, f"message {number}", at)
    with pytest.raises(StateError, match="in 50 minutes"):
        answer(house, row, "one more", at)
    assert len(written(house, row)) == MOST_RECEIVED
    answer(house, asked(house, "beside"), "one more", at)
    answer(house, row, "one more", at + timedelta(minutes=50))


def test_who_may_not_write_reads_and_who_may_not_see_a_request_does_neither(
    house: House,
) -> None:
    row, at = asked(house, "who"), now()
    answer(house, row, ANSWER, at)
    for role in (Role.AUDITOR, Role.FINANCE, Role.ADMINISTRATOR):
        with pytest.raises(AccessRefusedError):
            send(house, row, QUESTION, at, role)
    pages = house.services.correspondence
    by = house.subjects[Role.AUDITOR]
    assert house.do(Role.AUDITOR, lambda s: pages.page(s, row.urn, by=by, most=5)).rows
    other = house.subjects[Role.FINANCE]
    with pytest.raises(AccessRefusedError):
        house.do(Role.FINANCE, lambda s: pages.page(s, row.urn, by=other, most=5))


def test_pages_of_messages_begin_where_another_ended(house: House) -> None:
    row, at = asked(house, "pages"), now()
    for number in range(5):
        answer(house, row, f"message {number}", at)
    pages, seen, cursor = house.services.correspondence, list[str](), None
    while True:
        page = house.look(
            lambda s, c=cursor: pages.own(s, row.id, cursor=c, most=2)  # type: ignore[misc]
        )
        seen += [one.words for one in page.rows]
        if page.older is None:
            break
        cursor = page.older
    assert seen == [f"message {number}" for number in (4, 3, 2, 1, 0)]
    back = house.look(lambda s: pages.own(s, row.id, cursor=page.newer, most=2))
    assert [one.words for one in back.rows] == ["message 2", "message 1"]
    wild = Cursor(at, UUID(int=2**128 - 1))
    assert len(house.look(lambda s: pages.own(s, row.id, cursor=wild, most=9)).rows) == 5


def test_the_audit_holds_each_message_against_its_event(house: House) -> None:
    row, at = asked(house, "audit"), now()
    send(house, row, QUESTION, at)
    answer(house, row, ANSWER, at)
    read(house, row, at)
    house.events(row.id)
    with house.services.transaction() as session:
        assert not audit_session(house.services, session).failed
