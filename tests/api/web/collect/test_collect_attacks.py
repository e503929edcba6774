"""What somebody without the mailbox tries, and what they learn from it: nothing."""

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from statistics import median
from uuid import uuid4

import pytest
from fastapi import FastAPI
from httpx import Response
from sqlmodel import col, func, select

from api.app import create_app
from api.times import utc_now
from api.web.collect.limiter import Limit, Limiter
from api.web.collect.pacing import STEP
from evidence.mailbox.tables import GateRow, MessageRow
from evidence.secrets import secret_digest
from export.delivery.tables import CollectionRow, DownloadRow, LinkRow
from tests.api.web.collect.recipients import (
    UNKNOWN,
    Mailbox,
    accept,
    ask,
    at_the_package,
    come_in,
    enter,
    form_token,
    mailbox,
)
from tests.api.web.paces import ProcessorClock
from tests.api.web.visiting import Visitor, visiting
from tests.houses import House

Opens = Callable[[], Visitor]
EVIL = "evil.example"


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
def opens(app: FastAPI, house: House) -> Iterator[Opens]:
    """Return what opens one more browser."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(visiting(app, house))


def _seen(answer: Response, token: str) -> tuple[int, dict[str, str], str]:
    """Return everything that a stranger sees, but for the token and the time of a lock."""
    headers = {name: value.replace(token, "TOKEN") for name, value in answer.headers.items()}
    body = answer.text.replace(token, "TOKEN")
    body = re.sub(r'datetime="[^"]+">[^<]+', 'datetime="">', body)
    if "datetime" in body:
        headers.pop("content-length")
    return answer.status_code, headers, body


def _everything(visitor: Visitor, token: str) -> list[tuple[int, dict[str, str], str]]:
    """Press every button until the lock, and look at every page on the way."""
    path = f"/collect/{token}"
    answers = [visitor.get(path), visitor.get(f"{path}/enter")]
    for _ in range(4):
        answers += [ask(visitor, token), visitor.get(f"{path}/enter")]
    for code in ["", "no code", *["12345678"] * 16]:
        answers.append(enter(visitor, token, code))
    answers += [ask(visitor, token), visitor.get(f"{path}/enter"), visitor.get(path)]
    return [_seen(answer, token) for answer in answers]


def test_a_stranger_sees_no_difference_between_tokens(opens: Opens, box: Mailbox) -> None:
    revoked, expired, spent = (box.link() for _ in range(3))
    good = box.link()
    box.change(expired, revoked_at=None, expires_at=utc_now() - timedelta(days=1))
    box.change(spent, revoked_at=None, downloads_allowed=0)
    unknown = f"{UNKNOWN[:-1]}A"
    # A code is waiting behind the good one; nobody but its mailbox may notice.
    tokens = {"good": good, "unknown": unknown, "revoked": revoked, "expired": expired}
    tokens["spent"] = spent
    seen: dict[str, list[tuple[int, dict[str, str], str]]] = {}

    def walk(name: str, visitor: Visitor) -> None:
        seen[name] = _everything(visitor, tokens[name])

    threads = [threading.Thread(target=walk, args=(name, opens())) for name in tokens]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    statuses = [status for status, _, _ in seen["good"]]
    assert {200, 303, 422, 429} == set(statuses)
    for name in tokens:
        assert seen[name] == seen["good"], name


@pytest.mark.parametrize("token", ["x", "a" * 2000, "%C3%A9", "%00", "..%5C", "%22%3E%3Cb%3E", "é"])
def test_what_can_be_no_token_gets_the_same_page(opens: Opens, token: str) -> None:
    visitor = opens()
    known, odd = visitor.get(f"/collect/{UNKNOWN}"), visitor.get(f"/collect/{token}")
    assert odd.status_code == 200
    action = re.compile(r'action="[^"]*"')
    assert action.sub("", odd.text) == action.sub("", known.text)
    assert "<b>" not in odd.text
    assert ask(visitor, token).status_code == 303
    assert enter(visitor, token, "12345678").status_code == 422


def test_how_long_an_answer_takes_does_not_tell_a_good_token(
    opens: Opens, box: Mailbox, paces: ProcessorClock
) -> None:
    good, unknown = box.link(), f"{UNKNOWN[:-1]}B"
    visitor = opens()
    ask(visitor, good)
    box.code(good)
    took: dict[str, list[float]] = {good: [], unknown: []}
    for _ in range(10):
        for token, times in took.items():
            began = paces.current_time()
            enter(visitor, token, "00000001")
            times.append(paces.current_time() - began)
    assert min(min(times) for times in took.values()) >= STEP
    assert abs(median(took[good]) - median(took[unknown])) < 0.02, took


def test_a_scanner_that_fetches_every_address_does_nothing(
    opens: Opens, box: Mailbox, house: House
) -> None:
    token = box.link()
    tables = (GateRow, CollectionRow, DownloadRow, MessageRow)

    def state() -> list[int]:
        with house.services.transaction() as session:
            return [session.exec(select(func.count()).select_from(one)).one() for one in tables]

    before, events = state(), len(house.events(box.release.id))
    for _ in range(3):
        scanner = opens()
        for path in ("", "/", "/code", "/enter", "?a=1"):
            for fetch in (scanner.get, scanner.head):
                answer = fetch(f"/collect/{token}{path}")
                assert answer.status_code in (200, 303, 404, 405)
        for shown in re.findall(r'href="(/[^"]*)"', scanner.get(f"/collect/{token}").text):
            scanner.get(shown)
    assert state() == before
    assert len(house.events(box.release.id)) == events
    # And the link still works.
    come_in(opens(), box, token)


def test_a_code_works_once(opens: Opens, box: Mailbox) -> None:
    token, first, second = box.link(), opens(), opens()
    ask(first, token)
    code = box.code(token)
    assert enter(first, token, code).status_code == 303
    assert enter(second, token, code).status_code == 422
    assert second.get("/collect").status_code == 403


def test_a_code_opens_no_other_link(opens: Opens, box: Mailbox, house: House) -> None:
    other = mailbox(house)
    mine, theirs, visitor = box.link(), other.link(), opens()
    ask(visitor, mine)
    ask(visitor, theirs)
    assert enter(visitor, theirs, box.code(mine)).status_code == 422


def test_whoever_guesses_five_times_has_ended_the_code(opens: Opens, box: Mailbox) -> None:
    token, visitor = box.link(), opens()
    ask(visitor, token)
    code = box.code(token)
    wrong = f"{(int(code) + 1) % 10**8:08d}"
    answer = [enter(visitor, token, wrong) for _ in range(5)][-1]
    assert "Ask for another one" in answer.text
    assert enter(visitor, token, code).status_code == 422


def test_a_link_that_was_passed_on_opens_nothing(opens: Opens, box: Mailbox) -> None:
    mine, colleague = opens(), opens()
    address = at_the_package(mine, box)
    assert mine.get(address).status_code == 200
    for path in ("/collect", "/collect/receipt", address):
        answer = colleague.get(path)
        assert answer.status_code == 403
        assert box.release.urn not in answer.text.replace(path, "")
    for path in ("terms", "download", "receipt"):
        assert colleague.post(f"/collect/{path}", {"accept": "yes"}).status_code == 403


def test_another_recipients_cookie_opens_only_their_own_download(
    opens: Opens, box: Mailbox, house: House
) -> None:
    mine, theirs = opens(), opens()
    address = at_the_package(mine, box)
    other = at_the_package(theirs, mailbox(house))
    assert mine.get(other).status_code == 404
    assert theirs.get(address).status_code == 404


@pytest.mark.parametrize("how", ["revoked", "expired", "replaced"])
def test_the_end_of_a_link_cuts_every_browser_at_once(
    opens: Opens, box: Mailbox, house: House, how: str
) -> None:
    visitor, token = opens(), box.link()
    come_in(visitor, box, token)
    accept(visitor)
    address = visitor.fill("/collect", {}, to="/collect/download").headers["location"]
    assert visitor.get(address, headers={"Range": "bytes=0-9"}).status_code == 206
    cookie = dict(visitor.cookies)
    if how == "revoked":
        with house.services.transaction() as session:
            house.services.links.end_all(session, box.release.id, at=utc_now())
    elif how == "expired":
        box.change(token, expires_at=utc_now())
    else:
        box.link()
    assert visitor.get(address, headers={"Range": "bytes=10-"}).status_code == 403
    visitor.cookies.update(cookie)
    assert visitor.get("/collect").status_code == 403
    assert visitor.post("/collect/download").status_code == 403
    assert visitor.post("/collect/receipt", {"sha256": "a" * 64}).status_code == 403


def test_of_two_browsers_that_want_the_last_download_one_gets_it(
    opens: Opens, box: Mailbox, house: House
) -> None:
    token = box.link()
    both, third = (opens(), opens()), opens()
    for visitor in (*both, third):
        come_in(visitor, box, token)
        accept(visitor)
    with house.services.transaction() as session:
        newest = select(CollectionRow).order_by(col(CollectionRow.started_at).desc())
        collection = session.exec(newest.limit(1)).one()
        link = session.get_one(LinkRow, collection.link)
        for _ in range(link.downloads_allowed - 1):  # which the third one had
            session.add(
                DownloadRow(
                    id=uuid4(), collection=collection.id, link=link.id, authorised_at=utc_now()
                )
            )
    forms = [{"form_token": form_token(visitor)} for visitor in both]
    line = threading.Barrier(2)
    answers: list[Response] = []

    def press(visitor: Visitor, form: dict[str, str]) -> None:
        line.wait()
        answers.append(visitor.post("/collect/download", form))

    threads = [threading.Thread(target=press, args=pair) for pair in zip(both, forms, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer.status_code for answer in answers) == [303, 409]
    assert "No download is left" in next(a.text for a in answers if a.status_code == 409)
    with house.services.transaction() as session:
        made = session.exec(
            select(func.count()).select_from(DownloadRow).where(col(DownloadRow.link) == link.id)
        ).one()
    assert made == link.downloads_allowed
    shown = [visitor.get("/collect").text for visitor in both]
    assert sum("No download is left on this link" in text for text in shown) == 1


@pytest.mark.parametrize("name", ["Host", "X-Forwarded-Host", "Forwarded", "X-Original-URL"])
def test_no_header_names_the_host_of_a_link(opens: Opens, box: Mailbox, name: str) -> None:
    visitor, token = opens(), box.link()
    poison = {name: f"host={EVIL}" if name == "Forwarded" else EVIL}
    answers = [
        visitor.get(f"/collect/{token}", headers=poison),
        visitor.get(f"/collect/{token}/", headers=poison),
        visitor.get("/collect/", headers=poison),
        visitor.post(f"/collect/{token}/code", headers=poison),
    ]
    answers.append(
        visitor.post(f"/collect/{token}/enter", {"code": box.code(token)}, headers=poison)
    )
    for answer in answers:
        assert EVIL not in answer.text
        assert EVIL not in str(answer.headers)
        assert answer.headers.get("location", "/").startswith("/")
    assert answers[-1].headers["location"] == "/collect"


@pytest.mark.parametrize(
    "sent",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://127.0.0.1:8000"},
    ],
)
def test_a_form_of_another_site_does_nothing(
    opens: Opens, box: Mailbox, house: House, sent: dict[str, str]
) -> None:
    visitor, token = opens(), box.link()
    assert visitor.post(f"/collect/{token}/code", headers=sent).status_code == 403
    with house.services.transaction() as session:
        assert session.get(GateRow, secret_digest(token)) is None
    come_in(visitor, box, token)
    form = {"form_token": form_token(visitor), "accept": "yes"}
    for path in ("terms", "download", "receipt", "leave"):
        assert visitor.post(f"/collect/{path}", form, headers=sent).status_code == 403
    assert "I accept these terms" in visitor.get("/collect").text


def test_a_form_needs_the_token_of_its_own_browser(opens: Opens, box: Mailbox) -> None:
    token, mine, theirs = box.link(), opens(), opens()
    come_in(mine, box, token)
    come_in(theirs, box, token)
    for stolen in ("", "x", "\udcff", form_token(theirs)):
        body = {"form_token": stolen.encode("utf-8", "surrogatepass"), "accept": "yes"}
        for path in ("terms", "download", "receipt", "leave"):
            assert mine.post(f"/collect/{path}", body).status_code == 403
    assert mine.get("/collect").status_code == 200


def test_a_cookie_that_was_there_before_the_code_is_worth_nothing(
    opens: Opens, box: Mailbox
) -> None:
    planted = "A" * 43
    victim, attacker, token = opens(), opens(), box.link()
    victim.cookies.set("custos_collection", planted)
    come_in(victim, box, token)
    assert victim.cookies.get("custos_collection", domain="127.0.0.1") != planted
    attacker.cookies.set("custos_collection", planted)
    assert attacker.get("/collect").status_code == 403


def test_one_address_cannot_try_for_ever(house: House) -> None:
    app = create_app(house.services)
    app.state.limiter = Limiter(Limit(most=3))
    with visiting(app, house) as visitor:
        for last in "CDE":
            assert ask(visitor, f"{UNKNOWN[:-1]}{last}").status_code == 303
        refused = ask(visitor, f"{UNKNOWN[:-1]}F")
        assert refused.status_code == 429
        assert int(refused.headers["retry-after"]) > 60
        assert "Try again in" in refused.text
        assert visitor.get(f"/collect/{UNKNOWN}").status_code == 200
    with house.services.transaction() as session:
        assert session.get(GateRow, secret_digest(f"{UNKNOWN[:-1]}F")) is None


def test_an_office_behind_one_address_does_not_notice_the_limit() -> None:
    assert Limit().most >= 60
    assert Limit().within <= timedelta(minutes=5)


def test_a_service_that_is_reached_over_tls_trusts_no_plain_cookie(
    house: House, opens: Opens, box: Mailbox
) -> None:
    visitor = opens()
    at_the_package(visitor, box)
    settings = replace(house.settings, public_url="https://cctv.barchester.example")
    secure = create_app(replace(house.services, settings=settings))
    with visiting(secure, House(settings, house.services)) as other:
        other.cookies.update(visitor.cookies)
        other.cookies.set("custos_collection", str(visitor.cookies.get("custos_collection")))
        assert other.get("/collect").status_code == 403
