from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from custody.check.certificate import (
    check_dates,
    check_path,
    check_seal_profile,
    check_time_profile,
)
from custody.errors import FormatError, ProofError
from custody.formats.certificates import (
    SEAL_POLICY,
    TEST_AUTHORITY_NAME,
    Certificate,
    common_name,
    demonstration_name,
    format_chain,
    is_demonstration,
    is_test_authority,
    key_usage,
    make_name,
    make_root,
    make_seal_certificate,
    make_time_certificate,
    parse_certificate,
    parse_chain,
    spki_sha256,
)

NOW = datetime(2026, 11, 21, 3, 5, 11, 250_000, tzinfo=UTC)
ROOT_KEY = ec.generate_private_key(ec.SECP256R1())
KEY = ec.generate_private_key(ec.SECP256R1())
ROOT = make_root(demonstration_name("Barchester", "root"), ROOT_KEY, now=NOW, serial=1)
SEAL = make_seal_certificate(
    demonstration_name("Barchester Council", "evidence seal"),
    KEY.public_key(),
    root=ROOT,
    root_key=ROOT_KEY,
    now=NOW,
    serial=2,
)
STAMPER = make_time_certificate(
    make_name("Custos", TEST_AUTHORITY_NAME),
    KEY.public_key(),
    root=ROOT,
    root_key=ROOT_KEY,
    now=NOW,
    serial=3,
)


def policies(oid: str) -> x509.CertificatePolicies:
    return x509.CertificatePolicies([x509.PolicyInformation(x509.ObjectIdentifier(oid), None)])


SEAL_POLICIES = policies(SEAL_POLICY.dotted_string)


def leaf(
    *,
    public: ec.EllipticCurvePublicKey | None = None,
    leave_out: type[x509.ExtensionType] | None = None,
    replace: x509.ExtensionType | None = None,
    critical: bool | None = None,
    issuer: Certificate = ROOT,
    issuer_key: ec.EllipticCurvePrivateKey = ROOT_KEY,
    name: x509.Name | None = None,
) -> Certificate:
    """Issue a seal certificate that departs from the profile in one thing."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(name or SEAL.subject)
        .issuer_name(issuer.subject)
        .public_key(public or KEY.public_key())
        .serial_number(99)
        .not_valid_before(SEAL.not_valid_before_utc)
        .not_valid_after(SEAL.not_valid_after_utc)
    )
    for extension in SEAL.extensions:
        value, is_critical = extension.value, extension.critical
        if leave_out is not None and isinstance(value, leave_out):
            continue
        if replace is not None and value.oid == replace.oid:
            value, is_critical = replace, is_critical if critical is None else critical
        builder = builder.add_extension(value, is_critical)
    return builder.sign(issuer_key, hashes.SHA256())


def test_the_certificate_that_we_make_is_the_one_that_we_accept() -> None:
    check_seal_profile(SEAL)
    check_time_profile(STAMPER)
    assert check_path(SEAL, [], [ROOT], NOW) == (SEAL, ROOT)


def test_the_policy_is_one_number_for_ever() -> None:
    assert SEAL_POLICY.dotted_string == "2.25.143740871956396368286098796677811627636"


def test_a_demonstration_says_so_in_its_name() -> None:
    assert common_name(SEAL) == "Barchester Council - DEMONSTRATION - evidence seal"
    assert is_demonstration(SEAL)
    assert not is_demonstration(leaf_of_a_real_root())


def leaf_of_a_real_root() -> Certificate:
    root = make_root(make_name("Barchester", "Seal root"), ROOT_KEY, now=NOW, serial=1)
    return leaf(issuer=root, name=make_name("Barchester", "Evidence seal"))


def test_a_long_council_name_does_not_push_the_warning_out() -> None:
    name = demonstration_name("Bournemouth, Christchurch and Poole Council " * 3, "evidence seal")
    certificate = leaf(name=name)
    assert common_name(certificate).endswith(" - DEMONSTRATION - evidence seal")
    assert len(common_name(certificate)) == 64


def test_a_test_authority_says_so_and_a_seal_is_none() -> None:
    assert is_test_authority(STAMPER)
    assert not is_test_authority(SEAL)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: STAMPER, "key usage"),
        (lambda: ROOT, "key usage"),
        (lambda: leaf(replace=key_usage()), "key usage"),
        (lambda: leaf(replace=key_usage(commitment=True), critical=False), "key usage"),
        (lambda: leaf(leave_out=x509.KeyUsage), "KeyUsage"),
        (
            lambda: leaf(replace=x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING])),
            "purpose",
        ),
        (lambda: leaf(leave_out=x509.ExtendedKeyUsage), "ExtendedKeyUsage"),
        (lambda: leaf(leave_out=x509.CertificatePolicies), "CertificatePolicies"),
        (lambda: leaf(replace=policies("2.25.1")), "policy"),
        (lambda: leaf(replace=x509.BasicConstraints(ca=True, path_length=None)), "kind"),
        (lambda: leaf(leave_out=x509.AuthorityKeyIdentifier), "AuthorityKeyIdentifier"),
        (lambda: leaf(leave_out=x509.SubjectKeyIdentifier), "SubjectKeyIdentifier"),
        (lambda: leaf(public=ec.generate_private_key(ec.SECP384R1()).public_key()), "curve"),
        (lambda: leaf(replace=SEAL_POLICIES, critical=True), "critical extension"),
    ],
)
def test_each_departure_from_the_profile_is_named(
    make: Callable[[], Certificate], words: str
) -> None:
    with pytest.raises(ProofError, match=words):
        check_seal_profile(make())


@pytest.mark.parametrize(
    "purposes",
    [
        x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]),  # not critical
        x509.ExtendedKeyUsage(
            [ExtendedKeyUsageOID.TIME_STAMPING, ExtendedKeyUsageOID.EMAIL_PROTECTION]
        ),
        x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]),
    ],
)
def test_a_certificate_for_more_than_stamping_may_not_stamp(
    purposes: x509.ExtendedKeyUsage,
) -> None:
    alone = len(list(purposes)) == 1 and ExtendedKeyUsageOID.TIME_STAMPING in purposes
    with pytest.raises(ProofError, match="purpose"):
        check_time_profile(leaf(replace=purposes, critical=not alone))


def test_a_certificate_is_refused_before_and_after_its_dates() -> None:
    first, last = SEAL.not_valid_before_utc, SEAL.not_valid_after_utc
    check_dates(SEAL, first)
    check_dates(SEAL, last)
    for moment in (first - timedelta(seconds=1), last + timedelta(seconds=1)):
        with pytest.raises(ProofError, match="not valid at that time"):
            check_path(SEAL, [], [ROOT], moment)


def test_a_root_out_of_its_dates_carries_nothing() -> None:
    old = make_root(
        demonstration_name("Barchester", "root"),
        ROOT_KEY,
        now=NOW - timedelta(days=4000),
        serial=1,
    )
    with pytest.raises(ProofError, match="not valid at that time"):
        check_path(SEAL, [], [old], NOW)


def test_another_root_of_the_same_name_has_not_issued_it() -> None:
    other = make_root(ROOT.subject, ec.generate_private_key(ec.SECP256R1()), now=NOW, serial=1)
    with pytest.raises(ProofError, match="No certificate given here has issued"):
        check_path(SEAL, [], [other], NOW)


def test_a_leaf_cannot_issue_certificates() -> None:
    forged = leaf(issuer=SEAL, issuer_key=KEY, name=make_name("Mallory", "seal"))
    with pytest.raises(ProofError, match="may not issue certificates"):
        check_path(forged, [SEAL], [ROOT], NOW)


def test_a_root_for_leaves_carries_no_other_authority() -> None:
    middle = leaf(
        name=make_name("Barchester", "Middle"),
        replace=x509.BasicConstraints(ca=True, path_length=None),
    )
    able = (
        x509.CertificateBuilder()
        .subject_name(middle.subject)
        .issuer_name(ROOT.subject)
        .public_key(KEY.public_key())
        .serial_number(7)
        .not_valid_before(SEAL.not_valid_before_utc)
        .not_valid_after(SEAL.not_valid_after_utc)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(key_usage(authority=True), critical=True)
        .sign(ROOT_KEY, hashes.SHA256())
    )
    under = leaf(issuer=able, issuer_key=KEY)
    with pytest.raises(ProofError, match="may not issue to other authorities"):
        check_path(under, [able], [ROOT], NOW)


def test_a_certificate_that_vouches_for_itself_is_no_way_to_a_root() -> None:
    with pytest.raises(ProofError):
        check_path(SEAL, [SEAL], [SEAL], NOW)


def test_a_renewed_certificate_keeps_the_digest_of_its_key() -> None:
    assert spki_sha256(leaf()) == spki_sha256(SEAL)
    assert spki_sha256(ROOT) != spki_sha256(SEAL)


def test_a_chain_is_written_and_read_in_one_form() -> None:
    pem = format_chain([SEAL, ROOT])
    assert parse_chain(pem) == (SEAL, ROOT)
    for other in (b"", b"\n" + pem, pem + b"# mine\n", pem.replace(b"\n", b"\r\n"), pem * 6):
        with pytest.raises(FormatError):
            parse_chain(other)


def test_a_cut_or_altered_chain_is_refused_or_another() -> None:
    pem = format_chain([SEAL, ROOT])
    for end in range(len(pem)):
        try:
            assert parse_chain(pem[:end]) == (SEAL,)
        except FormatError:
            continue
    for at in range(0, len(pem), 3):
        altered = bytearray(pem)
        altered[at] ^= 1
        try:
            assert parse_chain(bytes(altered)) != (SEAL, ROOT)
        except FormatError:
            continue


def test_bytes_that_are_no_certificate_are_refused() -> None:
    with pytest.raises(FormatError):
        parse_certificate(b"0\x00")
