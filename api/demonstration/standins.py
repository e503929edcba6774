"""Edge. The demonstration's stand-ins: who can sign in, and where they listen.

Identity provider, mail sink and payment provider run in one process of `custos up`, on this
machine's own interface only. Production has none of them: `api.settings.production` refuses them by
name, and `read_ports` is never asked.
"""

import json
import secrets
import socket
from dataclasses import dataclass
from pathlib import Path

from api.settings.errors import SettingsError
from api.settings.facts import Mail, Pay, Settings, SignIn
from api.settings.production import DEMONSTRATION_SECRET
from evidence.people.access import Role
from storage.embedded.directory import private_directory
from storage.embedded.settings import is_free
from storage.wholefiles import write_whole

HOST = "127.0.0.1"
KEPT = "standins.json"
"""The file in the data directory that keeps the ports."""
DEMONSTRATION_PAY_KEY = "api_test_custos_demonstration"
_LOWEST, _HIGHEST = 30_400, 32_700
"""Above the ports of the engines, below those that outgoing connections take."""
_PATIENCE_S = 1.0


@dataclass(frozen=True, slots=True)
class Ports:
    """Where the stand-ins listen: chosen free once, and kept with the data."""

    sign_in: int
    mail: int
    payments: int


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody whom the demonstration's provider signs in."""

    subject: str
    name: str
    roles: tuple[Role, ...]

    @property
    def email(self) -> str:
        """Where messages to them go: into the sink, like all others."""
        return f"{self.subject}@barchester.example"


ACTORS = (
    Actor("olive", "Olive Operator", (Role.OPERATOR,)),
    Actor("rhys", "Rhys Releaser", (Role.RELEASER,)),
    Actor("rosa", "Rosa Releaser", (Role.RELEASER,)),
    Actor("fiona", "Fiona Finance", (Role.FINANCE,)),
    Actor("grace", "Grace Governance", (Role.GOVERNANCE,)),
    Actor("amir", "Amir Auditor", (Role.AUDITOR,)),
    Actor("ada", "Ada Administrator", (Role.ADMINISTRATOR,)),
)
"""One for each role, and a second releaser: what the first proposed, another one approves."""


def ensure_ports(data: Path) -> Ports:
    """Return the ports, after choosing those that this directory has not yet."""
    path = _kept(data)
    kept = _read(path) if path.exists() else {}
    for name in Ports.__dataclass_fields__:
        while name not in kept:
            port = _choose_free()
            if port not in kept.values():
                kept[name] = port
                write_whole(path, json.dumps(kept) + "\n")
    return Ports(**kept)


def read_ports(data: Path) -> Ports:
    """Return the ports that the first start chose.

    Raises:
        SettingsError: nothing was ever started here, or the file is damaged.
    """
    path = _kept(data)
    kept = _read(path)
    if kept.keys() != Ports.__dataclass_fields__.keys():
        raise SettingsError(f"{path} is of another version: start with `custos up` first")
    return Ports(**kept)


def _read(path: Path) -> dict[str, int]:
    try:
        said = json.loads(path.read_bytes())
        return {name: int(said[name]) for name in Ports.__dataclass_fields__ if name in said}
    except FileNotFoundError:
        raise SettingsError(f"{path} is not there: start with `custos up` first") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SettingsError(
            f"{path} cannot be read: remove it, and `custos up` makes another one"
        ) from error


def _kept(data: Path) -> Path:
    return data / KEPT


def _choose_free() -> int:
    while True:
        port = _LOWEST + secrets.randbelow(_HIGHEST - _LOWEST)
        if is_free(port):
            return port


def sign_in_of(settings: Settings) -> SignIn:
    """Return the identity provider: the configured one, or the demonstration's own."""
    if settings.sign_in is not None:
        return settings.sign_in
    issuer = f"http://{HOST}:{read_ports(settings.data).sign_in}"
    return SignIn(issuer, "custos", DEMONSTRATION_SECRET)


def mail_of(settings: Settings) -> Mail:
    """Return how messages leave: as configured, or into the demonstration's sink."""
    if settings.mail.smtp_url or settings.mail.notify is not None:
        return settings.mail
    url = f"smtp://{HOST}:{read_ports(settings.data).mail}"
    return Mail(sender="cctv@barchester.example", smtp_url=url)


def pay_of(settings: Settings) -> Pay:
    """Return who takes payments: the configured account, or the demonstration's stand-in.

    A production that charges nothing has neither: what is asked of nobody then fails.
    """
    if settings.pay is not None or settings.production:
        return settings.pay or Pay("", "")
    pages = f"http://{HOST}:{read_ports(settings.data).payments}"
    return Pay(DEMONSTRATION_PAY_KEY, DEMONSTRATION_SECRET, api=pages, pages=pages)


def mail_folder(settings: Settings) -> Path:
    """Return the folder of what the sink took."""
    return settings.data / "mail"


def make_mail_folder(settings: Settings) -> Path:
    """Make the folder of what the sink takes, for this user only."""
    return private_directory(mail_folder(settings))


def report(settings: Settings) -> str:
    """Say "ok" if the stand-ins answer, or which one does not.

    That a port takes connections proves nothing: the supervisor holds it, whoever lives behind it.
    """
    ports = read_ports(settings.data)
    for name, port, asked, expected in (
        ("identity provider", ports.sign_in, b"GET / HTTP/1.0\r\n\r\n", b"HTTP/1."),
        ("mail sink", ports.mail, b"", b"220 "),
        ("payment stand-in", ports.payments, b"GET / HTTP/1.0\r\n\r\n", b"HTTP/1."),
    ):
        if not _answers(port, asked, expected):
            return f"the demonstration's {name} does not answer"
    return "ok"


def _answers(port: int, asked: bytes, expected: bytes) -> bool:
    try:
        with socket.create_connection((HOST, port), timeout=_PATIENCE_S) as end:
            end.sendall(asked)
            return end.recv(len(expected), socket.MSG_WAITALL) == expected
    except OSError:
        return False
