"""Adapter. The identity provider: OpenID Connect Core 1.0, authorization code with PKCE.

Nothing that a provider says is believed before its signature, issuer, audience, nonce and times
were checked (OpenID Connect Core 1.0, section 3.1.3.7; RFC 9207; RFC 9700, section 2.1).
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from authlib.common.urls import add_params_to_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

from api.denials import NotSignedInError
from api.settings.facts import SignIn
from api.signin.asking import Asking, Kept, asking
from evidence.people.access import STAFF, Role
from evidence.secrets import make_secret

_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA")
"""Signatures with a key pair only: our client secret must not be able to sign an ID token."""
_LEEWAY_S = 60
_KEPT_S = 600.0
"""What the provider says of itself, and its keys, are believed for so long."""
_FRESH_S = 10.0
"""Keys that were fetched just now are not fetched again because a token does not fit them."""


@dataclass(frozen=True, slots=True)
class Dance:
    """What one sign-in began with: kept in the browser that began it, and used once."""

    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom the provider signed in: known by issuer and subject, never by a name or an address."""

    issuer: str
    subject: str
    name: str
    email: str
    roles: frozenset[Role]


class IdentityProvider:
    """One provider, and we as its client."""

    def __init__(self, sign_in: SignIn, *, callback: str) -> None:
        self._sign_in = sign_in
        self._callback = callback
        self._metadata, self._keys = Kept(_KEPT_S), Kept(_KEPT_S)

    async def begin(self, *, hint: str = "") -> tuple[str, Dance]:
        """Return where the browser goes to sign in, and what must come back from there.

        Raises:
            UnavailableError, BusyError: the provider does not answer, or many wait for it.
        """
        dance = Dance(*(make_secret(secrets.token_bytes) for _ in range(3)))
        metadata = self._metadata.get()
        if metadata is None:
            async with asking() as ask:
                metadata = await self._discover(ask)
        asks = {
            "response_type": "code",
            "client_id": self._sign_in.client,
            "redirect_uri": self._callback,
            "scope": "openid profile email",
            "state": dance.state,
            "nonce": dance.nonce,
            "code_challenge": create_s256_code_challenge(dance.verifier),
            "code_challenge_method": "S256",
            **({"login_hint": hint} if hint else {}),
        }
        url = add_params_to_uri(_endpoint(metadata, "authorization_endpoint"), asks.items())
        return str(url), dance

    async def finish(self, dance: Dance, *, code: str, issuer: str | None) -> Identity:
        """Return whom the provider signed in. ``issuer`` is the answer's own word (RFC 9207).

        Raises:
            UnavailableError, BusyError: the provider does not answer, or many wait for it.
            NotSignedInError: what it answered proves nothing.
        """
        async with asking() as ask:
            metadata = await self._discover(ask)
            says = bool(metadata.get("authorization_response_iss_parameter_supported"))
            if (issuer is not None or says) and issuer != self._sign_in.issuer:
                raise NotSignedInError("the answer came from another issuer")
            token = await self._token(ask, metadata, code, dance)
            where = _endpoint(metadata, "jwks_uri")
            keys = self._keys.get() or self._keys.put(await ask.get(where))
            try:
                claims = self._claims(metadata, token, keys, dance)
            except NotSignedInError:
                if self._keys.age < _FRESH_S:
                    raise
                # It may have changed its keys since we asked for them.
                claims = self._claims(metadata, token, self._keys.put(await ask.get(where)), dance)
        return self._identity(claims)

    async def _discover(self, ask: Asking) -> Mapping[str, Any]:
        """Ask what the provider says of itself (OpenID Connect Discovery 1.0, section 4)."""
        if (known := self._metadata.get()) is not None:
            return known
        base = self._sign_in.issuer.rstrip("/")
        metadata = await ask.get(f"{base}/.well-known/openid-configuration")
        if metadata.get("issuer") != self._sign_in.issuer:
            raise NotSignedInError("the identity provider calls itself by another name")
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            if base.startswith("https://") and not _endpoint(metadata, name).startswith("https://"):
                raise NotSignedInError("the identity provider has an address without TLS")
        return self._metadata.put(metadata)

    async def _token(
        self, ask: Asking, metadata: Mapping[str, Any], code: str, dance: Dance
    ) -> Mapping[str, Any]:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._callback,
            "code_verifier": dance.verifier,
        }
        client = (self._sign_in.client, self._sign_in.secret)
        token = await ask.exchange(_endpoint(metadata, "token_endpoint"), form, client)
        if token is None:
            # Without its words: they can hold the code, and are not ours.
            raise NotSignedInError("the identity provider did not accept the code")
        return token

    def _claims(
        self,
        metadata: Mapping[str, Any],
        token: Mapping[str, Any],
        keys: Mapping[str, Any],
        dance: Dance,
    ) -> Mapping[str, Any]:
        algorithms = _algorithms(metadata)
        try:
            signed = jwt.decode(
                str(token.get("id_token", "")),
                KeySet.import_key_set(keys),  # type: ignore[arg-type]
                registry=JWSRegistry(algorithms=algorithms, strict_check_header=False),
            )
            claims = CodeIDToken(
                signed.claims,
                signed.header,
                {
                    "iss": {"essential": True, "value": self._sign_in.issuer},
                    "aud": {"essential": True, "value": self._sign_in.client},
                },
                {
                    "nonce": dance.nonce,
                    "client_id": self._sign_in.client,
                    "access_token": token.get("access_token"),
                },
            )
            claims.validate(leeway=_LEEWAY_S)
        except (JoseError, ValueError, KeyError, TypeError) as error:
            # Of the error only its kind: its words may quote the token.
            kind = type(error).__name__
            raise NotSignedInError(f"the ID token does not hold ({kind})") from None
        return dict(claims)

    def _identity(self, claims: Mapping[str, Any]) -> Identity:
        subject, name, email = (claims.get(one) for one in ("sub", "name", "email"))
        if not isinstance(subject, str):
            raise NotSignedInError("the ID token names nobody")
        return Identity(
            issuer=self._sign_in.issuer,
            subject=subject,
            name=name if isinstance(name, str) else "",
            # An address that the provider says it has not checked is nobody's.
            email=email
            if isinstance(email, str) and claims.get("email_verified") is not False
            else "",
            roles=parse_roles(_find(claims, self._sign_in.roles_claim)),
        )


def parse_roles(claim: object) -> frozenset[Role]:
    """Return the roles that a claim names: a list, or words between spaces; others are no roles."""
    words = claim.split() if isinstance(claim, str) else claim
    if not isinstance(words, list):
        return frozenset()
    named = {word.strip().lower() for word in words if isinstance(word, str)}
    return frozenset(role for role in STAFF if role.value in named)


def _algorithms(metadata: Mapping[str, Any]) -> list[str]:
    """Return by which signatures an ID token may be signed: never none, which would allow any.

    Raises:
        NotSignedInError: the provider offers none that we take.
    """
    offered = metadata.get("id_token_signing_alg_values_supported", ["RS256"])
    known = [name for name in _ALGORITHMS if isinstance(offered, list) and name in offered]
    if not known:
        raise NotSignedInError("the identity provider signs in no way that is safe")
    return known


def _find(claims: Mapping[str, Any], name: str) -> object:
    """Return a claim by its name, or by the path to it, such as realm_access.roles."""
    if name in claims:
        return claims[name]
    found: object = claims
    for part in name.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _endpoint(metadata: Mapping[str, Any], name: str) -> str:
    url = metadata.get(name)
    if not isinstance(url, str) or not url.startswith(("https://", "http://")):
        raise NotSignedInError("the identity provider does not say where it is asked")
    return url
