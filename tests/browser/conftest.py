"""A demonstration that runs, and Chromium in front of it."""

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from api.demonstration.standins import read_ports
from tests.browser.chromium import Chromium, find
from tests.browser.looking import Watch
from tests.browser.people import PATIENCE_MS, Visit
from tests.durability.ups import Up
from tests.engines import folder_for_engines

expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="session")
def up() -> Iterator[Up]:
    """Return `custos up` on a folder of its own, as somebody who tries it starts it."""
    folder = folder_for_engines()
    started = Up(folder / "data")
    try:
        started.start()
        yield started
    finally:
        started.close()
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def chromium() -> Chromium:
    """Return the program; without one every test here fails, and says what to do."""
    return find()


@pytest.fixture(scope="module")
def browser(chromium: Chromium) -> Iterator[Browser]:
    """Return a running Chromium; it ends with the file, for it keeps this thread's event loop."""
    arguments = [
        "--no-sandbox",  # root has none, and our own pages need none
        "--disable-dev-shm-usage",  # containers give it 64 MB
    ]
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=chromium.program,
            args=arguments,
            env={**os.environ, **chromium.environment},
        )
        yield started
        started.close()


@pytest.fixture
def visit(browser: Browser, up: Up) -> Iterator[Visit]:
    """Return what opens a page for one more person: cookies of their own, and who watches."""
    ports = read_ports(up.data)
    providers = frozenset(f"http://127.0.0.1:{port}" for port in (ports.sign_in, ports.payments))
    with ExitStack() as stack:

        def opened(**options: Any) -> tuple[Page, Watch]:  # noqa: ANN401 - what Playwright takes
            origin = options.setdefault("base_url", up.settings.origin)
            context = stack.enter_context(browser.new_context(locale="en-GB", **options))
            watch = Watch(origin, providers)
            watch.over(context)
            return context.new_page(), watch

        yield opened
