"""Service. Audits the tree: every hash anew from the raw entries, every checkpoint, every stamp.

Reads each table once, in the order in which the sequencer wrote it; keeps one hash a level.
"""

from collections.abc import Iterator
from typing import TypeAlias

from sqlalchemy import func, select
from sqlmodel import Session, col

from custody.audit import rows
from custody.audit.facts import Step, Tally
from custody.audit.streams import AnyRow, AnySelect, Peekable, Streams
from custody.check.finding import Outcome
from custody.check.seal import check_timestamp
from custody.errors import FormatError, ProofError
from custody.formats.checkpoint import Checkpoint, parse_checkpoint
from custody.formats.note import VerifierKey, check_note, parse_note
from custody.ledger.tables import (
    LogCheckpointRow,
    LogRootRow,
    LogStampRow,
    LogStateRow,
)
from custody.tree import merkle

Node: TypeAlias = tuple[int, int, bytes]
"""A complete subtree: its level, its place there, its hash."""


class Frontier:
    """The right edge of a growing tree: the roots of its complete subtrees, the widest first."""

    def __init__(self) -> None:
        self.size = 0
        self._peaks: list[tuple[int, bytes]] = []

    def add(self, entry: bytes) -> list[Node]:
        """Append an entry; return each complete node that it makes, its leaf first."""
        level, value, index = 0, merkle.leaf_hash(entry), self.size
        self.size += 1
        made = [(level, index, value)]
        while index & 1:
            value = merkle.node_hash(self._peaks.pop()[1], value)
            level, index = level + 1, index >> 1
            made.append((level, index, value))
        self._peaks.append((level, value))
        return made

    @property
    def root(self) -> bytes:
        """The root over every entry so far."""
        if not self._peaks:
            return merkle.EMPTY_ROOT
        *wider, (_, value) = self._peaks
        for _, left in reversed(wider):
            value = merkle.node_hash(left, value)
        return value


class _StoredNodes:
    """The stored nodes in the order in which a growing tree makes them; looked at before taken."""

    def __init__(self, chunks: Iterator[list[Node]]) -> None:
        self._chunks = chunks
        self._nodes: list[Node] = []
        self._taken = 0

    def take_if(self, expected: list[Node]) -> bool:
        """Take the next nodes if they are these; else take none."""
        end = self._taken + len(expected)
        if self._fill(len(expected)) and self._nodes[self._taken : end] == expected:
            self._taken = end
            return True
        return False

    @property
    def head(self) -> Node | None:
        """The next node."""
        return self._nodes[self._taken] if self._fill(1) else None

    def take(self) -> Node:
        """Return the next node, and go on."""
        self._taken += 1
        return self._nodes[self._taken - 1]

    def _fill(self, wanted: int) -> bool:
        while len(self._nodes) - self._taken < wanted:
            more = next(self._chunks, None)
            if more is None:
                return False
            self._nodes, self._taken = self._nodes[self._taken :] + more, 0
        return True


class TreeAudit:
    """Audits one log."""

    def __init__(
        self,
        session: Session,
        streams: Streams,
        tally: Tally,
        log_key: VerifierKey,
        tsa_chain_pem: bytes,
    ) -> None:
        self._session = session
        self._streams = streams
        self._tally = tally
        self._log_key = log_key
        self._tsa_chain_pem = tsa_chain_pem
        self._frontier = Frontier()
        self._nodes = _StoredNodes(streams.chunks(rows.NODES))
        self._sizes = Peekable(streams.rows(_sizes()))

    def run(self) -> Frontier:
        """Compare everything; return the tree as it was computed."""
        self._check_size()
        for place, entry in self._streams.tuples(rows.ENTRIES):
            self._tally.counts["entries"] += 1
            if place != self._frontier.size:
                # Nothing beyond a gap can be computed, so nothing beyond it is believed.
                self._fail("An entry is missing", f"entry {self._frontier.size}", found=place)
                return self._frontier
            made = self._frontier.add(entry)
            if not self._nodes.take_if(made):
                for node in made:
                    self._check_node(node)
            self._check_sizes()
        while (left := self._nodes.head) is not None:
            self._fail("A hash is stored for entries that are not there", _name(left))
            self._nodes.take()
        for head in self._sizes:
            self._fail(
                "The log was promised to be longer: its end is missing",
                f"size {head.size}",
                expected=head.size,
                found=self._frontier.size,
            )
        self._check_state()
        return self._frontier

    def _fail(self, words: str, subject: str, *, expected: object = "", found: object = "") -> None:
        self._tally.fail(Step.TREE, words, subject, expected=str(expected), found=str(found))

    def _check_node(self, node: Node) -> None:
        while (head := self._nodes.head) is not None and _order(head) < _order(node):
            self._fail("A hash is stored that belongs to no entry", _name(self._nodes.take()))
        if head is None or _order(head) != _order(node):
            self._fail("A hash is missing", _name(node))
            return
        stored, value = self._nodes.take()[2], node[2]
        if stored != value:
            self._fail(
                "A stored hash is not the one of its entries",
                _name(node),
                expected=value.hex(),
                found=stored.hex(),
            )

    def _check_sizes(self) -> None:
        """Check what is stored for trees up to the size that was just reached."""
        while (head := self._sizes.head) is not None and head.size <= self._frontier.size:
            self._check_one_size(self._sizes.take())

    def _check_one_size(self, row: AnyRow) -> None:
        root = self._frontier.root if row.size == self._frontier.size else merkle.EMPTY_ROOT
        subject = f"size {row.size}"
        if row.root != root:
            found = "none" if row.root is None else row.root.hex()
            words = "The stored root is not the one of its entries"
            self._fail(words, subject, expected=root.hex(), found=found)
        self._tally.counts["roots"] += 1
        if row.note is not None:
            self._check_note(row.note, Checkpoint(self._log_key.name, row.size, root), subject)
        if row.tsr is not None:
            self._check_stamp(row.tsr, row.note, subject)

    def _check_note(self, data: bytes, expected: Checkpoint, subject: str) -> None:
        self._tally.counts["checkpoints"] += 1
        try:
            note = parse_note(data)
            check_note(note, [self._log_key])
            found = parse_checkpoint(note.text)
        except ProofError as error:
            self._tally.fail(
                Step.CHECKPOINTS, error.words, subject, expected=error.expected, found=error.found
            )
        except FormatError as error:
            self._tally.fail(Step.CHECKPOINTS, f"The checkpoint cannot be read: {error}", subject)
        else:
            if found != expected:
                words = "The checkpoint is of another tree"
                both = {"expected": _say(expected), "found": _say(found)}
                self._tally.fail(Step.CHECKPOINTS, words, subject, **both)

    def _check_stamp(self, tsr: bytes, note: bytes | None, subject: str) -> None:
        self._tally.counts["stamps"] += 1
        if note is None:
            self._tally.fail(Step.STAMPS, "A timestamp is of a checkpoint that is missing", subject)
            return
        _, findings = check_timestamp(tsr, note, trust=None, tsa_chain_pem=self._tsa_chain_pem)
        for one in findings:
            if one.outcome is Outcome.FAIL:
                words = one.words.removesuffix(".")
                self._tally.fail(
                    Step.STAMPS, words, subject, expected=one.expected, found=one.found
                )

    def _check_size(self) -> None:
        """Look at what must not depend on the order of the rows."""
        for (place,) in self._streams.tuples(rows.STRAYS):
            self._fail("An entry is not the event that it stands for", f"entry {place}")
        (least,) = self._session.execute(select(func.min(LogRootRow.size))).one()
        if least is not None and least < 1:
            self._fail("A root is stored for a tree without entries", f"size {least}")

    def _check_state(self) -> None:
        state = self._session.get_one(LogStateRow, 1)
        found = (state.size, state.root.hex())
        expected = (self._frontier.size, self._frontier.root.hex())
        if found != expected:
            self._fail(
                "The log's head is not the end of its entries",
                "log_state",
                expected=expected,
                found=found,
            )
        if state.alarm:
            self._fail(f"The log has stopped: {state.alarm.rstrip('.')}", "log_state")


def _sizes() -> AnySelect:
    """Select root, checkpoint and timestamp of each size for which there is any of them."""
    root, note, tsr = (
        select(of.label("size"), column).subquery()
        for of, column in (
            (col(LogRootRow.size), col(LogRootRow.root)),
            (col(LogCheckpointRow.size), col(LogCheckpointRow.note)),
            (col(LogStampRow.size), col(LogStampRow.tsr)),
        )
    )
    noted = func.coalesce(root.c.size, note.c.size)
    size = func.coalesce(noted, tsr.c.size).label("size")
    joined = root.outerjoin(note, root.c.size == note.c.size, full=True).outerjoin(
        tsr, tsr.c.size == noted, full=True
    )
    return select(size, root.c.root, note.c.note, tsr.c.tsr).select_from(joined).order_by(size)


def _order(node: Node) -> tuple[int, int]:
    """Return when a growing tree makes a node: with which entry, and how high above it."""
    level, index, _ = node
    return (index + 1) << level, level


def _name(node: Node) -> str:
    return f"level {node[0]}, hash {node[1]}"


def _say(checkpoint: Checkpoint) -> str:
    return f"{checkpoint.origin} {checkpoint.size} {checkpoint.root.hex()}"
