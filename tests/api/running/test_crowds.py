"""200 slow clients of each kind at once, and everybody else is answered all the same."""

import socket
from collections import Counter
from collections.abc import Mapping

from tests.crowds import EACH, PAGES, crowded
from tests.houses import House
from tests.polling import poll

OK, LATE, BUSY = b"HTTP/1.1 200", b"HTTP/1.1 408", b"HTTP/1.1 503"


def first_word(client: socket.socket) -> bytes:
    """Return what a client was told so far, without waiting."""
    client.setblocking(False)
    try:
        return client.recv(12, socket.MSG_PEEK)
    except BlockingIOError:
        return b"waits"
    except ConnectionResetError:
        return b""


def told(crowd: Mapping[str, list[socket.socket]]) -> dict[str, Counter[bytes]]:
    """Return what each kind was told so far."""
    return {kind: Counter(first_word(one) for one in clients) for kind, clients in crowd.items()}


def test_pages_and_health_answer_while_200_of_each_kind_hold(house: House) -> None:
    with crowded(house) as web, web.crowd() as crowd:
        for path in PAGES:
            assert web.ask(path)[0] == 200, path
        poll(lambda: all(first_word(one) != b"waits" for one in crowd["reads nothing"]), pause=0.2)
        poll(lambda: BUSY in map(first_word, crowd["half an upload"]), pause=0.2)
        for path in PAGES:
            assert web.ask(path)[0] == 200, path
        heard = told(crowd)
    # On a machine that is busy enough some are told meanwhile that they are late: none is dropped
    # without the word that its bound asks for, and nobody gets an error of ours.
    for kind in ("half a form", "half a call", "half a head"):
        assert set(heard[kind]) <= {b"waits", LATE}, kind
    assert set(heard["half an upload"]) <= {b"waits", LATE, BUSY}
    assert set(heard["reads nothing"]) <= {OK, b""}
    assert set(heard["signs in"]) <= {b"waits", BUSY}
    assert set(heard["silent"]) <= {b"waits", b""}
    assert all(kind.total() == EACH for kind in heard.values())
