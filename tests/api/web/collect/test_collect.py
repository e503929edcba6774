"""The recipient's path: the link, the code, the terms, the download, the receipt."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from fastapi import FastAPI

from api.app import create_app
from api.times import utc_now
from api.web.collect.collection import TERMS, terms_digest
from api.web.collect.limiter import Limit, Limiter
from api.web.pages import environment
from export.delivery.letters import DeliveryLetter
from tests.api.web.collect.recipients import (
    UNKNOWN,
    Mailbox,
    accept,
    ask,
    at_the_package,
    come_in,
    download_address,
    enter,
    form_token,
    mailbox,
)
from tests.api.web.visiting import Visitor, visiting
from tests.houses import House

Opens = Callable[..., Visitor]


@pytest.fixture(scope="module")
def box(house: House) -> Mailbox:
    """Return the mailbox of a recipient whose package is sealed."""
    return mailbox(house)


@pytest.fixture(scope="module")
def app(house: House) -> FastAPI:
    """Return an application in which one address may send as much as the tests need."""
    made = create_app(house.services)
    made.state.limiter = Limiter(Limit(most=100_000))
    return made


@pytest.fixture
def visitor(app: FastAPI, house: House) -> Iterator[Visitor]:
    with visiting(app, house) as one:
        yield one


def test_from_the_mail_to_the_receipt(visitor: Visitor, box: Mailbox, house: House) -> None:
    token = box.link()
    first = visitor.get(f"/collect/{token}")
    assert first.status_code == 200
    assert "If this link was sent to you" in first.text
    assert box.release.urn not in first.text

    asked = ask(visitor, token)
    assert (asked.status_code, asked.headers["location"]) == (303, f"/collect/{token}/enter")
    form = visitor.get(f"/collect/{token}/enter").text
    assert 'autocomplete="one-time-code"' in form
    assert 'inputmode="numeric"' in form

    code = box.code(token)
    # As somebody copies it out of a message.
    let_in = enter(visitor, token, f" {code[:4]} - {code[4:]} ")
    assert (let_in.status_code, let_in.headers["location"]) == (303, "/collect")

    shown = visitor.get("/collect").text
    assert f"{box.release.urn}-R1" in shown
    assert "DC Alex Example" in shown
    assert "1. Download it" not in shown
    assert accept(visitor).headers["location"] == "/collect"

    address = download_address(visitor)
    content = visitor.get(address)
    assert content.status_code == 200
    digest = hashlib.sha256(content.content).hexdigest()
    assert digest in visitor.get("/collect").text

    sent = visitor.fill("/collect", {"sha256": digest.upper()}, to="/collect/receipt")
    assert sent.headers["location"] == "/collect/receipt"
    receipt = visitor.get("/collect/receipt").text
    assert "The package arrived whole" in receipt
    assert f"<strong>{box.release.urn}-R1</strong>" in receipt

    events = [name for name, _ in house.events(box.release.id)]
    tail = ["code.accepted", "terms.accepted", "download.authorised", "receipt.confirmed"]
    assert events[-4:] == tail


def test_the_ledger_keeps_the_digest_of_the_terms_that_were_shown(
    visitor: Visitor, box: Mailbox, house: House
) -> None:
    come_in(visitor, box, box.link())
    terms = environment().get_template(TERMS).render()
    assert terms in visitor.get("/collect").text
    accept(visitor)
    kept = [values for name, values in house.events(box.release.id) if name == "terms.accepted"]
    assert kept[-1]["terms"] == hashlib.sha256(terms.encode()).hexdigest() == terms_digest()


def test_terms_that_changed_meanwhile_are_shown_again(visitor: Visitor, box: Mailbox) -> None:
    come_in(visitor, box, box.link())
    answer = visitor.fill("/collect", {"accept": "yes", "terms": "0" * 64}, to="/collect/terms")
    assert answer.status_code == 422
    assert "The terms changed" in answer.text


def test_terms_must_be_accepted_before_anything_is_downloaded(
    visitor: Visitor, box: Mailbox
) -> None:
    come_in(visitor, box, box.link())
    answer = visitor.fill("/collect", {}, to="/collect/terms")
    assert answer.status_code == 422
    assert 'href="#accept"' in answer.text
    assert answer.text.count("Select that you accept the terms") == 2
    refused = visitor.fill("/collect", {}, to="/collect/download")
    assert refused.status_code == 409
    assert "Accept the terms first" in refused.text


def test_a_file_that_is_not_whole_is_said_plainly_and_costs_nothing(
    visitor: Visitor, box: Mailbox
) -> None:
    address = at_the_package(visitor, box)
    answer = visitor.fill("/collect", {"sha256": "ab" * 32}, to="/collect/receipt")
    assert answer.status_code == 422
    assert "not whole, or is another file" in answer.text
    assert address in answer.text
    assert visitor.get("/collect/receipt").headers["location"] == "/collect"
    again = visitor.fill("/collect", {}, to="/collect/download")
    assert again.headers["location"] == address


@pytest.mark.parametrize("typed", ["", "abc", "g" * 64, "a" * 65, "a" * 10_000, "é" * 64])
def test_what_can_be_no_digest_is_asked_for_again(
    visitor: Visitor, box: Mailbox, typed: str
) -> None:
    at_the_package(visitor, box)
    answer = visitor.fill("/collect", {"sha256": typed}, to="/collect/receipt")
    assert answer.status_code == 422
    assert 'href="#sha256"' in answer.text


def test_a_digest_as_windows_prints_it_is_understood(visitor: Visitor, box: Mailbox) -> None:
    address = at_the_package(visitor, box)
    digest = hashlib.sha256(visitor.get(address).content).hexdigest()
    spaced = " ".join(digest[at : at + 2] for at in range(0, 64, 2))
    answer = visitor.fill("/collect", {"sha256": f"{spaced}\r\n"}, to="/collect/receipt")
    assert answer.headers["location"] == "/collect/receipt"


def test_starting_again_in_one_browser_is_no_second_download(
    visitor: Visitor, box: Mailbox
) -> None:
    address = at_the_package(visitor, box)
    assert "Downloads left" in visitor.get("/collect").text
    assert download_address(visitor) == address


def test_the_page_warns_before_the_link_expires(visitor: Visitor, box: Mailbox) -> None:
    token = box.link()
    come_in(visitor, box, token)
    assert "Your link expires in" not in visitor.get("/collect").text
    box.change(token, expires_at=utc_now() + timedelta(days=2, minutes=5))
    assert "Your link expires in 2 days" in visitor.get("/collect").text
    box.change(token, expires_at=utc_now() + timedelta(minutes=5))
    assert "Your link expires in less than a day" in visitor.get("/collect").text


def test_leaving_ends_it_in_the_house_and_not_only_in_the_browser(
    app: FastAPI, house: House, visitor: Visitor, box: Mailbox
) -> None:
    address = at_the_package(visitor, box)
    kept = dict(visitor.cookies)
    left = visitor.fill("/collect", {}, to="/collect/leave")
    assert left.headers["location"] == "/collect/left"
    assert "custos_collection" not in visitor.cookies
    assert visitor.get("/collect/left").status_code == 200
    with visiting(app, house) as replayed:
        replayed.cookies.update(kept)
        assert replayed.get("/collect").status_code == 403
        assert replayed.get(address).status_code == 403


def test_a_name_on_the_page_is_never_markup(house: House, visitor: Visitor) -> None:
    box = mailbox(house, organisation="<b>Smith & Sons</b>")
    come_in(visitor, box, box.link())
    shown = visitor.get("/collect").text
    assert "<b>Smith" not in shown
    assert shown.count("&lt;b&gt;Smith &amp; Sons&lt;/b&gt;") == 2


def test_too_many_codes_asked_for_is_told_with_the_time(visitor: Visitor, box: Mailbox) -> None:
    token = box.link()
    for _ in range(3):
        assert ask(visitor, token).status_code == 303
    answer = ask(visitor, token)
    assert answer.status_code == 429
    assert "You can ask for the next one at" in answer.text
    # The newest code can still be entered.
    assert enter(visitor, token, box.code(token)).status_code == 303


def test_a_lock_says_until_when_and_how_to_go_on(visitor: Visitor, box: Mailbox) -> None:
    token = box.link()
    answer = [enter(visitor, token, "00000000") for _ in range(15)][-1]
    assert answer.status_code == 429
    assert "This link is locked for now" in answer.text
    assert "You can ask for a new code from" in answer.text
    assert "costs nothing" in answer.text
    assert "locked" in visitor.get(f"/collect/{token}/enter").text
    assert ask(visitor, token).status_code == 429


def test_a_link_that_is_over_tells_the_mailbox_and_not_the_page(
    visitor: Visitor, box: Mailbox
) -> None:
    token = box.link()
    box.change(token, expires_at=utc_now() - timedelta(minutes=1))
    told = box.has(DeliveryLetter.LINK_ENDED)
    assert ask(visitor, token).headers["location"] == f"/collect/{token}/enter"
    assert "expired, been used up" in visitor.get(f"/collect/{token}/enter").text
    box.work(token)
    assert box.has(DeliveryLetter.LINK_ENDED) == told + 1


def test_a_browser_that_was_idle_for_too_long_starts_again(
    house: House, visitor: Visitor, box: Mailbox
) -> None:
    come_in(visitor, box, box.link())
    later = create_app(replace(house.services, clock=lambda: utc_now() + timedelta(minutes=61)))
    with visiting(later, house) as same:
        same.cookies.update(visitor.cookies)
        answer = same.get("/collect")
    assert answer.status_code == 403
    assert "Open your link again" in answer.text


def test_the_forms_of_the_path_are_reachable_by_hand_without_harm(visitor: Visitor) -> None:
    for path in ("terms", "download", "leave"):
        assert visitor.get(f"/collect/{path}").headers["location"] == "/collect"
    assert visitor.get(f"/collect/{UNKNOWN}/code").headers["location"] == f"/collect/{UNKNOWN}"
    assert visitor.get(f"/collect/{UNKNOWN}/enter").headers["location"] == f"/collect/{UNKNOWN}"


def test_the_cookie_is_for_this_host_and_this_visit_only(
    house: House, visitor: Visitor, box: Mailbox
) -> None:
    token = box.link()
    ask(visitor, token)
    plain = enter(visitor, token, box.code(token)).headers["set-cookie"].lower()
    assert plain.startswith("custos_collection=")
    assert "httponly" in plain
    assert "samesite=strict" in plain
    assert "expires" not in plain
    assert "max-age" not in plain

    settings = replace(house.settings, public_url="https://cctv.barchester.example")
    secure = create_app(replace(house.services, settings=settings))
    with visiting(secure, House(settings, house.services)) as other:
        token = box.link()
        ask(other, token)
        strict = enter(other, token, box.code(token)).headers["set-cookie"]
        assert strict.startswith("__Host-custos_collection=")
        assert "; Secure" in strict
        assert "; Path=/" in strict
        assert other.get("/collect").status_code == 200


def test_form_tokens_differ_from_browser_to_browser(
    app: FastAPI, house: House, visitor: Visitor, box: Mailbox
) -> None:
    token = box.link()
    come_in(visitor, box, token)
    with visiting(app, house) as other:
        come_in(other, box, token)
        assert form_token(other) != form_token(visitor)
