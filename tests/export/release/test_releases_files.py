"""A release carries the files that its proposer named, and the sealed package says so and holds."""

import io
import zipfile

import pytest

from api.builders.record.trust import trust_file
from custody.formats.trust import parse_trust
from evidence.errors import InvalidError
from evidence.exhibits.tables import ExhibitRow
from evidence.people.access import Role
from export.holdings.files import CONTACT_SHEET, COPY, DERIVATION, FRAMES
from export.package.verify.report import Report, Verdict
from export.release.proposals import ChosenFile, parse_chosen
from export.release.tables import ReleaseRow
from tests.export.package.judging import judge
from tests.export.release.release_acts import INSURER, chosen, exhibit_of, names_of, propose, sealed
from tests.houses import House, clip


@pytest.fixture(scope="module")
def exhibit(house: House, tmp_path_factory: pytest.TempPathFactory) -> ExhibitRow:
    """Return an exhibit of two masters, of which one plays."""
    footage = clip(tmp_path_factory.mktemp("clips")).read_bytes()
    return exhibit_of(house, footage, b"no clip at all")


@pytest.fixture(scope="module")
def other(house: House) -> ExhibitRow:
    return house.unplayable()


def packed(house: House, row: ReleaseRow) -> tuple[list[str], Report]:
    """Return the names in the sealed package, and what a stranger finds."""
    services = house.services
    package = house.do(
        Role.OPERATOR,
        lambda s: services.packages.collect(
            s, str(row.id), by=house.subjects[Role.OPERATOR], at=services.clock()
        ),
    )
    content = b"".join(services.vault.open(package.key, package.version))
    trust = parse_trust(trust_file(house.settings, services.keyring))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        inside = [name.partition("/data/exhibits/")[2] for name in archive.namelist()]
    return sorted(filter(None, inside)), judge(content, trust)


def copy_name(house: House, exhibit: ExhibitRow) -> str:
    (name,) = names_of(house, exhibit.id, COPY)
    return name


def test_a_working_copy_goes_with_everything_that_proves_it_and_without_the_master(
    house: House, exhibit: ExhibitRow
) -> None:
    row = sealed(house, exhibit.reference, files=chosen(exhibit, copy_name(house, exhibit)))
    assert not row.with_master
    folder = exhibit.reference.replace("/", "-")
    proving = names_of(house, exhibit.id, COPY, DERIVATION, FRAMES, CONTACT_SHEET)
    assert len(proving) == 4
    names, report = packed(house, row)
    assert names == sorted(f"{folder}/{name}" for name in [*proving, f"{folder}.json"])
    assert report.verdict is Verdict.VERIFIED
    assert "The original is not in this package" in str(report.findings)


def test_one_master_of_two_goes_and_the_digests_of_both_are_told(
    house: House, exhibit: ExhibitRow
) -> None:
    first, second = names_of(house, exhibit.id, "master")
    row = sealed(house, exhibit.reference, files=chosen(exhibit, second))
    assert row.with_master
    names, report = packed(house, row)
    assert [name for name in names if "/master/" in name] == [
        f"{exhibit.reference.replace('/', '-')}/master/{second}"
    ]
    assert not any(first in name or (name.endswith(".mp4") and "CP" in name) for name in names)
    assert report.verdict is Verdict.VERIFIED, report
    assert "1 of the 2 files of the original are not in this package" in str(report.findings)


def test_the_event_lists_exactly_what_is_sealed(house: House, exhibit: ExhibitRow) -> None:
    row = sealed(house, exhibit.reference, files=chosen(exhibit, copy_name(house, exhibit)))
    services = house.services
    goes = house.look(lambda s: services.releases.files(s, services.releases.find(s, str(row.id))))
    proposed = house.events(row.id)[0][1]["files"]
    assert sorted(f["sha256"] for f in proposed) == sorted(file.sha256 for file in goes)  # type: ignore[attr-defined]
    assert len(goes) == 4


def test_nothing_chosen_means_everything_of_the_kinds_that_go(
    house: House, exhibit: ExhibitRow
) -> None:
    row = propose(house, exhibit.reference)
    services = house.services
    goes = house.look(lambda s: services.releases.files(s, services.releases.find(s, str(row.id))))
    assert sorted(file.kind for file in goes) == [
        "contact_sheet",
        "copy",
        "derivation",
        "frames",
        "master",
        "master",
    ]


def test_an_exhibit_of_which_nothing_was_chosen_cannot_be_in_the_release(
    house: House, exhibit: ExhibitRow, other: ExhibitRow
) -> None:
    with pytest.raises(InvalidError, match=f"nothing of {other.reference}") as refused:
        propose(
            house,
            exhibit.reference,
            other.reference,
            files=chosen(exhibit, copy_name(house, exhibit)),
        )
    assert refused.value.field == "files"


@pytest.mark.parametrize("name", ["contact-sheet.jpg", "nothing.mp4", "../clip-1.mp4"])
def test_only_masters_and_copies_are_chosen_by_name(
    house: House, exhibit: ExhibitRow, name: str
) -> None:
    with pytest.raises(InvalidError, match="no master or working copy") as refused:
        propose(house, exhibit.reference, files=chosen(exhibit, name))
    assert refused.value.field == "files"


def test_a_file_of_another_exhibit_is_refused(
    house: House, exhibit: ExhibitRow, other: ExhibitRow
) -> None:
    (name,) = names_of(house, other.id, "master")
    with pytest.raises(InvalidError, match="not among the exhibits"):
        propose(house, exhibit.reference, files=chosen(other, name))


def test_what_is_said_of_the_master_and_what_is_chosen_must_agree(
    house: House, exhibit: ExhibitRow
) -> None:
    copies = chosen(exhibit, copy_name(house, exhibit))
    with pytest.raises(InvalidError, match="something else of the master"):
        propose(house, exhibit.reference, files=copies, with_master=True)
    masters = chosen(exhibit, names_of(house, exhibit.id, "master")[0])
    with pytest.raises(InvalidError, match="something else of the master"):
        propose(house, exhibit.reference, files=masters, with_master=False)


def test_an_insurer_is_given_a_master_only_if_somebody_named_it(
    house: House, other: ExhibitRow
) -> None:
    (name,) = names_of(house, other.id, "master")
    row = propose(
        house,
        other.reference,
        kind=INSURER.kind,
        files=(ChosenFile(str(other.id), name),),
    )
    assert row.with_master


def test_a_file_is_named_by_exhibit_and_name_and_read_back() -> None:
    for one in (ChosenFile("JS/1", "a:b c.mp4"), ChosenFile("JS/12", "JS-12-CP1.mp4")):
        assert parse_chosen(str(one)) == one
    for text in ("", "JS/1", ":clip.mp4", "JS/1:", "JS/1:a\nb"):
        with pytest.raises(InvalidError):
            parse_chosen(text)
