"""Service. A witness: cosigns each checkpoint that grew out of the one before, and no other."""

from collections.abc import Callable
from datetime import datetime

from custody.errors import FormatError, LogStateError, ProofError
from custody.formats.note import NoteSigner, format_note, sign_note
from custody.witness.answers import Answer, Status, say, say_lines
from custody.witness.decisions import Refusal, decide
from custody.witness.heads import Heads, WatchedLog
from custody.witness.requests import Submission, parse_submission


class Witness:
    """Answers logs. Safe to be asked by several threads at once, and beside other processes."""

    def __init__(
        self,
        heads: Heads,
        signers: Callable[[int], tuple[NoteSigner, ...]],
        *,
        clock: Callable[[], datetime],
        tell: Callable[[str], None],
    ) -> None:
        self._heads = heads
        self._signers = signers
        self._clock = clock
        self._tell = tell

    def add_checkpoint(self, body: bytes) -> Answer:
        """Answer a request; what is signed is held before.

        A crash after that and before the answer loses nothing: the log asks again, is told the
        size, and gets its signature for the same root.
        """
        try:
            submission = parse_submission(body)
        except FormatError as error:
            return say(Status.BAD_REQUEST, str(error))
        try:
            return self._decided(submission)
        except (LogStateError, OSError) as error:
            self._tell(f"signs nothing: {error}")
            return say(Status.BROKEN, "This witness cannot tell what it has signed")
        except (FormatError, ProofError, OverflowError) as error:
            # The name of a log may be too long for a key of ML-DSA-44; a clock may stand before
            # 1970; a key may not be the one that it says it is.
            self._tell(f"{submission.checkpoint.origin} cannot be signed: {error}")
            return say(Status.BROKEN, "This witness cannot sign this checkpoint")

    def _decided(self, submission: Submission) -> Answer:
        checkpoint = submission.checkpoint
        if self._heads.read(checkpoint.origin) is None:
            return say(Status.NOT_FOUND, "This log is not watched here")
        with self._heads.alone(checkpoint.origin):
            watched = self._heads.read(checkpoint.origin)
            if watched is None:
                return say(Status.NOT_FOUND, "This log is not watched here")
            decided = decide(watched.held, watched.keys, submission)
            note = format_note(submission.note)
            if isinstance(decided, Refusal):
                self._refused(watched, decided, note)
                return decided.answer
            if not watched.note or decided != watched.held:
                self._heads.write(WatchedLog(watched.keys, decided, note))
            # What is held has reached the disk: only now may it be signed, and not by a later
            # request before this one, or it would state an earlier checkpoint at a later time.
            seconds = int(self._clock().timestamp())
            signed = sign_note(submission.note.text, self._signers(seconds))
            self._tell(f"{checkpoint.origin}: cosigned {checkpoint.size} entries")
            return say_lines(signed)

    def _refused(self, watched: WatchedLog, refusal: Refusal, note: bytes) -> None:
        # Every other refusal anybody can get as often as he likes, and none tells against the log.
        if refusal.contradiction or refusal.answer.status == Status.UNPROCESSABLE:
            words = refusal.answer.body.decode().strip()
            self._tell(f"{watched.held.origin}: {words}")
        if refusal.contradiction:
            self._heads.keep_contradiction(watched, note)
