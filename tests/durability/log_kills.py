"""Kills whoever makes the log, again and again, while others write; and looks what became of it.

Two sequencers and some writers work over real engines. At a random moment one of them is killed
with -9, or both sequencers are, or an engine under all of them, or a sequencer is frozen, sometimes
until the database has let somebody else have its lock. After each: every checkpoint that is shown
is a beginning of the next, and what was acknowledged before comes to be published. In the end every
acknowledged event lies in the published log once, at the index it was given, byte for byte.
"""

import hashlib
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from sqlmodel import col, select

from api.settings.facts import Settings
from custody.errors import NotPublishedError, NotYetError
from custody.formats.entry import parse_entry
from custody.formats.policy import LogPolicy
from custody.ledger.tables import LogEntryRow, LogStateRow
from custody.published.monitor import look
from custody.published.whole import audit_published
from custody.tree.tiles import CHECKPOINT, Tile, format_tile, parse_bundle, tiles_of
from evidence.people.access import Role
from storage.embedded.backoff import Backoff
from storage.embedded.engines import Engines
from storage.errors import UnavailableError
from storage.objects.public import PublicObjects
from storage.objects.store import ObjectStore
from tests.durability import acts
from tests.durability.acts import require
from tests.durability.houses import House
from tests.engines import own_engines
from tests.houses import Estate, environment
from tests.polling import poll

WRITERS = 3
LONGEST_DELAY_S = 0.4
"""From the end of one kill to the next: a turn that publishes takes a fraction of it."""
WAYS = {
    "a sequencer": 55,
    "both sequencers": 15,
    "a writer": 15,
    "a frozen sequencer": 5,
    "the database": 4,
    "the database, under a frozen sequencer": 3,
    "the object store": 3,
}
"""What is done, and how often of a hundred times. An engine takes a second to come back."""


class Bucket:
    """The published log as it lies in the bucket: a `LogSource`."""

    def __init__(self, objects: PublicObjects) -> None:
        self._objects = objects

    def checkpoint(self) -> bytes:
        return self._read(CHECKPOINT)

    def read(self, tile: Tile) -> bytes:
        return self._read(format_tile(tile))

    def _read(self, name: str) -> bytes:
        content = self._objects.latest(name)
        if content is None:
            raise NotYetError(f"{name} is not there")
        return content.data


@dataclass
class Processes:
    """What can be killed; whatever is gone is started again."""

    settings: Settings
    house: House
    folder: Path
    exhibits: list[UUID]
    sequencers: list[int] = field(default_factory=list)
    writers: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._forks = subprocess.Popen(
            [sys.executable, "-m", "tests.durability.log_process", str(self.settings.data)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[2],
            env={**os.environ, **environment(self.house.services.addresses)},
            text=True,
        )
        self.sequencers = [self._fork("sequence") for _ in range(2)]
        self.writers = [self._writer(number) for number in range(len(self.exhibits))]

    def _fork(self, *job: object) -> int:
        assert self._forks.stdin is not None
        assert self._forks.stdout is not None
        self._forks.stdin.write(" ".join(map(str, job)) + "\n")
        self._forks.stdin.flush()
        return int(self._forks.stdout.readline())

    def _writer(self, number: int) -> int:
        return self._fork("write", self.exhibits[number], self.folder / f"writer-{number}")

    def kill_sequencer(self, number: int) -> None:
        _kill(self.sequencers[number])
        self.sequencers[number] = self._fork("sequence")

    def kill_writer(self, number: int) -> None:
        _kill(self.writers[number])
        self.writers[number] = self._writer(number)

    def close(self) -> None:
        for pid in (*self.sequencers, *self.writers):
            with suppress(ProcessLookupError):  # the writers were ended before
                _kill(pid)
        self._forks.communicate()


def _kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


@contextmanager
def _frozen(pid: int) -> Iterator[None]:
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


@dataclass
class Acknowledged:
    """What writers were told stands, and where the log then put it."""

    folder: Path
    entries: dict[UUID, str] = field(default_factory=dict)
    """The SHA-256 of each event's entry."""
    places: dict[UUID, int] = field(default_factory=dict)

    def read(self) -> None:
        """Read what writers took down so far; a line that a kill cut short was not acknowledged."""
        for file in self.folder.glob("writer-*"):
            for line in file.read_bytes().split(b"\n")[:-1]:
                words = line.decode("ascii").split()
                self.entries[UUID(words[0])] = words[1]

    @property
    def waiting(self) -> list[UUID]:
        return [event for event in self.entries if event not in self.places]


class LogKills:
    """A house whose log is made under attack."""

    def __init__(self, engines: Engines, house: House, processes: Processes, log: Bucket) -> None:
        self._engines = engines
        self._house = house
        self._processes = processes
        self._log = log
        self._policies = [LogPolicy(house.services.keyring.log_signer.key)]
        self._seen: bytes | None = None
        self.known = Acknowledged(processes.folder)
        self.ways: Counter[str] = Counter()
        self.checkpoints = 0

    def kill(self, dice: random.Random, way: str = "") -> str:
        """Do one thing at a random moment, and see that the log goes on; return what was done."""
        time.sleep(dice.random() * LONGEST_DELAY_S)
        way = way or dice.choices(list(WAYS), list(WAYS.values()))[0]
        self._do(way, dice)
        self.ways[way] += 1
        self.known.read()
        self._patiently(self._goes_on)
        return way

    def _do(self, way: str, dice: random.Random) -> None:
        processes, one = self._processes, dice.randrange(2)
        if way == "a sequencer":
            processes.kill_sequencer(one)
        elif way == "both sequencers":
            processes.kill_sequencer(one)
            processes.kill_sequencer(1 - one)
        elif way == "a writer":
            processes.kill_writer(dice.randrange(WRITERS))
        elif way == "a frozen sequencer":
            with _frozen(processes.sequencers[one]):
                time.sleep(dice.random())
        elif way == "the object store":
            self._kill_engine("objects", self._engines._weed.child.pid)
        else:
            with ExitStack() as stack:
                if way != "the database":
                    stack.enter_context(_frozen(processes.sequencers[one]))
                self._kill_engine("database", self._engines._postgres.child.pid)
                if way != "the database":  # its lock is gone: the other one may work meanwhile
                    time.sleep(2 * dice.random())

    def _kill_engine(self, name: str, pid: int | None) -> None:
        assert pid is not None
        _kill(pid)
        self._engines._backoff[name] = Backoff()  # it dies more often than in a year
        poll(self._engines.mend, pause=0.05)

    def _patiently(self, work: Callable[[], bool]) -> None:
        def try_it() -> bool:
            try:
                return work()
            except (UnavailableError, NotPublishedError, NotYetError):
                return False

        poll(try_it, pause=0.05)

    def _goes_on(self) -> bool:
        """Look whether all that was acknowledged is published, and grown out of what was shown."""
        self._look()
        waiting = self.known.waiting
        with self._house.services.transaction() as session:
            alarm = session.get_one(LogStateRow, 1).alarm
            require(not alarm, f"the log has stopped: {alarm}")
            rows = session.exec(
                select(LogEntryRow.event, LogEntryRow.index)
                .where(col(LogEntryRow.event).in_(waiting))
                .order_by(col(LogEntryRow.index))
            ).all()
        self.known.places.update(rows)
        return not self.known.waiting and self._size > max(self.known.places.values(), default=-1)

    def _look(self) -> None:
        note = self._log.checkpoint()
        seen = look(self._log, note, self._policies, self._seen)
        self.checkpoints += note != self._seen
        self._seen, self._size = note, seen.checkpoint.size

    def finish(self) -> int:
        """Let nobody write any more, and check all that was published; return the log's size."""
        services = self._house.services
        for pid in self._processes.writers:
            _kill(pid)
        self._patiently(self._nothing_waits)
        report = audit_published(self._log, self._policies)
        words = "\n".join(f"{one.words} [{one.subject}]" for one in report.failed)
        require(not report.failed, f"the audit of the published log says:\n{words}")
        require(acts.check_log(services) == report.size, "the database has another size")
        self._check_entries(report.size)
        return report.size

    def _nothing_waits(self) -> bool:
        self.known.read()
        if not self._goes_on():
            return False
        with self._house.services.transaction() as session:
            return session.get_one(LogStateRow, 1).size == self._size

    def _check_entries(self, size: int) -> None:
        """Read each entry that is published, and hold it against what was acknowledged."""
        bundles = [tile for tile in tiles_of(size) if tile.level is None]
        entries = [entry for tile in bundles for entry in parse_bundle(tile, self._log.read(tile))]
        require(len(entries) == size, f"{len(entries)} entries are published of {size}")
        events = [parse_entry(entry).id for entry in entries]
        require(len(set(events)) == size, "something is logged twice")
        for event, sha256 in self.known.entries.items():
            place = self.known.places[event]
            require(events[place] == event, f"event {event} is not at {place}, where it was")
            found = hashlib.sha256(entries[place]).hexdigest()
            require(found == sha256, f"entry {place} is not what was acknowledged")


def _let_in(house: House) -> None:
    """Give a token to whoever reviews: no first start makes one."""
    services, at = house.services, house.services.clock()
    with services.transaction() as session:
        by = services.people.subject(session, services.people.known(session, "the tests"), ())
        person = services.people.add(session, "Test governance")
        token = services.tokens.add(session, person, (Role.GOVERNANCE,), by=by, at=at)
    (house.settings.tokens / f"{Role.GOVERNANCE}.token").write_text(token, encoding="ascii")


@contextmanager
def log_kills(folder: Path) -> Iterator[LogKills]:
    """Start engines, sequencers and writers of their own."""
    with ExitStack() as stack:
        engines = stack.enter_context(own_engines())
        data, written = folder / "house", folder / "written"
        data.mkdir()
        written.mkdir()
        estate = Estate(engines, folder / "estate")
        house = House(stack.enter_context(estate.plot(data)))
        stack.callback(house.services.close)
        _let_in(house)
        footage = folder / "clip.bin"
        footage.write_bytes(b"nobody looks at it")
        exhibits = [acts.take_in(house.services, footage, reference="LK") for _ in range(WRITERS)]
        addresses = house.services.addresses
        store = ObjectStore(
            addresses.publisher, addresses.log_bucket, retention=None, clock=house.services.clock
        )
        stack.callback(store.close)
        processes = Processes(house.settings, house, written, exhibits)
        stack.callback(processes.close)
        log = Bucket(PublicObjects(store, addresses.log_prefix))
        yield LogKills(engines, house, processes, log)
