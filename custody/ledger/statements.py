"""Service. What writes one event into the database: statements that are compiled once.

Past the unit of work: an event costs half of the time so, and nobody changes it afterwards.
"""

from sqlalchemy import (
    ARRAY,
    String,
    Uuid,
    any_,
    bindparam,
    case,
    cast,
    column,
    exists,
    null,
    update,
)
from sqlalchemy import JSON as JSON_TEXT
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import SQLModel, col, func, select

from custody.ledger.tables import (
    CustodyEventRow,
    CustodyRecord,
    CustodyValueRow,
    LogStateRow,
    OutboxRow,
    RecordKeyRow,
)
from storage.database import Statement

CHANNEL = "custos_outbox"
"""Where the database tells the sequencer that something waits (LISTEN)."""
_HEADS, _EVENTS, _COMMITTED, _OUTBOX, _KEYS = (
    SQLModel.metadata.tables[str(table.__tablename__)]
    for table in (CustodyRecord, CustodyEventRow, CustodyValueRow, OutboxRow, RecordKeyRow)
)
HEAD = select(_HEADS.c.next_n, _HEADS.c.head).where(_HEADS.c.id == bindparam("record"))
LOCKED_HEAD = HEAD.with_for_update()
_OWNED = _KEYS.c.record == any_(bindparam("keyed", type_=ARRAY(Uuid)))
KEYED_HEAD = Statement(
    select(_HEADS.c.next_n, _HEADS.c.head, _KEYS.c.record, _KEYS.c.wrapped)
    .select_from(_HEADS.join(_KEYS, _OWNED, isouter=True))
    .where(_HEADS.c.id == bindparam("record"))
    .with_for_update(of=_HEADS)
)
"""A record's head, locked, and every K that its next event needs.

Where it had to wait for the lock, the keys are those of before: `APPEND` looks again.
"""
_ADD_EVENT = insert(_EVENTS).values(
    # No parameter is called as a column of `_HEADS` is: SQLAlchemy would set that one, too.
    id=bindparam("event_id"),
    **{name: bindparam(name) for name in ("record", "n", "event", "at", "entry", "mac")},
)
_VALUES = (
    # One text instead of three lists, of which the driver would look at every item.
    func.json_to_recordset(cast(bindparam("told", type_=String), JSON_TEXT))
    .table_valued(column("field", String), column("value", String), column("key_record", Uuid))
    .render_derived(with_types=True)
)
_ADD_VALUES = insert(_COMMITTED).from_select(
    ["event", "field", "value", "key_record"],
    select(bindparam("event_id", type_=Uuid), *_VALUES.c),
)
_MOVE_HEAD = (
    update(_HEADS)
    .where(_HEADS.c.id == bindparam("record"))
    .values(next_n=bindparam("after"), head=bindparam("sha256"))
)
_RUNS = exists().where(col(LogStateRow.id) == 1, col(LogStateRow.alarm) == "")
_KEPT = select(func.count()).select_from(_KEYS).where(_OWNED).scalar_subquery()
_TOLD = select(
    case(
        (exists(select(_OUTBOX.c.event)), null()),
        else_=cast(func.pg_notify(CHANNEL, ""), String),
    ).label("word")
).subquery("told_of")
"""A word to the sequencer, unless it has not taken yet what it was told of before: it will look.

PostgreSQL commits transactions that speak one after the other, so most must not (ADR 45).
"""
_PLACE = (
    insert(_OUTBOX)
    .from_select(
        ["event"],
        select(bindparam("event_id", type_=Uuid))
        .select_from(_TOLD)
        .where(_RUNS, func.cardinality(bindparam("keyed", type_=ARRAY(Uuid))) == _KEPT),
    )
    .returning(_OUTBOX.c.event)
    .cte("place")
)
APPEND = Statement(
    select(_PLACE.c.event).add_cte(
        _ADD_EVENT.cte("added"), _ADD_VALUES.cte("committed"), _MOVE_HEAD.cte("moved")
    )
)
"""All of an event by one statement: itself, its values, its record's head, its place in the outbox.

With the last goes a word to the sequencer where it may sleep; it hears that when, and only if, this
commits. No row goes in there while the log stands still, or where a K was destroyed while the head
was waited for, and then nothing of the transaction does.
"""
