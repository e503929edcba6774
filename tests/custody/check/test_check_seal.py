"""V4 and V5: what must never pass, and what may.

No single flipped bit of a signature, or of a timestamp by the test authority, goes unseen: the
tests below count 0 of about 8,000 each. Other authorities' timestamps may hold bits that no check
can see; so nothing rests on this alone, and their digests are in the ledger (V6).
"""

import random
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import cms, core
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs7,
)
from cryptography.x509.oid import ExtendedKeyUsageOID

from custody.check.cms import (
    DetachedSignature,
    TimeStampResponse,
    format_detached,
    parse_detached,
)
from custody.check.finding import Finding, Outcome
from custody.check.seal import check_signature, check_timestamp
from custody.formats.certificates import (
    MAX_CERTIFICATES,
    Certificate,
    format_chain,
    key_usage,
    make_name,
    make_root,
    make_seal_certificate,
    make_time_certificate,
)
from custody.formats.trust import SealPin, Trust, pem_of, pin_certificate
from custody.keys.keyring import Keyring, load_or_make_demonstration
from custody.keys.signing import FileSealSigner
from custody.stamping.testauthority import LocalTestAuthority
from custody.stamping.timestamp import format_query, stamp

NOW = datetime.now(UTC).replace(microsecond=0)
CONTENT = b"0" * 64 + b"  manifest-sha256.txt\n"


@dataclass(frozen=True)
class Sealed:
    """One sealed list of files, as it lies in a package, and what a verifier knows."""

    p7s: bytes
    tsr: bytes
    chain: bytes
    root: bytes
    tsa_chain: bytes
    trust: Trust

    def signature(
        self,
        *,
        content: bytes = CONTENT,
        trusted: bool = True,
        at: datetime | None = NOW,
    ) -> tuple[Finding, ...]:
        return check_signature(
            self.p7s,
            content,
            trust=self.trust if trusted else None,
            stamped_at=at,
            chain_pem=self.chain,
            root_pem=self.root,
        )

    def timestamp(
        self, *, data: bytes | None = None, trusted: bool = True
    ) -> tuple[datetime | None, tuple[Finding, ...]]:
        return check_timestamp(
            self.tsr,
            self.p7s if data is None else data,
            trust=self.trust if trusted else None,
            tsa_chain_pem=self.tsa_chain,
        )


def make_keyring(folder: Path, council: str) -> Keyring:
    return load_or_make_demonstration(
        folder, council=council, origin="log.example/barchester", now=NOW
    )


def seal(keyring: Keyring) -> Sealed:
    assert keyring.test_authority is not None
    authority = keyring.test_authority.authority(lambda: NOW)
    p7s = keyring.seal_signer.sign_detached(CONTENT)
    return Sealed(
        p7s=p7s,
        tsr=stamp(p7s, authority, nonce=77),
        chain=format_chain(keyring.seal_signer.chain),
        root=format_chain(keyring.seal_signer.chain[-1:]),
        tsa_chain=format_chain(authority.chain),
        trust=keyring.trust((authority.root,)),
    )


@pytest.fixture(scope="module")
def keyring(tmp_path_factory: pytest.TempPathFactory) -> Keyring:
    return make_keyring(tmp_path_factory.mktemp("seal") / "keys", "Barchester Council")


@pytest.fixture(scope="module")
def sealed(keyring: Keyring) -> Sealed:
    return seal(keyring)


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Sealed:
    """Another council's, made in the same way, under the same name."""
    return seal(make_keyring(tmp_path_factory.mktemp("stranger") / "keys", "Barchester Council"))


def fails(findings: Sequence[Finding]) -> list[str]:
    return [finding.words for finding in findings if finding.outcome is Outcome.FAIL]


def with_bytes(part: str, data: bytes) -> dict[str, Any]:
    return {part: data}


def outcomes(findings: Sequence[Finding]) -> list[Outcome]:
    return [finding.outcome for finding in findings]


def issue(
    name: str,
    *,
    public: ec.EllipticCurvePublicKey,
    root: Certificate,
    root_key: ec.EllipticCurvePrivateKey,
) -> Certificate:
    return make_seal_certificate(
        make_name("Barchester", name),
        public,
        root=root,
        root_key=root_key,
        now=NOW,
        serial=x509.random_serial_number(),
    )


@dataclass(frozen=True)
class House:
    """A council's root whose key the test holds, to issue what it likes."""

    key: ec.EllipticCurvePrivateKey
    root: Certificate

    def leaf(self, name: str = "Evidence seal") -> FileSealSigner:
        key = ec.generate_private_key(ec.SECP256R1())
        leaf = issue(name, public=key.public_key(), root=self.root, root_key=self.key)
        return FileSealSigner(key, (leaf, self.root))

    def sealed(self, signer: FileSealSigner, like: Sealed, *, pinned: SealPin) -> Sealed:
        return replace(
            like,
            p7s=signer.sign_detached(CONTENT),
            chain=format_chain(signer.chain),
            root=format_chain(signer.chain[-1:]),
            trust=replace(
                like.trust, demonstration=False, seals=(pinned,), roots=(pem_of(self.root),)
            ),
        )


@pytest.fixture(scope="module")
def house() -> House:
    key = ec.generate_private_key(ec.SECP256R1())
    root = make_root(make_name("Barchester", "Seal root"), key, now=NOW, serial=1)
    return House(key, root)


def test_a_seal_passes_and_is_called_a_demonstration(sealed: Sealed) -> None:
    findings = sealed.signature()
    assert outcomes(findings) == [Outcome.PASS] * 5 + [Outcome.NOTE]
    assert "demonstration keys" in findings[-1].words
    at, stamped = sealed.timestamp()
    assert at == NOW
    assert outcomes(stamped) == [Outcome.PASS, Outcome.PASS, Outcome.NOTE]
    assert "test authority" in stamped[-1].words
    assert {finding.step for finding in findings} == {"V4"}
    assert {finding.step for finding in stamped} == {"V5"}


def test_a_seal_of_a_real_council_has_nothing_to_note(house: House, sealed: Sealed) -> None:
    signer = house.leaf()
    real = house.sealed(signer, sealed, pinned=pin_certificate(signer.certificate))
    assert outcomes(real.signature()) == [Outcome.PASS] * 5


def test_without_a_trust_file_nobody_is_named(sealed: Sealed) -> None:
    findings = sealed.signature(trusted=False)
    assert not fails(findings)
    assert Outcome.NOT_CHECKED in outcomes(findings)
    at, stamped = sealed.timestamp(trusted=False)
    assert at == NOW
    assert Outcome.NOT_CHECKED in outcomes(stamped)


def test_without_a_stamp_the_dates_are_not_called_checked(sealed: Sealed) -> None:
    findings = sealed.signature(at=None)
    assert not fails(findings)
    assert any(
        finding.outcome is Outcome.NOT_CHECKED and "no timestamp" in finding.words
        for finding in findings
    )


def test_changed_content_never_passes(sealed: Sealed) -> None:
    for content in (CONTENT + b"\n", CONTENT.replace(b"\n", b"\r\n"), b"", CONTENT[1:]):
        (words,) = fails(sealed.signature(content=content))
        assert "another list of files" in words
        (finding,) = (item for item in sealed.signature(content=content) if "another" in item.words)
        assert finding.expected != finding.found
        assert len(finding.found) == 64


def test_another_councils_keys_never_pass(sealed: Sealed, stranger: Sealed) -> None:
    foreign = replace(stranger, trust=sealed.trust)
    assert fails(foreign.signature())
    at, findings = foreign.timestamp()
    assert at is None
    assert fails(findings)
    for part in ("p7s", "chain", "root"):
        mixed = replace(sealed, **with_bytes(part, getattr(stranger, part)))
        assert fails(mixed.signature()), part
        assert fails(mixed.signature(trusted=False)), part
    mixed = replace(sealed, tsa_chain=stranger.tsa_chain)
    assert not fails(mixed.timestamp()[1])  # the trust file's root counts, not the package's
    assert fails(mixed.timestamp(trusted=False)[1])


def test_another_certificate_of_the_same_root_never_passes(house: House, sealed: Sealed) -> None:
    pinned, other = house.leaf(), house.leaf()
    bad = house.sealed(other, sealed, pinned=pin_certificate(pinned.certificate))
    (words,) = fails(bad.signature())
    assert "not pinned" in words


def test_another_root_in_the_package_never_passes(house: House, sealed: Sealed) -> None:
    signer = house.leaf()
    good = house.sealed(signer, sealed, pinned=pin_certificate(signer.certificate))
    bad = replace(good, trust=replace(good.trust, roots=sealed.trust.roots))
    (words,) = fails(bad.signature())
    assert "root in the package is another" in words


def test_a_seal_outside_its_certificates_dates_never_passes(sealed: Sealed) -> None:
    for at in (NOW - timedelta(days=1), NOW + timedelta(days=732)):
        for trusted in (True, False):
            assert any(
                "not valid at that time" in w
                for w in fails(sealed.signature(at=at, trusted=trusted))
            )


def test_a_certificate_that_expired_since_is_judged_at_the_stamped_time(sealed: Sealed) -> None:
    """Nothing here asks what day it is today: the dates above are all the time there is."""
    (pin,) = sealed.trust.seals
    assert pin.valid_to - NOW < timedelta(days=731)
    assert not fails(sealed.signature(at=pin.valid_to))
    assert fails(sealed.signature(at=pin.valid_to + timedelta(seconds=1)))


def test_a_seal_before_or_after_its_pin_never_passes(sealed: Sealed) -> None:
    (pin,) = sealed.trust.seals
    for bounds in (
        (NOW + timedelta(1), NOW + timedelta(2)),
        (NOW - timedelta(2), NOW - timedelta(1)),
    ):
        moved = replace(pin, valid_from=bounds[0], valid_to=bounds[1])
        bad = replace(sealed, trust=replace(sealed.trust, seals=(moved,)))
        (words,) = fails(bad.signature())
        assert "did not count at that time" in words


def test_a_revoked_key_counts_until_it_was_revoked(sealed: Sealed) -> None:
    (pin,) = sealed.trust.seals

    def revoked(at: datetime) -> list[str]:
        seals = (replace(pin, revoked_at=at),)
        return fails(replace(sealed, trust=replace(sealed.trust, seals=seals)).signature())

    assert not revoked(NOW + timedelta(seconds=1))
    for at in (NOW, NOW - timedelta(seconds=1)):
        (words,) = revoked(at)
        assert "revoked" in words


def sign_as(certificate: Certificate, key: ec.EllipticCurvePrivateKey) -> bytes:
    builder = pkcs7.PKCS7SignatureBuilder().set_data(CONTENT)
    return builder.add_signer(certificate, key, hashes.SHA256()).sign(
        Encoding.DER,
        [
            pkcs7.PKCS7Options.DetachedSignature,
            pkcs7.PKCS7Options.Binary,
            pkcs7.PKCS7Options.NoCapabilities,
        ],
    )


def test_a_pinned_key_in_a_certificate_for_something_else_never_passes(
    house: House, sealed: Sealed
) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    wrong = make_time_certificate(
        make_name("Barchester", "stamps"),
        key.public_key(),
        root=house.root,
        root_key=house.key,
        now=NOW,
        serial=7,
    )
    bad = replace(
        sealed,
        p7s=sign_as(wrong, key),
        chain=format_chain([wrong, house.root]),
        root=format_chain([house.root]),
        trust=replace(sealed.trust, seals=(pin_certificate(wrong),), roots=(pem_of(house.root),)),
    )
    (words,) = fails(bad.signature())
    assert "not of the kind that seals" in words


def test_a_self_signed_certificate_never_passes(sealed: Sealed) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    own = make_root(make_name("Barchester", "own"), key, now=NOW, serial=7)
    pem = format_chain([own])
    bad = replace(
        sealed,
        p7s=sign_as(own, key),
        chain=pem,
        root=pem,
        trust=replace(sealed.trust, seals=(pin_certificate(own),), roots=(pem,)),
    )
    assert fails(bad.signature())
    assert fails(bad.signature(trusted=False))


def test_other_options_of_cms_are_not_the_one_form(house: House, sealed: Sealed) -> None:
    signer = house.leaf()
    good = house.sealed(signer, sealed, pinned=pin_certificate(signer.certificate))
    builder = pkcs7.PKCS7SignatureBuilder().set_data(CONTENT)
    builder = builder.add_signer(signer.certificate, signer.key, hashes.SHA256())
    detached, binary = pkcs7.PKCS7Options.DetachedSignature, pkcs7.PKCS7Options.Binary
    for options in (
        [binary, pkcs7.PKCS7Options.NoCapabilities],  # holds the content
        [detached, binary],  # holds a list of ciphers
        [detached, binary, pkcs7.PKCS7Options.NoCerts],
        [detached, binary, pkcs7.PKCS7Options.NoAttributes],
    ):
        bad = replace(good, p7s=builder.sign(Encoding.DER, options))
        assert fails(bad.signature()), options
    two = builder.add_signer(signer.certificate, signer.key, hashes.SHA256())
    bad = replace(good, p7s=two.sign(Encoding.DER, [detached, binary]))
    assert fails(bad.signature())
    extra = builder.add_certificate(house.root)
    bad = replace(
        good, p7s=extra.sign(Encoding.DER, [detached, binary, pkcs7.PKCS7Options.NoCapabilities])
    )
    (words,) = fails(bad.signature())
    assert "other certificates" in words


def test_a_signature_with_another_name_beside_it_never_passes(sealed: Sealed) -> None:
    signature = parse_detached(sealed.p7s)
    bad = replace(sealed, p7s=format_detached(replace(signature, serial=signature.serial + 1)))
    (words,) = fails(bad.signature())
    assert "names another certificate" in words


def test_attributes_moved_to_another_signature_never_pass(sealed: Sealed, keyring: Keyring) -> None:
    one = parse_detached(sealed.p7s)
    other = parse_detached(keyring.seal_signer.sign_detached(b"another list"))
    for mixed in (
        replace(one, signature=other.signature),
        replace(other, content_sha256=one.content_sha256),
        replace(one, signing_time=one.signing_time + timedelta(seconds=1)),
    ):
        assert any(
            "does not fit that key" in words
            for words in fails(replace(sealed, p7s=format_detached(mixed)).signature())
        )


def test_no_truncated_signature_or_timestamp_passes(sealed: Sealed) -> None:
    for end in range(len(sealed.p7s)):
        assert fails(replace(sealed, p7s=sealed.p7s[:end]).signature())
    for end in range(len(sealed.tsr)):
        assert fails(replace(sealed, tsr=sealed.tsr[:end]).timestamp(data=sealed.p7s)[1])


def flipped(data: bytes, bit: int) -> bytes:
    other = bytearray(data)
    other[bit // 8] ^= 1 << (bit % 8)
    return bytes(other)


def test_every_flipped_bit_of_a_signature_is_seen(sealed: Sealed) -> None:
    unseen = [
        bit
        for bit in range(len(sealed.p7s) * 8)
        if not fails(replace(sealed, p7s=flipped(sealed.p7s, bit)).signature())
    ]
    assert unseen == []


def test_every_flipped_bit_of_a_timestamp_is_seen(sealed: Sealed) -> None:
    unseen = [
        bit
        for bit in range(len(sealed.tsr) * 8)
        if not fails(replace(sealed, tsr=flipped(sealed.tsr, bit)).timestamp(data=sealed.p7s)[1])
    ]
    assert unseen == []


def test_whatever_is_written_over_the_files_gives_a_finding(sealed: Sealed) -> None:
    """Blocks of random bytes, moved and doubled parts; the seed is fixed, so it can be repeated."""
    dice = random.Random(20261121)  # noqa: S311 - chooses damage, no secrets
    for _ in range(400):
        part = dice.choice(["p7s", "tsr", "chain", "root", "tsa_chain"])
        data = bytearray(getattr(sealed, part))
        start, size = dice.randrange(len(data)), dice.randrange(1, 40)
        source = dice.randrange(len(data))
        data[start : start + size] = dice.choice(
            [dice.randbytes(size), b"", bytes(data[source : source + size]), b"\x30\x80" * size]
        )
        if bytes(data) == getattr(sealed, part):
            continue
        bad = replace(sealed, **with_bytes(part, bytes(data)))
        found = [*bad.signature(), *bad.timestamp(data=sealed.p7s)[1]]
        found += [*bad.signature(trusted=False), *bad.timestamp(trusted=False)[1]]
        if part == "tsa_chain":  # whatever stands there and is not needed, the manifest fixes (V3)
            continue
        assert fails(found), (part, start, size)


@pytest.mark.parametrize(
    "junk", [b"", b"\x00", b"0" * 70_000, b"\x30\x84\xff\xff\xff\xff", b"\x30\x80" * 3000]
)
def test_junk_gives_findings_and_no_exception(sealed: Sealed, junk: bytes) -> None:
    for part in ("p7s", "chain", "root"):
        assert fails(replace(sealed, **with_bytes(part, junk)).signature())
    assert fails(replace(sealed, tsr=junk).timestamp()[1])
    assert fails(replace(sealed, tsa_chain=junk).timestamp()[1])


def test_a_timestamp_over_something_else_never_passes(sealed: Sealed, stranger: Sealed) -> None:
    at, findings = sealed.timestamp(data=stranger.p7s)
    assert at is None
    assert "over other bytes" in fails(findings)[0]


def test_a_root_that_came_with_the_package_is_not_believed(
    sealed: Sealed, stranger: Sealed
) -> None:
    """The stranger's authority, its root laid beside it: rfc3161-client alone would take it."""
    foreign = replace(stranger, tsa_chain=stranger.tsa_chain + sealed.tsa_chain, trust=sealed.trust)
    at, findings = foreign.timestamp()
    assert at is None
    assert "trusted root" in "".join(finding.expected for finding in findings)


def test_a_seal_certificate_cannot_stamp(sealed: Sealed, house: House) -> None:
    signer = house.leaf("a TEST seal")
    authority = LocalTestAuthority(
        signer.key, signer.certificate, house.root, lambda: NOW, lambda: 5
    )
    bad = replace(
        sealed,
        tsr=authority.respond(format_query(sealed.p7s, nonce=5)),
        tsa_chain=format_chain(authority.chain),
        trust=replace(sealed.trust, tsa_roots=(pem_of(house.root),)),
    )
    at, findings = bad.timestamp()
    assert at is None
    assert "purpose" in fails(findings)[0]


def test_a_certificate_for_more_than_stamping_cannot_stamp(sealed: Sealed, house: House) -> None:
    """RFC 3161 wants the one purpose alone; rfc3161-client takes it among others."""
    key = ec.generate_private_key(ec.SECP256R1())
    both = [ExtendedKeyUsageOID.TIME_STAMPING, ExtendedKeyUsageOID.EMAIL_PROTECTION]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(make_name("Barchester", "a TEST authority"))
        .issuer_name(house.root.subject)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(house.root.not_valid_before_utc)
        .not_valid_after(house.root.not_valid_after_utc)
        .add_extension(key_usage(), critical=True)
        .add_extension(x509.ExtendedKeyUsage(both), critical=True)
        .sign(house.key, hashes.SHA256())
    )
    authority = LocalTestAuthority(key, certificate, house.root, lambda: NOW, lambda: 5)
    bad = replace(
        sealed,
        tsr=authority.respond(format_query(sealed.p7s, nonce=5)),
        trust=replace(sealed.trust, tsa_roots=(pem_of(house.root),)),
    )
    (words,) = fails(bad.timestamp()[1])
    assert "The purpose of the certificate" in words


def by_library(signature: DetachedSignature) -> bytes:
    """Write a signature with the ASN.1 library alone."""
    at = signature.signing_time
    sha256 = {"algorithm": "sha256", "parameters": core.Null()}
    name = {"issuer": asn1_x509.Name.load(signature.issuer), "serial_number": signature.serial}
    signer = {
        "version": "v1",
        "sid": cms.SignerIdentifier("issuer_and_serial_number", name),
        "digest_algorithm": sha256,
        "signed_attrs": [
            {"type": "content_type", "values": ["data"]},
            {
                "type": "signing_time",
                "values": [cms.Time("utc_time" if at.year < 2050 else "generalized_time", at)],
            },
            {"type": "message_digest", "values": [signature.content_sha256]},
        ],
        "signature_algorithm": {"algorithm": "sha256_ecdsa"},
        "signature": signature.signature,
    }
    data = {
        "version": "v1",
        "digest_algorithms": [sha256],
        "encap_content_info": {"content_type": "data"},
        "certificates": [asn1_x509.Certificate.load(der) for der in signature.certificates],
        "signer_infos": [signer],
    }
    return bytes(cms.ContentInfo({"content_type": "signed_data", "content": data}).dump())


def test_the_one_form_is_the_one_that_the_asn1_library_writes(sealed: Sealed) -> None:
    signature = parse_detached(sealed.p7s)
    for year in (1950, 1999, 2026, 2049, 2050, 9999):
        for serial in (1, 127, 128, 255, 256, 2**63, 2**159 - 1):
            at = datetime(year, 1, 2, 3, 4, 5, tzinfo=UTC)
            one = replace(signature, signing_time=at, serial=serial)
            assert format_detached(one) == by_library(one)


def test_a_timestamp_of_many_certificates_is_refused_before_a_way_is_sought(
    sealed: Sealed,
) -> None:
    """Each might have issued each other: to try them all takes as long as an enemy likes."""
    for count, refused in ((MAX_CERTIFICATES, False), (MAX_CERTIFICATES + 1, True)):
        response = TimeStampResponse.load(sealed.tsr)
        token = response["time_stamp_token"]["content"]
        (one,) = token["certificates"]
        token["certificates"] = [one.copy() for _ in range(count)]
        found = fails(replace(sealed, tsr=response.dump(force=True)).timestamp()[1])
        assert any("carries more than" in words for words in found) is refused


def test_the_same_timestamp_in_another_encoding_never_passes(sealed: Sealed) -> None:
    assert sealed.tsr[:2] == b"\x30\x82"
    longer = b"\x30\x83\x00" + sealed.tsr[2:]
    (words,) = fails(replace(sealed, tsr=longer).timestamp()[1])
    assert "shortest form" in words


def test_the_lines_of_verify_txt_agree(sealed: Sealed, tmp_path: Path) -> None:
    if shutil.which("openssl") is None or shutil.which("date") is None:
        pytest.skip("no openssl or date on this machine; the tests above check the same without")
    (tmp_path / "seal").mkdir()
    (tmp_path / "tagmanifest-sha256.txt").write_bytes(CONTENT)
    (tmp_path / "seal/tagmanifest-sha256.txt.p7s").write_bytes(sealed.p7s)
    (tmp_path / "seal/tagmanifest-sha256.txt.p7s.tsr").write_bytes(sealed.tsr)
    (tmp_path / "council-root.pem").write_bytes(sealed.trust.roots[0])
    (tmp_path / "tsa-root.pem").write_bytes(sealed.trust.tsa_roots[0])
    script = r"""
    set -e
    T=$(date -d "$(openssl ts -reply -in seal/tagmanifest-sha256.txt.p7s.tsr -text 2>/dev/null | sed -n 's/^Time stamp: //p')" +%s)
    openssl cms -verify -binary -attime $T -inform DER -in seal/tagmanifest-sha256.txt.p7s -content tagmanifest-sha256.txt -CAfile council-root.pem -no-CApath -no-CAstore -out /dev/null
    openssl ts -verify -attime $T -in seal/tagmanifest-sha256.txt.p7s.tsr -data seal/tagmanifest-sha256.txt.p7s -CAfile tsa-root.pem
    """  # noqa: E501 - the very lines of VERIFY.txt
    done = subprocess.run(
        ["/bin/sh", "-c", script], cwd=tmp_path, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "CMS Verification successful" in done.stderr
    assert "Verification: OK" in done.stdout


def test_an_rsa_authority_run_by_openssl_is_read_too(sealed: Sealed, tmp_path: Path) -> None:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("no openssl on this machine to run an authority with")
    root_key = ec.generate_private_key(ec.SECP256R1())
    root = make_root(make_name("Time", "Time root"), root_key, now=NOW, serial=1)
    key = rsa.generate_private_key(65537, 2048)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(make_name("Time", "Time of day"))
        .issuer_name(root.subject)
        .public_key(key.public_key())
        .serial_number(2)
        .not_valid_before(root.not_valid_before_utc)
        .not_valid_after(root.not_valid_after_utc)
        .add_extension(key_usage(), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
        .sign(root_key, hashes.SHA256())
    )
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "key.pem").write_bytes(pem)
    (tmp_path / "tsa.pem").write_bytes(format_chain([certificate]))
    (tmp_path / "p7s").write_bytes(sealed.p7s)
    (tmp_path / "serial").write_text("01")
    (tmp_path / "conf").write_text(
        "[t]\nserial=serial\nsigner_cert=tsa.pem\nsigner_key=key.pem\nsigner_digest=sha512\n"
        "default_policy=1.2.3.4\ndigests=sha512\naccuracy=secs:1\ntsa_name=yes\nordering=yes\n"
    )
    began = datetime.now(UTC).replace(microsecond=0)
    for line in (
        "ts -query -data p7s -sha512 -cert -out tsq",
        "ts -reply -config conf -section t -queryfile tsq -out tsr",
    ):
        subprocess.run([openssl, *line.split()], cwd=tmp_path, check=True, capture_output=True)
    tsr = (tmp_path / "tsr").read_bytes()
    other = replace(
        sealed,
        tsr=tsr,
        tsa_chain=format_chain([root]),
        trust=replace(sealed.trust, tsa_roots=(pem_of(root),)),
    )
    at, findings = other.timestamp()
    assert outcomes(findings) == [Outcome.PASS, Outcome.PASS]
    assert at is not None
    assert began <= at <= datetime.now(UTC)
    for bit in range(0, len(tsr) * 8, 9):
        flipped_one = replace(other, tsr=flipped(tsr, bit))
        assert fails(flipped_one.timestamp()[1]), bit
