"""Calls to other people's systems: by a real server here, and a resolver that says what we like."""

import socket
import ssl
import threading
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from api.outbound.webhooks import Caller
from api.times import utc_now
from evidence.requests.notices.targets import Target, parse_target
from storage.embedded.weed.certificates import issue_node_certificate
from tests.servers import Answer, Asked, web_server

BODY = b'{"number":1}'


def resolver(*addresses: str) -> tuple[Callable[[str, int], Awaitable[Sequence[str]]], list[str]]:
    """Return a resolver, and what it was asked for."""
    asked: list[str] = []

    async def resolve(host: str, port: int) -> Sequence[str]:
        asked.append(f"{host}:{port}")
        if not addresses:
            raise socket.gaierror(socket.EAI_NONAME, "unknown")
        return addresses

    return resolve, asked


def local(origin: str, path: str = "/hook") -> Target:
    port = origin.rpartition(":")[2]
    return parse_target(f"http://localhost:{port}{path}", local=True)


def test_a_call_reaches_the_address_that_was_checked_under_its_own_name() -> None:
    heard: list[Asked] = []

    def reply(asked: Asked) -> Answer:
        heard.append(asked)
        return Answer(204)

    resolve, names = resolver("127.0.0.1")
    with web_server(reply) as origin:
        target = local(origin, "/hook?a=b")
        answered = Caller(resolve=resolve)(target, BODY, {"Custos-Signature": "t=1,v1=x"})
    assert (answered.taken, answered.words) == (True, "it answered 204")
    (asked,) = heard
    assert (asked.method, asked.path, asked.body) == ("POST", "/hook?a=b", BODY)
    assert asked.headers["Host"] == target.named
    assert asked.headers["Custos-Signature"] == "t=1,v1=x"
    assert names == [target.named], "it is looked up once, and so cannot be another one then"


def test_the_next_address_is_tried_where_nobody_answers() -> None:
    resolve, _ = resolver("127.0.0.2", "127.0.0.1")
    with web_server(lambda _: Answer(200)) as origin:
        assert Caller(resolve=resolve)(local(origin), BODY, {}).taken


def test_a_name_that_leads_within_is_not_called() -> None:
    target = parse_target("https://claims.example/", local=False)
    for addresses in (("10.0.0.1",), ("8.8.8.8", "169.254.169.254"), ("127.0.0.1",)):
        answered = Caller(resolve=resolver(*addresses)[0])(target, BODY, {})
        assert not answered.taken
        assert answered.words == "its name leads to no public address"
    assert Caller(resolve=resolver()[0])(target, BODY, {}).words == "its name is not known"
    odd = parse_target("https://claims..example/", local=False)
    assert Caller()(odd, BODY, {}).words == "its name is not known"


def test_no_redirect_is_followed_and_no_error_is_taken() -> None:
    heard: list[str] = []

    def reply(asked: Asked) -> Answer:
        heard.append(asked.path)
        there = {"Location": "/elsewhere"}
        return Answer(307, headers=there) if asked.path == "/hook" else Answer(500, b"x" * 100)

    resolve, _ = resolver("127.0.0.1")
    with web_server(reply) as origin:
        call = Caller(resolve=resolve)
        assert call(local(origin), BODY, {}).words == "it answered 307"
        assert not call(local(origin, "/error"), BODY, {}).taken
    assert heard == ["/hook", "/error"]
    assert "cannot be reached" in call(local(origin), BODY, {}).words, "nobody is there any more"


@contextmanager
def dripping() -> Iterator[str]:
    """Serve a head that never ends, a byte now and then."""
    ended = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip() -> None:
            peer, _ = server.accept()
            with peer:
                peer.sendall(b"HTTP/1.1 200 OK\r\n")
                while not ended.wait(0.02):
                    try:
                        peer.sendall(b"x")
                    except OSError:
                        return

        thread = threading.Thread(target=drip)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}"
        finally:
            ended.set()
            thread.join()


def test_who_drips_an_answer_holds_nobody() -> None:
    resolve, _ = resolver("127.0.0.1")
    with dripping() as origin:
        answered = Caller(resolve=resolve, deadline_s=0.2)(local(origin), BODY, {})
    assert answered.words == "it did not answer within 0.2 seconds"


def test_the_certificate_must_be_that_of_the_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    made = issue_node_certificate(utc_now())  # for localhost
    kept = tmp_path / "node.pem"
    kept.write_bytes(made.certificate + made.key)
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(kept)
    believed = ssl.create_default_context(cadata=made.authority.decode())
    monkeypatch.setattr("api.outbound.webhooks.is_allowed", lambda *_: True)
    resolve, _ = resolver("127.0.0.1")
    call = Caller(resolve=resolve, trusted=lambda: believed)
    with web_server(lambda _: Answer(200), tls=serving) as origin:
        port = origin.rpartition(":")[2]
        for host, taken in (("localhost", True), ("claims.example", False)):
            target = parse_target(f"https://{host}:{port}/", local=False)
            assert call(target, BODY, {}).taken == taken
