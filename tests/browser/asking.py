"""What people do in front of a browser who ask for footage, and who decides about it.

A page of the form that is no plain form (the mailbox, an upload) has a line in `OWN_PAGES`, and
everything else follows from the names of its fields.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from playwright.sync_api import Locator, Page, expect

from evidence.exhibits.clocks import LONDON
from tests.browser.people import Recipient, newest_code, press
from tests.durability.ups import Up
from tests.evidence.requests.documents.papers_filled import PDF, PNG

COVERED, FOUND = "Yes, cameras may have captured it", "It was found"
SAVE = "Save and continue"
_DAY = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
Looks = Callable[[Page, str], None]
"""What is asked of each page that is come to; ``name`` is the end of its address."""


def _no_look(_page: Page, _name: str) -> None:
    """Ask nothing of a page."""


@dataclass(frozen=True)
class Asker:
    """Somebody at a form: their browser, their mailbox, and what they would answer."""

    page: Page
    who: Recipient
    given: Mapping[str, str]
    looks: Looks = field(default=_no_look)

    def begins(self, path: str) -> None:
        """Say who asks, on the page on which the form begins."""
        self.page.get_by_label(path, exact=False).first.check()
        press(self.page, "Continue")

    def fills_in(self, until: str = "/requests/check") -> None:
        """Answer one thing a page, until they come to the page on which the answers are shown."""
        page = self.page
        while until not in page.url:
            self.looks(page, page.url.rsplit("/", 1)[1])
            own = next((do for part, do in OWN_PAGES.items() if part in page.url), None)
            if own is not None:
                own(self)
                continue
            self.answers()
            press(page, SAVE)
            assert page.get_by_role("alert").all_inner_texts() == []
        self.looks(page, page.url.rsplit("/", 1)[1])

    def answers(self) -> None:
        """Answer what one page asks."""
        said = in_boxes(self.given)
        for box in boxes(self.page):
            name, kind = box.get_attribute("name") or "", box.get_attribute("type") or ""
            if kind in ("radio", "checkbox"):
                if box.get_attribute("value") == said.get(name):
                    box.check()
            else:
                box.fill(said.get(name, ""))

    def sends(self) -> str:
        """Send the request, and return its number."""
        press(self.page, "Send the request")
        return number_on(self.page)

    def newest_code(self) -> str:
        """Read the newest code in the mailbox, in another tab."""
        mail = self.page.context.new_page()
        code = newest_code(mail, self.who)
        mail.close()
        return code

    def enters_the_code(self) -> None:
        """Enter the newest code."""
        self.page.get_by_label("Code", exact=True).fill(self.newest_code())
        press(self.page, "Continue")

    def looks_after(self, urn: str) -> None:
        """Come to the page of a request, by a code to the mailbox."""
        self.page.goto("/requests/status")
        self.page.get_by_label("Reference").fill(urn)
        press(self.page, re.compile("code"))
        self.enters_the_code()


def proves(asker: Asker) -> None:
    """Prove the mailbox, before more is asked."""
    press(asker.page, "Send me a code")
    asker.enters_the_code()


def attaches(asker: Asker) -> None:
    """Add a consent as a PDF, and a picture of whatever else is asked for."""
    consent = "/consent" in asker.page.url
    name, kind, data = (
        ("consent.pdf", "application/pdf", PDF) if consent else ("photo.png", "image/png", PNG)
    )
    box = asker.page.get_by_label("Choose a file")
    box.set_input_files({"name": name, "mimeType": kind, "buffer": data})
    press(asker.page, SAVE)
    assert asker.page.get_by_role("alert").all_inner_texts() == []


OWN_PAGES: Mapping[str, Callable[[Asker], None]] = {
    "/requests/mailbox": proves,
    "/requests/documents/": attaches,
}
"""What is done on pages that are no plain forms, by a part of their address."""


def boxes(page: Page) -> list[Locator]:
    """Return what can be filled in on a page."""
    every = page.locator("main").locator("input[name], textarea[name]").all()
    return [box for box in every if box.get_attribute("type") != "hidden"]


def in_boxes(given: Mapping[str, str]) -> dict[str, str]:
    """Return answers by the boxes that they are typed into: a day has three."""
    said: dict[str, str] = {}
    for name, words in given.items():
        if day := _DAY.fullmatch(words):
            parts = zip(("year", "month", "day"), day.groups(), strict=True)
            said |= {f"{name}-{part}": number for part, number in parts}
        else:
            said[name] = words.replace("\r\n", "\n")
    return said


def number_on(page: Page) -> str:
    """Return the number of the request that a page is about."""
    found = re.search(r"BAR-[A-Z0-9-]+", page.locator("main").inner_text())
    assert found
    return found[0]


def two_days_ago(up: Up) -> str:
    """Return a day whose footage is still there."""
    return (up.services.clock().astimezone(LONDON) - timedelta(days=2)).date().isoformat()


def decides(
    page: Page, urn: str, words: str, button: str, *, choice: str = "", exhibit: str = ""
) -> None:
    """Decide something about a request that takes a reason."""
    page.goto(f"/console/requests/{urn}")
    press(page, words)
    if choice:
        page.get_by_label(choice, exact=True).check()
    if page.locator("[name=exhibits]").count():
        page.locator("[name=exhibits]").fill(exhibit)
    page.locator("[name=reason]").fill("as it should be")
    press(page, button)
    expect(page.get_by_role("alert")).to_be_visible()


def begins_review(page: Page, urn: str) -> None:
    """Begin the review of a request."""
    page.goto(f"/console/requests/{urn}")
    press(page, "Begin the review")
    press(page, "Begin the review")


def finds(olive: Page, rhys: Page, urn: str, exhibit: str) -> None:
    """Have footage found for a request that nobody pays for, and approved in principle."""
    decides(olive, urn, "Say whether cameras cover it", "Save the answer", choice=COVERED)
    begins_review(olive, urn)
    found = "Say what the review found"
    decides(olive, urn, found, "Save what was found", choice=FOUND, exhibit=exhibit)
    decides(rhys, urn, "Approve in principle", "Approve in principle")


def accepts(grace: Page, urn: str, name: str, button: str, looks: Looks = _no_look) -> None:
    """Look at a document of a request by the button there is for it, and accept it."""
    grace.goto(f"/console/requests/{urn}")
    press(grace, re.compile(name), "link")
    looks(grace, f"request-document-{name[:3].lower()}")
    grace.get_by_role("button", name=button).click()
    grace.get_by_label("Accept it", exact=True).check()
    grace.get_by_label("What does it show").fill("It shows Ali Holder")
    press(grace, "Save")
    expect(grace.get_by_role("alert")).to_be_visible()
