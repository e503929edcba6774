"""What letters say: every kind that a room writes, in both forms, with our addresses only."""

import pkgutil
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from importlib import import_module
from itertools import chain
from pathlib import Path
from uuid import UUID

import pytest
from jinja2 import nodes
from jinja2.meta import find_referenced_templates

import api.web
import evidence
import export
from api.outbound.letters import WORDINGS, About, _environment, compose, plain_name
from api.outbound.mailer import Letter
from api.outbound.records import Facts
from api.settings.council import DEMONSTRATION_COUNCIL, parse_council
from api.web.console.releases.words import MESSAGE_KINDS, MESSAGE_STATES
from evidence.mailbox.letters import CodeLetter, LetterKind
from evidence.mailbox.messages import MessageState
from evidence.requests.letters import RequestLetter
from export.delivery.letters import DeliveryLetter
from export.feedback.letters import FeedbackLetter
from export.release.notices import ReleaseLetter

ORIGIN = "https://cctv.barchester.example"
TOKEN = "A" * 43
COUNCIL = parse_council(DEMONSTRATION_COUNCIL)
PRIVATE = {
    DeliveryLetter.LINK: {"token": TOKEN, "expires": "2026-12-05T12:00:00Z"},
    CodeLetter.CODE: {"code": "12345678", "expires": "2026-11-21T12:10:00Z"},
    DeliveryLetter.LINK_ENDED: {"why": "expired"},
    DeliveryLetter.EXPIRING: {"expires": "2026-12-05T12:00:00Z"},
    DeliveryLetter.REVOKED: {},
    DeliveryLetter.CORRECTED: {},
    ReleaseLetter.APPROVAL_NEEDED: {"urgent": "yes"},
    ReleaseLetter.SECOND_NEEDED: {"due": "2026-11-22T12:00:00Z"},
    ReleaseLetter.REFUSED: {},
    ReleaseLetter.WITHDRAWN: {},
    RequestLetter.MAILBOX_CODE: {"code": "12345678", "expires": "2026-11-21T12:10:00Z"},
    RequestLetter.STATUS_CODE: {"code": "12345678", "expires": "2026-11-21T12:10:00Z"},
    RequestLetter.URN_ISSUED: {"preserve": "2026-12-21T12:00:00Z"},
    RequestLetter.PRESERVED: {},
    RequestLetter.OUTCOME: {"outcome": "approved", "fee": "£75"},
    RequestLetter.DOCUMENT: {},
    RequestLetter.MESSAGE: {},
    RequestLetter.AT_RISK: {"days": "3"},
    RequestLetter.TO_CHECK: {"requests": "3"},
    FeedbackLetter.ASKED: {},
    RequestLetter.REFUSED: {"appeal": "You can ask for this to be looked at again."},
}
NAMELESS = frozenset({RequestLetter.MAILBOX_CODE})
"""What goes to a mailbox before there is anything that has a number."""
ABOUT = About(
    message=UUID("6c237c25-e686-43f3-94d7-461249ab6674"),
    kind=DeliveryLetter.LINK,
    name="DC Alex Example",
    address="alex@barchester.police.example",
    facts=Facts(
        "BAR-7K4M-2XQ9-J-R1",
        "CCTV package",
        names={"organisation": "Barchester Constabulary", "contact": "DC Alex Example"},
    ),
)


def letter(kind: LetterKind, *, demonstration: bool = False, about: About = ABOUT) -> Letter:
    return compose(
        replace(about, kind=kind),
        PRIVATE[kind],
        council=COUNCIL,
        origin=ORIGIN,
        demonstration=demonstration,
        at=datetime(2026, 11, 21, 12, 0, tzinfo=UTC),
    )


def words(text: str) -> str:
    """Return what is read of a text or a page."""
    return " ".join(re.sub(r"<[^>]*>", " ", text).split())


def kinds() -> Iterator[LetterKind]:
    """Return the kinds that the rooms below own, wherever they stand."""
    for package in (evidence, export):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            import_module(module.name)
    owners = LetterKind.__subclasses__()
    return chain.from_iterable(one for one in owners if not one.__module__.startswith("tests."))


def test_every_kind_is_worded_by_its_own_name_and_has_one_for_staff() -> None:
    known = list(kinds())
    assert sorted(known) == sorted(WORDINGS), "one wording each, and no two rooms share a name"
    assert set(PRIVATE) == set(MESSAGE_KINDS) == set(known)


def test_every_state_of_a_message_has_words_for_staff() -> None:
    assert set(MESSAGE_STATES) == set(MessageState)


@pytest.mark.parametrize("kind", PRIVATE)
def test_a_wording_names_what_its_templates_ask_for(kind: LetterKind) -> None:
    environment, wording = _environment(), WORDINGS[kind]
    asked: set[str] = set()
    waiting = {f"{kind}.txt", f"{kind}.html"}
    while waiting:
        assert environment.loader is not None
        source = environment.loader.get_source(environment, waiting.pop())[0]
        tree = environment.parse(source)
        asked |= {name.name for name in tree.find_all(nodes.Name)}
        waiting |= {name for name in find_referenced_templates(tree) if name is not None}
    always = {"council", "demonstration", "name", "origin", "reference", "thing"}
    assert asked - always == {*wording.private, *wording.names}
    assert set(PRIVATE[kind]) == set(wording.private)


@pytest.mark.parametrize("kind", PRIVATE)
def test_both_forms_say_the_same(kind: LetterKind) -> None:
    made = letter(kind)
    page = made.html[made.html.index("<body>") :]
    said = re.sub(r"<h1>.*?</h1>", "", page)
    plain, rich = (re.sub(r"\W+", "", words(one)) for one in (made.text, said))
    assert plain == rich


@pytest.mark.parametrize("kind", PRIVATE)
def test_every_message_names_the_council_the_release_and_where_to_ask(kind: LetterKind) -> None:
    made = letter(kind)
    assert made.subject.startswith("Barchester Council: ")
    for form in (made.subject, made.text, made.html):
        assert (ABOUT.facts.reference in form) == (kind not in NAMELESS)
    for form in (made.text, made.html):
        assert COUNCIL.email in form
        assert COUNCIL.telephone in form
    for form in (made.text, made.html):
        assert "demonstration" not in form
    assert "This is a demonstration" in letter(kind, demonstration=True).text
    assert "This is a demonstration" in letter(kind, demonstration=True).html


@pytest.mark.parametrize("kind", PRIVATE)
def test_a_message_leads_nowhere_but_to_us_and_fetches_nothing(kind: LetterKind) -> None:
    made = letter(kind)
    for form in (made.text, made.html):
        for address in re.findall(r"\w+://[^\s\"<]+", form):
            assert address.startswith(f"{ORIGIN}/")
    assert not re.search(r"<(img|script|style|link|iframe|form)|style=|src=|url\(", made.html)


def test_the_link_is_ours_and_spelled_out() -> None:
    made = letter(DeliveryLetter.LINK)
    assert f"\n{ORIGIN}/collect/{TOKEN}\n" in made.text
    assert f'<a href="{ORIGIN}/collect/{TOKEN}">{ORIGIN}/collect/{TOKEN}</a>' in made.html
    assert "5 December 2026, 12:00:00 pm GMT" in made.text
    assert TOKEN not in made.subject


def test_the_code_is_easy_to_read_and_not_in_the_subject() -> None:
    made = letter(CodeLetter.CODE)
    assert "\n1234 5678\n" in made.text
    assert "1234" not in made.subject


@pytest.mark.parametrize("kind", PRIVATE)
def test_a_name_cannot_become_markup_or_a_link(kind: LetterKind) -> None:
    organisation = "[pay](https://evil.example) www.evil.example\n# Heading"
    facts = replace(ABOUT.facts, names={"organisation": organisation, "contact": organisation})
    about = replace(ABOUT, name="<a href=//evil.example>x</a>", facts=facts)
    made = letter(kind, about=about)
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
        replace(ABOUT, kind=DeliveryLetter.LINK_ENDED),
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
    assert {path.stem for path in folder.iterdir()} - parts == set(WORDINGS)


def test_a_proposal_where_a_life_is_at_stake_says_so_before_anything_else() -> None:
    about = replace(ABOUT, kind=ReleaseLetter.APPROVAL_NEEDED)
    at = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
    urgent, calm = (
        compose(about, {"urgent": said}, council=COUNCIL, origin=ORIGIN, demonstration=False, at=at)
        for said in ("yes", "")
    )
    words = f"CCTV release {ABOUT.facts.reference} waits for a decision"
    assert urgent.subject.endswith(f": Urgent: {words}")
    assert calm.subject.endswith(f": {words}")
    assert "Urgent" not in calm.subject
    for form in (urgent.text, urgent.html):
        assert "Threat to life" in form
    for form in (calm.text, calm.html):
        assert "Threat to life" not in form
