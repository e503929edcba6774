"""Service. Gives waiting events their place in the tree, and signs what it built.

One sequencer at a time: whoever holds the advisory lock, fenced by the size that it read. The
commit of a batch is the point of no return; a crash after it leaves a tree without a checkpoint,
which the next turn signs, through the same function as always.
"""

import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sqlalchemy import Engine, insert, update
from sqlmodel import Session, col, delete, func, select

from custody.errors import ForgedEventError, LogStateError
from custody.formats.checkpoint import Checkpoint, format_checkpoint
from custody.formats.entry import parse_entry
from custody.formats.note import NoteSigner, format_note, sign_note
from custody.ledger.ledger import event_mac, node_reader
from custody.ledger.tables import (
    CustodyEventRow,
    LogCheckpointRow,
    LogEntryRow,
    LogNodeRow,
    LogRootRow,
    LogStateRow,
    OutboxRow,
)
from custody.tree import merkle
from storage.database import transaction
from storage.errors import ConflictError

LOCK = "custos/sequencer"
_LARGEST_BATCH = 1000


class Witnesses(Protocol):
    """Who cosigns: others, who have seen no other log of this name."""

    def cosign(self, note: bytes, prove: Callable[[int], Sequence[bytes]], size: int) -> bytes:
        """Return the note with their lines after the log's own.

        Raises:
            NotYetError: fewer answered than the policy demands. Ask again later.
            LogStateError: a witness has seen another log, or more of this one than we have.
        """
        ...


@dataclass(frozen=True, slots=True)
class Turn:
    """What one turn did: how many entries were added, and the size that was signed, if any."""

    added: int
    signed: int | None


class Sequencer:
    """Moves events from the outbox into the tree. The caller holds the lock `LOCK`."""

    def __init__(
        self,
        engine: Engine,
        *,
        mac_key: bytes,
        signers: Sequence[NoteSigner],
        clock: Callable[[], datetime],
        witnesses: Witnesses | None = None,
    ) -> None:
        self._engine = engine
        self._mac_key = mac_key
        self._signers = tuple(signers)
        self._origin = self._signers[0].key.name
        self._clock = clock
        self._witnesses = witnesses

    def turn(self) -> Turn:
        """Sequence one batch and sign the newest root, if it is not signed yet.

        A log that has stopped stays so, whatever is in it, until the alarm is taken away.

        Raises:
            ForgedEventError: an event in the outbox was not written by this service. Nothing is
                added; the alarm is kept where `/readyz` shows it.
            LogStateError: the stored tree contradicts itself, or what a witness holds.
            NotYetError: too few witnesses have cosigned. What was added has its place; come again.
            UnavailableError: the database does not answer.
        """
        try:
            with transaction(self._engine) as session:
                added, unsigned = self._sequence(session)
            if not unsigned:
                return Turn(added, None)
            # A crash here leaves a root without a checkpoint; the next turn signs it.
            with transaction(self._engine) as session:
                signed = self._sign_newest(session)
            if signed is not None:
                self._keep(*signed)
        except ConflictError as error:
            words = f"something stands in the log where its next entries belong: {error}"
            self._raise_alarm(words)
            raise LogStateError(words) from error
        except (ForgedEventError, LogStateError) as error:
            self._raise_alarm(str(error))
            raise
        return Turn(added, None if signed is None else signed[0])

    def _keep(self, size: int, note: bytes) -> None:
        """Have the checkpoint cosigned, and store it; no lock is held while others are asked."""
        if self._witnesses is not None:
            note = self._witnesses.cosign(note, lambda old: self._prove(old, size), size)
        with transaction(self._engine) as session:
            session.exec(select(LogStateRow).with_for_update()).one()
            if session.get(LogCheckpointRow, size) is None:
                session.add(LogCheckpointRow(size=size, note=note))

    def _prove(self, old: int, size: int) -> Sequence[bytes]:
        with transaction(self._engine) as session:
            return merkle.prove_consistency(old, size, node_reader(session))

    def _sequence(self, session: Session) -> tuple[int, bool]:
        """Place one batch; return its size, and whether the newest root needs a signature."""
        state = session.exec(select(LogStateRow).with_for_update()).one()
        if state.alarm:
            raise LogStateError(state.alarm)
        state.beat = self._clock()
        signed = _newest_signed(session, state.size)
        batch = self._waiting(session)
        if not batch:
            return 0, signed != state.size
        leaves = [merkle.leaf_hash(event.entry) for event in batch]
        old, new = state.size, state.size + len(batch)
        nodes = merkle.new_nodes(old, leaves, node_reader(session))
        session.execute(
            insert(LogEntryRow),
            [
                {"index": old + i, "event": event.id, "entry": event.entry}
                for i, event in enumerate(batch)
            ],
        )
        session.execute(
            insert(LogNodeRow),
            [{"level": node.level, "index": node.index, "hash": value} for node, value in nodes],
        )
        root = merkle.tree_root(new, node_reader(session))
        session.add(LogRootRow(size=new, root=root))
        moved = session.execute(
            update(LogStateRow)
            .where(col(LogStateRow.id) == 1, col(LogStateRow.size) == old)
            .values(size=new, root=root)
            .returning(col(LogStateRow.size))
            .execution_options(synchronize_session=False)
        ).first()
        if moved is None:
            raise LogStateError("another sequencer moved the log: expected to be the only one")
        session.exec(delete(OutboxRow).where(col(OutboxRow.event).in_([e.id for e in batch])))
        return len(batch), True

    def _waiting(self, session: Session) -> list[CustodyEventRow]:
        """Return the oldest events without an index; the order of n within a record is kept.

        Waiting means "in the outbox", never "seq above the last seen": a late commit would be lost.
        """
        batch = session.exec(
            select(CustodyEventRow)
            .join(OutboxRow, col(OutboxRow.event) == CustodyEventRow.id)
            .order_by(col(CustodyEventRow.seq))
            .limit(_LARGEST_BATCH)
        ).all()
        for event in batch:
            self._require_ours(event)
        return list(batch)

    def _require_ours(self, event: CustodyEventRow) -> None:
        """Demand that this service wrote the entry, and wrote it as this event: none goes twice."""
        if (
            not hmac.compare_digest(event.mac, event_mac(self._mac_key, event.entry))
            or parse_entry(event.entry).id != event.id
        ):
            raise ForgedEventError(
                f"event {event.id} (seq {event.seq}) was not written by this service: "
                "the log stops here until a person has looked at the database"
            )

    def _sign_newest(self, session: Session) -> tuple[int, bytes] | None:
        """Sign the newest root, once it has been built a second time from what is stored.

        The root was recorded by an earlier transaction, so there are never two for one size. But
        whoever can add rows could add a root too, and it would have our signature.
        """
        state = session.exec(select(LogStateRow).with_for_update()).one()
        signed = _newest_signed(session, state.size)
        if signed == state.size:
            return None
        root = self._built_again(session, signed, state.size)
        text = format_checkpoint(Checkpoint(self._origin, state.size, root))
        note = format_note(sign_note(text, self._signers))
        return state.size, note

    def _built_again(self, session: Session, old: int, new: int) -> bytes:
        """Return the root over the entries up to ``new``; those since ``old`` are hashed anew."""
        rows = session.exec(
            select(LogEntryRow, CustodyEventRow)
            .join(CustodyEventRow, col(CustodyEventRow.id) == LogEntryRow.event)
            .where(col(LogEntryRow.index) >= old)
            .order_by(col(LogEntryRow.index))
        ).all()
        for _, event in rows:
            self._require_ours(event)
        read = node_reader(session)
        leaves = [merkle.leaf_hash(entry.entry) for entry, _ in rows]
        nodes = dict(merkle.new_nodes(old, leaves, read))
        root = session.get_one(LogRootRow, new).root
        if (
            [entry.index for entry, _ in rows] != list(range(old, new))
            or any(entry.entry != event.entry for entry, event in rows)
            or read(list(nodes)) != list(nodes.values())
            or merkle.tree_root(new, read) != root
        ):
            raise LogStateError(
                f"the entries from {old} to {new} do not make the tree that is stored: "
                "somebody wrote to it"
            )
        return root

    def _raise_alarm(self, words: str) -> None:
        with transaction(self._engine) as session:
            session.exec(update(LogStateRow).values(alarm=words, beat=self._clock()))


def _newest_signed(session: Session, size: int) -> int:
    """Return the size of the newest checkpoint of a log of ``size``; 0: there is none.

    Raises:
        LogStateError: there is a root or a checkpoint of a tree that nobody has built.
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
