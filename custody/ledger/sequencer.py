"""Service. Gives waiting events their place in the tree, and has it published and signed.

One sequencer at a time: whoever holds the advisory lock, fenced by the size that it read. The
commit of a batch is the point of no return; a crash after it leaves a tree without a checkpoint,
which the next turn publishes and signs, through the same functions as always
(`publication.checkpoints`). A bucket or witnesses that are away keep no event from its place.
"""

import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    BindParameter,
    ColumnElement,
    Engine,
    Integer,
    LargeBinary,
    Table,
    Uuid,
    any_,
    bindparam,
    delete,
    func,
    insert,
    update,
)
from sqlalchemy import select as select_rows
from sqlalchemy.types import TypeEngine
from sqlmodel import Session, SQLModel, col, select

from custody.errors import ForgedEventError, LogStateError, NotYetError
from custody.formats.entry import parse_entry
from custody.formats.note import NoteSigner
from custody.ledger.ledger import event_mac, node_reader
from custody.ledger.publication.checkpoints import Checkpoints, Step, newest_signed
from custody.ledger.publication.parties import Publication, Witnesses
from custody.ledger.tables import (
    CustodyEventRow,
    LogEntryRow,
    LogNodeRow,
    LogPublicationRow,
    LogRootRow,
    LogStateRow,
    OutboxRow,
)
from custody.tree import merkle
from storage.database import Statement, transaction
from storage.errors import ConflictError

LOCK = "custos/sequencer"
_LARGEST_BATCH = 1000
_BATCHES = 8
"""So many share a publication while more waits."""
_ENTRIES, _NODES, _EVENTS, _OUTBOX = (
    SQLModel.metadata.tables[str(table.__tablename__)]
    for table in (LogEntryRow, LogNodeRow, CustodyEventRow, OutboxRow)
)
_WAITING = (
    # As plain rows: of a thousand, objects take longer than the hashes.
    select_rows(_EVENTS.c.id, _EVENTS.c.seq, _EVENTS.c.entry, _EVENTS.c.mac)
    .join(_OUTBOX, _OUTBOX.c.event == _EVENTS.c.id)
    .order_by(_EVENTS.c.seq)
    .limit(_LARGEST_BATCH)
)


def _list(name: str, kind: TypeEngine[Any]) -> BindParameter[Any]:
    return bindparam(name, type_=ARRAY(kind))


def _from_lists(table: Table, columns: Sequence[ColumnElement[Any]]) -> Statement:
    return Statement(insert(table).from_select(list(table.c), select_rows(*columns)))


_PLACES = (
    func.unnest(_list("events", Uuid()), _list("entries", LargeBinary()))
    .table_valued("event", "entry", with_ordinality="place")
    .render_derived()
)
_HASHES = (
    func.unnest(
        *(_list("levels", Integer()), _list("indices", BigInteger())),
        _list("hashes", LargeBinary()),
    )
    .table_valued("level", "index", "hash")
    .render_derived()
)
_ADD_ENTRIES = _from_lists(
    _ENTRIES,
    [
        bindparam("first", type_=BigInteger()) + _PLACES.c.place,
        *(_PLACES.c.event, _PLACES.c.entry),
    ],
)
_ADD_NODES = _from_lists(_NODES, list(_HASHES.c))
"""A batch by one statement each: the driver takes longer over a row of its own than to hash it."""
_PLACED = Statement(delete(_OUTBOX).where(_OUTBOX.c.event == any_(_list("events", Uuid()))))


@dataclass(frozen=True, slots=True)
class Turn:
    """What one turn did: how many entries were added, and the size that was signed, if any."""

    added: int
    signed: int | None
    rest: bool = False
    """Whether there is more to publish at once."""
    behind: str = ""
    """Why what is there is not published or signed; empty: it is."""


class Sequencer:
    """Moves events from the outbox into the tree. The caller holds the lock `LOCK`."""

    def __init__(
        self,
        engine: Engine,
        *,
        mac_key: bytes,
        signers: Sequence[NoteSigner],
        clock: Callable[[], datetime],
        publication: Publication | None = None,
        witnesses: Witnesses | None = None,
    ) -> None:
        """Without ``publication`` or ``witnesses``, what is built is signed and stored."""
        self._engine = engine
        self._mac_key = mac_key
        self._clock = clock
        self._words: str | None = None
        self._checkpoints = Checkpoints(
            engine,
            signers=signers,
            require_ours=self._require_ours,
            publication=publication,
            witnesses=witnesses,
        )

    def begin(self) -> None:
        """Begin again, as whoever has just been given the lock: another one may have worked."""
        self._words = None
        self._checkpoints.begin()

    def turn(self, *, publish: bool = True) -> Turn:
        """Sequence what waits; publish and sign the newest root, if that is not done yet.

        Without ``publish`` events get their place and no more: whoever found the bucket away need
        not ask it again at once. Before it was asked for the first time, events wait: a database
        that was brought back from a backup must not give away places that are taken.

        A log that has stopped stays so, whatever is in it, until the alarm is taken away.

        Raises:
            ForgedEventError: an event in the outbox was not written by this service. Nothing is
                added; the alarm is kept where `/readyz` shows it.
            LogStateError: the stored tree contradicts itself, or what is published or witnessed.
            UnavailableError: the database does not answer.
        """
        try:
            return self._turn(publish=publish)
        except ConflictError as error:
            words = f"something stands in the log where its next entries belong: {error}"
            self._raise_alarm(words)
            raise LogStateError(words) from error
        except (ForgedEventError, LogStateError) as error:
            self._raise_alarm(str(error))
            raise

    def _turn(self, *, publish: bool) -> Turn:
        if not self._checkpoints.known:
            behind = self._attempt(self._checkpoints.look)[1] if publish else self._words or ""
            if not self._checkpoints.known:
                self._leave_beat()
                return Turn(0, None, behind=behind)
        added, due = self._sequence_all()
        if not publish:
            return Turn(added, None, behind=self._words or "")
        step, behind = self._attempt(self._checkpoints.advance) if due else (None, "")
        if not due:
            self._say("")
        step = step or Step()
        return Turn(added, step.signed, step.rest, behind)

    def _attempt(self, work: Callable[[], Step | None]) -> tuple[Step | None, str]:
        """Do what can be done later as well; return what came of it, and why nothing did."""
        try:
            step, behind = work(), ""
        except NotYetError as error:
            step, behind = None, str(error)
        self._say(behind)
        return step, behind

    def _say(self, behind: str) -> None:
        """Keep why publication is behind where `/readyz` shows it."""
        if behind != self._words:
            with transaction(self._engine) as session:
                session.get_one(LogPublicationRow, 1).words = behind
            self._words = behind

    def collect(self) -> int:
        """Clear away what was published and is superfluous; return how many objects went.

        Raises:
            NotPublishedError: the bucket does not answer, or refuses. Call again.
        """
        return self._checkpoints.collect()

    def _sequence_all(self) -> tuple[int, bool]:
        """Place what waits, as much as shares a publication; tell whether one is due."""
        whole, due = 0, False
        for _ in range(_BATCHES):
            # The commit of each batch is a point of no return.
            with transaction(self._engine) as session:
                added, due = self._sequence(session)
            whole += added
            if added < _LARGEST_BATCH:
                break
        return whole, due

    def _leave_beat(self) -> None:
        with transaction(self._engine) as session:
            state = session.exec(select(LogStateRow).with_for_update()).one()
            if state.alarm:
                raise LogStateError(state.alarm)
            state.beat = self._clock()

    def _sequence(self, session: Session) -> tuple[int, bool]:
        """Place one batch; return its size, and whether the newest root is to be published."""
        state = session.exec(select(LogStateRow).with_for_update()).one()
        if state.alarm:
            raise LogStateError(state.alarm)
        state.beat = self._clock()
        signed = newest_signed(session, state.size)
        batch = self._waiting(session)
        if not batch:
            return 0, self._checkpoints.is_due(state.size, signed)
        leaves = [merkle.leaf_hash(event.entry) for event in batch]
        old, new = state.size, state.size + len(batch)
        nodes = merkle.new_nodes(old, leaves, node_reader(session))
        _ADD_ENTRIES.run(
            session,
            {
                "first": old - 1,  # the first of a list is number 1
                "events": [event.id for event in batch],
                "entries": [event.entry for event in batch],
            },
        )
        _ADD_NODES.run(
            session,
            {
                "levels": [node.level for node, _ in nodes],
                "indices": [node.index for node, _ in nodes],
                "hashes": [value for _, value in nodes],
            },
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
        _PLACED.run(session, {"events": [event.id for event in batch]})
        return len(batch), True

    def _waiting(self, session: Session) -> Sequence[Any]:
        """Return the oldest events without an index; the order of n within a record is kept.

        Waiting means "in the outbox", never "seq above the last seen": a late commit would be lost.
        """
        batch = session.execute(_WAITING).all()
        for event in batch:
            self._require_ours(event)
        return batch

    def _require_ours(self, event: Any) -> None:  # noqa: ANN401 - any row with id, seq, entry, mac
        """Demand that this service wrote the entry, and wrote it as this event: none goes twice."""
        if (
            not hmac.compare_digest(event.mac, event_mac(self._mac_key, event.entry))
            or parse_entry(event.entry).id != event.id
        ):
            raise ForgedEventError(
                f"event {event.id} (seq {event.seq}) was not written by this service: "
                "the log stops here until a person has looked at the database"
            )

    def _raise_alarm(self, words: str) -> None:
        with transaction(self._engine) as session:
            session.exec(update(LogStateRow).values(alarm=words, beat=self._clock()))
