"""Service. An audit in shares: the tree, and the records span by span, each to a tally of its own.

Processes that share one audit see one snapshot of the database. The tallies are added in the
order of the shares, whoever was done first, so that the report is the one of a single process.
"""

import secrets
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from datetime import datetime
from multiprocessing import get_context
from typing import TypeAlias

from sqlalchemy import Engine, text
from sqlmodel import Session

from custody.audit.collecting import collecting_seldom
from custody.audit.facts import WHOLE, AuditReport, Claim, Span, Tally, spans
from custody.audit.records import RecordsAudit
from custody.audit.streams import Streams, take_snapshot
from custody.audit.tree import TreeAudit
from custody.formats.note import VerifierKey
from custody.keys.epochs import Epochs
from custody.ledger.recordkeys import RecordKeys
from custody.ledger.tables import LogStateRow
from storage.database import connect, transaction
from storage.errors import UnavailableError

ClaimsReader: TypeAlias = Callable[[Session, Span], Iterable[Claim]]
"""Reads what is claimed of the records of a span, sorted by record. Of a module: it is sent."""
RowsCheck: TypeAlias = Callable[[Session, Tally], None]
"""Holds rows that no record of their own tells of against the events; of a module too."""
_SPANS_A_PROCESS = 4
"""Small enough for processes to end together; each costs a connection."""

_WORTH_SHARING = 50_000
"""Entries below which one process is done about when another has begun."""


@dataclass(frozen=True, slots=True)
class Material:
    """What an audit needs beside the database."""

    record_kek: bytes | Epochs = field(repr=False)
    mac_key: bytes = field(repr=False)
    log_key: VerifierKey
    tsa_chain_pem: bytes
    claims: ClaimsReader
    roles: RowsCheck
    now: datetime


@dataclass(frozen=True, slots=True)
class TreeFound:
    """What was found of the tree."""

    tally: Tally
    size: int
    root: bytes


@dataclass(frozen=True, slots=True)
class _Place:
    """Where another process sees the same snapshot; the password goes through a pipe only."""

    url: str = field(repr=False)
    snapshot: str


def processes_worth(session: Session, most: int) -> int:
    """Return how many processes, ``most`` at most, are worth beginning for the log."""
    return most if session.get_one(LogStateRow, 1).size >= _WORTH_SHARING else 1


def audit_all(session: Session, material: Material, _processes: int = 1) -> AuditReport:
    """Audit everything in this process, and in the transaction of ``session``."""
    with collecting_seldom():
        tree = audit_tree(session, material)
        return _report(tree, [audit_records(session, material, WHOLE)])


def audit_shared(session: Session, material: Material, processes: int) -> AuditReport:
    """Audit what the snapshot of ``session`` sees, in this process and so many minus one others.

    Raises:
        UnavailableError: a process ended before it was done. Safe to retry.
    """
    place = _export_snapshot(session)
    shares = spans(_SPANS_A_PROCESS * processes)
    waiting = deque(range(len(shares)))
    theirs: dict[int, Future[Tally]] = {}
    own: dict[int, Tally] = {}
    # Spawned, not forked: this process may have threads, and connections that are only its own.
    pool = ProcessPoolExecutor(processes - 1, mp_context=get_context("spawn"))
    with pool, collecting_seldom():

        def hand_out() -> None:
            """Let each process have a share at hand beside the one that it is at."""
            while waiting and sum(not one.done() for one in theirs.values()) < 2 * (processes - 1):
                number = waiting.popleft()
                theirs[number] = pool.submit(_audit_there, place, material, shares[number])

        try:
            hand_out()
            tree = audit_tree(session, material)
            hand_out()
            while waiting:
                number = waiting.pop()
                own[number] = audit_records(session, material, shares[number])
                hand_out()
            own |= {number: share.result() for number, share in theirs.items()}
        except BrokenProcessPool as error:
            words = "a process of the audit ended before it was done: nothing is known"
            raise UnavailableError(words) from error
    return _report(tree, [own[number] for number in range(len(shares))])


def _export_snapshot(session: Session) -> _Place:
    bind = session.get_bind()
    assert isinstance(bind, Engine)
    snapshot = session.execute(text("SELECT pg_export_snapshot()")).scalar_one()
    return _Place(bind.url.render_as_string(hide_password=False), snapshot)


def _report(tree: TreeFound, shares: Iterable[Tally]) -> AuditReport:
    for share in shares:
        tree.tally.add(share)
    return AuditReport(tree.size, tree.root, tree.tally.close())


def _audit_there(place: _Place, material: Material, span: Span) -> Tally:
    """Audit a span of the snapshot in a process of the pool, over a connection of its own."""
    engine = connect(place.url, pool_size=1)
    try:
        with transaction(engine) as session:
            take_snapshot(session)
            session.connection().exec_driver_sql(f"SET TRANSACTION SNAPSHOT '{place.snapshot}'")
            with collecting_seldom():
                return audit_records(session, material, span)
    finally:
        engine.dispose()


def audit_tree(session: Session, material: Material) -> TreeFound:
    """Audit what is no matter of one record: the tree, and who has which role."""
    tally = Tally()
    with Streams(session) as streams:
        found = TreeAudit(session, streams, tally, material.log_key, material.tsa_chain_pem).run()
    material.roles(session, tally)
    return TreeFound(tally, found.size, found.root)


def audit_records(session: Session, material: Material, span: Span) -> Tally:
    """Audit the records of a span: their events, and what is claimed of them."""
    tally = Tally()
    with Streams(session) as streams:
        RecordsAudit(
            streams,
            tally,
            RecordKeys(material.record_kek, secrets.token_bytes),
            mac_key=material.mac_key,
            claims=material.claims(session, span),
            now=material.now,
            span=span,
        ).run()
    return tally
