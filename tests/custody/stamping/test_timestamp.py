import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256, sha512
from pathlib import Path
from typing import Any

import pytest
import rfc3161_client
from asn1crypto import core, tsp, x509
from cryptography.hazmat.primitives.serialization import Encoding

from custody.check.cms import TimeStampResponse, parse_timestamp
from custody.errors import AuthorityError, FormatError, KeyStoreError
from custody.formats.certificates import Certificate, format_chain
from custody.keys.keyring import Keyring, TestAuthorityKeys, load_or_make_demonstration
from custody.stamping.testauthority import LocalTestAuthority
from custody.stamping.timestamp import REPLY_TYPE, HttpTimeAuthority, format_query, stamp
from tests.servers import Answer, Asked, web_server

NOW = datetime(2026, 11, 21, 3, 5, 11, 987_654, tzinfo=UTC)
DATA = b"the signature that is stamped"


@pytest.fixture(scope="module")
def keyring(tmp_path_factory: pytest.TempPathFactory) -> Keyring:
    return load_or_make_demonstration(
        tmp_path_factory.mktemp("timestamp") / "keys",
        council="Barchester Council",
        origin="log.example/barchester",
        now=NOW,
    )


@pytest.fixture(scope="module")
def keys(keyring: Keyring) -> TestAuthorityKeys:
    assert keyring.test_authority is not None
    return keyring.test_authority


@pytest.fixture(scope="module")
def authority(keys: TestAuthorityKeys) -> LocalTestAuthority:
    return keys.authority(lambda: NOW)


class Answering:
    """An authority that answers with what it is given."""

    name = "an odd authority"
    is_test = True

    def __init__(self, chain: tuple[Certificate, ...], answer: Callable[[bytes], bytes]) -> None:
        self.chain = chain
        self.respond = answer


def test_a_stamp_says_when_to_the_second_and_over_what(authority: LocalTestAuthority) -> None:
    token = parse_timestamp(stamp(DATA, authority, nonce=2**63 + 5))
    assert token.at == NOW.replace(microsecond=0)
    assert token.imprint == sha256(DATA).digest()
    assert token.nonce == 2**63 + 5


def test_two_stamps_have_two_serial_numbers(authority: LocalTestAuthority) -> None:
    serials = {
        rfc3161_client.decode_timestamp_response(
            stamp(DATA, authority, nonce=nonce)
        ).tst_info.serial_number
        for nonce in (1, 2, 3)
    }
    assert len(serials) == 3


def test_the_query_is_the_one_that_another_program_reads(authority: LocalTestAuthority) -> None:
    request = (
        rfc3161_client.TimestampRequestBuilder()
        .data(DATA)
        .hash_algorithm(rfc3161_client.HashAlgorithm.SHA256)
        .cert_request(cert_request=True)
        .build()
    )
    assert request.nonce is not None
    assert format_query(DATA, nonce=request.nonce) == request.as_bytes()
    response = rfc3161_client.decode_timestamp_response(authority.respond(request.as_bytes()))
    verifier = (
        rfc3161_client.VerifierBuilder.from_request(request)
        .add_root_certificate(authority.root)
        .build()
    )
    assert verifier.verify_message(response, DATA)


@pytest.mark.parametrize("nonce", [0, -1, 2**64])
def test_a_nonce_that_is_none_is_refused(nonce: int) -> None:
    with pytest.raises(ValueError, match="nonce"):
        format_query(DATA, nonce=nonce)


def query(**fields: Any) -> bytes:  # noqa: ANN401 - the ASN.1 library takes anything
    value: dict[str, Any] = {
        "version": "v1",
        "message_imprint": {
            "hash_algorithm": {"algorithm": "sha256", "parameters": core.Null()},
            "hashed_message": sha256(DATA).digest(),
        },
        "cert_req": True,
    }
    return bytes(tsp.TimeStampReq({**value, **fields}).dump())


@pytest.mark.parametrize(
    ("bad", "failure"),
    [
        (b"", "bad_data_format"),
        (b"nonsense", "bad_data_format"),
        (b"\x30\x80\x00\x00", "bad_data_format"),
        (query()[:-1], "bad_data_format"),
        (query() + b"\x00", "bad_data_format"),
        (b"\x30" * 5000, "bad_data_format"),
        (query(version="v2"), "bad_request"),
        (
            query(
                message_imprint={
                    "hash_algorithm": {"algorithm": "sha512"},
                    "hashed_message": sha512(DATA).digest(),
                }
            ),
            "bad_alg",
        ),
        (
            query(
                message_imprint={
                    "hash_algorithm": {"algorithm": "sha256"},
                    "hashed_message": b"short",
                }
            ),
            "bad_data_format",
        ),
        (query(req_policy="1.2.3"), "unaccepted_policy"),
        (query(extensions=[{"extn_id": "1.2.3", "extn_value": b"x"}]), "unaccepted_extensions"),
    ],
)
def test_a_bad_query_is_rejected_in_the_protocols_own_words(
    authority: LocalTestAuthority, bad: bytes, failure: str
) -> None:
    answer = authority.respond(bad)
    with pytest.raises(FormatError, match=f"rejection, {failure}, "):
        parse_timestamp(answer)
    assert (
        rfc3161_client.PKIStatus(rfc3161_client.decode_timestamp_response(answer).status)
        is rfc3161_client.PKIStatus.REJECTION
    )


def test_no_flipped_bit_in_a_query_breaks_the_authority(authority: LocalTestAuthority) -> None:
    good = format_query(DATA, nonce=77)
    for bit in range(0, len(good) * 8, 5):
        bad = bytearray(good)
        bad[bit // 8] ^= 1 << (bit % 8)
        assert authority.respond(bytes(bad))[:1] == b"\x30"


def test_a_certificate_is_sent_only_where_it_is_asked_for(authority: LocalTestAuthority) -> None:
    with_it, without = authority.respond(query()), authority.respond(query(cert_req=False))
    assert parse_timestamp(with_it).certificates
    decoded = rfc3161_client.decode_timestamp_response(without)
    assert not decoded.signed_data.certificates


def test_the_signer_is_found_by_its_digest_among_other_certificates(
    authority: LocalTestAuthority,
) -> None:
    response = TimeStampResponse.load(stamp(DATA, authority, nonce=77))
    content = response["time_stamp_token"]["content"]
    own, root = (
        x509.Certificate.load(certificate.public_bytes(Encoding.DER))
        for certificate in authority.chain
    )
    for both in ([own, root], [root, own]):
        content["certificates"] = both
        token = parse_timestamp(response.dump())
        assert len(token.certificates) == 2
        assert token.signer == own.dump()
    content["certificates"] = [root]
    with pytest.raises(FormatError, match="does not carry the certificate"):
        parse_timestamp(response.dump())


def test_a_certificate_that_does_not_say_test_is_refused(keyring: Keyring) -> None:
    assert keyring.test_authority is not None
    keys = keyring.test_authority
    with pytest.raises(KeyStoreError, match="named as a TEST"):
        LocalTestAuthority(
            keys.key, keyring.seal_signer.certificate, keys.root, lambda: NOW, lambda: 1
        )


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda _own, _query: b"", "no usable timestamp"),
        (lambda own, _query: own.respond(b"nonsense"), "rejection"),
        (lambda own, _query: own.respond(format_query(DATA, nonce=6)), "nonce"),
        (lambda own, _query: own.respond(query()), "nonce"),
        (lambda own, _query: own.respond(format_query(b"other", nonce=5)), "other bytes"),
        (lambda own, query: own.respond(query)[:-1], "no usable timestamp"),
    ],
)
def test_an_answer_that_does_not_hold_is_not_kept(
    authority: LocalTestAuthority,
    answer: Callable[[LocalTestAuthority, bytes], bytes],
    words: str,
) -> None:
    odd = Answering(authority.chain, lambda query: answer(authority, query))
    with pytest.raises(AuthorityError, match=words):
        stamp(DATA, odd, nonce=5)


def test_an_authority_under_another_root_is_not_believed(
    keyring: Keyring, authority: LocalTestAuthority
) -> None:
    odd = Answering(keyring.seal_signer.chain, authority.respond)
    with pytest.raises(AuthorityError, match="does not hold"):
        stamp(DATA, odd, nonce=5)


@pytest.mark.parametrize("days", [-1, 800])
def test_a_clock_outside_the_certificates_dates_gives_no_stamp(
    keys: TestAuthorityKeys, days: int
) -> None:
    with pytest.raises(AuthorityError, match="not valid at that time"):
        stamp(DATA, keys.authority(lambda: NOW + timedelta(days=days)), nonce=5)


def test_openssl_agrees(authority: LocalTestAuthority, tmp_path: Path) -> None:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("no openssl on this machine; rfc3161-client checks the same without it")
    (tmp_path / "data").write_bytes(DATA)
    (tmp_path / "tsr").write_bytes(stamp(DATA, authority, nonce=77))
    (tmp_path / "root.pem").write_bytes(format_chain([authority.root]))

    def run(line: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [openssl, *line.split()], cwd=tmp_path, check=False, capture_output=True, text=True
        )

    verify = f"ts -verify -attime {int(NOW.timestamp())} -in tsr -data data -CAfile root.pem"
    assert "Verification: OK" in run(verify).stdout
    assert "Time stamp: Nov 21 03:05:11 2026 GMT" in run("ts -reply -in tsr -text").stdout
    (tmp_path / "data").write_bytes(DATA + b" ")
    assert run(verify).returncode != 0
    (tmp_path / "tsr").write_bytes(authority.respond(b"nonsense"))
    assert "Rejected" in run("ts -reply -in tsr -text").stdout


@dataclass
class Server:
    """A web server on this machine that answers each query as it is told to."""

    url: str = ""
    reply: Callable[[Asked], Answer] = lambda _asked: Answer()

    def answer(self, asked: Asked) -> Answer:
        return self.reply(asked)

    def says(self, body: bytes, *, status: int = 200, kind: str = REPLY_TYPE) -> None:
        self.reply = lambda _asked: said(body, status=status, kind=kind)


def said(body: bytes, *, status: int = 200, kind: str = REPLY_TYPE) -> Answer:
    return Answer(status, body, {"Content-Type": kind, "Location": "http://127.0.0.1:1/"})


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    with web_server(server.answer) as origin:
        server.url = f"{origin}/tsa"
        yield server


def test_an_authority_is_asked_over_http(server: Server, authority: LocalTestAuthority) -> None:
    seen = []

    def reply(asked: Asked) -> Answer:
        seen.append((asked.headers["Content-Type"], asked.path))
        return said(authority.respond(asked.body))

    server.reply = reply
    remote = HttpTimeAuthority(server.url, authority.chain)
    assert parse_timestamp(stamp(DATA, remote, nonce=5)).imprint == sha256(DATA).digest()
    assert seen == [("application/timestamp-query", "/tsa")]
    assert (remote.name, remote.is_test) == ("127.0.0.1", True)


@pytest.mark.parametrize(
    ("status", "kind", "body", "words"),
    [
        (200, "text/html", b"<h1>sign in</h1>", "text/html instead of"),
        (200, REPLY_TYPE, b"\x30" * 100_000, "more than 65536 bytes"),
        (200, REPLY_TYPE, b"nonsense", "no usable timestamp"),
        (302, REPLY_TYPE, b"", "does not answer: HTTP Error 302"),
        (307, REPLY_TYPE, b"", "does not answer: HTTP Error 307"),
        (500, REPLY_TYPE, b"", "does not answer: HTTP Error 500"),
    ],
)
def test_an_odd_answer_over_http_is_a_sentence(
    server: Server,
    authority: LocalTestAuthority,
    status: int,
    kind: str,
    body: bytes,
    words: str,
) -> None:
    server.says(body, status=status, kind=kind)
    with pytest.raises(AuthorityError, match=words):
        stamp(DATA, HttpTimeAuthority(server.url, authority.chain), nonce=5)


def test_a_silent_authority_is_waited_for_only_so_long(authority: LocalTestAuthority) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        with pytest.raises(AuthorityError, match="does not answer"):
            stamp(DATA, HttpTimeAuthority(url, authority.chain, timeout=0.05), nonce=5)
    with pytest.raises(AuthorityError, match="does not answer"):
        stamp(DATA, HttpTimeAuthority(url, authority.chain), nonce=5)


@pytest.mark.parametrize(
    "url",
    ["ftp://tsa.example/", "file:///etc/passwd", "tsa.example", "http://"],
)
def test_an_address_that_others_can_listen_to_is_refused(
    authority: LocalTestAuthority, url: str
) -> None:
    with pytest.raises(AuthorityError, match="https://"):
        HttpTimeAuthority(url, authority.chain)


@pytest.mark.parametrize("scheme", ["https", "http"])
def test_a_web_address_is_taken(authority: LocalTestAuthority, scheme: str) -> None:
    assert HttpTimeAuthority(f"{scheme}://tsa.example/tsr", authority.chain).name == "tsa.example"
