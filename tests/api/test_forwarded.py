"""Who asks is who the connection says, unless a reverse proxy that was named says otherwise."""

import asyncio
from typing import Any

import pytest
from fastapi import FastAPI, Request

from api.running.serving import web_config
from api.settings.environment import read_settings
from api.settings.errors import SettingsError


def asking(proxies: str, client: str, *said: str) -> tuple[str, str]:
    """Return as whom, and over what, somebody asks who sends ``X-Forwarded-For``."""
    seen: list[tuple[str, str]] = []
    app = FastAPI(openapi_url=None)

    @app.get("/")
    def who(request: Request) -> None:
        assert request.client is not None
        seen.append((request.client.host, request.url.scheme))

    config = web_config(app, read_settings({"CUSTOS_PROXIES": proxies}))
    config.load()
    headers = [(b"x-forwarded-for", one.encode()) for one in said]
    scope: dict[str, Any] = {
        "type": "http",
        "method": "GET",
        "path": "/",
        "raw_path": b"/",
        "query_string": b"",
        "root_path": "",
        "scheme": "http",
        "headers": [*headers, (b"x-forwarded-proto", b"https"), (b"forwarded", b"for=9.9.9.9")],
        "client": (client, 1),
        "server": ("127.0.0.1", 8000),
    }

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(_message: object) -> None:
        return None

    asyncio.run(config.loaded_app(scope, receive, send))
    return seen[0]


@pytest.mark.parametrize("client", ["127.0.0.1", "::1", "10.0.0.7", "192.0.2.1"])
def test_where_no_proxy_is_named_nobody_speaks_for_another(
    monkeypatch: pytest.MonkeyPatch, client: str
) -> None:
    # What uvicorn itself would go by.
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "*")
    assert asking("", client, "203.0.113.9") == (client, "http")
    assert asking("", client, "203.0.113.9, 127.0.0.1", "203.0.113.8") == (client, "http")


@pytest.mark.parametrize("proxies", ["10.0.0.7", "10.0.0.0/28", "192.0.2.9, 10.0.0.7"])
def test_a_proxy_that_is_named_says_who_asks(proxies: str) -> None:
    assert asking(proxies, "10.0.0.7", "203.0.113.9") == ("203.0.113.9", "https")
    # What a stranger wrote before it came there is not what the proxy saw.
    assert asking(proxies, "10.0.0.7", "198.51.100.1, 203.0.113.9")[0] == "203.0.113.9"
    assert asking(proxies, "127.0.0.1", "203.0.113.9") == ("127.0.0.1", "http")


@pytest.mark.parametrize(
    "proxies", ["*", "0.0.0.0/0", "::/0", "proxy.council.gov.uk", "10.0.0.7/8", "10.0.0.1;", "all"]
)
def test_everybody_and_what_is_no_address_is_refused(proxies: str) -> None:
    with pytest.raises(SettingsError, match="CUSTOS_PROXIES has"):
        read_settings({"CUSTOS_PROXIES": proxies})
