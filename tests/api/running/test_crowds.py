"""200 slow clients of each kind at once, and everybody else is answered all the same."""

import socket
from collections import Counter
from collections.abc import Mapping

from api import lanes
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
        poll(lambda: told(crowd)["reads nothing"] == {OK: EACH})
        poll(lambda: told(crowd)["half an upload"][BUSY] == EACH - lanes.UPLOADS.left)
        for path in PAGES:
            assert web.ask(path)[0] == 200, path
        heard = told(crowd)
    assert heard["half a form"] == heard["half a call"] == {b"waits": EACH}
    assert heard["half an upload"][b"waits"] == lanes.UPLOADS.left
    assert heard["signs in"][BUSY] + heard["signs in"][b"waits"] == EACH
    assert set(heard["half a head"]) <= {b"waits", LATE}
    assert set(heard["silent"]) <= {b"waits", b""}
