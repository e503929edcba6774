"""Adapter. A time-stamping authority in this process, for demonstrations and tests only.

It speaks RFC 3161 to the byte, so that every other part of the service is the real one. Its time
is this machine's own, and nobody's word: its certificates say so, and so does every report.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from asn1crypto import cms, core, tsp, x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from custody.check.cms import TimeStampResponse
from custody.check.der import check_der
from custody.errors import KeyStoreError
from custody.formats.certificates import SEAL_POLICY, Certificate, common_name, is_test_authority

TEST_TIME_POLICY = f"{SEAL_POLICY.dotted_string}.1"
"""What is promised of the time: nothing."""
_MAX_QUERY_BYTES = 4096
_DIGEST_SIZE = 32


@dataclass(frozen=True, slots=True)
class LocalTestAuthority:
    """Stamps with the given clock. Serial numbers are random and used once."""

    key: ec.EllipticCurvePrivateKey = field(repr=False)
    certificate: Certificate
    root: Certificate
    clock: Callable[[], datetime]
    serials: Callable[[], int]

    def __post_init__(self) -> None:
        """Refuse a certificate that does not say that this is a test."""
        if not is_test_authority(self.certificate):
            raise KeyStoreError("A test time authority must be named as a TEST in its certificate")
        if self.key.public_key() != self.certificate.public_key():
            raise KeyStoreError("The time authority's key does not belong to its certificate")

    @property
    def name(self) -> str:
        """Who it is, as its certificate says."""
        return common_name(self.certificate)

    @property
    def chain(self) -> tuple[Certificate, ...]:
        """Its certificate and its root."""
        return (self.certificate, self.root)

    @property
    def is_test(self) -> bool:
        """Always: there is no other use for this class."""
        return True

    def respond(self, query: bytes) -> bytes:
        """Answer a TimeStampReq; what is wrong with it is said as RFC 3161 section 2.4.2 wants."""
        try:
            request = _read_query(query)
        except _RefusedQueryError as refusal:
            return _refuse(refusal)
        return self._grant(request)

    def _grant(self, request: tsp.TimeStampReq) -> bytes:
        info: dict[str, Any] = {
            "version": "v1",
            "policy": TEST_TIME_POLICY,
            "message_imprint": request["message_imprint"],
            "serial_number": self.serials(),
            "gen_time": self.clock().astimezone(UTC).replace(microsecond=0),
            "accuracy": {"seconds": 1},
        }
        if request["nonce"].native is not None:
            info["nonce"] = request["nonce"].native
        content = tsp.TSTInfo(info).dump()
        data: dict[str, Any] = {
            "version": "v3",
            "digest_algorithms": [_sha256()],
            "encap_content_info": {
                "content_type": "tst_info",
                "content": core.ParsableOctetString(content),
            },
            "signer_infos": [self._sign(content)],
        }
        if request["cert_req"].native:
            # The signer's alone: some readers demand that a set of certificates be sorted, and
            # some writers do not sort it.
            data["certificates"] = [self._x509()]
        token = {"content_type": "signed_data", "content": data}
        return bytes(
            TimeStampResponse({"status": {"status": "granted"}, "time_stamp_token": token}).dump()
        )

    def _sign(self, content: bytes) -> dict[str, Any]:
        certificate = self._x509()
        digest = sha256(certificate.dump()).digest()
        attributes = cms.CMSAttributes(
            [
                {"type": "content_type", "values": ["tst_info"]},
                {"type": "message_digest", "values": [sha256(content).digest()]},
                {"type": "signing_certificate_v2", "values": [{"certs": [{"cert_hash": digest}]}]},
            ]
        )
        return {
            "version": "v1",
            "sid": cms.SignerIdentifier(
                "issuer_and_serial_number",
                {"issuer": certificate.issuer, "serial_number": certificate.serial_number},
            ),
            "digest_algorithm": _sha256(),
            "signed_attrs": attributes,
            "signature_algorithm": {"algorithm": "sha256_ecdsa"},
            "signature": self.key.sign(attributes.dump(), ec.ECDSA(hashes.SHA256())),
        }

    def _x509(self) -> x509.Certificate:
        return x509.Certificate.load(self.certificate.public_bytes(Encoding.DER))


class _RefusedQueryError(Exception):
    """A query that is answered with a rejection: its PKIFailureInfo, and words."""

    def __init__(self, failure: str, words: str) -> None:
        super().__init__(words)
        self.failure = failure
        self.words = words


def _read_query(query: bytes) -> tsp.TimeStampReq:
    if len(query) > _MAX_QUERY_BYTES:
        raise _RefusedQueryError("bad_data_format", "The query is too long")
    try:
        check_der(query)
        request = tsp.TimeStampReq.load(query, strict=True)
        version, policy = request["version"].native, request["req_policy"].native
        algorithm = request["message_imprint"]["hash_algorithm"]["algorithm"].native
        digest = request["message_imprint"]["hashed_message"].native
        extensions = request["extensions"].native
    except Exception as error:
        raise _RefusedQueryError(
            "bad_data_format", "The query is no TimeStampReq in DER"
        ) from error
    if version != "v1":
        raise _RefusedQueryError("bad_request", "Only version 1 is known")
    if algorithm != "sha256":
        raise _RefusedQueryError("bad_alg", "Only SHA-256 is stamped")
    if len(digest) != _DIGEST_SIZE:
        raise _RefusedQueryError("bad_data_format", "A SHA-256 digest has 32 bytes")
    if policy not in {None, TEST_TIME_POLICY}:
        raise _RefusedQueryError("unaccepted_policy", "There is one policy only")
    if extensions is not None:
        raise _RefusedQueryError("unaccepted_extensions", "No extension is known")
    return request


def _refuse(refusal: _RefusedQueryError) -> bytes:
    status = {
        "status": "rejection",
        "status_string": [refusal.words],
        "fail_info": {refusal.failure},
    }
    return bytes(TimeStampResponse({"status": status}).dump())


def _sha256() -> dict[str, object]:
    return {"algorithm": "sha256", "parameters": core.Null()}
