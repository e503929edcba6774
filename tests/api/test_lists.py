"""Lists: pages that meet, and as many statements for thirty rows as for three."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from html import unescape

import pytest
from sqlmodel import select

from api.times import utc_now
from api.web.console import custody as custody_pages
from api.web.console import histories as history_pages
from api.web.console import register as register_pages
from api.web.console.exhibits import pages as exhibit_pages
from api.web.console.releases import pages as release_pages
from custody.ledger.ledger import Values
from evidence.exhibits.tables import ExhibitRow
from evidence.people.access import Role
from export.release.tables import ReleaseRow
from tests.api.asking import Web
from tests.api.statements import statements
from tests.api.web.visiting import Visitor
from tests.export.release.release_acts import propose, sealed
from tests.houses import NEW, House

Opens = Callable[..., Visitor]
MOST = 20
FEW, MANY = 3, 30
CHECKED: Values = {"files": [{"sha256": "0" * 64, "size": 1}], "result": "whole"}
"""What an event says that the audit expects no row for: others share this database."""


@dataclass(frozen=True)
class Town:
    """More than a page of everything."""

    exhibits: list[ExhibitRow]
    releases: list[ReleaseRow]


@pytest.fixture(scope="module")
def town(house: House) -> Town:
    """Return many exhibits and proposals, one long history, and some packages that went out."""
    new = replace(NEW, reference="LI")
    exhibits = [house.exhibit(b"listed %d" % number, new) for number in range(MANY)]
    one = exhibits[0]
    house.looked_at(one.id)
    house.accept(one)
    releases = [propose(house, one.reference) for _ in range(MANY)]
    for _ in range(FEW + 1):
        row = sealed(house, one.reference)
        for role in (Role.OPERATOR, Role.RELEASER):
            house.do(
                role,
                lambda s, row=row, role=role: house.services.packages.collect(  # type: ignore[misc]
                    s, str(row.id), by=house.subjects[role], at=utc_now()
                ),
            )
        releases.append(row)
    for _ in range(MANY):
        house.do(
            Role.OPERATOR,
            lambda s: house.services.ledger.append(
                s, one.id, "integrity.checked", CHECKED, at=utc_now()
            ),
        )
    house.events(one.id)
    return Town(exhibits, releases)


def call(web: Web, house: House, path: str, rows: int) -> list[str]:
    """Return the statements of a call; see that it answers so many rows."""
    joint = "&" if "?" in path else "?"
    with statements(house) as seen:
        answer = web.ask("GET", f"{path}{joint}limit={rows}", Role.AUDITOR)
    assert answer.status_code == 200, answer.text
    assert len(answer.json()) == rows
    return seen


@pytest.mark.parametrize("name", ["exhibits", "releases", "history"])
def test_a_call_for_thirty_rows_asks_as_much_as_one_for_three(
    web: Web, house: House, town: Town, name: str
) -> None:
    path = f"/exhibits/{town.exhibits[0].id}/custody" if name == "history" else f"/{name}"
    few, many = (call(web, house, path, rows) for rows in (FEW, MANY))
    assert len(few) == len(many)
    assert 0 < len(many) <= MOST, many


PAGES = {
    "exhibits": ("/console/exhibits", exhibit_pages, r"<tr[^>]*>\s*<th scope=\"row\"", MANY),
    "releases": ("/console/releases", release_pages, r"<tr[^>]*>\s*<th scope=\"row\"", MANY),
    "register": ("/console/register", register_pages, r"<tr[^>]*>\s*<th scope=\"row\"", FEW + 1),
    "custody": ("/console/custody", custody_pages, r"<tr[^>]*>\s*<td", MANY),
    "history": ("history", history_pages, r"custos-timeline__item\"", MANY),
}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_of_many_rows_asks_as_much_as_one_of_few(
    browser: Opens, house: House, town: Town, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, module, row, most = PAGES[name]
    if name == "history":
        path = f"/console/exhibits/{town.exhibits[0].reference.replace('/', '-')}/history"
    visitor, asked = browser(Role.AUDITOR), []
    for rows in (2, most):
        monkeypatch.setattr(module, "PAGE", rows)
        with statements(house) as seen:
            answer = visitor.get(path)
        assert answer.status_code == 200
        assert len(re.findall(row, answer.text)) == rows
        asked.append(seen)
    few, many = asked
    assert len(few) == len(many)
    assert 0 < len(many) <= MOST, many


def test_no_page_of_one_thing_asks_more_than_twenty(
    browser: Opens, house: House, town: Town
) -> None:
    one, release = town.exhibits[0], town.releases[-1]
    name, label = one.reference.replace("/", "-"), f"{release.urn}-R{release.number}"
    visitor = browser(Role.RELEASER)
    for path in (
        "/console",
        f"/console/exhibits/{name}",
        f"/console/releases/{label}",
        f"/console/releases/{label}/history",
        f"/console/custody/known?sha256={'0' * 64}",
        f"/console/custody?about={name}",
        "/console/custody/0",
        "/console/releases/new",
        "/console/releases/new?q=street",
    ):
        with statements(house) as seen:
            assert visitor.get(path).status_code == 200, path
        assert len(seen) <= MOST, (path, seen)


def test_a_history_opens_each_key_once(web: Web, house: House, town: Town) -> None:
    seen = call(web, house, f"/exhibits/{town.exhibits[0].id}/custody", MANY)
    assert sum("FROM record_key" in statement for statement in seen) == 1


def pages_of(web: Web, path: str) -> Iterator[list[dict[str, object]]]:
    """Follow `Link` to the end."""
    following: str | None = path
    while following:
        answer = web.ask("GET", following, Role.AUDITOR)
        assert answer.status_code == 200
        yield answer.json()
        found = re.search(r'<([^>]+)>; rel="next"', answer.headers.get("link", ""))
        following = found[1] if found else None


@pytest.mark.parametrize("name", ["exhibits", "releases"])
def test_following_the_links_of_a_call_shows_every_row_once(
    web: Web, house: House, town: Town, name: str
) -> None:
    del town
    shown = [row["id"] for page in pages_of(web, f"/{name}?limit=7") for row in page]
    rows = {
        "exhibits": select(ExhibitRow.id, ExhibitRow.received_at),
        "releases": select(ReleaseRow.id, ReleaseRow.proposed_at),
    }[name]
    places = sorted(
        ((at, key) for key, at in house.look(lambda s: s.exec(rows).all())), reverse=True
    )
    assert shown == [str(key) for _, key in places]


def test_a_call_goes_back_the_way_that_it_came(web: Web, town: Town) -> None:
    del town
    first = web.ask("GET", "/exhibits?limit=5", Role.AUDITOR)
    (following,) = re.findall(r'<([^>]+)>; rel="next"', first.headers["link"])
    second = web.ask("GET", following, Role.AUDITOR)
    (before,) = re.findall(r'<([^>]+)>; rel="prev"', second.headers["link"])
    back = web.ask("GET", before, Role.AUDITOR)
    assert back.json() == first.json()
    assert "prev" not in back.headers["link"]


def test_a_history_goes_on_where_the_page_before_it_ended(
    web: Web, house: House, town: Town
) -> None:
    one = town.exhibits[0]
    pages = list(pages_of(web, f"/exhibits/{one.id}/custody?limit=10"))
    events = [event["event"] for page in pages for event in page]
    assert events == [name for name, _ in house.events(one.id)]
    assert all(not event["altered"] and not event["erased"] for page in pages for event in page)


@pytest.mark.parametrize(
    ("query", "field"),
    [("limit=0", "limit"), ("limit=101", "limit"), ("cursor=2", "cursor"), ("start=1", "start")],
)
def test_what_is_no_page_is_refused(web: Web, query: str, field: str) -> None:
    answer = web.ask("GET", f"/exhibits?{query}", Role.AUDITOR)
    assert answer.status_code == 422
    assert field in answer.text


def following_pages(visitor: Visitor, path: str, rel: str) -> Iterator[str]:
    """Follow the link of a page to the end."""
    while path:
        text = visitor.get(path).text
        yield text
        found = re.search(rf'href="([^"]+)" rel="{rel}"', text)
        path = unescape(found[1]) if found else ""


@pytest.mark.parametrize(
    ("path", "module", "link"),
    [
        ("/console/exhibits?q=LI", exhibit_pages, r"/console/exhibits/(LI-\d+)\""),
        ("/console/releases?show=waiting", release_pages, r"/console/releases/(BAR-[^\"?]+)\""),
    ],
)
def test_older_and_newer_lead_through_a_list_without_scripts(
    browser: Opens,
    town: Town,
    path: str,
    module: object,
    link: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    del town
    monkeypatch.setattr(module, "PAGE", 11)
    visitor = browser(Role.AUDITOR)
    down = list(following_pages(visitor, path, "next"))
    shown = [name for text in down for name in re.findall(link, text)]
    assert len(shown) >= MANY
    assert len(shown) == len(set(shown))
    (last,) = re.findall(r'href="([^"]+)" rel="prev"', down[-1])
    up = list(following_pages(visitor, unescape(last), "prev"))
    assert re.findall(link, up[-1]) == re.findall(link, down[0])


def test_an_old_number_of_a_page_is_refused_and_not_taken_for_the_first_page(
    browser: Opens,
) -> None:
    assert browser(Role.AUDITOR).get("/console/exhibits?page=2").status_code == 422


def test_releases_are_found_by_the_beginnings_of_words(browser: Opens, town: Town) -> None:
    row = town.releases[0]
    visitor, label = browser(Role.AUDITOR), f"{row.urn}-R{row.number}"
    for words in (
        label,
        label.lower(),
        row.urn[4:8],
        f"{row.urn} alex",
        f"Barchester {label}",
        f"constab {row.urn}",
        f"alex@barchester.police.example {label}",
        f"police.example {label}",
    ):
        assert (
            f"/console/releases/{label}"
            in visitor.get("/console/releases", params={"q": words}).text
        ), words
    for words in (f"{label} nobody", "'", "\\", ":*", "a&b", "!()", "zzzz"):
        answer = visitor.get("/console/releases", params={"q": words})
        assert answer.status_code == 200, words
        assert words in ("'", "\\", ":*", "!()") or f'/console/releases/{label}"' not in answer.text
