"""Adapter. The identity provider: OpenID Connect Core 1.0, authorization code with PKCE.

Nothing that a provider says is believed before its signature, issuer, audience, nonce and times
were checked (OpenID Connect Core 1.0, section 3.1.3.7; RFC 9207; RFC 9700, section 2.1).
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

from api.denials import NotSignedInError
from api.settings.facts import SignIn
from evidence.people.access import Role
from evidence.secrets import make_secret
from storage.errors import UnavailableError

_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA")
"""Signatures with a key pair only: our client secret must not be able to sign an ID token."""
_TIMEOUT_S = 10
_LEEWAY_S = 60
_AWAY = "the identity provider does not answer"


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

    def begin(self, *, hint: str = "") -> tuple[str, Dance]:
        """Return where the browser goes to sign in, and what must come back from there.

        Raises:
            UnavailableError: the provider does not answer.
        """
        dance = Dance(*(make_secret(secrets.token_bytes) for _ in range(3)))
        with self._client() as client:
            more = {"login_hint": hint} if hint else {}
            url, _ = client.create_authorization_url(
                _endpoint(self._metadata(client), "authorization_endpoint"),
                state=dance.state,
                nonce=dance.nonce,
                code_verifier=dance.verifier,
                **more,
            )
        return str(url), dance

    def finish(self, dance: Dance, *, code: str, issuer: str | None) -> Identity:
        """Return whom the provider signed in. ``issuer`` is the answer's own word (RFC 9207).

        Raises:
            UnavailableError: the provider does not answer.
            NotSignedInError: what it answered proves nothing.
        """
        with self._client() as client:
            metadata = self._metadata(client)
            says = bool(metadata.get("authorization_response_iss_parameter_supported"))
            if (issuer is not None or says) and issuer != self._sign_in.issuer:
                raise NotSignedInError("the answer came from another issuer")
            token = self._token(client, metadata, code, dance)
            keys = _json(client, _endpoint(metadata, "jwks_uri"))
        return self._identity(self._claims(metadata, token, keys, dance))

    def _client(self) -> Any:  # noqa: ANN401 - Authlib has no types
        return OAuth2Session(
            self._sign_in.client,
            self._sign_in.secret,
            scope="openid profile email",
            redirect_uri=self._callback,
            code_challenge_method="S256",
            default_timeout=_TIMEOUT_S,
        )

    def _metadata(self, client: Any) -> Mapping[str, Any]:  # noqa: ANN401 - as above
        """Ask what the provider says of itself (OpenID Connect Discovery 1.0, section 4)."""
        base = self._sign_in.issuer.rstrip("/")
        metadata = _json(client, f"{base}/.well-known/openid-configuration")
        if metadata.get("issuer") != self._sign_in.issuer:
            raise NotSignedInError("the identity provider calls itself by another name")
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            if base.startswith("https://") and not _endpoint(metadata, name).startswith("https://"):
                raise NotSignedInError("the identity provider has an address without TLS")
        return metadata

    def _token(
        self,
        client: Any,  # noqa: ANN401 - as above
        metadata: Mapping[str, Any],
        code: str,
        dance: Dance,
    ) -> Mapping[str, Any]:
        try:
            token = client.fetch_token(
                _endpoint(metadata, "token_endpoint"),
                grant_type="authorization_code",
                code=code,
                redirect_uri=self._callback,
                code_verifier=dance.verifier,
                allow_redirects=False,
            )
        except requests.RequestException:
            raise UnavailableError(_AWAY) from None
        except (AuthlibBaseError, ValueError):
            # Without its words: they can hold the code, and are not ours.
            raise NotSignedInError("the identity provider did not accept the code") from None
        assert isinstance(token, dict)
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
    return frozenset(role for role in Role if role.value in named)


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


def _json(client: Any, url: str) -> Mapping[str, Any]:  # noqa: ANN401 - Authlib has no types
    try:
        answer = client.request("GET", url, withhold_token=True, allow_redirects=False)
        answer.raise_for_status()
        found = answer.json()
    except (requests.RequestException, ValueError):
        raise UnavailableError(_AWAY) from None
    if not isinstance(found, dict):
        raise UnavailableError(_AWAY)
    return found


def _endpoint(metadata: Mapping[str, Any], name: str) -> str:
    url = metadata.get(name)
    if not isinstance(url, str) or not url.startswith(("https://", "http://")):
        raise NotSignedInError("the identity provider does not say where it is asked")
    return url
