"""The demonstration's stand-ins as a process, and a provider that lies as it is told."""

import json
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from api.demonstration.standins import report
from api.running.doors import Doors
from api.running.powers import hand_over
from api.running.processes import STAND_INS, command
from api.settings.facts import Settings, SignIn
from tests.polling import PATIENCE_S
from tests.servers import Answer, Asked, web_server


@contextmanager
def stand_ins(settings: Settings) -> Iterator[Path]:
    """Run the process as `custos up` does, until the end of the block; yield its log."""
    path = settings.data / "standins-of-a-test.log"
    doors = Doors()
    doors.open_stand_ins(settings)
    with path.open("wb") as log, closing(doors):
        handed = doors.of(STAND_INS)
        process = subprocess.Popen(
            command(STAND_INS, settings, handed),
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            pass_fds=handed,
        )
        assert process.stdin is not None
        with process.stdin as pipe:
            pipe.write(hand_over(STAND_INS, settings, None))
        try:
            pause = threading.Event()
            deadline = time.monotonic() + PATIENCE_S
            while (words := report(settings)) != "ok":
                assert process.poll() is None, path.read_text()
                assert time.monotonic() < deadline, words
                pause.wait(0.05)
            yield path
        finally:
            process.terminate()
            assert process.wait(PATIENCE_S) == 0


@cache
def _key() -> RSAKey:
    return RSAKey.generate_key(2048)


@dataclass
class LyingProvider:
    """A provider of our own: honest, until a test changes one thing about it."""

    issuer: str = ""
    client: str = "custos"
    secret: str = "the client's own secret, and long"  # 32 bytes at least, for HS256
    key: Any = field(default_factory=_key)
    claims: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    algorithm: str = "RS256"
    signed_by: Any = None
    published: Any = None
    codes: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def sign_in(self) -> SignIn:
        """What we are told of it."""
        return SignIn(self.issuer, self.client, self.secret)

    def authorise(self, url: str) -> str:
        """Do what its page does: give a code for what was asked; return the code."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        code = sha256(asked["state"].encode()).hexdigest()
        self.codes[code] = asked
        return code

    def discovery(self) -> dict[str, Any]:
        """Say what it says of itself."""
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"],
            **self.metadata,
        }

    def token(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        """Exchange a code, once, for whoever began (RFC 7636, section 4.6)."""
        asked = self.codes.pop(form.get("code", ""), None)
        challenge = create_s256_code_challenge(form.get("code_verifier", ""))
        if asked is None or asked["code_challenge"] != challenge:
            return 400, {"error": "invalid_grant"}
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "sub": "248289761001",
            "aud": self.client,
            "iat": now,
            "exp": now + 300,
            "nonce": asked["nonce"],
            "name": "Jane Doe",
            "roles": ["operator"],
            **self.claims,
        }
        header = {"alg": self.algorithm, "kid": self.key.thumbprint()}
        signer = self.signed_by or self.key
        signed = jwt.encode(header, claims, signer, algorithms=[self.algorithm])
        return 200, {"access_token": "at", "token_type": "Bearer", "id_token": signed}

    def keys(self) -> dict[str, Any]:
        """Return its public keys."""
        if self.published is not None:
            public = self.published.as_dict(is_private=True)
        else:
            public = self.key.as_dict(is_private=False)
        return {"keys": [{**public, "kid": self.key.thumbprint()}]}


@contextmanager
def lying_provider() -> Iterator[LyingProvider]:
    """Serve a provider on this machine until the end of the block."""
    told = LyingProvider()

    def reply(asked: Asked) -> Answer:
        if asked.method == "POST":
            form = {name: one[0] for name, one in parse_qs(asked.body.decode()).items()}
            return said(*told.token(form))
        at_discovery = asked.path == "/.well-known/openid-configuration"
        return said(200, told.discovery() if at_discovery else told.keys())

    with web_server(reply) as told.issuer:
        yield told


def said(status: int, body: dict[str, Any]) -> Answer:
    """Answer as providers do, in JSON."""
    return Answer(status, json.dumps(body).encode(), {"Content-Type": "application/json"})


def secret_as_key(provider: LyingProvider) -> Any:  # noqa: ANN401 - a key of joserfc's
    """Return our client secret as a key: whoever else knows it must not sign for the provider."""
    return OctKey.import_key(provider.secret)
