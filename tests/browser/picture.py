"""Makes the picture of the console in the README, of a demonstration that was just started.

`make demo` in one window, and in another `python -m tests.browser.picture http://127.0.0.1:8000`.
"""

import io
import os
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.chromium import find
from tests.browser.people import Recipient, enter
from tests.browser.staff import sign_in

CONSOLE = Path(__file__).parents[2] / "docs/images/console.png"
RECIPIENT = Recipient("DC Alex Example", "alex.example@barchester.police.example")
"""Whom the demonstration itself releases something to."""
DESK, PHONE, HEIGHT, EDGE = 825, 300, 938, 20
"""Of the picture; pages are larger, and are drawn down."""
_LARGER = 4 / 3
_GROUND = "#dfe5e5"
_COLOURS = 256


def make(origin: str) -> None:
    """Put the queue of requests, and what a recipient sees on a phone, beside one another."""
    chromium = find()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium.program,
            args=["--no-sandbox", "--disable-dev-shm-usage"],
            env={**os.environ, **chromium.environment},
        )
        desk = _open(browser, origin, DESK)
        sign_in(desk, "Amir Auditor", then="/console/requests?show=open")
        phone = _open(browser, origin, PHONE)
        enter(phone, RECIPIENT)
        shown: list[Image.Image] = [
            Image.open(io.BytesIO(page.screenshot())) for page in (desk, phone)
        ]
        browser.close()
    shown = [
        image.resize((width, HEIGHT), Image.Resampling.LANCZOS)
        for image, width in zip(shown, (DESK, PHONE), strict=True)
    ]
    whole = Image.new("RGB", (DESK + PHONE + 3 * EDGE, HEIGHT + 2 * EDGE), _GROUND)
    for image, left in zip(shown, (EDGE, DESK + 2 * EDGE), strict=True):
        whole.paste(image, (left, EDGE))
    whole.quantize(_COLOURS).save(CONSOLE, optimize=True)


def _open(browser: Browser, origin: str, width: int) -> Page:
    size = {"width": round(width * _LARGER), "height": round(HEIGHT * _LARGER)}
    return browser.new_page(base_url=origin, viewport=size, device_scale_factor=2)  # type: ignore[arg-type] # a TypedDict


if __name__ == "__main__":
    make(sys.argv[1])
