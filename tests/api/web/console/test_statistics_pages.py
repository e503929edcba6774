"""The page of the statistics, and the files: for who answers for what the public is told."""

import csv
import io
from collections.abc import Callable

import pytest
from sqlmodel import func, select

from custody.ledger.tables import CustodyEventRow
from evidence.people.access import Role
from evidence.requests.states import Path
from tests.api.statements import statements
from tests.api.web.visiting import Visitor
from tests.evidence.requests.requesting import request
from tests.houses import House

Opens = Callable[..., Visitor]
PAGE = "/console/statistics"


@pytest.fixture(scope="module", autouse=True)
def asked(house: House) -> None:
    """Have six insurers ask, and one solicitor."""
    at = house.services.clock()
    for path in (*[Path.INSURER] * 12, Path.POLICE):
        request(house, path, at)


def exports(house: House) -> int:
    told = select(func.count()).where(CustodyEventRow.event == "register.exported")
    return house.look(lambda s: s.exec(told).one())


def test_the_page_hides_small_numbers_and_says_so(browser: Opens, house: House) -> None:
    shown = browser(Role.GOVERNANCE).get(PAGE)
    assert shown.status_code == 200
    assert "“Suppressed” stands for a number from 1 to 4" in shown.text
    assert "as of <time" in shown.text
    # Each picture has a name and a table beside it, and nothing in it runs.
    assert shown.text.count("<svg") == shown.text.count("<table") + 1
    assert "Requests, by who asked" in shown.text
    assert exports(house) == 0


def test_the_page_costs_one_statement_for_all_figures(browser: Opens, house: House) -> None:
    visitor = browser(Role.AUDITOR)
    visitor.get(PAGE)
    with statements(house) as seen:
        visitor.get(PAGE)
    assert sum("requests_by_path" in one for one in seen) == 1
    assert len(seen) <= 6


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("first=yesterday&last=2026-11-21", "This is no date"),
        ("first=2026-11-21", "Enter the last day"),
        ("first=2026-11-21&last=2026-11-20", "before the first"),
        ("first=1970-01-01&last=2026-11-20", "years at the most"),
    ],
    ids=["no date", "no last day", "backwards", "too long"],
)
def test_a_wrong_period_is_named_and_kept(browser: Opens, query: str, words: str) -> None:
    visitor = browser(Role.GOVERNANCE)
    shown = visitor.get(f"{PAGE}?{query}")
    assert shown.status_code == 422
    assert words in shown.text
    assert query.split("&", maxsplit=1)[0].split("=")[1] in shown.text
    assert visitor.get(f"{PAGE}.csv?{query}").status_code == 422


def test_the_files_say_what_the_page_says_and_are_on_record(browser: Opens, house: House) -> None:
    visitor = browser(Role.GOVERNANCE)
    before = exports(house)
    query = "first=2020-01-01&last=2029-12-31"
    sheet = visitor.get(f"{PAGE}.csv?{query}")
    assert sheet.headers["content-type"].startswith("text/csv")
    lines = list(csv.reader(io.StringIO(sheet.text)))
    assert ["Requests, by who asked", "Insurers", "suppressed", ""] in lines
    assert ["Requests, by who asked", "All", "13"] in lines
    told = visitor.get(f"{PAGE}.json?{query}&rounded=yes").json()
    assert told["tables"]["requests_by_path"]["total"] == 15
    assert told["rounded"] is True
    assert "fees" not in told["tables"]
    assert exports(house) == before + 2


def test_a_rounded_page_shows_no_exact_number(browser: Opens) -> None:
    shown = browser(Role.GOVERNANCE).get(f"{PAGE}?first=2020-01-01&last=2029-12-31&rounded=yes")
    assert "to the nearest 5" in shown.text
    assert ">13<" not in shown.text
    assert "fewer than 5" in shown.text


@pytest.mark.parametrize("role", [Role.GOVERNANCE, Role.OPERATOR])
def test_the_menu_offers_it_to_who_may(browser: Opens, role: Role) -> None:
    shown = browser(role).get("/console").text
    assert (f'href="{PAGE}"' in shown) == (role is Role.GOVERNANCE)
