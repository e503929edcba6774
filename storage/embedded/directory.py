"""Adapter. The engines' data directory: private, locked, written so that a crash tears nothing.

lock           the process that uses the directory holds it
clean          there only between a clean stop and the next start
engines.json   ports, passwords and keys, made once
postgres/      the database cluster
objects/       SeaweedFS volumes
weed/          SeaweedFS configuration, made anew at each start
run/           sockets, where the path is short and plain; private files of the engines
logs/          what the engines say, of this run and the one before
"""

import fcntl
import hashlib
import os
import re
import shutil
import stat
from pathlib import Path

from storage.errors import EngineError
from storage.wholefiles import sync_directory, write_whole

_TEMPORARY = Path("/tmp")  # noqa: S108 - a private directory in it, the same for every process
LONGEST_SOCKET_DIRECTORY = 70
"""A socket's path has at most 107 bytes, and SeaweedFS's names take up to 33 of them."""


def private_directory(path: Path) -> Path:
    """Make ``path``, readable by nobody else, and return it. Its parents stay as they are.

    Raises:
        EngineError: it is a link, or somebody else's, or no directory.
    """
    path.mkdir(mode=0o700, exist_ok=True)
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise EngineError(f"{path} must be a directory that belongs to this user, and is not")
    if stat.S_IMODE(found.st_mode) != 0o700:  # noqa: PLR2004 - a mode is read best as it is
        path.chmod(0o700)
    return path


def _holds_something(path: Path) -> bool:
    return path.exists() and any(path.iterdir())


def began(pid: int) -> str:
    """Return when process ``pid`` began, in ticks since the machine did; empty if there is none."""
    try:
        line = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    return line.rpartition(")")[2].split()[19]


class DataDirectory:
    """One data directory, used by one process at a time."""

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self.settings = self.path / "engines.json"
        self.postgres = self.path / "postgres"
        self.objects = self.path / "objects"
        self.weed = self.path / "weed"
        self.logs = self.path / "logs"
        self._lock = self.path / "lock"
        self._clean = self.path / "clean"
        self._held: int | None = None

    def take(self) -> None:
        """Make the directory if it is not there, and lock it for this process.

        Raises:
            EngineError: another process uses it, or it cannot be used; the sentence says which.
        """
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._refuse_what_is_not_ours()
            for path in (self.path, self.weed, self.logs):
                private_directory(path)
            descriptor = os.open(self._lock, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise EngineError(f"the data directory {self.path} cannot be used: {error}") from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise EngineError(
                f"{self.path} is already in use by process {self._named()[0] or 'unknown'}: "
                "stop that one first, or name another data directory"
            ) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()} {began(os.getpid())}".encode(), 0)
        self._held = descriptor

    def _refuse_what_is_not_ours(self) -> None:
        """Refuse to take a directory in use for other things, and to shut it for other users."""
        if not self.path.exists() or self._lock.exists():
            return
        is_open = stat.S_IMODE(self.path.stat().st_mode) & 0o077
        if is_open and any(self.path.iterdir()):
            raise EngineError(
                f"{self.path} holds other things and other users may enter it: name a directory "
                "that is not there yet, or an empty one"
            )

    def refuse_to_begin_anew(self) -> None:
        """Refuse new passwords and ports beside engines that have had others.

        Raises:
            EngineError: there is a database, or there are objects.
        """
        for path in (self.postgres, self.objects):
            if _holds_something(path):
                raise EngineError(
                    f"{self.settings} is missing, and {path} is there: it holds the passwords, "
                    "keys and ports of these engines, and is never made anew beside them. Bring "
                    "it back from its backup"
                )

    def require_both(self) -> None:
        """Refuse to make one engine anew beside what the other one holds.

        Raises:
            EngineError: the database or the objects are gone: lost, or on a disk that is not there.
        """
        for gone, there in ((self.postgres, self.objects), (self.objects, self.postgres)):
            if not gone.exists() and _holds_something(there):
                raise EngineError(
                    f"{gone} is missing, and {there} is there: is its disk mounted? Bring it back "
                    "from its backup; an empty one would hide that it is gone"
                )

    def release(self) -> None:
        """Give the directory back. Does nothing if it is not held."""
        if self._held is not None:
            os.ftruncate(self._held, 0)
            os.close(self._held)
            self._held = None

    def in_use(self) -> bool:
        """Tell whether the process that took the directory is alive."""
        pid, begun = self._named()
        return bool(pid) and began(int(pid)) == begun

    def _named(self) -> tuple[str, str]:
        try:
            pid, _, begun = self._lock.read_text(encoding="ascii").partition(" ")
        except OSError:
            return "", ""
        return pid, begun

    def was_stopped_cleanly(self) -> bool:
        """Tell whether the last run ended with `mark_clean`."""
        return self._clean.exists()

    def mark_clean(self) -> None:
        """Say that both engines ended well. A crash before this line costs a repair, no data."""
        write_whole(self._clean, b"")

    def mark_dirty(self) -> None:
        """Say that the engines run, so that whatever ends them but a clean stop is noticed."""
        self._clean.unlink(missing_ok=True)
        sync_directory(self.path)

    @property
    def authority(self) -> Path:
        """Return the file with the authority (PEM) that the store is known by since its start."""
        return self.weed / "ca.crt"

    def rotate_logs(self) -> None:
        """Keep what the engines said in the run before, and no more."""
        for log in self.logs.glob("*.log"):
            log.replace(log.with_suffix(".log.1"))

    @property
    def sockets(self) -> Path:
        """Return where sockets go: a path that is short and plain.

        That is ``run/``, or a directory in the temporary folder named after the data directory.
        """
        inside = self.path / "run"
        # Characters that mean something in a connection string stay out of one.
        plain = re.fullmatch(r"[A-Za-z0-9/._+-]+", str(inside))
        if plain and len(os.fsencode(inside)) <= LONGEST_SOCKET_DIRECTORY:
            return inside
        name = f"custos-{os.geteuid()}-{hashlib.sha256(os.fsencode(self.path)).hexdigest()[:16]}"
        return _TEMPORARY / name

    def make_sockets(self) -> Path:
        """Make an empty, private directory for sockets and return it; no engine runs now.

        Raises:
            EngineError: somebody else made it first.
        """
        private_directory(self.sockets)
        shutil.rmtree(self.sockets)
        return private_directory(self.sockets)

    def remove_sockets(self) -> None:
        """Remove the directory for sockets, so that nothing stays in the temporary folder."""
        shutil.rmtree(self.sockets, ignore_errors=True)
