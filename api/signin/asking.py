"""Adapter. Asking the identity provider: without a thread, a few at once, in one time for all.

A provider that is silent, or drips its answer, holds up whoever signs in, for seconds, and nobody
else; whoever comes while several wait already is told at once.
"""

import ssl
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import cache
from http import HTTPStatus
from typing import Any

import anyio
import httpx

from api.bounds import lanes
from storage.errors import UnavailableError

DEADLINE_S = 6.0
"""For all that is asked in one sign-in."""
_MOST = 1 << 20
"""Bytes of one answer."""
_AWAY = "the identity provider does not answer"


class Asking:
    """What is asked of the provider in one sign-in."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def get(self, url: str) -> Mapping[str, Any]:
        """Return what stands at an address.

        Raises:
            UnavailableError: no answer, or none that is an object in JSON.
        """
        status, said = await self._ask("GET", url)
        if status != HTTPStatus.OK:
            raise UnavailableError(_AWAY)
        return said

    async def exchange(
        self, url: str, form: Mapping[str, str], client: tuple[str, str]
    ) -> Mapping[str, Any] | None:
        """Send a form as ``client``, by name and secret; return the answer, None for a refusal.

        Raises:
            UnavailableError: as `get`.
        """
        status, said = await self._ask("POST", url, data=dict(form), auth=client)
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise UnavailableError(_AWAY)
        return said if status == HTTPStatus.OK and "error" not in said else None

    async def _ask(self, method: str, url: str, **more: Any) -> tuple[int, Mapping[str, Any]]:  # noqa: ANN401 - what httpx takes
        held = bytearray()
        try:
            async with self._client.stream(method, url, **more) as answer:
                async for piece in answer.aiter_bytes():
                    held += piece
                    if len(held) > _MOST:
                        raise UnavailableError(_AWAY)
            said = httpx.Response(HTTPStatus.OK, content=bytes(held)).json()
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, RecursionError):
            # Without its words: they may hold the code.
            raise UnavailableError(_AWAY) from None
        if not isinstance(said, dict):
            raise UnavailableError(_AWAY)
        return answer.status_code, said


@asynccontextmanager
async def asking() -> AsyncIterator[Asking]:
    """Ask the provider for the length of the block.

    Raises:
        UnavailableError: it took too long.
        BusyError: several wait for it already.
    """
    with lanes.PROVIDER.place():
        try:
            with anyio.fail_after(DEADLINE_S):
                async with httpx.AsyncClient(verify=_trusted(), timeout=None) as client:  # noqa: S113 - one deadline stands above all
                    yield Asking(client)
        except TimeoutError:
            raise UnavailableError(_AWAY) from None


@cache
def _trusted() -> ssl.SSLContext:
    """Return whose certificates are believed; reading them takes longer than all the rest."""
    return httpx.create_ssl_context()


class Kept:
    """Something that the provider said, believed for a while."""

    def __init__(self, lasts_s: float) -> None:
        self._lasts_s = lasts_s
        self._said: Mapping[str, Any] | None = None
        self._at = 0.0

    @property
    def age(self) -> float:
        """How many seconds ago it was said."""
        return time.monotonic() - self._at

    def get(self) -> Mapping[str, Any] | None:
        """Return it, unless it is too old."""
        return self._said if self.age < self._lasts_s else None

    def put(self, said: Mapping[str, Any]) -> Mapping[str, Any]:
        """Keep something."""
        self._said, self._at = said, time.monotonic()
        return said
