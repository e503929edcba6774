"""Every page that a stranger can reach: complete, readable on a telephone, and from us alone."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser import looking
from tests.browser.looking import PHONE, look
from tests.browser.people import Visit, press
from tests.durability.ups import Up

PAGES = {
    "start": "/",
    "help": "/help",
    "verify": "/verify",
    "accessibility": "/accessibility",
    "privacy": "/privacy",
    "cameras": "/cameras",
    "transparency": "/transparency",
    "cameras-answer": "/cameras/check?where=high+street+town+hall&date=2026-11-20&time=14:03",
    "cameras-none-near": "/cameras/check?where=54.75,-2.5&date=2026-11-20&time=14:03",
    "cameras-which-place": "/cameras/check?where=quay+street&date=2026-11-20&time=14:03",
    "cameras-not-found": "/cameras/check?where=nowhere&date=&time=",
    "cameras-all": "/cameras/all",
    "not-found": "/nowhere",
    "mail": "/demonstration/mail",
    "link-before-the-code": "/collect/" + "x" * 43,
    "not-collecting": "/collect",
    "left": "/collect/left",
    "ask": "/requests",
    "ask-status": "/requests/status",
}


@pytest.mark.parametrize("name", PAGES)
def test_a_stranger_finds_a_page_without_a_barrier(visit: Visit, name: str) -> None:
    page, watch = visit()
    page.goto(PAGES[name])
    look(page, name, watch=watch)


def test_the_pages_of_a_request_have_no_barrier_either(visit: Visit) -> None:
    page, watch = visit()
    page.goto("/requests")
    page.get_by_label("The police").check()
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Who are you?")
    for slug in ("contact", "mailbox", "date", "powers", "declaration"):
        page.goto(f"/requests/form/{slug}")
        page.get_by_role("button", name="Save and continue").click()
        expect(page.get_by_role("alert")).to_be_visible()
        look(page, f"ask-{slug}", watch=watch)


def test_the_first_tab_leads_past_the_header(visit: Visit) -> None:
    page, _ = visit()
    page.goto("/help")
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to main content")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    assert page.url.endswith("#main-content")


def test_every_target_of_a_finger_is_large_enough(visit: Visit) -> None:
    page, _ = visit(viewport={"width": PHONE, "height": 740})
    for path in ("/", "/help", "/collect/" + "x" * 43):
        page.goto(path)
        small = page.evaluate(
            """() => [...document.querySelectorAll('button, input, select, textarea, summary')]
                .filter(one => one.type !== 'hidden' && one.checkVisibility())
                .map(one => one.getBoundingClientRect())
                .filter(box => box.width < 24 || box.height < 24).length"""
        )
        assert small == 0


BROKEN = """<!DOCTYPE html><html lang="en"><head><title>x</title></head><body><main><h1>x</h1>
<img src="/static/mark.svg"><div style="width: 900px">wide</div></main></body></html>"""


def test_a_page_with_barriers_is_found_out(
    visit: Visit, up: Up, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looking, "SCREENSHOTS", tmp_path)
    page, watch = visit(bypass_csp=True)
    page.route("**/broken", lambda route: route.fulfill(body=BROKEN, content_type="text/html"))
    page.goto("/broken")
    page.evaluate("fetch('http://127.0.0.1:9/elsewhere', {mode: 'no-cors'}).catch(() => 0)")
    with pytest.raises(AssertionError) as found:
        look(page, "broken", watch=watch)
    said = str(found.value)
    assert "image-alt" in said
    assert "px wide on a screen of 360" in said
    assert "px wide on a screen of 320" in said
    assert "asked another host: http://127.0.0.1:9/elsewhere" in said
    assert up.settings.origin in said


def test_a_stranger_asks_about_cameras_without_a_script(visit: Visit) -> None:
    page, watch = visit(java_script_enabled=False)
    page.goto("/")
    press(page, "which of our cameras may have captured it", "link")
    page.get_by_label("Where did it happen?").fill("quay strete")
    press(page, "Find cameras")
    expect(page.get_by_role("alert")).to_contain_text("Enter the day")
    page.get_by_label("On which day?").fill("2026-11-20")
    page.get_by_label("At what time?").fill("14:03")
    press(page, "Find cameras")
    page.get_by_label("Mill Lane/Quay Street, Riverside").check()
    press(page, "Continue")
    expect(page.get_by_role("heading", level=1)).to_contain_text("may have captured it")
    expect(page.get_by_role("listitem").filter(has_text="BAR-0016")).to_contain_text("away")
    expect(page.get_by_role("img")).to_be_visible()
    press(page, "see all of our public cameras", "link")
    expect(page.get_by_role("row").filter(has_text="BAR-0017")).to_be_visible()
    expect(page.get_by_text("BAR-0024")).to_have_count(0)
    assert not watch.complaints
