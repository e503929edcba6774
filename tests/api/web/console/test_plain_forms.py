"""Plain forms: what they bring is bounded in number and size, and so is how many come at once."""

import tracemalloc
from collections.abc import Callable
from functools import partial
from typing import Any

import anyio
import pytest

from api.app import create_app
from api.bounds import lanes
from api.bounds.bodies import Bounds
from api.web.console.intake.files import FILES, MOST_FILES, NEW
from evidence.people.access import Role
from tests.api.test_bodies import call, feed, piece
from tests.api.web.visiting import Visitor, hidden_fields
from tests.houses import House

Opens = Callable[..., Visitor]
MIB = 1 << 20


@pytest.fixture
def operator(browser: Opens) -> Visitor:
    return browser(Role.OPERATOR)


def token(operator: Visitor) -> str:
    return hidden_fields(operator.get(NEW).text)["form_token"]


def multipart(*parts: tuple[str, bytes]) -> dict[str, Any]:
    """Return a body of parts: what follows the name of each, and its content."""
    body = b"".join(
        b"--b\r\nContent-Disposition: form-data; name=%s\r\n\r\n%s\r\n" % (words.encode(), content)
        for words, content in parts
    )
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    return {"content": body + b"--b--\r\n", "headers": headers}


def test_a_form_without_files_holds_no_more_than_its_fields_need(operator: Visitor) -> None:
    bloated = multipart(*[(f'"f{n}"', bytes(MIB)) for n in range(64)])
    tracemalloc.start()
    try:
        answer = operator.post(FILES, **bloated)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert answer.status_code == 400
    # The client in this process holds the body, and what it is sent in; we, next to nothing.
    assert most < 16 * MIB


@pytest.mark.parametrize(
    "parts",
    [
        [(f'"f{n}"', b"x") for n in range(200)],
        [('"form_token"', b"x" * 5000)],
        [(f'"file"; filename="{n}.mp4"', b"x") for n in range(MOST_FILES + 1)],
        [('"file"; filename="a.mp4"\r\nX-Long: ' + "x" * 9000, b"x")],
        [('"file"; filename="a.mp4"' + "\r\nX: y" * 50, b"x")],
    ],
    ids=["many fields", "a long field", "many files", "a long header", "many headers"],
)
def test_what_no_page_of_ours_sends_is_refused(
    operator: Visitor, parts: list[tuple[str, bytes]]
) -> None:
    assert operator.post(FILES, **multipart(*parts)).status_code == 400


@pytest.mark.parametrize(
    "path", [f"{NEW}/remove", f"{NEW}/details", "/sign-out", "/console/releases"]
)
def test_no_other_form_takes_a_file(operator: Visitor, path: str) -> None:
    sent = multipart(('"file"; filename="a.mp4"', b"x"))
    assert operator.post(path, **sent).status_code == 400


def test_as_many_files_as_a_form_may_bring_are_taken_in(operator: Visitor) -> None:
    files = [("file", (f"{n}.mp4", b"clip %d" % n, "video/mp4")) for n in range(MOST_FILES)]
    answer = operator.post(FILES, {"form_token": token(operator)}, files=files)
    assert (answer.status_code, answer.headers["location"]) == (303, NEW)


def test_forms_beyond_the_limit_are_told_to_come_back(operator: Visitor) -> None:
    left = lanes.FORMS.left
    for _ in range(left):
        lanes.FORMS.enter()
    try:
        answer = operator.post(FILES, {"form_token": "x"}, files={"file": ("a", b"x")})
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "30"
        assert "Too many files are sent by forms" in answer.text
        assert operator.get(NEW).status_code == 200
    finally:
        for _ in range(left):
            lanes.FORMS.leave()
    assert operator.post(FILES, {"form_token": "x"}).status_code != 503
    assert lanes.FORMS.left == left


def test_a_form_that_stops_to_come_is_told_so_and_keeps_no_place(
    house: House, browser: Opens, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.bounds.guard.Bounds", partial(Bounds, silent_s=0.3))
    cookies = browser(Role.OPERATOR).cookies.items()
    headers = {
        "cookie": "; ".join(f"{name}={value}" for name, value in cookies),
        "content-type": "multipart/form-data; boundary=b",
        "content-length": "9999",
        "sec-fetch-site": "same-origin",
    }
    begun = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.mp4"\r\n\r\nhalf'
    left = lanes.FORMS.left
    app = create_app(house.services)
    sent = anyio.run(partial(call, app, FILES, feed([piece(begun)]), headers))
    assert sent[0]["status"] == 408
    assert b"This took too long to arrive" in sent[1]["body"]
    assert lanes.FORMS.left == left
