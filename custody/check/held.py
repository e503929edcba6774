"""Pure. V8's "held since": the master was in the log when the first timestamp was made."""

from dataclasses import dataclass
from typing import Final

from custody.check.finding import Finding
from custody.check.findings import Findings
from custody.errors import ProofError
from custody.formats.checkpoint import Checkpoint
from custody.formats.disclosure import LoggedEvent, open_event
from custody.formats.policy import LogPolicy, check_signed
from custody.formats.proof import check_proof, parse_consistency, parse_proof
from custody.tree.merkle import check_consistency

RECEIPTS: Final = ("exhibit.received", "exhibit.extended")
"""The events that take down which files came: the first ones, and what was added later."""


@dataclass(frozen=True, slots=True)
class ReceivedCheckpoint:
    """The first checkpoint that covered a receipt; its timestamp must be over `note`."""

    checkpoint: Checkpoint
    note: bytes


def check_received(
    proof: bytes, event: LoggedEvent, policy: LogPolicy, *, subject: str
) -> tuple[ReceivedCheckpoint | None, tuple[Finding, ...]]:
    """Check that one of `RECEIPTS` is in the log under the first checkpoint that covered it.

    Its log must have signed that checkpoint; the quorum is not asked, because witnesses may have
    come later: the sealing checkpoint, which has one, is proved to have grown out of this one.
    `subject` names the proof file.
    """
    report = Findings("V8")
    received = report.ask(
        subject,
        lambda: _check_received(proof, event, policy),
        "The receipt of the exhibit is in the ledger under the checkpoint stamped at that time",
    )
    return received, report.findings


def check_held_since(
    received: Checkpoint, sealing: Checkpoint, consistency: bytes, *, subject: str
) -> tuple[Finding, ...]:
    """Check that the sealed log grew out of the one that first covered an exhibit.

    `consistency` is the file in `seal/received`, named by `subject`.
    """
    report = Findings("V8")
    report.ask(
        subject,
        lambda: _check_grown(received, sealing, consistency),
        "The sealed ledger begins with the ledger in which the exhibit was first recorded",
    )
    return report.findings


def _check_received(proof: bytes, event: LoggedEvent, policy: LogPolicy) -> ReceivedCheckpoint:
    open_event(event)
    name = event.entry.event
    if name not in RECEIPTS:
        words = "The event is not the receipt of files of an exhibit"
        raise ProofError(words, expected=" or ".join(RECEIPTS), found=name)
    logged = parse_proof(proof)
    if logged.index != event.index:
        raise ProofError(
            "The proof is for another entry", expected=str(event.index), found=str(logged.index)
        )
    checked = check_signed(logged.checkpoint, policy)
    check_proof(logged, event.data, checked.checkpoint)
    return ReceivedCheckpoint(checked.checkpoint, logged.checkpoint)


def _check_grown(received: Checkpoint, sealing: Checkpoint, consistency: bytes) -> None:
    if received.origin != sealing.origin:
        raise ProofError(
            "The two checkpoints are of different logs",
            expected=sealing.origin,
            found=received.origin,
        )
    hashes = parse_consistency(consistency)
    check_consistency(received.size, sealing.size, received.root, sealing.root, hashes)
