"""Pure. V6: `release.sealed` opens to this seal, and is in a log whose key and witnesses signed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from custody.check.finding import Finding, Outcome
from custody.check.findings import Findings
from custody.errors import ProofError
from custody.formats.canonical import JSON
from custody.formats.checkpoint import Checkpoint
from custody.formats.disclosure import LoggedEvent, open_event, parse_openings
from custody.formats.events import check_fields
from custody.formats.policy import CheckedCheckpoint, LogPolicy, check_checkpoint, check_trusted
from custody.formats.proof import LogProof, check_proof, parse_proof

_ENTRY = "seal/release.entry"
_OPENINGS = "seal/release.openings.json"
_PROOF = "seal/release.tlog-proof"
_SEALED_THINGS = {
    "seal": "seal of this package",
    "signature": "council's signature of that seal",
    "timestamp": "timestamp of that signature",
    "policy": "log policy of this package",
}


@dataclass(frozen=True, slots=True)
class RecordHead:
    """The last event of a record that a release covers: its place, and its entry's SHA-256."""

    record: str
    n: int
    head: str


@dataclass(frozen=True, slots=True)
class SealedRelease:
    """What the ledger says of a sealed release; `check_sealed` makes it once all of it holds."""

    record: str
    n: int
    prev: str
    at: datetime
    exhibits: tuple[RecordHead, ...]
    index: int
    checkpoint: Checkpoint
    note: bytes
    """The sealing checkpoint, byte for byte, as every proof of the package must carry it."""
    witnesses: tuple[str, ...]
    """Who cosigned it; empty: not witnessed."""


def check_sealed(
    entry: bytes,
    openings: bytes,
    proof: bytes,
    policy: LogPolicy,
    *,
    seal: str,
    signature: str,
    timestamp: str,
    policy_digest: str | None = None,
    trust: LogPolicy | None = None,
) -> tuple[SealedRelease | None, tuple[Finding, ...]]:
    """Check step V6; without a `SealedRelease` where any of it fails.

    `seal`, `signature` and `timestamp` are the SHA-256 of the tag manifest, the .p7s and the
    .tsr as they lie in the package, `policy_digest` that of `custody/policy`. `trust` is the
    policy that the verifier got by another road: it must be fulfilled too, and then it is the
    one that says who witnessed.
    """
    report = Findings("V6")
    digests = {"seal": seal, "signature": signature, "timestamp": timestamp}
    if policy_digest is not None:
        digests["policy"] = policy_digest
    event = report.ask(_OPENINGS, lambda: LoggedEvent(0, entry, parse_openings(openings)))
    values = report.ask(_ENTRY, partial(_open_sealed, event)) if event else None
    for name, digest in digests.items() if values else ():
        words = f"The ledger names the {_SEALED_THINGS[name]}"
        report.ask(_ENTRY, partial(_require_digest, name, values or {}, digest), words)
    logged, checked = _check_sealing_proof(report, entry, proof, policy, trust)
    if report.failed or not (event and values and logged and checked):
        return None, report.findings
    return _sealed_release(event, values, logged, checked), report.findings


def _open_sealed(event: LoggedEvent) -> Mapping[str, JSON]:
    entry = event.entry
    if entry.event != "release.sealed":
        raise ProofError(
            "The entry is not the sealing of a release",
            expected="release.sealed",
            found=entry.event,
        )
    values = open_event(event)
    check_fields(entry.event, values)
    return values


def _require_digest(name: str, values: Mapping[str, JSON], found: str) -> None:
    expected = str(values[name])
    if expected != found:
        words = f"The ledger names another {_SEALED_THINGS[name]}"
        raise ProofError(words, expected=expected, found=found)


def _check_sealing_proof(
    report: Findings, entry: bytes, proof: bytes, policy: LogPolicy, trust: LogPolicy | None
) -> tuple[LogProof | None, CheckedCheckpoint | None]:
    logged = report.ask(_PROOF, lambda: parse_proof(proof))
    if logged is None:
        return None, None
    checked = report.ask(_PROOF, lambda: check_checkpoint(logged.checkpoint, policy))
    if checked and trust:
        checked = report.ask(_PROOF, lambda: check_trusted(logged.checkpoint, trust))
    if checked is None:
        return logged, None
    checkpoint = checked.checkpoint
    report.ask(
        _PROOF,
        lambda: check_proof(logged, entry, checkpoint),
        f"The sealing is entry {logged.index} of the {checkpoint.size} in the ledger "
        f"{checkpoint.origin}, whose key has signed them",
    )
    for name in checked.unchecked:
        words = f"This computer's library cannot check the kind of signature that {name} gave"
        report.say(Outcome.NOT_CHECKED, words, _PROOF)
    if checked.witnesses:
        words = f"The ledger was witnessed by {', '.join(checked.witnesses)}"
        report.say(Outcome.PASS, words, _PROOF)
    else:
        words = "The ledger is not witnessed: the council alone vouches for completeness"
        report.say(Outcome.NOTE, words, _PROOF)
    return logged, checked


def _sealed_release(
    event: LoggedEvent, values: Mapping[str, JSON], proof: LogProof, checked: CheckedCheckpoint
) -> SealedRelease:
    return SealedRelease(
        record=_text(values["record"]),
        n=_number(values["n"]),
        prev=_text(values["prev"]),
        at=event.entry.at,
        exhibits=tuple(_record_head(value) for value in _items(values["exhibits"])),
        index=proof.index,
        checkpoint=checked.checkpoint,
        note=proof.checkpoint,
        witnesses=checked.witnesses,
    )


def _record_head(value: JSON) -> RecordHead:
    assert isinstance(value, Mapping)
    return RecordHead(_text(value["record"]), _number(value["n"]), _text(value["head"]))


# `check_field` has already held every disclosed value to its type; these tell the type checker.


def _text(value: JSON) -> str:
    assert isinstance(value, str)
    return value


def _number(value: JSON) -> int:
    assert isinstance(value, int)
    return value


def _items(value: JSON) -> Sequence[JSON]:
    assert isinstance(value, list)
    return value
