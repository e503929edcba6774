"""Edge. The custody ledger against bare INSERTs, and a log of a million entries against its bars.

    python -m benchmarks.log.ledger

starts engines of its own, whose every fsync takes two milliseconds longer, as on a slow disk: a
small library that the linker loads in front of the system's. Where there is no C compiler the disk
is as it is, and the name of the rows says so. Every ratio is of one run, by one driver, on one
database. Bars: design of the ledger, "Sizes and speeds to hold"; of many callers: ADR 45.
"""

import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from unittest import mock

from sqlalchemy import Engine, text
from tlog_scales.backend import LocalBackend
from tlog_scales.reader import TilesReader
from tlog_scales.signing import Vkey
from tlog_scales.tlog import InclusionProof

from benchmarks.log.logs import LogWriter, auditing, beside_entries, ours, proving, small
from custody.formats.checkpoint import parse_checkpoint
from custody.formats.note import format_verifier_key, parse_note
from custody.formats.proof import parse_proof
from custody.ledger.sequencer import Sequencer
from custody.published.hanging import HangingTiles
from custody.published.proofs import prove_entry
from custody.tree.merkle import leaf_hash
from custody.tree.places import LogDirectory
from storage.database import connect, transaction
from storage.embedded import postgres
from storage.embedded.addresses import Addresses
from tests.custody.buckets import MemoryBucket, log_bucket
from tests.custody.desks import Desk
from tests.custody.ledgers import LOG
from tests.engines import own_engines
from tests.houses import Estate

Row = tuple[str, float, str]
CALLERS = 64
LOOPS, FILLED, EACH = 400, 6_000, 40
MILLION, AUDITED = 1_000_000, 256 * 800
_SLOW = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <unistd.h>
int fsync(int fd) { usleep(2000); return ((int (*)(int)) dlsym(RTLD_NEXT, "fsync"))(fd); }
int fdatasync(int fd) { usleep(2000); return ((int (*)(int)) dlsym(RTLD_NEXT, "fdatasync"))(fd); }
"""
_TABLE = """
CREATE TABLE bench_row (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, words text NOT NULL);
GRANT INSERT ON bench_row TO custos_app
"""
_INSERT = text("INSERT INTO bench_row (words) VALUES ('a row of about as many bytes as a state')")


def run() -> list[Row]:
    """Measure, and return name, figure and bar."""
    return [*_database(), *_files()]


def _database() -> list[Row]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="custos-bench-")))
        disk = stack.enter_context(slow_disk(folder))
        engines = stack.enter_context(own_engines())
        estate = Estate(engines, folder / "first")
        with estate.superuser.connect("postgres") as connection:
            connection.execute("ALTER SYSTEM RESET fsync")  # which tests do without
            connection.execute("SELECT pg_reload_conf()")
        settings = stack.enter_context(estate.plot(folder / "plot"))
        assert settings.engines is not None
        return [(f"{name} ({disk})", rate, bar) for name, rate, bar in _rates(settings.engines)]


@contextmanager
def slow_disk(folder: Path) -> Iterator[str]:
    """Let the database's disk take two milliseconds more to sync; say what it does instead."""
    compiler = shutil.which("cc")
    if compiler is None:
        yield "no C compiler here: the disk as it is"
        return
    source, library = folder / "slow.c", folder / "slow.so"
    source.write_text(_SLOW, encoding="ascii")
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
    real = postgres.binary

    def slowed(name: str) -> str:
        if name != "postgres":
            return real(name)
        script = folder / name
        script.write_text(f'#!/bin/sh\nLD_PRELOAD={library} exec {real(name)} "$@"\n')
        script.chmod(0o755)
        return str(script)

    with mock.patch.object(postgres, "binary", slowed):
        yield "fsync of 2 ms"


def _rates(addresses: Addresses) -> list[Row]:
    owner, engine = connect(addresses.owner_url), connect(addresses.app_url, pool_size=CALLERS)
    with owner.begin() as connection:
        connection.execute(text(_TABLE))
    desk = Desk(engine, kek=bytes(32), mac_key=bytes(range(32)))
    record = desk.open_record()
    records = [desk.open_record() for _ in range(CALLERS)]
    bare = _rate(lambda: _state(engine), LOOPS)
    one = _rate(lambda: desk.write(record), LOOPS)
    bare_many = _rate_of_many(lambda _: _state(engine))
    many = _rate_of_many(lambda number: _both(desk, records[number]))
    _drain(desk.sequencer)
    signed = _drained(desk, record, desk.sequencer)
    publishing = desk.another_sequencer(publication=log_bucket(MemoryBucket(), desk.signer.key))
    _drain(publishing)
    published = _drained(desk, record, publishing)
    owner.dispose()
    engine.dispose()
    return [
        ("one event, against a bare INSERT", one / bare, ">= 0.6"),
        (f"{CALLERS} callers, a row and its event", many / bare_many, ">= 0.3"),
        ("draining a filled outbox, signed", signed / bare, ">= 4"),
        ("draining it, published into a bucket in memory and signed", published / bare, ">= 4"),
    ]


def _state(engine: Engine) -> None:
    with transaction(engine) as session:
        session.execute(_INSERT)


def _both(desk: Desk, record: object) -> None:
    with transaction(desk.engine) as session:
        session.execute(_INSERT)
        desk.append(session, record)  # type: ignore[arg-type]


def _fill(desk: Desk, record: object) -> None:
    for _ in range(FILLED // 100):
        with transaction(desk.engine) as session:
            for _ in range(100):
                desk.append(session, record)  # type: ignore[arg-type]


def _drained(desk: Desk, record: object, sequencer: Sequencer) -> float:
    """Return how many events a second a filled outbox is emptied of."""
    _fill(desk, record)
    begun = time.perf_counter()
    return _drain(sequencer) / (time.perf_counter() - begun)


def _drain(sequencer: Sequencer) -> int:
    """Take turns until nothing waits, and nothing is left to publish."""
    total = 0
    while (turn := sequencer.turn()).added or turn.rest:
        total += turn.added
    return total


def _rate(work: Callable[[], object], rounds: int) -> float:
    """Return how often a second something is done, one after the other."""
    for _ in range(10):
        work()
    begun = time.perf_counter()
    for _ in range(rounds):
        work()
    return rounds / (time.perf_counter() - begun)


def _rate_of_many(work: Callable[[int], object]) -> float:
    """Return how often a second it is done by all callers at once."""
    gate = threading.Barrier(CALLERS + 1)

    def call(number: int) -> None:
        work(number)  # with a connection of its own from now on
        gate.wait()
        for _ in range(EACH):
            work(number)

    threads = [threading.Thread(target=call, args=(number,)) for number in range(CALLERS)]
    for thread in threads:
        thread.start()
    gate.wait()
    begun = time.perf_counter()
    for thread in threads:
        thread.join()
    return CALLERS * EACH / (time.perf_counter() - begun)


def _files() -> list[Row]:
    with tempfile.TemporaryDirectory(prefix="custos-bench-") as folder:
        long, own = Path(folder, "long"), Path(folder, "ours")
        LogWriter(long, small).grow(MILLION)
        proofs = proving(long)
        _accepted(long)
        beside = beside_entries(long, MILLION, small)
        LogWriter(own, ours).grow(AUDITED)
        speed = max(AUDITED / auditing(own, of_ours=True) for _ in range(3))
    million = f"at {MILLION:,} entries"
    return [
        (
            f"inclusion proof {million}, cold local tiles, ms of processor",
            proofs.milliseconds,
            "<= 2",
        ),
        (f"inclusion proof {million}, tile reads", proofs.reads, "<= 6"),
        (f"proof file {million}, two witnesses, bytes", proofs.size, "<= 2000"),
        ("offline audit, entries a second of a core", speed, ">= 200000"),
        (f"files beside the entries {million}, bytes an entry", beside, "<= 40"),
    ]


def _accepted(folder: Path) -> None:
    """Have a program that we did not write read the log, and check proofs of ours.

    Raises:
        Exception: it does not accept something.
    """
    reader = TilesReader(LocalBackend(folder))
    head = reader.get_checkpoint()
    head.verify(Vkey.from_string(format_verifier_key(LOG.key)))
    if reader.calculate_root_hash() != head.root_hash:
        raise RuntimeError("their root of our tiles is another one")
    source = LogDirectory(folder)
    note = source.checkpoint()
    tiles = HangingTiles(source, parse_checkpoint(parse_note(note).text))
    for index in (0, 1, 255, 256, 65_535, 65_536, MILLION // 2, MILLION - 1):
        proved = prove_entry(tiles, note, index)
        hashes = list(parse_proof(proved.proof).hashes)
        InclusionProof(index, MILLION, hashes).check(leaf_hash(proved.entry), head.root_hash)
        if reader.get_inclusion_proof(index, MILLION).node_hashes != hashes:
            raise RuntimeError(f"their proof of entry {index} is another one")


def main() -> int:
    """Measure, print, and say by the exit code whether every bar is met."""
    rows = run()
    met = True
    for name, figure, bar in rows:
        print(f"{name}: {figure:.2f} (bar {bar})")
        sign, _, number = bar.partition(" ")
        met &= figure >= float(number) if sign == ">=" else figure <= float(number)
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
