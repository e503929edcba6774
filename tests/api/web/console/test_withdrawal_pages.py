"""Proposals are withdrawn and edited on pages, from a command line and over HTTP."""

import re
from collections.abc import Callable

import pytest

from evidence.exhibits.tables import ExhibitRow
from evidence.people.access import Role
from export.release.releases import label
from tests.api.asking import Web
from tests.api.web.console.test_console_releases import carried, seen, typed
from tests.api.web.visiting import Visitor
from tests.export.release.release_acts import again, propose
from tests.houses import House

Opens = Callable[..., Visitor]


@pytest.fixture(scope="module")
def exhibit(house: House) -> ExhibitRow:
    return house.unplayable()


def test_a_proposal_is_withdrawn_with_a_reason(
    browser: Opens, house: House, exhibit: ExhibitRow
) -> None:
    row, operator = propose(house, exhibit.reference), browser(Role.OPERATOR)
    at = f"/console/releases/{label(row)}"
    assert "Withdraw it" in seen(operator.get(at))
    empty = operator.fill(f"{at}/withdrawal", {"reason": " "})
    assert (empty.status_code, "Enter why it is withdrawn" in seen(empty)) == (422, True)
    done = operator.fill(f"{at}/withdrawal", {"reason": "<b>wrong</b>\r\nperson"})
    assert done.headers["location"] == f"{at}?done=withdrawn"
    page = operator.get(done.headers["location"])
    assert "<b>wrong</b>" not in page.text
    for words in ("The proposal is withdrawn", "Test operator withdrew it", "<b>wrong</b> person"):
        assert words in seen(page)
    assert "Withdraw it" not in seen(page)
    assert operator.get(f"{at}/withdrawal").headers["location"] == at
    assert operator.get(f"{at}/edit").headers["location"] == at
    ended = operator.get("/console/releases?show=ended")
    assert label(row) in ended.text


def test_who_did_not_propose_it_is_not_offered_to_withdraw_it(
    browser: Opens, house: House, exhibit: ExhibitRow
) -> None:
    row, operator = propose(house, exhibit.reference, by=Role.RELEASER), browser(Role.OPERATOR)
    at = f"/console/releases/{label(row)}"
    assert "Withdraw it" not in seen(operator.get(at))
    refused = operator.fill(f"{at}/withdrawal", {"reason": "mine now"})
    assert refused.status_code == 403
    assert "somebody else proposed this release" in seen(refused)
    assert again(house, row).state == "proposed"


def test_a_proposal_is_edited_with_the_form_filled_in(
    browser: Opens, house: House, exhibit: ExhibitRow
) -> None:
    row, operator = propose(house, exhibit.reference, link_days=9), browser(Role.OPERATOR)
    at = f"/console/releases/{label(row)}"
    form = operator.get(f"{at}/edit")
    assert "Edit the proposal" in seen(form)
    for value in ("DC Alex Example", "Barchester Constabulary", row.urn, 'value="9"'):
        assert value in form.text
    assert "DPA 2018 Sch 2 para 2" in seen(form)
    assert re.search(r'name="basis" type="radio" value="other" checked', form.text)
    change = {"purpose": "theft", "basis": "crime", "link_days": "9"}
    without = operator.post("/console/releases/new/check", typed(form, **change, urn=row.urn))
    assert without.status_code == 422
    assert "Enter why the proposal is edited" in seen(without)
    sent = typed(form, **change, urn=row.urn, change="the <i>purpose</i> was wrong")
    check = operator.post("/console/releases/new/check", sent)
    assert check.status_code == 200, seen(check)
    assert f"Takes the place of {label(row)}, which is withdrawn" in seen(check)
    fields = carried(check, "/console/releases")
    done = operator.post("/console/releases", fields)
    assert done.headers["location"].endswith("?done=edited"), seen(done)
    assert operator.post("/console/releases", fields).headers == done.headers
    page = operator.get(done.headers["location"])
    assert f"In the place of {label(row)}" in seen(page)
    before = operator.get(at)
    name = done.headers["location"].removeprefix("/console/releases/").partition("?")[0]
    assert f"{name} took its place" in seen(before)
    assert "<i>purpose</i>" not in before.text
    assert f"proposed again as {name}; the <i>purpose</i> was wrong" in seen(before)
    assert again(house, row).state == "withdrawn"


def test_the_exhibits_of_an_edited_proposal_can_be_changed_too(
    browser: Opens, house: House, exhibit: ExhibitRow
) -> None:
    other = house.unplayable()
    row, operator = propose(house, exhibit.reference), browser(Role.OPERATOR)
    query = f"?exhibit={exhibit.reference.replace('/', '-')}&kind=insurer&replaces={label(row)}"
    choosing = operator.get(f"/console/releases/new{query}")
    assert f'name="replaces" value="{label(row)}"' in choosing.text
    form = operator.get(f"/console/releases/new{query}&exhibit={other.reference}&step=details")
    assert "DC Alex Example" in form.text
    assert other.reference in seen(form)
    assert f'name="replaces" value="{label(row)}"' in form.text


def test_a_machine_withdraws_its_proposal(web: Web, house: House, exhibit: ExhibitRow) -> None:
    row = propose(house, exhibit.reference)
    path = f"/releases/{label(row)}/withdrawal"
    for role, reason, status in (
        (Role.AUDITOR, "why", 403),
        (Role.OPERATOR, "", 422),
        (Role.OPERATOR, "why", 200),
        (Role.OPERATOR, "why", 409),
    ):
        answer = web.ask("POST", path, role, json={"reason": reason})
        assert answer.status_code == status, answer.text
    assert again(house, row).state == "withdrawn"
