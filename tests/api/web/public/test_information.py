"""What a stranger can read without an account, an engine or a script."""

import hashlib
import html
import re
from collections.abc import Callable
from dataclasses import replace
from typing import NoReturn

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256

from api.app import create_app
from api.builders.record.trust import trust_file
from api.web.public.information import instructions
from api.web.staff import cookie_name
from custody.formats.trust import parse_trust
from export.package.documents.instructions import INDENT, InstructionFacts, verify_txt
from tests.api.web.visiting import Visitor, visiting
from tests.houses import House

Opens = Callable[..., Visitor]
PAGES = ["/help", "/verify", "/accessibility", "/privacy"]


def text_of(page: str) -> str:
    """Return what a page says, without its tags."""
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", page)))


def typed(page: str) -> list[str]:
    """Return the lines that a page says to type."""
    found = re.findall(r'<pre class="custos-typed"><code>(.*?)</code></pre>', page, re.DOTALL)
    return [line for block in found for line in html.unescape(block).split("\n")]


@pytest.mark.parametrize("path", PAGES)
def test_anybody_may_read_it(browser: Opens, path: str) -> None:
    answer = browser().get(path)
    assert answer.status_code == 200
    assert len(re.findall("<h1", answer.text)) == 1
    assert f'href="{path}"' in answer.text


@pytest.mark.parametrize("path", PAGES)
def test_it_is_there_when_no_engine_is(house: House, path: str) -> None:
    def away() -> NoReturn:
        raise AssertionError("the page asked the database")

    alone = create_app(replace(house.services, transaction=away))
    with visiting(alone, house) as visitor:
        visitor.sign_in("operator")
        assert visitor.get(path).status_code == 200


def test_the_page_says_to_type_what_the_package_says_to_type(browser: Opens) -> None:
    facts = InstructionFacts(package="BAR-7K4M-2XQ9-J-R1", council="x", demonstration=False)
    lines = verify_txt(facts).decode().split("\n")
    own = [line.removeprefix(INDENT) for line in lines if line.startswith(INDENT)]
    assert len(own) > 15
    assert typed(browser().get("/verify").text) == own


def test_the_page_says_about_each_line_what_the_package_says(browser: Opens) -> None:
    facts = InstructionFacts(package="of the package", council="x", demonstration=False)
    _, _, whole = verify_txt(facts).decode().partition("WHAT YOU NEED FIRST")
    said = text_of(browser().get("/verify").text)
    sentences = [block for block in whole.split("\n\n") if block.strip() and not block.isupper()]
    plain = [" ".join(block.split()) for block in sentences if not block.startswith(" ")]
    assert len(plain) > 10
    assert [sentence for sentence in plain if sentence not in said] == []
    headings = [part.heading for part in instructions()]
    assert headings[:4] == ["What you need first", "The short way, on any system", "Linux", "macOS"]


def test_the_roots_to_compare_are_those_of_the_trust_file(browser: Opens, house: House) -> None:
    content = trust_file(house.settings, house.services.keyring)
    trust, visitor = parse_trust(content), browser()
    said = text_of(visitor.get("/verify").text)
    for name, roots in (("council-root.pem", trust.roots), ("tsa-root.pem", trust.tsa_roots)):
        answer = visitor.get(f"/verify/{name}")
        assert answer.content == b"".join(roots)
        assert answer.headers["content-disposition"] == f'attachment; filename="{name}"'
        for root in roots:
            digest = x509.load_pem_x509_certificate(root).fingerprint(SHA256()).hex(":").upper()
            assert digest in said
    for pin in trust.seals:
        assert pin.certificates
        for thumbprint in pin.certificates:
            assert thumbprint.hex(":").upper() in said
    assert trust.issue is not None
    assert f"Number {trust.issue.number}, issued on " in said
    assert visitor.get("/verify/council.trust.json").content == content
    assert hashlib.sha256(content).hexdigest() in said


@pytest.mark.parametrize("name", ["seal.key", "keyring.json", "..%2fkeyring.json", "roots"])
def test_no_other_key_is_handed_out(browser: Opens, name: str) -> None:
    assert browser().get(f"/verify/{name}").status_code == 404


def test_help_says_how_to_reach_the_council(browser: Opens, house: House) -> None:
    council, said = house.services.council, browser().get("/help").text
    assert council.telephone in said
    assert f'href="mailto:{council.email}"' in said


REQUIRED = """\
Feedback and contact information
is committed to making its website accessible, in accordance with the Public Sector Bodies \
(Websites and Mobile Applications) (No. 2) Accessibility Regulations 2018.
This website is partially compliant with the Web Content Accessibility Guidelines version 2.2 AA \
standard, due to the non-compliances listed below.
The content listed below is non-accessible for the following reasons.
The Equality and Human Rights Commission (EHRC) is responsible for enforcing the Public Sector \
Bodies (Websites and Mobile Applications) (No. 2) Accessibility Regulations 2018
contact the Equality Advisory and Support Service (EASS)
Equality Commission for Northern Ireland (ECNI)
This statement was prepared on
It was last reviewed on
"""


@pytest.mark.parametrize("required", REQUIRED.splitlines())
def test_the_accessibility_statement_has_the_wording_that_the_law_asks_for(
    browser: Opens, required: str
) -> None:
    assert required in text_of(browser().get("/accessibility").text)


def test_the_privacy_page_names_the_cookie_and_its_limits(browser: Opens, house: House) -> None:
    said = text_of(browser().get("/privacy").text)
    assert cookie_name(house.services) in said
    assert "30 minutes after the last page, 10 hours at most" in said
