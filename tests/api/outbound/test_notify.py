"""GOV.UK Notify: what it took is never sent twice, whatever became of its answer."""

import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import UUID

import pytest

from api.outbound.mailer import Letter, LostMailError, RefusedMailError
from api.outbound.notify import NotifyMailer
from storage.errors import UnavailableError
from tests.api.outbound.servers import FakeNotify, notify_server

MESSAGE = UUID("6c237c25-e686-43f3-94d7-461249ab6674")
SECRET = "alex.secret@insurer.example"
NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
LETTER = Letter(MESSAGE, SECRET, "Barchester: your code", "Dear Alex", "<p>Dear Alex</p>", NOON)


@pytest.fixture
def server() -> Iterator[FakeNotify]:
    with notify_server() as running:
        yield running


def mailer(server: FakeNotify) -> NotifyMailer:
    return NotifyMailer(server.notify, base_url=server.url)


def test_a_letter_goes_into_the_one_template_under_our_own_reference(server: FakeNotify) -> None:
    name = mailer(server).send(LETTER)
    (asked,) = server.asked
    assert asked == {
        "email_address": SECRET,
        "template_id": "template-1",
        "personalisation": {"subject": "Barchester: your code", "body": "Dear Alex"},
        "reference": str(MESSAGE),
    }
    assert mailer(server).find(MESSAGE) == name


def test_what_was_taken_before_is_not_sent_again(server: FakeNotify) -> None:
    first = mailer(server).send(LETTER)
    assert mailer(server).send(LETTER) == first
    assert len(server.asked) == 1


def test_a_lost_answer_is_looked_up(server: FakeNotify) -> None:
    server.then = "lost"
    assert mailer(server).send(LETTER) == server.taken[str(MESSAGE)]
    assert len(server.asked) == 1


def test_a_lost_answer_that_cannot_be_looked_up_is_left_open(server: FakeNotify) -> None:
    server.then = "gone"
    with pytest.raises(LostMailError) as lost:
        mailer(server).send(LETTER)
    assert SECRET not in str(lost.value)


@pytest.mark.parametrize("status", [400, 404, 410])
def test_a_lasting_no_is_final_and_says_no_address(server: FakeNotify, status: int) -> None:
    server.then = status
    with pytest.raises(RefusedMailError) as refused:
        mailer(server).send(LETTER)
    assert str(refused.value) == f"GOV.UK Notify refused the message ({status})"
    assert refused.value.__cause__ is None


@pytest.mark.parametrize("status", [401, 403, 429, 500, 503])
def test_a_passing_no_is_tried_again(server: FakeNotify, status: int) -> None:
    server.then = status
    with pytest.raises(UnavailableError) as later:
        mailer(server).send(LETTER)
    assert SECRET not in str(later.value)
    server.then = "taken"
    assert mailer(server).send(LETTER)


def test_a_notify_that_is_down_is_tried_again() -> None:
    with notify_server() as server:
        gone = mailer(server)
    with pytest.raises(UnavailableError):
        gone.send(LETTER)
    with pytest.raises(UnavailableError):
        gone.find(MESSAGE)


def test_its_client_logs_no_answer(server: FakeNotify, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    server.then = 400
    with pytest.raises(RefusedMailError):
        mailer(server).send(LETTER)
    assert SECRET not in caplog.text
