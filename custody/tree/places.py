"""Adapter. Where a published log is read: a directory, or a web address; a bucket: `buckets`.

What comes from there is a stranger's: nothing is believed, and nothing is read beyond the longest
that it may be. Whoever reads checks it (custody/tree/tiles.py, custody/formats).
"""

import os
import ssl
import weakref
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from importlib import import_module
from pathlib import Path
from urllib.parse import urlsplit

from custody.errors import LogAwayError, LogStateError, NotYetError, PlaceError
from custody.tree.merkle import HASH_SIZE
from custody.tree.tiles import (
    CHECKPOINT,
    KEY_FILE,
    MAX_BUNDLE_BYTES,
    WIDTH,
    LogSource,
    Tile,
    format_tile,
)

MAX_CHECKPOINT_BYTES = 1_000_000
MAX_KEY_BYTES = 10_000
"""Of a verifier key: that of an ML-DSA-44 key takes a fifth of it."""
_PATIENCE_S = 30.0
_OK, _GONE = 200, {404, 410}


def log_at(place: str) -> LogSource:
    """Return the log at a web address, in a bucket (`s3://…`), or in the directory of this name.

    Raises:
        PlaceError: no log can be at such a place.
    """
    if place.startswith("s3://"):
        try:
            # By name: who reads files or a web address needs no S3 client.
            found: LogSource = import_module("custody.tree.buckets").LogInBucket(place)
        except ModuleNotFoundError as error:
            words = f"{place} is read by boto3, which is not installed: pip install boto3"
            raise PlaceError(words) from error
        return found
    if place.startswith(("https://", "http://")):
        return LogSite(place)
    if not place or "://" in place:
        raise PlaceError(
            f"no log can be read from {place!r}: give a directory, an address that begins with "
            "https://, or a bucket as s3://BUCKET/PREFIX"
        )
    return LogDirectory(place)


class LogDirectory:
    """A log that was exported, or mirrored, into a directory."""

    def __init__(self, folder: str | Path) -> None:
        self._folder = Path(folder)

    def checkpoint(self) -> bytes:
        """Return the newest signed checkpoint (`LogSource`)."""
        data = self._read(CHECKPOINT, MAX_CHECKPOINT_BYTES)
        if data is None:
            raise NotYetError(f"there is no log in {self._folder}: it holds no file 'checkpoint'")
        return data

    def read(self, tile: Tile) -> bytes:
        """Return one object (`LogSource`)."""
        data = self._read(format_tile(tile), most_bytes(tile))
        if data is None:
            raise LogStateError(f"{format_tile(tile)} is missing in {self._folder}")
        return data

    def vkey(self) -> bytes:
        """Return the file of the log's verifier key (`ListedSource`)."""
        data = self._read(KEY_FILE, MAX_KEY_BYTES)
        if data is None:
            raise LogStateError(f"{KEY_FILE} is missing in {self._folder}")
        return data

    def names(self) -> Iterator[str]:
        """Name every file here and below, in order, with slashes; a link is named, not followed.

        Raises:
            LogStateError: a directory cannot be read.
        """

        def fail(error: OSError) -> None:
            raise LogStateError(f"{error.filename} cannot be read: {error.strerror}") from error

        for where, folders, files in os.walk(self._folder, onerror=fail):
            folders.sort()
            place = Path(where).relative_to(self._folder)
            links = [name for name in folders if (Path(where) / name).is_symlink()]
            yield from sorted((place / name).as_posix() for name in (*files, *links))

    def _read(self, name: str, most: int) -> bytes | None:
        try:
            with (self._folder / name).open("rb") as file:
                # No more room than it takes: a bundle may be 16 MiB long, and few are.
                size = min(most, os.fstat(file.fileno()).st_size)
                return bounded(file.read(size + 1), name, most)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            words = f"{name} in {self._folder} cannot be read: {error.strerror}"
            raise LogStateError(words) from error


class LogSite:
    """A log that is served over HTTP. One connection, kept open; for one thread."""

    def __init__(self, url: str, *, patience_s: float = _PATIENCE_S) -> None:
        """Name the address in front of `checkpoint`; nothing is asked yet.

        Raises:
            PlaceError: no address of the web.
        """
        self._url = url.rstrip("/")
        scheme, host, port, self._path = _address(self._url)
        self._connection = (
            HTTPSConnection(host, port, timeout=patience_s, context=ssl.create_default_context())
            if scheme == "https"
            else HTTPConnection(host, port, timeout=patience_s)
        )
        weakref.finalize(self, self._connection.close)

    def checkpoint(self) -> bytes:
        """Return the newest signed checkpoint (`LogSource`)."""
        data = self._get(CHECKPOINT, MAX_CHECKPOINT_BYTES)
        if data is None:
            raise NotYetError(f"there is no log at {self._url}: nothing is at {CHECKPOINT}")
        return data

    def read(self, tile: Tile) -> bytes:
        """Return one object (`LogSource`)."""
        data = self._get(format_tile(tile), most_bytes(tile))
        if data is None:
            raise LogStateError(f"{format_tile(tile)} is missing at {self._url}")
        return data

    def _get(self, name: str, most: int) -> bytes | None:
        """Ask for one object; None: it is not there. No redirect is followed."""
        for last in (False, True):
            try:
                headers = {"Accept-Encoding": "identity", "User-Agent": "custos"}
                self._connection.request("GET", f"{self._path}/{name}", headers=headers)
                answer = self._connection.getresponse()
                data = answer.read(most + 1)
                self._keep(answer)
            except (OSError, HTTPException) as error:
                self._connection.close()
                if last:  # a server may end a connection that was kept open; a second try is new
                    words = f"{self._url}/{name} cannot be read: {error!r}"
                    raise LogAwayError(words) from error
                continue
            if answer.status in _GONE:
                return None
            if answer.status != _OK:
                raise LogAwayError(f"{self._url}/{name} was answered with {answer.status}")
            if answer.headers.get("Content-Encoding", "identity").lower() != "identity":
                raise LogAwayError(f"{self._url}/{name} was answered compressed, unasked for")
            return bounded(data, name, most)  # what comes with another answer is no object
        raise AssertionError  # the last try returned or raised

    def _keep(self, answer: HTTPResponse) -> None:
        """Keep the connection for the next request, unless something is left of this answer."""
        if not answer.isclosed():
            self._connection.close()


def _address(url: str) -> tuple[str, str, int | None, str]:
    """Return scheme, host, port and path of a web address.

    Raises:
        PlaceError: it is none, or has what the address of a log does not have.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
        more = parts.query or parts.fragment or parts.username is not None
        plain = url.isascii() and url.isprintable() and " " not in url
        host.encode("idna")
    except ValueError as error:
        raise PlaceError(f"{url} is no web address of a log: {error}") from error
    if parts.scheme not in {"http", "https"} or not host or more or not plain:
        raise PlaceError(
            f"{url} is no web address of a log: such a one is https://HOST/PATH, in ASCII, "
            "without user, question or fragment"
        )
    return parts.scheme, host, port, parts.path


def most_bytes(tile: Tile) -> int:
    """Return how long an object may be at most, in bytes."""
    if tile.level is not None:
        return tile.width * HASH_SIZE
    return MAX_BUNDLE_BYTES * tile.width // WIDTH


def bounded(data: bytes, name: str, most: int) -> bytes:
    """Return what was read, unless it is longer than ``most`` bytes.

    Raises:
        LogStateError: it is.
    """
    if len(data) > most:
        raise LogStateError(f"{name} is longer than the {most} bytes that it may have")
    return data
