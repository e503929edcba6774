"""Every page comes from us alone, and says so to the browser."""

import hashlib
from collections.abc import Callable

import pytest

from api.web.pages import STATIC
from tests.api.web.visiting import Visitor

Opens = Callable[..., Visitor]


def test_a_page_that_is_not_there_says_so_as_a_page(browser: Opens) -> None:
    answer = browser().get("/nowhere")
    assert answer.status_code == 404
    assert "Page not found" in answer.text
    assert answer.headers["content-type"].startswith("text/html")


def test_a_call_that_is_not_there_says_so_as_a_problem(browser: Opens) -> None:
    answer = browser().get("/api/v1/nowhere")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


def test_no_page_may_load_anything_but_our_own(browser: Opens) -> None:
    said = browser().get("/nowhere").headers
    policy = said["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self';")
    assert "unsafe" not in policy
    assert said["x-content-type-options"] == "nosniff"
    assert said["referrer-policy"] == "same-origin"
    assert said["cache-control"] == "no-store"


@pytest.mark.parametrize("name", ["vendor/custos.css", "early.js", "start.js", "mark.svg"])
def test_what_is_asked_for_by_its_digest_may_be_kept(browser: Opens, name: str) -> None:
    answer = browser().get(f"/static/{name}?v=1")
    assert answer.status_code == 200
    assert "immutable" in answer.headers["cache-control"]


@pytest.mark.parametrize("name", ["../pages.py", "%2e%2e/pages.py", "vendor/../../pages.py", ""])
def test_nothing_else_is_handed_out(browser: Opens, name: str) -> None:
    assert browser().get(f"/static/{name}").status_code in (404, 422)


def test_what_was_built_is_what_was_committed() -> None:
    listed = (STATIC / "vendor/SHA256SUMS").read_text("ascii").splitlines()
    assert len(listed) == len(list((STATIC / "vendor").iterdir())) - 1
    for line in listed:
        digest, name = line.split("  ")
        assert hashlib.sha256((STATIC / "vendor" / name).read_bytes()).hexdigest() == digest
