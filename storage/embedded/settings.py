"""Adapter. What the engines are given once and keep: ports, passwords, keys."""

import hashlib
import json
import secrets
import socket
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from storage.embedded.addresses import REGION, Addresses, S3Access
from storage.embedded.directory import DataDirectory
from storage.errors import EngineError
from storage.wholefiles import write_whole

PORT_NAMES = (
    "master", "master_grpc", "volume", "volume_grpc", "filer", "filer_grpc",
    "s3", "s3_grpc", "admin",
)  # fmt: skip
ADMIN_GRPC_OFFSET = 10_000
"""SeaweedFS's worker dials the admin port plus this, whatever it is told."""
ROLES = ("postgres", "custos_owner", "custos_app", "weed")
IDENTITIES = ("intake", "publisher", "disposal", "probe")
SOCKET_PORT = 5432
"""Only the end of the database socket's name: PostgreSQL listens on no network."""
_LOWEST, _HIGHEST = 10_300, 20_300
"""Below the ports that outgoing connections take (32768 and up), so that none blocks a start."""
_BLOCK = 10
"""Ports of one house lie side by side; each block begins at a multiple of this above the lowest."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Ports by name, database passwords by role, S3 keys by identity. The repr hides the secret."""

    ports: Mapping[str, int]
    passwords: Mapping[str, str] = field(repr=False)
    keys: Mapping[str, tuple[str, str]] = field(repr=False)

    def listening(self) -> tuple[int, ...]:
        """Return every port that SeaweedFS listens on."""
        return _listening(self.ports)


def _listening(ports: Mapping[str, int]) -> tuple[int, ...]:
    return (*ports.values(), ports["admin"] + ADMIN_GRPC_OFFSET)


def is_free(port: int) -> bool:
    """Try whether a server could listen on ``port`` of the loopback interface now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as door:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            door.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


class HeldPorts:
    """A block of free ports that nobody else gets until it is let go.

    A first start makes the database before it starts the store: seconds in which another program
    could take a port that was only looked at.
    """

    def __init__(self) -> None:
        """Draw blocks until all ports of one are free, and hold them."""
        while True:
            first = _LOWEST + _BLOCK * secrets.randbelow((_HIGHEST - _LOWEST) // _BLOCK)
            self.ports = {name: first + n for n, name in enumerate(PORT_NAMES)}
            self._doors: list[socket.socket] = []
            try:
                for port in _listening(self.ports):
                    self._doors.append(_door(port))
            except OSError:
                self.let_go()
            else:
                return

    def let_go(self) -> None:
        """Leave the ports to the store, which starts now."""
        while self._doors:
            self._doors.pop().close()


def _door(port: int) -> socket.socket:
    """Bind ``port`` of the loopback interface so that nobody else can; nobody is let in."""
    door = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        door.bind(("127.0.0.1", port))
    except OSError:
        door.close()
        raise
    return door


def make_settings(ports: Mapping[str, int]) -> Settings:
    """Draw fresh secrets for a house with these ports."""
    return Settings(
        ports=ports,
        passwords={role: secrets.token_hex(24) for role in ROLES},
        keys={name: (secrets.token_hex(10), secrets.token_hex(24)) for name in IDENTITIES},
    )


def keep_settings(path: Path, settings: Settings) -> None:
    """Write ``settings`` where only this user reads them, with a digest over them."""
    kept = {"format": 1, **asdict(settings)}
    write_whole(path, json.dumps({**kept, "sha256": _digest(kept)}, indent=1) + "\n")


def _digest(kept: Mapping[str, Any]) -> str:
    """Return what tells that a byte was turned: a wrong password is only silence otherwise."""
    plain = {name: value for name, value in kept.items() if name != "sha256"}
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()


def _require_whole(kept: Mapping[str, Any]) -> None:
    if kept.get("sha256", _digest(kept)) != _digest(kept):  # none: a version before it wrote it
        raise ValueError("its digest is not that of what it says")


def read_settings(path: Path) -> Settings:
    """Read what `keep_settings` wrote.

    Raises:
        EngineError: it is not there, or not in that form.
    """
    try:
        kept = json.loads(path.read_bytes())
        _require_whole(kept)
        settings = Settings(
            ports={name: int(kept["ports"][name]) for name in PORT_NAMES},
            passwords={role: str(kept["passwords"][role]) for role in ROLES},
            keys={name: (kept["keys"][name][0], kept["keys"][name][1]) for name in IDENTITIES},
        )
    except FileNotFoundError:
        raise EngineError(f"{path} is not there: no engine was ever started here") from None
    except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        raise EngineError(f"{path} cannot be read ({error!r}): restore it from a backup") from error
    return settings


def s3_access(settings: Settings, identity: str, authority: Path) -> S3Access:
    """Return the object store's endpoint with the keys of ``identity``.

    ``authority`` is the file with what signed the store's certificate at this start.
    """
    access_key, secret_key = settings.keys[identity]
    return S3Access(
        endpoint=f"https://127.0.0.1:{settings.ports['s3']}",
        region=REGION,
        access_key=access_key,
        secret_key=secret_key,
        authority=str(authority),
    )


def load_addresses(data: Path) -> Addresses:
    """Return where the engines of ``data`` are, for a process that did not start them.

    Raises:
        EngineError: they were never started, or do not run now; the sentence says what to do.
    """
    directory = DataDirectory(data)
    if not directory.settings.exists():
        raise EngineError(
            f"no engine was ever started in {directory.path}: start Custos with `custos up`, "
            "or name the data directory that it uses"
        )
    settings = read_settings(directory.settings)
    if not directory.in_use():
        raise EngineError(
            f"the engines of {directory.path} do not run: start them with `custos up`"
        )
    return make_addresses(settings, directory.sockets, directory.authority)


def make_addresses(settings: Settings, sockets: Path, authority: Path) -> Addresses:
    """Say where the engines with ``settings`` and ``sockets`` are reached, and by whom known."""

    def url(role: str) -> str:
        where = f"host={quote(str(sockets), safe='/')}&port={SOCKET_PORT}"
        return f"postgresql+psycopg://{role}:{settings.passwords[role]}@/custos?{where}"

    return Addresses(
        owner_url=url("custos_owner"),
        app_url=url("custos_app"),
        intake=s3_access(settings, "intake", authority),
        publisher=s3_access(settings, "publisher", authority),
        disposal=s3_access(settings, "disposal", authority),
    )
