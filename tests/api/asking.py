"""A client that speaks HTTP to the application in this process; what nobody foresaw answers 500."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from anyio.from_thread import BlockingPortal, start_blocking_portal
from fastapi import FastAPI
from fastapi.routing import APIRoute
from httpx import ASGITransport, AsyncClient, Response


@dataclass(frozen=True)
class Web:
    """Asks as the bearer of a role's token, or as a stranger."""

    app: FastAPI
    tokens: Mapping[str, str]
    _client: AsyncClient
    _portal: BlockingPortal

    def ask(self, method: str, path: str, role: str | None = None, **more: Any) -> Response:  # noqa: ANN401 - what httpx takes
        """Send a request; a path that does not say otherwise is below /api/v1."""
        headers = dict(more.pop("headers", {}))
        if role is not None:
            headers["Authorization"] = f"Bearer {self.tokens[role]}"
        url = (
            path if path.startswith(("/api/", "/healthz", "/readyz", "/open")) else f"/api/v1{path}"
        )
        return self._portal.call(
            partial(self._client.request, method, url, headers=headers, **more)
        )


@contextmanager
def asked(app: FastAPI, tokens: Mapping[str, str]) -> Iterator[Web]:
    """Let an application be asked for the length of the block."""
    transport = ASGITransport(app, raise_app_exceptions=False)
    with start_blocking_portal() as portal:
        client = AsyncClient(transport=transport, base_url="http://custos.test")
        with portal.wrap_async_context_manager(client):
            yield Web(app, tokens, client, portal)


def flat(served: Iterable[Any]) -> Iterator[APIRoute]:
    """Yield routes, those of included routers too."""
    for route in served:
        if isinstance(route, APIRoute):
            yield route
        elif (inner := getattr(route, "original_router", None)) is not None:
            yield from flat(inner.routes)
