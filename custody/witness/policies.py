"""Pure. A policy as a person writes it: C2SP tlog-policy, with addresses, comments and blank lines.

    # who witnesses our log
    log <verifier key> [<url>]
    witness <name> <verifier key> [<url>]
    group <name> <all|any|k> <name>...
    quorum <name|none>

An address is a witness's submission prefix: `add-checkpoint` below it is what is asked. A witness
without one is not asked, and its lines on checkpoints of before are known. What goes into packages
is the one form of `custody.formats.policy`, without any of the rest.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address

from custody.errors import FormatError
from custody.formats.note import VerifierKey, format_verifier_key, parse_verifier_key
from custody.formats.policy import (
    MAX_BYTES,
    NOBODY,
    LogPolicy,
    Witness,
    WitnessGroup,
    require_policy,
)

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_BLANKS = re.compile(r"[ \t]+")
_ADDRESS = re.compile(
    r"(?P<scheme>https?)://(?P<host>[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:(?P<port>[0-9]{1,5}))?"
    r"(/[A-Za-z0-9._~%/-]*)?"
)
_MAX_ADDRESS, _MAX_PORT = 500, 65_535


@dataclass(frozen=True, slots=True)
class WrittenPolicy:
    """What a policy file says."""

    logs: tuple[VerifierKey, ...] = ()
    """The logs that it is for; none: whichever uses it."""
    witnesses: tuple[Witness, ...] = ()
    groups: tuple[WitnessGroup, ...] = ()
    quorum: str = NOBODY
    addresses: Mapping[str, str] = field(default_factory=dict)
    """Where each witness is asked, by its name in the policy."""

    def of(self, log: VerifierKey) -> LogPolicy:
        """Return the policy of one log.

        Raises:
            FormatError: it names logs, and not this one; or it contradicts itself.

        """
        if self.logs and log not in self.logs:
            raise FormatError(
                f"The policy is for the log {self.logs[0].name} under another key than ours, which "
                f"is {format_verifier_key(log)}"
            )
        policy = LogPolicy(log, self.witnesses, self.groups, self.quorum)
        require_policy(policy)
        return policy


@dataclass(slots=True)
class _Reading:
    logs: list[VerifierKey] = field(default_factory=list)
    witnesses: list[Witness] = field(default_factory=list)
    groups: list[WitnessGroup] = field(default_factory=list)
    quorum: list[str] = field(default_factory=list)
    addresses: dict[str, str] = field(default_factory=dict)

    def take(self, kind: str, words: Sequence[str]) -> None:
        match kind, words:
            case "log", [key, *url]:
                self.logs.append(parse_verifier_key(key))
                _require_at_most_one(url)
            case "witness", [name, key, *url]:
                self.witnesses.append(Witness(name, parse_verifier_key(key)))
                _require_at_most_one(url)
                if url:
                    self.addresses[name] = _address(url[0])
            case "group", [name, rule, first, *others]:
                self._require_defined(first, *others)
                self.groups.append(WitnessGroup(name, rule, (first, *others)))
            case "quorum", [name]:
                if name != NOBODY:
                    self._require_defined(name)
                self.quorum.append(name)
            case (("log" | "witness" | "group" | "quorum"), _):
                raise FormatError(f"the line of a {kind} has too few words, or too many")
            case _:
                raise FormatError(
                    f"{kind[:40]!r} begins no line: log, witness, group and quorum do"
                )

    def _require_defined(self, *names: str) -> None:
        known = {one.name for one in self.witnesses} | {one.name for one in self.groups}
        for name in names:
            if name not in known:
                raise FormatError(f"{name[:80]!r} is no witness or group of a line above")


def read_policy(data: bytes) -> WrittenPolicy:
    """Read a policy that a person wrote.

    Raises:
        FormatError: the first thing that is wrong, with the number of its line.

    """
    if len(data) > MAX_BYTES:
        raise FormatError(f"The policy has {len(data)} bytes; at most {MAX_BYTES} are allowed")
    try:
        lines = data.decode("utf-8").split("\n")
    except UnicodeDecodeError as error:
        raise FormatError("The policy is not UTF-8 text") from error
    if lines.pop():
        raise FormatError("The last line of the policy does not end in a newline")
    reading = _Reading()
    for number, line in enumerate(lines, start=1):
        try:
            _take(reading, line)
        except FormatError as error:
            raise FormatError(f"Line {number} of the policy: {error}") from error
    if len(reading.quorum) != 1:
        raise FormatError("A policy has one quorum line; 'quorum none' asks for nobody")
    return WrittenPolicy(
        tuple(reading.logs),
        tuple(reading.witnesses),
        tuple(reading.groups),
        reading.quorum[0],
        reading.addresses,
    )


def _take(reading: _Reading, line: str) -> None:
    if _CONTROL.search(line):
        raise FormatError("it holds a control character")
    text = line.strip(" \t")
    if text and not text.startswith("#"):
        kind, *words = _BLANKS.split(text)
        reading.take(kind, words)


def _require_at_most_one(url: Sequence[str]) -> None:
    if len(url) > 1:
        raise FormatError("after the key stands at most an address")


def _address(text: str) -> str:
    """Return the address without its last slash; TLS is asked for, but on this machine."""
    parts = _ADDRESS.fullmatch(text)
    if parts is None or len(text) > _MAX_ADDRESS or int(parts["port"] or 0) > _MAX_PORT:
        raise FormatError(
            f"{text[:80]!r} is no address such as https://witness.example/custody: without user, "
            "question or fragment"
        )
    if parts["scheme"] != "https" and not _is_here(parts["host"].strip("[]")):
        raise FormatError(
            "the address of a witness begins with https://, or with http:// on this machine"
        )
    return text.rstrip("/")


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
