"""README.html as whoever receives a package opens it: unpacked, offline, from a folder."""

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, Request, expect

from export.media.sample import make_sample
from export.package.format import layout
from tests.browser.looking import Watch, look
from tests.export.package.paper import NOW, Wishes, make_signatory, seal


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Unpack a package with a film and a picture; its folder has a name that needs encoding."""
    place = tmp_path_factory.mktemp("evidence 100% of #7")
    clip = place / "clip.mp4"
    make_sample(clip, seconds=2, first_at=NOW)
    paper = seal(make_signatory(), Wishes(copy=clip.read_bytes()))
    with zipfile.ZipFile(io.BytesIO(paper.zip)) as archive:
        archive.extractall(place)
    sheet = place / paper.package / layout.contact_sheet_path("JS-1")
    Image.new("RGB", (1340, 620), "#345").save(sheet)
    return place / paper.package


@pytest.fixture
def asked() -> list[str]:
    """Return what the page asked for."""
    return []


@pytest.fixture
def watch() -> Watch:
    return Watch(origin="nobody at all")


@pytest.fixture
def page(browser: Browser, folder: Path, watch: Watch, asked: list[str]) -> Iterator[Page]:
    context = browser.new_context(locale="en-GB", offline=True)
    watch.over(context)

    def take_down(request: Request) -> None:
        asked.append(request.url)

    context.on("request", take_down)
    page = context.new_page()
    page.goto((folder / layout.README).as_uri())
    yield page
    context.close()


def test_it_reads_on_a_desktop_and_on_a_telephone_without_a_barrier(
    page: Page, folder: Path, watch: Watch, asked: list[str]
) -> None:
    expect(page.get_by_role("heading", level=1)).to_contain_text(folder.name)
    expect(page.get_by_text("investigation of a theft")).to_be_visible()
    look(page, "package-face", watch=watch)
    assert len(asked) >= 2
    assert not [url for url in asked if not url.startswith(folder.as_uri())]


def test_the_picture_is_shown_and_nothing_is_loaded_of_the_film_before_it_is_played(
    page: Page, asked: list[str]
) -> None:
    shown = page.evaluate("[...document.images].map(one => one.naturalWidth)")
    assert shown == [1340]
    assert not [url for url in asked if url.endswith(".mp4")]


def test_the_film_plays_where_the_browser_knows_its_codec(page: Page) -> None:
    knows = page.evaluate(
        """document.createElement('video').canPlayType('video/mp4; codecs="avc1.640028"') !== ''"""
    )
    played = page.evaluate(
        """async () => {
            const film = document.querySelector('video');
            film.muted = true;
            const moved = new Promise(done => film.addEventListener('ended', () => done(true)));
            const refused = film.play().then(() => moved, () => false);
            return [await refused, film.videoWidth];
        }"""
    )
    assert played == ([True, 640] if knows else [False, 0])
    expect(page.get_by_role("link", name="open the file JS-1-CP1.mp4")).to_be_visible()


def test_every_link_of_it_leads_to_a_file_of_the_package(page: Page) -> None:
    links = page.evaluate(
        "[...document.links].map(one => one.href).filter(one => !one.includes('README.html#'))"
    )
    assert len(links) > 15
    parts = [urlsplit(link) for link in links]
    assert {part.scheme for part in parts} == {"file"}
    assert not [part.path for part in parts if not Path(unquote(part.path)).is_file()]


def test_it_prints_the_pictures_and_leaves_out_what_paper_cannot_play(page: Page) -> None:
    page.emulate_media(media="print")
    expect(page.locator("video")).to_be_hidden()
    expect(page.locator("nav")).to_be_hidden()
    expect(page.get_by_role("img")).to_be_visible()
    expect(page.get_by_role("heading", name="What happened")).to_be_visible()
    printed = page.pdf(format="A4")
    assert printed.startswith(b"%PDF-")
    assert 2 <= printed.count(b"/Type /Page\n") <= 6
