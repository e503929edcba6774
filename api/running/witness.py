"""Edge. A witness over HTTP: `POST /add-checkpoint`, and nothing else. It needs no engine."""

import asyncio
import logging
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from api.running.connections import Connection
from api.times import utc_now
from custody.witness.heads import Heads
from custody.witness.identities import load_identity
from custody.witness.requests import MAX_BYTES
from custody.witness.witness import Witness

BODY_S = 10.0
"""Within so many seconds a request must be whole: it has a few kB."""
_AT_ONCE = 64
_log = logging.getLogger("custos.witness")


def open_witness(folder: Path) -> Witness:
    """Return the witness of a folder.

    Raises:
        KeyStoreError, LogStateError: its keys or its state cannot be read. The message says more.
    """
    identity, heads = load_identity(folder), Heads(folder)
    heads.all()  # what is damaged is told at the start, and not first to the log
    return Witness(heads, identity.signers, clock=utc_now, tell=_log.info)


def create_witness_app(witness: Witness, *, body_s: float = BODY_S) -> Starlette:
    """Return the application that answers for a witness."""

    async def add_checkpoint(request: Request) -> Response:
        try:
            async with asyncio.timeout(body_s):
                body = await _read(request)
        except TimeoutError:
            return PlainTextResponse("The request did not come in time\n", 408)
        except ClientDisconnect:
            return Response(status_code=400)
        if body is None:
            return PlainTextResponse(f"A request has at most {MAX_BYTES} bytes\n", 413)
        answer = await run_in_threadpool(witness.add_checkpoint, body)
        return Response(answer.body, answer.status, {"Content-Type": answer.kind})

    return Starlette(routes=[Route("/add-checkpoint", add_checkpoint, methods=["POST"])])


def witness_config(witness: Witness, host: str, port: int) -> uvicorn.Config:
    """Return how a witness is served; TLS is for the proxy before it."""
    return uvicorn.Config(
        create_witness_app(witness),
        host=host,
        port=port,
        http=Connection,
        ws="none",
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=_AT_ONCE,
        timeout_graceful_shutdown=10,
    )


async def _read(request: Request) -> bytes | None:
    """Return the body; None: it is too long, and the rest of it is not read."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > MAX_BYTES:
            return None
    return bytes(body)
