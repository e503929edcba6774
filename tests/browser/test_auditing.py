"""What an auditor, a governance officer and others see: the record, the register, and refusals."""

import re
from pathlib import Path
from uuid import UUID

import pytest
from playwright.sync_api import Page, expect

from tests.browser.looking import look
from tests.browser.people import Recipient, Visit, clip_in, press, ready_exhibit, sealed_release
from tests.browser.staff import drop, sign_in
from tests.durability.ups import Up

RECIPIENT = Recipient("DC Sam Example", "sam@barchester.police.example")


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return clip_in(tmp_path_factory.mktemp("clip"))


@pytest.fixture(scope="module")
def exhibit(up: Up, clip: Path) -> str:
    return ready_exhibit(up, clip, "AU")


@pytest.fixture(scope="module")
def release(up: Up, exhibit: str) -> UUID:
    return sealed_release(up, exhibit, RECIPIENT)


def asks_whether_known(page: Page, path: Path) -> str:
    """Drop a file, and return what the page says about it."""
    page.goto("/console/custody/known")
    with page.expect_navigation():
        drop(page, path)
    return page.locator(".custos-result").inner_text()


@pytest.mark.usefixtures("release")
def test_an_auditor_follows_an_exhibit_into_the_log(visit: Visit, exhibit: str) -> None:
    page, watch = visit()
    sign_in(page, "Amir Auditor")
    look(page, "home-auditor", watch=watch)
    page.goto("/console/custody")
    look(page, "custody", watch=watch)
    page.get_by_label("Exhibit or release").fill(exhibit)
    press(page, "Search")
    rows = page.get_by_role("row")
    expect(rows.filter(has_text=exhibit)).not_to_have_count(0)
    expect(rows.filter(has_text="-R1")).to_have_count(0)
    look(page, "custody-found", watch=watch)
    rows.get_by_role("link", name=exhibit).first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(f"Custody history of {exhibit}")
    look(page, "history", watch=watch)
    page.get_by_role("link", name=re.compile("Entry .* and its proof")).first.click()
    expect(page.get_by_role("heading", name="Inclusion proof")).to_be_visible()
    look(page, "event", watch=watch)
    page.goto("/console/whole")
    expect(page.get_by_role("heading", level=1)).to_have_text("Is it whole?")
    look(page, "whole", watch=watch)
    page.goto("/console/custody?since=yesterday")
    expect(page.get_by_role("alert")).to_be_visible()
    look(page, "custody-error", watch=watch)


def test_a_file_is_known_by_its_digest_and_never_leaves_the_computer(
    visit: Visit, exhibit: str, clip: Path, tmp_path: Path
) -> None:
    page, watch = visit()
    sign_in(page, "Amir Auditor")
    sent: list[int] = []
    page.on("request", lambda request: sent.append(len(request.post_data_buffer or b"")))
    assert "Yes: it is known here" in asks_whether_known(page, clip)
    expect(page.locator(".custos-result").get_by_role("link", name=exhibit).first).to_be_visible()
    look(page, "known", watch=watch)
    changed = tmp_path / clip.name
    changed.write_bytes(clip.read_bytes()[:-1] + b"\0")
    assert "No: it is not known here" in asks_whether_known(page, changed)
    look(page, "not-known", watch=watch)
    assert sum(sent) == 0


@pytest.mark.usefixtures("release")
def test_governance_reads_the_register_and_places_a_hold(visit: Visit, exhibit: str) -> None:
    page, watch = visit()
    sign_in(page, "Grace Governance")
    look(page, "home-governance", watch=watch)
    page.goto("/console/register")
    expect(page.get_by_role("row").filter(has_text=RECIPIENT.name)).to_be_visible()
    look(page, "register", watch=watch)
    page.goto("/console/statistics")
    look(page, "statistics", watch=watch)
    page.goto("/console/exhibits")
    look(page, "exhibits", watch=watch)
    page.goto("/console/masters")
    look(page, "masters", watch=watch)
    page.goto("/console/reviews")
    look(page, "reviews", watch=watch)
    for what in ("class", "review", "disposal"):
        page.goto(f"/console/exhibits/{exhibit.replace('/', '-')}/{what}")
        with page.expect_navigation():
            page.locator("main form").get_by_role("button").first.click()
        expect(page.get_by_role("alert")).to_contain_text("There is a problem")
        look(page, f"exhibit-{what}-error", watch=watch)
    page.goto(f"/console/exhibits/{exhibit.replace('/', '-')}/hold")
    with page.expect_navigation():
        page.locator("main").get_by_role("button").first.click()
    expect(page.get_by_role("alert")).to_contain_text("There is a problem")
    look(page, "hold-error", watch=watch)
    page.locator("textarea, input[name=reason]").first.fill("A court asked for it")
    with page.expect_navigation():
        page.locator("main").get_by_role("button").first.click()
    look(page, "exhibit-held", watch=watch)


def test_what_a_form_refuses_is_said_at_its_place(
    visit: Visit, release: UUID, exhibit: str
) -> None:
    page, watch = visit()
    sign_in(page, "Rhys Releaser")
    page.goto(f"/console/releases/{release}")
    for what in ("revocation", "handoff"):
        page.goto(f"{page.url.partition('?')[0].rstrip('/')}/{what}")
        look(page, what, watch=watch)
        with page.expect_navigation():
            page.locator("main form").get_by_role("button").first.click()
        expect(page.get_by_role("alert")).to_contain_text("There is a problem")
        look(page, f"{what}-error", watch=watch)
        page.goto(f"/console/releases/{release}")
    page.goto(f"/console/releases/new?kind=insurer&exhibit={exhibit}&step=details")
    press(page, "Continue")
    expect(page.get_by_role("alert")).to_contain_text("There is a problem")
    look(page, "propose-error", watch=watch)


@pytest.mark.parametrize("who", ["Fiona Finance", "Ada Administrator"])
def test_who_may_not_look_is_told_so(visit: Visit, who: str) -> None:
    page, watch = visit()
    sign_in(page, who)
    look(page, f"home-{who.split()[1].lower()}", watch=watch)
    page.goto("/console/exhibits")
    expect(page.get_by_role("heading", level=1)).to_have_text("You cannot do this")
    look(page, "forbidden", watch=watch)
    page.goto("/console")
    with page.expect_navigation():
        page.get_by_role("link", name="Sign out").click()
    look(page, "sign-out", watch=watch)
    press(page, "Sign out")
    expect(page.get_by_role("link", name="Sign in", exact=False).first).to_be_visible()
    page.goto("/console")
    expect(page).not_to_have_url(re.compile("/console$"))
