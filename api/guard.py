"""Edge. What holds for every request and every answer, whatever the route."""

from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST_BYTES = 1 << 20
"""Of a body that is held in memory, as every body is but that of an upload."""
HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    # Not "no-referrer": with it browsers send forms from no origin, and we ask for it.
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
)


def policy(store: str = "") -> bytes:
    """Return the content security policy (CSP 3): our own files, and nothing inline.

    ``store`` is the origin of the object store, if browsers reach it: there a download leads.
    """
    ours = f"'self' {store}".strip()
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        f"media-src {ours}; connect-src 'self'; worker-src 'self'; form-action {ours}; "
        "frame-ancestors 'none'; base-uri 'none'"
    ).encode()


class Guard:
    """Bounds the bodies of requests, and tells browsers and proxies how to treat answers.

    Bodies below the paths of ``streamed`` are as long as they are, and held by nobody.
    """

    def __init__(
        self, app: ASGIApp, *, streamed: tuple[str, ...], store: str = "", secure: bool = False
    ) -> None:
        self._app = app
        self._streamed = streamed
        self._headers = [*HEADERS, (b"content-security-policy", policy(store))]
        if secure:
            self._headers.append((b"strict-transport-security", b"max-age=31536000"))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let one request through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        arrived = 0

        async def bounded() -> Message:
            nonlocal arrived
            message = await receive()
            arrived += len(message.get("body", b""))
            if arrived > MOST_BYTES:
                raise HTTPException(
                    HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"at most {MOST_BYTES:,} bytes"
                )
            return message

        async def labelled(message: Message) -> None:
            if message["type"] == "http.response.start":
                said = list(message.get("headers", ()))
                if not any(name == b"cache-control" for name, _ in said):
                    # Answers name people; nobody in between keeps them.
                    said.append((b"cache-control", b"no-store"))
                message["headers"] = [*said, *self._headers]
            await send(message)

        is_streamed = scope["path"].startswith(self._streamed)
        await self._app(scope, receive if is_streamed else bounded, labelled)
