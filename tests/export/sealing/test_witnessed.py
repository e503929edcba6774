"""A house with witnesses: what it seals has their signatures, and its trust file demands them."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from api.builders.record.trust import trust_file
from api.running.witness import create_witness_app, open_witness
from api.services import Services
from api.settings.facts import Settings
from api.wiring import build
from custody.errors import KeyStoreError
from custody.formats.note import format_verifier_key
from custody.formats.trust import Trust, parse_trust
from custody.keys.keyring import load
from custody.witness.heads import Heads
from custody.witness.identities import make_identity
from evidence.exhibits.tables import ExhibitRow
from evidence.people.access import Role
from export.package.verify.conclusion import NOT_WITNESSED
from export.package.verify.report import Verdict
from export.release.tables import ReleaseRow
from export.sealing.steps import SealStep, SealStore
from tests.api.served import served
from tests.export.package.judging import judge, words
from tests.export.release.release_acts import propose, sealed
from tests.houses import Estate, House


@pytest.fixture(scope="module")
def house(estate: Estate, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Give the house two witnesses' keys at one address, and demand both."""
    folder = tmp_path_factory.mktemp("witness")
    first, second = make_identity(folder, "witness.example", post_quantum=True).keys
    lines = (
        f"witness one {format_verifier_key(first)}",
        f"witness two {format_verifier_key(second)}",
    )
    with served(create_witness_app(open_witness(folder))) as port:

        def furnish(settings: Settings) -> None:
            asked = "".join(f"{line} http://127.0.0.1:{port}\n" for line in lines)
            write = (settings.data / "both.policy").write_text
            write(f"# all of them\n{asked}group both all one two\nquorum both\n")
            (settings.data / "gone.policy").write_text("quorum none\n")
            (settings.data / "retired.policy").write_text("\n".join([*lines, "quorum none", ""]))
            with settings.council_file.open("a") as file:
                file.write('\n[witnesses]\npolicy = "both.policy"\nwait_seconds = 60\n')
            Heads(folder).watch(load(settings.keys).log_signer.key)

        with estate.house(tmp_path_factory.mktemp("house"), furnish) as house:
            yield house


@contextmanager
def restarted(house: House, before: str, now: str) -> Iterator[Services]:
    """Build the services again, with another policy; the sequencer stays as it was."""
    file = house.settings.council_file
    file.write_text(file.read_text().replace(f"{before}.policy", f"{now}.policy"))
    services = build(house.settings, pool_size=2)
    services.sealing._wait = house.turns.wait
    try:
        yield services
    finally:
        services.close()


def trust_of(house: House) -> Trust:
    return parse_trust(trust_file(house.settings, house.services.keyring))


def package(house: House, row: ReleaseRow) -> bytes:
    services, by = house.services, house.subjects[Role.OPERATOR]
    collect = services.packages.collect
    found = house.do(Role.OPERATOR, lambda s: collect(s, str(row.id), by=by, at=services.clock()))
    return b"".join(services.vault.open(found.key, found.version))


def begun(house: House, exhibit: ExhibitRow) -> ReleaseRow:
    """Begin to seal a release, and do no step of it."""
    row = propose(house, exhibit.reference)
    house.approve(row)
    start, by = house.services.decisions.start_sealing, house.subjects[Role.OPERATOR]
    house.do(Role.OPERATOR, lambda session: start(session, str(row.id), by=by))
    return row


def test_what_a_house_with_witnesses_seals_is_witnessed_and_stays_good_without_them(
    house: House,
) -> None:
    exhibit: ExhibitRow = house.unplayable()
    first = package(house, sealed(house, exhibit.reference))
    trust = trust_of(house)
    assert (len(trust.witnesses), trust.quorum) == (2, 2)
    report = judge(first, trust)
    assert report.verdict is Verdict.VERIFIED, words(report)
    assert NOT_WITNESSED not in report.verdict_line
    assert "was witnessed by witness.example" in words(report)

    row = begun(house, exhibit)
    with (
        restarted(house, "both", "gone") as services,
        pytest.raises(KeyStoreError, match="put the line back"),
    ):
        services.sealing.seal(row.id)
    with restarted(house, "gone", "retired") as services:
        services.sealing.seal(row.id)
        second = package(house, row)
        later = trust_of(house)
        assert (later.quorum, len(later.witnessing)) == (0, 2)
        for content in (first, second):
            assert judge(content, later).verdict is Verdict.VERIFIED
        third = begun(house, exhibit)
        steps = house.services.sealing.steps
        for step in list(steps)[: list(steps).index(SealStep.CUSTODY) + 1]:
            steps[step](SealStore(third.id))
        with pytest.raises(KeyStoreError, match="witnesses was changed while"):
            services.sealing.seal(third.id)
