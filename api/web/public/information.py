"""Edge. Pages that need no account and no engine: help, checking a package, accessibility, privacy.

They read no row, so that they are there when the database is not.
"""

import hashlib
import re
from dataclasses import dataclass
from datetime import timedelta
from functools import cache

from cryptography.hazmat.primitives.hashes import SHA256
from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from starlette.exceptions import HTTPException

from api.builders.record.trust import trust_file
from api.depends import ANY_QUERY, UsesServices
from api.services import Services
from api.web.collect import gate
from api.web.pages import page
from api.web.public.requests.cookies import draft_cookie, visit_cookie
from api.web.staff import cookie_name
from custody.formats.certificates import parse_chain
from custody.formats.trust import Trust, parse_trust
from evidence.requests import visits
from evidence.requests.drafts import FORGET_DRAFTS
from export.delivery.alive import IDLE, LONGEST
from export.package.documents.instructions import INDENT, InstructionFacts, verify_txt

router = APIRouter(include_in_schema=False, dependencies=[ANY_QUERY])

_NAMES = {"MACOS": "macOS"}
"""Headings whose capitals mean something."""
_FILES = {"council-root.pem": "roots", "tsa-root.pem": "tsa_roots"}
_TRUST = "council.trust.json"


@dataclass(frozen=True, slots=True)
class Piece:
    """One paragraph of the instructions, or lines to type, or things to have with their source."""

    words: str = ""
    lines: tuple[str, ...] = ()
    things: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """What stands under one heading."""

    heading: str
    pieces: tuple[Piece, ...]


@cache
def instructions() -> tuple[Part, ...]:
    """Return what each package's VERIFY.txt says, for a page: one text, so that they agree."""
    facts = InstructionFacts(package="of the package", council="", demonstration=False)
    return _parts(verify_txt(facts).decode())


def _parts(text: str) -> tuple[Part, ...]:
    found: list[tuple[str, list[Piece]]] = []
    for block in re.split(r"\n{2,}", text.strip("\n")):
        if block.isupper() and "\n" not in block:
            found.append((_NAMES.get(block, block.capitalize()), []))
        elif found:  # what stands above the first heading is about one package
            found[-1][1].extend(_pieces(block))
    return tuple(Part(heading, tuple(pieces)) for heading, pieces in found)


def _pieces(block: str) -> list[Piece]:
    lines = block.split("\n")
    if all(line.startswith(INDENT) for line in lines):
        return [Piece(lines=tuple(line.removeprefix(INDENT) for line in lines))]
    if all(line.startswith("  ") for line in lines):
        named = [re.split(r"\s{2,}", line.strip(), maxsplit=1) for line in lines]
        return [Piece(things=tuple((name, source) for name, source in named))]
    return [Piece(words=" ".join(lines))]


def _trust(services: Services) -> tuple[bytes, Trust]:
    content = trust_file(services.settings, services.keyring)
    return content, parse_trust(content)


def _fingerprint(pem: bytes) -> str:
    (certificate,) = parse_chain(pem)
    return _by_eye(certificate.fingerprint(SHA256()))


def _by_eye(digest: bytes) -> str:
    """Write a fingerprint as openssl and VERIFY.txt do, so that they can be compared by eye."""
    return digest.hex(":").upper()


@router.get("/verify")
def verify(request: Request, services: UsesServices) -> HTMLResponse:
    """Say how to check a package without us, and what to compare."""
    content, trust = _trust(services)
    return page(
        request,
        "information/verify.html",
        parts=instructions(),
        council_roots=[_fingerprint(pem) for pem in trust.roots],
        tsa_roots=[_fingerprint(pem) for pem in trust.tsa_roots],
        seals=[_by_eye(digest) for pin in trust.seals for digest in pin.certificates],
        trust_name=_TRUST,
        trust_issue=trust.issue,
        trust_sha256=hashlib.sha256(content).hexdigest(),
    )


@router.get("/verify/{name}")
def to_compare(name: str, services: UsesServices) -> Response:
    """Hand out the trust file, or the roots in it, as files."""
    content, trust = _trust(services)
    if name in _FILES:
        content = b"".join(getattr(trust, _FILES[name]))
    elif name != _TRUST:
        raise HTTPException(404)
    kind = "application/json" if name == _TRUST else "application/x-pem-file"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type=kind, headers=headers)


@router.get("/help")
def help_page(request: Request) -> HTMLResponse:
    """Say who we are, how to reach us, and what each kind of visitor does here."""
    return page(request, "information/help.html")


@router.get("/accessibility")
def accessibility(request: Request) -> HTMLResponse:
    """State what the regulations on accessibility require (SI 2018/852, regulation 7)."""
    return page(request, "information/accessibility.html")


@router.get("/privacy")
def privacy(request: Request, services: UsesServices) -> HTMLResponse:
    """Say what we keep about people and why, and name each cookie."""
    return page(
        request,
        "information/privacy.html",
        cookies=_cookies(services),
        draft_days=FORGET_DRAFTS.days,
    )


def _cookies(services: Services) -> list[tuple[str, str, str]]:
    """Return every cookie of ours, what it is for, and how long it lasts."""
    limits = services.sessions.limits
    return [
        (
            cookie_name(services),
            "Keeps members of staff signed in",
            f"{_span(limits.idle)} after the last page, {_span(limits.absolute)} at most",
        ),
        (
            f"{cookie_name(services)}_sign_in",
            "Ties an answer of the sign-in service to the browser that asked",
            "Until you are signed in, 10 minutes at most",
        ),
        (
            "tus::…",
            "Lets members of staff go on with an upload later; kept beside the cookies",
            "Until the upload has ended",
        ),
        (
            gate.cookie_name(services),
            "Shows us that this browser entered the code, while you collect a package",
            f"{_span(IDLE)} after the last page, {_span(LONGEST)} at most, or until you leave",
        ),
        (
            draft_cookie(services),
            "Keeps what you fill in, when you ask for footage",
            f"{FORGET_DRAFTS.days} days",
        ),
        (
            visit_cookie(services),
            "Shows us that this browser entered the code, while you look after a request",
            (
                f"{_span(visits.IDLE)} after the last page, {_span(visits.LONGEST)} at most, or "
                "until you leave"
            ),
        ),
    ]


def _span(span: timedelta) -> str:
    minutes = int(span.total_seconds()) // 60
    if minutes % 60:
        return f"{minutes} minutes"
    return "1 hour" if minutes == 60 else f"{minutes // 60} hours"  # noqa: PLR2004 - of an hour
