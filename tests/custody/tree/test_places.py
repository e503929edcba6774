import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from custody.errors import LogAwayError, LogStateError, NotYetError, PlaceError
from custody.tree.places import MAX_CHECKPOINT_BYTES, LogDirectory, LogSite, log_at
from custody.tree.tiles import LogSource, Tile

TILE = Tile(0, 1_234, 3)
NAME = "tile/0/x001/234.p/3"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("log")
    (folder / NAME).parent.mkdir(parents=True)
    (folder / NAME).write_bytes(bytes(96))
    (folder / "checkpoint").write_bytes(b"a note")
    return folder


class Quiet(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def site(folder: Path) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(params=["directory", "site"])
def log(request: pytest.FixtureRequest, folder: Path) -> LogSource:
    place = str(folder) if request.param == "directory" else request.getfixturevalue("site")
    return log_at(place)


def test_a_log_is_read_whole(log: LogSource) -> None:
    assert log.checkpoint() == b"a note"
    assert log.read(TILE) == bytes(96)
    assert log.read(TILE) == bytes(96)


def test_what_is_missing_is_named_with_its_place(log: LogSource, folder: Path, site: str) -> None:
    with pytest.raises(LogStateError, match=r"tile/entries/000 is missing (in|at) ") as found:
        log.read(Tile(None, 0))
    assert str(folder) in str(found.value) or site in str(found.value)
    assert log.read(TILE) == bytes(96)  # and the next question is answered


def test_a_place_without_a_log_says_so(tmp_path: Path, site: str) -> None:
    for place in (LogDirectory(tmp_path), LogDirectory(tmp_path / "none"), LogSite(f"{site}/log")):
        with pytest.raises(NotYetError, match="there is no log"):
            place.checkpoint()


def test_no_more_is_read_than_an_object_may_have(log: LogSource, folder: Path) -> None:
    (folder / "tile/0/007.p").mkdir(exist_ok=True)
    (folder / "tile/0/007.p/1").write_bytes(bytes(33))
    with pytest.raises(LogStateError, match=r"tile/0/007.p/1 is longer than the 32 bytes"):
        log.read(Tile(0, 7, 1))
    whole = (folder / "checkpoint").read_bytes()
    (folder / "checkpoint").write_bytes(bytes(MAX_CHECKPOINT_BYTES + 1))
    try:
        with pytest.raises(LogStateError, match="longer"):
            log.checkpoint()
    finally:
        (folder / "checkpoint").write_bytes(whole)
    assert log.checkpoint() == whole


def test_a_folder_in_place_of_a_file_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "checkpoint").mkdir()
    with pytest.raises(LogStateError, match="cannot be read"):
        LogDirectory(tmp_path).checkpoint()


def test_nobody_answers() -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
    server.server_close()
    with pytest.raises(LogStateError, match="cannot be read"):
        LogSite(f"http://127.0.0.1:{server.server_port}").checkpoint()


class Elsewhere(Quiet):
    def do_GET(self) -> None:
        self.send_response(302)
        self.send_header("Location", "/checkpoint2")
        self.send_header("Content-Length", "0")
        self.end_headers()


def test_no_redirect_is_followed() -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        with pytest.raises(LogStateError, match="answered with 302"):
            LogSite(f"http://127.0.0.1:{server.server_port}").checkpoint()
    finally:
        server.shutdown()
        server.server_close()


class Wordy(Quiet):
    """Answers with a page in HTML, as servers do, and the status that the path begins with."""

    def do_GET(self) -> None:
        page = b"<html>" + bytes(5000)
        self.send_response(int(self.path[1:4]))
        self.send_header("Content-Length", str(len(page)))
        if self.path.startswith("/200"):
            self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        self.wfile.write(page)


@pytest.fixture(scope="module")
def wordy() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Wordy)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("status", [403, 500, 503])
def test_a_long_page_with_an_error_is_no_long_object(wordy: str, status: int) -> None:
    """A server that is down for a moment must not look like a log that was changed."""
    log = LogSite(f"{wordy}/{status}")
    for ask in (log.checkpoint, partial(log.read, TILE)):
        with pytest.raises(LogAwayError, match=f"was answered with {status}"):
            ask()


def test_an_object_that_was_compressed_unasked_is_no_changed_one(wordy: str) -> None:
    with pytest.raises(LogAwayError, match="answered compressed"):
        LogSite(f"{wordy}/200").read(TILE)


def test_a_long_page_in_place_of_an_object_says_that_it_is_missing(wordy: str) -> None:
    log = LogSite(f"{wordy}/404")
    with pytest.raises(LogStateError, match=f"{NAME} is missing at "):
        log.read(TILE)
    with pytest.raises(NotYetError, match="there is no log"):
        log.checkpoint()


@pytest.mark.parametrize(
    "url",
    [
        *("https://", "http:///log", "https://a.example/log?x=1", "https://a.example/log#x"),
        *("http://a.example:99999999/", "http://a.example:x/", "http://[", "http://a..example/"),
        *(f"http://{'a' * 70}.example/", "http://a.example/\xe9", "http://a.example/a b"),
        *("http://a.example/\nb", "http://\u2100.example/", "http://user:word@a.example/log"),
    ],
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(PlaceError, match="no web address"):
        log_at(url)


@pytest.mark.parametrize("place", ["ftp://a.example/log", "file:///log", ""])
def test_what_is_no_place_is_refused(place: str) -> None:
    with pytest.raises(PlaceError, match="give a directory"):
        log_at(place)
