"""`make soak`: kill what can be killed, at random, and look for loss after each round.

    python -m tests.soak --kills 1000 --rounds 200 [--seed N] [--data DIR] [--minutes M]

First whoever makes the log is killed while others write to it (tests/durability/log_kills.py). Then
come rounds over a whole service: in each a random clip goes the whole way, and at a random moment
of it one part of the service is killed with -9, killed and held back, or frozen, for up to 20 s.
Afterwards every invariant of docs/durability.md is checked, and the log that is served, as a
stranger would. It stops at the first violation, and leaves everything to look at.
"""

import argparse
import logging
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TypeVar
from uuid import UUID

from sqlmodel import select

from custody.errors import LogAwayError
from custody.formats.policy import LogPolicy
from custody.published.monitor import look
from custody.published.whole import audit_published
from custody.tree.places import LogSite
from evidence.exhibits.states import ExhibitState
from evidence.exhibits.tables import ExhibitRow
from export.media.sample import H264, make_sample
from storage.errors import StorageError, UnavailableError
from tests.durability import acts
from tests.durability.attacks import Attack, Running, Stage, draw
from tests.durability.log_kills import log_kills
from tests.durability.ups import Up
from tests.polling import poll

ROUND_S = 240
"""A round takes about 10 s without an attack; one that takes so long is stuck."""
ENCODINGS: dict[str, tuple[str, ...]] = {
    "mp4": H264,
    "mkv": H264,
    "ts": H264,
    "avi": ("-c:v", "mjpeg", "-pix_fmt", "yuvj422p"),
}
T = TypeVar("T")


def say(words: str) -> None:
    sys.stdout.write(words + "\n")
    sys.stdout.flush()


@dataclass
class Tally:
    """What happened so far."""

    attacks: Counter[str] = field(default_factory=Counter)
    stages: Counter[str] = field(default_factory=Counter)
    repeated: int = 0
    rounds: int = 0
    longest_s: float = 0.0
    entries: int = 0
    seen: list[bytes] = field(default_factory=list)
    """A checkpoint of the published log after each round, as a stranger saw it."""

    def words(self, seconds: float) -> str:
        attacks = ", ".join(f"{name} {count}" for name, count in sorted(self.attacks.items()))
        stages = ", ".join(f"{name} {count}" for name, count in sorted(self.stages.items()))
        return (
            f"{self.rounds} rounds in {seconds / 60:.1f} min, the longest {self.longest_s:.0f} s; "
            f"no violation.\n  attacks: {attacks}\n  begun at: {stages}\n"
            f"  intakes that failed with a clear error, recorded nothing and were repeated: "
            f"{self.repeated}\n  entries in the log: {self.entries}"
        )


def patiently(look: Callable[[], T | None]) -> T:
    """Look until there is something to see; an engine that is away is waited for."""

    def try_it() -> T | None:
        try:
            return look()
        except UnavailableError:
            return None

    return poll(try_it, within=ROUND_S, pause=0.05)


@dataclass
class Round:
    """One clip, one attack."""

    up: Up
    number: int
    dice: random.Random
    folder: Path
    tally: Tally

    def run(self) -> str:
        """Go the whole way under attack, check everything, and return what was done."""
        attack = draw(self.dice)
        clip = self._clip()
        attacking = Running(self.up, attack)
        try:
            exhibit, release = self._go(clip, attacking)
        finally:
            attacking.join()
        self._check(exhibit, release)
        self._count(attack)
        return f"{clip.name} {clip.stat().st_size // 1024} KiB; {attack}"

    def _clip(self) -> Path:
        kind = self.dice.choice(list(ENCODINGS))
        path = self.folder / f"clip-{self.number}.{kind}"
        make_sample(
            path,
            seconds=self.dice.randint(1, 6),
            first_at=datetime(2026, 7, 1, tzinfo=UTC),
            size=self.dice.choice([(160, 120), (320, 240), (640, 360)]),
            encoding=ENCODINGS[kind],
        )
        return path

    def _go(self, clip: Path, attacking: Running) -> tuple[UUID, UUID]:
        services = self.up.services
        attacking.reached(Stage.INTAKE)
        exhibit = self._take_in(clip)
        attacking.reached(Stage.EXAMINATION)
        patiently(partial(self._is_past, exhibit, ExhibitState.RECEIVED))
        attacking.reached(Stage.DERIVATION)
        patiently(partial(acts.is_done, services, exhibit))
        release = self._release(exhibit)
        attacking.reached(Stage.SEALING)
        patiently(partial(acts.is_done, services, release))
        return exhibit, release

    def _take_in(self, clip: Path) -> UUID:
        """Take in the clip as a person would, by command or over HTTP.

        If that fails, look whether it is there, and repeat: a commit whose answer is lost may have
        happened, and the reference tells.
        """
        reference, by_web = f"SK/{self.number}", self.dice.random() < 0.5
        while True:
            try:
                if by_web:
                    return self.up.post(clip, reference)
                return acts.take_in(self.up.services, clip, reference=reference)
            except StorageError:
                self.tally.repeated += 1
                found = patiently(lambda: [self._named(reference)])[0]
                if found is not None:
                    return found

    def _named(self, reference: str) -> UUID | None:
        with self.up.services.transaction() as session:
            return session.exec(
                select(ExhibitRow.id).where(ExhibitRow.reference == reference)
            ).first()

    def _is_past(self, exhibit: UUID, state: ExhibitState) -> bool:
        acts.check_nobody_is_needed(self.up.services, exhibit)
        with self.up.services.transaction() as session:
            return session.get_one(ExhibitRow, exhibit).state != state

    def _release(self, exhibit: UUID) -> UUID:
        """Ask for a release; one whose asking was interrupted is left, and another one asked."""
        return patiently(lambda: acts.release(self.up.services, [exhibit]))

    def _check(self, exhibit: UUID, release: UUID) -> None:
        services = self.up.services
        for record in (exhibit, release):
            patiently(partial(acts.is_done, services, record))
            acts.check_record(services, record)
        patiently(lambda: acts.check_package(services, release))
        self.tally.entries = patiently(lambda: acts.check_log(services))
        patiently(self._check_published)

    def _check_published(self) -> bool:
        """Check what is served as a stranger does: whole, and every checkpoint seen its beginning.

        Raises:
            UnavailableError: it does not answer, or what was acknowledged is not published yet.
        """
        log = self.up.services.keyring.log_signer.key
        policies = [LogPolicy(log)]
        source = LogSite(f"http://127.0.0.1:{self.up.settings.port}/log")
        try:
            note = source.checkpoint()
            sighting = look(source, note, policies, None)
            for before in self.tally.seen:
                look(source, note, policies, before)
            report = audit_published(source, policies)
        except LogAwayError as error:
            raise UnavailableError(str(error)) from error
        words = "\n".join(f"{one.words} [{one.subject}]" for one in report.failed)
        acts.require(not report.failed, f"the audit of the published log says:\n{words}")
        if sighting.checkpoint.size < self.tally.entries:
            raise UnavailableError("the newest entries are not published yet")
        self.tally.seen.append(note)
        return True

    def _count(self, attack: Attack) -> None:
        self.tally.attacks[f"{attack.victim} {attack.means}"] += 1
        self.tally.stages[attack.stage] += 1


def soak(up: Up, given: argparse.Namespace) -> Tally:
    """Run the rounds."""
    tally, ends = Tally(), time.monotonic() + given.minutes * 60
    with tempfile.TemporaryDirectory(prefix="custos-soak-clips-") as folder:
        for number in range(1, given.rounds + 1):
            if time.monotonic() > ends:
                say(f"{given.minutes} minutes are over")
                break
            begun = time.monotonic()
            dice = random.Random(f"{given.seed}/{number}")  # noqa: S311 - to be repeated, not kept
            try:
                words = Round(up, number, dice, Path(folder), tally).run()
            except BaseException:
                say(f"round {number}, --seed {given.seed}: VIOLATION")
                raise
            took = time.monotonic() - begun
            tally.rounds, tally.longest_s = number, max(took, tally.longest_s)
            say(f"round {number}, --seed {given.seed}: ok in {took:.0f} s; {words}")
    return tally


def kill_over_the_log(given: argparse.Namespace) -> None:
    """Kill over the log as often as is asked for, and check all of it."""
    begun, dice = time.monotonic(), random.Random(f"{given.seed}/log")  # noqa: S311 - as above
    with (
        tempfile.TemporaryDirectory(prefix="custos-soak-log-") as folder,
        log_kills(Path(folder)) as killing,
    ):
        for number in range(1, given.kills + 1):
            try:
                way = killing.kill(dice)
            except BaseException:
                say(f"kill {number} over the log, --seed {given.seed}: VIOLATION")
                raise
            if number % 50 == 0:
                say(f"kill {number} over the log, --seed {given.seed}: ok, {way}")
        size = killing.finish()
    ways = ", ".join(f"{name} {count}" for name, count in sorted(killing.ways.items()))
    say(
        f"{given.kills} kills over the log in {(time.monotonic() - begun) / 60:.1f} min: no "
        f"violation.\n  killed or frozen: {ways}\n  {len(killing.known.entries)} acknowledged "
        f"events among {size} entries, {killing.checkpoints} checkpoints seen"
    )


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.soak")
    parser.add_argument("--kills", type=int, default=1000, help="over the log alone")
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--data", type=Path, help="a new data directory, which is kept")
    parser.add_argument("--minutes", type=int, default=180, help="begin no round after so long")
    given = parser.parse_args()
    logging.getLogger("custos").setLevel(logging.ERROR)  # that the store is away is no news here
    if given.kills:
        kill_over_the_log(given)
    if not given.rounds:
        return 0
    data = given.data or Path(tempfile.mkdtemp(prefix="custos-soak-"))
    up, begun = Up(data.absolute()), time.monotonic()
    try:
        up.start()
        tally = soak(up, given)
    except BaseException:
        say(f"look at: {up.log}, {data}/logs/*.log, `custos log audit --data {data}`")
        raise
    finally:
        up.close()
    say(tally.words(time.monotonic() - begun))
    if given.data is None:
        up.log.unlink()
        shutil.rmtree(data)
    return 0


if __name__ == "__main__":
    sys.exit(main())
