"""Each process holds what it needs and no more: in its environment, its arguments, its memory."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

from api.running.powers import POWERS, environment
from api.running.processes import NAMES, STAND_INS
from api.settings.environment import NAMES as SETTINGS
from custody.keys.keyfiles import read_ed25519, read_pair
from tests.durability.ups import Up
from tests.polling import poll

PIECE = 16 << 20


def pem_lines(path: Path) -> list[bytes]:
    """Return what only this file's base64 holds: its lines without the common beginning."""
    return [line[20:] for line in path.read_bytes().splitlines()[1:-1] if len(line) > 40]


def raw(folder: Path, name: str) -> bytes:
    """Return a private key as it lies in memory."""
    key = read_pair(folder / name)
    if isinstance(key, EllipticCurvePrivateKey):
        return key.private_numbers().private_value.to_bytes(32, "big")
    return read_ed25519(folder, name).private_bytes_raw()


@pytest.fixture(scope="module")
def secrets(up: Up) -> dict[str, list[bytes]]:
    """Return every secret of the house, in each form in which it may lie in memory."""
    kept = json.loads((up.data / "engines.json").read_bytes())
    found = {role: [kept["passwords"][role].encode()] for role in kept["passwords"]}
    found |= {name: [kept["keys"][name][1].encode()] for name in kept["keys"]}
    keys = up.settings.keys
    for name in ("log.key", "seal.key", "seal-root.key", "tsa.key", "tsa-root.key"):
        # OpenSSL keeps a number of P-256 with its lowest word first.
        found[name] = [raw(keys, name), raw(keys, name)[::-1], *pem_lines(keys / name)]
    for name in ("event-hmac.key", "record-kek.key"):
        found[name] = [(keys / name).read_bytes()]
    for name in ("cookie-hmac.key", "code-hmac.key", "letter-aead.key"):
        found[name] = [(keys / name).read_bytes()]
    return found


def held_by(pid: int, secrets: Mapping[str, list[bytes]]) -> set[str]:
    """Name the secrets that lie in the memory of a process, or in what it was started with."""
    found: set[str] = set()

    def look(piece: bytes) -> None:
        for name, forms in secrets.items():
            if any(form in piece for form in forms):
                found.add(name)

    for name in ("environ", "cmdline"):
        look(Path(f"/proc/{pid}/{name}").read_bytes())
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        for line in Path(f"/proc/{pid}/maps").read_text(encoding="utf-8").splitlines():
            first, last = (int(end, 16) for end in line.split()[0].split("-"))
            if line.split()[1].startswith("rw"):
                for at in range(first, last, PIECE):
                    try:
                        memory.seek(at)
                        look(memory.read(min(PIECE + 256, last - at)))
                    except OSError:  # a page that is not there
                        continue
    return found


MAY: Mapping[str, set[str]] = {
    "web": {"custos_app", "intake", *POWERS["web"].keys},
    "worker": {"custos_app", "intake", "disposal", *POWERS["worker"].keys},
    "sequencer": {"custos_app", "publisher", *POWERS["sequencer"].keys},
    STAND_INS: set(),
}


@pytest.mark.parametrize("name", [*NAMES, STAND_INS])
def test_no_process_holds_more_than_it_needs(
    up: Up, secrets: dict[str, list[bytes]], name: str
) -> None:
    held = held_by(poll(lambda: up.pid(name)), secrets)
    assert held <= MAY[name]
    # What it does hold is found: or this test would look in the wrong place.
    assert held >= MAY[name] & {
        "custos_app",
        "event-hmac.key",
        "disposal",
        "publisher",
        "cookie-hmac.key",
    }


def test_the_supervisor_is_where_all_of_it_is(up: Up, secrets: dict[str, list[bytes]]) -> None:
    """The same look finds it there, so that what it does not find elsewhere is not there."""
    assert {"custos_owner", "disposal"} <= held_by(up.process.pid, secrets)


@pytest.mark.parametrize("name", [*NAMES, STAND_INS])
def test_no_process_is_told_a_setting_by_its_environment(up: Up, name: str) -> None:
    environ = Path(f"/proc/{poll(lambda: up.pid(name))}/environ").read_bytes()
    assert b"CUSTOS_" not in environ


def test_every_process_has_its_power_written_down() -> None:
    assert set(POWERS) == {*NAMES, STAND_INS}
    # Destruction, the seal and the log are in different hands.
    assert [name for name in POWERS if "disposal" in POWERS[name].store] == ["worker"]
    assert [name for name in POWERS if "seal.key" in POWERS[name].keys] == ["worker"]
    assert [name for name in POWERS if "log.key" in POWERS[name].keys] == ["sequencer"]
    assert [name for name in POWERS if "publisher" in POWERS[name].store] == ["sequencer"]


def test_the_environment_of_a_process_names_no_setting() -> None:
    told = {name: f"secret of {name}" for name in SETTINGS}
    assert environment({**told, "PATH": "/bin", "FORWARDED_ALLOW_IPS": "10.0.0.1"}) == {
        "PATH": "/bin",
        "FORWARDED_ALLOW_IPS": "10.0.0.1",
    }
