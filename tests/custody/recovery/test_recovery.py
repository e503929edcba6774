"""A restored database is brought up to the published log: each entry, and what is said again."""

import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlmodel import Session, select

from custody.audit.facts import AuditReport, Claim, Span
from custody.audit.log import audit, take_snapshot
from custody.check.finding import Outcome
from custody.errors import LogStateError
from custody.formats.events import RecordKind
from custody.formats.note import Ed25519NoteSigner
from custody.ledger.ledger import Person, node_reader
from custody.ledger.tables import (
    CustodyEventRow,
    LogCheckpointRow,
    LogEntryRow,
    LogStateRow,
)
from custody.recovery.published import missing
from custody.recovery.recovery import Recovered, Recovery
from custody.tree.places import LogDirectory
from custody.tree.tiles import format_bundle, format_tile, tiles_of
from storage.backup.dump import dump, restore
from storage.database import connect, transaction
from storage.embedded.addresses import Addresses
from storage.errors import StorageError
from tests.custody.desks import Desk
from tests.custody.ledgers import NOON, ORIGIN, private_key
from tests.houses import Estate

BACKUP = "ab" * 32


def publish(desk: Desk, folder: Path) -> LogDirectory:
    """Write the log of a desk as it is published."""
    with transaction(desk.engine) as session:
        size = session.get_one(LogStateRow, 1).size
        entries = list(session.exec(select(LogEntryRow.entry).order_by(LogEntryRow.index)))  # type: ignore[arg-type]
        note = session.get_one(LogCheckpointRow, size).note
    for tile in tiles_of(size):
        if tile.level is None:
            path = folder / format_tile(tile)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(format_bundle(entries[tile.first : tile.first + tile.width]))
    (folder / "checkpoint").write_bytes(note)
    return LogDirectory(folder)


def turn(desk: Desk) -> None:
    while desk.sequencer.turn().signed is not None:
        pass


@dataclass
class Story:
    """A ledger, a dump of it, and what came after."""

    desk: Desk
    dump: Path
    log: LogDirectory
    person: UUID
    old: UUID
    seen: UUID
    """An exhibit of before the backup of which events came after."""
    waiting: UUID
    """An event that waited for its place when the backup was made."""
    size: int


@pytest.fixture(scope="module")
def story(estate: Estate, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    folder = tmp_path_factory.mktemp("story")
    with estate.plot(folder / "a") as settings:
        assert settings.engines is not None
        engine = connect(settings.engines.app_url)
        desk = Desk(engine, kek=b"\1" * 32, mac_key=b"\2" * 32)
        person, old, seen = (desk.open_record(kind) for kind in KINDS)
        for record in (old, seen):
            desk.write_person(record, person)
            desk.write(record)
        turn(desk)
        size = desk.state().size
        waiting = desk.write(seen, "written before, placed after")
        path = backup(settings.engines, folder)
        desk.write_person(seen, person)  # what it says was said before: it is known again
        desk.write(seen, "said once, and never again")
        desk.write_person(seen, person)
        new = desk.open_record()
        for _ in range(300):  # more than a bundle
            desk.write(new)
        with transaction(engine) as session:
            desk.lose(session, desk.ledger.open_record(session, RecordKind.STAFF_ACTION))
        turn(desk)
        log = publish(desk, folder / "log")
        yield Story(desk, path, log, person, old, seen, waiting, size)
        engine.dispose()


KINDS = (RecordKind.PERSON, RecordKind.EXHIBIT, RecordKind.EXHIBIT)


def backup(addresses: Addresses, folder: Path) -> Path:
    engine, path = connect(addresses.app_url, pool_size=1), folder / "database.dump"
    with transaction(engine) as session:
        take_snapshot(session)
        snapshot = session.execute(text("SELECT pg_export_snapshot()")).scalar_one()
        dump(addresses.owner_url, path, snapshot=snapshot)
    engine.dispose()
    return path


@contextmanager
def restored(estate: Estate, story: Story, folder: Path) -> Iterator[Desk]:
    """Read the dump back into another database, under the keys of before."""
    with ExitStack() as stack:
        settings = stack.enter_context(estate.plot(folder, dump="SELECT 1"))
        assert settings.engines is not None
        restore(settings.engines.owner_url, story.dump)
        engine = connect(settings.engines.app_url)
        stack.callback(engine.dispose)
        yield Desk(engine, kek=story.desk.kek, mac_key=story.desk.mac_key)


def recover(desk: Desk, log: LogDirectory | None, person: UUID, *, key: str = "log") -> Recovered:
    recovery = Recovery(
        desk.ledger,
        desk.keys,
        mac_key=desk.mac_key,
        log_key=Ed25519NoteSigner(ORIGIN, private_key(key)).key,
        new_id=uuid.uuid4,
    )
    with transaction(desk.engine) as session:
        jo = Person(person, "Jo Smith")
        return recovery.run(session, log, backup=BACKUP, by=jo, role="administrator", at=NOON)


def audited(session: Session, desk: Desk, story: Story) -> AuditReport:
    """Audit a ledger of which the rows of two exhibits tell nothing."""

    def claims(_session: Session, _span: Span) -> list[Claim]:
        both = sorted((story.old, story.seen))
        return [Claim(one, "an exhibit", RecordKind.EXHIBIT, {}) for one in both]

    return audit(session, desk.material(claims))


def entries(desk: Desk) -> list[bytes]:
    with transaction(desk.engine) as session:
        return list(session.exec(select(LogEntryRow.entry).order_by(LogEntryRow.index)))  # type: ignore[arg-type]


@dataclass
class After:
    """The restored ledger, brought up to the published log."""

    desk: Desk
    found: Recovered


@pytest.fixture(scope="module")
def after(
    estate: Estate, story: Story, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[After]:
    with restored(estate, story, tmp_path_factory.mktemp("after")) as desk:
        found = recover(desk, story.log, story.person)
        turn(desk)
        yield After(desk, found)


def test_every_published_entry_is_back_and_the_log_goes_on(story: Story, after: After) -> None:
    published = entries(story.desk)
    now = entries(after.desk)
    assert now[: len(published)] == published
    # The restore, and two records: the exhibit of before, and those of each kind begun since.
    assert len(now) == len(published) + 1 + 3
    after.desk.check_log()
    after.desk.write(story.seen, "life goes on")
    turn(after.desk)
    assert after.desk.check_log() == len(now) + 1


def test_what_waited_and_what_can_be_said_again_is_not_lost(story: Story, after: After) -> None:
    assert after.found.size == story.size
    assert after.found.entries == len(entries(story.desk)) - story.size
    assert after.found.whole == 2
    known, *others = after.found.lost
    assert (known.record, known.known, len(known.events)) == (story.seen, True, 1)
    assert [(one.kind, one.known, len(one.events)) for one in others] == [
        (RecordKind.EXHIBIT, False, 300),
        (RecordKind.STAFF_ACTION, False, 1),
    ]
    with transaction(after.desk.engine) as session:
        history = after.desk.ledger.history(session, story.seen)
    said = [{one.field for one in event.openings} for event in history]
    whole = [len(event.entry.commitments) for event in history]
    assert [len(one) == count for one, count in zip(said, whole, strict=True)][2:6] == [
        True,  # it waited
        True,
        False,
        True,
    ]
    assert said[4] == {"record", "n", "prev", "files"}, "words that nobody said before are lost"


def test_the_audit_excuses_what_was_lost_and_says_so(story: Story, after: After) -> None:
    with transaction(after.desk.engine) as session:
        take_snapshot(session)
        report = audited(session, after.desk, story)
    assert not report.failed
    notes = [one.words for one in report.findings if one.outcome is Outcome.NOTE]
    assert [words for words in notes if "were lost when a backup was restored" in words]
    assert [words for words in notes if "stands for records begun since" in words]


def test_what_was_there_before_is_excused_by_no_restore(
    story: Story, after: After, estate: Estate
) -> None:
    database = after.desk.engine.url.database
    with (
        estate.superuser.connect(str(database)) as connection,
        transaction(after.desk.engine) as session,
    ):
        event = session.exec(
            select(CustodyEventRow.id).where(CustodyEventRow.record == story.old).limit(1)
        ).one()
        connection.execute(
            "UPDATE custody_value SET field = 'gone' WHERE event = %s AND field = 'role'", [event]
        )
        report = audited(session, after.desk, story)
        connection.execute(
            "UPDATE custody_value SET field = 'role' WHERE event = %s AND field = 'gone'", [event]
        )
    assert [one for one in report.failed if "was not erased" in one.words]


def test_a_log_that_is_no_further_gives_nothing(story: Story) -> None:
    with transaction(story.desk.engine) as session:
        size, read = session.get_one(LogStateRow, 1).size, node_reader(session)
        assert missing(story.log, story.desk.signer.key, size, read) is None


@pytest.fixture(scope="module")
def bare(estate: Estate, story: Story, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with restored(estate, story, tmp_path_factory.mktemp("bare")) as desk:
        yield desk


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("entry", "another one"),
        ("cut", "whole entries"),
        ("key", "not this log's"),
        ("gone", "is missing"),
    ],
)
def test_another_log_is_refused_and_nothing_is_done(
    bare: Desk, story: Story, tmp_path: Path, change: str, words: str
) -> None:
    log, bundle = publish(story.desk, tmp_path), tmp_path / "tile/entries/000"
    data = bytearray(bundle.read_bytes())
    if change == "entry":
        data[-1] ^= 1
    bundle.write_bytes(data[:-1] if change == "cut" else data)
    if change == "gone":
        bundle.unlink()
    with pytest.raises(LogStateError, match=words):
        recover(bare, log, story.person, key="another" if change == "key" else "log")
    assert bare.state().size == story.size


def test_a_dump_that_was_cut_restores_nothing(estate: Estate, story: Story, tmp_path: Path) -> None:
    cut = tmp_path / "cut.dump"
    cut.write_bytes(story.dump.read_bytes()[:-2000])
    with estate.plot(tmp_path / "data", dump="SELECT 1") as settings:
        assert settings.engines is not None
        with pytest.raises(StorageError, match="pg_restore"):
            restore(settings.engines.owner_url, cut)
