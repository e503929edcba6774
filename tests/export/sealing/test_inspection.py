"""No package leaves that a stranger would see fail: certificates, authorities, the last look."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from api.builders.record.trust import trust_in_force
from api.times import utc_now
from custody.errors import KeyStoreError
from custody.formats.certificates import is_self_issued
from custody.formats.trust import Trust, pem_of, pin_certificate
from custody.keys.trustissues import chains_in_use, issue, keep_chain
from evidence.exhibits.tables import ExhibitRow
from export.package.format import layout
from export.package.verify.report import Verdict
from export.release.states import ReleaseState
from export.release.tables import ReleaseRow
from export.sealing.inspection import Inspection, StoredPackage
from export.sealing.sealer import Sealer
from export.sealing.steps import SealStep, SealStore
from storage.errors import CorruptError, UnavailableError
from tests.export.package.judging import judge, words
from tests.export.package.paper import make_signatory
from tests.houses import House


@dataclass
class Swap:
    """Changes what the sealing steps of a house seal with, and undoes it."""

    house: House
    monkeypatch: pytest.MonkeyPatch

    @property
    def sealer(self) -> Sealer:
        steps = self.house.services.sealing.steps
        found: Sealer = steps[SealStep.PROOFS].__self__._council  # type: ignore[attr-defined]
        return found

    def sealer_with(self, **change: Any) -> None:  # noqa: ANN401 - any field of it
        changed = replace(self.sealer, **change)
        for owner in self._owners("_council"):
            self.monkeypatch.setattr(owner, "_council", changed)

    def trust(self, trust: Trust) -> None:
        for owner in self._owners("_inspection"):
            inspection: Inspection = owner._inspection
            self.monkeypatch.setattr(inspection, "_trust", lambda: trust)

    def _owners(self, name: str) -> Iterator[Any]:
        for step in self.house.services.sealing.steps.values():
            owner = getattr(step, "__self__", None)
            if hasattr(owner, name):
                yield owner


@pytest.fixture
def swap(house: House, monkeypatch: pytest.MonkeyPatch) -> Swap:
    return Swap(house, monkeypatch)


@pytest.fixture(scope="module")
def exhibit(house: House) -> ExhibitRow:
    return house.unplayable()


@pytest.fixture
def release(house: House, exhibit: ExhibitRow) -> ReleaseRow:
    row = house.propose(exhibit.reference)
    house.approve(row)
    return row


def state(house: House, release: ReleaseRow) -> str:
    return house.look(lambda s: s.get_one(ReleaseRow, release.id).state)


def small(house: House, release: ReleaseRow) -> dict[str, bytes]:
    return dict(house.look(SealStore(release.id).small))


def package(house: House, release: ReleaseRow) -> bytes:
    found = house.look(
        lambda s: house.services.packages.package(s, s.get_one(ReleaseRow, release.id))
    )
    with house.services.vault.open(found.key, found.version) as stream:
        return b"".join(stream)


def test_a_certificate_that_is_out_of_date_signs_nothing(
    house: House, swap: Swap, release: ReleaseRow
) -> None:
    old = make_signatory(now=utc_now().replace(microsecond=0) - timedelta(days=4000))
    swap.sealer_with(signer=old.signer)
    with pytest.raises(KeyStoreError, match="Renew it"):
        house.seal(release)
    assert layout.SIGNATURE not in small(house, release)
    assert state(house, release) == ReleaseState.SEALING


def test_a_certificate_that_the_trust_file_does_not_pin_signs_nothing(
    house: House, swap: Swap, release: ReleaseRow
) -> None:
    swap.sealer_with(signer=make_signatory().signer)
    with pytest.raises(KeyStoreError, match="not pinned there"):
        house.seal(release)
    assert layout.SIGNATURE not in small(house, release)


def test_a_certificate_that_was_revoked_signs_nothing(
    house: House, swap: Swap, release: ReleaseRow
) -> None:
    trust = trust_in_force(house.settings, house.services.keyring)
    swap.trust(replace(trust, seals=(replace(trust.seals[0], revoked_at=utc_now()),)))
    with pytest.raises(KeyStoreError, match="was revoked"):
        house.seal(release)


@pytest.mark.parametrize(
    ("step", "change"), [(SealStep.SIGNATURE, "signer"), (SealStep.TIMESTAMP, "authority")]
)
def test_what_is_renewed_in_the_middle_stops_the_sealing_with_a_way_out(
    house: House, swap: Swap, release: ReleaseRow, step: SealStep, change: str
) -> None:
    real = house.services.sealing.steps[step]

    def renew_first(store: SealStore) -> None:
        swap.sealer_with(**{change: getattr(make_signatory(), change)})
        real(store)

    swap.monkeypatch.setitem(house.services.sealing.steps, step, renew_first)
    with pytest.raises(KeyStoreError, match="give this sealing up"):
        house.seal(release)


def test_an_authority_that_changed_since_the_receipt_leaves_the_package_verified(
    house: House, swap: Swap, release: ReleaseRow
) -> None:
    before, now = swap.sealer.authority, make_signatory().authority
    trust = trust_in_force(house.settings, house.services.keyring)
    root = pem_of(next(filter(is_self_issued, now.chain)))
    both = replace(trust, tsa_roots=(root, *trust.tsa_roots))
    swap.sealer_with(authority=now, authorities=(now.chain, before.chain))
    swap.trust(both)
    house.seal(release)
    assert state(house, release) == ReleaseState.SEALED
    report = judge(package(house, release), both)
    assert report.verdict is Verdict.VERIFIED, words(report)


def test_a_package_that_a_stranger_would_see_fail_does_not_leave(
    house: House, swap: Swap, release: ReleaseRow
) -> None:
    trust = trust_in_force(house.settings, house.services.keyring)
    swap.trust(replace(trust, tsa_roots=(pem_of(make_signatory().authority.root),)))
    with pytest.raises(CorruptError, match="V5: It was not signed by a time authority"):
        house.seal(release)
    assert state(house, release) == ReleaseState.SEALING
    names = [name for name, _ in house.events(release.id)]
    assert "release.checked" not in names


def test_a_store_that_is_away_is_no_fault_of_the_package(house: House) -> None:
    class Away:
        def open(self, *_: object, **__: object) -> None:
            raise UnavailableError("the store does not answer")

    trust = trust_in_force(house.settings, house.services.keyring)
    inspection = Inspection(Away(), lambda: trust, clock=utc_now)  # type: ignore[arg-type]
    with pytest.raises(UnavailableError):
        inspection.inspect("BAR-R1", "packages/x.zip", "1", 10_000)


def test_a_stored_package_is_read_as_it_lies(house: House, release: ReleaseRow) -> None:
    house.seal(release)
    whole = package(house, release)
    found = house.look(
        lambda s: house.services.packages.package(s, s.get_one(ReleaseRow, release.id))
    )
    stored = StoredPackage(house.services.vault, found.key, found.version, found.size)
    ends = (0, 1, 7, 4095, len(whole) - 1, len(whole), len(whole) + 5)
    for start in ends:
        for size in (0, 1, 70_000, len(whole) + 9):
            assert stored.read(start, size) == whole[start : start + size]


def test_a_renewed_certificate_leaves_every_package_verifiable(
    house: House, exhibit: ExhibitRow, swap: Swap, tmp_path: Path
) -> None:
    """The trust file keeps what was ever in use, with from and to."""
    earlier = house.propose(exhibit.reference)
    house.approve(earlier)
    house.seal(earlier)
    first = trust_in_force(house.settings, house.services.keyring)
    keys = tmp_path / "keys"
    keys.mkdir()
    issue(keys, first, now=utc_now())
    renewed = make_signatory()
    second = issue(
        keys,
        replace(
            first,
            seals=(pin_certificate(renewed.signer.certificate),),
            roots=(pem_of(renewed.root),),
            tsa_roots=(pem_of(renewed.authority.root),),
            issue=None,
        ),
        now=utc_now(),
    )
    assert second.issue is not None
    assert second.issue.number == 2
    assert issue(keys, replace(second, seals=second.seals[:1]), now=utc_now()) == second
    keep_chain(keys, renewed.authority.chain)
    keep_chain(keys, swap.sealer.authority.chain)
    chains = chains_in_use(keys, renewed.authority.chain)[:1]
    assert chains_in_use(keys, swap.sealer.authority.chain) == (
        swap.sealer.authority.chain,
        *chains,
    )
    swap.trust(second)
    swap.sealer_with(
        signer=renewed.signer,
        authority=renewed.authority,
        authorities=(renewed.authority.chain, *swap.sealer.authorities),
    )
    later = house.propose(exhibit.reference)
    house.approve(later)
    house.seal(later)
    for release in (earlier, later):
        report = judge(package(house, release), second)
        assert report.verdict is Verdict.VERIFIED, words(report)
