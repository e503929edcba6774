"""Names that strangers gave hide nothing and turn nothing: pages show what is in them."""

from collections.abc import Callable

import pytest
from markupsafe import Markup

from api.web.pages import environment
from evidence.exhibits.tables import ExhibitRow
from evidence.people.access import Role
from export.package.documents.escapes import escape
from tests.api.web.visiting import Visitor
from tests.houses import House

EVIL = "clip\u202egpj\u2066.exe\x1b[2J\u200b\U000e0041<b>"
SAID = r"clip\u202egpj\u2066.exe\x1b[2J\u200b\U000e0041&lt;b&gt;"
HIDDEN = "\u202e\u2066\x1b\u200b\U000e0041"


@pytest.mark.parametrize(
    "template",
    [
        "{{ evil }}",
        "{{ evil | upper | lower }}",
        "{{ 'a ' ~ evil }}",
        "{% macro told(name) %}<p>{{ name }}</p>{% endmacro %}{{ told(evil) }}",
        "{% set shown %}{{ evil }}{% endset %}{{ shown }}",
        "{% for one in [evil] %}{{ one | e }}{% endfor %}",
        "<input value='{{ evil }}'>",
    ],
)
def test_no_way_through_a_template_leaves_a_hidden_mark(template: str) -> None:
    html = environment().from_string(template).render(evil=EVIL)
    assert not set(html) & set(HIDDEN)
    assert "\\u202e" in html
    assert "<b>" not in html


def test_markup_of_ours_stays_markup_and_other_values_what_they_are() -> None:
    shown = (
        environment()
        .from_string("{{ a }}{{ b }}{{ c }}{{ d }}")
        .render(a=Markup("<i>a\u202eb</i>"), b=7, c=None, d="line\nline\u00a0end")
    )
    assert shown == "<i>a\\u202eb</i>7Noneline\nline\u00a0end"


def test_the_page_of_a_package_shows_them_too() -> None:
    assert escape(EVIL) == SAID


@pytest.fixture(scope="module")
def exhibit(house: House) -> ExhibitRow:
    row = house.exhibit(name=EVIL)
    house.looked_at(row.id)
    return row


@pytest.mark.parametrize("rest", ["", "/history"])
def test_the_pages_of_an_exhibit_show_what_its_file_was_called(
    browser: Callable[..., Visitor], exhibit: ExhibitRow, rest: str
) -> None:
    name = exhibit.reference.replace("/", "-")
    answer = browser(Role.OPERATOR).get(f"/console/exhibits/{name}{rest}")
    assert not set(answer.text) & set(HIDDEN)
    if not rest:
        assert SAID in answer.text
