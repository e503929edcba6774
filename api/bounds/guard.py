"""Edge. What holds for every request and every answer, whatever the route."""

from http import HTTPStatus

import anyio
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.bounds.bodies import Bodies, Bounds, Patient, has_body

HEALTH = "/healthz"
"""The one address that answers whatever else happens."""
MOST_REQUESTS = 1000
"""That are answered at once; most of them wait for their own client."""
_RETRY_S = 5
HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    # Not "no-referrer": with it browsers send forms from no origin, and we ask for it.
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
)


def policy(store: str = "", payments: str = "", tiles: str = "") -> bytes:
    """Return the content security policy (CSP 3): our own files, and nothing inline.

    ``store`` is the origin of the object store, if browsers reach it: there a download leads.
    ``payments`` is that of the card pages, to which a form of ours leads on.
    ``tiles`` is that of the pictures that lie below a map, on the pages that have one.
    """
    ours = f"'self' {store}".strip()
    forms = f"{ours} {payments}".strip()
    pictures = f"'self' {tiles}".strip()
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; "
        f"img-src {pictures}; media-src {ours}; connect-src 'self'; worker-src 'self'; "
        f"form-action {forms}; frame-ancestors 'none'; base-uri 'none'"
    ).encode()


class Guard:
    """Bounds requests, and tells browsers and proxies how to treat answers.

    Bodies below the paths of ``streamed`` are as long as they are, and held by nobody. The pages of
    ``mapped`` alone may show pictures from the origin ``tiles``.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        streamed: tuple[str, ...],
        store: str = "",
        payments: str = "",
        tiles: str = "",
        mapped: frozenset[str] = frozenset(),
        secure: bool = False,
        bounds: Bounds | None = None,
        most: int = MOST_REQUESTS,
    ) -> None:
        self._app = app
        self._streamed = streamed
        self._bounds = bounds or Bounds()
        self._bodies = Bodies(self._bounds)
        self._left = most
        kept = [*HEADERS]
        if secure:
            kept.append((b"strict-transport-security", b"max-age=31536000"))
        self._headers = [*kept, (b"content-security-policy", policy(store, payments))]
        self._with_map = [*kept, (b"content-security-policy", policy(store, payments, tiles))]
        self._mapped = mapped

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let one request through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        mapped = scope["path"] in self._mapped
        answer = _Answer(send, self._with_map if mapped else self._headers)
        if scope["path"] == HEALTH:
            await self._app(scope, receive, answer)
        elif self._left == 0:
            await _busy(scope, receive, answer, "too many requests are answered at once")
        else:
            self._left -= 1
            try:
                await self._admitted(scope, Patient(receive, self._bounds), answer)
            finally:
                self._left += 1

    async def _admitted(self, scope: Scope, receive: Receive, answer: "_Answer") -> None:
        """Answer a request for which there is room."""
        try:
            if scope["path"].startswith(self._streamed) or not has_body(scope):
                await self._app(scope, receive, answer)
                return
            async with self._bodies.held(scope, receive) as held:
                if held is not None:
                    await self._app(scope, held, answer)
        except anyio.get_cancelled_exc_class():
            # This process ends. Whoever has no answer yet may ask the next one.
            if not answer.begun:
                with anyio.CancelScope(shield=True):
                    await _busy(scope, receive, answer, "this service is starting again")
            raise


class _Answer:
    """Sends an answer with what every answer says."""

    def __init__(self, send: Send, headers: list[tuple[bytes, bytes]]) -> None:
        self._send, self._headers = send, headers
        self.begun = False

    async def __call__(self, message: Message) -> None:
        """Send a message."""
        if message["type"] == "http.response.start":
            self.begun = True
            said = list(message.get("headers", ()))
            if not any(name == b"cache-control" for name, _ in said):
                # Answers name people; nobody in between keeps them.
                said.append((b"cache-control", b"no-store"))
            message["headers"] = [*said, *self._headers]
        await self._send(message)


async def _busy(scope: Scope, receive: Receive, send: Send, words: str) -> None:
    """Answer without asking anybody anything."""
    answer = PlainTextResponse(
        f"{words[:1].upper()}{words[1:]}: try again in {_RETRY_S} seconds.\n",
        HTTPStatus.SERVICE_UNAVAILABLE,
        {"Retry-After": str(_RETRY_S), "Connection": "close"},
    )
    await answer(scope, receive, send)
