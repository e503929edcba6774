"""Edge. 40 recipients, each of a release, collect at once while clips are taken in; a static page.

The link page and the hand-over (the request that gives the package, to its last byte) are timed
through the running service; the static page by the same client, from a bare uvicorn, in the same
run. Entering a code is not in it: those answers leave at fixed steps of time on purpose.
"""

import asyncio
import secrets
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles
from uuid import UUID, uuid4

import httpx

from api.acts import act
from api.cli.terminal.arrivals import take_in
from api.cli.terminal.progress import Bar
from api.cli.terminal.waits import wait_for_copy, wait_for_seal
from api.services import Services
from api.web.collect.collection import terms_digest
from api.web.collect.gate import cookie_name
from api.web.staff import form_token
from benchmarks.static_page import static_page
from custody.formats.canonical import format_time
from custody.ledger.ledger import Values
from evidence.exhibits.clocks import LONDON
from evidence.exhibits.particulars import NewExhibit
from evidence.people.access import Role, Subject
from evidence.secrets import secret_digest
from export.delivery.tables import LinkRow
from export.media.sample import make_sample
from export.release.proposals import NewRelease, ReleaseKind
from export.release.releases import recipient_of
from export.release.tables import ReleaseRow

RECIPIENTS, CLIPS, PAGES, AT_ONCE = 40, 20, 1000, 40
"""Who collects, what is taken in meanwhile, and how the link page is asked for."""


@dataclass(frozen=True, slots=True)
class Times:
    """How long requests of one kind took, in seconds, and all of them together."""

    each: Sequence[float]
    whole: float

    @property
    def rate(self) -> float:
        """Requests per second."""
        return len(self.each) / self.whole

    @property
    def p99_ms(self) -> float:
        """What 99 of 100 requests do not exceed, in milliseconds."""
        return quantiles(self.each, n=100)[98] * 1000


def run(services: Services) -> list[tuple[str, float, str]]:
    """Measure over a running service; return name, figure and what it is compared with."""
    links = _links(services)
    asyncio.run(_ask_all(services, [link.path for link in links[:AT_ONCE]]))  # warm
    page = asyncio.run(_pages(f"{services.settings.origin}{links[0].path}"))
    with static_page() as url:
        static = asyncio.run(_pages(url))
    with tempfile.TemporaryDirectory(prefix="custos-bench-") as folder:
        clip = Path(folder) / "clip.mp4"
        make_sample(clip, seconds=2, first_at=services.clock(), size=(320, 240))
        handed, taken = asyncio.run(_collect_and_take_in(services, links, clip.read_bytes()))
    return [
        (f"link page, requests/s (static uvicorn page: {static.rate:.0f})", page.rate, ""),
        (f"link page, p99 in ms (static uvicorn page: {static.p99_ms:.1f})", page.p99_ms, ""),
        (f"hand-over to {RECIPIENTS} at once, requests/s", handed.rate, ""),
        (f"hand-over to {RECIPIENTS} at once, p99 in ms", handed.p99_ms, ""),
        (f"{CLIPS} clips taken in meanwhile, the slowest in ms", max(taken.each) * 1000, ""),
    ]


@dataclass(frozen=True, slots=True)
class _Link:
    """A recipient's link, and the cookie that the right code would have given."""

    path: str
    secret: str


def _links(services: Services) -> list[_Link]:
    """Seal a small release for each recipient, with a link, and past its code."""
    operator, releaser = (_subject(services, role) for role in (Role.OPERATOR, Role.RELEASER))
    with tempfile.TemporaryDirectory(prefix="custos-bench-") as folder:
        clip = Path(folder) / "clip.mp4"
        make_sample(clip, seconds=2, first_at=services.clock(), size=(320, 240))
        exhibit = take_in(services, operator, _new(services), [clip])
    with Bar("Preparing a release") as bar:
        wait_for_copy(services, exhibit.id, bar)
    releases = [
        _release(services, exhibit.reference, operator, releaser) for _ in range(RECIPIENTS)
    ]
    for number, release in enumerate(releases, 1):
        with Bar(f"Sealing {number} of {RECIPIENTS}") as bar:
            wait_for_seal(services, release, bar)
    return [_link(services, release) for release in releases]


def _release(services: Services, exhibit: str, operator: Subject, releaser: Subject) -> UUID:
    """Propose and approve a release, and ask for its sealing."""
    wanted = NewRelease(
        exhibits=(exhibit,),
        kind=ReleaseKind.POLICE,
        recipient_name="DC Alex Example",
        recipient_email="alex.example@barchester.police.example",
        organisation="Barchester Constabulary",
        purpose="bench",
        basis="DPA 2018 Sch 2 para 2",
    )
    row = act(
        services,
        operator,
        lambda s: services.proposals.propose(s, wanted, by=operator, at=services.clock()),
    )
    name = str(row.id)
    act(
        services,
        releaser,
        lambda s: services.decisions.approve(s, name, by=releaser, at=services.clock()),
    )
    act(services, releaser, lambda s: services.decisions.start_sealing(s, name, by=releaser))
    return row.id


def _link(services: Services, release: UUID) -> _Link:
    """Issue a link whose token is known here, and begin a collection, as after the code."""
    at, token = services.clock(), secrets.token_urlsafe(32)
    with services.transaction() as session:
        link = LinkRow(
            id=uuid4(),
            release=release,
            number=1000,
            token_sha256=secret_digest(token),
            issued_at=at,
            expires_at=at.replace(year=at.year + 1),
            downloads_allowed=1,
        )
        session.add(link)
        session.flush()
        values: Values = {
            "recipient": recipient_of(session, session.get_one(ReleaseRow, release)),
            "expires": format_time(link.expires_at.replace(microsecond=0)),
            "token": link.token_sha256,
            "downloads": link.downloads_allowed,
        }
        services.ledger.append(session, release, "link.issued", values, at=at)
        return _Link(f"/collect/{token}", services.collections.start(session, link, at=at))


async def _pages(url: str) -> Times:
    """Ask for one page, by so many at once."""
    async with _client() as client:
        return await _timed([lambda: client.get(url) for _ in range(PAGES)], AT_ONCE)


async def _ask_all(services: Services, paths: Sequence[str]) -> None:
    async with _client() as client:
        for path in paths:
            (await client.get(services.settings.origin + path)).raise_for_status()


async def _collect_and_take_in(
    services: Services, links: Sequence[_Link], clip: bytes
) -> tuple[Times, Times]:
    """Let everybody collect at once, while clips come in."""
    token = (services.settings.tokens / f"{Role.OPERATOR}.token").read_text("ascii").strip()
    async with _client() as client:
        addresses = await asyncio.gather(
            *(_authorise(services, client, link, n) for n, link in enumerate(links))
        )
        collecting = _timed(
            [_fetching(services, client, link, url) for link, url in addresses], len(links)
        )
        taking = _timed([_taking(services, client, token, clip) for _ in range(CLIPS)], 4)
        handed, taken = await asyncio.gather(collecting, taking)
    return handed, taken


async def _authorise(
    services: Services, client: httpx.AsyncClient, link: _Link, number: int
) -> tuple[_Link, str]:
    """Look at the page, accept the terms, press the button; return the download's address."""
    origin, headers = services.settings.origin, _headers(services, link, number)
    form = {"form_token": form_token(link.secret)}
    (await client.get(f"{origin}/collect", headers=headers)).raise_for_status()
    terms = {**form, "accept": "yes", "terms": terms_digest()}
    said = await client.post(f"{origin}/collect/terms", data=terms, headers=headers)
    assert said.status_code == httpx.codes.SEE_OTHER, said.text
    said = await client.post(f"{origin}/collect/download", data=form, headers=headers)
    assert said.status_code == httpx.codes.SEE_OTHER, said.text
    return link, origin + said.headers["location"]


def _fetching(
    services: Services, client: httpx.AsyncClient, link: _Link, url: str
) -> Callable[[], Awaitable[httpx.Response]]:
    return lambda: client.get(url, headers=_headers(services, link, 0))


def _taking(
    services: Services, client: httpx.AsyncClient, token: str, data: bytes
) -> Callable[[], Awaitable[httpx.Response]]:
    """Take in one clip: its bytes, then the exhibit."""
    headers = {"Authorization": f"Bearer {token}"}
    origin = services.settings.origin

    async def take() -> httpx.Response:
        kept = await client.post(f"{origin}/api/v1/uploads", content=data, headers=headers)
        assert kept.status_code == httpx.codes.CREATED, kept.text
        new = _new(services)
        body = {
            "reference": new.reference,
            "camera": new.camera,
            "displayed_start": new.displayed_start,
            "displayed_end": new.displayed_end,
            "clock_offset_ms": 0,
            "files": [{"upload": kept.json()["upload"], "name": "clip.mp4"}],
        }
        made = await client.post(f"{origin}/api/v1/exhibits", json=body, headers=headers)
        assert made.status_code == httpx.codes.CREATED, made.text
        return made

    return take


async def _timed(asks: Sequence[Callable[[], Awaitable[httpx.Response]]], at_once: int) -> Times:
    gate = asyncio.Semaphore(at_once)
    each: list[float] = []

    async def one(ask: Callable[[], Awaitable[httpx.Response]]) -> None:
        async with gate:
            begun = time.perf_counter()
            answer = await ask()
            each.append(time.perf_counter() - begun)
        assert answer.is_success, answer.text

    begun = time.perf_counter()
    await asyncio.gather(*map(one, asks))
    return Times(each, time.perf_counter() - begun)


def _client() -> httpx.AsyncClient:
    limits = httpx.Limits(max_connections=RECIPIENTS + CLIPS)
    return httpx.AsyncClient(limits=limits, timeout=httpx.Timeout(120))


def _headers(services: Services, link: _Link, number: int) -> dict[str, str]:
    return {
        "Cookie": f"{cookie_name(services)}={link.secret}",
        "Sec-Fetch-Site": "same-origin",
        "X-Forwarded-For": f"192.0.2.{number}",
    }


def _new(services: Services) -> NewExhibit:
    start = services.clock().astimezone(LONDON).replace(microsecond=0)
    text = start.strftime("%Y-%m-%d 10:00:00")
    return NewExhibit(
        reference="BN",
        camera="BAR-0001",
        displayed_start=text,
        displayed_end=text[:-2] + "02",
        clock_offset_ms=0,
    )


def _subject(services: Services, role: Role) -> Subject:
    token = (services.settings.tokens / f"{role}.token").read_text("ascii")
    with services.transaction() as session:
        subject = services.tokens.find(session, token, at=services.clock())
    assert subject is not None
    return subject
