"""A log that grows, a witness in a folder, and ways from one to the other, for tests."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from custody.errors import WitnessError
from custody.formats.note import Ed25519Cosigner, NoteSigner
from custody.tree.merkle import prove_consistency
from custody.witness.answers import Answer
from custody.witness.heads import Heads
from custody.witness.requests import format_submission
from custody.witness.witness import Witness
from tests.custody.ledgers import LOG, LOOKED, MemoryLog, private_key

LOOKED_AT = datetime.fromtimestamp(LOOKED, UTC)


def log_of(size: int, *, kind: str = "entry") -> MemoryLog:
    """Make a log; another kind is another log of the same name."""
    log = MemoryLog()
    for number in range(size):
        log.append(f"{kind} {number}".encode())
    return log


def submission(log: MemoryLog, old: int, size: int | None = None) -> bytes:
    size = len(log.entries) if size is None else size
    proof = prove_consistency(old, size, log.read) if 0 < old <= size else ()
    return format_submission(old, proof, log.note(size))


def prove(log: MemoryLog, size: int | None = None) -> Callable[[int], Sequence[bytes]]:
    whole = len(log.entries) if size is None else size
    return lambda old: prove_consistency(old, whole, log.read)


def cosigners(name: str) -> Callable[[int], tuple[NoteSigner, ...]]:
    return lambda seconds: (Ed25519Cosigner(name, private_key(name), seconds),)


def witness_in(
    folder: Path,
    name: str = "witness.neighbour.example",
    signers: Callable[[int], tuple[NoteSigner, ...]] | None = None,
) -> Witness:
    """Open the witness of a folder, which watches our log."""
    heads = Heads(folder)
    if not heads.all():
        heads.watch(LOG.key)
    return Witness(heads, signers or cosigners(name), clock=lambda: LOOKED_AT, tell=lambda _: None)


@dataclass
class Door:
    """A way to a witness, which remembers what went through it."""

    answer: Callable[[bytes], Answer]
    asked: list[bytes] = field(default_factory=list)
    down: bool = False

    def close(self) -> None:
        """There is nothing to end."""

    def submit(self, body: bytes) -> Answer:
        self.asked.append(body)
        if self.down:
            raise WitnessError("it cannot be reached")
        return self.answer(body)
