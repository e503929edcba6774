"""Uploads that break off and go on: what is acknowledged is there, and nothing else ever was."""

import base64
import hashlib
import threading
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import anyio
import pytest
from httpx import Response
from sqlmodel import func, select
from starlette.types import Message

from api.routes.tus import OFFSET_STREAM, Tus
from api.running.spooler import Spooler
from api.web.staff import COOKIE
from evidence.people.access import Role
from export.holdings.masters import Arrived
from export.intake.spool import SpoolFile
from export.intake.tables import ResumableSegmentRow, ResumableUploadRow, UploadRow
from export.intake.uploads import KEPT_FOR, MOST_BYTES, UploadState
from storage.errors import UnavailableError
from tests.api.asking import Web
from tests.houses import NEW, House

PATH = "/api/v1/resumable"
TUS = {"Tus-Resumable": "1.0.0"}
CONTENT = b"what the camera saw, in order: " + bytes(range(256)) * 8


def metadata(name: str) -> str:
    return f"filename {base64.b64encode(name.encode()).decode()},filetype dmlkZW8vbXA0"


def begin(web: Web, length: int = len(CONTENT), *, name: str = "ch03.mp4", **more: Any) -> Response:  # noqa: ANN401
    said = {"Upload-Length": str(length), "Upload-Metadata": metadata(name)}
    headers = {**TUS, **said, **more.pop("headers", {})}
    return web.ask("POST", PATH, more.pop("role", Role.OPERATOR), headers=headers, **more)


def begun(web: Web, length: int = len(CONTENT), **more: Any) -> str:  # noqa: ANN401
    answer = begin(web, length, **more)
    assert answer.status_code == 201, answer.text
    return str(answer.headers["location"])


def patch(web: Web, where: str, offset: int, content: Any, **headers: str) -> Response:  # noqa: ANN401
    said = {**TUS, "Upload-Offset": str(offset), "Content-Type": OFFSET_STREAM, **headers}
    return web.ask("PATCH", where, Role.OPERATOR, headers=said, content=content)


def offset_of(web: Web, where: str) -> int:
    answer = web.ask("HEAD", where, Role.OPERATOR, headers=TUS)
    assert answer.status_code == 200, answer.text
    return int(answer.headers["upload-offset"])


def shown(web: Web, where: str) -> dict[str, Any]:
    answer = web.ask("GET", where, Role.OPERATOR)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def identifier(where: str) -> UUID:
    return UUID(where.rpartition("/")[2])


def spooled(house: House, where: str) -> Path:
    return house.settings.spool / str(identifier(where))


def row_of(house: House, where: str) -> ResumableUploadRow:
    return house.look(lambda s: s.get_one(ResumableUploadRow, identifier(where)))


def uploads_of(house: House, content: bytes) -> list[UploadRow]:
    digest = hashlib.sha256(content).hexdigest()
    return house.look(
        lambda s: list(s.exec(select(UploadRow).where(UploadRow.sha256 == digest)).all())
    )


def complete(web: Web, content: bytes, **more: Any) -> str:  # noqa: ANN401
    where = begun(web, len(content), **more)
    assert patch(web, where, 0, content).status_code == 204
    return where


def unique(size: int = 1000) -> bytes:
    return uuid4().bytes * (size // 16)


# What tus 1.0 asks


def test_a_file_goes_up_in_one_request_and_is_in_the_vault(house: House, web: Web) -> None:
    content = unique()
    where = complete(web, content)
    assert where.startswith(f"{PATH}/")
    assert shown(web, where)["state"] == "complete"
    assert Spooler(house.services).turn(house.services.clock())
    told = shown(web, where)
    assert (told["state"], told["name"]) == ("stored", "ch03.mp4")
    assert told["sha256"] == hashlib.sha256(content).hexdigest()
    (row,) = uploads_of(house, content)
    assert told["upload"] == str(row.id)
    assert b"".join(house.services.vault.open(row.key, row.version)) == content
    assert not spooled(house, where).exists()
    assert offset_of(web, where) == len(content)


def test_a_file_goes_on_where_it_broke_off(house: House, web: Web) -> None:
    content = unique(4096)
    where = begun(web, len(content))
    assert offset_of(web, where) == 0
    for start, end in ((0, 100), (100, 101), (101, 4096)):
        answer = patch(web, where, start, content[start:end])
        assert (answer.status_code, answer.headers["upload-offset"]) == (204, str(end))
        assert offset_of(web, where) == end
    Spooler(house.services).turn(house.services.clock())
    assert shown(web, where)["sha256"] == hashlib.sha256(content).hexdigest()


def test_the_example_of_the_specification(web: Web) -> None:
    where = begun(web, 100)
    assert patch(web, where, 0, b"x" * 70).headers["upload-offset"] == "70"
    asked = web.ask("HEAD", where, Role.OPERATOR, headers=TUS)
    assert asked.headers["upload-offset"] == "70"
    assert asked.headers["upload-length"] == "100"
    assert asked.headers["cache-control"] == "no-store"
    sent = patch(web, where, 70, b"y" * 30)
    assert (sent.status_code, sent.headers["upload-offset"]) == (204, "100")
    assert sent.headers["tus-resumable"] == "1.0.0"
    assert "GMT" in sent.headers["upload-expires"]


def test_the_server_says_what_it_can_do_to_anybody(web: Web) -> None:
    answer = web.ask("OPTIONS", PATH)
    assert answer.status_code == 204
    assert answer.headers["tus-version"] == "1.0.0"
    assert answer.headers["tus-max-size"] == str(MOST_BYTES)
    assert set(answer.headers["tus-extension"].split(",")) == {
        "creation",
        "creation-with-upload",
        "checksum",
        "expiration",
        "termination",
    }
    assert "sha1" in answer.headers["tus-checksum-algorithm"].split(",")


@pytest.mark.parametrize("version", [None, "0.2.2", "1.0.0, 1.0.0"])
def test_another_version_of_the_protocol_is_refused(web: Web, version: str | None) -> None:
    headers = {"Upload-Length": "1"} | ({"Tus-Resumable": version} if version else {})
    answer = web.ask("POST", PATH, Role.OPERATOR, headers=headers)
    assert (answer.status_code, answer.headers["tus-version"]) == (412, "1.0.0")


def test_every_answer_names_the_version_refusals_too(web: Web) -> None:
    assert begin(web, role=None).headers["tus-resumable"] == "1.0.0"
    missing = web.ask("HEAD", f"{PATH}/{uuid4()}", Role.OPERATOR, headers=TUS)
    assert (missing.status_code, missing.headers["tus-resumable"]) == (404, "1.0.0")


def test_a_method_may_be_named_in_a_header_where_proxies_know_only_post(web: Web) -> None:
    where = begun(web, 3)
    over = {**TUS, "X-HTTP-Method-Override": "PATCH"}
    said = {"Upload-Offset": "0", "Content-Type": OFFSET_STREAM}
    answer = web.ask("POST", where, Role.OPERATOR, headers={**over, **said}, content=b"abc")
    assert (answer.status_code, offset_of(web, where)) == (204, 3)
    over["X-HTTP-Method-Override"] = "PUT"
    assert web.ask("POST", where, Role.OPERATOR, headers=over).status_code == 405


def test_the_first_bytes_may_come_with_the_beginning(web: Web) -> None:
    answer = begin(web, 5, headers={"Content-Type": OFFSET_STREAM}, content=b"abc")
    assert (answer.status_code, answer.headers["upload-offset"]) == (201, "3")
    assert offset_of(web, answer.headers["location"]) == 3


def test_an_empty_file_is_complete_at_once(house: House, web: Web) -> None:
    where = begun(web, 0)
    Spooler(house.services).turn(house.services.clock())
    assert shown(web, where)["sha256"] == hashlib.sha256(b"").hexdigest()


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
def test_bytes_that_changed_on_the_way_are_not_kept(web: Web, algorithm: str) -> None:
    where = begun(web, 6)
    right = base64.b64encode(hashlib.new(algorithm, b"abc").digest()).decode()
    spoilt = patch(web, where, 0, b"abd", **{"Upload-Checksum": f"{algorithm} {right}"})
    assert (spoilt.status_code, offset_of(web, where)) == (460, 0)
    kept = patch(web, where, 0, b"abc", **{"Upload-Checksum": f"{algorithm} {right}"})
    assert (kept.status_code, offset_of(web, where)) == (204, 3)


@pytest.mark.parametrize("said", ["md5 AAAA", "sha1", "sha1 !!", "sha256 AAAA", "sha1 YWJj x"])
def test_what_is_no_checksum_is_refused(web: Web, said: str) -> None:
    where = begun(web, 3)
    assert patch(web, where, 0, b"abc", **{"Upload-Checksum": said}).status_code == 422
    assert offset_of(web, where) == 0


def test_an_upload_can_be_given_up_with_its_bytes(house: House, web: Web) -> None:
    where = begun(web, 10)
    patch(web, where, 0, b"abc")
    assert spooled(house, where).exists()
    assert web.ask("DELETE", where, Role.OPERATOR, headers=TUS).status_code == 204
    assert not spooled(house, where).exists()
    assert web.ask("HEAD", where, Role.OPERATOR, headers=TUS).status_code == 404
    assert patch(web, where, 3, b"def").status_code == 404
    assert web.ask("DELETE", where, Role.OPERATOR, headers=TUS).status_code == 404


def test_what_is_in_the_vault_is_not_given_up(house: House, web: Web) -> None:
    where = complete(web, unique())
    Spooler(house.services).turn(house.services.clock())
    assert web.ask("DELETE", where, Role.OPERATOR, headers=TUS).status_code == 409
    assert shown(web, where)["state"] == "stored"


# Lies


@pytest.mark.parametrize(
    "told", ["-1", "", "six", "1e3", "0x10", "1 ", "+1", "٣", "9" * 16, "9" * 300, "1.0"]
)
def test_what_is_no_length_begins_nothing(house: House, web: Web, told: str) -> None:
    before = house.look(
        lambda s: s.exec(select(func.count()).select_from(ResumableUploadRow)).one()
    )
    headers: Any = [
        (b"tus-resumable", b"1.0.0"),
        (b"upload-metadata", metadata("a.mp4").encode()),
        (b"upload-length", told.encode()),
        (b"authorization", f"Bearer {web.tokens[Role.OPERATOR]}".encode()),
    ]
    answer = web._portal.call(lambda: web._client.request("POST", PATH, headers=headers))
    assert answer.status_code in {413, 422}
    after = house.look(lambda s: s.exec(select(func.count()).select_from(ResumableUploadRow)).one())
    assert after == before


def test_more_than_anybody_means_is_too_large(web: Web) -> None:
    assert begin(web, MOST_BYTES + 1).status_code == 413


def test_more_than_there_is_room_for_is_refused_before_a_byte_comes(web: Web) -> None:
    answer = begin(web, MOST_BYTES)
    assert answer.status_code == 507
    assert "there is no room" in answer.json()["detail"]


def test_room_that_was_promised_is_not_promised_again(
    house: House, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(house.services.intake, "_free_bytes", lambda: 10**13)
    promised = house.look(
        lambda s: s.exec(
            select(func.sum(ResumableUploadRow.length - ResumableUploadRow.received)).where(
                ResumableUploadRow.state == UploadState.OPEN
            )
        ).one()
    )
    monkeypatch.setattr(house.services.uploads._spool, "free", lambda: promised + 1000)
    where = begun(web, 600)
    assert begin(web, 600).status_code == 507
    assert web.ask("DELETE", where, Role.OPERATOR, headers=TUS).status_code == 204
    again = begun(web, 600)
    web.ask("DELETE", again, Role.OPERATOR, headers=TUS)


@pytest.mark.parametrize("told", ["-1", "1", "five", "", "99999999999999999999"])
def test_another_offset_than_it_stands_at_is_refused(web: Web, told: str) -> None:
    where = begun(web, 10)
    answer = patch(web, where, 0, b"abc", **{"Upload-Offset": told})
    assert answer.status_code == (409 if told == "1" else 422)
    assert offset_of(web, where) == 0


def test_a_request_sent_twice_counts_once(web: Web) -> None:
    where = begun(web, 10)
    assert patch(web, where, 0, b"abc").status_code == 204
    assert patch(web, where, 0, b"abc").status_code == 409
    assert offset_of(web, where) == 3


@pytest.mark.parametrize("kind", ["application/octet-stream", "video/mp4", "", "text/html"])
def test_another_type_than_the_protocol_s_is_refused(web: Web, kind: str) -> None:
    where = begun(web, 3)
    assert patch(web, where, 0, b"abc", **{"Content-Type": kind}).status_code == 415
    assert offset_of(web, where) == 0


async def chunks(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


@pytest.mark.parametrize("announced", [True, False])
def test_of_more_than_was_announced_nothing_is_kept(
    house: House, web: Web, announced: bool
) -> None:
    where = begun(web, 10)
    patch(web, where, 0, b"abc")
    surplus = b"x" * 8 if announced else chunks(b"x" * 4, b"y" * 4)
    assert patch(web, where, 3, surplus).status_code == 422
    assert offset_of(web, where) == 3
    assert spooled(house, where).read_bytes() == b"abc"
    assert patch(web, where, 3, b"defghij").status_code == 204


@pytest.mark.parametrize(
    "said",
    [
        "",
        "filename",  # a name of no letters
        "filetype dmlkZW8=",
        "filename !!!",
        "filename YQ",  # no padding
        "filename YQ==,filename Yg==",
        ",",
        "filename /w==",  # a byte that is no text
        "filename AGE=",  # NUL
        "filename Li4=",  # ..
        "filename " + base64.b64encode(b"a" * 1001).decode(),
        "filename " + "A" * 5000,
        "filename YQ== Yg==",
        "a b,c d,e",
    ],
)
def test_metadata_that_name_no_file_are_refused(web: Web, said: str) -> None:
    headers = {**TUS, "Upload-Length": "3", "Upload-Metadata": said}
    answer = web.ask("POST", PATH, Role.OPERATOR, headers=headers)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("name", "kept", "safe"),
    [
        ("../../etc/passwd", "passwd", "passwd"),
        ("C:\\export\\CON.mp4", "CON.mp4", "_CON.mp4"),
        ("\u202e4pm.exe", "\u202e4pm.exe", "_4pm.exe"),
        ("clip.mp4...", "clip.mp4...", None),
        ("a" * 300 + ".mp4", "a" * 300 + ".mp4", None),
        ("<script>alert(1)</script>.mp4", "script>.mp4", None),
    ],
)
def test_a_name_from_anywhere_leads_nowhere_else(
    house: House, web: Web, name: str, kept: str, safe: str | None
) -> None:
    content = unique()
    where = complete(web, content, name=name)
    assert [path.name for path in house.settings.spool.iterdir() if path.name == name] == []
    Spooler(house.services).turn(house.services.clock())
    row = row_of(house, where)
    assert row.name == kept
    assert row.upload is not None
    arrived = Arrived(row.upload, row.name)
    exhibit = house.do(
        Role.OPERATOR,
        lambda s: house.services.masters.add(
            s, NEW, [arrived], by=house.subjects[Role.OPERATOR], at=house.services.clock()
        ),
    )
    answer = web.ask("GET", f"/exhibits/{exhibit.id}", Role.OPERATOR)
    (file,) = answer.json()["files"]
    assert file["name"].isascii()
    assert len(file["name"]) < 256
    assert not set(file["name"]) & set('/\\<>:"|?*')
    assert safe is None or file["name"] == safe


# Other people


def test_nobody_but_its_owner_sees_or_continues_an_upload(house: House, web: Web) -> None:
    where = begun(web, 10)
    services, at = house.services, house.services.clock()
    with services.transaction() as session:
        other = services.people.add(session, "Another operator")
        by = services.people.subject(session, other, ())
        token = services.tokens.add(session, other, [Role.OPERATOR], by=by, at=at)
    headers = {**TUS, "Authorization": f"Bearer {token}"}
    sends = {**headers, "Upload-Offset": "0", "Content-Type": OFFSET_STREAM}
    assert web.ask("GET", where, headers=headers).status_code == 404
    assert web.ask("HEAD", where, headers=headers).status_code == 404
    assert web.ask("PATCH", where, headers=sends, content=b"abc").status_code == 404
    assert web.ask("DELETE", where, headers=headers).status_code == 404
    assert offset_of(web, where) == 0


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.OPERATOR])
def test_only_who_may_take_in_a_clip_begins_one_and_the_rest_is_refused_in_the_ledger(
    house: House, web: Web, role: Role
) -> None:
    where, before = begun(web, 3), house.refusals()
    assert begin(web, role=role).status_code == 403
    for method in ("HEAD", "GET", "PATCH", "DELETE"):
        assert web.ask(method, where, role, headers=TUS).status_code == 403
    assert begin(web, role=None).status_code == 401
    assert house.refusals() == before + 5


def test_a_page_of_ours_may_upload_with_its_session_and_no_other_page(
    house: House, web: Web
) -> None:
    services = house.services
    with services.transaction() as session:
        secret = services.sessions.start(
            session, house.subjects[Role.OPERATOR], at=services.clock()
        )
    cookie = {"Cookie": f"{COOKIE}={secret}"}
    assert begin(web, role=None, headers=cookie).status_code == 403
    for site in ("cross-site", "same-site", "none"):
        headers = {**cookie, "Sec-Fetch-Site": site}
        assert begin(web, role=None, headers=headers).status_code == 403
    foreign = {**cookie, "Origin": "https://elsewhere.example"}
    assert begin(web, role=None, headers=foreign).status_code == 403
    ours = {**cookie, "Sec-Fetch-Site": "same-origin"}
    assert begin(web, role=None, headers=ours).status_code == 201


# Breaking off


async def cut_off(house: House, where: str, offset: int, *parts: bytes, announced: int) -> int:
    """Send parts of a body to the application, then go away, as a server tells it."""
    from api.app import create_app  # noqa: PLC0415 - only this

    messages: list[Message] = [
        {"type": "http.request", "body": part, "more_body": True} for part in parts
    ]
    messages.append({"type": "http.disconnect"})
    answers: list[Message] = []

    async def receive() -> Message:
        await anyio.lowlevel.checkpoint()
        return messages.pop(0) if messages else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        await anyio.lowlevel.checkpoint()
        answers.append(message)

    said = {
        **TUS,
        "Authorization": f"Bearer {house.tokens[Role.OPERATOR]}",
        "Content-Type": OFFSET_STREAM,
        "Upload-Offset": str(offset),
        "Content-Length": str(announced),
    }
    scope = {
        "type": "http",
        "method": "PATCH",
        "path": where,
        "raw_path": where.encode(),
        "query_string": b"",
        "headers": [(name.lower().encode(), value.encode()) for name, value in said.items()],
    }
    await create_app(house.services)(scope, receive, send)
    return int(answers[0]["status"])


def test_a_request_that_is_cut_off_keeps_what_arrived(house: House, web: Web) -> None:
    content = unique(3000)
    where = begun(web, len(content))
    parts = content[:1000], content[1000:1500], content[1500:1501]
    web._portal.call(lambda: cut_off(house, where, 0, *parts, announced=len(content)))
    assert offset_of(web, where) == 1501
    assert patch(web, where, 1501, content[1501:]).status_code == 204
    Spooler(house.services).turn(house.services.clock())
    assert shown(web, where)["sha256"] == hashlib.sha256(content).hexdigest()


def test_of_ten_requests_at_once_one_goes_on(house: House, web: Web) -> None:
    where = begun(web, 5000)
    together = threading.Barrier(10)

    def sent(letter: int) -> int:
        together.wait()
        return patch(web, where, 0, bytes([letter]) * 500).status_code

    with ThreadPoolExecutor(10) as pool:
        said = list(pool.map(sent, range(10)))
    assert sorted(said) == [204] + [409] * 9
    assert offset_of(web, where) == 500
    assert len(set(spooled(house, where).read_bytes())) == 1


def test_while_one_request_is_at_it_another_is_told_so(house: House, web: Web) -> None:
    where = begun(web, 10)
    operator = house.subjects[Role.OPERATOR]
    appending = house.services.uploads.append(
        identifier(where), 0, announced=None, checksum=None, by=operator, at=house.services.clock()
    )
    assert patch(web, where, 0, b"abc").status_code == 409
    assert web.ask("DELETE", where, Role.OPERATOR, headers=TUS).status_code == 409
    appending.write(b"xyz")
    appending.close()  # without having been acknowledged: as if it had never come
    assert offset_of(web, where) == 0
    assert patch(web, where, 0, b"abc").status_code == 204
    assert spooled(house, where).read_bytes() == b"abc"


def test_what_a_power_cut_left_behind_the_acknowledgement_goes(house: House, web: Web) -> None:
    where = begun(web, 10)
    patch(web, where, 0, b"abc")
    _die_before_acknowledging(house, where, b"DEF")
    assert spooled(house, where).read_bytes() == b"abcDEF"
    assert offset_of(web, where) == 3
    assert patch(web, where, 3, b"d").status_code == 204
    assert spooled(house, where).read_bytes() == b"abcd"
    assert patch(web, where, 4, b"efghij").status_code == 204
    assert spooled(house, where).read_bytes() == b"abcdefghij"
    Spooler(house.services).turn(house.services.clock())
    assert shown(web, where)["sha256"] == hashlib.sha256(b"abcdefghij").hexdigest()


def _die_before_acknowledging(house: House, where: str, content: bytes) -> None:
    """Leave what a process leaves that is killed between fsync and commit."""
    appending = house.services.uploads.append(
        identifier(where),
        3,
        announced=None,
        checksum=None,
        by=house.subjects[Role.OPERATOR],
        at=house.services.clock(),
    )
    appending.write(content)
    appending._file.flush()
    appending._file.close()  # as the kernel does


def test_bytes_are_on_the_disk_before_they_are_acknowledged(
    house: House, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = begun(web, 10)
    steps: list[str] = []
    flush, acknowledge = SpoolFile.flush, house.services.uploads.acknowledge

    def flushed(file: SpoolFile) -> None:
        steps.append("flush")
        flush(file)

    def acknowledged(*args: Any, **more: Any) -> None:  # noqa: ANN401
        steps.append("acknowledge")
        acknowledge(*args, **more)

    monkeypatch.setattr(SpoolFile, "flush", flushed)
    monkeypatch.setattr(house.services.uploads, "acknowledge", acknowledged)
    assert patch(web, where, 0, b"abc").status_code == 204
    assert steps == ["flush", "acknowledge"]


def test_a_large_request_is_acknowledged_in_pieces(
    house: House, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("export.intake.incoming.SEGMENT", 1 << 20)
    piece = unique(1 << 20)
    content = piece * 5
    where = begun(web, len(content) + 1)
    assert patch(web, where, 0, chunks(*[piece] * 5)).status_code == 204
    lengths = house.look(
        lambda s: s.exec(
            select(ResumableSegmentRow.length).where(
                ResumableSegmentRow.resumable == identifier(where)
            )
        ).all()
    )
    assert sum(lengths) == len(content)
    assert len(lengths) == 5


@pytest.mark.parametrize(
    ("number", "status"), [(28, 507), (122, 507), (5, 503)], ids=["full", "quota", "broken"]
)
def test_a_disk_that_is_full_or_broken_says_so_and_the_upload_goes_on_later(
    web: Web, monkeypatch: pytest.MonkeyPatch, number: int, status: int
) -> None:
    where = begun(web, 10)
    patch(web, where, 0, b"abc")

    def refuse(*_args: object) -> int:
        raise OSError(number, "no")

    with monkeypatch.context() as broken:
        broken.setattr("export.intake.spool.os.pwrite", refuse)
        assert patch(web, where, 3, b"def").status_code == status
    with monkeypatch.context() as broken:
        broken.setattr("export.intake.spool.os.fsync", refuse)
        assert patch(web, where, 3, b"def").status_code == status
    assert offset_of(web, where) == 3
    assert patch(web, where, 3, b"defghij").status_code == 204


# Into the vault


@pytest.fixture
def spooling(house: House) -> Iterator[Spooler]:
    made = Spooler(house.services)
    yield made
    made.stop()


def tamper(path: Path, how: str) -> None:
    content = path.read_bytes()
    changed = {
        "a bit": bytes([content[0] ^ 1]) + content[1:],
        "the last bit": content[:-1] + bytes([content[-1] ^ 1]),
        "cut": content[:-1],
        "longer": content + b"x",
        "empty": b"",
    }
    if how == "gone":
        path.unlink()
    else:
        path.write_bytes(changed[how])


@pytest.mark.parametrize("how", ["a bit", "the last bit", "cut", "longer", "empty", "gone"])
def test_a_spool_that_was_changed_is_noticed_and_kept_for_a_person(
    house: House, web: Web, spooling: Spooler, how: str
) -> None:
    content = unique()
    where = begun(web, len(content))
    patch(web, where, 0, content[:300])
    patch(web, where, 300, content[300:])
    tamper(spooled(house, where), how)
    left = None if how == "gone" else spooled(house, where).read_bytes()
    spooling.turn(house.services.clock())
    told = shown(web, where)
    assert told["state"] == "failed"
    assert "send it again" in told["words"]
    assert uploads_of(house, content) == []
    if left is not None:
        assert spooled(house, where).read_bytes() == left
    assert web.ask("HEAD", where, Role.OPERATOR, headers=TUS).status_code == 410
    assert web.ask("DELETE", where, Role.OPERATOR, headers=TUS).status_code == 204


def test_a_spool_that_lost_bytes_does_not_go_on(house: House, web: Web) -> None:
    where = begun(web, 10)
    patch(web, where, 0, b"abcdef")
    tamper(spooled(house, where), "cut")
    answer = patch(web, where, 6, b"ghij")
    assert answer.status_code == 409
    assert "lost bytes" in answer.json()["detail"]
    assert shown(web, where)["state"] == "failed"


def test_while_the_vault_is_away_the_upload_waits(
    house: House, web: Web, spooling: Spooler, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = unique()
    where = complete(web, content)
    with monkeypatch.context() as away:

        def put(*_args: object, **_more: object) -> None:
            raise UnavailableError("the store does not answer")

        away.setattr(house.services.vault, "put_stream", put)
        assert not spooling.turn(house.services.clock())
    assert shown(web, where)["state"] == "complete"
    assert spooled(house, where).read_bytes() == content
    assert spooling.turn(house.services.clock())
    assert shown(web, where)["state"] == "stored"


@pytest.mark.parametrize("step", ["put", "keep", "remove"])
def test_killed_anywhere_there_is_one_upload_in_the_end(
    house: House, web: Web, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    content = unique()
    where = complete(web, content)
    owner = {"put": house.services.intake, "keep": house.services.intake, "remove": SpoolFile}[step]
    real = getattr(owner, step)

    def killed(*args: Any, **more: Any) -> None:  # noqa: ANN401
        if step != "remove":
            real(*args, **more)
        raise SystemExit

    with monkeypatch.context() as dying:
        dying.setattr(owner, step, killed)
        with pytest.raises(SystemExit):
            house.services.vaulting.keep(identifier(where), at=house.services.clock())
    assert spooled(house, where).exists()
    assert Spooler(house.services).turn(house.services.clock())
    assert shown(web, where)["state"] == "stored"
    assert len(uploads_of(house, content)) == 1
    assert not spooled(house, where).exists()


def test_what_was_decided_elsewhere_meanwhile_is_not_overruled(
    house: House, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = unique()
    where = complete(web, content)
    put = house.services.intake.put

    def overtaken(*args: Any, **more: Any) -> Any:  # noqa: ANN401
        stored = put(*args, **more)
        with house.services.transaction() as session:
            row = session.get_one(ResumableUploadRow, identifier(where))
            row.state = UploadState.FAILED
        return stored

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(house.services.intake, "put", overtaken)
        house.services.vaulting.keep(identifier(where), at=house.services.clock())
    assert uploads_of(house, content) == []
    assert shown(web, where)["state"] == "failed"


def test_a_file_that_no_row_names_is_left_alone(house: House, spooling: Spooler) -> None:
    house.settings.spool.mkdir(exist_ok=True)
    stranger = house.settings.spool / str(uuid4())
    stranger.write_bytes(b"all that is left after a restored backup")
    spooling.turn(house.services.clock())
    assert stranger.exists()
    stranger.unlink()


def test_an_unfinished_upload_is_forgotten_after_a_week_and_not_before(
    house: House, web: Web
) -> None:
    where, finished = begun(web, 10), complete(web, unique())
    patch(web, where, 0, b"abc")
    expires = row_of(house, where).expires_at
    house.services.vaulting.forget(expires)
    assert offset_of(web, where) == 3
    assert abs(expires - house.services.clock() - KEPT_FOR) < timedelta(minutes=1)
    house.services.vaulting.forget(expires + timedelta(minutes=1))
    assert web.ask("HEAD", where, Role.OPERATOR, headers=TUS).status_code == 404
    assert not spooled(house, where).exists()
    assert offset_of(web, finished) > 0


def test_what_somebody_goes_on_with_is_not_forgotten(house: House, web: Web) -> None:
    where = begun(web, 10)
    appending = house.services.uploads.append(
        identifier(where),
        0,
        announced=None,
        checksum=None,
        by=house.subjects[Role.OPERATOR],
        at=house.services.clock(),
    )
    house.services.vaulting.forget(house.services.clock() + timedelta(days=30))
    appending.write(b"01234")
    assert appending.finish() == 5
    # Listed as overdue, and then its next byte came: the second look, with the lock, counts.
    house.services.vaulting._forget(identifier(where), house.services.clock())
    assert patch(web, where, 5, b"56789").status_code == 204
    assert offset_of(web, where) == 10


def test_the_thread_works_begins_again_and_ends(house: House, web: Web) -> None:
    first, second = unique(), unique()
    waiting = complete(web, first)
    spooling = Spooler(house.services)
    spooling.start()
    later = complete(web, second)
    for _ in range(400):
        if {shown(web, one)["state"] for one in (waiting, later)} == {"stored"}:
            break
        threading.Event().wait(0.02)
    spooling.stop()
    assert shown(web, waiting)["state"] == shown(web, later)["state"] == "stored"
    assert not [thread for thread in threading.enumerate() if thread.name == "spooling"]


def test_a_process_that_ends_gives_up_what_is_on_its_way(house: House, web: Web) -> None:
    where = complete(web, unique())
    ending = Spooler(house.services)
    ending._stop.set()
    ending.turn(house.services.clock())
    assert shown(web, where)["state"] == "complete"
    assert Spooler(house.services).turn(house.services.clock())
    assert shown(web, where)["state"] == "stored"


def test_the_protocol_s_room_is_only_its_own() -> None:
    seen: list[str] = []

    async def app(scope: Any, _receive: Any, _send: Any) -> None:  # noqa: ANN401
        await anyio.lowlevel.checkpoint()
        seen.append(scope["path"])

    async def ask() -> None:
        for path in ("/api/v1/resumables", "/api/v1/uploads", "/"):
            scope: dict[str, Any] = {
                "type": "http",
                "method": "POST",
                "path": path,
                "headers": [],
            }
            await Tus(app)(scope, None, None)  # type: ignore[arg-type]

    anyio.run(ask)
    assert seen == ["/api/v1/resumables", "/api/v1/uploads", "/"]
