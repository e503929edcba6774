"""The log's way out: whatever fails and whenever, what was published stays true and whole."""

import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import chain, repeat

import pytest
from sqlmodel import Session, col, select

from custody.errors import LogStateError, NotYetError
from custody.formats.checkpoint import Checkpoint, format_checkpoint
from custody.formats.note import format_note, parse_note, sign_note
from custody.ledger.ledger import node_reader
from custody.ledger.publication import checkpoints, stored
from custody.ledger.publication.stored import StoredLog
from custody.ledger.sequencer import Sequencer, Turn
from custody.ledger.tables import LogEntryRow, LogPublicationRow
from custody.tree.merkle import NodeId
from custody.tree.tiles import CHECKPOINT, Tile, format_tile, parse_bundle, tiles_of
from storage.database import transaction
from storage.errors import UnavailableError
from tests.custody.buckets import Fault, MemoryBucket, log_bucket
from tests.custody.desks import Desk
from tests.custody.ledgers import NEIGHBOUR, ORIGIN


def publisher(desk: Desk, bucket: MemoryBucket) -> Sequencer:
    return desk.another_sequencer(publication=log_bucket(bucket, desk.signer.key))


def settle(turn: Callable[[], Turn], *, most: int = 400) -> Turn:
    """Take turns until one finds nothing to do."""
    for _ in range(most):
        taken = turn()
        if not (taken.added or taken.signed or taken.rest or taken.behind):
            return taken
    raise AssertionError("the sequencer does not come to an end")


def check(desk: Desk, bucket: MemoryBucket) -> list[Checkpoint]:
    """Check what lies in the bucket against the database: every entry, once, at its place."""
    shown = bucket.checked(desk.signer.key)
    size = shown[-1].size
    with transaction(desk.engine) as session:
        rows = session.exec(select(LogEntryRow).order_by(col(LogEntryRow.index))).all()
        stored = StoredLog(session)
        assert stored.checkpoint() == bucket.shown[-1] == bucket.objects[CHECKPOINT]
        for tile in tiles_of(size):
            assert stored.read(tile) == bucket.read(tile), "what is shown is what is published"
    assert size == len(rows) == len({row.event for row in rows})
    bundles = (tile for tile in tiles_of(size) if tile.level is None)
    entries = [entry for tile in bundles for entry in parse_bundle(tile, bucket.read(tile))]
    assert entries == [row.entry for row in rows]
    assert desk.state().alarm == ""
    assert bucket.locked == {name for name in bucket.objects if "tile" in name and ".p" not in name}
    return shown


@pytest.fixture
def bucket() -> MemoryBucket:
    return MemoryBucket()


def test_each_size_is_published_whole_and_its_checkpoint_last(
    desk: Desk, bucket: MemoryBucket
) -> None:
    sequencer, record = publisher(desk, bucket), desk.open_record()
    assert sequencer.turn() == Turn(0, None)
    assert bucket.objects == {}, "a log without entries has nothing to show"
    sizes = (1, 2, 255, 256, 257)
    for old, new in zip((0, *sizes), sizes, strict=False):
        desk.write_many(record, new - old)
        assert sequencer.turn() == Turn(new - old, new)
        assert check(desk, bucket)[-1].size == new
    assert sequencer.turn() == Turn(0, None)
    assert [one.size for one in check(desk, bucket)] == list(sizes)
    assert len(bucket.locked) == 2


class Faults:
    """Lets one of the writes from now on fail: of those to the bucket and to the database."""

    def __init__(self, chosen: Iterator[Fault | None] | None = None) -> None:
        self._chosen = chosen or repeat(None)

    def one(self, at: int, fault: Fault) -> None:
        """Let the write number ``at``, counted from 0 and from now on, fail."""
        self._chosen = chain(repeat(None, at), [fault], repeat(None))

    def end(self) -> None:
        """Let nothing fail any more."""
        self._chosen = repeat(None)

    def __iter__(self) -> Iterator[Fault | None]:
        return self

    def __next__(self) -> Fault | None:
        return next(self._chosen)

    @contextmanager
    def of_commits(self, desk: Desk) -> Iterator[None]:
        """Let the database's commits fail, too, for the length of the block."""
        dialect = desk.engine.dialect
        commit = dialect.do_commit

        def do_commit(connection: object) -> None:
            fault = next(self)
            if fault is Fault.LOST:
                raise UnavailableError("the database does not answer")
            commit(connection)  # type: ignore[arg-type]
            if fault is Fault.SILENT:
                raise UnavailableError("the answer of the database was lost")

        with pytest.MonkeyPatch.context() as failing:
            failing.setattr(dialect, "do_commit", do_commit)
            yield


MOST_WRITES = 12
"""Of a sequencer that begins and publishes one more tile of each kind: PUTs and commits."""


@pytest.mark.parametrize("killed", [False, True], ids=["goes on", "begins anew"])
def test_every_put_and_every_commit_may_fail_either_way(
    desk: Desk, bucket: MemoryBucket, *, killed: bool
) -> None:
    """One write after the other, of a log that goes past the end of a tile every fourth time."""
    record, faults = desk.open_record(), Faults()
    bucket.faults = faults
    sequencer, ended = publisher(desk, bucket), 0
    for at in range(MOST_WRITES):
        for fault in Fault:
            desk.write_many(record, 60)
            sequencer = publisher(desk, bucket) if killed else sequencer
            with faults.of_commits(desk):
                faults.one(at, fault)
                try:
                    failed = bool(sequencer.turn().behind)
                except UnavailableError:
                    failed = True
            ended += failed
            faults.end()
            sequencer = publisher(desk, bucket) if killed else sequencer
            settle(sequencer.turn)
    assert check(desk, bucket)[-1].size == MOST_WRITES * 120
    assert ended >= 2 * (8 if killed else 6), "the writes that failed are those that were meant"


def test_a_thousand_random_faults_lose_and_repeat_nothing(
    desk: Desk, bucket: MemoryBucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(20261122)  # noqa: S311 - the faults of each run are the same
    record = desk.open_record()
    faults = Faults(chance.choice((*Fault, None, None, None)) for _ in repeat(None))
    bucket.faults = faults
    sequencer = publisher(desk, bucket)
    monkeypatch.setattr(checkpoints, "STEP", 64)
    for _ in range(25):
        desk.write_many(record, chance.choice((1, 1, 2, 30, 100)))
        with faults.of_commits(desk):
            for _ in range(3):
                if chance.random() < 0.3:
                    sequencer = publisher(desk, bucket)
                try:
                    sequencer.turn()
                    if chance.random() < 0.3:
                        sequencer.collect()
                except (UnavailableError, NotYetError):
                    continue
    bucket.faults = repeat(None)
    settle(publisher(desk, bucket).turn)
    check(desk, bucket)


def test_a_bucket_that_is_away_keeps_no_event_from_its_place(
    desk: Desk, bucket: MemoryBucket
) -> None:
    sequencer, record = publisher(desk, bucket), desk.open_record()
    desk.write_many(record, 1)
    sequencer.turn()
    bucket.away = True
    desk.write_many(record, 2)
    turn = sequencer.turn()
    assert (turn.added, turn.signed) == (2, None)
    assert desk.indices(record) == [0, 1, 2]
    assert "does not" in turn.behind
    assert words(desk) == turn.behind
    desk.write_many(record, 1)
    assert sequencer.turn(publish=False).added == 1
    assert desk.checkpoint_sizes() == [1], "nothing is signed that is not published"
    bucket.away = False
    assert settle(sequencer.turn) == Turn(0, None)
    assert words(desk) == ""
    assert check(desk, bucket)[-1].size == 4


def words(desk: Desk) -> str:
    with transaction(desk.engine) as session:
        return session.get_one(LogPublicationRow, 1).words


def test_before_the_bucket_was_asked_nothing_gets_a_place(desk: Desk, bucket: MemoryBucket) -> None:
    """A database that is older than what is published would give places away a second time."""
    record = desk.open_record()
    desk.write_many(record, 1)
    bucket.away = True
    sequencer = publisher(desk, bucket)
    turn = sequencer.turn()
    assert turn.added == 0
    assert turn.behind
    assert sequencer.turn(publish=False) == turn
    assert desk.indices(record) == [None]
    assert desk.state().beat is not None
    bucket.away = False
    settle(sequencer.turn)
    assert desk.indices(record) == [0]


def test_an_installation_of_before_publishes_all_of_it_step_by_step(
    desk: Desk, bucket: MemoryBucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "STEP", 100)
    record = desk.open_record()
    for count in (30, 200, 70, 300):
        desk.write_many(record, count)
        desk.sequencer.turn()
    desk.write_many(record, 5)
    sequencer = publisher(desk, bucket)
    first = sequencer.turn()
    assert first.rest
    settle(sequencer.turn)
    shown = [one.size for one in check(desk, bucket)]
    assert shown == [30, 230, 300, 600, 605]
    assert desk.checkpoint_sizes() == shown


def test_an_emptied_bucket_is_filled_again(desk: Desk, bucket: MemoryBucket) -> None:
    record = desk.open_record()
    sequencer = publisher(desk, bucket)
    for count in (3, 300):
        desk.write_many(record, count)
        sequencer.turn()
    emptied = MemoryBucket()
    settle(publisher(desk, emptied).turn)
    assert check(desk, emptied)[-1].size == 303


def stopped(desk: Desk, bucket: MemoryBucket) -> str:
    """Return why a new sequencer stops the log."""
    with pytest.raises(LogStateError) as raised:
        publisher(desk, bucket).turn()
    assert desk.state().alarm == str(raised.value)
    return str(raised.value)


def test_other_bytes_in_the_place_of_a_tile_stop_the_log(desk: Desk, bucket: MemoryBucket) -> None:
    record = desk.open_record()
    desk.write_many(record, 2)
    settle(publisher(desk, bucket).turn)
    name = format_tile(Tile(None, 0, 3))
    bucket.objects[name] = b"not ours"
    desk.write_many(record, 1)
    assert name in stopped(desk, bucket)
    assert desk.checkpoint_sizes() == [2], "nothing is signed over it"


def shown_by(desk: Desk, size: int, root: bytes) -> bytes:
    text = format_checkpoint(Checkpoint(ORIGIN, size, root))
    return format_note(sign_note(text, [desk.signer]))


def test_a_database_behind_what_was_published_stops_the_log(
    desk: Desk, bucket: MemoryBucket
) -> None:
    """As a backup that was brought back: the bucket has a checkpoint that it does not know."""
    record = desk.open_record()
    desk.write_many(record, 2)
    settle(publisher(desk, bucket).turn)
    desk.write_many(record, 1)
    bucket.objects[CHECKPOINT] = shown_by(desk, 1002, bytes(32))
    said = stopped(desk, bucket)
    assert "1002" in said
    assert "database 2:" in said
    assert "custos restore" in said
    assert desk.indices(record) == [0, 1, None]


@pytest.mark.parametrize("size", [1, 2])
def test_another_log_under_the_same_name_stops_it(
    desk: Desk, bucket: MemoryBucket, size: int
) -> None:
    desk.write_many(desk.open_record(), 2)
    settle(publisher(desk, bucket).turn)
    bucket.objects[CHECKPOINT] = shown_by(desk, size, bytes(32))
    assert "not the beginning" in stopped(desk, bucket)


def test_a_checkpoint_that_we_did_not_sign_stops_the_log(desk: Desk, bucket: MemoryBucket) -> None:
    desk.write_many(desk.open_record(), 2)
    settle(publisher(desk, bucket).turn)
    bucket.objects[CHECKPOINT] = bucket.objects[CHECKPOINT].replace(b"\n2\n", b"\n1\n")
    assert "none of the log" in stopped(desk, bucket)


def test_a_tree_that_was_written_to_is_not_published(
    desk: Desk, bucket: MemoryBucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = desk.open_record()
    desk.write_many(record, 300)
    settle(publisher(desk, bucket).turn)
    before = dict(bucket.objects)
    desk.write_many(record, 1)
    read = stored.entries

    def lie(session: Session, places: range) -> list[bytes]:
        return [b"another entry", *read(session, places)[1:]]

    monkeypatch.setattr(stored, "entries", lie)
    with pytest.raises(LogStateError, match="do not make the tree"):
        publisher(desk, bucket).turn()
    assert bucket.objects == before


def test_a_publisher_that_woke_up_late_brings_nothing_back(
    desk: Desk, bucket: MemoryBucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two believe themselves alone: the slow one comes to show when the other has gone on."""
    record = desk.open_record()
    slow, quick = publisher(desk, bucket), publisher(desk, bucket)
    desk.write_many(record, 1)
    settle(slow.turn)
    publication = slow._checkpoints._publication
    assert publication is not None
    show = publication.show

    def late(note: bytes) -> None:
        desk.write_many(record, 1)
        settle(quick.turn)
        show(note)

    monkeypatch.setattr(publication, "show", late)
    desk.write_many(record, 1)
    assert slow.turn().behind
    monkeypatch.undo()
    settle(slow.turn)
    assert [one.size for one in check(desk, bucket)] == [1, 2, 3]


def test_partial_objects_go_once_a_wider_one_has_stood_for_a_while(
    desk: Desk, bucket: MemoryBucket
) -> None:
    sequencer, record = publisher(desk, bucket), desk.open_record()
    for _ in range(20):
        desk.write_many(record, 28)
        sequencer.turn()
    partial = {name for name in bucket.objects if ".p/" in name}
    assert sequencer.collect() == 0, "who has read the checkpoint just now reads what belongs to it"
    assert {name for name in bucket.objects if ".p/" in name} == partial
    assert sequencer.collect() > 0
    names = {format_tile(tile) for tile in tiles_of(560)}
    assert bucket.objects.keys() == {*names, CHECKPOINT}
    assert bucket.older == 0
    entries = sum(
        len(bucket.read(tile)) - 2 * tile.width for tile in tiles_of(560) if tile.level is None
    )
    extra = sum(map(len, bucket.objects.values())) - entries - len(bucket.objects[CHECKPOINT])
    assert extra <= 40 * 560
    check(desk, bucket)
    assert sequencer.collect() == 0
    desk.write_many(record, 3)
    settle(publisher(desk, bucket).turn)
    assert check(desk, bucket)[-1].size == 563


def test_what_a_checkpoint_needs_is_never_collected(desk: Desk, bucket: MemoryBucket) -> None:
    sequencer, record = publisher(desk, bucket), desk.open_record()
    for _ in range(6):
        desk.write_many(record, 50)
        sequencer.turn()
        sequencer.collect()
        bucket.require_whole(bucket.shown[-1])
        for note in bucket.shown[-2:]:
            bucket.require_whole(note)


def test_a_stopped_log_clears_nothing_away(desk: Desk, bucket: MemoryBucket) -> None:
    sequencer, record = publisher(desk, bucket), desk.open_record()
    for _ in range(3):
        desk.write_many(record, 1)
        sequencer.turn()
    sequencer.collect()
    sequencer._raise_alarm("somebody wrote to it")
    before = set(bucket.objects)
    assert sequencer.collect() == 0
    assert set(bucket.objects) == before


def test_a_log_that_waited_long_is_read_whatever_its_size(desk: Desk) -> None:
    """A list of so many nodes in one statement is refused by the database."""
    desk.write_many(desk.open_record(), 1)
    desk.sequencer.turn()
    with transaction(desk.engine) as session:
        found = node_reader(session)([NodeId(0, 0)] * 20_000)
    assert len(found) == 20_000


class Witnesses:
    """Who cosigns, or is away."""

    def __init__(self, desk: Desk) -> None:
        self.away = False
        self.asked: list[int] = []
        self._desk = desk

    def cosign(self, note: bytes, prove: Callable[[int], object], size: int) -> bytes:
        assert size not in self._desk.checkpoint_sizes(), "cosigned first, and stored then"
        self.asked.append(size)
        prove(1)
        if self.away:
            raise NotYetError("one of two witnesses answered")
        signed = sign_note(parse_note(note).text, [self._desk.signer, NEIGHBOUR])
        return format_note(signed)

    def newest(self, note: bytes, prove: Callable[[int], object], size: int) -> Mapping[str, int]:
        del note, prove
        return {NEIGHBOUR.name: size}


def test_witnesses_cosign_what_is_published_before_it_is_shown(
    desk: Desk, bucket: MemoryBucket
) -> None:
    witnesses, record = Witnesses(desk), desk.open_record()
    bucket_of_log = log_bucket(bucket, desk.signer.key)
    sequencer = desk.another_sequencer(publication=bucket_of_log, witnesses=witnesses)
    desk.write_many(record, 2)
    settle(sequencer.turn)
    assert NEIGHBOUR.name.encode() in bucket.shown[-1]
    witnesses.away = True
    desk.write_many(record, 1)
    assert "one of two" in sequencer.turn().behind
    desk.write_many(record, 1)
    puts = bucket.writes
    assert sequencer.turn() == Turn(1, None, behind="one of two witnesses answered")
    assert bucket.writes == puts, "what is published already is not put with each try"
    assert desk.checkpoint_sizes() == [2]
    witnesses.away = False
    settle(sequencer.turn)
    assert witnesses.asked == [2, 3, 3, 3, 4]
    assert check(desk, bucket)[-1].size == 4
