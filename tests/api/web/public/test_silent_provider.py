"""An identity provider that is silent, or drips, holds up whoever signs in, and nobody else."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import anyio
import anyio.to_thread
import pytest
from fastapi import FastAPI
from joserfc.jwk import RSAKey

from api.app import create_app
from api.bounds import lanes
from api.denials import BusyError, NotSignedInError
from api.settings.facts import SignIn
from api.signin import asking as speaking
from api.signin.provider import Dance, IdentityProvider
from storage.errors import UnavailableError
from tests.api.served import heard, served, wire
from tests.api.web.standing import LyingProvider, lying_provider
from tests.houses import House
from tests.polling import PATIENCE_S, poll
from tests.servers import Answer, Asked, web_server

CALLBACK = "http://127.0.0.1:8000/sign-in/callback"
ASK = b"GET %s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


@contextmanager
def silent() -> Iterator[str]:
    """Listen, take connections, and never say a word."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        yield f"http://127.0.0.1:{door.getsockname()[1]}"


@contextmanager
def dripping(piece: bytes) -> Iterator[str]:
    """Answer each request with the same piece again and again, and never end."""
    stop = threading.Event()
    threads: list[threading.Thread] = []

    def drip(connection: socket.socket) -> None:
        with connection:
            try:
                connection.sendall(b"HTTP/1.1 200 OK\r\n")
                while not stop.wait(0.02):
                    connection.sendall(piece)
            except OSError:
                return

    def accept(door: socket.socket) -> None:
        while True:
            try:
                connection, _ = door.accept()
            except OSError:
                return
            threads.append(threading.Thread(target=drip, args=(connection,)))
            threads[-1].start()

    door = socket.create_server(("127.0.0.1", 0))
    opener = threading.Thread(target=accept, args=(door,))
    opener.start()
    try:
        yield f"http://127.0.0.1:{door.getsockname()[1]}"
    finally:
        stop.set()
        door.shutdown(socket.SHUT_RDWR)
        door.close()
        opener.join()
        for thread in threads:
            thread.join()


def client_of(issuer: str) -> IdentityProvider:
    return IdentityProvider(SignIn(issuer, "custos", "secret"), callback=CALLBACK)


def app_of(house: House, issuer: str) -> FastAPI:
    return create_app(replace(house.services, provider=client_of(issuer)))


def test_sixty_who_wait_for_a_silent_provider_hold_up_nobody(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(speaking, "DEADLINE_S", PATIENCE_S)
    with ExitStack() as stack:
        with silent() as issuer:
            port = stack.enter_context(served(app_of(house, issuer)))
            waiting = [stack.enter_context(wire(port, ASK % b"/sign-in")) for _ in range(60)]
            for path in (b"/healthz", b"/", b"/collect/x", b"/api/v1/exhibits"):
                with wire(port, ASK % path) as other:
                    assert heard(other)[:12] in {b"HTTP/1.1 200", b"HTTP/1.1 401"}
            assert lanes.PROVIDER.left == 0, "some of them wait all this time"
        # The provider goes: those who waited are told, too.
        answers = [heard(one) for one in waiting]
        assert all(answer.startswith(b"HTTP/1.1 503 ") for answer in answers)
        assert all(b"retry-after: 30" in answer for answer in answers)
        assert all(b"Signing in does not work just now" in answer for answer in answers)
    assert lanes.PROVIDER.left == 4


def test_whoever_comes_while_four_wait_is_told_at_once() -> None:
    with silent() as issuer:
        provider = client_of(issuer)

        async def work() -> None:
            async with anyio.create_task_group() as group:
                for _ in range(4):
                    group.start_soon(begin, provider)
                await anyio.to_thread.run_sync(poll, lambda: lanes.PROVIDER.left == 0)
                with pytest.raises(BusyError):
                    await provider.begin()
                group.cancel_scope.cancel()

        anyio.run(work)
    assert lanes.PROVIDER.left == 4


async def begin(provider: IdentityProvider) -> None:
    await provider.begin()


@pytest.mark.parametrize("piece", [b"X-A: b\r\n", b"x", b"\r\n{", b"\r\n" + b" " * 100_000])
def test_a_provider_that_drips_or_never_ends_has_one_deadline(
    monkeypatch: pytest.MonkeyPatch, piece: bytes
) -> None:
    monkeypatch.setattr(speaking, "DEADLINE_S", 0.5)
    with dripping(piece) as issuer, pytest.raises(UnavailableError):
        anyio.run(client_of(issuer).begin)


ODD = [b"", b"[]", b"null", b"7", b"{", b"\xff\xfe", b"[" * 100_000, b"{}", b'{"issuer":7}']


@pytest.mark.parametrize("said", ODD)
@pytest.mark.parametrize("status", [200, 302, 404, 500])
def test_odd_words_of_a_provider_are_no_metadata(status: int, said: bytes) -> None:
    def reply(_asked: Asked) -> Answer:
        return Answer(status, said, {"Location": "http://127.0.0.1:9/"})

    with (
        web_server(reply) as issuer,
        pytest.raises((UnavailableError, NotSignedInError)),
    ):
        anyio.run(client_of(issuer).begin)


@pytest.fixture
def provider() -> Iterator[LyingProvider]:
    with lying_provider() as served_provider:
        yield served_provider


def signed_in(client: IdentityProvider, provider: LyingProvider) -> str:
    """Sign in; return whom the provider names."""

    async def work() -> str:
        url, dance = await client.begin()
        state = parse_qs(urlsplit(url).query)["state"][0]
        assert state == dance.state
        code = provider.authorise(url)
        return (await client.finish(dance, code=code, issuer=None)).subject

    return anyio.run(work)


def counting(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return what is asked of providers from now on."""
    asked: list[str] = []
    real = speaking.Asking._ask

    async def noting(self: Any, method: str, url: str, **more: Any) -> Any:  # noqa: ANN401
        asked.append(urlsplit(url).path)
        return await real(self, method, url, **more)

    monkeypatch.setattr(speaking.Asking, "_ask", noting)
    return asked


def test_what_a_provider_says_of_itself_and_its_keys_is_asked_once(
    provider: LyingProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, client = counting(monkeypatch), client_of(provider.issuer)
    client._sign_in = provider.sign_in
    for _ in range(3):
        assert signed_in(client, provider) == "248289761001"
    assert asked == ["/.well-known/openid-configuration", "/token", "/keys", "/token", "/token"]
    client._metadata._at -= 601
    client._keys._at -= 601
    assert signed_in(client, provider) == "248289761001"
    assert asked[5:] == ["/.well-known/openid-configuration", "/token", "/keys"]


def test_new_keys_of_a_provider_are_found_and_not_asked_for_without_end(
    provider: LyingProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, client = counting(monkeypatch), client_of(provider.issuer)
    client._sign_in = provider.sign_in
    signed_in(client, provider)
    provider.key = RSAKey.generate_key(2048)
    with pytest.raises(NotSignedInError):
        signed_in(client, provider)  # the keys are of a moment ago
    assert asked.count("/keys") == 1
    client._keys._at -= 11
    assert signed_in(client, provider) == "248289761001"
    assert asked.count("/keys") == 2
    provider.signed_by = RSAKey.generate_key(2048)
    for _ in range(3):
        with pytest.raises(NotSignedInError):
            signed_in(client, provider)
    assert asked.count("/keys") == 2


def test_with_what_is_kept_a_sign_in_begins_while_the_provider_is_silent(
    provider: LyingProvider,
) -> None:
    client = client_of(provider.issuer)
    client._sign_in = provider.sign_in
    signed_in(client, provider)
    for _ in range(4):
        lanes.PROVIDER.enter()
    try:
        url, dance = anyio.run(client.begin)
        assert url.startswith(provider.issuer)
        with pytest.raises(BusyError):
            anyio.run(finish(client, dance))
    finally:
        for _ in range(4):
            lanes.PROVIDER.leave()
    poll(lambda: lanes.PROVIDER.left == 4)


def finish(client: IdentityProvider, dance: Dance) -> Callable[[], Any]:
    async def work() -> None:
        await client.finish(dance, code="x", issuer=None)

    return work
