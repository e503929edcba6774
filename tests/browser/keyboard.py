"""Somebody without a mouse: moves by the tabulator, and sees where they are on each step."""

from collections.abc import Mapping

from playwright.sync_api import Page, expect

from tests.browser.asking import SAVE, Asker, in_boxes

_MOST = 80
"""Steps on one page; nobody looks for a button for longer."""
_HERE = """() => {
    const one = document.activeElement, label = one.labels && one.labels[0];
    const shows = (of, part) => {
        const style = getComputedStyle(of, part);
        return (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0)
            || style.boxShadow !== 'none';
    };
    const round = ['radio', 'checkbox'].includes(one.type);
    return {
        tag: one.tagName, name: one.name || '', kind: one.type || '', value: one.value || '',
        words: one.innerText || '', checked: !!one.checked,
        seen: round ? shows(label, '::before') : shows(one, null),
    };
}"""
"""What has the focus, and whether one sees it."""


class Keys:
    """One page and its keyboard."""

    def __init__(self, page: Page) -> None:
        self._page = page

    def here(self) -> Mapping[str, str | bool]:
        """Return what has the focus; whoever comes there sees it."""
        found: Mapping[str, str | bool] = self._page.evaluate(_HERE)
        assert found["seen"] or found["tag"] == "BODY", f"nobody sees the focus on {found}"
        return found

    def step(self) -> Mapping[str, str | bool]:
        """Go on by one step."""
        self._page.keyboard.press("Tab")
        return self.here()

    def presses(self, words: str) -> None:
        """Come to a button or a link, and press it."""
        for _ in range(_MOST):
            if self.step()["words"] == words:
                break
        else:
            raise AssertionError(f"no step leads to {words!r} on {self._page.url}")
        with self._page.expect_navigation():
            self._page.keyboard.press("Enter")

    def answers(self, given: Mapping[str, str]) -> None:
        """Answer each field that is come to, and save."""
        said = in_boxes(given)
        for _ in range(_MOST):
            at = self.step()
            if at["words"] == SAVE:
                with self._page.expect_navigation():
                    self._page.keyboard.press("Enter")
                return
            if at["kind"] == "radio":
                self._chooses(said.get(str(at["name"]), ""))
            elif at["kind"] == "checkbox" and said.get(str(at["name"])) == at["value"]:
                self._page.keyboard.press("Space")
            elif words := said.get(str(at["name"]), ""):
                self._page.keyboard.insert_text(words)
        raise AssertionError(f"no step leads to {SAVE!r} on {self._page.url}")

    def _chooses(self, value: str) -> None:
        """Choose among radio buttons, of which the first has the focus."""
        for _ in range(_MOST):
            at = self.here()
            if at["value"] == value:
                self._page.keyboard.press("Space")
                assert self.here()["checked"]
                return
            self._page.keyboard.press("ArrowDown")
        raise AssertionError(f"{value!r} cannot be chosen on {self._page.url}")

    def is_told_of_errors(self) -> None:
        """Save a page without answers: what is wrong has the focus, and leads to its field."""
        self.presses(SAVE)
        expect(self._page.locator(".govuk-error-summary")).to_be_focused()
        assert self.step()["tag"] == "A"
        self._page.keyboard.press("Enter")
        assert self.here()["tag"] in ("INPUT", "TEXTAREA")


def fills_in_by_keys(asker: Asker) -> None:
    """Answer one thing a page as somebody without a mouse, until the answers are shown."""
    page, keys = asker.page, Keys(asker.page)
    while "/requests/check" not in page.url:
        asker.looks(page, page.url.rsplit("/", 1)[1])
        if "/requests/mailbox" in page.url:
            keys.presses("Send me a code")
            code = asker.newest_code()
            page.bring_to_front()
            while keys.step()["name"] != "code":
                pass
            page.keyboard.insert_text(code)
            keys.presses("Continue")
        else:
            keys.answers(asker.given)
        assert page.get_by_role("alert").all_inner_texts() == []
