"""The face of a sealed package says what its records say, and to whom it may say it."""

import io
import json
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from api.builders.record.trust import trust_file
from api.times import utc_now
from custody.formats.trust import parse_trust
from evidence.exhibits.particulars import NewFile
from evidence.exhibits.tables import ExhibitRow
from evidence.people.access import Role
from export.holdings.masters import Arrived
from export.package.format import layout
from export.package.format.records import parse_exhibit
from export.package.verify.report import Verdict
from export.release.tables import ReleaseRow
from tests.export.package.judging import judge
from tests.export.package.reading import Page, part, typed
from tests.export.release.release_acts import INSURER, exhibit_of, sealed
from tests.houses import NEW, WANTED, House, clip


@pytest.fixture(scope="module")
def exhibit(house: House, tmp_path_factory: pytest.TempPathFactory) -> ExhibitRow:
    return exhibit_of(house, clip(tmp_path_factory.mktemp("clips")).read_bytes())


def collected(house: House, row: ReleaseRow) -> bytes:
    """Return a sealed package."""
    services = house.services
    package = house.do(
        Role.OPERATOR,
        lambda s: services.packages.collect(
            s, str(row.id), by=house.subjects[Role.OPERATOR], at=services.clock()
        ),
    )
    return b"".join(services.vault.open(package.key, package.version))


def unpacked(package: bytes) -> dict[str, bytes]:
    """Return the files of a package by their paths in its folder."""
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        return {name.partition("/")[2]: archive.read(name) for name in archive.namelist()}


def opened(files: dict[str, bytes], field: str) -> set[str]:
    """Return what the package's events open under the name of a field."""
    events = [json.loads(line) for line in files[layout.EVENTS].splitlines()]
    openings = [one for event in events for one in event["openings"]]
    return {one["value"] for one in openings if one["field"] == field}


def test_the_police_read_who_did_what_and_how_the_copy_compares(
    house: House, exhibit: ExhibitRow
) -> None:
    files = unpacked(collected(house, sealed(house, exhibit.reference)))
    page = Page(files[layout.README])
    folder = exhibit.reference.replace("/", "-")
    derivation = json.loads(files[layout.derivation_path(folder, f"{folder}-CP1")])
    assert derivation["sentence"] in page.words
    assert WANTED.purpose in page.words
    assert WANTED.recipient_email in page.words
    names = {actor.rpartition(" (")[0] for actor in opened(files, "actor")}
    assert len(names) >= 2
    assert not [name for name in names if name not in page.words]
    payload = [path for path in files if layout.is_payload(path)]
    assert f"1 exhibit, {len(payload)} files, " in page.words
    led = [value for value in page.values("href", "src") if not value.startswith("#")]
    assert not [path for path in led if path not in files]


def test_an_insurer_reads_no_name_of_the_staff(house: House, exhibit: ExhibitRow) -> None:
    files = unpacked(collected(house, sealed(house, exhibit.reference, **changes_for_an_insurer())))
    page = Page(files[layout.README])
    assert opened(files, "actor") == set()
    for subject in house.subjects.values():
        assert subject.words.rpartition(" (")[0] not in page.words
    assert "by a member of staff (operator)" in page.words
    assert INSURER.recipient_email in page.words


def test_whatever_the_files_were_called_the_package_opens_everywhere(house: House) -> None:
    film = "\U0001f3a5"
    originals = [film * 60 + ".dav", film * 59 + "x.dav", "\u4e2d\u592e " * 60, "a\"><b>&'.mp4"]
    uploads = [Arrived(house.store(name.encode()), name) for name in originals]
    operator = house.subjects[Role.OPERATOR]
    times = NewFile(NEW.displayed_start, NEW.displayed_end)
    new = replace(NEW, files=(times,) * len(originals))
    exhibit = house.do(
        Role.OPERATOR,
        lambda s: house.services.masters.add(s, new, uploads, by=operator, at=utc_now()),
    )
    house.looked_at(exhibit.id)
    house.accept(exhibit)
    package = collected(house, sealed(house, exhibit.reference))
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        paths = archive.namelist()
    assert max(map(len, paths)) < 200
    assert all(path.isascii() for path in paths)
    assert sum("/master/" in path for path in paths) == len(originals)
    files = unpacked(package)
    record = parse_exhibit(files[layout.record_path(exhibit.reference.replace("/", "-"))])
    assert sorted(str(file.original_name) for file in record.files) == sorted(originals)
    page = Page(files[layout.README])
    assert not [name for name in originals if name.strip() not in page.text]
    assert "b" not in page.tags
    trust = parse_trust(trust_file(house.settings, house.services.keyring))
    assert judge(package, trust).verdict is Verdict.VERIFIED


def changes_for_an_insurer() -> dict[str, str]:
    return {
        "kind": INSURER.kind,
        "recipient_email": INSURER.recipient_email,
        "organisation": INSURER.organisation,
    }


def test_the_short_way_of_its_instructions_verifies_it(
    house: House, exhibit: ExhibitRow, tmp_path: Path
) -> None:
    package = collected(house, sealed(house, exhibit.reference))
    (tmp_path / "PACKAGE.zip").write_bytes(package)
    trust = trust_file(house.settings, house.services.keyring)
    (tmp_path / "council.trust.json").write_bytes(trust)
    instructions = unpacked(package)[layout.VERIFY].decode()
    _, line = part(instructions, "THE SHORT WAY, ON ANY SYSTEM")
    done = typed([line], tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "VERIFIED: this package is the one that" in done.stdout
    issued = json.loads(trust)
    assert f"Trust file: number {issued['number']}, issued {issued['issued']}." in done.stdout
