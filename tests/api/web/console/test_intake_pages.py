"""The pages on which a clip is taken in: without scripts, and without losing what was typed."""

import base64
import html
import re
from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID, uuid4

import pytest
from httpx import Response
from sqlmodel import func, select

from api.running.spooler import Spooler
from api.web.console.intake.clip import FIELDS, read_clip
from api.web.console.intake.files import FILES, MOST_FORM, NEW
from api.web.console.intake.moments import Moment, parse_clock, parse_moment
from custody.printable import printable
from evidence.errors import InvalidError
from evidence.exhibits.recorded import described
from evidence.exhibits.tables import ExhibitCounterRow, ExhibitRow
from evidence.people.access import Role
from export.holdings.files import files_of
from export.intake.tables import ResumableUploadRow
from tests.api.web.visiting import Visitor, hidden_fields
from tests.export.intake.scanners import MALWARE, NAME, clamd
from tests.houses import House

Opens = Callable[..., Visitor]
DETAILS = f"{NEW}/details"
TYPED = {
    **dict.fromkeys(FIELDS, ""),  # browsers send every input of a form
    "reference": "TC",
    "camera": "BAR-0017",
    "title": "High Street",
    "displayed_start-day": "20",
    "displayed_start-month": "Nov",
    "displayed_start-year": "2025",
    "displayed_start_time": "2.03pm",
    "displayed_end_time": "14:05:30",
    "clock": "fast",
    "clock_minutes": "1",
    "clock_seconds": "13",
    "clock_reference": "speaking clock",
    "method": "USB stick",
}


def uploaded(visitor: Visitor, name: str = "ch03.mp4", content: bytes = b"clip") -> Response:
    """Send a file by the plain form."""
    token = hidden_fields(visitor.get(NEW).text)["form_token"]
    return visitor.post(FILES, {"form_token": token}, files={"file": (name, content, "video/mp4")})


def arrived(house: House, visitor: Visitor, name: str, content: bytes) -> str:
    """Send a file by the plain form; return the upload."""
    answer = uploaded(visitor, name, content)
    assert (answer.status_code, answer.headers["location"]) == (303, NEW)
    return newest(house)


def newest(house: House) -> str:
    row = house.look(
        lambda s: s.exec(
            select(ResumableUploadRow.id).order_by(
                ResumableUploadRow.created_at.desc()  # type: ignore[attr-defined]
            )
        ).first()
    )
    return str(row)


def send(visitor: Visitor, path: str, files: list[str], typed: Mapping[str, Any]) -> Response:
    token = hidden_fields(visitor.get(NEW).text).get("form_token", "")
    form: dict[str, Any] = {"form_token": token, "file": files, **typed}
    return visitor.post(path, form)


def of_two(change: Mapping[str, str]) -> dict[str, str]:
    """Return what is typed of a clip of two files: each has its own times."""
    typed = {name: value for name, value in TYPED.items() if not name.startswith("displayed_")}
    return {
        **typed,
        "file1_start-day": "20",
        "file1_start-month": "Nov",
        "file1_start-year": "2025",
        "file1_start_time": "2.03pm",
        "file1_end_time": "14:05:30",
        "file2_start_time": "14:05:30",
        "file2_end_time": "14:07:00",
        **change,
    }


def text_of(answer: Response) -> str:
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", answer.text)))


def inputs(page: str) -> dict[str, str]:
    """Return what stands in the text inputs of a page."""
    found = {}
    for tag in re.findall(r"<input [^>]*>", page):
        parts = dict(re.findall(r'([a-z-]+)="([^"]*)"', tag))
        if parts.get("type") in {"text", "radio"} and (
            parts["type"] == "text" or " checked" in tag
        ):
            found[parts["name"]] = html.unescape(parts.get("value", ""))
    return found


def exhibits(house: House) -> int:
    return house.look(lambda s: s.exec(select(func.count()).select_from(ExhibitRow)).one())


def test_a_clip_is_taken_in_without_a_script(house: House, browser: Opens) -> None:
    operator = browser(Role.OPERATOR)
    content = uuid4().bytes
    file = arrived(house, operator, "C:\\export\\ch 03.mp4", content)
    shown = operator.get(NEW)
    assert "ch 03.mp4" in shown.text
    assert f'value="{file}"' in shown.text
    asked = operator.get(f"{DETAILS}?file={file}")
    assert asked.status_code == 200
    checked = send(operator, DETAILS, [file], TYPED)
    assert checked.status_code == 200
    said = text_of(checked)
    assert "73 seconds fast" in said
    assert "20 November 2025, 2:01:47 pm GMT" in said
    assert "20 November 2025, 2:04:17 pm GMT" in said
    made = send(operator, NEW, [file], TYPED)
    assert made.status_code == 303
    exhibit = UUID(made.headers["location"].rpartition("/")[2])
    row = house.look(lambda s: s.get_one(ExhibitRow, exhibit))
    stated = described(row)
    assert (row.camera, row.title, stated.export.method) == ("BAR-0017", "High Street", "USB stick")
    assert stated.clock_check is not None
    assert stated.clock_check.offset_ms == 73_000
    (master,) = house.look(lambda s: files_of(s, exhibit, "master"))
    assert (master.original_name, master.name) == ("ch 03.mp4", "ch_03.mp4")
    assert f'value="{file}"' not in operator.get(NEW).text


def test_several_files_are_one_exhibit_and_the_rest_waits(house: House, browser: Opens) -> None:
    operator = browser(Role.OPERATOR)
    files = [arrived(house, operator, f"view{n}.mp4", uuid4().bytes) for n in range(3)]
    each = of_two({"file2_start_time": "14:05:40"})
    asked = send(operator, DETAILS, files[:2], each)
    assert "10.000 seconds are missing" in text_of(asked)
    made = send(operator, NEW, files[:2], each)
    exhibit = UUID(made.headers["location"].rpartition("/")[2])
    masters = house.look(lambda s: files_of(s, exhibit, "master"))
    stated = described(house.look(lambda s: s.get_one(ExhibitRow, exhibit)))
    assert [(file.camera.id, file.displayed_start) for file in stated.files] == [
        ("BAR-0017", "2025-11-20T14:03:00+00:00"),
        ("BAR-0017", "2025-11-20T14:05:40+00:00"),
    ]
    assert stated.displayed_end == "2025-11-20T14:07:00+00:00"
    assert [master.name for master in masters] == ["view0.mp4", "view1.mp4"]
    page = operator.get(NEW).text
    assert f'value="{files[2]}"' in page
    assert f'value="{files[0]}"' not in page


def test_a_form_that_is_sent_twice_makes_one_exhibit(house: House, browser: Opens) -> None:
    operator = browser(Role.OPERATOR)
    file = arrived(house, operator, "a.mp4", uuid4().bytes)
    first = send(operator, NEW, [file], TYPED)
    before = exhibits(house)
    again = send(operator, NEW, [file], TYPED)
    assert (again.status_code, again.headers["location"]) == (303, first.headers["location"])
    assert exhibits(house) == before


def test_checking_answers_leaves_no_trace(house: House, browser: Opens) -> None:
    operator = browser(Role.OPERATOR)
    file = arrived(house, operator, "a.mp4", uuid4().bytes)
    before = exhibits(house)
    typed = {**TYPED, "reference": "QX"}
    for _ in range(2):
        assert "QX/1" in text_of(send(operator, DETAILS, [file], typed))
    assert exhibits(house) == before
    assert house.look(lambda s: s.get(ExhibitCounterRow, "QX")) is None


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ({"reference": ""}, "reference", "Enter your initials"),
        ({"reference": "J1"}, "reference", "no exhibit reference"),
        ({"camera": " "}, "camera", "Enter the camera"),
        ({"camera": "x" * 201}, "camera", "201 characters"),
        ({"displayed_start-month": "13"}, "displayed_start", "must be a real date"),
        ({"displayed_start-day": ""}, "displayed_start", "must be a real date"),
        ({"displayed_start_time": "25:00"}, "displayed_start_time", "must be a real time"),
        ({"displayed_start_time": ""}, "displayed_start_time", "Enter the time"),
        ({"displayed_end_time": "14:03:00"}, "displayed_end", "before it starts"),
        ({"clock": ""}, "clock", "Select whether"),
        ({"clock_minutes": "", "clock_seconds": ""}, "clock_minutes", "Enter how fast"),
        ({"clock_minutes": "one"}, "clock_minutes", "in numbers"),
        ({"clock_reference": ""}, "clock_reference", "compared with"),
        ({"exported_at_time": "16:41"}, "exported_at", "Enter the date"),
        ({"exported_at-day": "1", "exported_at-month": "1", "exported_at-year": "2199",
          "exported_at_time": "1am"}, "exported_at", "future"),
        ({"title": "\u202egpj.exe"}, "title", "no plain text"),
    ],
)  # fmt: skip
def test_a_mistake_loses_nothing_that_was_typed(
    house: House, browser: Opens, change: dict[str, str], field: str, words: str
) -> None:
    operator = browser(Role.OPERATOR)
    file = arrived(house, operator, "a.mp4", uuid4().bytes)
    typed = {**TYPED, **change}
    answer = send(operator, DETAILS, [file], typed)
    assert answer.status_code == 422
    assert "<title>Error: " in answer.text
    assert f'id="{field}-error"' in answer.text
    assert words in text_of(answer)
    (target,) = re.findall(rf'<a href="#({field}[^"]*)">', answer.text)
    assert f'id="{target}"' in answer.text
    assert {name: value for name, value in inputs(answer.text).items() if value} == {
        name: printable(value) for name, value in typed.items() if value
    }
    assert f'name="file" value="{file}"' in answer.text


def test_all_mistakes_are_said_at_once() -> None:
    new, errors = read_clip({})
    assert new is None
    assert set(errors) == {
        "reference",
        "camera",
        "displayed_start",
        "displayed_end",
        "clock",
        "clock_reference",
    }


def test_a_reference_that_was_used_says_which_is_free(house: House, browser: Opens) -> None:
    operator = browser(Role.OPERATOR)
    files = [arrived(house, operator, "a.mp4", uuid4().bytes) for _ in range(2)]
    typed = {**TYPED, "reference": "UR/5"}
    assert send(operator, NEW, files[:1], typed).status_code == 303
    answer = send(operator, NEW, files[1:], typed)
    assert answer.status_code == 422
    assert "the next free one is UR/6" in text_of(answer)
    assert inputs(answer.text)["reference"] == "UR/5"


def test_answers_can_be_changed_before_anything_is_made(house: House, browser: Opens) -> None:
    operator = browser(Role.OPERATOR)
    file = arrived(house, operator, "a.mp4", uuid4().bytes)
    checked = send(operator, DETAILS, [file], TYPED)
    carried = {name: value for name, value in hidden_fields(checked.text).items() if name in TYPED}
    assert carried == TYPED
    again = send(operator, DETAILS, [file], {**carried, "change": "yes"})
    assert again.status_code == 200
    assert inputs(again.text)["displayed_start_time"] == "2.03pm"


def test_an_upload_in_pieces_waits_for_the_vault_and_is_never_claimed_before(
    house: House, browser: Opens
) -> None:
    operator = browser(Role.OPERATOR)
    name = base64.b64encode("камера.mp4".encode()).decode()
    own = {"Tus-Resumable": "1.0.0", "Sec-Fetch-Site": "same-origin"}
    begun = operator.post(
        "/api/v1/resumable",
        headers={**own, "Upload-Length": "4", "Upload-Metadata": f"filename {name}"},
    )
    assert begun.status_code == 201, begun.text
    where = begun.headers["location"]
    file = where.rpartition("/")[2]
    half = operator.get(NEW)
    assert "камера.mp4" in half.text
    assert "0 % of 4 bytes arrived" in text_of(half)
    refused = operator.get(f"{DETAILS}?file={file}")
    assert (refused.status_code, "has not arrived yet" in refused.text) == (422, True)
    patch = {**own, "X-HTTP-Method-Override": "PATCH", "Upload-Offset": "0"}
    sent = operator.post(
        where, headers={**patch, "Content-Type": "application/offset+octet-stream"}, content=b"clip"
    )
    assert sent.status_code == 204
    assert "Being locked in the vault" in operator.get(NEW).text
    early = send(operator, NEW, [file], TYPED)
    assert early.status_code == 409
    assert "nothing is lost" in text_of(early)
    Spooler(house.services).turn(house.services.clock())
    assert send(operator, NEW, [file], TYPED).status_code == 303


def test_an_unfinished_upload_can_be_removed(house: House, browser: Opens) -> None:
    operator = browser(Role.OPERATOR)
    name = base64.b64encode(b"mistake.mp4").decode()
    operator.post(
        "/api/v1/resumable",
        headers={
            "Tus-Resumable": "1.0.0",
            "Upload-Length": "4",
            "Upload-Metadata": f"filename {name}",
        },
    )
    file = newest(house)
    for _ in range(2):  # the second time it is gone already
        assert send(operator, f"{NEW}/remove", [file], {}).status_code == 303
    assert file not in operator.get(NEW).text
    kept = arrived(house, operator, "a.mp4", b"kept")
    assert send(operator, f"{NEW}/remove", [kept], {}).status_code == 422
    assert kept in operator.get(NEW).text


def test_somebody_else_s_files_are_not_there(house: House, browser: Opens) -> None:
    operator = browser(Role.OPERATOR)
    file = arrived(house, operator, "secret.mp4", uuid4().bytes)
    services = house.services
    with services.transaction() as session:
        person = services.people.add(session, "Another operator")
        other = services.people.subject(session, person, [Role.OPERATOR])
    house.subjects["other"] = other
    stranger = browser("other")
    assert "secret.mp4" not in stranger.get(NEW).text
    assert stranger.get(f"{DETAILS}?file={file}").status_code == 422
    for path in (DETAILS, NEW):
        answer = send(stranger, path, [file], TYPED)
        assert answer.status_code == 422
        assert "secret.mp4" not in answer.text


@pytest.mark.parametrize("chosen", [[], ["nonsense"], [str(UUID(int=7))]])
def test_without_a_file_there_is_no_next_step(browser: Opens, chosen: list[str]) -> None:
    operator = browser(Role.OPERATOR)
    asked = operator.get(DETAILS, params={"file": chosen})
    assert asked.status_code == 422
    assert 'href="#file"' in asked.text
    for path in (DETAILS, NEW):
        assert send(operator, path, chosen, TYPED).status_code == 422


def test_no_file_at_all_is_a_mistake(browser: Opens) -> None:
    operator = browser(Role.OPERATOR)
    token = hidden_fields(operator.get(NEW).text)["form_token"]
    for files in ({"file": ("", b"", "")}, {"other": ("a.mp4", b"x", "")}):
        answer = operator.post(FILES, {"form_token": token}, files=files)
        assert answer.status_code == 422
        assert "Select a file" in answer.text


def test_malware_is_named_where_the_file_is_chosen(house: House, browser: Opens) -> None:
    operator = browser(Role.OPERATOR)
    with clamd() as scanner:
        object.__setattr__(house.services.scanner, "_address", str(scanner.path))
        try:
            file = arrived(house, operator, "bad.mp4", MALWARE)
        finally:
            object.__setattr__(house.services.scanner, "_address", "")
    assert f"Malware found: {NAME}" in operator.get(NEW).text
    assert f"Malware found: {NAME}" in send(operator, DETAILS, [file], TYPED).text


def test_names_are_shown_and_never_markup(house: House, browser: Opens) -> None:
    operator = browser(Role.OPERATOR)
    arrived(house, operator, '"><img src=x onerror=alert(1)>.mp4', uuid4().bytes)
    page = operator.get(NEW).text
    assert "<img" not in page
    assert "&lt;img src=x onerror=alert(1)&gt;.mp4" in page


# Whose body is read at all


@pytest.mark.parametrize("role", [None, Role.AUDITOR])
def test_a_body_is_not_read_before_it_is_known_who_sends_it(
    browser: Opens, role: str | None
) -> None:
    read: list[int] = []

    async def body() -> Any:  # noqa: ANN401 - what httpx streams
        for _ in range(10):
            read.append(1)
            yield b"x" * 1000

    kind = {"Content-Type": "multipart/form-data; boundary=b", "Content-Length": "10000"}
    answer = browser(role).post(FILES, headers=kind, content=body())
    assert answer.status_code == (303 if role is None else 403)
    assert read == []


def test_a_form_of_another_site_is_refused_before_its_body(browser: Opens) -> None:
    operator = browser(Role.OPERATOR)
    answer = operator.post(
        FILES, {}, files={"file": ("a.mp4", b"x", "")}, headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert answer.status_code == 403


def test_a_form_without_our_token_takes_nothing_in(house: House, browser: Opens) -> None:
    operator = browser(Role.OPERATOR)
    before = newest(house)
    answer = operator.post(FILES, {"form_token": "x"}, files={"file": ("a.mp4", b"x", "")})
    assert answer.status_code == 403
    assert newest(house) == before


@pytest.mark.parametrize(
    ("length", "status"), [(str(MOST_FORM + 1), 413), (str(MOST_FORM), 507), ("-1", 411), ("", 411)]
)
def test_a_plain_form_is_bounded(
    house: House, browser: Opens, monkeypatch: pytest.MonkeyPatch, length: str, status: int
) -> None:
    monkeypatch.setattr(house.services.intake, "_free_bytes", lambda: MOST_FORM)
    kind = {"Content-Type": "multipart/form-data; boundary=b", "Content-Length": length}
    answer = browser(Role.OPERATOR).post(FILES, headers=kind, content=b"")
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("text/html")


# What people type


@pytest.mark.parametrize(
    ("day", "month", "year", "time", "read"),
    [
        ("20", "11", "2026", "14:03:00", "2026-11-20 14:03:00"),
        ("20", "Nov", "26", "14.03", "2026-11-20 14:03:00"),
        ("1", "january", "2026", "1403", "2026-01-01 14:03:00"),
        ("01", "01", "2026", "140305", "2026-01-01 14:03:05"),
        ("1", "1", "2026", "2:03pm", "2026-01-01 14:03:00"),
        ("1", "1", "2026", "2.03.09 P.M.", "2026-01-01 14:03:09"),
        ("1", "1", "2026", "12am", "2026-01-01 00:00:00"),
        ("1", "1", "2026", "12pm", "2026-01-01 12:00:00"),
        ("1", "1", "2026", "9:05:01.25", "2026-01-01 09:05:01.25"),
        ("25", "10", "2026", "1:30 BST", "2026-10-25 01:30:00+01:00"),
        ("25", "10", "2026", "1:30am gmt", "2026-10-25 01:30:00+00:00"),
    ],
)
def test_what_people_write_is_understood(
    day: str, month: str, year: str, time: str, read: str
) -> None:
    assert parse_moment("at", Moment(day, month, year, time), what="it was") == read


@pytest.mark.parametrize(
    ("day", "month", "year", "time", "field"),
    [
        ("31", "2", "2026", "14:03", "at"),
        ("1", "Foo", "2026", "14:03", "at"),
        ("1", "1", "202", "14:03", "at"),
        ("1", "1", "1969", "14:03", "at"),
        ("٣", "1", "2026", "14:03", "at"),
        ("1", "1", "99999", "14:03", "at"),
        ("1", "1", "2026", "24:00", "at_time"),
        ("1", "1", "2026", "13pm", "at_time"),
        ("1", "1", "2026", "14", "at_time"),
        ("1", "1", "2026", "noonish", "at_time"),
        ("1", "1", "2026", "14:3", "at_time"),
        ("25", "10", "2026", "1:30", "at_time"),  # twice that night
        ("29", "3", "2026", "1:30", "at_time"),  # never that night
    ],
)
def test_what_cannot_be_is_refused_at_its_field(
    day: str, month: str, year: str, time: str, field: str
) -> None:
    with pytest.raises(InvalidError) as refused:
        parse_moment("at", Moment(day, month, year, time), what="it was")
    assert refused.value.field == field
    assert "fromisoformat" not in str(refused.value)


@pytest.mark.parametrize(
    ("typed", "offset"),
    [
        ({"clock": "correct", "clock_minutes": "9"}, 0),
        ({"clock": "fast", "clock_minutes": "1", "clock_seconds": "13"}, 73_000),
        ({"clock": "slow", "clock_seconds": "4.5"}, -4_500),
        ({"clock": "slow", "clock_hours": "1"}, -3_600_000),
    ],
)
def test_a_clock_offset_is_read_with_its_sign(typed: dict[str, str], offset: int) -> None:
    assert parse_clock(typed) == offset


def test_a_file_of_another_camera_says_so_and_one_without_times_is_asked(
    house: House, browser: Opens
) -> None:
    operator = browser(Role.OPERATOR)
    files = [arrived(house, operator, f"v{n}.mp4", uuid4().bytes) for n in range(2)]
    answer = send(operator, DETAILS, files, of_two({"file2_start_time": ""}))
    assert answer.status_code == 422
    assert "Enter the time when this file starts" in text_of(answer)
    assert 'href="#file2_start_time"' in answer.text
    answer = send(operator, DETAILS, files, of_two({"file2_end_time": "14:00:00"}))
    assert "before it starts" in text_of(answer)
    assert 'href="#file2_end-day"' in answer.text
    made = send(operator, NEW, files, of_two({"file2_camera": "BAR-0018"}))
    exhibit = UUID(made.headers["location"].rpartition("/")[2])
    stated = described(house.look(lambda s: s.get_one(ExhibitRow, exhibit)))
    assert [file.camera.id for file in stated.files] == ["BAR-0017", "BAR-0018"]
    page = text_of(operator.get(made.headers["location"]))
    assert "BAR-0018" in page


def test_the_same_file_twice_is_refused(house: House, browser: Opens) -> None:
    operator = browser(Role.OPERATOR)
    content = uuid4().bytes
    files = [arrived(house, operator, f"same{n}.mp4", content) for n in range(2)]
    answer = send(operator, DETAILS, files, of_two({}))
    assert (answer.status_code, "the same file is there twice" in text_of(answer).lower()) == (
        422,
        True,
    )


def test_that_nobody_checked_the_clock_is_an_answer(house: House, browser: Opens) -> None:
    operator = browser(Role.OPERATOR)
    file = arrived(house, operator, "a.mp4", uuid4().bytes)
    typed = {**TYPED, "clock": "unchecked", "clock_reference": "", "clock_minutes": ""}
    assert "The clock was not checked" in text_of(send(operator, DETAILS, [file], typed))
    made = send(operator, NEW, [file], typed)
    exhibit = UUID(made.headers["location"].rpartition("/")[2])
    assert described(house.look(lambda s: s.get_one(ExhibitRow, exhibit))).clock_check is None
    assert "clock was not checked" in text_of(operator.get(made.headers["location"]))


def test_what_is_unlikely_is_asked_and_the_answer_is_on_record(
    house: House, browser: Opens
) -> None:
    operator = browser(Role.OPERATOR)
    file = arrived(house, operator, "a.mp4", uuid4().bytes)
    typed = {**TYPED, "clock": "slow", "clock_hours": "24"}
    asked = send(operator, DETAILS, [file], typed)
    assert asked.status_code == 422
    assert "Is this right?" in text_of(asked)
    assert 'href="#confirm_clock_offset"' in asked.text
    assert 'id="confirm_clock_offset"' in asked.text
    assert send(operator, NEW, [file], typed).status_code == 422
    sure = {**typed, "confirm_clock_offset": "yes"}
    checked = send(operator, DETAILS, [file], sure)
    assert checked.status_code == 200
    assert "The clock was off by a day or more" in text_of(checked)
    made = send(operator, NEW, [file], sure)
    exhibit = UUID(made.headers["location"].rpartition("/")[2])
    stated = described(house.look(lambda s: s.get_one(ExhibitRow, exhibit)))
    assert stated.confirmed == ("clock_offset",)
