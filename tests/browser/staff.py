"""What members of staff do in front of a browser."""

import base64
import re
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.people import PATIENCE_MS, Recipient, press


def sign_in(page: Page, who: str, *, then: str = "/console") -> None:
    """Sign in through the demonstration's identity provider; no password is typed anywhere."""
    page.goto("/")
    press(page, f"Sign in as {who}", "link")
    expect(page).to_have_url(re.compile("/console$"))
    page.goto(then)


def drop(page: Page, path: Path) -> None:
    """Drag a file onto the page, as from a folder."""
    transfer = page.evaluate_handle(
        """([name, content]) => {
            const transfer = new DataTransfer();
            const bytes = Uint8Array.from(atob(content), one => one.charCodeAt(0));
            transfer.items.add(new File([bytes], name));
            return transfer;
        }""",
        [path.name, base64.b64encode(path.read_bytes()).decode()],
    )
    for kind in ("dragenter", "dragover", "drop"):
        page.dispatch_event("#drop", kind, {"dataTransfer": transfer})


def arrived(page: Page, clip: Path) -> None:
    """Wait until a file has arrived and is selected."""
    expect(page.get_by_label(clip.name, exact=True)).to_be_checked(timeout=PATIENCE_MS)


def describe(page: Page, *, initials: str, title: str) -> None:
    """Say what the clip is."""
    page.get_by_label("Exhibit reference").fill(initials)
    page.get_by_label("Camera").fill("BAR-0017")
    page.get_by_label("Title (optional)").fill(title)
    start = page.get_by_role("group", name="Displayed start")
    for label, value in (("Day", "20"), ("Month", "11"), ("Year", "2026"), ("Time", "14:03:00")):
        start.get_by_label(label).fill(value)
    page.get_by_role("group", name="Displayed end").get_by_label("Time").fill("14:03:08")
    page.get_by_label("Fast", exact=True).check()
    offset = page.get_by_role("group", name="If it was fast or slow, by how much")
    offset.get_by_label("Minutes").fill("1")
    offset.get_by_label("Seconds").fill("13")
    page.get_by_label("Compared with").fill("speaking clock")
    go_on(page)


def go_on(page: Page) -> None:
    """Go on to the answers; what the form refuses, the failure says."""
    press(page, "Continue")
    assert page.get_by_role("alert").all_inner_texts() == []
    expect(page.get_by_role("heading", level=1)).to_have_text("Check your answers")


def wait_for(page: Page, state: str) -> None:
    """Load the page until it shows a state."""
    tag = page.locator(".govuk-tag", has_text=state).first
    for _ in range(60):
        if tag.is_visible():
            return
        page.wait_for_timeout(400)
        page.reload()
    expect(tag).to_be_visible()


def propose(page: Page, recipient: Recipient) -> None:
    """Fill in for whom, why, what and how, and go on to the answers."""
    page.get_by_label("Full name of the one person").fill(recipient.name)
    page.get_by_label("Organisation", exact=True).fill(recipient.organisation)
    page.get_by_label("Their e-mail address at that organisation").fill(recipient.address)
    page.get_by_label("Why they need the footage").fill("Investigation of a collision")
    page.get_by_role("radio", name="crime", exact=False).first.check()
    go_on(page)
