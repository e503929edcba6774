"""Cameras over HTTP: a list is rehearsed, taken over, paged, marked, and asked about."""

from typing import Any

from evidence.people.access import Role
from tests.api.asking import Web
from tests.evidence.cameras.lists import HEAD, PLAIN

NAME = {"name": "cameras.csv"}


def test_a_list_is_rehearsed_and_then_taken_over(web: Web) -> None:
    path = "/cameras/rehearsals"
    body: dict[str, Any] = {"content": PLAIN.encode(), "params": NAME}
    assert web.ask("POST", path, Role.OPERATOR, **body).status_code == 403
    found = web.ask("POST", path, Role.GOVERNANCE, **body)
    assert found.status_code == 200, found.text
    assert found.json()["counts"]["added"] == 3
    assert web.ask("GET", "/cameras", Role.OPERATOR).json() == []
    wrong = {**body, "params": {**NAME, "rehearsed": "ab" * 32}}
    assert web.ask("POST", "/cameras/imports", Role.GOVERNANCE, **wrong).status_code == 409
    right = {**body, "params": {**NAME, "rehearsed": found.json()["digest"]}}
    answer = web.ask("POST", "/cameras/imports", Role.GOVERNANCE, **right)
    assert (answer.status_code, answer.json()) == (201, found.json())

    first = web.ask("GET", "/cameras?limit=2", Role.AUDITOR)
    following = first.headers["link"].split(">")[0].lstrip("<")
    rest = web.ask("GET", following, Role.AUDITOR)
    assert [one["reference"] for one in first.json() + rest.json()] == [
        *("BAR-0001", "BAR-0002", "BAR-0003")
    ]
    assert "link" not in rest.headers
    assert first.json()[0]["placements"][0]["latitude"] == 53.1

    question = {"where": "staton rd", "day": "2026-11-20", "time": "14:03"}
    asked = web.ask("GET", "/cameras/coverage", Role.FINANCE, params=question).json()
    assert (asked["place"], asked["choose"]) == (None, ["Station Road"])
    question |= {"where": "Station Road", "chosen": "true"}
    asked = web.ask("GET", "/cameras/coverage", Role.FINANCE, params=question).json()
    assert [one["reference"] for one in asked["cameras"]] == ["BAR-0002"]
    assert asked["kept_until"] == "2026-12-21T14:03:00Z"

    assert web.ask("GET", "/cameras/coverage", params=question).status_code == 401
    marking = {"sensitive": True, "reason": "covert"}
    path = "/cameras/BAR-0002/marking"
    assert web.ask("POST", path, Role.OPERATOR, json=marking).status_code == 403
    marked = web.ask("POST", path, Role.GOVERNANCE, json=marking).json()
    assert marked["sensitive"]
    again = f"/cameras/{marked['id']}/marking"
    assert web.ask("POST", again, Role.GOVERNANCE, json=marking).status_code == 409
    assert web.ask("POST", path, Role.GOVERNANCE, json=marking).status_code == 409
    asked = web.ask("GET", "/cameras/coverage", Role.FINANCE, params=question)
    assert asked.status_code == 422
    assert asked.json()["field"] == "where"

    path, why = "/cameras/BAR-0003/end", {"reason": "taken down"}
    assert web.ask("POST", path, Role.OPERATOR, json=why).status_code == 403
    ended = web.ask("POST", path, Role.GOVERNANCE, json=why).json()
    assert ended["gone_on"] == ended["placements"][0]["until"]
    assert web.ask("POST", path, Role.GOVERNANCE, json=why).status_code == 404


def test_a_broken_list_answers_with_every_fault(web: Web) -> None:
    body: dict[str, Any] = {"content": f"{HEAD}1,A,x,-2\n2,,53.1,-2\n".encode(), "params": NAME}
    answer = web.ask("POST", "/cameras/rehearsals", Role.GOVERNANCE, **body)
    assert answer.status_code == 422
    assert [fault.split(":")[0] for fault in answer.json()["faults"]] == [
        "line 2, column lat",
        "line 3, column location",
    ]
    body["params"] = {**NAME, "map": "colour=red"}
    assert web.ask("POST", "/cameras/rehearsals", Role.GOVERNANCE, **body).status_code == 422
