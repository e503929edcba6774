"""The recipient's path in a real browser: link, code, terms, download, receipt, and lost lines."""

import hashlib
from http import HTTPStatus
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.looking import look
from tests.browser.people import (
    READY,
    Recipient,
    Visit,
    accept_terms,
    clip_in,
    confirm,
    download,
    enter,
    enter_code,
    keeps_what_it_says,
    link_in,
    open_mail,
    press,
    ready_exhibit,
    sealed_release,
    verdict,
)
from tests.browser.proxy import Cut, Proxy
from tests.durability.ups import Up


@pytest.fixture(scope="module")
def exhibit(up: Up, tmp_path_factory: pytest.TempPathFactory) -> str:
    clip = clip_in(tmp_path_factory.mktemp("clip"), seconds=4)
    return ready_exhibit(up, clip, "BC")


def test_a_download_that_is_cut_goes_on_by_itself_and_the_receipt_follows(
    up: Up, visit: Visit, exhibit: str, tmp_path: Path
) -> None:
    recipient = Recipient("DC Cut Example", "cut@barchester.police.example")
    sealed_release(up, exhibit, recipient)
    with Proxy.to(up.settings.port) as proxy:
        page, _ = visit(base_url=proxy.origin)
        enter(page, recipient)
        accept_terms(page)
        proxy.cut = Cut(b"GET /collect/download/", after=50_000, times=2)
        package = download(page, tmp_path)
        assert proxy.cut.made == 2
        # The whole, and twice the rest: nothing that had arrived was fetched again.
        assert [status for path, status in proxy.answers if "/collect/download/" in path] == [
            HTTPStatus.OK,
            HTTPStatus.PARTIAL_CONTENT,
            HTTPStatus.PARTIAL_CONTENT,
        ]
        confirm(page, package)
        assert "VERIFIED: this package is" in verdict(page, package)


def test_every_page_of_the_recipient_is_without_a_barrier(
    up: Up, visit: Visit, exhibit: str, tmp_path: Path
) -> None:
    recipient = Recipient("DC Look Example", "look@barchester.police.example")
    sealed_release(up, exhibit, recipient)
    page, watch = visit()
    link = link_in(open_mail(page, recipient, READY))
    look(page, "mail-link", watch=watch)
    page.goto(link)
    press(page, "Send me a code")
    look(page, "code", watch=watch)
    page.get_by_label("Code", exact=True).fill("1234")
    press(page, "Continue")
    expect(page.get_by_role("alert")).to_contain_text("There is a problem")
    look(page, "code-wrong", watch=watch)
    enter_code(page, recipient, link)
    look(page, "terms", watch=watch)
    press(page, "Accept and continue")
    look(page, "terms-not-accepted", watch=watch)
    accept_terms(page)
    look(page, "package", watch=watch)
    package = download(page, tmp_path)
    page.goto("/collect")
    look(page, "package-downloaded", watch=watch)
    (tmp_path / "other.zip").write_bytes(package.read_bytes()[:-1])
    page.get_by_label("The file that you downloaded").set_input_files(tmp_path / "other.zip")
    expect(page.get_by_role("alert")).to_contain_text("not whole")
    look(page, "receipt-of-another-file", watch=watch)
    confirm(page, package)
    look(page, "receipt", watch=watch)
    keeps_what_it_says(page)
    press(page, "tell us whether the footage helped", "link")
    press(page, "Send the answer")
    expect(page.get_by_role("alert")).to_contain_text("There is a problem")
    look(page, "feedback", watch=watch)
    page.get_by_label("It is too early to say").check()
    press(page, "Send the answer")
    expect(page.get_by_role("heading", level=1)).to_have_text("Thank you")
    look(page, "feedback-thanks", watch=watch)
    page.goto("/collect/receipt")
    press(page, "Leave")
    look(page, "left-after-all", watch=watch)


def test_all_of_it_works_without_scripts(
    up: Up, visit: Visit, exhibit: str, tmp_path: Path
) -> None:
    recipient = Recipient("DC Plain Example", "plain@barchester.police.example")
    sealed_release(up, exhibit, recipient)
    page, watch = visit(java_script_enabled=False)
    enter(page, recipient)
    accept_terms(page)
    package = download(page, tmp_path)
    page.goto("/collect")
    expect(page.get_by_label("The file that you downloaded")).to_be_hidden()
    page.get_by_text("Work out the SHA-256 yourself").click()
    digest = hashlib.sha256(package.read_bytes()).hexdigest()
    page.get_by_label("SHA-256 of the file", exact=True).fill(digest)
    press(page, "Check")
    expect(page.get_by_role("heading", level=1)).to_contain_text("The package arrived whole")
    assert watch.complaints == []
