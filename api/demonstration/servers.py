"""Edge. The process "standins": the demonstration's identity provider and its mail sink.

The provider is oidc-provider-mock, which speaks the real protocol; we only put our own page in
the place of its one, which would ask another host for its style. The sink is aiosmtpd.
"""

import asyncio
import html
import logging
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Coroutine, Iterable, Sequence
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from api.demonstration.standins import ACTORS, make_mail_folder
from api.settings.errors import SettingsError
from api.settings.facts import Settings
from storage.embedded.directory import write_private

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
        write_private(self._folder / name, content)
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
    """Serve both until ``stop`` is set, at the doors of provider and sink.

    Raises:
        SettingsError: this is a production.
    """
    if settings.production:
        raise SettingsError("the demonstration's stand-ins do not run with CUSTOS_ENV=production")
    sign_in, mail = doors
    for speaker in ("mail.log", "werkzeug", "oidc_provider_mock"):
        # They name who writes to whom, and who signs in: in no log of ours.
        logging.getLogger(speaker).setLevel(logging.ERROR)
    sink = Mailbox(Sink(make_mail_folder(settings)), mail)
    sink.start()
    provider = _provider(sign_in)
    thread = threading.Thread(target=provider.serve_forever, daemon=True)
    thread.start()
    stop.wait()
    provider.shutdown()
    sink.stop()


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
