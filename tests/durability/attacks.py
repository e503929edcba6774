"""What `make soak` does to a running service: one thing, at one random moment of a round."""

import os
import random
import signal
import threading
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from enum import StrEnum

from tests.durability.ups import Up
from tests.polling import poll


class Stage(StrEnum):
    """How far a clip has come when the attack begins."""

    INTAKE = "intake"
    EXAMINATION = "examination"
    DERIVATION = "derivation"
    SEALING = "sealing"


class Means(StrEnum):
    """What is done to the victim."""

    KILLED = "killed"
    AWAY = "killed and held back"
    FROZEN = "frozen"


BACKEND = "backend"
"""One process of the database, whichever: the server ends all its connections and recovers."""
VICTIMS = ("worker", "sequencer", "web", "weed", "postgres", BACKEND, "up")
LONGEST_S = 20.0


@dataclass(frozen=True, slots=True)
class Attack:
    """Who, how, when, and for how long."""

    victim: str
    means: Means
    stage: Stage
    delay_s: float
    length_s: float

    def __str__(self) -> str:
        lasts = f" for {self.length_s:.1f} s" if self.means is not Means.KILLED else ""
        return f"{self.victim} {self.means}{lasts}, {self.delay_s:.2f} s into {self.stage}"


def draw(dice: random.Random) -> Attack:
    """Draw an attack."""
    victim = dice.choice(VICTIMS)
    able = {BACKEND: [Means.KILLED], "up": [Means.KILLED, Means.FROZEN]}
    means = dice.choice(able.get(victim, list(Means)))
    # Most absences are short, every fourth or so is as long as it gets.
    longest = 26.0 if dice.random() < 0.4 else 5.0
    return Attack(
        victim=victim,
        means=means,
        stage=dice.choice(list(Stage)),
        delay_s=dice.random() ** 2,
        length_s=min(LONGEST_S, dice.random() * longest),
    )


class Running:
    """An attack that waits for its stage, in a thread of its own."""

    def __init__(self, up: Up, attack: Attack) -> None:
        self._up = up
        self._attack = attack
        self._begins = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def reached(self, stage: Stage) -> None:
        """Say how far the clip has come."""
        if stage is self._attack.stage:
            self._begins.set()

    def join(self) -> None:
        """Wait until the attack is over.

        Raises:
            AssertionError: the service did not come back.
        """
        self._begins.set()
        self._thread.join(300)
        if self._error is not None:
            raise self._error
        assert not self._thread.is_alive(), "the attack did not end"

    def _run(self) -> None:
        self._begins.wait()
        time.sleep(self._attack.delay_s)
        try:
            _carry_out(self._up, self._attack)
        except BaseException as error:  # noqa: BLE001 - raised again by join
            self._error = error


def _carry_out(up: Up, attack: Attack) -> None:
    if attack.means is Means.FROZEN:
        _freeze(up, attack)
    elif attack.victim == "up":
        up.kill()
        up.start()
    elif attack.victim == BACKEND:
        _kill_a_backend(up, attack)
    elif attack.means is Means.AWAY:
        with up.without(attack.victim):
            time.sleep(attack.length_s)
    else:
        os.kill(poll(lambda: up.pid(attack.victim), within=90), signal.SIGKILL)


def _kill_a_backend(up: Up, attack: Attack) -> None:
    """Kill one process of the database but the first; which, the draw says."""
    first = up.pid("postgres")
    found = poll(lambda: [pid for pid in sorted(up.pids("postgres")) if pid != first], within=90)
    with suppress(ProcessLookupError):  # it ended by itself meanwhile
        os.kill(found[int(attack.length_s * 1000) % len(found)], signal.SIGKILL)


def _freeze(up: Up, attack: Attack) -> None:
    """Stop every process of the victim, and let them go on."""
    with ExitStack() as frozen:
        for pid in up.pids(attack.victim):
            os.kill(pid, signal.SIGSTOP)
            frozen.callback(_thaw, pid)
        time.sleep(attack.length_s)


def _thaw(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGCONT)
