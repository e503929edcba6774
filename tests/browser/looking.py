"""What is asked of every page: it fits a telephone, axe finds nothing, and it asks only us."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, ConsoleMessage, Error, Page, Request, ViewportSize

SCREENSHOTS = Path(__file__).parents[2] / "build/screenshots"
DESKTOP, PHONE, NARROWEST = 1280, 360, 320
"""Widths in CSS pixels; the last is where content must still reflow (WCAG 2.2, 1.4.10)."""
_HEIGHTS = {DESKTOP: 900, PHONE: 740, NARROWEST: 568}
_NAMES = {DESKTOP: "desktop", PHONE: "phone"}
_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_PICTURE_TRIES = 4
_AXE = Axe()
_WITHOUT_SCRIPT = Axe("")
"""For a page that has it already: to read half a megabyte of script costs as much as the look."""


@dataclass
class Watch:
    """What the pages of one context complained about, and whom they asked."""

    origin: str
    """Our own: nobody else is asked for anything."""
    providers: frozenset[str] = frozenset()
    """Those of who signs in and who takes payments: a browser may be led there, and no page loads
    anything from them."""
    complaints: list[str] = field(default_factory=list)

    def over(self, context: BrowserContext) -> None:
        """Listen to every page of a context."""
        context.on("console", self._said)
        context.on("request", self._asked)
        context.on("weberror", lambda error: self.complaints.append(f"script: {error.error}"))

    def _said(self, message: ConsoleMessage) -> None:
        if message.type not in ("error", "warning"):
            return
        page = message.page
        if page is not None and message.location["url"] == page.url and "status of" in message.text:
            return  # the page itself is one that says what went wrong
        self.complaints.append(f"console: {message.text} ({message.location['url']})")

    def _asked(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in ("http", "https", "ws", "wss"):
            asked = f"{parts.scheme}://{parts.netloc}"
            led = asked in self.providers and request.is_navigation_request()
            if asked != self.origin and not led:
                self.complaints.append(f"asked another host: {request.url}")

    def clear(self) -> None:
        """Forget what a test caused on purpose."""
        self.complaints.clear()


def look(page: Page, name: str, *, watch: Watch | None = None) -> None:
    """Keep how a page looks on a desktop and a telephone, and find what is wrong with it."""
    wrong = []
    with _as_it_was(page):
        for width in (DESKTOP, PHONE, NARROWEST):
            page.set_viewport_size({"width": width, "height": _HEIGHTS[width]})
            wide = page.evaluate("document.documentElement.scrollWidth")
            if wide > width:
                wrong.append(f"{wide} px wide on a screen of {width}: {_too_wide(page)}")
            if width in _NAMES:
                picture(page, SCREENSHOTS / f"{name}-{_NAMES[width]}.png")
                wrong += _violations(page, _NAMES[width])
    if watch is not None:
        wrong += watch.complaints
    assert not wrong, f"{name} ({page.url}):\n" + "\n".join(wrong)


def fits(page: Page, name: str) -> None:
    """Demand that nobody scrolls a page sideways, on the screen as it is."""
    wide, screen = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert wide <= screen, f"{name} is {wide} px wide on a screen of {screen}: {_too_wide(page)}"


def glance(page: Page, name: str) -> None:
    """Find what is wrong with a page on the screen as it is; of pages like others, no picture."""
    fits(page, name)
    wrong = _violations(page, "as it is")
    assert not wrong, f"{name} ({page.url}):\n" + "\n".join(wrong)


def picture(page: Page, path: Path) -> None:
    """Keep the whole page as a picture, for people to look at.

    Chromium now and then refuses one on a machine that has not drawn the page's frame yet, and
    takes the same one a moment later; whatever else it says is the test's to hear.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    for tried in range(1, _PICTURE_TRIES + 1):
        try:
            page.screenshot(path=path, full_page=True, animations="disabled")
        except Error as error:
            if "Unable to capture screenshot" not in error.message or tried == _PICTURE_TRIES:
                raise
        else:
            return
        page.evaluate("new Promise(drawn => requestAnimationFrame(() => setTimeout(drawn, 250)))")


@contextmanager
def _as_it_was(page: Page) -> Iterator[None]:
    before: ViewportSize | None = page.viewport_size
    yield
    if before is not None:
        page.set_viewport_size(before)


def _too_wide(page: Page) -> str:
    """Return the innermost elements that stand out to the right."""
    found = page.evaluate(
        """() => [...document.querySelectorAll('body *')]
            .filter(one => one.getBoundingClientRect().right > innerWidth + 1
                && !one.closest('.custos-scroll')
                && ![...one.children].some(
                    inner => inner.getBoundingClientRect().right > innerWidth + 1))
            .slice(0, 5).map(one => one.outerHTML.slice(0, 160))"""
    )
    return " | ".join(found)


def _violations(page: Page, screen: str) -> list[str]:
    there = page.evaluate("typeof axe !== 'undefined'")
    axe = _WITHOUT_SCRIPT if there else _AXE
    found = axe.run(page, options={"runOnly": _TAGS, "resultTypes": ["violations"]})
    return [
        f"axe, {screen}: {one['id']}: {one['help']}: "
        + " | ".join(node["html"][:160] for node in one["nodes"][:3])
        for one in found.response["violations"]
    ]
