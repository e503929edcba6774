"""Pages and calls about a request that was erased: each answers, and none says what was asked."""

import html
from collections.abc import Callable
from datetime import timedelta

import pytest
from fastapi import FastAPI
from sqlmodel import select

from api.times import utc_now
from evidence.fees.tables import FeeRow
from evidence.people.access import Role
from evidence.requests.states import Path, RequestStep
from evidence.requests.tables import RequestRow
from export.release.releases import label
from export.release.tables import ReleaseRow
from tests.api.asking import Web, flat
from tests.api.web.public.test_request_pages import look_after
from tests.api.web.visiting import Visitor
from tests.evidence.requests.documents.papers_filled import PDF
from tests.evidence.requests.erasure.planted import (
    MACHINE,
    ODD,
    plant,
    plant_answer,
    plant_duplicate,
)
from tests.evidence.requests.requesting import decide, request
from tests.houses import House

Opens = Callable[..., Visitor]
STAFF = (Role.OPERATOR, Role.RELEASER, Role.GOVERNANCE)


@pytest.fixture(scope="module")
def gone(house: House) -> tuple[list[RequestRow], ReleaseRow]:
    """Return requests that were erased, with everything that they can have, and a release."""
    at = utc_now().replace(microsecond=0) - timedelta(days=375)
    rows = [plant(house, at), plant_duplicate(house, at)]
    answered, release = plant_answer(house, house.unplayable(), utc_now())
    for row in (*rows, answered):
        assert house.services.erasures.erase(row.id, at=utc_now().replace(microsecond=0))
    return [*rows, answered], release


def places(app: FastAPI, row: RequestRow) -> list[str]:
    """Return every page of the console about a request."""
    paths = {
        route.path
        for route in flat(app.routes)
        if "GET" in (route.methods or ()) and route.path.startswith("/console/requests/{name}")
    }
    named = {"{name}": row.urn, "{document}": str(row.id), "{kind}": "consent"}
    for what, said in named.items():
        paths = {path.replace(what, said) for path in paths}
    return [*sorted(paths), f"/console/requests/{row.urn}/history"]


def test_every_page_of_the_console_about_it_answers_without_a_word_of_it(
    app: FastAPI, browser: Opens, gone: tuple[list[RequestRow], ReleaseRow]
) -> None:
    rows, release = gone
    visitors = [browser(role) for role in STAFF]
    for row, visitor in zip(rows, visitors, strict=True):
        pages = [*places(app, row), f"/console/requests?show=ended&q={row.urn}"]
        assert len(pages) > 12
        beside = ["/console/requests?show=ended", "/console", "/console/statistics"]
        for place in (*pages, *beside, f"/console/releases/{label(release)}"):
            answer = visitor.get(place)
            assert answer.status_code in {200, 303, 403, 404}, (place, answer.text)
            assert ODD not in answer.text.lower(), place
        assert "erased" in html.unescape(visitor.get(f"/console/requests/{row.urn}").text)


def test_what_finance_keeps_of_it_is_shown(
    house: House, browser: Opens, gone: tuple[list[RequestRow], ReleaseRow]
) -> None:
    visitor, (row, *_) = browser(Role.FINANCE), gone[0]
    fees = house.look(lambda s: s.exec(select(FeeRow.id).where(FeeRow.request == row.id)).all())
    for place in ("", *(f"/{fee}" for fee in fees)):
        answer = visitor.get(f"/console/fees{place}")
        assert answer.status_code == 200, place
        assert ODD not in answer.text.lower()


def test_every_call_about_it_answers_without_a_word_of_it(
    house: House, web: Web, gone: tuple[list[RequestRow], ReleaseRow]
) -> None:
    services, at = house.services, house.services.clock()
    rows = gone[0]
    with services.transaction() as session:
        by = house.subjects[Role.ADMINISTRATOR]
        name = services.requesters.name
        person = name(session, MACHINE, Path.INSURER, "Claims Insurance", by=by, at=at)
        token = services.tokens.add(session, person, [Role.REQUESTER], by=by, at=at)
    machine = {"Authorization": f"Bearer {token}"}
    calls = [("/requests?show=ended&limit=100", Role.AUDITOR)]
    for row in rows:
        calls += [(f"/requests/{row.urn}{more}", Role.OPERATOR) for more in ("", "/messages")]
    answers = [web.ask("GET", path, role) for path, role in calls]
    own = rows[1].urn
    followed = ("/requests/own", "/requests/changes", f"/requests/own/{own}")
    answers += [web.ask("GET", path, headers=machine) for path in followed]
    for answer in answers:
        assert answer.status_code == 200, (answer.url, answer.text)
        assert ODD not in answer.text.lower()
    shown = answers[-1].json()
    assert (shown["claim_reference"], shown["duplicates"]) == ("", [])
    told = {one["kind"]: (one["standing"], one["why"]) for one in shown["documents"]}
    assert told == {"consent": ("accepted", ""), "identity": ("accepted", "")}
    place = f"/requests/own/{own}/documents/consent"
    assert web.ask("POST", place, headers=machine, content=PDF).status_code == 409


def test_whoever_looks_after_it_at_that_moment_is_led_away(
    app: FastAPI, house: House, browser: Opens
) -> None:
    at = utc_now().replace(microsecond=0)
    row = request(house, Path.COUNCIL, at, email="looking@council.example")
    visitor = browser()
    look_after(visitor, house, row)
    decide(house, row, RequestStep.WITHDRAWN, Role.OPERATOR, at)
    assert row.urn in visitor.get("/requests/status/request").text
    assert house.services.erasures.erase(row.id, at=at)
    pages = {
        route.path.replace("{kind}", "authority")
        for route in flat(app.routes)
        if "GET" in (route.methods or ()) and route.path.startswith("/requests/status/")
    }
    assert len(pages) > 5
    for place in sorted(pages):
        answer = visitor.get(place)
        assert answer.status_code in {200, 303}, (place, answer.text)
        assert row.urn not in answer.text, place
