"""Whatever is sent, the answer is never that something went wrong that we did not foresee."""

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evidence.people.access import Role
from tests.api.asking import Web
from tests.api.routes.test_routes import EXHIBIT, NOWHERE, RELEASE

HAND = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
TEXTS = st.one_of(
    st.text(max_size=30),
    st.sampled_from(
        [
            "",
            " ",
            "\x00",
            "a\x00b",
            "\ufffe",
            "JS/1",
            "FZ",
            "FZ/99999999",
            "0001-01-01 00:00:00",
            "9999-12-31 23:59:59",
            "1970-01-01 00:00:00",
            "2026-10-25 01:30:00",
            "2026-03-29 01:30:00+14:00",
            "a@b.c",
            "a@b.c\r\nBcc: d@e.f",
            "BAR-7K4M-2XQ9-J",
            "BAR-7K4M-2XQ9-J-R1",
            "..",
            "../../etc/passwd",
            "x" * 3000,
            "police",
            NOWHERE,
        ]
    ),
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=5,
)


def changed(body: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Return the body with some of its fields changed: mostly into texts, which get furthest."""
    return st.dictionaries(
        st.sampled_from([*body, "title", "method", "exported_at", "clock_checked_at", "urn"]),
        TEXTS | VALUES,
        min_size=1,
        max_size=3,
    ).map(lambda change: {**body, **change})


def never_unforeseen(web: Web, method: str, path: str, **more: Any) -> None:  # noqa: ANN401
    for role in (Role.OPERATOR, Role.RELEASER):
        answer = web.ask(method, path, role, **more)
        assert answer.status_code < 500, (path, more, answer.text)


@HAND
@given(body=changed(EXHIBIT))
def test_no_exhibit_that_anybody_sends_is_unforeseen(web: Web, body: dict[str, Any]) -> None:
    upload = web.ask("POST", "/uploads", Role.OPERATOR, content=b"").json()["upload"]
    if body.get("files") == EXHIBIT["files"]:
        body = {**body, "files": [{"upload": upload, "name": "a.mp4"}]}
    never_unforeseen(web, "POST", "/exhibits", json=body)


@HAND
@given(name=TEXTS)
def test_no_name_of_a_file_is_unforeseen(web: Web, name: str) -> None:
    upload = web.ask("POST", "/uploads", Role.OPERATOR, content=b"").json()["upload"]
    body = {**EXHIBIT, "files": [{"upload": upload, "name": name}]}
    never_unforeseen(web, "POST", "/exhibits", json=body)


@HAND
@given(body=changed(RELEASE))
def test_no_release_that_anybody_sends_is_unforeseen(web: Web, body: dict[str, Any]) -> None:
    never_unforeseen(web, "POST", "/releases", json=body)


@HAND
@given(body=VALUES, name=TEXTS)
def test_no_decision_that_anybody_sends_is_unforeseen(web: Web, body: object, name: str) -> None:
    quoted = "".join(f"%{byte:02X}" for byte in name.encode("utf-8", "surrogatepass"))
    for act in ("approval", "refusal", "seal"):
        never_unforeseen(web, "POST", f"/releases/{quoted}/{act}", json=body)
    never_unforeseen(web, "GET", f"/releases/{quoted}")
