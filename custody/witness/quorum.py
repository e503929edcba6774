"""Service. Asks every witness at once, and returns the checkpoint with the quorum's cosignatures.

A witness that is down, slow or talks nonsense is waited for no longer than the quorum needs, and
its answer counts once it comes. One that has seen another log, or more of ours than there is, stops
the log: that is what witnesses are for.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from threading import Lock
from time import monotonic
from typing import Protocol

from custody.errors import FormatError, LogStateError, NotYetError, ProofError, WitnessError
from custody.formats.note import (
    NoteSignature,
    SignedNote,
    VerifierKey,
    check_note,
    format_note,
    parse_note,
)
from custody.formats.policy import LogPolicy, has_quorum
from custody.printable import printable
from custody.witness.answers import Answer, Status, parse_lines, parse_size
from custody.witness.requests import format_submission

Prove = Callable[[int], Sequence[bytes]]
"""Gives the hashes that prove the log to have grown out of one of that many entries."""
_FROM_THE_BEGINNING = 0


class Way(Protocol):
    """How a witness is reached."""

    def submit(self, body: bytes) -> Answer:
        """Make one request; raises WitnessError where there is no answer."""
        ...

    def close(self) -> None:
        """End its connections."""
        ...


@dataclass(slots=True)
class _Asked:
    """A witness, by its address: it may sign with several keys."""

    names: tuple[str, ...]
    keys: tuple[VerifierKey, ...]
    way: Way
    held: int = _FROM_THE_BEGINNING
    """Of how many entries it holds the log, as far as it has told."""
    under_way: Future[tuple[NoteSignature, ...]] | None = None
    why: str = ""
    """Why its cosignature is missing; empty: it is not."""
    told: str = ""

    @property
    def label(self) -> str:
        return "/".join(self.names)


@dataclass(slots=True)
class _Round:
    """One checkpoint that is being cosigned."""

    note: SignedNote
    data: bytes
    size: int
    prove: Prove
    proofs: dict[int, tuple[bytes, ...]] = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)

    def proof(self, old: int) -> tuple[bytes, ...]:
        """Return the proof from `old`, made once; nothing is to prove from 0 and to itself."""
        if old in (_FROM_THE_BEGINNING, self.size):
            return ()
        with self.lock:
            if old not in self.proofs:
                self.proofs[old] = tuple(self.prove(old))
            return self.proofs[old]


class Witnesses:
    """The witnesses of one log."""

    def __init__(
        self,
        policy: LogPolicy,
        ways: Mapping[str, Way],
        *,
        within_s: float = 10.0,
        patience_s: float = 0.5,
        clock: Callable[[], float] = monotonic,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        """`ways` are by the policy's names; witnesses without one are not asked.

        Nothing takes longer than ``within_s``; once there is a quorum, the others have until
        ``patience_s`` after the beginning. ``tell`` is told once of each trouble, and of its end.
        """
        self._policy = policy
        self._asked = tuple(_by_way(policy, ways))
        self._within_s = within_s
        self._patience_s = min(patience_s, within_s)
        self._clock = clock
        self._tell = tell
        self._pool = ThreadPoolExecutor(max(1, len(self._asked)), "witness")

    def cosign(self, note: bytes, prove: Prove, size: int) -> bytes:
        """Return the note with cosignatures after the log's lines, in the policy's order.

        Raises:
            NotYetError: too few witnesses answered for the quorum. Ask again later.
            LogStateError: a witness has seen another log, or holds more entries than we have.
        """
        own = parse_note(note)
        found = _in_order(self._policy, self._gather(_Round(own, note, size, prove)))
        whole = SignedNote(own.text, (*own.signatures, *found))
        signed = check_note(whole, self._policy.keys)
        names = [one.name for one in self._policy.witnesses if one.key in signed]
        if not has_quorum(self._policy, names):
            missing = "; ".join(f"{one.label}: {one.why}" for one in self._asked if one.why)
            raise NotYetError(
                f"the checkpoint of {size} entries has {len(names)} cosignatures, and the policy "
                f"asks for {self._policy.quorum}: {missing}"
            )
        return format_note(whole)

    def newest(self, note: bytes, prove: Prove, size: int) -> Mapping[str, int]:
        """Return how many entries each witness holds that answers: at a start, before any work.

        ``note`` is the newest checkpoint that we published; who holds less is brought up to it.

        Raises:
            LogStateError: a witness holds more entries than we have, or another log.
        """
        self._gather(_Round(parse_note(note), note, size, prove))
        return {one.label: one.held for one in self._asked if not one.why}

    def close(self) -> None:
        """Wait for nobody any more, and end all connections."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        for one in self._asked:
            one.way.close()

    def _gather(self, asked_for: _Round) -> list[NoteSignature]:
        begun = self._clock()
        for one in self._asked:
            _settle(one)  # a contradiction that came too late for its own checkpoint counts now
        waiting = {}
        for one in self._asked:
            if one.under_way is None:
                one.why = f"it did not answer within {self._within_s:g} seconds"
                one.under_way = self._pool.submit(_ask, one, asked_for)
                waiting[one.under_way] = one
            else:
                one.why = "it still owes the answer to an earlier request"
        lines: list[NoteSignature] = []
        contradictions = []
        while waiting and (left := self._left(begun, lines)) > 0:
            done, _ = wait(waiting, timeout=left, return_when=FIRST_COMPLETED)
            for future in done:
                try:
                    lines += _settle(waiting.pop(future)) or ()
                except LogStateError as error:
                    contradictions.append(str(error))
        self._tell_troubles()
        if contradictions:
            raise LogStateError("; ".join(contradictions))
        return lines

    def _tell_troubles(self) -> None:
        for one in self._asked:
            if one.why != one.told:
                self._tell(f"{one.label}: {one.why or 'it cosigns again'}")
                one.told = one.why

    def _left(self, begun: float, lines: Sequence[NoteSignature]) -> float:
        """Return for how many seconds the others are still waited for."""
        signed = {(line.name, line.keyid) for line in lines}
        names = [
            one.name for one in self._policy.witnesses if (one.key.name, one.key.keyid) in signed
        ]
        enough = has_quorum(self._policy, names)
        limit = self._patience_s if enough else self._within_s
        return begun + limit - self._clock()


def _by_way(policy: LogPolicy, ways: Mapping[str, Way]) -> list[_Asked]:
    several: dict[int, _Asked] = {}
    for witness in policy.witnesses:
        if (way := ways.get(witness.name)) is None:
            continue
        known = several.get(id(way))
        names = (*(known.names if known else ()), witness.name)
        keys = (*(known.keys if known else ()), witness.key)
        several[id(way)] = _Asked(names, keys, way)
    return list(several.values())


def _settle(one: _Asked) -> tuple[NoteSignature, ...] | None:
    """Take the answer, if it has come; None: there is none."""
    future = one.under_way
    if future is None or not future.done():
        return None
    one.under_way = None
    try:
        lines = future.result()
    except WitnessError as error:
        one.why = str(error)
        return None
    one.why = ""
    return lines


def _ask(one: _Asked, wanted: _Round) -> tuple[NoteSignature, ...]:
    """Ask one witness, and a second time where it holds another size than we thought."""
    old = min(one.held, wanted.size)
    answer = one.way.submit(format_submission(old, wanted.proof(old), wanted.data))
    if answer.status == Status.CONFLICT:
        old = _held(one, answer, wanted.size)
        answer = one.way.submit(format_submission(old, wanted.proof(old), wanted.data))
        if answer.status == Status.CONFLICT:
            _held(one, answer, wanted.size)
            raise WitnessError("what it holds changes while it is asked")
    if answer.status == Status.UNPROCESSABLE and old > _FROM_THE_BEGINNING:
        raise LogStateError(
            f"the witness {one.label} holds another log: it does not take the proof that ours, of "
            f"{wanted.size} entries, has grown out of its {old}"
        )
    if answer.status != Status.OK:
        words = printable(answer.body[:200].decode("utf-8", "replace").strip())
        raise WitnessError(f"it answered {answer.status}: {words}")
    try:
        lines = parse_lines(answer, wanted.note.text, one.keys)
    except (FormatError, ProofError) as error:
        raise WitnessError(f"its cosignature does not hold: {error}") from error
    if not lines:
        raise WitnessError("its cosignature cannot be checked on this computer")
    one.held = wanted.size
    return lines


def _held(one: _Asked, answer: Answer, size: int) -> int:
    """Return of how many entries it says that it holds the log; all other words are an alarm."""
    try:
        held = parse_size(answer)
    except FormatError as error:
        raise WitnessError(f"it answered nonsense: {error}") from error
    if held is None:
        raise LogStateError(
            f"the witness {one.label} has cosigned another root of {size} entries than ours: "
            "there are two logs of this name"
        )
    if held > size:
        raise LogStateError(
            f"the witness {one.label} has cosigned {held} entries, and we have {size}: the "
            "database is older than what was published, as a restored backup is without what "
            "`custos restore --log` takes from there"
        )
    one.held = held
    return held


def _in_order(policy: LogPolicy, lines: Sequence[NoteSignature]) -> tuple[NoteSignature, ...]:
    """Return the lines of the policy's keys in its order, one each."""
    by_key = {(line.name, line.keyid): line for line in lines}
    wanted = ((key.name, key.keyid) for key in policy.keys)
    return tuple(by_key[key] for key in wanted if key in by_key)
