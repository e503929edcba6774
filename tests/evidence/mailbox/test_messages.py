"""Messages are queued with their cause, said once, and forgotten as soon as they are out."""

import secrets
import uuid

import pytest
from sqlmodel import select

from custody.errors import KeyStoreError
from evidence.errors import StateError
from evidence.mailbox.messages import JOB_SEND, Messages, MessageState
from evidence.mailbox.tables import MessageRow
from export.delivery.letters import DeliveryLetter
from tests.export.delivery.linking import Desk, at_once
from tests.houses import House

PRIVATE = {"token": "a-token", "expires": "2026-11-21T03:05:11Z"}
ENDS = ("sent", "refused", "uncertain")


class UndoneError(Exception):
    """What undoes a transaction."""


@pytest.fixture
def messages(house: House) -> Messages:
    return house.services.messages


@pytest.fixture
def once() -> str:
    return f"test:{uuid.uuid4()}"


@pytest.fixture
def row(desk: Desk, once: str) -> MessageRow:
    """Return a message that waits."""
    queue(desk, once)
    return found(desk, once)


def queue(desk: Desk, once: str, *, undone: bool = False) -> None:
    services = desk.house.services
    with services.transaction() as session:
        services.messages.queue(
            session,
            DeliveryLetter.LINK,
            person=services.people.known(session, "a recipient"),
            about=uuid.uuid4(),
            once=once,
            private=PRIVATE,
            at=desk.now,
        )
        if undone:
            raise UndoneError


def all_of(desk: Desk, once: str) -> list[MessageRow]:
    return desk.do(lambda s: list(s.exec(select(MessageRow).where(MessageRow.once == once))))


def found(desk: Desk, once: str) -> MessageRow:
    (row,) = all_of(desk, once)
    return row


def begin(desk: Desk, row: MessageRow) -> MessageRow | None:
    messages = desk.house.services.messages
    return desk.do(lambda session: messages.begin(session, row.id))


def end(desk: Desk, row: MessageRow, how: str) -> None:
    messages = desk.house.services.messages

    with desk.begin() as session:
        if how == "sent":
            messages.sent(session, row.id, reference=f"ref-{row.id}", at=desk.now)
        elif how == "refused":
            messages.refused(session, row.id, words="the mailbox is full")
        elif how == "uncertain":
            messages.uncertain(session, row.id, words="the connection was lost")
        else:
            messages.put_back(session, row.id)


def test_a_message_and_its_job_stand_and_fall_with_their_cause(desk: Desk, once: str) -> None:
    with pytest.raises(UndoneError):
        queue(desk, once, undone=True)
    assert all_of(desk, once) == []
    queue(desk, once)
    row = found(desk, once)
    assert (row.state, row.kind, row.queued_at) == ("queued", "link", desk.now)
    assert desk.jobs(JOB_SEND, row.id) == 1


def test_one_occasion_has_one_message(desk: Desk, once: str) -> None:
    queue(desk, once)
    first = found(desk, once).id
    queue(desk, once)
    assert at_once(*[lambda: queue(desk, once)] * 3) == [None] * 3
    assert found(desk, once).id == first


def test_two_at_once_queue_one_message(desk: Desk, once: str) -> None:
    desk.do(lambda s: desk.house.services.people.known(s, "a recipient"))
    assert at_once(*[lambda: queue(desk, once)] * 4) == [None] * 4
    row = found(desk, once)
    assert desk.jobs(JOB_SEND, row.id) == 1


def test_what_it_says_is_encrypted_and_only_its_own_row_opens_it(
    messages: Messages, row: MessageRow
) -> None:
    assert messages.open(row) == PRIVATE
    assert row.sealed is not None
    assert b"a-token" not in row.sealed
    with pytest.raises(KeyStoreError):
        messages.open(MessageRow(**{**row.model_dump(), "id": uuid.uuid4()}))
    for place in range(len(row.sealed)):
        bent = bytearray(row.sealed)
        bent[place] ^= 1
        with pytest.raises(KeyStoreError):
            messages.open(MessageRow(**{**row.model_dump(), "sealed": bytes(bent)}))
    for size in range(len(row.sealed)):
        with pytest.raises(KeyStoreError):
            messages.open(MessageRow(**{**row.model_dump(), "sealed": row.sealed[:size]}))


def test_another_key_opens_nothing(desk: Desk, row: MessageRow) -> None:
    other = Messages(
        desk.house.services.jobs,
        key=secrets.token_bytes(32),
        random=secrets.token_bytes,
        new_id=uuid.uuid4,
    )
    with pytest.raises(KeyStoreError, match=r"letter-aead\.key"):
        other.open(row)


@pytest.mark.parametrize("how", ENDS)
def test_what_it_said_is_erased_when_it_is_over(
    desk: Desk, messages: Messages, row: MessageRow, how: str
) -> None:
    assert begin(desk, row) is not None
    end(desk, row, how)
    after = found(desk, row.once)
    assert (after.state, after.sealed) == (how, None)
    with pytest.raises(StateError, match="erased"):
        messages.open(after)


def test_a_message_is_begun_once(desk: Desk, row: MessageRow) -> None:
    begun = begin(desk, row)
    assert begun is not None
    assert begun.state == MessageState.SENDING
    assert desk.house.services.messages.open(begun) == PRIVATE


def test_of_two_workers_one_sends_and_the_other_never_does(desk: Desk, row: MessageRow) -> None:
    results = at_once(*[lambda: begin(desk, row)] * 2)
    assert sorted(result is None for result in results) == [False, True]


def test_what_a_killed_worker_was_sending_is_uncertain_and_not_sent_again(
    desk: Desk, row: MessageRow
) -> None:
    assert begin(desk, row) is not None
    assert begin(desk, row) is None
    after = found(desk, row.once)
    assert (after.state, after.sealed) == ("uncertain", None)
    assert "died" in after.words
    assert begin(desk, row) is None


@pytest.mark.parametrize("how", ENDS)
def test_what_is_over_is_not_begun_again(desk: Desk, row: MessageRow, how: str) -> None:
    begin(desk, row)
    end(desk, row, how)
    assert begin(desk, row) is None
    end(desk, row, "put back")
    assert found(desk, row.once).state == how


def test_what_certainly_did_not_leave_us_is_begun_again(desk: Desk, row: MessageRow) -> None:
    for _ in range(3):
        assert begin(desk, row) is not None
        end(desk, row, "put back")
    assert desk.house.services.messages.open(found(desk, row.once)) == PRIVATE


def test_a_bounce_is_found_by_the_provider_s_reference_and_ends_what_was_sent(
    desk: Desk, messages: Messages, row: MessageRow
) -> None:
    begin(desk, row)
    end(desk, row, "sent")
    sent = found(desk, row.once)
    assert (sent.sent_at, sent.words) == (desk.now, "")
    known = desk.do(lambda s: messages.find(s, f"ref-{row.id}"))
    assert known is not None
    assert known.id == row.id
    assert desk.do(lambda s: messages.find(s, "")) is None
    assert desk.do(lambda s: messages.find(s, "ref-of-nobody")) is None
    end(desk, row, "refused")
    bounced = found(desk, row.once)
    assert (bounced.state, bounced.words) == ("refused", "the mailbox is full")
    assert bounced.sent_at == desk.now


def test_what_a_server_refused_is_not_called_sent_later(desk: Desk, row: MessageRow) -> None:
    begin(desk, row)
    end(desk, row, "refused")
    end(desk, row, "sent")
    end(desk, row, "uncertain")
    assert found(desk, row.once).state == "refused"


def test_what_was_uncertain_may_turn_out_to_be_sent(desk: Desk, row: MessageRow) -> None:
    begin(desk, row)
    end(desk, row, "uncertain")
    end(desk, row, "sent")
    assert found(desk, row.once).state == "sent"


def test_an_unknown_message_is_nothing_to_send(desk: Desk, messages: Messages) -> None:
    unknown = uuid.uuid4()
    assert desk.do(lambda s: messages.begin(s, unknown)) is None
    desk.do(lambda s: messages.put_back(s, unknown))
    desk.do(lambda s: messages.refused(s, unknown, words="x"))
