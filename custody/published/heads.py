"""Pure. The newest checkpoint of a published log, and by whose word it counts."""

from collections.abc import Sequence

from custody.errors import FormatError, ProofError
from custody.formats.checkpoint import Checkpoint, parse_checkpoint
from custody.formats.note import (
    KeyType,
    SignedNote,
    VerifierKey,
    format_verifier_key,
    parse_note,
    parse_verifier_key,
)
from custody.formats.policy import (
    CheckedCheckpoint,
    LogPolicy,
    Witness,
    WitnessGroup,
    check_trusted,
)
from custody.formats.trust import Trust


def policy_of_key(text: str) -> LogPolicy:
    """Return the policy that believes one log by its verifier key, and asks for no witness.

    Raises:
        FormatError: no verifier key of a log.
    """
    key = parse_verifier_key(text)
    if key.type is not KeyType.ED25519:
        raise FormatError(f"The key of {key.name} is no key of a log: it must be of type 0x01")
    return LogPolicy(key)


def policies_of(trust: Trust) -> tuple[LogPolicy, ...]:
    """Return what a trust file asks now of each log that it names."""
    return tuple(
        policy_for(parse_verifier_key(text), trust.witnesses, trust.quorum) for text in trust.logs
    )


def policy_for(log: VerifierKey, witnesses: Sequence[str], quorum: int) -> LogPolicy:
    """Return what is asked of one log: its witnesses by their keys, and how many of them."""
    known = tuple(
        Witness(f"{key.name}+{key.keyid.hex()}", key)
        for key in (parse_verifier_key(text) for text in witnesses)
    )
    if quorum == 0:
        return LogPolicy(log, known)
    members = tuple(witness.name for witness in known)
    group = WitnessGroup("trusted", str(quorum), members)
    return LogPolicy(log, known, (group,), group.name)


def read_head(note: bytes) -> tuple[SignedNote, Checkpoint]:
    """Read a published checkpoint, and believe nothing of it yet.

    Raises:
        FormatError: not a checkpoint note; its message says that the checkpoint is what is wrong.
    """
    try:
        parsed = parse_note(note)
        return parsed, parse_checkpoint(parsed.text)
    except FormatError as error:
        raise FormatError(f"The checkpoint cannot be read: {error}") from error


def check_head(note: bytes, policies: Sequence[LogPolicy]) -> CheckedCheckpoint:
    """Check a published checkpoint against the one of ``policies`` whose log signed it.

    Raises:
        FormatError: not a checkpoint note.
        ProofError: of another log, by another key, with a bad signature, or too little witnessed.
    """
    parsed, checkpoint = read_head(note)
    origin = checkpoint.origin
    ours = [policy for policy in policies if policy.log.name == origin]
    if not ours:
        names = " or ".join(dict.fromkeys(policy.log.name for policy in policies))
        raise ProofError("The checkpoint is of another log", expected=names, found=origin)
    lines = [(line.name, line.keyid) for line in parsed.signatures]
    for policy in ours:
        if (policy.log.name, policy.log.keyid) in lines:
            return check_trusted(note, policy)
    raise ProofError(
        f"The checkpoint is not signed by the key of the log {origin}",
        expected=" or ".join(format_verifier_key(policy.log) for policy in ours),
        found=", ".join(f"{name}+{keyid.hex()}" for name, keyid in lines),
    )
