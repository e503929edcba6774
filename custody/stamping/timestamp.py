"""Adapter. Timestamps of RFC 3161: ask an authority, and believe only what can be checked."""

import urllib.request
from dataclasses import dataclass
from hashlib import sha256
from http.client import HTTPException, HTTPResponse
from typing import Protocol
from urllib.parse import urlsplit

from asn1crypto import core, tsp

from custody.check.cms import MAX_BYTES, parse_timestamp
from custody.check.finding import Outcome
from custody.check.seal import check_timestamp
from custody.errors import AuthorityError, FormatError
from custody.formats.certificates import Certificate, format_chain, is_test_authority

QUERY_TYPE = "application/timestamp-query"
REPLY_TYPE = "application/timestamp-reply"
MAX_NONCE = 2**64


class TimeAuthority(Protocol):
    """Whoever says when: over HTTP, or a test authority in this process."""

    @property
    def name(self) -> str:
        """Who it is, for reports."""
        ...

    @property
    def chain(self) -> tuple[Certificate, ...]:
        """Its certificates that a verifier needs, the root last."""
        ...

    @property
    def is_test(self) -> bool:
        """Whether its time is nobody's word."""
        ...

    def respond(self, query: bytes) -> bytes:
        """Answer a TimeStampReq with a TimeStampResp, both DER.

        Raises:
            AuthorityError: no answer.

        """
        ...


def format_query(data: bytes, *, nonce: int) -> bytes:
    """Write a TimeStampReq over data, with a nonce, that asks for the certificate."""
    if not 0 < nonce < MAX_NONCE:
        raise ValueError("a nonce is a random number from 1 to 2**64 - 1")
    query = tsp.TimeStampReq(
        {
            "version": "v1",
            "message_imprint": {
                "hash_algorithm": {"algorithm": "sha256", "parameters": core.Null()},
                "hashed_message": sha256(data).digest(),
            },
            "nonce": nonce,
            "cert_req": True,
        }
    )
    return bytes(query.dump())


def stamp(data: bytes, authority: TimeAuthority, *, nonce: int) -> bytes:
    """Get a timestamp over data; returns the response, checked as V5 will check it.

    `nonce` is random and used once: it shows that the answer was not kept from before.

    Raises:
        AuthorityError: no answer, a refusal, or an answer that does not hold.

    """
    tsr = authority.respond(format_query(data, nonce=nonce))
    try:
        token = parse_timestamp(tsr)
    except FormatError as error:
        raise AuthorityError(f"{authority.name} gave no usable timestamp: {error}") from error
    if token.nonce != nonce:
        raise AuthorityError(f"{authority.name} answered another question: the nonce differs")
    _, findings = check_timestamp(
        tsr, data, trust=None, tsa_chain_pem=format_chain(authority.chain)
    )
    for finding in findings:
        if finding.outcome is Outcome.FAIL:
            raise AuthorityError(f"The answer of {authority.name} does not hold: {finding.words}")
    return tsr


@dataclass(frozen=True, slots=True)
class HttpTimeAuthority:
    """An authority at an address (RFC 3161 section 3.4), known by its certificates.

    `chain` holds its root last; whatever it answers is checked against that root.
    """

    url: str
    chain: tuple[Certificate, ...]
    timeout: float = 20.0
    """Seconds, for each step of the connection."""

    def __post_init__(self) -> None:
        """Refuse what is no web address.

        Plain http is allowed, as public authorities serve it: a query holds a digest and a nonce,
        and the reply is signed.
        """
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise AuthorityError(
                f"The time authority's address {self.url} must begin with https:// or http://"
            )

    @property
    def name(self) -> str:
        """Who it is: the host of its address."""
        return urlsplit(self.url).hostname or self.url

    @property
    def is_test(self) -> bool:
        """Whether it is named as a test."""
        return any(is_test_authority(certificate) for certificate in self.chain)

    def respond(self, query: bytes) -> bytes:
        """Ask over HTTP."""
        request = urllib.request.Request(  # noqa: S310 - the scheme was looked at above
            self.url, data=query, headers={"Content-Type": QUERY_TYPE, "Accept": REPLY_TYPE}
        )
        opener = urllib.request.build_opener(_NoRedirect)
        try:
            with opener.open(request, timeout=self.timeout) as reply:
                return _read_reply(self.name, reply)
        except (OSError, HTTPException) as error:
            raise AuthorityError(f"{self.name} does not answer: {error}") from error


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Stays where it was sent: the next address may be one that others can listen to."""

    def redirect_request(self, *_: object) -> None:
        """Follow nothing; the opener then raises HTTPError with the 3xx status."""


def _read_reply(name: str, reply: HTTPResponse) -> bytes:
    kind = reply.headers.get_content_type()
    if kind != REPLY_TYPE:
        raise AuthorityError(f"{name} answered with {kind} instead of {REPLY_TYPE}")
    body = reply.read(MAX_BYTES + 1)
    if len(body) > MAX_BYTES:
        raise AuthorityError(f"{name} answered with more than {MAX_BYTES} bytes")
    return body
