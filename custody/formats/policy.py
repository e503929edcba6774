"""Pure. Whose signatures make a checkpoint valid (C2SP tlog-policy).

    log <verifier key>
    witness <name> <verifier key>
    group <name> <all|any|k> <name>...
    quorum <name|none>

We write and accept a part of what C2SP allows, so that a policy has one form: one log, then the
witnesses, the groups and the quorum; single spaces; no comments, blank lines or URLs. What a person
writes, with all of these, is read by `custody.witness.policies`.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from custody.errors import FormatError, ProofError
from custody.formats.canonical import parse_decimal
from custody.formats.checkpoint import Checkpoint, parse_checkpoint, require_origin
from custody.formats.note import (
    COSIGNERS,
    KeyType,
    SignedNote,
    VerifierKey,
    check_note,
    format_verifier_key,
    parse_note,
    parse_verifier_key,
    timeless,
    unchecked,
)

MAX_BYTES = 64 * 1024
"""Far above any policy of that many witnesses and groups."""
MAX_WITNESSES = MAX_GROUPS = 32
"""The least that C2SP asks every implementation to support; enough for us."""

NOBODY = "none"
"""The quorum of a policy under which the log alone vouches."""
_NAME = re.compile(r"[^\x00-\x20\x7f]+")


@dataclass(frozen=True, slots=True)
class Witness:
    """A witness under the name that this policy gives it."""

    name: str
    key: VerifierKey


@dataclass(frozen=True, slots=True)
class WitnessGroup:
    """A group counts as having witnessed when enough of its members have."""

    name: str
    rule: str
    """`all`, `any`, or how many, in decimal; kept as it is written."""
    members: tuple[str, ...]

    @property
    def needed(self) -> int:
        """How many members must have witnessed."""
        named = {"all": len(self.members), "any": 1}
        return named[self.rule] if self.rule in named else parse_decimal(self.rule)


@dataclass(frozen=True, slots=True)
class LogPolicy:
    """One log, those who witness it, and how many of them it takes."""

    log: VerifierKey
    witnesses: tuple[Witness, ...] = ()
    groups: tuple[WitnessGroup, ...] = ()
    quorum: str = NOBODY
    """The witness or group that must have cosigned; `none`: the log alone vouches."""

    @property
    def keys(self) -> tuple[VerifierKey, ...]:
        """Every key whose signature may stand under a checkpoint, in the order of its lines."""
        return (self.log, *(witness.key for witness in self.witnesses))


@dataclass(frozen=True, slots=True)
class CheckedCheckpoint:
    """A checkpoint that its log signed."""

    checkpoint: Checkpoint
    witnesses: tuple[str, ...]
    """Who cosigned it, by the policy's names. Empty: the council alone vouches for it."""
    unchecked: tuple[str, ...] = ()
    """Whose lines stand there and count for nothing: this library cannot check their type."""
    timeless: tuple[str, ...] = ()
    """Whose lines count for nothing, as they state no time: nothing of other checkpoints."""


def format_policy(policy: LogPolicy) -> bytes:
    """Write a policy file."""
    lines = [f"log {format_verifier_key(policy.log)}"]
    lines += [f"witness {each.name} {format_verifier_key(each.key)}" for each in policy.witnesses]
    lines += [f"group {each.name} {each.rule} {' '.join(each.members)}" for each in policy.groups]
    return "".join(f"{line}\n" for line in [*lines, f"quorum {policy.quorum}"]).encode()


def parse_policy(data: bytes) -> LogPolicy:
    """Read a policy file.

    Raises:
        FormatError: not our canonical form, a name that is not defined, one that is used twice
            (nobody may count twice towards the quorum), or a key that stands twice.

    """
    if len(data) > MAX_BYTES:
        raise FormatError(f"The policy has {len(data)} bytes; at most {MAX_BYTES} are allowed")
    try:
        *lines, end = data.decode("utf-8").split("\n")
    except UnicodeDecodeError as error:
        raise FormatError("The policy is not UTF-8 text") from error
    words = [line.split(" ") for line in lines]
    if end or any(not _NAME.fullmatch(word) for line in words for word in line):
        raise FormatError("A policy is lines of words parted by single spaces")
    kinds = {kind: [line[1:] for line in words if line[0] == kind] for kind in _PARTS}
    if len(kinds["log"]) != 1 or len(kinds["quorum"]) != 1:
        raise FormatError("A policy has one log line and one quorum line")
    policy = LogPolicy(
        log=parse_verifier_key(_of_length(kinds["log"][0], 1)[0]),
        witnesses=tuple(_parse_witness(line) for line in kinds["witness"]),
        groups=tuple(_parse_group(line) for line in kinds["group"]),
        quorum=_of_length(kinds["quorum"][0], 1)[0],
    )
    require_policy(policy)
    if format_policy(policy) != data:
        raise FormatError("A policy has its log, witnesses, groups and quorum, in this order")
    return policy


def require_policy(policy: LogPolicy) -> None:
    """Refuse a policy that contradicts itself.

    Raises:
        FormatError: as in `parse_policy`.

    """
    require_origin(policy.log.name)
    if policy.log.type is not KeyType.ED25519:
        raise FormatError("The key of the log must be of type 0x01")
    if any(witness.key.type not in COSIGNERS for witness in policy.witnesses):
        raise FormatError("The key of a witness must be of type 0x04 or 0x06")
    if len(policy.witnesses) > MAX_WITNESSES or len(policy.groups) > MAX_GROUPS:
        raise FormatError(f"A policy has at most {MAX_WITNESSES} witnesses and groups each")
    # One public key counts once, and a log that witnesses itself is not witnessed.
    if len({key.pub for key in policy.keys}) != len(policy.keys):
        raise FormatError("One public key stands in the policy twice")
    if len({(key.name, key.keyid) for key in policy.keys}) != len(policy.keys):
        raise FormatError("Two keys of the policy share their name and key id")
    _require_names(policy)


def has_quorum(policy: LogPolicy, witnesses: Sequence[str]) -> bool:
    """Tell whether these witnesses, by the policy's names, are enough."""
    witnessed = {NOBODY, *witnesses}
    for group in policy.groups:  # members stand before their group
        if len(witnessed.intersection(group.members)) >= group.needed:
            witnessed.add(group.name)
    return policy.quorum in witnessed


def quorum_of(policy: LogPolicy) -> tuple[tuple[Witness, ...], int]:
    """Return whom the quorum counts, and how many of them it takes at the very least.

    For one group of witnesses that is all of the rule; for groups within groups it is less.
    """
    counted = {witness.name: ({witness.name}, 1) for witness in policy.witnesses}
    for group in policy.groups:
        members = [counted[member] for member in group.members]
        least = sorted(least for _, least in members)[: group.needed]
        counted[group.name] = (set().union(*(names for names, _ in members)), sum(least))
    names, needed = counted.get(policy.quorum, (set[str](), 0))
    return tuple(witness for witness in policy.witnesses if witness.name in names), needed


def check_signed(note: bytes, policy: LogPolicy) -> CheckedCheckpoint:
    """Check that a checkpoint is the log's, and carries no other lines than the policy's keys'.

    Its lines must stand in the policy's order, so that the note has one form. The quorum is not
    asked: see `check_checkpoint`.

    Raises:
        FormatError: not a checkpoint note.
        ProofError: another log, a bad signature, none by the log, or a foreign line.

    """
    parsed = parse_note(note)
    lines = [(line.name, line.keyid) for line in parsed.signatures]
    allowed = [(key.name, key.keyid) for key in policy.keys]
    if lines != [key for key in allowed if key in lines]:
        raise ProofError("The checkpoint has signature lines that the policy does not foresee")
    return _check_log(parsed, policy)


def check_checkpoint(note: bytes, policy: LogPolicy) -> CheckedCheckpoint:
    """Check a checkpoint as `check_signed` does, and that the quorum has cosigned it.

    Raises:
        FormatError: not a checkpoint note.
        ProofError: as in `check_signed`, or too few witnesses.

    """
    checked = check_signed(note, policy)
    _check_quorum(checked, policy)
    return checked


def check_trusted(note: bytes, trust: LogPolicy) -> CheckedCheckpoint:
    """Check a checkpoint against a policy that came by another road than the checkpoint.

    Signature lines by keys that this policy does not name are ignored, as C2SP asks.

    Raises:
        FormatError: not a checkpoint note.
        ProofError: another log, a bad signature, none by the log, or too few witnesses.

    """
    checked = _check_log(parse_note(note), trust)
    _check_quorum(checked, trust)
    return checked


def _check_log(note: SignedNote, policy: LogPolicy) -> CheckedCheckpoint:
    checkpoint = parse_checkpoint(note.text)
    if checkpoint.origin != policy.log.name:
        raise ProofError(
            "The checkpoint is of another log", expected=policy.log.name, found=checkpoint.origin
        )
    signed = check_note(note, policy.keys)
    if policy.log not in signed:
        raise ProofError(f"The log {policy.log.name} has not signed the checkpoint")
    skipped = unchecked(note, policy.keys)
    silent = timeless(note, signed)
    told = [witness for witness in policy.witnesses if witness.key in signed]
    return CheckedCheckpoint(
        checkpoint,
        tuple(witness.name for witness in told if witness.key not in silent),
        tuple(witness.name for witness in policy.witnesses if witness.key in skipped),
        tuple(witness.name for witness in told if witness.key in silent),
    )


def _check_quorum(checked: CheckedCheckpoint, policy: LogPolicy) -> None:
    if not has_quorum(policy, checked.witnesses):
        skipped = [
            *(f"{name} (cannot be checked on this computer)" for name in checked.unchecked),
            *(f"{name} (states no time, and so no growth)" for name in checked.timeless),
        ]
        counted, needed = quorum_of(policy)
        raise ProofError(
            "Too few witnesses have cosigned the checkpoint",
            expected=f"{needed} of {', '.join(witness.name for witness in counted)}",
            found=", ".join((*checked.witnesses, *skipped)) or "none",
        )


def _parse_witness(words: Sequence[str]) -> Witness:
    name, key = _of_length(words, 2)
    return Witness(name, parse_verifier_key(key))


def _parse_group(words: Sequence[str]) -> WitnessGroup:
    if len(words) < 3:  # noqa: PLR2004 - name, rule, a member
        raise FormatError("A group has a name, a rule and at least one member")
    return WitnessGroup(words[0], words[1], tuple(words[2:]))


def _require_names(policy: LogPolicy) -> None:
    known = [witness.name for witness in policy.witnesses]
    used: list[str] = []
    for group in policy.groups:
        if any(member not in known for member in group.members):
            raise FormatError(f"The group {group.name} has members that stand nowhere before it")
        if not 1 <= group.needed <= len(group.members):
            raise FormatError(f"The group {group.name} asks for {group.needed} of its members")
        used += group.members
        known.append(group.name)
    if len(set(used)) != len(used):
        raise FormatError("A witness or group is a member twice")
    if len({*known, NOBODY}) != len(known) + 1:
        raise FormatError("A name stands for two things in the policy")
    if policy.quorum not in {*known, NOBODY}:
        raise FormatError(f"The quorum {policy.quorum[:80]!r} is nobody whom the policy names")


def _of_length(words: Sequence[str], count: int) -> Sequence[str]:
    if len(words) != count:
        raise FormatError("A line of the policy has too few or too many words")
    return words


_PARTS: Mapping[str, None] = dict.fromkeys(("log", "witness", "group", "quorum"))
