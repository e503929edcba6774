"""Every page for staff, asked by every role, by somebody without one, and by a stranger.

The table of actions is written here a second time, by hand: a page that names the wrong action,
or none, is found.
"""

from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from sqlmodel import func, select

from api.web.staff import Allowed, Sends, cookie_name, form_token
from custody.ledger.tables import CustodyEventRow
from evidence.people.access import ALLOWED, Action, Role
from tests.api.asking import flat
from tests.api.web.visiting import Visitor
from tests.houses import House

NOWHERE = str(uuid4())
_STAFF = """
GET /console = console.use
GET /console/cameras = camera.show
GET /console/cameras/import = camera.import
POST /console/cameras/import = camera.import
POST /console/cameras/import/apply = camera.import
GET /console/cameras/{camera} = camera.show
GET /console/cameras/{camera}/marking = camera.mark
POST /console/cameras/{camera}/marking = camera.mark
GET /console/accounts = account.show
GET /console/accounts/new = account.open
POST /console/accounts/new = account.open
GET /console/accounts/statements/{name} = account.show
POST /console/accounts/statements/{name} = statement.settle
GET /console/accounts/statements/{name}.csv = account.show
GET /console/accounts/{account} = account.show
GET /console/accounts/{account}/approval = account.approve
POST /console/accounts/{account}/approval = account.approve
GET /console/accounts/{account}/closure = account.close
POST /console/accounts/{account}/closure = account.close
GET /console/custody = custody.read
GET /console/custody.zip = custody.read
GET /console/custody/known = custody.read
GET /console/custody/{index} = custody.read
GET /console/custody/{index}/{file} = custody.read
GET /console/disposals = exhibit.show
GET /console/disposals/{disposal}/approval = disposal.approve
POST /console/disposals/{disposal}/approval = disposal.approve
GET /console/disposals/{disposal}/certificate.json = exhibit.show
GET /console/disposals/{disposal}/refusal = disposal.propose
POST /console/disposals/{disposal}/refusal = disposal.propose
GET /console/exhibits = exhibit.show
GET /console/exhibits/new = exhibit.add
POST /console/exhibits/new = exhibit.add
GET /console/exhibits/new/details = exhibit.add
POST /console/exhibits/new/details = exhibit.add
POST /console/exhibits/new/files = exhibit.add
GET /console/exhibits/new/remove = exhibit.add
POST /console/exhibits/new/remove = exhibit.add
GET /console/exhibits/{name} = exhibit.show
GET /console/exhibits/{name}/acceptance = exhibit.accept
POST /console/exhibits/{name}/acceptance = exhibit.accept
GET /console/exhibits/{name}/clock-picture = exhibit.add
POST /console/exhibits/{name}/clock-picture = exhibit.add
GET /console/exhibits/{name}/clock-picture.jpg = exhibit.view
GET /console/exhibits/{name}/correct = exhibit.correct
POST /console/exhibits/{name}/correct = exhibit.correct
GET /console/exhibits/{name}/files = exhibit.extend
POST /console/exhibits/{name}/files = exhibit.extend
GET /console/exhibits/{name}/history = custody.read
GET /console/exhibits/{name}/hold = hold.place
POST /console/exhibits/{name}/hold = hold.place
GET /console/exhibits/{name}/lift = hold.lift
POST /console/exhibits/{name}/lift = hold.lift
POST /console/exhibits/{name}/retry = exhibit.retry
GET /console/exhibits/{name}/class = exhibit.review
POST /console/exhibits/{name}/class = exhibit.review
GET /console/exhibits/{name}/disposal = disposal.propose
POST /console/exhibits/{name}/disposal = disposal.propose
GET /console/exhibits/{name}/review = exhibit.review
POST /console/exhibits/{name}/review = exhibit.review
GET /console/reviews = exhibit.show
GET /console/exhibits/{name}/set-aside = exhibit.set_aside
POST /console/exhibits/{name}/set-aside = exhibit.set_aside
POST /console/exhibits/{name}/views = exhibit.view
GET /console/fees = fee.show
GET /console/fees/differences = fee.show
GET /console/fees/differences/{difference} = fee.show
POST /console/fees/differences/{difference} = difference.settle
GET /console/fees/{fee} = fee.show
GET /console/fees/{fee}/refund = payment.refund
POST /console/fees/{fee}/refund = payment.refund
GET /console/masters = exhibit.show
GET /console/register = register.read
GET /console/register.csv = register.read
GET /console/releases = release.show
POST /console/releases = release.propose
GET /console/releases/new = release.propose
POST /console/releases/new/change = release.propose
POST /console/releases/new/check = release.propose
GET /console/releases/{name}/history = custody.read
GET /console/releases/{release} = release.show
POST /console/releases/{release}/corrected = exhibit.correct
POST /console/releases/{release}/messages = link.reissue
POST /console/releases/{release}/approval = release.approve
GET /console/releases/{release}/abandonment = release.abandon
POST /console/releases/{release}/abandonment = release.abandon
GET /console/releases/{release}/decision = release.approve
GET /console/releases/{release}/edit = release.withdraw
GET /console/releases/{release}/handoff = handoff.record
POST /console/releases/{release}/handoff = handoff.record
POST /console/releases/{release}/link = link.reissue
POST /console/releases/{release}/package = release.collect
POST /console/releases/{release}/pictures = exhibit.view
POST /console/releases/{release}/refusal = release.refuse
GET /console/releases/{release}/revocation = release.revoke
POST /console/releases/{release}/revocation = release.revoke
POST /console/releases/{release}/seal = release.seal
POST /console/releases/{release}/second-approval = release.approve
GET /console/releases/{release}/withdrawal = release.withdraw
POST /console/releases/{release}/withdrawal = release.withdraw
GET /console/requests = request.show
GET /console/requests/{name} = request.show
GET /console/requests/{name}/approval = request.approve
POST /console/requests/{name}/approval = request.approve
GET /console/requests/{name}/clock = request.pause
POST /console/requests/{name}/clock = request.pause
GET /console/requests/{name}/closure = request.review
POST /console/requests/{name}/closure = request.review
GET /console/requests/{name}/coverage = request.review
POST /console/requests/{name}/coverage = request.review
GET /console/requests/{name}/ask-document = document.check
POST /console/requests/{name}/ask-document = document.check
GET /console/requests/{name}/documents/{document} = document.check
POST /console/requests/{name}/documents/{document} = document.check
GET /console/requests/{name}/documents/{document}/deletion = document.check
POST /console/requests/{name}/documents/{document}/deletion = document.check
POST /console/requests/{name}/documents/{document}/look = document.check
GET /console/requests/{name}/seen = document.check
POST /console/requests/{name}/seen = document.check
GET /console/requests/{name}/history = custody.read
GET /console/requests/{name}/messages = request.show
POST /console/requests/{name}/messages = request.write
POST /console/requests/{name}/messages/read = request.write
GET /console/requests/{name}/incident = request.review
POST /console/requests/{name}/incident = request.review
POST /console/requests/{name}/incident/removal = request.review
GET /console/requests/{name}/outcome = request.review
POST /console/requests/{name}/outcome = request.review
GET /console/requests/{name}/preservation = request.preserve
POST /console/requests/{name}/preservation = request.preserve
GET /console/requests/{name}/refusal = request.refuse
POST /console/requests/{name}/refusal = request.refuse
GET /console/requests/{name}/review = request.review
POST /console/requests/{name}/review = request.review
GET /console/requests/{name}/search = request.review
POST /console/requests/{name}/search = request.review
GET /console/requests/{name}/withdrawal = request.review
POST /console/requests/{name}/withdrawal = request.review
GET /console/statistics = statistics.read
GET /console/statistics.csv = statistics.read
GET /console/statistics.json = statistics.read
GET /console/whole = log.audit
GET /console/views/{viewing} = exhibit.view
GET /console/views/{viewing}/{file} = exhibit.view
"""
_OPEN = """
GET /
GET /accessibility
GET /cameras
GET /cameras.csv
GET /cameras/all
GET /cameras/check
GET /demonstration/mail
GET /demonstration/mail/{name}
GET /help
GET /log/checkpoint
GET /log/{name:path}
GET /openapi.json
GET /pay/{address}
POST /pay/{address}
GET /pay/{address}/return
GET /privacy
GET /requests
POST /requests
GET /requests/check
POST /requests/check
GET /requests/documents/{kind}
POST /requests/documents/{kind}
POST /requests/documents/{kind}/remove
GET /requests/form/{slug}
POST /requests/form/{slug}
GET /requests/list
GET /requests/list.csv
GET /requests/mailbox
POST /requests/mailbox
GET /requests/mailbox/code
POST /requests/mailbox/code
GET /requests/sent
GET /requests/status
POST /requests/status
GET /requests/status/account
POST /requests/status/account
GET /requests/status/code
POST /requests/status/code
POST /requests/status/correct
GET /requests/status/documents/{kind}
POST /requests/status/documents/{kind}
GET /requests/status/feedback
POST /requests/status/feedback
GET /requests/status/feedback/thanks
POST /requests/status/leave
GET /requests/status/messages
POST /requests/status/messages
GET /requests/status/list
POST /requests/status/list
POST /requests/status/list/numbers.csv
POST /requests/status/list/send
GET /requests/status/request
GET /requests/status/withdraw
POST /requests/status/withdraw
GET /sign-in
GET /sign-in/callback
GET /sign-out
POST /sign-out
GET /static/council.css
GET /static/{name:path}
GET /transparency
GET /verify
GET /verify/{name}
GET /collect
GET /collect/download
POST /collect/download
GET /collect/download/{download}/{name}
GET /collect/feedback
POST /collect/feedback
GET /collect/feedback/thanks
GET /collect/leave
POST /collect/leave
GET /collect/left
GET /collect/receipt
POST /collect/receipt
GET /collect/terms
POST /collect/terms
GET /collect/{token}
GET /collect/{token}/code
POST /collect/{token}/code
GET /collect/{token}/enter
POST /collect/{token}/enter
"""
STAFF: dict[tuple[str, str], Action] = {
    (line.split()[0], line.split()[1]): Action(line.split()[3])
    for line in _STAFF.strip().splitlines()
}
OPEN = {(line.split()[0], line.split()[1]) for line in _OPEN.strip().splitlines()}
"""Pages for strangers and recipients: what they may, their own tests say."""


def routes(app: FastAPI) -> Iterator[tuple[str, str, APIRoute]]:
    """Yield every route for people, by its method."""
    for route in flat(app.routes):
        if not route.include_in_schema:
            for method in sorted((route.methods or set()) - {"HEAD"}):
                yield method, route.path, route


def gates(dependant: Dependant) -> Iterator[Allowed]:
    """Yield what stands before a route."""
    if isinstance(dependant.call, Allowed):
        yield dependant.call
    for inner in dependant.dependencies:
        yield from gates(inner)


def test_every_page_is_in_one_of_the_tables(app: FastAPI) -> None:
    there = {(method, path) for method, path, _ in routes(app)}
    assert there == STAFF.keys() | OPEN
    assert not STAFF.keys() & OPEN


def test_every_page_for_staff_names_its_action_and_every_form_its_token(app: FastAPI) -> None:
    for method, path, route in routes(app):
        found = list(gates(route.dependant))
        if (method, path) in OPEN:
            assert not found, path
            continue
        assert {one.action for one in found} == {STAFF[method, path]}, path
        if method != "GET":
            assert any(isinstance(one, Sends) for one in found), path


@pytest.mark.parametrize("role", [*Role, "nobody"])
def test_a_role_is_let_in_exactly_where_the_table_says(
    browser: Callable[..., Visitor], house: House, role: str
) -> None:
    visitor = browser(role)
    token = form_token(visitor.cookies[cookie_name(house.services)])
    for (method, path), action in STAFF.items():
        before = house.refusals()
        address = filled(path)
        answer = (
            visitor.get(address)
            if method == "GET"
            else visitor.post(address, {"form_token": token})
        )
        let_in = role in ALLOWED[action]
        assert (answer.status_code != 403) == let_in, (method, path, answer.text)
        assert answer.status_code < 500, (method, path, answer.text)
        assert house.refusals() - before == (0 if let_in else 1), (method, path)


def test_a_stranger_is_led_to_the_sign_in_and_writes_nothing(
    browser: Callable[..., Visitor], house: House
) -> None:
    visitor = browser()
    before = events(house)
    for method, path in STAFF:
        address = filled(path)
        answer = visitor.get(address) if method == "GET" else visitor.post(address)
        assert answer.status_code == 303, (method, path)
        assert answer.headers["location"].startswith("/sign-in?then=/"), (method, path)
    assert events(house) == before


def test_no_form_of_staff_is_taken_from_elsewhere(
    browser: Callable[..., Visitor], house: House
) -> None:
    visitor = browser(Role.RELEASER)
    token = form_token(visitor.cookies[cookie_name(house.services)])
    other = form_token("another session")
    before = events(house)
    mine = [
        path
        for (method, path), action in STAFF.items()
        if method == "POST" and Role.RELEASER in ALLOWED[action]
    ]
    assert mine
    for path in mine:
        address = filled(path)
        for form, headers in (
            ({}, {}),
            ({"form_token": other}, {}),
            ({"form_token": token}, {"Sec-Fetch-Site": "cross-site"}),
            ({"form_token": token}, {"Sec-Fetch-Site": "same-site"}),
        ):
            answer = visitor.post(address, form, headers=headers)
            assert answer.status_code == 403, (path, form, headers)
            assert "came from elsewhere" in answer.text
    assert events(house) == before


def filled(path: str) -> str:
    """Return the path with something in each of its places that is not there."""
    parts = [
        (NOWHERE if "index" not in part else "999999") if part.startswith("{") else part
        for part in path.split("/")
    ]
    return "/".join(parts)


def events(house: House) -> int:
    return house.look(lambda s: s.exec(select(func.count()).select_from(CustodyEventRow)).one())
