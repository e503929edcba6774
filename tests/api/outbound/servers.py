"""A real mail server that misbehaves as a test says, and a GOV.UK Notify that speaks its API."""

import json
import re
from asyncio import Transport
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any
from urllib.parse import parse_qs, urlsplit

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from api.outbound.smtp import Server, SmtpMailer
from api.settings.facts import Notify
from tests.servers import Answer, Asked, free_port, web_server

KEY = "test-11111111-2222-4333-8444-555555555555-66666666-7777-4888-8999-000000000000"
SENDER = "cctv@barchester.example"


@dataclass
class MailServer:
    """What a server answers, and what it took; ``drops`` names where it breaks the connection."""

    rcpt: str = "250 OK"
    data: str = "250 OK"
    mail: str = "250 OK"
    drops: str = ""
    port: int = 0
    taken: list[bytes] = field(default_factory=list)

    @property
    def mails(self) -> list[EmailMessage]:
        """Return what it took."""
        return [message_from_bytes(one, policy=policy.default) for one in self.taken]

    def mailer(self, name: str = "Barchester Council") -> SmtpMailer:
        """Return what sends to it."""
        server = Server("127.0.0.1", self.port, implicit_tls=False)
        return SmtpMailer(server, sender=SENDER, name=name, reply_to=SENDER)

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Answer MAIL."""
        if self.drops == "MAIL":
            _drop(server)
        envelope.mail_from = address
        return self.mail

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Answer RCPT."""
        if self.drops == "RCPT":
            _drop(server)
        if self.rcpt.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.rcpt

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - the same
        """Answer a whole message."""
        if self.data.startswith("250"):
            self.taken.append(envelope.original_content or b"")
        if self.drops == "DATA":
            _drop(server)
        return self.data


def _drop(server: SMTP) -> None:
    assert isinstance(server.transport, Transport)
    server.transport.abort()


@contextmanager
def mail_server() -> Iterator[MailServer]:
    """Run a mail server on this machine until the end of the block."""
    told = MailServer()
    controller = Controller(told, hostname="127.0.0.1", port=free_port())
    controller.start()
    told.port = controller.port
    try:
        yield told
    finally:
        controller.stop()


@dataclass
class FakeNotify:
    """Notify's API, as its documentation tells it: one answer at a time, as a test says.

    ``then`` is what becomes of a request to send: taken, lost (taken, and the answer never
    comes), or a status that refuses it.
    """

    then: str | int = "taken"
    url: str = ""
    asked: list[dict[str, Any]] = field(default_factory=list)
    taken: dict[str, str] = field(default_factory=dict)
    """What it took, by reference."""

    @property
    def notify(self) -> Notify:
        """What we are told of it."""
        return Notify(KEY, "template-1", "callback-token-of-this-test")

    def find(self, query: str) -> dict[str, Any]:
        """Answer GET /v2/notifications?reference=."""
        wanted = parse_qs(query)["reference"][0]
        found = [{"id": self.taken[wanted]}] if wanted in self.taken else []
        return {"notifications": found, "links": {}}

    def send(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Answer POST /v2/notifications/email; 0 is no answer at all."""
        assert set(body) == {"email_address", "template_id", "personalisation", "reference"}
        assert set(body["personalisation"]) == {"subject", "body"}
        self.asked.append(body)
        if isinstance(self.then, int):
            words = f"Something is wrong with {body['email_address']}"
            return self.then, {"status_code": self.then, "errors": [{"message": words}]}
        name = f"00000000-0000-4000-8000-{len(self.asked):012}"
        if self.then != "gone":
            self.taken[body["reference"]] = name
        return (201 if self.then == "taken" else 0), {"id": name}


@contextmanager
def notify_server() -> Iterator[FakeNotify]:
    """Serve it on this machine until the end of the block."""
    told = FakeNotify()

    def reply(asked: Asked) -> Answer | None:
        if asked.method == "GET":
            assert re.fullmatch(r"Bearer [\w-]+\.[\w-]+\.[\w-]+", asked.headers["Authorization"])
            status, answer = 200, told.find(urlsplit(asked.path).query)
        else:
            assert asked.path == "/v2/notifications/email"
            status, answer = told.send(json.loads(asked.body))
        return Answer(status, json.dumps(answer).encode()) if status else None

    with web_server(reply) as told.url:
        yield told
