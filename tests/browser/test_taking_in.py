"""Uploads in a real browser: paused, cut, and gone on with, and never a byte twice or too few."""

import hashlib
import re
import threading
from pathlib import Path

from playwright.sync_api import Page, expect
from sqlmodel import col, select

from export.intake.tables import ResumableUploadRow
from tests.browser.looking import look
from tests.browser.people import Visit
from tests.browser.proxy import Cut, Proxy
from tests.browser.staff import arrived, drop, sign_in
from tests.durability.ups import Up
from tests.polling import PATIENCE_S, poll

RESUMABLE = b"PATCH /api/v1/resumable/"


METHOD = re.compile(r"(POST|PATCH|HEAD|GET|DELETE) /api/v1/resumable")
"""Of a request; what was left of a body may stand before it."""


def recording(folder: Path, name: str) -> Path:
    """Return a file of three megabytes; that it plays does not matter on its way."""
    path = folder / name
    path.write_bytes(hashlib.shake_256(name.encode()).digest(3_000_000))
    return path


def received(up: Up, clip: Path) -> int:
    """Return how much of a file the service has acknowledged to itself."""
    with up.services.transaction() as session:
        found = select(ResumableUploadRow).where(col(ResumableUploadRow.name) == clip.name)
        row = session.exec(found).first()
        return row.received if row else 0


def opened(visit: Visit, proxy: Proxy) -> Page:
    """Return the page that takes clips in, reached through a connection that can be lost."""
    page, _ = visit(base_url=proxy.origin)
    sign_in(page, "Olive Operator", then="/console/exhibits/new")
    page.goto(f"{proxy.origin}/console/exhibits/new")
    return page


def whole(page: Page, clip: Path) -> None:
    """Wait until a file has arrived, and check that every byte of it did."""
    arrived(page, clip)
    digest = hashlib.sha256(clip.read_bytes()).hexdigest()
    expect(page.locator("#arrived")).to_contain_text(digest)


def test_an_upload_goes_on_by_itself_after_the_connection_was_lost(
    up: Up, visit: Visit, tmp_path: Path
) -> None:
    clip = recording(tmp_path, "lost-line.mp4")
    with Proxy.to(up.settings.port) as proxy:
        page = opened(visit, proxy)
        kept = threading.Event()
        proxy.cut = Cut(RESUMABLE, after=1_000_000, upwards=True, waits_for=kept)
        drop(page, clip)
        poll(lambda: received(up, clip))
        kept.set()
        whole(page, clip)
        sent = METHOD.findall("\n".join(proxy.requests))
        # Chromium itself may send a request again; tus then asks how much arrived, and goes on.
        assert sent[:2] == ["POST", "PATCH"]
        assert sent.count("POST") == 1
        assert "HEAD" in sent[2:]


def test_an_upload_is_paused_and_resumed(up: Up, visit: Visit, tmp_path: Path) -> None:
    clip = recording(tmp_path, "paused.mp4")
    with Proxy.to(up.settings.port) as proxy:
        page = opened(visit, proxy)
        paused = threading.Event()
        proxy.cut = Cut(RESUMABLE, after=1_000_000, upwards=True, waits_for=paused)
        drop(page, clip)
        assert proxy.cut.reached.wait(PATIENCE_S)
        page.get_by_role("button", name=f"Pause {clip.name}").click()
        resume = page.get_by_role("button", name=f"Resume {clip.name}")
        expect(resume).to_be_focused()
        paused.set()
        expect(page.locator("#uploads")).to_contain_text("Paused. What arrived is kept for a week.")
        look(page, "intake-paused")
        resume.click()
        whole(page, clip)
        sent = [line.split(" ")[0] for line in proxy.requests if "/api/v1/resumable/" in line]
        # Chromium may repeat the first piece by itself; going on always begins with a question.
        assert sent[0] == "PATCH"
        assert "HEAD" in sent


def test_an_upload_goes_on_after_the_page_was_closed(up: Up, visit: Visit, tmp_path: Path) -> None:
    clip = recording(tmp_path, "closed.mp4")
    with Proxy.to(up.settings.port) as proxy:
        page = opened(visit, proxy)
        left = threading.Event()
        proxy.cut = Cut(RESUMABLE, after=1_000_000, upwards=True, waits_for=left)
        page.get_by_label("Choose files, or drop them here").set_input_files(clip)
        assert proxy.cut.reached.wait(PATIENCE_S)
        page.once("dialog", lambda dialog: dialog.accept())
        page.goto(f"{proxy.origin}/console")
        left.set()
        page.goto(f"{proxy.origin}/console/exhibits/new")
        unfinished = page.get_by_role("listitem").filter(has_text=clip.name)
        expect(unfinished).to_contain_text("Choose the same file again to go on")
        look(page, "intake-unfinished")
        page.get_by_label("Choose files, or drop them here").set_input_files(clip)
        whole(page, clip)
        expect(unfinished).to_have_count(0)
        posts = [line for line in proxy.requests if line == "POST /api/v1/resumable"]
        assert len(posts) == 1


def test_without_scripts_a_file_goes_up_in_one_go(visit: Visit, tmp_path: Path) -> None:
    clip = recording(tmp_path, "plain.mp4")
    page, watch = visit(java_script_enabled=False)
    sign_in(page, "Olive Operator", then="/console/exhibits/new")
    page.get_by_label("Choose files", exact=True).set_input_files(clip)
    with page.expect_navigation():
        page.get_by_role("button", name="Upload").click()
    expect(page.get_by_label(clip.name, exact=True)).to_be_visible()
    assert watch.complaints == []
