"""Service. From a recorded root to a published checkpoint, and always in this order.

The recorded root is built again from entries of which each is ours; what was added is published;
the root is signed; witnesses cosign; the checkpoint is stored; and last it is published. Whatever
fails, or whenever we are killed, the next turn does the same again, from what is recorded and from
the checkpoint that the bucket shows.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Engine, Executable, bindparam
from sqlalchemy import select as select_rows
from sqlmodel import Session, col, func, select

from custody.errors import LogStateError
from custody.formats.checkpoint import Checkpoint, format_checkpoint
from custody.formats.note import NoteSigner, format_note, sign_note
from custody.ledger.ledger import node_reader
from custody.ledger.publication.parties import Publication, Witnesses
from custody.ledger.publication.stored import growth, require_published
from custody.ledger.tables import (
    CustodyEventRow,
    LogCheckpointRow,
    LogEntryRow,
    LogPublicationRow,
    LogRootRow,
    LogStateRow,
)
from custody.tree import merkle
from custody.tree.tiles import Tile
from storage.database import transaction

STEP = 8192
"""Entries that are published at once at most: a log of millions is not held in memory."""


_ENTRIES: Executable = (
    # As plain rows: of thousands, objects take longer than the hashes.
    select_rows(
        col(LogEntryRow.index).label("place"),
        col(LogEntryRow.entry).label("logged"),
        col(CustodyEventRow.id),
        col(CustodyEventRow.seq),
        col(CustodyEventRow.entry),
        col(CustodyEventRow.mac),
    )
    .join(CustodyEventRow, col(CustodyEventRow.id) == LogEntryRow.event)
    .where(col(LogEntryRow.index) >= bindparam("old"), col(LogEntryRow.index) < bindparam("new"))
    .order_by(col(LogEntryRow.index))
)


@dataclass(frozen=True, slots=True)
class Step:
    """What was done: the size that was signed, if any, and whether there is more to do at once."""

    signed: int | None = None
    rest: bool = False


@dataclass(frozen=True, slots=True)
class _Plan:
    """The next checkpoint, worked out; it is tried until it is published."""

    size: int
    root: bytes
    note: bytes | None
    """What is stored of this size; None: nothing was signed."""
    objects: tuple[tuple[Tile, bytes], ...]
    rest: bool


class Checkpoints:
    """Signs and publishes. The caller holds the sequencer's lock."""

    def __init__(
        self,
        engine: Engine,
        *,
        signers: Sequence[NoteSigner],
        require_ours: Callable[[Any], None],
        publication: Publication | None,
        witnesses: Witnesses | None,
    ) -> None:
        self._engine = engine
        self._signers = tuple(signers)
        self._require_ours = require_ours
        self._publication = publication
        self._witnesses = witnesses
        self.begin()

    def begin(self) -> None:
        """Forget what was known: another sequencer may have worked since."""
        self.known = self._publication is None and self._witnesses is None
        """Whether it is known what was published and cosigned: before, no entry may get its
        place."""
        self._looked = self._publication is None
        self._compared = self._witnesses is None
        self._shown = 0
        self._uncollected: int | None = None
        self._mark = 0
        self._plan: _Plan | None = None

    def look(self) -> None:
        """Hold the database against what was published last, and at first what is witnessed.

        Witnesses that do not answer are asked again with the next checkpoint.

        Raises:
            NotPublishedError: the bucket does not say.
            LogStateError: the database is behind it, or is another log.
        """
        if self._publication is not None and not self._looked:
            self._read(self._publication)
        if self._witnesses is not None and not self._compared:
            self._compare(self._witnesses)
            self._compared = True
        self.known = True

    def _read(self, publication: Publication) -> None:
        published = publication.look()
        if published is not None:
            with transaction(self._engine) as session:
                require_published(session, published)
        self._shown = 0 if published is None else published.size
        self._uncollected = min(self._shown, self._uncollected or self._shown)
        self._looked = True

    def _compare(self, witnesses: Witnesses) -> None:
        with transaction(self._engine) as session:
            size = newest_signed(session, session.exec(select(LogStateRow)).one().size)
            newest = session.get(LogCheckpointRow, size)
        if newest is not None:
            witnesses.newest(newest.note, self._prover(size), size)

    def _prover(self, size: int) -> Callable[[int], Sequence[bytes]]:
        """Return what proves a log of ``size`` to have grown out of one of before."""

        def prove(old: int) -> tuple[bytes, ...]:
            with transaction(self._engine) as session:
                return merkle.prove_consistency(old, size, node_reader(session))

        return prove

    def is_due(self, size: int, signed: int) -> bool:
        """Tell whether a log of ``size``, of which ``signed`` are signed, has to be advanced."""
        behind = self._publication is not None and self._shown < size
        return signed != size or behind or self._plan is not None

    def advance(self) -> Step:
        """Publish and sign the next checkpoint, the newest if it is not too far away.

        Raises:
            NotYetError: the bucket or the witnesses cannot be had now. Come again.
            LogStateError: the stored tree contradicts itself, or what is published.
        """
        try:
            self.look()
            if self._plan is None or self._plan.size <= self._shown:
                with transaction(self._engine) as session:
                    self._plan = self._next(session)
            return Step() if self._plan is None else self._carry_out(self._plan)
        except BaseException:
            self._looked = self._publication is None  # what stands there now, nobody knows
            raise

    def _carry_out(self, plan: _Plan) -> Step:
        if self._publication is not None and plan.objects:
            self._publication.put(plan.objects)
            self._plan = plan = replace(plan, objects=())
        note, signed = plan.note, False
        # A crash here leaves objects without a checkpoint over them: the next turn compares them.
        if note is None:
            note = self._sign(plan)
            with transaction(self._engine) as session:
                signed = self._store(session, plan.size, note)
            if not signed:  # somebody else did, and will publish it
                self.begin()
                return Step(rest=True)
            self._plan = replace(plan, note=note)
        # A crash here leaves a checkpoint that is not published: the next turn publishes it.
        if self._publication is not None and plan.size > self._shown:
            self._publication.show(note)
            self._shown = plan.size
        self._plan = None
        return Step(plan.size if signed else None, plan.rest)

    def _sign(self, plan: _Plan) -> bytes:
        text = format_checkpoint(Checkpoint(self._signers[0].key.name, plan.size, plan.root))
        note = format_note(sign_note(text, self._signers))
        if self._witnesses is None:
            return note
        return self._witnesses.cosign(note, self._prover(plan.size), plan.size)

    def _store(self, session: Session, size: int, note: bytes) -> bool:
        """Keep a checkpoint; tell whether it is new. Never a smaller one after a larger one."""
        state = session.exec(select(LogStateRow).with_for_update()).one()
        if state.alarm:
            raise LogStateError(state.alarm)
        if newest_signed(session, state.size) >= size:
            return False
        session.add(LogCheckpointRow(size=size, note=note))
        return True

    def _next(self, session: Session) -> _Plan | None:
        """Work out the next checkpoint; None: the newest is published."""
        size = session.exec(select(LogStateRow).with_for_update()).one().size
        signed = newest_signed(session, size)
        shown = signed if self._publication is None else self._shown
        if shown < signed:  # an installation of before, an emptied bucket, or a crash
            to = _reach(session, LogCheckpointRow, shown)
            note = session.get_one(LogCheckpointRow, to).note
            root = session.get_one(LogRootRow, to).root
        elif signed < size:
            to, note = _reach(session, LogRootRow, signed), None
            root = self._built_again(session, signed, to)
        else:
            return None
        adds = self._publication is not None and shown < to
        objects = growth(session, shown, to).objects if adds else ()
        return _Plan(to, root, note, objects, rest=to < size)

    def _built_again(self, session: Session, old: int, new: int) -> bytes:
        """Return the root over the entries up to ``new``; those since ``old`` are hashed anew.

        The root was recorded by an earlier transaction, so there are never two for one size. But
        whoever can add rows could add a root too, and it would have our signature.
        """
        rows = session.execute(_ENTRIES, {"old": old, "new": new}).all()
        for row in rows:
            self._require_ours(row)
        read = node_reader(session)
        leaves = [merkle.leaf_hash(row.logged) for row in rows]
        nodes = dict(merkle.new_nodes(old, leaves, read))
        root = session.get_one(LogRootRow, new).root
        if (
            [row.place for row in rows] != list(range(old, new))
            or any(row.logged != row.entry for row in rows)
            or read(list(nodes)) != list(nodes.values())
            or merkle.tree_root(new, read) != root
        ):
            raise LogStateError(
                f"the entries from {old} to {new} do not make the tree that is stored: "
                "somebody wrote to it"
            )
        return root

    def collect(self) -> int:
        """Clear away partial objects that a wider one has stood for since the last call.

        Whoever read the checkpoint of before has so long to read what belongs to it. Never where
        the log has stopped: what lies in the bucket is looked at then.

        Raises:
            NotPublishedError: the bucket does not answer, or refuses. Call again.
        """
        mark, self._mark = self._mark, self._shown
        if self._publication is None or not self._looked:
            return 0
        with transaction(self._engine) as session:
            stopped = session.get_one(LogStateRow, 1).alarm
            since = session.get_one(LogPublicationRow, 1).collected
        since = min(since, since if self._uncollected is None else self._uncollected)
        size = min(mark, since + STEP)
        if stopped or size <= since:
            return 0
        gone = self._publication.collect(since, size)
        with transaction(self._engine) as session:
            session.get_one(LogPublicationRow, 1).collected = size
        self._uncollected = None
        return gone


def newest_signed(session: Session, size: int) -> int:
    """Return the size of the newest checkpoint of a log of ``size``; 0: there is none.

    Raises:
        LogStateError: a root or a checkpoint of a tree that nobody has built.
    """
    sizes = (LogRootRow.size, LogCheckpointRow.size)
    asked = (select(func.coalesce(func.max(one), 0)).scalar_subquery() for one in sizes)
    newest, signed = map(int, session.exec(select(*asked)).one())
    if newest != size or signed > size:
        raise LogStateError(
            f"the log has {size} entries, its newest root is of {newest} and its newest "
            f"checkpoint of {signed}: somebody wrote to it"
        )
    return signed


def _reach(session: Session, table: type[LogRootRow | LogCheckpointRow], size: int) -> int:
    """Return the largest recorded size within a step of ``size``, or the first one after it."""
    after = col(table.size) > size
    within = select(func.max(table.size)).where(after, col(table.size) <= size + STEP)
    first = select(func.min(table.size)).where(after)
    return int(session.exec(within).one() or session.exec(first).one() or size)
