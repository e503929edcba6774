"""What people do in front of a browser, and what they had before they came."""

import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal
from uuid import UUID

from playwright.sync_api import Page, expect

from api.acts import act
from evidence.people.access import Role
from export.media.sample import make_sample
from export.release.proposals import Delivery, NewRelease, ReleaseKind
from tests.browser.looking import Watch
from tests.durability.acts import is_done, subject, take_in
from tests.durability.ups import Up
from tests.polling import PATIENCE_S, poll

Visit = Callable[..., tuple[Page, Watch]]
"""Opens a page for one more person."""
PATIENCE_MS = 1000 * PATIENCE_S
READY, CODE = re.compile("is ready"), re.compile("your code")


@dataclass(frozen=True, slots=True)
class Recipient:
    """Somebody whom footage is released to; each test has one of its own."""

    name: str
    address: str
    organisation: str = "Barchester Constabulary (fictional)"


def clip_in(folder: Path, *, seconds: int = 1, name: str = "high-street.mp4") -> Path:
    """Make a clip as a recorder exports it."""
    path = folder / name
    make_sample(path, seconds=seconds, first_at=datetime(2026, 11, 20, tzinfo=UTC))
    return path


def ready_exhibit(up: Up, clip: Path, initials: str) -> str:
    """Take in a clip, wait until it can be released, and return its reference."""
    exhibit = take_in(up.services, clip, reference=initials)
    poll(lambda: is_done(up.services, exhibit), pause=0.2)
    with up.services.transaction() as session:
        return up.services.exhibits.find(session, str(exhibit)).reference


def sealed_release(up: Up, exhibit: str, recipient: Recipient) -> UUID:
    """Release an exhibit by link, as two members of staff; wait until it is sealed."""
    services = up.services
    operator, releaser = (subject(services, role) for role in (Role.OPERATOR, Role.RELEASER))
    new = NewRelease(
        exhibits=(exhibit,),
        kind=ReleaseKind.POLICE,
        recipient_name=recipient.name,
        recipient_email=recipient.address,
        organisation=recipient.organisation,
        purpose="investigation of a collision",
        basis="DPA 2018 Sch 2 para 2",
        delivery=Delivery.LINK,
    )
    release = act(
        services,
        operator,
        lambda session: (
            services.proposals.propose(session, new, by=operator, at=services.clock()).id
        ),
    )
    act(
        services,
        releaser,
        lambda session: services.decisions.approve(
            session, str(release), by=releaser, at=services.clock(), reason="necessary"
        ),
    )
    act(
        services,
        releaser,
        lambda session: services.decisions.start_sealing(session, str(release), by=releaser),
    )
    poll(lambda: is_done(services, release), pause=0.2)
    return release


def press(
    page: Page, name: str | re.Pattern[str], role: Literal["button", "link"] = "button"
) -> None:
    """Press what leads to another page, and wait for that page."""
    with page.expect_navigation():
        page.get_by_role(role, name=name, exact=True).click()


def open_mail(page: Page, recipient: Recipient, about: re.Pattern[str]) -> str:
    """Open the newest mail to somebody about something, and return what it says."""

    def arrived() -> bool:
        page.goto("/demonstration/mail")
        return (
            page.get_by_role("row")
            .filter(has_text=recipient.address)
            .filter(has=page.get_by_role("link", name=about))
            .count()
            > 0
        )

    poll(arrived, pause=0.2)
    rows = page.get_by_role("row").filter(has_text=recipient.address)
    rows.get_by_role("link", name=about).first.click()
    return page.locator(".custos-typed").inner_text()


def link_in(letter: str) -> str:
    """Return the path of the link in a letter."""
    found = re.search(r"https?://[^/\s]+(/collect/[A-Za-z0-9_-]+)", letter)
    assert found, letter
    return found[1]


def code_in(letter: str) -> str:
    """Return the code in a letter, as it stands there."""
    found = re.search(r"\b\d{4}[ -]?\d{4}\b", letter)
    assert found, letter
    return found[0]


_ENTERED: set[str] = set()
"""Codes that somebody read: the mail with the next one may take a moment longer than its page."""


def newest_code(page: Page, recipient: Recipient) -> str:
    """Read the code that nobody has read yet, as soon as it is there."""

    def arrived() -> bool:
        return code_in(open_mail(page, recipient, CODE)) not in _ENTERED

    poll(arrived, pause=0.2)
    code = code_in(page.locator(".custos-typed").inner_text())
    _ENTERED.add(code)
    return code


def enter(page: Page, recipient: Recipient) -> None:
    """Come by the link, ask for a code, and enter it."""
    link = link_in(open_mail(page, recipient, READY))
    page.goto(link)
    press(page, "Send me a code")
    enter_code(page, recipient, link)


def enter_code(page: Page, recipient: Recipient, link: str) -> None:
    """Read the newest code, and enter it."""
    code = newest_code(page, recipient)
    page.goto(f"{link}/enter")
    page.get_by_label("Code", exact=True).fill(code)
    press(page, "Continue")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Your package")


def keeps_what_it_says(page: Page) -> None:
    """Check that the privacy page names each cookie, and that scripts see and keep nothing."""
    kept = page.context.cookies()
    assert kept
    page.goto("/privacy")
    named = page.locator("#cookies ~ dl dt").all_inner_texts()
    assert {cookie["name"] for cookie in kept} <= set(named)
    assert all(cookie["httpOnly"] and cookie["sameSite"] in ("Lax", "Strict") for cookie in kept)
    assert page.evaluate("[document.cookie, localStorage.length, sessionStorage.length]") == [
        "",
        0,
        0,
    ]
    page.go_back()


def accept_terms(page: Page) -> None:
    """Accept the terms."""
    page.get_by_label("I accept these terms").check()
    press(page, "Accept and continue")
    expect(page.get_by_role("button", name="Download", exact=True)).to_be_visible()


def download(page: Page, folder: Path) -> Path:
    """Download the package, and return where it lies."""
    with page.expect_download(timeout=PATIENCE_MS) as begun:
        page.get_by_role("button", name="Download", exact=True).click()
    path = folder / begun.value.suggested_filename
    begun.value.save_as(path)
    return path


def confirm(page: Page, package: Path) -> None:
    """Let the browser hash the package, which sends the receipt."""
    page.goto("/collect")
    page.get_by_label("The file that you downloaded").set_input_files(package)
    expect(page.get_by_role("heading", level=1)).to_contain_text(
        "The package arrived whole", timeout=PATIENCE_MS
    )


def verdict(page: Page, package: Path) -> str:
    """Run `custos verify` on a package, with the trust file that the council publishes."""
    page.goto("/verify")
    with page.expect_download() as begun:
        page.get_by_role("link", name="Download council.trust.json").click()
    trust = package.with_name("council.trust.json")
    begun.value.save_as(trust)
    said = subprocess.run(
        [
            *(sys.executable, "-c", "import sys; from api.cli import main; sys.exit(main())"),
            *("verify", str(package), "--trust", str(trust)),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode == 0, said.stdout + said.stderr
    return said.stdout
