"""Who lets processes die at a point (tests/durability/crashing.py), and goes on after them."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from sqlalchemy import text

from api.services import Services
from api.settings.facts import Settings
from tests.houses import environment
from tests.polling import PATIENCE_S


@dataclass(frozen=True, slots=True)
class Killed:
    """What was worked on when a process died, and how that process ended."""

    record: UUID
    code: int


class Crasher:
    """Lets a process die at a point."""

    def __init__(self, settings: Settings, services: Services) -> None:
        self._services = services
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.durability.crashing", str(settings.data)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[2],
            env={**os.environ, **environment(services.addresses)},
            text=True,
        )

    def die_at(self, point: str, argument: object = "") -> int:
        """Return how a process ended that was to die at a point."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{point}\t{argument}\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def kill_over(self, record: UUID, point: str) -> Killed:
        """Let a worker die at a point of a record, and put what waits then aside.

        Or the next one that is to die would do it first.
        """
        killed = Killed(record, self.die_at(point))
        self._reschedule("now() + interval '1 day'")
        return killed

    def resume(self) -> None:
        """Let work go on that was put aside."""
        self._reschedule("NULL")

    def _reschedule(self, when: str) -> None:
        statement = f"UPDATE procrastinate_jobs SET scheduled_at = {when} WHERE status = 'todo'"  # noqa: S608 - see above
        with self._services.transaction() as session:
            session.connection().execute(text(statement))

    def close(self) -> None:
        self._process.communicate(timeout=PATIENCE_S)
