"""Adapter. Calls to other people's systems: to the address that was checked, and bounded.

The name is looked up once for each call. What that answers decides whether there is a call at all,
and the connection goes to just that address, so that a second answer of the name server leads
nowhere; the certificate must still be the name's. No redirect is followed, nothing of an answer is
read but its status, and one deadline stands above all of it.
"""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from functools import cache

import httpx

from evidence.requests.notices.targets import Target, is_allowed
from evidence.requests.notices.webhooks import Answered

DEADLINE_S = 15.0
_MOST_TRIED = 4
"""Addresses of one name, the next where nobody answers at the one before."""
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""Return the addresses of a name; OSError: it has none."""


async def look_up(host: str, port: int) -> Sequence[str]:
    """Ask this machine's resolver."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(one[4][0]) for one in found]


class Caller:
    """Makes calls. Fits `evidence.requests.notices.webhooks.Post`."""

    def __init__(
        self,
        *,
        resolve: Resolve = look_up,
        trusted: Callable[[], ssl.SSLContext] | None = None,
        deadline_s: float = DEADLINE_S,
    ) -> None:
        self._resolve = resolve
        self._trusted = trusted or _trusted
        self._deadline_s = deadline_s

    def __call__(self, target: Target, body: bytes, headers: Mapping[str, str]) -> Answered:
        """Make one call; say what became of it, in words of ours alone."""
        return asyncio.run(self._called(target, body, headers))

    async def _called(self, target: Target, body: bytes, headers: Mapping[str, str]) -> Answered:
        try:
            async with asyncio.timeout(self._deadline_s):
                addresses = await self._resolve(target.host, target.port)
                if not addresses or not all(is_allowed(target, one) for one in addresses):
                    return Answered(False, "its name leads to no public address")
                return await self._reached(target, addresses[:_MOST_TRIED], body, headers)
        except TimeoutError:
            return Answered(False, f"it did not answer within {self._deadline_s:g} seconds")
        except (OSError, UnicodeError):
            return Answered(False, "its name is not known")
        except (httpx.HTTPError, httpx.InvalidURL):
            return Answered(False, "it cannot be reached, or its certificate is not its own")

    async def _reached(
        self, target: Target, addresses: Sequence[str], body: bytes, headers: Mapping[str, str]
    ) -> Answered:
        for address in addresses[:-1]:
            with suppress(httpx.ConnectError):
                return await self._posted(target, address, body, headers)
        return await self._posted(target, addresses[-1], body, headers)

    async def _posted(
        self, target: Target, address: str, body: bytes, headers: Mapping[str, str]
    ) -> Answered:
        literal = f"[{address}]" if ":" in address else address
        url = f"{target.scheme}://{literal}:{target.port}{target.path}"
        async with (
            httpx.AsyncClient(verify=self._trusted(), timeout=None, trust_env=False) as client,  # noqa: S113 - one deadline stands above all
            client.stream(
                "POST",
                url,
                content=body,
                headers={**headers, "Host": target.named, "Connection": "close"},
                extensions={"sni_hostname": target.host},
            ) as answer,
        ):
            return Answered(answer.is_success, f"it answered {answer.status_code}")


@cache
def _trusted() -> ssl.SSLContext:
    """Return whose certificates are believed; reading them takes longer than all the rest."""
    return httpx.create_ssl_context()
