"""Mail by SMTP: taken, refused, tried again, or lost; and no header that a name can forge."""

import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import UUID

import pytest

from api.outbound.mailer import Letter, LostMailError, RefusedMailError
from api.outbound.smtp import Server, SmtpMailer, parse_server
from api.settings.errors import SettingsError
from storage.errors import UnavailableError
from tests.api.outbound.servers import SENDER, MailServer, mail_server

MESSAGE = UUID("6c237c25-e686-43f3-94d7-461249ab6674")
SECRET = "alex.secret@insurer.example"
NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def letter(
    to: str = SECRET, subject: str = "Barchester Council: your code", text: str = ""
) -> Letter:
    return Letter(
        MESSAGE, to, subject, text or "Dear Alex,\n\n.hidden?\n", "<p>Dear Alex</p>", NOON
    )


@pytest.fixture
def server() -> Iterator[MailServer]:
    with mail_server() as running:
        yield running


def test_a_letter_arrives_in_two_forms_and_says_that_a_machine_sent_it(server: MailServer) -> None:
    assert server.mailer().send(letter()) == f"<{MESSAGE}@barchester.example>"
    (mail,) = server.mails
    assert mail["Message-ID"] == f"<{MESSAGE}@barchester.example>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["From"] == f"Barchester Council <{SENDER}>"
    assert mail["To"] == SECRET
    assert mail["Date"] == "Sat, 21 Nov 2026 12:00:00 +0000"
    plain, html = mail.iter_parts()
    assert plain.get_content_type() == "text/plain"
    assert plain.get_content().replace("\r\n", "\n") == letter().text
    assert html.get_content_type() == "text/html"


@pytest.mark.parametrize("name", ["Ünïcode Council", 'Council, "the" <x@y.example>', "✉ 市議会"])
def test_a_name_of_the_council_stays_one_name(server: MailServer, name: str) -> None:
    server.mailer(name).send(letter())
    (mail,) = server.mails
    (sender,) = mail["From"].addresses
    assert (sender.display_name, sender.addr_spec) == (name, SENDER)


@pytest.mark.parametrize(
    "subject",
    ["a\nBcc: eve@evil.example", "a\r\nBcc: eve@evil.example", "a\rb", "a\r\n\r\nbody"],
)
def test_a_subject_cannot_become_two_headers(server: MailServer, subject: str) -> None:
    with pytest.raises(RefusedMailError):
        server.mailer().send(letter(subject=subject))
    assert server.taken == []


@pytest.mark.parametrize("subject", ["x" * 1000, "\U0001f600 \u202eevil\u202c \u00e9" * 20])
def test_a_long_or_foreign_subject_stays_one_header(server: MailServer, subject: str) -> None:
    server.mailer().send(letter(subject=subject))
    (mail,) = server.mails
    # Between two encoded words (RFC 2047) the standard library loses a space: no word of ours.
    assert "".join(mail["Subject"].split()) == "".join(subject.split())
    assert set(mail.keys()) == {
        "From", "To", "Subject", "Reply-To", "Date", "Message-ID", "Auto-Submitted",
        "X-Auto-Response-Suppress", "MIME-Version", "Content-Type",
    }  # fmt: skip
    assert max(map(len, server.taken[0].splitlines())) <= 998


@pytest.mark.parametrize(
    "address", ["", "a@b@c", "a@b, eve@evil.example", "a\n@b.example", "a@b.example>\nRCPT TO:<e@e"]
)
def test_an_address_that_is_none_goes_nowhere(server: MailServer, address: str) -> None:
    with pytest.raises(RefusedMailError) as refused:
        server.mailer().send(letter(to=address))
    assert server.taken == []
    assert not address or address not in str(refused.value)


@pytest.mark.parametrize(
    ("where", "answer", "codes"),
    [
        ("rcpt", f"550 5.1.1 <{SECRET}> no such user", "550 5.1.1"),
        ("rcpt", f"553 {SECRET} unknown", "553"),
        ("data", f"554 5.7.1 spam to {SECRET}", "554 5.7.1"),
    ],
)
def test_a_lasting_no_is_final_and_says_no_address(
    server: MailServer, where: str, answer: str, codes: str
) -> None:
    setattr(server, where, answer)
    with pytest.raises(RefusedMailError) as refused:
        server.mailer().send(letter())
    assert codes in str(refused.value)
    assert SECRET not in str(refused.value)
    assert refused.value.__cause__ is None


@pytest.mark.parametrize(
    ("where", "answer"),
    [
        ("rcpt", f"450 4.2.1 {SECRET} is busy"),
        ("rcpt", f"421 4.3.2 go away {SECRET}"),
        ("mail", f"550 5.7.1 {SENDER} may not send to {SECRET}"),
        ("data", f"451 4.3.0 try later {SECRET}"),
    ],
)
def test_a_passing_no_is_tried_again(server: MailServer, where: str, answer: str) -> None:
    setattr(server, where, answer)
    with pytest.raises(UnavailableError) as later:
        server.mailer().send(letter())
    assert SECRET not in str(later.value)
    assert later.value.__cause__ is None


@pytest.mark.parametrize("where", ["MAIL", "RCPT"])
def test_a_connection_that_breaks_before_the_message_is_tried_again(
    server: MailServer, where: str
) -> None:
    server.drops = where
    with pytest.raises(UnavailableError):
        server.mailer().send(letter())


def test_a_connection_that_breaks_after_the_message_is_not(server: MailServer) -> None:
    server.drops = "DATA"
    with pytest.raises(LostMailError) as lost:
        server.mailer().send(letter())
    assert len(server.taken) == 1
    assert SECRET not in str(lost.value)


def test_a_server_that_is_down_is_tried_again() -> None:
    with mail_server() as gone:
        mailer = gone.mailer()
    with pytest.raises(UnavailableError):
        mailer.send(letter())


def test_nothing_of_a_letter_is_written_anywhere(
    server: MailServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for name in ("mail.log", "mail.debug"):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # the server's own, not ours
    server.rcpt = f"550 {SECRET}"
    with pytest.raises(RefusedMailError):
        server.mailer().send(letter())
    assert "secret" not in caplog.text
    assert SECRET not in repr(letter())
    assert "Dear" not in repr(letter())


def test_what_would_leave_this_machine_in_clear_text_does_not(
    server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.outbound.smtp._LOOPBACK", frozenset())
    with pytest.raises(UnavailableError, match="no TLS"):
        server.mailer().send(letter())
    assert server.taken == []


def test_a_server_that_speaks_no_tls_gets_nothing_over_smtps(server: MailServer) -> None:
    tls = Server("127.0.0.1", server.port, implicit_tls=True)
    with pytest.raises(UnavailableError):
        SmtpMailer(tls, sender=SENDER, name="B").send(letter())
    assert server.taken == []


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://mail.council.gov.uk", Server("mail.council.gov.uk", 587, False)),
        ("smtps://mail.council.gov.uk", Server("mail.council.gov.uk", 465, True)),
        ("smtp://u%40c:p%2Fw@mail:2525", Server("mail", 2525, False, "u@c", "p/w")),
    ],
)
def test_a_server_s_address_is_read(url: str, server: Server) -> None:
    assert parse_server(url) == server
    assert "p/w" not in repr(server)


@pytest.mark.parametrize("url", ["http://mail", "mail:25", "smtp://", "smtp://m:x", "smtp://m/x"])
def test_what_is_no_server_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(SettingsError) as refused:
        parse_server(url)
    assert f"{url} " not in str(refused.value)
