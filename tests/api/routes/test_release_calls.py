"""What a machine may say of a release beyond the first calls: files, delivery, and afterwards."""

from typing import Any

from evidence import attention
from evidence.people.access import Role
from export.release.decisions import JOB_SEAL
from export.release.releases import label
from tests.api.asking import Web
from tests.api.routes.test_routes import HANDOFF, RELEASE
from tests.houses import House


def asked(house: House, **change: Any) -> dict[str, Any]:  # noqa: ANN401 - any field
    """Return a proposal of an exhibit that can be released as it is."""
    return {**RELEASE, "exhibits": [house.unplayable().reference], **change}


def test_a_proposal_names_its_files_and_how_it_is_delivered(house: House, web: Web) -> None:
    body = asked(house, delivery="link", link_days=3, urgent=True)
    body["files"] = [{"exhibit": body["exhibits"][0], "name": "clip.mp4"}]
    answer = web.ask("POST", "/releases", Role.OPERATOR, json=body)
    assert answer.status_code == 201, answer.text
    view = answer.json()
    assert (view["delivery"], view["link_days"], view["urgent"]) == ("link", 3, True)
    assert view["files"] == body["files"]
    assert view["second_due"] is None


def test_what_is_left_out_is_as_before(house: House, web: Web) -> None:
    view = web.ask("POST", "/releases", Role.OPERATOR, json=asked(house)).json()
    assert (view["delivery"], view["files"], view["urgent"]) == ("none", [], False)


def test_a_proposal_is_edited_in_one_call_and_keeps_its_number(house: House, web: Web) -> None:
    body = asked(house)
    first = web.ask("POST", "/releases", Role.OPERATOR, json=body).json()
    path = f"/releases/{first['id']}/replacement"
    changed = {**body, "purpose": "a collision", "reason": "not this purpose"}
    assert web.ask("POST", path, Role.AUDITOR, json=changed).status_code == 403
    answer = web.ask("POST", path, Role.OPERATOR, json=changed)
    assert answer.status_code == 201, answer.text
    second = answer.json()
    assert web.ask("POST", path, Role.OPERATOR, json=changed).status_code == 409
    assert second["purpose"] == "a collision"
    assert second["name"] == first["name"].removesuffix("-R1") + "-R2"
    old = web.ask("GET", f"/releases/{first['id']}", Role.OPERATOR).json()
    assert (old["state"], second["state"]) == ("withdrawn", "proposed")
    assert web.ask("POST", path, Role.OPERATOR, json=body).status_code == 422, "no reason"


def test_a_value_that_cannot_be_right_names_its_field(house: House, web: Web) -> None:
    for change, field in (
        ({"delivery": "pigeon"}, "delivery"),
        ({"link_days": 0}, "link_days"),
        ({"delivery": "link", "recipient_email": "a@gmail.com"}, "recipient_email"),
        ({"files": [{"exhibit": "ZZ/1", "name": "x"}]}, "files"),
    ):
        answer = web.ask("POST", "/releases", Role.OPERATOR, json=asked(house, **change))
        assert answer.status_code == 422
        assert field in answer.text


def test_a_sealed_release_is_handed_over_and_taken_back(house: House, web: Web) -> None:
    row = house.propose(house.unplayable().reference)
    house.approve(row)
    house.seal(row)
    path = f"/releases/{label(row)}"
    assert web.ask("POST", f"{path}/handoffs", Role.OPERATOR, json=HANDOFF).status_code == 201
    assert web.ask("POST", f"{path}/link", Role.OPERATOR).status_code == 409
    second = web.ask("POST", f"{path}/second-approval", Role.RELEASER, json={})
    assert second.status_code == 409
    answer = web.ask("POST", f"{path}/revocation", Role.GOVERNANCE, json={"reason": "wrong force"})
    assert answer.json()["state"] == "revoked"
    assert [name for name, _ in house.events(row.id)][-2:] == [
        "handoff.recorded",
        "release.revoked",
    ]
    assert web.ask("GET", f"{path}/package", Role.OPERATOR).status_code == 409


def test_a_sealing_that_stopped_is_started_again_or_given_up(house: House, web: Web) -> None:
    row = house.propose(house.unplayable().reference)
    house.approve(row)
    path = f"/releases/{label(row)}"
    assert web.ask("POST", f"{path}/seal", Role.OPERATOR).status_code == 202
    with house.services.transaction() as session:
        attention.call(session, row.id, JOB_SEAL, "bytes differ", at=house.services.clock())
    stopped = web.ask("GET", path, Role.OPERATOR).json()
    assert stopped["attention"] == ["release.seal: bytes differ"]
    started = web.ask("POST", f"{path}/seal", Role.OPERATOR).json()
    assert (started["state"], started["attention"]) == ("sealing", [])
    assert web.ask("POST", f"{path}/abandonment", Role.RELEASER, json={}).status_code == 422
    reason = {"reason": "the disk is lost"}
    answer = web.ask("POST", f"{path}/abandonment", Role.RELEASER, json=reason).json()
    assert (answer["state"], answer["reason"]) == ("refused", "the disk is lost")
    again = web.ask("POST", f"{path}/abandonment", Role.RELEASER, json=reason)
    assert again.status_code == 409
    assert web.ask("POST", f"{path}/seal", Role.OPERATOR).status_code == 409
