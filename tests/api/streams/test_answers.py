"""Every way on which bytes leave answers alike: parts, conditions, and its end when it is taken."""

import base64
import random
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from sqlmodel import col, func, select

from api.app import create_app
from api.streams.transfers import LOOK_AGAIN
from api.times import utc_now
from custody.ledger.tables import CustodyEventRow
from export.media.ffmpeg import find_tool
from export.media.sample import H264
from export.release.tables import ReleaseRow
from storage.objects.store import ObjectStore, ObjectStream
from tests.api.streams.ways import Ways
from tests.houses import NEW, House

MIB = 1 << 20
GETS = ("recipient", "api", "footage", "contact_sheet")
LARGE = ("recipient", "staff", "api", "footage")
ALL = (*GETS, "staff")
ENDS = [
    ("recipient", "revoked", 403),
    ("recipient", "expired", 403),
    ("recipient", "left", 403),
    ("staff", "revoked", 409),
    ("staff", "signed out", 303),
    ("staff", "role lost", 403),
    ("api", "revoked", 409),
    ("api", "token revoked", 401),
    ("api", "role lost", 403),
    ("footage", "view over", 409),
    ("footage", "signed out", 303),
    ("footage", "role lost", 403),
]


def noise(path: Path, *, frames: int = 16, size: tuple[int, int] = (320, 240)) -> bytes:
    """Make a clip of noise, which no encoder makes small."""
    wide, high = size
    pictures = random.Random(7).randbytes(wide * high * 3 // 2 * frames)  # noqa: S311 - noise
    shape = ("-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", f"{wide}x{high}", "-r", "25")
    command = (find_tool().path, *shape, "-i", "pipe:0", *H264, "-qp", "2", str(path))
    subprocess.run(command, input=pictures, check=True, capture_output=True, env={})
    return path.read_bytes()


@pytest.fixture(scope="module")
def ways(house: House, tmp_path_factory: pytest.TempPathFactory) -> Ways:
    """Return the ways to an exhibit of some megabytes, and to a sealed release of it."""
    content = noise(tmp_path_factory.mktemp("clip") / "noise.mp4")
    assert len(content) > 2 * MIB
    exhibit = house.exhibit(content, replace(NEW, reference="NOI"), name="noise.mp4")
    house.looked_at(exhibit.id)
    return Ways.of(house, exhibit)


@pytest.fixture(scope="module")
def away(house: House) -> FastAPI:
    """Return an application whose store does not answer."""
    access = replace(house.services.addresses.intake, endpoint="http://127.0.0.1:9")
    vault = ObjectStore(access, house.services.vault.bucket, retention=None, clock=utc_now)
    return create_app(replace(house.services, vault=vault))


@pytest.fixture
def opened(house: House, monkeypatch: pytest.MonkeyPatch) -> list[ObjectStream]:
    """Return every stream that is opened of the store."""
    streams: list[ObjectStream] = []
    real = house.services.vault.open

    def noting(key: str, version: str, **part: Any) -> ObjectStream:  # noqa: ANN401 - a range
        streams.append(real(key, version, **part))
        return streams[-1]

    monkeypatch.setattr(house.services.vault, "open", noting)
    return streams


def let_go(streams: list[ObjectStream]) -> bool:
    """Tell whether the store has every connection back."""
    return bool(streams) and all(stream._body is None for stream in streams)


@pytest.mark.parametrize("name", ALL)
def test_the_answer_says_what_it_is_and_how_to_go_on_later(ways: Ways, name: str) -> None:
    way = ways.to(name)
    got = way.ask()
    digest = base64.b64encode(bytes.fromhex(way.sha256)).decode()
    assert (got.status, got.sha256, got.ended) == (200, way.sha256, True)
    expected = {
        "accept-ranges": "bytes",
        "cache-control": "no-store, no-transform",
        "content-length": str(way.size),
        "content-type": way.media_type,
        "etag": f'"{way.sha256}"',
        "repr-digest": f"sha-256=:{digest}:",
        "x-accel-buffering": "no",
        "x-content-type-options": "nosniff",
    }
    if way.filename:
        expected["content-disposition"] = f'attachment; filename="{way.filename}"'
    assert {header: got.headers.get(header) for header in expected} == expected
    assert "last-modified" in got.headers
    assert "content-security-policy" in got.headers
    assert "content-encoding" not in way.ask({"accept-encoding": "gzip, br"}).headers


@pytest.mark.parametrize("name", GETS)
def test_a_head_says_the_same_and_gives_nothing(ways: Ways, name: str) -> None:
    way = ways.to(name)
    head, got = way.ask(method="HEAD"), way.ask()
    assert (head.status, head.content, head.headers) == (200, b"", got.headers)
    assert way.ask({"range": "bytes=5-9"}, method="HEAD").status == 200


@pytest.mark.parametrize("name", GETS)
def test_one_range_is_given_and_whatever_is_none_is_the_whole(ways: Ways, name: str) -> None:
    way = ways.to(name)
    data, size = way.ask().content, way.size

    def part(asked: str, since: str = f'"{way.sha256}"') -> tuple[int, bytes, str]:
        got = way.ask({"range": asked, "if-range": since})
        assert int(got.headers["content-length"]) == len(got.content)
        return got.status, got.content, got.headers.get("content-range", "")

    assert part("bytes=0-") == (206, data, f"bytes 0-{size - 1}/{size}")
    assert part("bytes=10-19") == (206, data[10:20], f"bytes 10-19/{size}")
    assert part(f"bytes=10-{size + 5}") == (206, data[10:], f"bytes 10-{size - 1}/{size}")
    assert part(f"bytes={size - 1}-") == (206, data[-1:], f"bytes {size - 1}-{size - 1}/{size}")
    assert part("bytes=-5") == (206, data[-5:], f"bytes {size - 5}-{size - 1}/{size}")
    assert part(f"bytes=-{size + 5}") == (206, data, f"bytes 0-{size - 1}/{size}")
    assert part(f"bytes={size}-") == (416, b"", f"bytes */{size}")
    assert part("bytes=-0") == (416, b"", f"bytes */{size}")
    for whole in ("bytes=0-1,5-6", "bytes=9-3", "bytes=x-", "lines=1-2"):
        assert part(whole) == (200, data, "")
    assert part("bytes=0-9", '"another"') == (200, data, "")


@pytest.mark.parametrize("name", GETS)
def test_conditions_are_met_or_said_not_to_be(ways: Ways, name: str) -> None:
    way = ways.to(name)
    made = way.ask(method="HEAD").headers["last-modified"]
    for asked, status in (
        ({"if-none-match": f'"{way.sha256}"'}, 304),
        ({"if-none-match": f'W/"{way.sha256}"'}, 304),
        ({"if-none-match": '"another"'}, 200),
        ({"if-modified-since": made}, 304),
        ({"if-match": '"another"'}, 412),
        ({"if-match": f'"{way.sha256}"'}, 200),
        ({"if-unmodified-since": "Fri, 20 Nov 2020 14:03:00 GMT"}, 412),
        ({"if-range": made, "range": "bytes=0-0"}, 206),
    ):
        got = way.ask(asked)
        assert got.status == status, asked
        assert got.headers["etag"] == f'"{way.sha256}"'
        assert bool(got.content) == (status in {200, 206})


def test_a_form_asks_for_the_whole_whatever_else_it_says(ways: Ways) -> None:
    way = ways.to("staff")
    got = way.ask({"range": "bytes=5-9", "if-none-match": f'"{way.sha256}"'})
    assert (got.status, got.sha256) == (200, way.sha256)


@pytest.mark.parametrize("name", [name for name in LARGE if name in GETS])
def test_what_was_cut_goes_on_where_it_stopped(ways: Ways, name: str) -> None:
    way = ways.to(name)
    first = way.ask(leave_after=MIB)
    assert 0 < len(first.content) < way.size
    rest = way.ask({"range": f"bytes={len(first.content)}-", "if-range": first.headers["etag"]})
    assert rest.status == 206
    first.content += rest.content
    assert first.sha256 == way.sha256


@pytest.mark.parametrize("name", LARGE)
def test_whoever_goes_away_leaves_no_connection_behind(
    ways: Ways, name: str, opened: list[ObjectStream]
) -> None:
    got = ways.to(name).ask(leave_after=0)
    assert not got.ended
    assert let_go(opened)


@pytest.mark.parametrize("name", LARGE)
def test_who_still_may_gets_all_of_it_however_long_it_takes(ways: Ways, name: str) -> None:
    way = ways.to(name)
    got = way.ask(meanwhile=way.clock.on)
    assert way.clock.ahead >= 3 * LOOK_AGAIN
    assert (got.ended, got.sha256) == (True, way.sha256)


@pytest.mark.parametrize(("name", "end", "status"), ENDS)
def test_what_is_taken_away_ends_at_once_and_never_as_if_whole(
    house: House, ways: Ways, name: str, end: str, status: int, opened: list[ObjectStream]
) -> None:
    way = (ways.sealed_again() if end in {"revoked", "expired"} else ways).to(name)
    opened.clear()
    refusals = house.refusals()
    ended: list[str] = []

    def meanwhile() -> None:
        if not ended:
            way.ends[end]()
            ended.append(end)
        way.clock.on()

    got = way.ask(meanwhile=meanwhile)
    assert got.status == 200
    assert len(got.content) == MIB, "the piece that was under way, and no other"
    assert len(got.content) < way.size
    assert not got.ended
    assert let_go(opened)
    # Of somebody we know, as everywhere.
    assert house.refusals() - refusals == (end == "role lost")
    refused = way.ask()
    assert refused.status == status
    assert len(refused.content) < 20_000
    assert len(opened) == 1


@pytest.mark.parametrize("name", ["staff", "api"])
def test_only_bytes_that_leave_are_recorded_and_each_time_that_they_are_begun(
    house: House, ways: Ways, name: str, opened: list[ObjectStream], away: FastAPI
) -> None:
    again = ways.sealed_again()
    way, row = again.to(name), again.box.release
    opened.clear()
    asked: list[Callable[[], object]] = []
    if way.method == "GET":
        asked = [
            lambda: way.ask(method="HEAD"),
            lambda: way.ask({"if-none-match": f'"{way.sha256}"'}),
            lambda: way.ask({"range": f"bytes={way.size}-"}),
        ]
    asked.append(lambda: way.ask(app=away))
    for ask in asked:
        ask()
        assert _taken(house, row) is None
    assert not opened
    way.ask({"range": "bytes=0-9"})
    first = _taken(house, row)
    assert first is not None
    assert _times(house, ways, row) == 1
    if way.method == "GET":
        way.ask({"range": "bytes=10-"})
        assert _times(house, ways, row) == 1
    way.ask()
    assert _taken(house, row) == first
    assert _times(house, ways, row) == 2


def test_a_recipient_s_download_is_recorded_when_it_begins(
    house: House, ways: Ways, away: FastAPI
) -> None:
    again = ways.sealed_again()
    way, row = again.to("recipient"), again.box.release
    way.ask(method="HEAD")
    way.ask({"if-none-match": f'"{way.sha256}"'})
    way.ask({"range": f"bytes={way.size}-"})
    way.ask(app=away)
    assert _times(house, ways, row) == 0
    assert way.ask({"range": "bytes=5-"}).status == 206
    assert way.ask({"range": "bytes=1-2"}).status == 206
    assert _times(house, ways, row) == 1
    assert way.ask().sha256 == way.sha256
    assert _times(house, ways, row) == 2


@pytest.mark.parametrize("name", ["footage", "contact_sheet"])
def test_a_view_is_shown_and_not_saved(
    house: House, ways: Ways, name: str, opened: list[ObjectStream]
) -> None:
    way = ways.to(name)
    views = _events(house, "exhibit.viewed")
    assert views >= 1
    for kind in ("document", "empty", "iframe", "object", "embed", ""):
        assert way.ask({"sec-fetch-dest": kind}).status == 409
    assert not opened
    for kind in ("video", "audio", "image"):
        assert way.ask({"sec-fetch-dest": kind}).sha256 == way.sha256


@pytest.mark.parametrize("name", ALL)
def test_a_store_that_is_away_is_said_at_once(ways: Ways, name: str, away: FastAPI) -> None:
    way = ways.to(name)
    began = time.monotonic()
    got = way.ask(app=away)
    assert time.monotonic() - began < 30
    assert got.status == 503
    assert int(got.headers["retry-after"]) > 0


def _times(house: House, ways: Ways, row: ReleaseRow) -> int:
    released = [
        values for event, values in house.events(ways.exhibit.id) if event == "exhibit.released"
    ]
    return sum(values["release"] == str(row.id) for values in released)


def _taken(house: House, row: ReleaseRow) -> object:
    return house.look(lambda s: s.get_one(ReleaseRow, row.id).taken_at)


def _events(house: House, event: str) -> int:
    statement = select(func.count()).where(col(CustodyEventRow.event) == event)
    return house.look(lambda s: s.exec(statement).one())
