"""Uploads: streamed, of any length, and never taken for more than what arrived."""

import hashlib
from collections.abc import AsyncIterator
from typing import Any

import anyio
import pytest
from sqlmodel import select
from starlette.types import Message

from api.app import create_app
from evidence.people.access import Role
from export.intake.tables import UploadRow
from tests.api.asking import Web
from tests.houses import House

MEBIBYTE = b"\x5a" * (1 << 20)


async def chunks(times: int) -> AsyncIterator[bytes]:
    for _ in range(times):
        yield MEBIBYTE


def stored(house: House, sha256: str) -> list[UploadRow]:
    return house.look(
        lambda s: list(s.exec(select(UploadRow).where(UploadRow.sha256 == sha256)).all())
    )


def test_bytes_are_stored_as_they_came_and_named_by_their_digest(house: House, web: Web) -> None:
    content = b"what the camera saw\x00\xff"
    answer = web.ask("POST", "/uploads", Role.OPERATOR, content=content)
    assert answer.status_code == 201
    body = answer.json()
    assert (body["size"], body["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
    (row,) = stored(house, body["sha256"])
    assert str(row.id) == body["upload"]
    kept = b"".join(house.services.vault.open(row.key, row.version))
    assert kept == content


def test_a_body_without_a_length_is_streamed_to_its_end(web: Web) -> None:
    digest = hashlib.sha256(MEBIBYTE * 9).hexdigest()
    answer = web.ask("POST", "/uploads", Role.OPERATOR, content=chunks(9))
    assert "content-length" not in answer.request.headers
    assert (answer.status_code, answer.json()["size"]) == (201, 9 << 20)
    assert answer.json()["sha256"] == digest


def test_nothing_at_all_can_be_taken_in(web: Web) -> None:
    answer = web.ask("POST", "/uploads", Role.OPERATOR, content=b"")
    assert (answer.status_code, answer.json()["size"]) == (201, 0)


@pytest.mark.parametrize("told", [5, 7, 1 << 40])
def test_another_length_than_was_announced_is_refused(house: House, web: Web, told: int) -> None:
    content = f"six by{told}"[:6].encode()
    answer = web.ask(
        "POST",
        "/uploads",
        Role.OPERATOR,
        content=content,
        headers={"Content-Length": str(told)},
    )
    assert answer.status_code in {422, 507}
    assert answer.headers["content-type"] == "application/problem+json"
    assert stored(house, hashlib.sha256(content).hexdigest()) == []


@pytest.mark.parametrize("told", ["-1", "six", "1e3", ""])
def test_what_is_no_length_is_refused(web: Web, told: str) -> None:
    answer = web.ask(
        "POST", "/uploads", Role.OPERATOR, content=b"x", headers={"Content-Length": told}
    )
    assert answer.status_code == 422


def test_more_than_there_is_room_for_is_refused_before_a_byte_is_taken(web: Web) -> None:
    answer = web.ask(
        "POST", "/uploads", Role.OPERATOR, content=b"x", headers={"Content-Length": str(1 << 60)}
    )
    assert answer.status_code == 507
    assert "there is no room" in answer.json()["detail"]


async def send_raw(house: House, messages: list[Message], headers: dict[str, str]) -> list[Message]:
    """Speak to the application as a server does, message by message."""
    answers: list[Message] = []

    async def each() -> AsyncIterator[Message]:
        for message in messages:
            yield message
        await anyio.sleep_forever()

    source = each()
    token = house.tokens[Role.OPERATOR]
    scope: dict[str, Any] = {
        "type": "http",
        "method": "POST",
        "path": "/api/v1/uploads",
        "raw_path": b"/api/v1/uploads",
        "query_string": b"",
        "headers": [
            (name.lower().encode(), value.encode())
            for name, value in {"authorization": f"Bearer {token}", **headers}.items()
        ],
    }

    async def receive() -> Message:
        return await anext(source)

    async def send(message: Message) -> None:
        answers.append(message)

    with anyio.fail_after(20):
        await create_app(house.services)(scope, receive, send)
    return answers


def test_an_upload_that_is_cut_off_is_recorded_nowhere(house: House) -> None:
    content = b"the first half of"
    messages: list[Message] = [
        {"type": "http.request", "body": content, "more_body": True},
        {"type": "http.disconnect"},
    ]
    for headers in ({}, {"content-length": "34"}):
        answers = anyio.run(send_raw, house, messages, headers)
        assert answers[0]["status"] == 422
        assert b"cut off" in answers[1]["body"]
    assert stored(house, hashlib.sha256(content).hexdigest()) == []


def test_an_empty_piece_in_the_middle_does_not_end_an_upload(house: House) -> None:
    messages: list[Message] = [
        {"type": "http.request", "body": b"one ", "more_body": True},
        {"type": "http.request", "body": b"", "more_body": True},
        {"type": "http.request", "body": b"two", "more_body": False},
    ]
    answers = anyio.run(send_raw, house, messages, {})
    assert answers[0]["status"] == 201
    assert hashlib.sha256(b"one two").hexdigest().encode() in answers[1]["body"]


def test_an_upload_belongs_to_one_exhibit(web: Web) -> None:
    upload = web.ask("POST", "/uploads", Role.OPERATOR, content=b"mine").json()["upload"]
    body = {
        "reference": "UP",
        "camera": "BAR-0017",
        "displayed_start": "2026-11-20 14:03:00",
        "displayed_end": "2026-11-20 14:05:00",
        "clock_offset_ms": 0,
        "files": [{"upload": upload, "name": "a.mp4"}],
    }
    assert web.ask("POST", "/exhibits", Role.OPERATOR, json=body).status_code == 201
    again = web.ask("POST", "/exhibits", Role.OPERATOR, json=body)
    assert (again.status_code, again.json()["title"]) == (409, "not in this state")
    twice = {**body, "files": body["files"] * 2}  # type: ignore[operator]
    assert web.ask("POST", "/exhibits", Role.OPERATOR, json=twice).status_code == 422
