"""Notify says what came back: only with its token, as often as it likes, about our messages."""

import logging
from collections.abc import Iterator
from dataclasses import replace
from uuid import UUID, uuid4

import pytest
from httpx import Response
from sqlmodel import Session, select

from api.app import create_app
from api.routes.callbacks.notify import BOUNCES
from api.settings.facts import Mail
from evidence.attention import calls_to
from evidence.mailbox.messages import JOB_SEND
from evidence.mailbox.tables import MessageRow
from export.delivery.letters import DeliveryLetter
from tests.api.asking import Web, asked
from tests.api.outbound.servers import FakeNotify
from tests.houses import House

SECRET = "alex.secret@insurer.example"
TOKEN = FakeNotify().notify.callback_token
BEARER = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture(scope="module")
def web(house: House) -> Iterator[Web]:
    mail = Mail(notify=FakeNotify().notify)
    services = replace(house.services, settings=replace(house.settings, mail=mail))
    with asked(create_app(services), house.tokens) as client:
        yield client


@pytest.fixture
def sent(house: House) -> MessageRow:
    """Return a message that went out."""
    release = house.propose(house.unplayable().reference)
    once = str(uuid4())
    messages = house.services.messages
    with house.services.transaction() as session:
        messages.queue(
            session,
            DeliveryLetter.REVOKED,
            person=release.recipient,
            about=release.id,
            once=once,
            private={},
            at=house.services.clock(),
        )
    row = house.look(lambda s: _by(s, once))
    with house.services.transaction() as session:
        messages.begin(session, row.id)
        messages.sent(session, row.id, reference="name", at=house.services.clock())
    return row


def _by(session: Session, once: str) -> MessageRow:
    return session.exec(select(MessageRow).where(MessageRow.once == once)).one()


def told(reference: object, status: str) -> dict[str, object]:
    """Return what Notify posts, as its documentation shows it."""
    return {
        "id": str(uuid4()),
        "reference": reference,
        "to": SECRET,
        "status": status,
        "created_at": "2026-11-21T12:00:00.000000Z",
        "completed_at": "2026-11-21T12:00:05.000000Z",
        "sent_at": "2026-11-21T12:00:01.000000Z",
        "notification_type": "email",
        "template_id": str(uuid4()),
        "template_version": 1,
    }


def call(web: Web, body: object, headers: dict[str, str] | None = None) -> Response:
    return web.ask("POST", "/notify/callback", json=body, headers=headers or BEARER)


def state(house: House, message: MessageRow) -> tuple[str, str]:
    row = house.look(lambda s: s.get_one(MessageRow, message.id))
    return row.state, row.words


@pytest.mark.parametrize("status", BOUNCES)
def test_what_came_back_is_told_to_staff_without_the_address(
    house: House, web: Web, sent: MessageRow, status: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "custos")
    for _ in range(2):  # Notify tells it again if it did not hear our answer
        assert call(web, told(str(sent.id), status)).status_code == 204
    assert state(house, sent) == ("refused", BOUNCES[status])
    (word,) = house.look(lambda s: calls_to(s, sent.about))
    assert word.job == JOB_SEND
    assert BOUNCES[status] in word.words
    assert SECRET not in caplog.text + word.words


def test_what_arrived_changes_nothing(house: House, web: Web, sent: MessageRow) -> None:
    assert call(web, told(str(sent.id), "delivered")).status_code == 204
    assert state(house, sent) == ("sent", "")


@pytest.mark.parametrize("reference", [None, "", "x", str(UUID(int=7)), "\x00", "🙂"])
def test_a_message_of_nobody_is_no_mistake(web: Web, reference: object) -> None:
    assert call(web, told(reference, "permanent-failure")).status_code == 204


@pytest.mark.parametrize(
    "headers",
    [
        {"X": "none"},
        {"Authorization": "Bearer "},
        {"Authorization": f"Bearer {TOKEN[:-1]}"},
        {"Authorization": f"Bearer {TOKEN}x"},
        {"Authorization": f"Basic {TOKEN}"},
        {"Authorization": TOKEN},
    ],
)
def test_without_the_token_nobody_is_believed(
    house: House, web: Web, sent: MessageRow, headers: dict[str, str]
) -> None:
    assert call(web, told(str(sent.id), "permanent-failure"), headers).status_code == 401
    assert state(house, sent) == ("sent", "")


def test_an_api_token_of_staff_is_not_this_token(house: House, web: Web, sent: MessageRow) -> None:
    headers = {"Authorization": f"Bearer {house.tokens['operator']}"}
    assert call(web, told(str(sent.id), "permanent-failure"), headers).status_code == 401


def test_without_notify_there_is_nobody_to_believe(house: House, sent: MessageRow) -> None:
    with asked(create_app(house.services), house.tokens) as web:
        for given in ("", TOKEN):
            headers = {"Authorization": f"Bearer {given}"}
            assert call(web, told(str(sent.id), "permanent-failure"), headers).status_code == 401


@pytest.mark.parametrize("body", [None, [], {}, {"status": 7}, {"status": "x" * 200}, "text"])
def test_what_notify_never_posts_is_refused_by_name(web: Web, body: object) -> None:
    answer = call(web, body)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_bounce_that_comes_before_we_wrote_down_that_it_was_sent_is_kept(
    house: House, web: Web, sent: MessageRow
) -> None:
    with house.services.transaction() as session:
        session.get_one(MessageRow, sent.id).state = "sending"
    call(web, told(str(sent.id), "permanent-failure"))
    with house.services.transaction() as session:
        messages = house.services.messages
        messages.sent(session, sent.id, reference="name", at=house.services.clock())
    assert state(house, sent)[0] == "refused"
