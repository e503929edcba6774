"""Pure. What a witness decides: to cosign what grew out of what it holds, and nothing else.

In the order of C2SP tlog-witness, so that each answer means one thing. A log that is not watched
is a 404, which is for whoever looks the log up.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from custody.errors import ProofError
from custody.formats.checkpoint import Checkpoint
from custody.formats.note import VerifierKey, check_note
from custody.tree.merkle import check_consistency
from custody.witness.answers import Answer, Status, say, say_size
from custody.witness.requests import Submission


@dataclass(frozen=True, slots=True)
class Refusal:
    """Nothing is signed."""

    answer: Answer
    contradiction: bool = False
    """Whether the log has signed two roots of one size: proof of it, and worth keeping.

    A proof that does not hold is none: anybody can send one with a checkpoint of the log."""


def decide(
    held: Checkpoint, keys: Sequence[VerifierKey], submission: Submission
) -> Checkpoint | Refusal:
    """Return the checkpoint to hold from now on, and to cosign, or why not.

    `held` is what was cosigned last of this log, or the empty log; `keys` are the log's.
    """
    checkpoint = submission.checkpoint
    try:
        check_note(submission.note, keys)
    except ProofError as error:
        return Refusal(say(Status.FORBIDDEN, f"Not signed by the log: {error}"))
    if submission.old > checkpoint.size:
        words = f"The old size {submission.old} is beyond the checkpoint's, {checkpoint.size}"
        return Refusal(say(Status.BAD_REQUEST, words))
    if submission.old != held.size:
        return Refusal(say_size(held.size))
    if submission.old == checkpoint.size and held.root != checkpoint.root:
        words = f"Another root of {held.size} entries was cosigned before"
        return Refusal(say(Status.CONFLICT, words), contradiction=True)
    try:
        check_consistency(
            submission.old, checkpoint.size, held.root, checkpoint.root, submission.hashes
        )
    except ProofError as error:
        words = f"Not proved to have grown out of {submission.old} entries: {error}"
        return Refusal(say(Status.UNPROCESSABLE, words))
    return checkpoint
