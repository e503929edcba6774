"""Edge. The web server: uvicorn, whose clock ticks once a second here instead of ten times."""

import asyncio
import socket
from types import FrameType

import uvicorn
from fastapi import FastAPI

from api.running.connections import Connection
from api.settings.errors import SettingsError
from api.settings.facts import Settings

_BACKLOG = 128
_TICK_S = 1.0
_TICKS = 10
"""What uvicorn counts in a second; at each tenth it sets the clock of its answers."""


class Server(uvicorn.Server):
    """Sleeps while nobody asks; a signal wakes it at once."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._woken: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def main_loop(self) -> None:
        """Tick until it is time to end."""
        self._woken, self._loop = asyncio.Event(), asyncio.get_running_loop()
        counter = 0
        while not await self.on_tick(counter):
            counter += _TICKS
            try:
                async with asyncio.timeout(_TICK_S):
                    await self._woken.wait()
            except TimeoutError:
                continue

    async def on_tick(self, counter: int) -> bool:
        """Look at each connection: its client may be late, or gone without a word."""
        now = asyncio.get_running_loop().time()
        for connection in list(self.server_state.connections):
            if isinstance(connection, Connection):
                connection.look(now)
        return await super().on_tick(counter)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """End, and do not wait for the next tick."""
        super().handle_exit(sig, frame)
        if self._loop is not None and self._woken is not None:
            self._loop.call_soon_threadsafe(self._woken.set)


def web_config(app: FastAPI, settings: Settings) -> uvicorn.Config:
    """Return how the web server serves ``app``."""
    return uvicorn.Config(
        app,
        http=Connection,
        ws="none",
        access_log=False,  # addresses of people who ask are nobody's business
        log_config=None,
        server_header=False,
        # Of uvicorn's own accord, everybody on this machine could call themselves anybody.
        proxy_headers=bool(settings.proxies),
        forwarded_allow_ips=list(settings.proxies),
        timeout_graceful_shutdown=10,
    )


def listen_at(host: str, port: int, words: str) -> socket.socket:
    """Return a socket that listens at a port; `words` say what to do if that cannot be.

    Raises:
        SettingsError: somebody else has it, or the address is not of this machine.
    """
    door = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    # A port that was ours a moment ago may be taken again; one that somebody listens at may not.
    door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        door.bind((host, port))
        door.listen(_BACKLOG)
    except OSError as error:
        door.close()
        raise SettingsError(
            f"port {port} on {host} cannot be used ({error.strerror}): {words}"
        ) from error
    return door
