"""The console's pages around exhibits: what is shown to whom, watched by whom, held why."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from html import unescape
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlmodel import col, func, select

from api.running.worker import worker
from api.times import utc_now
from api.web.console.exhibits.details import JOBS, KINDS
from api.web.console.exhibits.pages import PAGE
from custody.ledger.tables import CustodyEventRow
from evidence import attention
from evidence.exhibits.tables import ExhibitRow
from evidence.mailbox.tables import MessageRow
from evidence.people.access import Role
from export.holdings.files import (
    CONTACT_SHEET,
    COPY,
    DERIVATION,
    FRAMES,
    MASTER,
    SOURCE_FRAMES,
    files_of,
)
from export.holdings.tables import ExhibitFileRow
from export.holdings.views import LASTS
from export.release.tables import ReleaseRow
from tests.api.web.visiting import Visitor, hidden_fields
from tests.houses import NEW, House, clip

Opens = Callable[..., Visitor]
PLANTED = "<script>alert('x')</script>\"'><img src=x onerror=alert(1)>"
READERS = (Role.OPERATOR, Role.RELEASER, Role.GOVERNANCE, Role.AUDITOR)


@pytest.fixture(scope="module")
def playable(house: House, tmp_path_factory: pytest.TempPathFactory) -> ExhibitRow:
    """Return an exhibit with a working copy."""
    content = clip(Path(tmp_path_factory.mktemp("clip"))).read_bytes()
    row = house.exhibit(content, replace(NEW, reference="PL"), name="high-street.mp4")
    house.looked_at(row.id)
    return row


@pytest.fixture(scope="module")
def planted(house: House) -> ExhibitRow:
    """Return an exhibit of which every text is an attack."""
    new = replace(
        NEW,
        reference="XS",
        camera=PLANTED,
        title=PLANTED,
        method=PLANTED,
        clock_reference=PLANTED,
    )
    row = house.exhibit(b"planted", new, name=f"{PLANTED}.mp4".replace("/", ""))
    operator = house.subjects[Role.OPERATOR]
    house.do(
        Role.OPERATOR,
        lambda s: house.services.holds.place(
            s, row.reference, reason=PLANTED, by=operator, at=utc_now()
        ),
    )
    house.look(lambda s: attention.call(s, row.id, "exhibit.derive", PLANTED, at=utc_now()))
    return row


def address(row: ExhibitRow, rest: str = "") -> str:
    return f"/console/exhibits/{row.reference.replace('/', '-')}{rest}"


def events(house: House, name: str) -> int:
    wanted = select(func.count()).where(col(CustodyEventRow.event) == name)
    return house.look(lambda s: s.exec(wanted).one())


def watch(visitor: Visitor, row: ExhibitRow) -> str:
    answer = visitor.fill(address(row), {}, to=address(row, "/views"))
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def plain(page: str) -> str:
    """Return the words of a page without its tags."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", page)))


def test_an_exhibit_is_told_in_plain_words(
    browser: Opens, house: House, playable: ExhibitRow
) -> None:
    page = browser(Role.AUDITOR).get(address(playable))
    words = plain(page.text)
    assert page.status_code == 200
    assert "73 seconds fast" in words
    assert "speaking clock" in words
    assert "20 November 2026, 2:03:00 pm GMT" in words  # displayed
    assert "20 November 2026, 2:01:47 pm GMT" in words  # corrected
    assert "corrected time is earlier than the displayed one" in words
    assert "pictures of the original are in the copy, in order and at their times" in words
    assert "Malware check:" in words
    assert "There is no legal hold" in words
    for file in house.look(lambda s: files_of(s, playable.id)):
        assert file.sha256 in words
        assert KINDS[file.kind] in words


def test_the_page_of_an_exhibit_holds_no_footage(browser: Opens, playable: ExhibitRow) -> None:
    for role in READERS:
        page = browser(role).get(address(playable)).text
        assert "<video" not in page
        assert "/views/" not in page
        assert "contact-sheet.jpg?" not in page
        assert not re.search(r"<img\b", page)


@pytest.mark.parametrize("role", READERS)
def test_only_what_a_role_may_do_is_offered(
    browser: Opens, playable: ExhibitRow, role: Role
) -> None:
    page = browser(role).get(address(playable)).text
    staff = role in (Role.OPERATOR, Role.RELEASER)
    assert (f'action="{address(playable)}/views"' in page) == staff
    assert ("/console/releases/new" in page) == staff
    assert (f'href="{address(playable)}/hold"' in page) == (role is not Role.AUDITOR)
    assert f'href="{address(playable)}/history"' in page


def test_what_goes_on_by_itself_says_so_and_does_not_reload_by_itself(
    browser: Opens, house: House, playable: ExhibitRow
) -> None:
    row = house.exhibit(b"still to be examined")
    page = browser(Role.OPERATOR).get(address(row)).text
    assert "This goes on by itself." in page
    assert f'href="{address(row)}">Check again' in page
    assert "http-equiv" not in page  # WCAG 2.2.1: nobody who reads slowly is thrown back
    assert "This goes on by itself." not in browser(Role.OPERATOR).get(address(playable)).text


def test_one_view_is_one_event_however_often_it_is_loaded(
    browser: Opens, house: House, playable: ExhibitRow
) -> None:
    visitor = browser(Role.OPERATOR)
    before = events(house, "exhibit.viewed")
    view = watch(visitor, playable)
    pages = [visitor.get(view) for _ in range(3)]
    assert [page.status_code for page in pages] == [200, 200, 200]
    page = pages[-1]
    assert "For viewing only: the master is the evidence." in page.text
    for file in ("copy.mp4", "contact-sheet.jpg"):
        assert f"{view}/{file}" in page.text
        assert visitor.get(f"{view}/{file}").status_code == 200
    assert events(house, "exhibit.viewed") == before + 1
    watch(visitor, playable)
    assert events(house, "exhibit.viewed") == before + 2


def test_a_view_shows_its_copy_and_its_contact_sheet(
    browser: Opens, house: House, playable: ExhibitRow
) -> None:
    visitor = browser(Role.RELEASER)
    view = watch(visitor, playable)
    files = {file.kind: file for file in house.look(lambda s: files_of(s, playable.id))}
    for name, kind, media in (
        ("copy.mp4", COPY, "video/mp4"),
        ("contact-sheet.jpg", CONTACT_SHEET, "image/jpeg"),
    ):
        answer = visitor.get(f"{view}/{name}")
        stored = files[kind]
        assert answer.content == house.services.vault.read(
            stored.key, stored.version, limit=1 << 30
        )
        assert answer.headers["content-type"] == media
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "no-store" in answer.headers["cache-control"]
    for other in ("master.mp4", files[MASTER].name, str(files[COPY].id), "..", "%2e%2e"):
        assert visitor.get(f"{view}/{other}").status_code == 404, other


def test_a_player_gets_the_part_that_it_asks_for(browser: Opens, playable: ExhibitRow) -> None:
    visitor = browser(Role.OPERATOR)
    copy = f"{watch(visitor, playable)}/copy.mp4"
    whole = visitor.get(copy)
    data, size = whole.content, len(whole.content)
    assert whole.headers["accept-ranges"] == "bytes"

    def part(asked: str, **headers: str) -> tuple[int, bytes, str]:
        answer = visitor.get(copy, headers={"Range": asked, **headers})
        assert int(answer.headers.get("content-length", 0)) == len(answer.content)
        return answer.status_code, answer.content, answer.headers.get("content-range", "")

    assert part("bytes=0-") == (206, data, f"bytes 0-{size - 1}/{size}")
    assert part("bytes=10-19") == (206, data[10:20], f"bytes 10-19/{size}")
    assert part(f"bytes={size - 1}-") == (206, data[-1:], f"bytes {size - 1}-{size - 1}/{size}")
    assert part("bytes=-5") == (206, data[-5:], f"bytes {size - 5}-{size - 1}/{size}")
    assert part(f"bytes={size}-") == (416, b"", f"bytes */{size}")
    assert part("bytes=0-1,5-6") == (200, data, "")
    assert part("bytes=9-3") == (200, data, "")
    assert part("bytes=0-9", **{"If-Range": '"another"'}) == (200, data, "")
    assert part("bytes=0-9", **{"If-Range": whole.headers["etag"]})[0] == 206


def test_nobody_else_plays_a_view_and_the_try_is_an_event(
    browser: Opens, house: House, playable: ExhibitRow
) -> None:
    view = watch(browser(Role.OPERATOR), playable)
    before = house.refusals()
    for role in (Role.RELEASER, Role.AUDITOR):
        for rest in ("", "/copy.mp4", "/contact-sheet.jpg"):
            answer = browser(role).get(view + rest)
            assert answer.status_code == 403
            assert b"ftyp" not in answer.content
    assert house.refusals() == before + 6
    stranger = browser().get(f"{view}/copy.mp4")
    assert stranger.status_code == 303
    assert stranger.headers["location"].startswith("/sign-in")
    assert house.refusals() == before + 6


def test_an_auditor_watches_nothing_and_the_try_is_an_event(
    browser: Opens, house: House, playable: ExhibitRow
) -> None:
    visitor = browser(Role.AUDITOR)
    token = hidden_fields(browser(Role.OPERATOR).get(address(playable)).text)
    refused, viewed = house.refusals(), events(house, "exhibit.viewed")
    assert visitor.post(address(playable, "/views"), token).status_code == 403
    assert house.refusals() == refused + 1
    assert events(house, "exhibit.viewed") == viewed


def test_a_view_that_has_ended_plays_no_more_and_offers_a_new_one(
    browser: Opens, house: House, playable: ExhibitRow
) -> None:
    visitor = browser(Role.OPERATOR)
    view = watch(visitor, playable)
    older = text("UPDATE viewing SET at = :at WHERE id = :id")
    values = {"at": utc_now() - LASTS, "id": UUID(view.rpartition("/")[2])}
    house.look(lambda s: s.connection().execute(older, values))
    page = visitor.get(view)
    assert page.status_code == 410
    assert "<video" not in page.text
    assert "This view has ended" in page.text
    assert visitor.get(f"{view}/copy.mp4").status_code == 409
    again = visitor.post(address(playable, "/views"), hidden_fields(page.text))
    assert visitor.get(again.headers["location"]).status_code == 200


def test_a_hold_is_placed_and_lifted_with_a_reason(browser: Opens, house: House) -> None:
    row = house.exhibit(b"to be held")
    operator, governance = browser(Role.OPERATOR), browser(Role.GOVERNANCE)
    empty = operator.fill(address(row, "/hold"), {"reason": "  "})
    assert empty.status_code == 422
    assert "Error: " in empty.text
    assert 'href="#reason"' in empty.text
    placed = operator.fill(address(row, "/hold"), {"reason": "Coroner's request\r\nby telephone"})
    assert placed.headers["location"] == address(row)
    page = operator.get(address(row)).text
    assert "Being applied" in page
    assert "Coroner&#39;s request" in page
    assert f'href="{address(row)}/lift"' not in page  # an operator lets nothing go
    house.services.holds.apply(row.id)
    assert "Applied to every file" in plain(operator.get(address(row)).text)
    assert "Legal hold" in operator.get("/console/exhibits").text
    assert "already" in operator.get(address(row, "/hold")).text
    governance.fill(address(row, "/lift"), {"reason": "Inquest closed"})
    assert "Being lifted" in governance.get(address(row)).text
    house.services.holds.apply(row.id)
    assert "Inquest closed" in governance.get(address(row)).text
    [hold] = house.look(lambda session: house.services.holds.of(session, row.id))
    (placing, told), (lifting, _) = house.events(hold.row.id)
    assert (placing, lifting) == ("hold.placed", "hold.lifted")
    assert told["reason"] == "Coroner's request\nby telephone"  # as records hold it, not browsers


def test_what_was_typed_is_not_lost_with_a_mistake(browser: Opens, house: House) -> None:
    row = house.exhibit(b"to be held, with a mistake")
    long = "why " * 600
    answer = browser(Role.OPERATOR).fill(address(row, "/hold"), {"reason": long})
    assert answer.status_code == 422
    assert long.strip() in unescape(answer.text)


def test_no_text_of_anybody_becomes_a_tag(browser: Opens, planted: ExhibitRow) -> None:
    visitor = browser(Role.RELEASER)
    pages = [
        address(planted),
        address(planted, "/lift"),
        address(planted, "/history"),
        "/console",
        "/console/exhibits",
        f"/console/exhibits?q={PLANTED}&recorded={PLANTED}&state={PLANTED}",
        f"/console/custody?about={PLANTED}&event={PLANTED}&since={PLANTED}&sha256={PLANTED}",
        f"/console/custody/known?sha256={PLANTED}",
    ]
    mistaken = visitor.fill(address(planted, "/lift"), {"reason": PLANTED * 100})
    assert mistaken.status_code == 422
    seen = 0
    for path, page in [
        ("POST", mistaken.text),
        *((path, visitor.get(path).text) for path in pages),
    ]:
        assert "<script>alert" not in page, path
        assert "<img" not in page, path
        assert "onerror=alert(1)>" not in page, path
        seen += "&lt;script&gt;alert" in page
    assert seen == len(pages) + 1, "each of them showed the text, escaped"


def test_exhibits_are_found_by_reference_camera_title_day_and_state(
    browser: Opens, house: House
) -> None:
    new = replace(
        NEW,
        reference="QXF",
        camera="Quayside_Dome-4",
        title="Lorry against a bollard",
        displayed_start="2025-03-02 23:58:00",
        displayed_end="2025-03-03 00:07:00",
        clock_offset_ms=0,
    )
    row = house.exhibit(b"to be found", new)
    house.exhibit(b"another", replace(NEW, reference="QG", title="100% of it"))
    visitor = browser(Role.AUDITOR)

    def found(**asked: str) -> set[str]:
        page = visitor.get("/console/exhibits", params=asked)
        assert page.status_code == 200
        return set(re.findall(r'href="/console/exhibits/([A-Z]+-\d+)"', page.text))

    this = {row.reference.replace("/", "-")}
    assert found(q=row.reference) == this
    assert found(q=row.reference.lower().replace("/", "-")) == this
    assert found(q="QXF") == this
    assert found(q="quayside_d") == this
    assert found(q="quaysideXd") == set()  # _ is no wildcard
    assert found(q="%") == set()
    assert found(q="bollard lorry") == this
    assert found(q="bollard car") == set()
    assert found(recorded="02/03/2025") == found(recorded="2025-03-03") == this
    assert found(recorded="04/03/2025") == set()
    assert found(q="QXF", state="received") == this
    assert found(q="QXF", state="ready") == set()
    wrong = visitor.get("/console/exhibits", params={"recorded": "31/02/2025"})
    assert wrong.status_code == 422
    assert "Enter a real date" in wrong.text
    assert 'value="31/02/2025"' in wrong.text


def test_a_long_list_has_pages(browser: Opens, house: House) -> None:
    for number in range(PAGE + 1):
        house.exhibit(b"paged %d" % number, replace(NEW, reference="LP", camera="Paged"))
    visitor = browser(Role.AUDITOR)
    first = visitor.get("/console/exhibits?q=paged").text
    found = re.findall(r"/console/exhibits/LP-(\d+)", first)
    assert [int(number) for number in found] == list(range(PAGE + 1, 1, -1))
    assert 'rel="prev"' not in first
    later = re.search(r'href="([^"]+)" rel="next"', first)
    assert later
    second = visitor.get(unescape(later[1])).text
    assert re.findall(r"/console/exhibits/LP-(\d+)", second) == ["1"]
    assert 'rel="next"' not in second
    assert 'rel="prev"' in second


def test_the_home_page_says_what_waits_for_whom(browser: Opens, house: House) -> None:
    row = house.unplayable()
    house.undecided()
    mine = house.propose(row.reference, role=Role.RELEASER)
    theirs = house.propose(row.reference, role=Role.OPERATOR)
    label = {release.id: f"{release.urn}-R{release.number}" for release in (mine, theirs)}
    house.look(
        lambda s: s.add(
            MessageRow(
                id=uuid4(),
                once=str(uuid4()),
                kind="link",
                person=mine.recipient,
                about=theirs.id,
                state="refused",
                queued_at=utc_now() + timedelta(days=1),
                words=PLANTED,
            )
        )
    )
    release_page = browser(Role.RELEASER).get("/console").text
    cards: dict[str, str] = {
        plain(re.findall(r"<h2.*?</h2>", card, re.DOTALL)[0]): card
        for card in re.findall(
            r'<li class="custos-card.*?</li>\s*(?=<li class="custos-card|</ul>)',
            release_page,
            re.DOTALL,
        )
    }

    def card(words: str) -> str:
        return next(card for heading, card in cards.items() if words in heading)

    assert label[mine.id] in card("of yours")
    assert label[theirs.id] not in card("of yours")
    assert f"/console/releases/{label[theirs.id]}" in card("did not arrive")
    assert "&lt;script&gt;" in card("did not arrive")
    assert "need" in card("need a person")
    approvals = house.look(lambda s: s.exec(select(ReleaseRow)).all())
    waiting = [
        one
        for one in approvals
        if one.state == "proposed" and one.proposed_by != house.subjects[Role.RELEASER].person
    ]
    assert f">{len(waiting)}<" in card("for approval")
    assert 'href="/console/releases/new"' in release_page
    assert 'href="/console/exhibits/new"' not in release_page
    operator = browser(Role.OPERATOR).get("/console").text
    assert 'href="/console/exhibits/new"' in operator
    assert "for approval" not in operator
    auditor = browser(Role.AUDITOR).get("/console").text
    assert 'href="/console/releases/new"' not in auditor
    assert "need" in auditor


def test_administrators_are_told_which_tokens_end_soon(browser: Opens, house: House) -> None:
    administrator = browser(Role.ADMINISTRATOR)
    assert "Nothing waits for you" in administrator.get("/console").text
    at = house.services.clock()
    with house.services.transaction() as session:
        person = house.services.people.add(session, "The <fleet> system")
        by = house.subjects[Role.ADMINISTRATOR]
        until = at + timedelta(days=13)
        house.services.tokens.add(session, person, [Role.OPERATOR], by=by, at=at, until=until)
    page = administrator.get("/console").text
    assert "1</span> API token ends soon" in page
    assert "The &lt;fleet&gt; system (operator) until" in page
    assert "ends soon" not in browser(Role.OPERATOR).get("/console").text


def test_somebody_without_a_role_is_told_whom_to_ask(browser: Opens) -> None:
    page = browser("nobody").get("/console")
    assert page.status_code == 403
    assert "You have no role here yet" in page.text
    assert "Ask whoever administers this service" in page.text


def test_every_file_and_every_job_has_words(house: House) -> None:
    kinds = {MASTER, COPY, DERIVATION, FRAMES, SOURCE_FRAMES, CONTACT_SHEET}
    assert kinds <= KINDS.keys()
    tasks = {
        name for name in worker(house.services)._app.tasks if name.startswith(("exhibit.", "hold."))
    }
    assert tasks <= JOBS.keys()
    stored = house.look(lambda s: s.exec(select(ExhibitFileRow.kind).distinct()).all())
    assert set(stored) <= KINDS.keys()
