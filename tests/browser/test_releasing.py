"""The main job, in a browser, by three people: taken in, released, collected, and verified."""

import re
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.looking import Watch, look
from tests.browser.people import (
    PATIENCE_MS,
    Recipient,
    Visit,
    accept_terms,
    clip_in,
    confirm,
    download,
    enter,
    press,
    verdict,
)
from tests.browser.staff import arrived, describe, drop, propose, sign_in, wait_for

RECIPIENT = Recipient("DC Robin Example", "robin@barchester.police.example")


def takes_in(olive: Page, watch: Watch, clip: Path) -> None:
    """Take in a clip, watch it, and look at every page on the way."""
    look(olive, "home-empty", watch=watch)
    press(olive, "Take in a clip")
    look(olive, "intake-files", watch=watch)
    drop(olive, clip)
    arrived(olive, clip)
    look(olive, "intake-files-arrived", watch=watch)
    press(olive, "Continue")
    look(olive, "intake-details", watch=watch)
    describe(olive, initials="JS", title="High Street at Market Square")
    look(olive, "intake-check", watch=watch)
    press(olive, "Make the exhibit")
    expect(olive.get_by_role("heading", level=1)).to_contain_text("JS/1")
    look(olive, "exhibit-received", watch=watch)
    wait_for(olive, "Ready")
    look(olive, "exhibit-ready", watch=watch)


def watches(olive: Page, watch: Watch) -> None:
    """Watch the working copy."""
    press(olive, "Watch")
    video = olive.locator("video")
    shown = video.evaluate(
        """video => new Promise(seen => {
            video.ontimeupdate = () => video.currentTime > 0.2 && seen(video.videoWidth);
            video.muted = true;
            video.play();
        })"""
    )
    assert shown == 640
    video.evaluate("video => video.pause()")
    look(olive, "watch", watch=watch)
    olive.go_back()


def proposes(olive: Page, watch: Watch) -> str:
    """Propose a release, and return its name."""
    press(olive, "Propose a release")
    look(olive, "propose-exhibits", watch=watch)
    olive.get_by_label("Police").check()
    press(olive, "Continue")
    look(olive, "propose", watch=watch)
    propose(olive, RECIPIENT)
    look(olive, "propose-check", watch=watch)
    press(olive, "Propose this release")
    name = re.search(r"BAR-[A-Z0-9-]+-R1", olive.get_by_role("heading", level=1).inner_text())
    assert name
    look(olive, "release-proposed", watch=watch)
    return name[0]


def approves(rhys: Page, watch: Watch, name: str) -> None:
    """Approve a release that somebody else proposed, and see it sealed."""
    look(rhys, "home-releaser", watch=watch)
    press(rhys, name, "link")
    press(rhys, "Review and decide")
    look(rhys, "decide", watch=watch)
    rhys.get_by_label("Reason").fill("Necessary and proportionate")
    press(rhys, "Approve and seal")
    # The page follows the sealing by itself.
    expect(rhys.locator("h1")).to_contain_text("Sealed", timeout=PATIENCE_MS)
    look(rhys, "release-sealed", watch=watch)


def test_a_clip_reaches_one_person_and_is_verified(visit: Visit, tmp_path: Path) -> None:
    olive, olive_watch = visit()
    sign_in(olive, "Olive Operator")
    takes_in(olive, olive_watch, clip_in(tmp_path, seconds=4))
    watches(olive, olive_watch)
    name = proposes(olive, olive_watch)

    rhys, rhys_watch = visit()
    sign_in(rhys, "Rhys Releaser")
    approves(rhys, rhys_watch, name)

    robin, robin_watch = visit()
    enter(robin, RECIPIENT)
    accept_terms(robin)
    package = download(robin, tmp_path)
    confirm(robin, package)
    assert "VERIFIED: this package is the one that Barchester Council" in verdict(robin, package)
    assert robin_watch.complaints == []

    rhys.reload()
    expect(rhys.locator("#progress")).to_contain_text("confirmed by its digest")
    look(rhys, "release-collected", watch=rhys_watch)
    rhys.goto("/console/releases")
    look(rhys, "releases", watch=rhys_watch)
