"""Staff and machines are told of a parameter that nobody knows; whoever brings a link is let in."""

import re

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from api.depends import declared_query
from api.web.public.signin import CALLBACK
from evidence.people.access import Role
from tests.api.asking import Web, flat
from tests.api.web.visiting import visiting
from tests.houses import House

TUS = {"Tus-Resumable": "1.0.0"}
ODD = "<b>naïve</b>"


def plain_path(route: APIRoute) -> str:
    """Return an address of a route; whether there is anything does not matter."""
    return re.sub(r"\{\w+(:\w+)?\}", "00000000-0000-4000-8000-000000000000", route.path)


def asked(app: FastAPI, house: House, route: APIRoute, query: str) -> list[tuple[int, str]]:
    """Ask a route by each of its methods, as a stranger and as somebody with a role."""
    with visiting(app, house) as visitor:
        answers = []
        for role in (None, Role.RELEASER):
            if role is not None:
                visitor.sign_in(role)
            headers = {"Sec-Fetch-Site": "same-origin", **TUS}
            for method in sorted(route.methods or ()):
                answer = visitor.ask(method, f"{plain_path(route)}?{query}", headers=headers)
                answers.append((answer.status_code, answer.text))
        return answers


def test_every_route_is_of_the_kind_that_looks_at_its_query(app: FastAPI) -> None:
    def plain(routes: list[BaseRoute]) -> list[BaseRoute]:
        return [
            route
            for one in routes
            for route in (
                plain(one.original_router.routes) if hasattr(one, "original_router") else [one]
            )
        ]

    others = [route for route in plain(app.routes) if not isinstance(route, APIRoute)]
    assert others == [], "a route of another kind would take any parameter"


def test_every_route_refuses_what_it_does_not_know_and_names_it(app: FastAPI, house: House) -> None:
    routes = list(flat(app.routes))
    assert sum(declared_query(route) is not None for route in routes) > 60
    for route in routes:
        if declared_query(route) is None:
            continue
        for status, text in asked(app, house, route, "sinse=1"):
            assert status == 422, route.path
            assert "sinse" in text or "HEAD" in (route.methods or ()), (route.path, text)


def test_what_a_route_declares_is_not_refused_as_unknown(app: FastAPI, house: House) -> None:
    for route in flat(app.routes):
        for name in sorted(declared_query(route) or ()):
            for _, text in asked(app, house, route, f"{name}="):
                assert "takes no" not in text, (route.path, name)


def test_a_machine_is_told_which_parameter(web: Web) -> None:
    answer = web.ask("GET", "/exhibits?limit=1&page=2", Role.OPERATOR)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["field"] == "page"
    assert "'page'" in answer.json()["detail"]


def test_a_person_gets_a_page_that_runs_nothing_of_what_was_sent(
    app: FastAPI, house: House
) -> None:
    with visiting(app, house) as visitor:
        visitor.sign_in(Role.OPERATOR)
        answer = visitor.get("/console/exhibits", params={ODD: "1"})
    assert answer.status_code == 422
    assert "There is a problem with what was sent" in answer.text
    assert ODD not in answer.text
    assert "&lt;b&gt;" in answer.text


@pytest.mark.parametrize("parameter", ["iss", "session_state", "scope"])
def test_what_an_identity_provider_adds_to_its_answer_is_ignored(
    app: FastAPI, house: House, parameter: str
) -> None:
    with visiting(app, house) as visitor:
        plain, more = (
            visitor.get(f"{CALLBACK}?state=x&code=y{added}") for added in ("", f"&{parameter}=z")
        )
    assert more.status_code == plain.status_code
    assert "takes no" not in more.text


def test_pages_for_strangers_and_recipients_take_any(app: FastAPI) -> None:
    """Gateways of mail and checkers of links hang parameters of their own on what they pass on."""
    staff = ("/console", "/api/", "/webhooks/", "/healthz", "/readyz", "/openapi.json")
    for route in flat(app.routes):
        assert (declared_query(route) is None) != route.path.startswith(staff), route.path


def test_a_link_to_which_a_gateway_added_something_is_the_same_page(
    app: FastAPI, house: House
) -> None:
    with visiting(app, house) as visitor:
        for path in ("", "/code"):
            plain, more = (
                visitor.get(f"/collect/{'good' * 10}{path}{added}")
                for added in ("", "?utm_source=mail")
            )
            assert (more.status_code, more.text) == (plain.status_code, plain.text)
