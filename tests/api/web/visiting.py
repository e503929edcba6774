"""Somebody with a browser that runs no scripts: keeps cookies, follows what a form says."""

import html
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from anyio.from_thread import BlockingPortal, start_blocking_portal
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient, Response

from api.web.staff import cookie_name
from tests.houses import House

_HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)"')


@dataclass
class Visitor:
    """A browser. Every request says where it comes from, as browsers do."""

    house: House
    _client: AsyncClient
    _portal: BlockingPortal

    def ask(self, method: str, path: str, **more: Any) -> Response:  # noqa: ANN401 - what httpx takes
        """Send a request as it is."""
        return self._portal.call(partial(self._client.request, method, path, **more))

    def get(self, path: str, **more: Any) -> Response:  # noqa: ANN401 - what httpx takes
        """Follow a link."""
        return self.ask("GET", path, **more)

    def head(self, path: str, **more: Any) -> Response:  # noqa: ANN401 - what httpx takes
        """Look at an address as mail scanners do."""
        return self._portal.call(partial(self._client.request, "HEAD", path, **more))

    def post(self, path: str, form: Mapping[str, Any] | None = None, **more: Any) -> Response:  # noqa: ANN401
        """Send a form as a page of ours sends it."""
        headers = {"Sec-Fetch-Site": "same-origin", **more.pop("headers", {})}
        return self._portal.call(
            partial(
                self._client.request, "POST", path, data=dict(form or {}), headers=headers, **more
            )
        )

    def fill(self, path: str, form: Mapping[str, Any], to: str = "", **more: Any) -> Response:  # noqa: ANN401
        """Load the page with the form, and send it with its hidden fields."""
        shown = self.get(path)
        assert shown.status_code == 200, shown.text
        return self.post(to or path, {**hidden_fields(shown.text), **form}, **more)

    @property
    def cookies(self) -> Any:  # noqa: ANN401 - httpx's jar
        """What the browser keeps."""
        return self._client.cookies

    def sign_in(self, role: str) -> None:
        """Become somebody of this role, as after the identity provider said so."""
        services = self.house.services
        with services.transaction() as session:
            secret = services.sessions.start(
                session, self.house.subjects[role], at=services.clock()
            )
        self._client.cookies.set(cookie_name(services), secret)


def hidden_fields(page: str) -> dict[str, str]:
    """Return the hidden fields of the first form that has any."""
    return {name: html.unescape(value) for name, value in _HIDDEN.findall(page)}


@contextmanager
def visiting(app: FastAPI, house: House) -> Iterator[Visitor]:
    """Open a browser for the length of the block."""
    transport = ASGITransport(app, raise_app_exceptions=False)
    with start_blocking_portal() as portal:
        client = AsyncClient(transport=transport, base_url=house.settings.origin)
        with portal.wrap_async_context_manager(client):
            yield Visitor(house, client, portal)
