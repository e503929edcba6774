"""The map of cameras in a real browser: asked by a click and by keys, with streets and without."""

import re
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Locator, Page, Route, expect

from api.bounds.guard import policy
from tests.browser.looking import SCREENSHOTS, picture
from tests.browser.people import Visit, press
from tests.evidence.requests.documents.papers_filled import PNG

ASKED = "/cameras/check?where=high+street+town+hall&date=2026-11-20&time=14:03"
TILES = "https://tiles.example"


def map_of(page: Page) -> Locator:
    return page.get_by_role("region", name=re.compile("^Map of"))


def asked_about(page: Page) -> tuple[float, float]:
    """Return the point that the page answers."""
    where = parse_qs(urlsplit(page.url).query)["where"][0]
    north, east = map(float, where.split(", "))
    return north, east


def test_a_click_on_the_map_asks_about_that_point(visit: Visit) -> None:
    page, watch = visit()
    page.goto(ASKED)
    shown = map_of(page)
    expect(shown).to_be_visible()
    expect(page.locator("figure > svg")).to_be_hidden()
    expect(shown.locator(".leaflet-control-scale-line")).to_have_text(re.compile("^[0-9]+ m$"))
    numbers = shown.locator(".custos-map__camera").all_inner_texts()
    assert numbers == [str(one) for one in range(1, len(numbers) + 1)]
    assert len(numbers) == page.locator("ol.govuk-list--number > li").count() > 0
    box = shown.bounding_box()
    assert box is not None
    shown.click(position={"x": box["width"] / 2, "y": 60})
    expect(page.get_by_role("definition").first).to_contain_text("54.7")
    above, east = asked_about(page)
    page.go_back()
    map_of(page).click(position={"x": box["width"] / 2, "y": box["height"] - 60})
    expect(page.get_by_role("definition").first).to_contain_text("54.7")
    below, same = asked_about(page)
    assert above > below, "north is up"
    assert abs(east - same) < 1e-5
    assert "date=2026-11-20&time=14%3A03" in page.url
    assert not watch.complaints


def test_keys_move_the_map_and_ask_about_its_middle(visit: Visit) -> None:
    page, watch = visit(reduced_motion="reduce")
    page.goto("/cameras/all")
    map_of(page).focus()
    for key in ("+", "ArrowUp"):
        page.keyboard.press(key)
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate(
            "document.activeElement.textContent.trim().startsWith('Ask about the middle')"
        ):
            break
    page.keyboard.press("Enter")
    where = page.get_by_label("Where did it happen?")
    expect(where).to_have_value(re.compile(r"^54\.7\d{5}, -2\.4\d{5}$"))
    page.get_by_label("On which day?").fill("2026-11-20")
    page.get_by_label("At what time?").fill("14:03")
    press(page, "Find cameras")
    expect(page.get_by_role("definition").first).to_contain_text("54.7")
    assert not watch.complaints


def test_streets_lie_below_it_where_a_council_has_tiles(visit: Visit) -> None:
    page, watch = visit()

    def with_tiles(route: Route) -> None:
        # As the service answers with a tile address, which this demonstration has not.
        answer = route.fetch()
        tiles = f'data-tiles="{TILES}/{{z}}/{{x}}/{{y}}.png" data-attribution="&lt;b&gt; Streets"'
        body = answer.text().replace("data-map", f'data-map {tiles} data-most-zoom="19"', 1)
        rules = {"content-security-policy": policy(tiles=TILES).decode()}
        route.fulfill(response=answer, body=body, headers=answer.headers | rules)

    asked: list[str] = []

    def tile(route: Route) -> None:
        asked.append(route.request.headers.get("referer", ""))
        route.fulfill(body=PNG, content_type="image/png")

    page.route("**/cameras/check?*", with_tiles)
    page.route(f"{TILES}/**", tile)
    page.goto(ASKED)
    expect(page.locator("img.leaflet-tile-loaded").first).to_be_visible()
    expect(page.locator(".leaflet-control-attribution")).to_have_text("<b> Streets")
    assert set(asked) == {""}, "whoever serves tiles is not told what was asked"
    assert all(f"asked another host: {TILES}/" in one for one in watch.complaints)
    picture(page, SCREENSHOTS / "cameras-streets.png")
