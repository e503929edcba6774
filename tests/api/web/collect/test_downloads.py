"""The package on its way out: whole or in parts, revocable, in constant memory, never twice."""

import asyncio
import hashlib
import ssl
import time
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from http import HTTPStatus
from io import BytesIO
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.types import ASGIApp, Message

from api.app import create_app
from api.streams.transfers import LOOK_AGAIN, Transfer, Watched
from api.times import utc_now
from api.web.collect.limiter import Limit, Limiter
from evidence.errors import StateError
from export.delivery.packages import Package
from storage.errors import UnavailableError
from storage.objects.store import ObjectStore, ObjectStream, Patience
from tests.api.web.collect.recipients import Mailbox, at_the_package, mailbox
from tests.api.web.visiting import Visitor, visiting
from tests.houses import House
from tests.polling import PATIENCE_S

MIB = 1 << 20
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def box(house: House) -> Mailbox:
    """Return the mailbox of a recipient whose package is sealed."""
    return mailbox(house)


@pytest.fixture(scope="module")
def app(house: House) -> FastAPI:
    """Return an application in which one address may send as much as the tests need."""
    made = create_app(house.services)
    made.state.limiter = Limiter(Limit(most=100_000))
    return made


@pytest.fixture(scope="module")
def visitor(app: FastAPI, house: House) -> Iterator[Visitor]:
    with visiting(app, house) as one:
        yield one


@pytest.fixture(scope="module")
def address(visitor: Visitor, box: Mailbox) -> str:
    """Return the address of a download that this visitor may fetch."""
    return at_the_package(visitor, box)


@pytest.fixture(scope="module")
def whole(visitor: Visitor, address: str) -> bytes:
    """Return the package."""
    return bytes(visitor.get(address).content)


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let one download begin as often as these tests ask: its limit is that of test_links."""
    monkeypatch.setattr("export.delivery.collections.MOST_BEGUN", 10_000)


def test_the_answer_says_what_a_browser_needs_to_go_on_later(
    visitor: Visitor, address: str, whole: bytes, box: Mailbox
) -> None:
    said = visitor.get(address).headers
    digest = hashlib.sha256(whole).hexdigest()
    assert said["etag"] == f'"{digest}"'
    assert said["accept-ranges"] == "bytes"
    assert said["content-length"] == str(len(whole))
    assert said["content-type"] == "application/zip"
    assert f"{box.release.urn}-R1.zip" in said["content-disposition"]
    assert said["content-disposition"].startswith("attachment")
    assert said["repr-digest"].startswith("sha-256=:")
    assert said["cache-control"] == "no-store, no-transform"
    made = datetime.strptime(said["last-modified"], "%a, %d %b %Y %H:%M:%S GMT").replace(tzinfo=UTC)
    assert made <= utc_now()


def test_nobody_compresses_a_package(visitor: Visitor, address: str) -> None:
    answer = visitor.get(address, headers={"Accept-Encoding": "gzip, br"})
    assert "content-encoding" not in answer.headers


def test_a_head_says_the_same_and_gives_nothing(visitor: Visitor, address: str) -> None:
    head, got = visitor.head(address), visitor.get(address)
    assert head.status_code == 200
    assert head.content == b""
    assert dict(head.headers) == dict(got.headers)


def test_a_download_that_was_cut_goes_on_where_it_stopped(
    visitor: Visitor, address: str, whole: bytes
) -> None:
    middle = len(whole) // 3
    rest = visitor.get(
        address, headers={"Range": f"bytes={middle}-", "If-Range": f'"{_digest(whole)}"'}
    )
    assert rest.status_code == 206
    assert rest.headers["content-range"] == f"bytes {middle}-{len(whole) - 1}/{len(whole)}"
    assert whole[:middle] + rest.content == whole


def test_a_part_of_something_else_is_begun_anew(
    visitor: Visitor, address: str, whole: bytes
) -> None:
    headers = {"Range": "bytes=5-", "If-Range": '"another"'}
    assert visitor.get(address, headers=headers).content == whole
    assert visitor.get(address, headers={"If-Match": '"another"'}).status_code == 412


@given(
    first=st.integers(0, 10**7),
    last=st.one_of(st.none(), st.integers(0, 10**7)),
    junk=st.sampled_from(["", "", "", ",", ",1-2", "x", " ", "-"]),
)
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_any_range_gives_these_bytes_all_of_them_or_a_refusal(
    visitor: Visitor, address: str, whole: bytes, first: int, last: int | None, junk: str
) -> None:
    size = len(whole)
    asked = f"bytes={first % (2 * size)}-{'' if last is None else last % (2 * size)}{junk}"
    answer = visitor.get(address, headers={"Range": asked})
    if answer.status_code == 200:
        assert answer.content == whole
    elif answer.status_code == 206:
        said = answer.headers["content-range"].removeprefix("bytes ").partition("/")[0]
        start, end = (int(number) for number in said.split("-"))
        assert answer.content == whole[start : end + 1]
        assert start == first % (2 * size)
    else:
        assert answer.status_code == 416
        assert answer.headers["content-range"] == f"bytes */{size}"
        assert first % (2 * size) >= size


@pytest.mark.parametrize(
    "name",
    [
        "other.zip",
        "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
        "..%5c..%5cpasswd",
        "{name}%00.html",
        "{name}/",
        "{name}/x",
        "{lower}",
        "{name}%0d%0aSet-Cookie:%20a=b",
        "{name}%E2%80%AE",
        "",
    ],
)
def test_only_the_name_that_we_gave_is_there(visitor: Visitor, address: str, name: str) -> None:
    folder, _, right = address.rpartition("/")
    answer = visitor.get(f"{folder}/{name.format(name=right, lower=right.lower())}")
    assert answer.status_code == 404
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "change", [str.upper, lambda text: text.replace("-", ""), lambda text: f"urn:uuid:{text}"]
)
def test_a_download_has_one_address(
    visitor: Visitor, address: str, change: Callable[[str], str]
) -> None:
    start, download, name = address.rsplit("/", 2)
    assert visitor.get(f"{start}/{change(download)}/{name}").status_code == 404


def test_a_store_that_is_away_is_said_and_nothing_is_counted_twice(
    house: House, visitor: Visitor, address: str, whole: bytes
) -> None:
    nowhere = replace(house.services.addresses.intake, endpoint="http://127.0.0.1:9")
    # Whoever waited for a second try would outlast this test.
    patience = Patience(limit_s=3600, first_pause_s=3600, longest_pause_s=3600)
    vault = ObjectStore(
        nowhere, house.services.vault.bucket, retention=None, clock=utc_now, patience=patience
    )
    left = _downloads_left(visitor)
    with visiting(create_app(replace(house.services, vault=vault)), house) as other:
        other.cookies.update(visitor.cookies)
        answer = other.get(address)
        assert answer.status_code == 503
        assert int(answer.headers["retry-after"]) > 0
        assert "nothing was counted" in answer.text
        assert f'href="{address}"' in answer.text
    assert visitor.get(address).content == whole
    assert _downloads_left(visitor) == left


def _pinned(house: House) -> ssl.SSLContext:
    """Return what knows the store's authority of this start."""
    return ssl.create_default_context(cafile=house.services.addresses.intake.authority)


def test_where_browsers_reach_the_store_they_are_led_there_for_a_minute(
    house: House, visitor: Visitor, address: str, whole: bytes
) -> None:
    store = house.services.addresses.intake.endpoint
    public = replace(house.settings, s3_public_url=store)
    vault = ObjectStore(
        house.services.addresses.intake,
        house.services.vault.bucket,
        retention=None,
        public_url=store,
        clock=utc_now,
    )
    services = replace(house.services, settings=public, vault=vault)
    with visiting(create_app(services), house) as other:
        other.cookies.update(visitor.cookies)
        answer = other.get(address)
        assert answer.status_code == 302
        place = answer.headers["location"]
        assert place.startswith(f"{store}/")
        assert parse_qs(urlsplit(place).query)["X-Amz-Expires"] == ["60"]
        fetched = httpx.get(place, verify=_pinned(house))
        assert fetched.content == whole
        assert "attachment" in fetched.headers["content-disposition"]
        # A client that goes on at our address may follow no redirect, and a HEAD is not signed.
        assert other.get(address, headers={"Range": "bytes=5-9"}).content == whole[5:10]
        assert other.head(address).headers["content-length"] == str(len(whole))
        policy = answer.headers["content-security-policy"]
        assert f"form-action 'self' {store}" in policy


def test_the_store_gives_nothing_once_the_time_is_over(
    house: House, visitor: Visitor, address: str
) -> None:
    package = _package(house, visitor, address)
    place = house.services.vault.presign(
        package.key, package.version, seconds=1, filename=package.name
    )
    pinned, deadline = _pinned(house), time.monotonic() + PATIENCE_S
    while (status := httpx.get(place, verify=pinned).status_code) == 200:
        assert time.monotonic() < deadline, "the address still gives footage"
        time.sleep(0.2)
    assert status == 403


def test_a_large_package_is_never_in_memory(
    house: House, app: FastAPI, visitor: Visitor, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = 16 * MIB
    stored = house.services.vault.put_stream("tests/large", BytesIO(bytes(size)), size=size)
    package = replace(
        _package(house, visitor, address), key=stored.key, version=stored.version, size=size
    )
    monkeypatch.setattr(house.services.collections, "package", lambda *_, **__: package)
    seen = _Seen()
    tracemalloc.start()
    try:
        asyncio.run(_call(app, _scope(visitor, address), seen))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert seen.count == size
    assert peak < 6 * MIB, peak


def test_a_browser_that_goes_away_closes_the_stream(
    house: House, app: FastAPI, visitor: Visitor, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[ObjectStream] = []
    real = house.services.vault.open

    def noting(key: str, version: str, **part: Any) -> ObjectStream:  # noqa: ANN401 - a range
        opened.append(real(key, version, **part))
        return opened[-1]

    monkeypatch.setattr(house.services.vault, "open", noting)
    asyncio.run(_call(app, _scope(visitor, address), _Seen(leave_after=0)))
    assert len(opened) == 1
    assert opened[0]._body is None


class _Source:
    """Stands in for a stream of the store: two pieces, then what a test wants."""

    def __init__(self, ending: Exception | None = None) -> None:
        self._left = [b"one", b"two"]
        self._ending = ending
        self.closed = False

    def __next__(self) -> bytes:
        if self._left:
            return self._left.pop(0)
        raise self._ending or StopIteration

    def close(self) -> None:
        self.closed = True


def _watched(
    source: _Source, still: Callable[[], object], now: list[datetime] | None = None
) -> Watched:
    times = now or [NOON]
    return Watched(source, still, since=NOON, clock=lambda: times[0])


@pytest.mark.parametrize("late", [LOOK_AGAIN, -timedelta(hours=1)], ids=["on", "put back"])
def test_a_revocation_stops_a_download_that_is_under_way(late: timedelta) -> None:
    asked: list[int] = []
    now = [NOON]
    source = _Source()
    stream = _watched(source, lambda: asked.append(1), now)
    assert next(stream) == b"one"
    assert not asked
    now[0] = NOON + late

    def over() -> None:
        raise StateError("over")

    stream._still = over
    with pytest.raises(StateError):
        next(stream)


def test_what_was_long_in_coming_is_asked_about_before_its_first_byte() -> None:
    asked: list[int] = []
    stream = _watched(_Source(), lambda: asked.append(1), [NOON + LOOK_AGAIN])
    assert next(stream) == b"one"
    assert asked == [1]
    assert next(stream) == b"two"
    assert asked == [1]


@pytest.mark.parametrize("ending", [UnavailableError("away"), StateError("revoked")])
def test_a_stream_that_breaks_ends_too_early_and_not_as_if_whole(ending: Exception) -> None:
    source = _Source(ending)
    seen = _Seen()
    stream, headers = _watched(source, lambda: None), {"Content-Length": "9"}
    answer = Transfer(stream, HTTPStatus.OK, headers, media_type="x")
    asyncio.run(_call(answer, {"type": "http", "method": "GET"}, seen))
    assert seen.count == 6
    assert not seen.ended
    assert source.closed


def test_a_stream_is_closed_though_nobody_read_it() -> None:
    source = _Source()
    stream = _watched(source, lambda: None)
    answer = Transfer(stream, HTTPStatus.OK, {}, media_type="x")

    async def gone(_message: Message) -> None:
        raise OSError

    async def receive() -> Message:
        await asyncio.sleep(60)
        return {"type": "http.disconnect"}

    with pytest.raises(OSError):  # noqa: PT011 - the very one
        asyncio.run(answer({"type": "http", "method": "GET"}, receive, gone))
    assert source.closed


class _Seen:
    """A browser at the other end of the wire: counts, keeps nothing, and may go away."""

    def __init__(self, leave_after: int | None = None) -> None:
        self.count = 0
        self.ended = False
        self._leave_after = leave_after
        self._gone: asyncio.Event | None = None

    async def receive(self, sent: list[Message]) -> Message:
        if sent:
            return sent.pop(0)
        self._gone = self._gone or asyncio.Event()
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        if message["type"] != "http.response.body":
            return
        self.count += len(message.get("body", b""))
        self.ended = not message.get("more_body", False)
        if self._leave_after is not None and self.count > self._leave_after:
            assert self._gone is not None
            self._gone.set()
            await asyncio.sleep(0.05)  # a wire that nobody empties


async def _call(app: ASGIApp, scope: dict[str, Any], seen: _Seen) -> None:
    sent: list[Message] = [{"type": "http.request", "body": b"", "more_body": False}]
    if isinstance(app, Transfer):
        sent = []
    await app(scope, partial(seen.receive, sent), seen.send)


def _scope(visitor: Visitor, address: str) -> dict[str, Any]:
    cookies = "; ".join(f"{name}={value}" for name, value in visitor.cookies.items())
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": address,
        "raw_path": address.encode(),
        "query_string": b"",
        "headers": [(b"host", b"127.0.0.1:8000"), (b"cookie", cookies.encode())],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 8000),
    }


def _package(house: House, visitor: Visitor, address: str) -> Package:
    secret = str(visitor.cookies["custos_collection"])
    download = UUID(address.split("/")[-2])
    return house.look(
        lambda session: house.services.collections.package(session, secret, download, at=utc_now())
    )


def _downloads_left(visitor: Visitor) -> str:
    return visitor.get("/collect").text.partition("Downloads left")[2][:120]


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
