"""What messages say: every kind, in both forms, with our addresses only."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

import api.web
from api.outbound.letters import About, compose, plain_name
from api.outbound.mailer import Letter
from api.settings.council import DEMONSTRATION_COUNCIL, parse_council
from evidence.mailbox.messages import MessageKind

ORIGIN = "https://cctv.barchester.example"
TOKEN = "A" * 43
COUNCIL = parse_council(DEMONSTRATION_COUNCIL)
PRIVATE = {
    MessageKind.LINK: {"token": TOKEN, "expires": "2026-12-05T12:00:00Z"},
    MessageKind.CODE: {"code": "12345678", "expires": "2026-11-21T12:10:00Z"},
    MessageKind.LINK_ENDED: {"why": "expired"},
    MessageKind.EXPIRING: {"expires": "2026-12-05T12:00:00Z"},
    MessageKind.REVOKED: {},
    MessageKind.SECOND_NEEDED: {"due": "2026-11-22T12:00:00Z"},
}
ABOUT = About(
    message=UUID("6c237c25-e686-43f3-94d7-461249ab6674"),
    kind=MessageKind.LINK,
    name="DC Alex Example",
    address="alex@barchester.police.example",
    reference="BAR-7K4M-2XQ9-J-R1",
    organisation="Barchester Constabulary",
)


def letter(kind: MessageKind, *, demonstration: bool = False, **about: str) -> Letter:
    return compose(
        replace(ABOUT, kind=kind, **about),  # type: ignore[arg-type]
        PRIVATE[kind],
        council=COUNCIL,
        origin=ORIGIN,
        demonstration=demonstration,
        at=datetime(2026, 11, 21, 12, 0, tzinfo=UTC),
    )


def words(text: str) -> str:
    """Return what is read of a text or a page."""
    return " ".join(re.sub(r"<[^>]*>", " ", text).split())


def test_the_table_of_this_test_has_every_kind() -> None:
    assert set(PRIVATE) == set(MessageKind)


@pytest.mark.parametrize("kind", MessageKind)
def test_both_forms_say_the_same(kind: MessageKind) -> None:
    made = letter(kind)
    page = made.html[made.html.index("<body>") :]
    said = re.sub(r"<h1>.*?</h1>", "", page)
    plain, rich = (re.sub(r"\W+", "", words(one)) for one in (made.text, said))
    assert plain == rich


@pytest.mark.parametrize("kind", MessageKind)
def test_every_message_names_the_council_the_release_and_where_to_ask(kind: MessageKind) -> None:
    made = letter(kind)
    assert made.subject.startswith("Barchester Council: ")
    for form in (made.subject, made.text, made.html):
        assert ABOUT.reference in form
    for form in (made.text, made.html):
        assert COUNCIL.email in form
        assert COUNCIL.telephone in form
    for form in (made.text, made.html):
        assert "demonstration" not in form
    assert "This is a demonstration" in letter(kind, demonstration=True).text
    assert "This is a demonstration" in letter(kind, demonstration=True).html


@pytest.mark.parametrize("kind", MessageKind)
def test_a_message_leads_nowhere_but_to_us_and_fetches_nothing(kind: MessageKind) -> None:
    made = letter(kind)
    for form in (made.text, made.html):
        for address in re.findall(r"\w+://[^\s\"<]+", form):
            assert address.startswith(f"{ORIGIN}/")
    assert not re.search(r"<(img|script|style|link|iframe|form)|style=|src=|url\(", made.html)


def test_the_link_is_ours_and_spelled_out() -> None:
    made = letter(MessageKind.LINK)
    assert f"\n{ORIGIN}/collect/{TOKEN}\n" in made.text
    assert f'<a href="{ORIGIN}/collect/{TOKEN}">{ORIGIN}/collect/{TOKEN}</a>' in made.html
    assert "5 December 2026, 12:00:00 pm GMT" in made.text
    assert TOKEN not in made.subject


def test_the_code_is_easy_to_read_and_not_in_the_subject() -> None:
    made = letter(MessageKind.CODE)
    assert "\n1234 5678\n" in made.text
    assert "1234" not in made.subject


@pytest.mark.parametrize("kind", MessageKind)
def test_a_name_cannot_become_markup_or_a_link(kind: MessageKind) -> None:
    made = letter(
        kind,
        name="<a href=//evil.example>x</a>",
        organisation="[pay](https://evil.example) www.evil.example\n# Heading",
    )
    for form in (made.text, made.html):
        assert "evil.example" not in form
        assert "//" not in form.replace(f"{ORIGIN}/", "")
        assert "<a href=/" not in form
        assert "\n#" not in form


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("DC Alex Example", "DC Alex Example"),
        ("Siân O'Brien-Ó Néill", "Siân O'Brien-Ó Néill"),
        ("J. R. Smith & Co.", "J. R. Smith & Co."),
        ("two\r\nlines\u2028more", "two lines more"),
        ("\u202egnirts\u202c", "gnirts"),
        ("www.evil.example", "www. evil. example"),
        ("eve@evil.example", "eve@ evil. example"),
        ("http://e.example", "http: / / e. example"),
        ("x" * 1000, "x" * 99 + "…"),
        ("😀", "😀"),
        ("a\u200bb\x00c", "ab c"),
        ("*[x]*", "x"),
    ],
)
def test_a_name_is_made_plain(name: str, shown: str) -> None:
    assert plain_name(name) == shown


@pytest.mark.parametrize("why", ["expired", "replaced", "withdrawn", "spent", "something new"])
def test_a_link_that_ended_says_why_and_what_to_do(why: str) -> None:
    made = compose(
        replace(ABOUT, kind=MessageKind.LINK_ENDED),
        {"why": why},
        council=COUNCIL,
        origin=ORIGIN,
        demonstration=False,
        at=datetime(2026, 11, 21, 12, 0, tzinfo=UTC),
    )
    assert "contact us" in made.text
    assert ("costs nothing" in made.text) == (why != "withdrawn")
    assert "/collect/" not in made.text


def test_the_templates_are_those_of_the_kinds() -> None:
    folder = Path(api.web.__file__).parent / "templates" / "mail"
    parts = {"foot", "frame", "why", "next"}
    assert {path.stem for path in folder.iterdir()} - parts == {kind.value for kind in MessageKind}
