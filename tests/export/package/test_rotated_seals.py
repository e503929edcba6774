"""Packages of a council that rotated its seal key, and of one whose key was stolen."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from custody.errors import KeyStoreError
from custody.formats.certificates import spki_sha256
from custody.formats.trust import Trust
from custody.keys.generations import OVERLAP
from custody.keys.keyring import Keyring, load
from custody.keys.production.root import read_council_root
from custody.keys.signing import FileSealSigner
from custody.keys.trustissues import issue, revoke, revoked_at
from export.package.verify.report import Verdict
from tests.custody.keys.production.councils import PASSPHRASE, Ceremony, begun
from tests.export.package.judging import failed_steps, judge, words
from tests.export.package.paper import NOW, Paper, Signatory, make_signatory, seal

BEFORE = NOW - timedelta(days=100)


def sealing(ceremony: Ceremony, stamps: Signatory, keyring: Keyring) -> Signatory:
    """Return the council as it seals with these keys, stamped by this authority."""
    assert isinstance(keyring.seal_signer, FileSealSigner)
    root = read_council_root(ceremony.root, PASSPHRASE)
    return replace(stamps, name=keyring.council, signer=keyring.seal_signer, root_key=root.key)


@pytest.fixture(scope="module")
def rotated(tmp_path_factory: pytest.TempPathFactory) -> tuple[Ceremony, Paper, Paper, Trust]:
    """Return a package of before a rotation, one of after, and what the trust file says then."""
    ceremony = begun(tmp_path_factory.mktemp("rotated"), now=BEFORE)
    old = ceremony.install(now=BEFORE)
    stamps = make_signatory("Barsetshire Council", NOW - timedelta(days=30))
    first = seal(sealing(ceremony, stamps, old))
    new = ceremony.install(now=NOW - timedelta(days=20))
    stamping_now = replace(stamps, authority=replace(stamps.authority, clock=lambda: NOW))
    second = seal(sealing(ceremony, stamping_now, new))
    trust = new.trust((stamps.authority.root,))
    return ceremony, first, second, replace(trust, logs=stamps.trust.logs)


def test_after_a_rotation_old_and_new_packages_verify(
    rotated: tuple[Ceremony, Paper, Paper, Trust],
) -> None:
    ceremony, first, second, trust = rotated
    issued = issue(ceremony.keys, trust, now=NOW)
    for paper in (first, second):
        report = judge(paper.zip, issued)
        assert report.verdict is Verdict.VERIFIED, words(report)


def test_the_former_key_seals_nothing_new(
    rotated: tuple[Ceremony, Paper, Paper, Trust],
) -> None:
    """Whoever finds it later cannot seal with it."""
    ceremony, first, _, trust = rotated
    old = load(ceremony.keys).former[0]
    late = NOW - timedelta(days=20) + OVERLAP + timedelta(seconds=1)
    authority = replace(first.council.authority, clock=lambda: late)
    paper = seal(replace(first.council, authority=authority))
    assert paper.council.signer.chain == old.chain
    report = judge(paper.zip, issue(ceremony.keys, trust, now=NOW))
    assert (report.verdict, failed_steps(report)) == (Verdict.FAILED, {"V4"})


@pytest.mark.parametrize(
    ("at", "verdict"),
    [
        pytest.param(NOW - timedelta(seconds=1), Verdict.FAILED, id="stamped after it"),
        pytest.param(NOW, Verdict.FAILED, id="stamped in that second"),
        pytest.param(NOW + timedelta(seconds=1), Verdict.VERIFIED, id="stamped before it"),
    ],
)
def test_from_its_revocation_on_a_key_counts_no_more(
    rotated: tuple[Ceremony, Paper, Paper, Trust], tmp_path: Path, at: datetime, verdict: Verdict
) -> None:
    _, first, second, trust = rotated
    one = issue(tmp_path, trust, now=NOW)
    assert judge(second.zip, one).verdict is Verdict.VERIFIED
    certificate = second.council.signer.certificate
    late = NOW + timedelta(hours=1)
    two = revoke(tmp_path, trust, spki_sha256(certificate), at=at, now=late)
    assert one.issue is not None
    assert two.issue is not None
    assert (one.issue.number, two.issue.number) == (1, 2)
    report = judge(second.zip, two)
    assert report.verdict is verdict, words(report)
    assert failed_steps(report) <= {"V4"}
    assert judge(first.zip, two).verdict is Verdict.VERIFIED, "the other key still counts"
    assert revoked_at(tmp_path, certificate) == at
    assert issue(tmp_path, trust, now=late) == two, "nothing takes it back"


def test_a_revocation_moves_to_an_earlier_moment_and_to_no_later_one(
    rotated: tuple[Ceremony, Paper, Paper, Trust], tmp_path: Path
) -> None:
    _, _, second, trust = rotated
    key = spki_sha256(second.council.signer.certificate)
    revoke(tmp_path, trust, key, at=NOW, now=NOW)
    for at in (NOW, NOW + timedelta(minutes=1)):
        with pytest.raises(KeyStoreError, match="no revocation is taken back"):
            revoke(tmp_path, trust, key, at=at, now=NOW + timedelta(hours=1))
    earlier = NOW - timedelta(days=1)
    revoke(tmp_path, trust, key, at=earlier, now=NOW)
    assert revoked_at(tmp_path, second.council.signer.certificate) == earlier
    with pytest.raises(KeyStoreError, match="in the future"):
        revoke(tmp_path, trust, key, at=NOW + timedelta(hours=2), now=NOW)
    with pytest.raises(KeyStoreError, match="no key that the trust file names"):
        revoke(tmp_path, trust, bytes(32), at=earlier, now=NOW)
