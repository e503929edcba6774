"""The page and the call by which a file that was missing is added to an exhibit."""

import html
import re
from collections.abc import Callable
from io import BytesIO
from uuid import uuid4

import pytest
from httpx import Response

from api.times import utc_now
from evidence.exhibits.recorded import described
from evidence.exhibits.tables import ExhibitRow
from evidence.people.access import Role
from export.holdings.files import ORIGINAL, files_of
from export.intake.malware import CLEAN
from tests.api.asking import Web
from tests.api.web.visiting import Visitor, hidden_fields
from tests.export.release.release_acts import sealed
from tests.houses import House

Opens = Callable[..., Visitor]
RECORDING = {
    "kind": "recording",
    "file1_camera": "BAR-0018",
    "file1_start-day": "20",
    "file1_start-month": "11",
    "file1_start-year": "2026",
    "file1_start_time": "14:03:20",
    "file1_end_time": "14:03:40",
}


@pytest.fixture
def exhibit(house: House) -> ExhibitRow:
    return house.unplayable()


def path(exhibit: ExhibitRow) -> str:
    return f"/console/exhibits/{exhibit.reference.replace('/', '-')}"


def said(answer: Response) -> str:
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", answer.text)))


def arrive(house: House, content: bytes = b"", name: str = "more.dav", scan: str = CLEAN) -> str:
    """Let a file of the operator arrive; return what the form calls it."""
    services, operator = house.services, house.subjects[Role.OPERATOR]
    stored = services.intake.store(BytesIO(content or uuid4().bytes), by=operator)
    row = house.do(
        Role.OPERATOR,
        lambda s: services.uploads.take(s, stored, name=name, scan=scan, by=operator, at=utc_now()),
    )
    return str(row.id)


def send(visitor: Visitor, exhibit: ExhibitRow, **form: str) -> Response:
    shown = visitor.get(f"{path(exhibit)}/files")
    assert shown.status_code == 200
    token = hidden_fields(shown.text)["form_token"]
    return visitor.post(f"{path(exhibit)}/files", {"form_token": token, **form})


def names(house: House, exhibit: ExhibitRow) -> list[tuple[str, str]]:
    return [
        (file.kind, file.name) for file in house.look(lambda s: files_of(s, exhibit.id, *ORIGINAL))
    ]


def test_a_recording_and_a_player_are_added_and_the_page_says_so(
    house: House, browser: Opens, exhibit: ExhibitRow
) -> None:
    operator = browser(Role.OPERATOR)
    assert f'href="{path(exhibit)}/files"' in operator.get(path(exhibit)).text
    player = arrive(house, name="player.exe")
    answer = send(operator, exhibit, file=player, kind="player", reason="the <player>")
    assert (answer.status_code, answer.headers["location"]) == (303, path(exhibit))
    answer = send(operator, exhibit, file=arrive(house), reason="a clip", **RECORDING)
    assert answer.status_code == 303, said(answer)
    assert names(house, exhibit) == [
        ("master", "clip.mp4"),
        ("player", "player.exe"),
        ("master", "more.dav"),
    ]
    row = house.look(lambda s: s.get_one(ExhibitRow, exhibit.id))
    assert [one.camera.id for one in described(row).files] == ["BAR-0017", "BAR-0018"]
    page = operator.get(path(exhibit))
    assert "Corrections and additions" in said(page)
    assert said(page).count("Added to") == 2
    assert "the <player>" in said(page)
    assert "<player>" not in page.text
    assert f'href="{path(exhibit)}/files"' not in page.text  # it is being worked on


def test_what_is_missing_is_told_all_at_once_and_nothing_typed_is_lost(
    house: House, browser: Opens, exhibit: ExhibitRow
) -> None:
    operator = browser(Role.OPERATOR)
    answer = send(operator, exhibit, reason=" ")
    assert answer.status_code == 422
    for words in ("Select the file", "Select what the file is", "Enter why it is added"):
        assert words in said(answer)
    answer = send(operator, exhibit, file=arrive(house), kind="recording", reason="why <b>")
    assert answer.status_code == 422
    assert 'href="#file1_start-day"' in answer.text
    assert "why &lt;b&gt;" in answer.text
    assert names(house, exhibit) == [("master", "clip.mp4")]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"file1_end_time": "14:03:00"}, "before it starts"),
        ({"file1_camera": "--"}, "no name of a camera"),
        ({"file1_start_time": "noon"}, "time"),
        ({"reason": "x" * 2001}, "2000"),
    ],
)
def test_what_cannot_be_stands_at_its_field(
    house: House, browser: Opens, exhibit: ExhibitRow, change: dict[str, str], words: str
) -> None:
    form = {"file": arrive(house), "reason": "why", **RECORDING, **change}
    answer = send(browser(Role.OPERATOR), exhibit, **form)
    assert answer.status_code == 422
    assert words in said(answer)
    assert names(house, exhibit) == [("master", "clip.mp4")]


def test_what_is_unlikely_is_asked_and_may_be_confirmed(
    house: House, browser: Opens, exhibit: ExhibitRow
) -> None:
    operator = browser(Role.OPERATOR)
    stored = house.services.intake.store(BytesIO(b""), by=house.subjects[Role.OPERATOR])
    row = house.do(
        Role.OPERATOR,
        lambda s: house.services.uploads.take(
            s, stored, name="empty", by=house.subjects[Role.OPERATOR], scan=CLEAN, at=utc_now()
        ),
    )
    form = {"file": str(row.id), "reason": "why", **RECORDING}
    answer = send(operator, exhibit, **form)
    assert answer.status_code == 422
    assert 'name="confirm_empty_file"' in answer.text
    assert send(operator, exhibit, **form, confirm_empty_file="yes").status_code == 303


@pytest.mark.parametrize(
    "file",
    ["", "x", "0b6f8c5e-6f0e-4b7a-9a53-0d2f5d3f7f11", "00000000-0000-0000-0000-000000000000"],
)
def test_a_file_that_is_not_there_is_told(
    house: House, browser: Opens, exhibit: ExhibitRow, file: str
) -> None:
    answer = send(browser(Role.OPERATOR), exhibit, file=file, kind="player", reason="why")
    assert answer.status_code == 422
    assert "file" in said(answer)
    assert names(house, exhibit) == [("master", "clip.mp4")]


def test_sent_twice_it_is_added_once(house: House, browser: Opens, exhibit: ExhibitRow) -> None:
    operator, form = browser(Role.OPERATOR), {"kind": "player", "reason": "why"}
    file = arrive(house, name="player.exe")
    assert send(operator, exhibit, file=file, **form).status_code == 303
    answer = send(operator, exhibit, file=file, **form)
    assert answer.status_code == 422
    assert "belongs to an exhibit already" in said(answer)
    assert len(names(house, exhibit)) == 2


def test_malware_is_said_before_it_is_chosen(
    house: House, browser: Opens, exhibit: ExhibitRow
) -> None:
    arrive(house, name="bad.exe", scan="found: Eicar-Test-Signature")
    page = browser(Role.OPERATOR).get(f"{path(exhibit)}/files")
    assert "Malware found: Eicar-Test-Signature" in said(page)


def test_after_a_seal_no_file_is_offered_or_taken(
    house: House, browser: Opens, exhibit: ExhibitRow
) -> None:
    sealed(house, exhibit.reference)
    operator = browser(Role.OPERATOR)
    assert f'href="{path(exhibit)}/files"' not in operator.get(path(exhibit)).text
    answer = send(operator, exhibit, file=arrive(house), kind="player", reason="why")
    assert answer.status_code == 422
    assert "as an exhibit of its own" in said(answer)


def test_the_call_adds_files_and_refuses_as_the_page_does(
    house: House, web: Web, exhibit: ExhibitRow
) -> None:
    where, upload = f"/exhibits/{exhibit.id}/files", str(house.store(uuid4().bytes))
    times = {"displayed_start": "2026-11-20 14:03:20", "displayed_end": "2026-11-20 14:03:40"}
    body = {
        "reason": "a missing clip",
        "files": [{"upload": upload, "name": "more.dav", "times": times}],
    }
    for wrong in (
        {**body, "reason": ""},
        {**body, "files": []},
        {**body, "colour": "red"},
        {**body, "confirmed": ["nothing"]},
        {**body, "files": [{"upload": "x", "name": "more.dav"}]},
    ):
        assert web.ask("POST", where, Role.OPERATOR, json=wrong).status_code == 422
    answer = web.ask("POST", where, Role.OPERATOR, json=body)
    assert answer.status_code == 202, answer.text
    assert [one["kind"] for one in answer.json()["files"]].count("master") == 2
    answer = web.ask("POST", where, Role.OPERATOR, json=body)
    assert answer.status_code == 409
