"""Adapter. Mail by SMTP (RFC 5321), over TLS wherever it leaves this machine (RFC 8314).

A bounce comes to the sender's own mailbox, `CUSTOS_MAIL_FROM`; no machine reads it there.
"""

import contextlib
import re
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from urllib.parse import unquote, urlsplit
from uuid import UUID

from api.outbound.mailer import Letter, LostMailError, RefusedMailError
from api.settings.errors import SettingsError
from storage.errors import UnavailableError

_TIMEOUT_S = 30
_VERDICT_S = 120
"""How long a server may think about a whole message (RFC 5321, section 4.5.3.2.6)."""
_ENHANCED = re.compile(rb"[245]\.[0-9]{1,3}\.[0-9]{1,3}(?= |$)")
_LEADING_DOT = re.compile(rb"(?m)^\.")
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_OK, _GO_ON, _PERMANENT = 250, 354, 500
_AWAY = "the mail server does not answer"


@dataclass(frozen=True, slots=True)
class Server:
    """Where the mail server is, and how we show who we are."""

    host: str
    port: int
    implicit_tls: bool
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)

    @property
    def is_here(self) -> bool:
        """Whether nothing leaves this machine on the way to it."""
        return self.host in _LOOPBACK


def parse_server(url: str) -> Server:
    """Read ``smtp://user:password@host:port`` or ``smtps://…``.

    Raises:
        SettingsError: it is neither; the message does not repeat it, it may hold a password.
    """
    try:
        parts = urlsplit(url)
        implicit = parts.scheme == "smtps"
        port = parts.port or (465 if implicit else 587)
    except ValueError:
        parts, implicit, port = urlsplit(""), False, 0
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname or parts.path.strip("/"):
        raise SettingsError(
            "CUSTOS_SMTP_URL cannot be read: give smtp://user:password@host:587, or smtps://"
        )
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    return Server(parts.hostname, port, implicit, user, password)


class SmtpMailer:
    """Sends as ``sender``, called ``name``; answers go to ``reply_to`` if there is one."""

    def __init__(self, server: Server, *, sender: str, name: str, reply_to: str = "") -> None:
        self._server = server
        self._sender = sender
        self._name = name
        self._reply_to = reply_to

    def find(self, message: UUID) -> str | None:
        """Say that nobody can ask a mail server what it took."""
        del message
        return None

    def send(self, letter: Letter) -> str:
        """Hand a letter to the server; return its Message-ID.

        Raises:
            UnavailableError, RefusedMailError, LostMailError: see `api.outbound.mailer`.
        """
        mail = self.compose(letter)
        raw = mail.as_bytes()
        with _before_data(), self._connected() as connection:
            _expect(connection.mail(self._sender), "the sender", refuses=False)
            _expect(connection.rcpt(letter.to), "the mailbox", refuses=True)
            code, words = connection.docmd("DATA")
            if code != _GO_ON:
                _expect((code, words), "the message", refuses=True)
                raise UnavailableError(_AWAY)
            self._hand_over(connection, raw)
        return str(mail["Message-ID"])

    def compose(self, letter: Letter) -> EmailMessage:
        """Return the letter as a mail (RFC 5322), with a plain and an HTML part.

        Raises:
            RefusedMailError: a header could not be written without becoming two.
        """
        mail = EmailMessage(policy=SMTP)
        domain = self._sender.rpartition("@")[2]
        try:
            mail["From"] = Address(self._name, addr_spec=self._sender)
            mail["To"] = Address(addr_spec=letter.to)
            mail["Subject"] = letter.subject
            if self._reply_to:
                mail["Reply-To"] = Address(addr_spec=self._reply_to)
            mail["Date"] = format_datetime(letter.at)
            mail["Message-ID"] = f"<{letter.message}@{domain}>"
            mail["Auto-Submitted"] = "auto-generated"  # RFC 3834, section 5: nobody answers it
            mail["X-Auto-Response-Suppress"] = "All"
            mail.set_content(letter.text)
            mail.add_alternative(letter.html, subtype="html")
        except (ValueError, IndexError, MessageError):
            # Without the error's own words: they quote what could not be written.
            raise RefusedMailError("the address or the subject cannot be written") from None
        return mail

    def _hand_over(self, connection: smtplib.SMTP, raw: bytes) -> None:
        """Send the message itself, and hear what becomes of it.

        From the first byte on, a broken connection leaves it open whether the server took the
        message and could not say so. It is then never sent again by itself: what would arrive
        twice is a link or a code, and a person can see that it is uncertain and issue a new one.
        """
        try:
            assert connection.sock is not None
            connection.sock.settimeout(_VERDICT_S)
            connection.send(_LEADING_DOT.sub(b"..", raw).rstrip(b"\r\n") + b"\r\n.\r\n")
            answer = connection.getreply()
        except (OSError, smtplib.SMTPException):
            raise LostMailError(
                "the connection broke while the mail server had the message: it may have arrived"
            ) from None
        _expect(answer, "the message", refuses=True)

    @contextmanager
    def _connected(self) -> Iterator[smtplib.SMTP]:
        server = self._server
        context = ssl.create_default_context()
        if server.implicit_tls:
            connection: smtplib.SMTP = smtplib.SMTP_SSL(
                server.host, server.port, timeout=_TIMEOUT_S, context=context
            )
        else:
            connection = smtplib.SMTP(server.host, server.port, timeout=_TIMEOUT_S)
        try:
            if not server.implicit_tls and not server.is_here:
                # Refused by a server that cannot: a link in clear text is everybody's link.
                connection.starttls(context=context)
            connection.ehlo_or_helo_if_needed()
            if server.user:
                connection.login(server.user, server.password)
            yield connection
            with contextlib.suppress(OSError, smtplib.SMTPException):
                connection.quit()
        finally:
            connection.close()


@contextmanager
def _before_data() -> Iterator[None]:
    """Turn what breaks before the message was sent into "try again", without a server's words."""
    try:
        yield
    except smtplib.SMTPNotSupportedError:
        raise UnavailableError("the mail server offers no TLS, or no sign-in") from None
    except smtplib.SMTPResponseException as error:
        code = error.smtp_code
        raise UnavailableError(f"the mail server does not let us send ({code})") from None
    except (OSError, smtplib.SMTPException):
        raise UnavailableError(_AWAY) from None


def _expect(answer: tuple[int, bytes], what: str, *, refuses: bool) -> None:
    """Go on if a server said yes. ``refuses``: a lasting no is about this letter, not about us.

    Raises:
        UnavailableError, RefusedMailError: with the codes that the server gave, and no more.
    """
    code, words = answer
    if code // 100 == _OK // 100:
        return
    found = _ENHANCED.match(words)
    codes = f"{code} {found[0].decode()}" if found else f"{code}"
    if refuses and code >= _PERMANENT:
        raise RefusedMailError(f"the mail server refused {what} ({codes})")
    raise UnavailableError(f"the mail server did not take {what} now ({codes})")
