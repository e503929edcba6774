"""Every way on which bytes leave the house: who asks for what, and how they may lose it."""

import asyncio
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import FastAPI
from sqlalchemy import text
from starlette.types import Message

from api.app import create_app
from api.streams.transfers import LOOK_AGAIN
from api.times import utc_now
from api.web.collect.limiter import Limit, Limiter
from api.web.staff import cookie_name, form_token
from evidence.exhibits.tables import ExhibitRow
from evidence.people.access import Role
from export.holdings.files import CONTACT_SHEET, COPY, files_of
from tests.api.web.collect.recipients import Mailbox, at_the_package, mailbox
from tests.api.web.visiting import Visitor, visiting
from tests.houses import House
from tests.patterns import Pattern


@dataclass
class Clock:
    """A clock that a test puts forward."""

    ahead: timedelta = timedelta()

    def __call__(self) -> datetime:
        return utc_now() + self.ahead

    def on(self) -> None:
        """Let so much time go by that whoever sends bytes asks again."""
        self.ahead += LOOK_AGAIN


@dataclass(frozen=True)
class Way:
    """One request that is answered with a stored object."""

    app: FastAPI
    clock: Clock
    path: str
    headers: Mapping[str, str]
    size: int
    sha256: str
    media_type: str
    filename: str = ""
    method: str = "GET"
    body: bytes = b""
    ends: Mapping[str, Callable[[], None]] = field(default_factory=dict)
    """What takes it from whoever asks, by name."""

    def ask(
        self,
        said: Mapping[str, str] | None = None,
        *,
        method: str = "",
        meanwhile: Callable[[], None] = lambda: None,
        leave_after: int | None = None,
        app: FastAPI | None = None,
    ) -> "Got":
        """Ask; do something after each piece that arrives; go away after so many bytes."""
        headers = {**self.headers, **(said or {})}
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": method or self.method,
            "scheme": "http",
            "path": self.path,
            "raw_path": self.path.encode(),
            "query_string": b"",
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 8000),
        }
        got = Got(meanwhile, leave_after, self.body)
        asyncio.run(self._call(app or self.app, scope, got))
        return got

    async def _call(self, app: FastAPI, scope: dict[str, Any], got: "Got") -> None:
        await app(scope, got.receive, got.send)


class Got:
    """The other end of the wire: keeps what arrives."""

    def __init__(self, meanwhile: Callable[[], None], leave_after: int | None, body: bytes) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.content = b""
        self.ended = False
        """Whether it arrived to its end."""
        self._meanwhile, self._leave_after = meanwhile, leave_after
        self._gone = asyncio.Event()
        self._to_send: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive(self) -> Message:
        if self._to_send:
            return self._to_send.pop()
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {name.decode(): value.decode() for name, value in message["headers"]}
            return
        self.content += message.get("body", b"")
        self.ended = not message.get("more_body", False)
        if self.ended:
            return
        self._meanwhile()
        if self._leave_after is not None and len(self.content) >= self._leave_after:
            self._gone.set()
            await asyncio.Event().wait()  # a wire that nobody empties any more

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


@dataclass
class Ways:
    """Opens each of the ways to one exhibit, and to a sealed release of it."""

    house: House
    exhibit: ExhibitRow
    box: Mailbox
    app: FastAPI
    clock: Clock

    @classmethod
    def of(cls, house: House, exhibit: ExhibitRow) -> "Ways":
        """Seal a release of an exhibit, in an application whose clock tests put forward."""
        clock = Clock()
        app = create_app(replace(house.services, clock=clock))
        app.state.limiter = Limiter(Limit(most=100_000))
        return cls(house, exhibit, mailbox(house, exhibit=exhibit), app, clock)

    def to(self, name: str) -> Way:
        """Open one way, for somebody who came just now."""
        self.clock.ahead = timedelta()
        with visiting(self.app, self.house) as visitor:
            way: Way = getattr(self, f"_{name}")(visitor)
        return way

    def sealed_again(self) -> "Ways":
        """Seal another release of the exhibit as the first one was, which a test may spoil."""
        pattern = Pattern(self.house, self.box.release)
        return replace(self, box=mailbox(self.house, exhibit=self.exhibit, pattern=pattern))

    def _recipient(self, visitor: Visitor) -> Way:
        address = at_the_package(visitor, self.box)
        return Way(
            path=address,
            headers=_cookies(visitor),
            ends={
                "revoked": self._revoke,
                "expired": partial(self._set, "link", "release", "expires_at = now()"),
                "left": partial(self._over, "collection", "ended_at", visitor),
            },
            **self._package(),
        )

    def _staff(self, visitor: Visitor) -> Way:
        visitor.sign_in(Role.RELEASER)
        secret = visitor.cookies[cookie_name(self.house.services)]
        return Way(
            method="POST",
            path=f"/console/releases/{self._label}/package",
            body=urlencode({"form_token": form_token(secret)}).encode(),
            headers={
                **_cookies(visitor),
                "content-type": "application/x-www-form-urlencoded",
                "sec-fetch-site": "same-origin",
            },
            ends={
                "revoked": self._revoke,
                "signed out": partial(self._over, "staff_session", "ended_at", visitor),
                "role lost": partial(self._over, "staff_session", "roles", visitor),
            },
            **self._package(),
        )

    def _api(self, _visitor: Visitor) -> Way:
        services, operator = self.house.services, self.house.subjects[Role.OPERATOR]
        token = self.house.look(
            lambda s: services.tokens.add(
                s, operator.person, [Role.OPERATOR], by=operator, at=utc_now()
            )
        )
        key = ("api_token", "sha256", hashlib.sha256(token.encode()).hexdigest())
        return Way(
            path=f"/api/v1/releases/{self._label}/package",
            headers={"authorization": f"Bearer {token}"},
            ends={
                "revoked": self._revoke,
                "token revoked": lambda: self._update(*key, "revoked_at = now()"),
                "role lost": lambda: self._update(*key, "roles = ARRAY['auditor']"),
            },
            **self._package(),
        )

    def _footage(self, visitor: Visitor) -> Way:
        return self._viewed(visitor, COPY, "copy.mp4", "video/mp4")

    def _contact_sheet(self, visitor: Visitor) -> Way:
        name = "contact-sheet.jpg"
        return self._viewed(visitor, CONTACT_SHEET, name, "image/jpeg")

    def _viewed(
        self,
        visitor: Visitor,
        kind: str,
        name: str,
        media_type: str,
    ) -> Way:
        visitor.sign_in(Role.OPERATOR)
        page = f"/console/exhibits/{self.exhibit.reference.replace('/', '-')}"
        view = visitor.fill(page, {}, to=f"{page}/views").headers["location"]
        (file,) = self.house.look(lambda s: files_of(s, self.exhibit.id, kind))
        viewing = UUID(view.rpartition("/")[2])
        return Way(
            self.app,
            self.clock,
            f"{view}/{name}",
            _cookies(visitor),
            file.size,
            file.sha256,
            media_type,
            ends={
                "view over": partial(
                    self._update, "viewing", "id", viewing, "at = now() - interval '1 hour'"
                ),
                "signed out": partial(self._over, "staff_session", "ended_at", visitor),
                "role lost": partial(self._over, "staff_session", "roles", visitor),
            },
        )

    @property
    def _label(self) -> str:
        return f"{self.box.release.urn}-R{self.box.release.number}"

    def _package(self) -> dict[str, Any]:
        row = self.box.release
        package = self.house.look(lambda s: self.house.services.packages.package(s, row))
        return {
            "app": self.app,
            "clock": self.clock,
            "size": package.size,
            "sha256": package.sha256,
            "media_type": "application/zip",
            "filename": package.name,
        }

    def _revoke(self) -> None:
        releaser, release = self.house.subjects[Role.RELEASER], str(self.box.release.id)
        self.house.do(
            Role.RELEASER,
            lambda s: self.house.services.revocations.revoke(
                s, release, by=releaser, at=utc_now(), reason="wrong force"
            ),
        )

    def _set(self, table: str, column: str, change: str) -> None:
        self._update(table, column, self.box.release.id, change)

    def _over(self, table: str, column: str, visitor: Visitor) -> None:
        """End a session or a collection, or take its roles."""
        cookies = list(visitor.cookies.values())
        change = "roles = '{}'" if column == "roles" else f"{column} = now()"
        known = "sha256" if table == "staff_session" else "secret_sha256"
        self._update(table, known, hashlib.sha256(cookies[0].encode()).hexdigest(), change)

    def _update(self, table: str, column: str, value: object, change: str) -> None:
        """Change a row as time, or somebody with the right to it, would."""
        statement = text(f"UPDATE {table} SET {change} WHERE {column} = :value")  # noqa: S608
        changed = self.house.look(lambda s: s.connection().execute(statement, {"value": value}))
        assert changed.rowcount >= 1


def _cookies(visitor: Visitor) -> dict[str, str]:
    return {"cookie": "; ".join(f"{name}={value}" for name, value in visitor.cookies.items())}
