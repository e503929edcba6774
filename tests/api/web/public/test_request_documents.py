"""Documents of a request, without scripts: sent with the form or later, and seen by one role."""

import html
import tracemalloc
from collections.abc import Callable
from tempfile import SpooledTemporaryFile
from typing import Any

import anyio
import pytest
from fastapi import Request
from httpx import Response
from sqlmodel import func, select

from api.times import utc_now
from api.web.public.requests.cookies import draft_cookie
from api.web.public.requests.documents.received import received
from api.web.staff import cookie_name, form_token
from evidence.errors import InvalidError
from evidence.limits import Limits
from evidence.people.access import Role
from evidence.requests.documents.incoming import MOST_OF_MAILBOX, Arrivals, Scanned
from evidence.requests.documents.kinds import Verdict
from evidence.requests.documents.tables import DocumentBytesRow, DocumentRow
from evidence.requests.states import Path, RequestStep, ReviewOutcome
from evidence.requests.tables import RequestRow
from tests.api.web.public.test_request_pages import fill_in, led, look_after, urn_on
from tests.api.web.visiting import Visitor
from tests.evidence.requests.documents.papers_filled import JPEG, PDF, PNG
from tests.evidence.requests.requesting import decide, fill, filled, prove, request, review
from tests.houses import House

Opens = Callable[..., Visitor]
CONSENT, IDENTITY = "/requests/documents/consent", "/requests/documents/identity"
LATER = "/requests/status/documents/identity"
DESK = "/console/requests"
MIB = 1 << 20
HEAD = b'--b\r\nContent-Disposition: form-data; name="document"; filename="a"\r\n\r\n'
EVIL = '"><script>alert(1)</script>.pdf'


def attach(
    visitor: Visitor,
    place: str,
    data: bytes,
    name: str = "scan.pdf",
    **more: Any,  # noqa: ANN401 - what httpx takes
) -> Response:
    """Send a form with a file, as a page of ours sends it."""
    return visitor.post(place, files={"document": (name, data, "application/pdf")}, **more)


def asker(browser: Opens, house: House, email: str) -> Visitor:
    """Return somebody who filled in everything, and is about to send it."""
    visitor, at = browser(), utc_now()
    secret = fill(house, Path.INSURER, at, filled(Path.INSURER, at, email=email))
    prove(house, secret, at)
    visitor.cookies.set(draft_cookie(house.services), secret)
    return visitor


def documents_of(house: House, row: RequestRow) -> list[DocumentRow]:
    wanted = select(DocumentRow).where(DocumentRow.request == row.id).order_by(DocumentRow.kind)
    return list(house.look(lambda s: s.exec(wanted).all()))


def kept(house: House) -> int:
    every = select(func.count()).select_from(DocumentBytesRow)
    return house.look(lambda s: s.exec(every).one())


def test_an_insurer_s_documents_from_the_form_to_the_approval(browser: Opens, house: House) -> None:
    asking, given = browser(), filled(Path.INSURER, utc_now(), email="way@insurer.example")
    fill_in(asking, house, Path.INSURER, given)
    assert "Not added" in asking.get("/requests/check").text
    first = asking.get(CONSENT)
    assert "Written consent of your policy holder" in first.text
    assert "deleted 7 days after the check" in first.text
    assert led(attach(asking, CONSENT, PDF, EVIL)) == IDENTITY
    assert led(attach(asking, IDENTITY, JPEG)) == "/requests/check"
    shown = asking.get("/requests/check").text
    assert "JPEG picture" in shown
    assert "alert(1)" not in shown
    assert led(attach(asking, f"{IDENTITY}?change=yes", PNG)) == "/requests/check"
    led(asking.post("/requests/check"))
    row = house.look(
        lambda s: house.services.requests.find(s, urn_on(asking.get("/requests/sent").text))
    )
    consent, identity = documents_of(house, row)
    assert (consent.type, identity.type) == ("application/pdf", "image/png")
    at = utc_now()
    decide(house, row, RequestStep.COVERED, Role.OPERATOR, at)

    governance, operator = browser(Role.GOVERNANCE), browser(Role.OPERATOR)
    waiting = f"{DESK}?show=documents"
    assert row.urn in governance.get(waiting).text
    listed = operator.get(f"{DESK}/{row.urn}").text
    assert "PNG picture" in listed
    assert str(identity.id) not in listed, "no link for who may not"
    for one, data, where in ((consent, PDF, "attachment"), (identity, PNG, "inline")):
        place = f"{DESK}/{row.urn}/documents/{one.id}"
        early = governance.fill(place, {"verdict": Verdict.ACCEPTED, "reason": "right"})
        assert early.status_code == 409
        assert "open the document" in html.unescape(early.text).lower()
        looked = governance.fill(place, {}, to=f"{place}/look")
        assert looked.content == data
        assert looked.headers["content-disposition"].startswith(f'{where}; filename="{one.kind}.')
        assert looked.headers["cache-control"] == "no-store"
        assert looked.headers["x-content-type-options"] == "nosniff"
        policies = looked.headers.get_list("content-security-policy")
        assert any("sandbox" in one and "default-src 'none'" in one for one in policies)
        assert governance.get(f"{place}/look").status_code == 405, "it has no address"
        unsure = governance.fill(place, {"verdict": "", "reason": ""})
        assert 'href="#verdict"' in unsure.text
        led(governance.fill(place, {"verdict": Verdict.ACCEPTED, "reason": "it shows Ali Holder"}))
    assert row.urn not in governance.get(waiting).text
    names = [name for name, _ in house.events(row.id)]
    assert names.count("document.viewed") == names.count("document.checked") == 2
    status = look_after(browser(), house, row)
    assert status.count("Accepted") == 2


def test_what_is_no_document_is_refused_and_nothing_of_it_is_kept(
    browser: Opens, house: House
) -> None:
    asking = asker(browser, house, "wrong@insurer.example")
    led(attach(asking, CONSENT, PDF))
    before = kept(house)
    most = house.services.document_arrivals.most
    for data, words in (
        (b"MZ" + bytes(100), "PDF, a JPEG or a PNG"),
        (b"", "empty"),
        (bytes(most + 1), "smaller than 10 MB"),
        (bytes(most + (1 << 20)), "smaller than 10 MB"),
    ):
        refused = attach(asking, CONSENT, data, EVIL)
        assert refused.status_code == 422
        assert words in html.unescape(refused.text)
        assert 'href="#document"' in refused.text
        assert "alert(1)" not in refused.text
        assert "What you added" in refused.text, "the one of before is still there"
    two = [("document", ("a", PDF)), ("document", ("b", PDF))]
    assert asking.post(CONSENT, files=two).status_code == 400
    assert kept(house) == before
    assert led(asking.post(f"{CONSENT}/remove?change=yes")) == f"{CONSENT}?change=yes"
    assert kept(house) == before - 1


def test_nobody_who_proved_no_mailbox_leaves_a_byte(browser: Opens, house: House) -> None:
    stranger, before = browser(), kept(house)
    assert led(attach(stranger, CONSENT, PDF)) == "/requests"
    assert led(attach(stranger, LATER, PDF)) == "/requests/status/request"
    led(stranger.post("/requests", {"path": "insurer"}))
    assert led(attach(stranger, CONSENT, PDF)).startswith("/requests/form/")
    proven = asker(browser, house, "unproven@insurer.example")
    form = {"email": "another@insurer.example", "change": "yes"}
    led(proven.post("/requests/form/mailbox", form))
    assert led(attach(proven, CONSENT, PDF)) == "/requests/mailbox"
    away = {"Sec-Fetch-Site": "cross-site"}
    assert attach(proven, CONSENT, PDF, headers=away).status_code == 403
    assert kept(house) == before


def test_a_document_that_was_asked_for_is_sent_from_the_page_of_the_request(
    browser: Opens, house: House
) -> None:
    row = request(house, Path.INSURER, utc_now(), email="asked-for@insurer.example")
    governance, visitor = browser(Role.GOVERNANCE), browser()
    place = f"{DESK}/{row.urn}/ask-document"
    assert 'href="#choice"' in governance.fill(place, {"reason": "why"}).text
    assert 'href="#reason"' in governance.fill(place, {"choice": "identity", "reason": " "}).text
    led(governance.fill(place, {"choice": "identity", "reason": "the photo is <b>dark</b>"}))
    shown = look_after(visitor, house, row)
    assert "the photo is <b>dark</b>" in shown
    asked = visitor.get(LATER).text
    assert "the photo is &lt;b&gt;dark&lt;/b&gt;" in asked
    assert "Choose the document" in visitor.post(LATER, files={"document": ("", b"")}).text
    done = led(attach(visitor, LATER, JPEG))
    assert "We have your document" in visitor.get(done).text
    assert led(attach(visitor, LATER.replace("identity", "passport"), JPEG)).endswith("/request")
    (one,) = documents_of(house, row)
    page = f"{DESK}/{row.urn}/documents/{one.id}"
    governance.fill(page, {}, to=f"{page}/look")
    led(governance.fill(page, {"verdict": Verdict.NOT_ACCEPTED, "reason": "still too dark"}))
    assert "still too dark" in visitor.get("/requests/status/request").text
    deletion = f"{page}/deletion"
    assert "before its time" in governance.fill(deletion, {"reason": ""}).text
    led(governance.fill(deletion, {"reason": "of no use"}))
    assert "Look at it" not in governance.get(page).text
    seen = f"{DESK}/{row.urn}/seen"
    assert 'href="#choice"' in governance.fill(seen, {"choice": "identity:x", "reason": "x"}).text
    led(governance.fill(seen, {"choice": "identity:in person", "reason": "a passport"}))
    assert "Seen in person" in browser(Role.OPERATOR).get(f"{DESK}/{row.urn}").text


def test_an_approval_shows_what_was_checked_and_is_refused_before(
    browser: Opens, house: House
) -> None:
    at = utc_now()
    row = request(house, Path.SUBJECT, at, email="approval-page@gmail.com")
    decide(house, row, RequestStep.COVERED, Role.OPERATOR, at)
    review(house, row, ReviewOutcome.FOUND, at, house.exhibit())
    releaser, place = browser(Role.RELEASER), f"{DESK}/{row.urn}/approval"
    assert "Needed</strong> before anybody approves" in releaser.get(place).text
    refused = releaser.fill(place, {"reason": "necessary"})
    assert refused.status_code == 409
    assert "have them checked, or record that they were seen" in html.unescape(refused.text)
    governance = browser(Role.GOVERNANCE)
    seen = {"choice": "identity:by post", "reason": "a driving licence"}
    led(governance.fill(f"{DESK}/{row.urn}/seen", seen))
    assert "Seen by post" in releaser.get(place).text
    led(releaser.fill(place, {"reason": "necessary"}))


def test_no_address_brings_a_document_to_anybody_else(browser: Opens, house: House) -> None:
    row, other = (
        request(house, Path.INSURER, utc_now(), email=f"{name}-fetch@insurer.example")
        for name in ("mine", "other")
    )
    sender = browser()
    look_after(sender, house, row)
    led(attach(sender, LATER, JPEG))
    (one,) = documents_of(house, row)
    page = f"{DESK}/{row.urn}/documents/{one.id}"
    for role in (*Role, "nobody"):
        visitor, may = browser(role), role == Role.GOVERNANCE
        form = {"form_token": form_token(visitor.cookies[cookie_name(house.services)])}
        looked = visitor.post(f"{page}/look", form)
        assert (looked.content == JPEG) == may, role
        assert looked.status_code == (200 if may else 403), role
        elsewhere = visitor.post(f"{DESK}/{other.urn}/documents/{one.id}/look", form)
        assert elsewhere.status_code == (404 if may else 403), role
        for place in (page, f"{page}/look", f"{page}/file"):
            assert JPEG not in visitor.get(place).content, role
    for place in (f"/requests/documents/{one.id}", f"/requests/status/documents/{one.id}", page):
        assert JPEG not in sender.get(place).content
    assert sender.post(f"{page}/look").status_code == 303
    assert "Received</strong>" in sender.get("/requests/status/request").text


def test_who_sent_too_many_waits_and_nothing_is_read(browser: Opens, house: House) -> None:
    asking, before = asker(browser, house, "too-many@insurer.example"), kept(house)
    with house.services.transaction() as session:
        for number in range(MOST_OF_MAILBOX):
            house.services.document_arrivals.admit(
                session,
                network=f"203.0.113.{100 + number}",
                mailbox="too-many@insurer.example",
                at=utc_now(),
            )
    assert attach(asking, CONSENT, PDF).status_code == 429
    assert kept(house) == before


def read(*pieces: bytes, most: int = MIB) -> bytes | None:
    """Receive a form that comes in pieces, as the route does."""
    left = [*pieces, b"\r\n--b--\r\n"]

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": left.pop(0), "more_body": bool(left)}

    headers = [(b"content-type", b"multipart/form-data; boundary=b")]
    request = Request({"type": "http", "method": "POST", "headers": headers}, receive)
    arrivals = Arrivals(Limits(key=bytes(32)), lambda _: Scanned("clean"), most=most)
    return anyio.run(received, request, arrivals)


def test_a_document_lies_on_no_disk_while_it_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    def spilt(_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(SpooledTemporaryFile, "rollover", spilt)
    piece = bytes(range(256)) * 4096
    assert read(HEAD, *[piece] * 5, most=6 * MIB) == piece * 5


def test_what_is_too_large_is_let_go_of_while_it_comes() -> None:
    piece = bytes(MIB)
    tracemalloc.start()
    try:
        with pytest.raises(InvalidError, match="smaller than 1 MB"):
            read(HEAD, *[piece] * 8)
        with pytest.raises(InvalidError, match="smaller than 1 MB"):
            read(HEAD, *[piece] * 40)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 5 * MIB
