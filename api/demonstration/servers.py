"""Edge. The process "standins": the demonstration's identity and payment providers, its mail sink.

The provider is oidc-provider-mock, which speaks the real protocol; we only put our own page in
the place of its one, which would ask another host for its style. The sink is aiosmtpd.
"""

import asyncio
import html
import logging
import os
import secrets
import socket
import string
import threading
import time
from collections.abc import Callable, Coroutine, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import httpx
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from api.demonstration.payments import WEBHOOK, PayStandIn
from api.demonstration.standins import ACTORS, HOST, make_mail_folder, pay_of
from api.settings.errors import SettingsError
from api.settings.facts import Settings
from api.times import utc_now
from storage.wholefiles import write_whole

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
_AUTHORISE = "/oauth2/authorize"
_LIFETIME_S = 300
_PAGE = """<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>Demonstration sign-in</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>body{{font:1.2em/1.5 sans-serif;max-width:32em;margin:2em auto;padding:0 1em}}
button{{font:inherit;display:block;width:100%;margin:.4em 0;padding:.5em;text-align:left}}</style>
</head>
<body><main><h1>Demonstration sign-in</h1>
<p>This page stands in for the council's own identity provider. Choose who you are.</p>
<form method="post">{buttons}
<button name="action" value="deny">Do not sign in</button></form></main></body></html>
"""


class Door:
    """Stands before the provider: shows our page, or signs in whom `login_hint` names."""

    def __init__(self, provider: Wsgi) -> None:
        self._provider = provider
        self._known = {actor.subject for actor in ACTORS}
        buttons = "".join(
            f'<button name="sub" value="{html.escape(actor.subject)}">'
            f"{html.escape(actor.name)}</button>"
            for actor in ACTORS
        )
        self._page = _PAGE.format(buttons=buttons).encode()

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        """Answer one request (PEP 3333)."""
        if environ["PATH_INFO"] != _AUTHORISE or environ["REQUEST_METHOD"] != "GET":
            return self._provider(environ, start_response)
        hint = parse_qs(environ.get("QUERY_STRING", "")).get("login_hint", [""])[0]
        if hint not in self._known:
            start_response("200 OK", [("Content-Type", "text/html; charset=utf-8")])
            return [self._page]
        # As if the button on our page had been pressed: the provider checks all the rest.
        body = f"sub={hint}".encode()
        pressed = {
            **environ,
            "REQUEST_METHOD": "POST",
            "CONTENT_TYPE": "application/x-www-form-urlencoded",
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.input": BytesIO(body),
        }
        return self._provider(pressed, start_response)


class Sink:
    """Takes every mail, and writes each into a file of its own that this user alone reads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        """Keep one mail; on the disk before it is accepted."""
        content = envelope.original_content or b""
        name = f"{time.time_ns():020d}-{secrets.token_hex(4)}.eml"
        write_whole(self._folder / name, content)
        return "250 kept by the demonstration, and sent to nobody"


class Mailbox(Controller):
    """The sink's server, on a socket that is open already."""

    def __init__(self, sink: Sink, door: socket.socket) -> None:
        host, port = door.getsockname()
        super().__init__(sink, hostname=host, port=port)
        self._door = door

    def _create_server(self) -> Coroutine[Any, Any, asyncio.AbstractServer]:
        return self.loop.create_server(self._factory_invoker, sock=self._door)


def serve(settings: Settings, stop: threading.Event, doors: Sequence[socket.socket]) -> None:
    """Serve all until ``stop`` is set, at their doors in the order of `Ports`.

    Raises:
        SettingsError: this is a production.
    """
    if settings.production:
        raise SettingsError("the demonstration's stand-ins do not run with CUSTOS_ENV=production")
    sign_in, mail, payments = doors
    for speaker in ("mail.log", "werkzeug", "oidc_provider_mock"):
        # They name who writes to whom, and who signs in: in no log of ours.
        logging.getLogger(speaker).setLevel(logging.ERROR)
    sink = Mailbox(Sink(make_mail_folder(settings)), mail)
    sink.start()
    servers = [_provider(sign_in), _payments(settings, payments)]
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    stop.wait()
    for server in servers:
        server.shutdown()
    sink.stop()


def _payments(settings: Settings, door: socket.socket) -> Any:  # noqa: ANN401 - as `_provider`
    from werkzeug.serving import make_server  # noqa: PLC0415 - only this process pays for it

    host, port = door.getsockname()
    pay = pay_of(settings)
    calls = ThreadPoolExecutor(1, "payment calls")
    # The one address that it ever calls: our own process of pages, on this machine.
    everywhere = settings.host in ("", "0.0.0.0", "::")  # noqa: S104 - compared, and not bound
    url = f"http://{HOST if everywhere else settings.host}:{settings.port}{WEBHOOK}"
    stand_in = PayStandIn(
        own=f"http://{HOST}:{port}",
        returns=settings.origin,
        key=pay.key,
        secret=pay.webhook_secret,
        deliver=lambda body, signature: _ignore(calls.submit(_call, url, body, signature)),
        clock=utc_now,
        draw=_draw,
        kept=settings.data / "payments.json",
    )
    return make_server(host, port, stand_in, threaded=True, fd=door.fileno())


def _draw(length: int) -> str:
    return "".join(secrets.choice(string.ascii_lowercase + string.digits) for _ in range(length))


def _ignore(_sent: object) -> None:
    """Let a call go its way: whoever missed it asks."""


def _call(url: str, body: bytes, signature: str) -> None:
    """Tell of a payment, a few times if nobody answers."""
    headers = {"Content-Type": "application/json", "Pay-Signature": signature}
    for pause in (0.5, 2.0, 5.0):
        with suppress(httpx.HTTPError):
            if httpx.post(url, content=body, headers=headers, timeout=5).is_success:
                return
        time.sleep(pause)


def _provider(door: socket.socket) -> Any:  # noqa: ANN401 - werkzeug's server, imported only here
    # Only this process speaks plain HTTP as a provider, and only to this machine.
    os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"
    from oidc_provider_mock import User, app  # noqa: PLC0415 - only this process pays for it
    from werkzeug.serving import make_server  # noqa: PLC0415

    mock = app(
        require_nonce=True,
        issue_refresh_token=False,
        access_token_max_age=timedelta(seconds=_LIFETIME_S),
        user_claims=[
            User(
                sub=one.subject,
                claims={"name": one.name, "email": one.email, "roles": list(one.roles)},
            )
            for one in ACTORS
        ],
    )
    host, port = door.getsockname()
    return make_server(host, port, Door(mock), threaded=True, fd=door.fileno())
