"""Adapter. What a witness holds of each log that it watches: in files, safe before it answers.

    logs/SHA-256 OF ORIGIN.json    {"check":…,"log":{"keys":…,"note":…,"origin":…,"root":…,
                                   "size":…},"v":1}
    logs/SHA-256 OF ORIGIN.lock    who works on it
    contradictions/SHA-256.txt     two roots of one size that a log has signed

`check` is the SHA-256 of `log`: with one bit turned, a file is refused, and nothing is signed. A
size never goes down. A file is replaced whole, and has reached the disk when the call returns.
"""

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from custody.errors import CustodyError, FormatError, LogStateError
from custody.formats.canonical import (
    JSON,
    canonical_json,
    format_base64,
    parse_base64,
    parse_canonical,
)
from custody.formats.checkpoint import Checkpoint, parse_checkpoint, require_origin
from custody.formats.note import (
    KeyType,
    VerifierKey,
    check_note,
    format_verifier_key,
    parse_note,
    parse_verifier_key,
)
from custody.formats.shapes import from_json, object_json
from custody.keys.keyfiles import put_new
from custody.tree.merkle import EMPTY_ROOT
from storage.wholefiles import write_whole

_LOGS, _CONTRADICTIONS = "logs", "contradictions"
_MOST_KEPT = 100
_VERSION = 1


@dataclass(frozen=True, slots=True)
class WatchedLog:
    """A log, its keys, and the checkpoint of it that was cosigned last."""

    keys: tuple[VerifierKey, ...]
    held: Checkpoint
    note: bytes = b""
    """That checkpoint as the log signed it; empty: none was cosigned yet."""


@dataclass(frozen=True, slots=True)
class _Written:
    origin: str
    keys: tuple[str, ...]
    size: int
    root: str
    note: str


class Heads:
    """The logs that a witness watches."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def watch(self, key: VerifierKey, note: bytes = b"") -> WatchedLog:
        """Watch a log, from its beginning or from a checkpoint that it signed.

        One that is watched already gets the key beside its others, and what is held of it stays.

        Raises:
            FormatError, ProofError: the key is no log's, or the checkpoint is not signed by it.
            LogStateError: it is watched, and a checkpoint to begin from is given.
        """
        require_origin(key.name)
        if key.type is not KeyType.ED25519:
            raise FormatError(f"{key.name} is no log's key: those are of type 0x01")
        held = _signed(note, key) if note else Checkpoint(key.name, 0, EMPTY_ROOT)
        self._logs.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self.alone(key.name):
            known = self.read(key.name)
            if known is None:
                watched = WatchedLog((key,), held, note)
            elif note:
                raise LogStateError(
                    f"{key.name} is watched from {known.held.size} entries on: it does not begin "
                    "anew. Give its key alone"
                )
            else:
                watched = replace(known, keys=_with(known.keys, key))
            self.write(watched)
        return watched

    def all(self) -> tuple[WatchedLog, ...]:
        """Return the logs that are watched, by their origins.

        Raises:
            LogStateError: as `read`.
        """
        found = (self._parsed(path) for path in sorted(self._logs.glob("*.json")))
        return tuple(sorted(found, key=lambda watched: watched.held.origin))

    @contextmanager
    def alone(self, origin: str) -> Iterator[None]:
        """Have one log to oneself, among threads and processes: reading and writing are one."""
        lock = self._path(origin).with_suffix(".lock")
        handle = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)  # which lets go of the lock

    def read(self, origin: str) -> WatchedLog | None:
        """Return what is held of a log; None: it is not watched.

        Raises:
            LogStateError: the file was damaged or changed. Nothing may be signed.
        """
        path = self._path(origin)
        if not path.exists():
            return None
        watched = self._parsed(path)
        if watched.held.origin != origin:
            raise LogStateError(f"{path} is the state of another log: somebody renamed it")
        return watched

    def write(self, watched: WatchedLog) -> None:
        """Hold this from now on; it is on the disk when this returns. The caller is `alone`.

        Raises:
            LogStateError: it would take back what was cosigned.
        """
        known = self.read(watched.held.origin)
        if known is not None and watched.held.size < known.held.size:
            raise LogStateError(
                f"{watched.held.origin} was cosigned up to {known.held.size} entries: "
                f"{watched.held.size} would take that back"
            )
        path = self._path(watched.held.origin)
        write_whole(path, _format(watched))

    def keep_contradiction(self, watched: WatchedLog, note: bytes) -> None:
        """Keep two checkpoints of one size, as proof against the log; the first hundred of them."""
        folder = self._folder / _CONTRADICTIONS
        folder.mkdir(mode=0o700, exist_ok=True)
        if sum(1 for _ in folder.glob("*.txt")) < _MOST_KEPT:
            both = watched.note + b"\n" + note
            put_new(folder, f"{sha256(both).hexdigest()}.txt", both)

    @property
    def _logs(self) -> Path:
        return self._folder / _LOGS

    def _path(self, origin: str) -> Path:
        return self._logs / f"{sha256(origin.encode()).hexdigest()}.json"

    def _parsed(self, path: Path) -> WatchedLog:
        try:
            return _parse(path.read_bytes())
        except (CustodyError, OSError) as error:
            raise LogStateError(
                f"{path} cannot be read: {error}. Nothing is signed for this log. Do not bring "
                "the file back from a backup: what was signed since would be forgotten. Make a "
                "new witness, with a new key"
            ) from error


def _with(known: tuple[VerifierKey, ...], key: VerifierKey) -> tuple[VerifierKey, ...]:
    if any(one.keyid == key.keyid and one != key for one in known):
        raise FormatError(f"Another key of {key.name} has the same key id: the log needs a third")
    return tuple(dict.fromkeys((*known, key)))


def _signed(note: bytes, key: VerifierKey) -> Checkpoint:
    parsed = parse_note(note)
    checkpoint = parse_checkpoint(parsed.text)
    check_note(parsed, [key])
    if checkpoint.origin != key.name:
        raise FormatError(f"The checkpoint is of {checkpoint.origin}, and the key of {key.name}")
    return checkpoint


def _format(watched: WatchedLog) -> bytes:
    held = watched.held
    log = object_json(
        _Written(
            held.origin,
            tuple(format_verifier_key(key) for key in watched.keys),
            held.size,
            format_base64(held.root),
            watched.note.decode(),
        )
    )
    return canonical_json({"v": _VERSION, "log": log, "check": _digest(log)}) + b"\n"


def _parse(data: bytes) -> WatchedLog:
    match parse_canonical(data.removesuffix(b"\n"), limit=1_000_000):
        case {"v": 1, "log": dict(log), "check": str(check), **more} if not more:
            if check != _digest(log):
                raise FormatError("it was changed")
            written = from_json(_Written, log)
        case _:
            raise FormatError("it has another form")
    held = Checkpoint(written.origin, written.size, parse_base64(written.root))
    note = written.note.encode()
    keys = tuple(map(parse_verifier_key, written.keys))
    if note and parse_checkpoint(parse_note(note).text) != held:
        raise FormatError("its checkpoint is another one than it says")
    return WatchedLog(keys, held, note)


def _digest(log: Mapping[str, JSON]) -> str:
    return sha256(canonical_json(dict(log))).hexdigest()
