"""A file that was missing is added: on record, stamped, examined, in the package, and audited."""

import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlmodel import select, update

from api.builders.record.trust import trust_file
from api.cli.proof.logs.database import audit_log, audit_session
from api.times import utc_now
from custody.errors import ProofError
from custody.formats.trust import parse_trust
from evidence import attention
from evidence.errors import AccessRefusedError, InvalidError, StateError, UnknownError
from evidence.exhibits.particulars import NewFile
from evidence.exhibits.recorded import described
from evidence.exhibits.states import ExhibitState
from evidence.exhibits.tables import ExhibitRow
from evidence.people.access import Role
from export.desk.disclosures import Period
from export.holdings.files import COPY, MASTER, ORIGINAL, PLAYER, files_of
from export.holdings.holds import HoldState
from export.holdings.masters import Arrived
from export.holdings.tables import ExhibitFileRow
from export.intake.tables import UploadRow
from export.media.sample import make_sample
from export.package.verify.report import Report, Verdict
from export.release.corrections import AddedFile
from export.release.decisions import CORRECTED
from export.release.releases import label
from export.release.states import ReleaseState
from export.release.tables import ReleaseRow
from tests.export.package.judging import judge
from tests.export.release.release_acts import again, chosen, names_of, propose, sealed
from tests.houses import NEW, House, clip, digest, patiently

REASON = "the recorder's player was forgotten"
LATER = NewFile("2026-11-20 14:03:20", "2026-11-20 14:03:40", "BAR-0018")
PROGRAM = b"MZ: the recorder's own player"


@pytest.fixture(scope="module")
def footage(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, bytes]:
    """Return two clips that play, and are not the same."""
    folder = tmp_path_factory.mktemp("clips")
    other = folder / "second.mp4"
    make_sample(other, seconds=1, first_at=utc_now(), size=(176, 144))
    return clip(folder).read_bytes(), other.read_bytes()


def added(
    house: House, content: bytes, name: str = "player.exe", times: NewFile | None = None
) -> AddedFile:
    return AddedFile(Arrived(house.store(content), name), times)


def add(
    house: House,
    exhibit: ExhibitRow,
    *files: AddedFile,
    role: str = Role.OPERATOR,
    reason: str = REASON,
    confirmed: tuple[str, ...] = (),
) -> ExhibitRow:
    return house.do(
        role,
        lambda s: house.services.corrections.extend(
            s,
            exhibit.reference,
            files,
            confirmed=confirmed,
            reason=reason,
            by=house.subjects[role],
            at=utc_now(),
        ),
    )


def now(house: House, exhibit: ExhibitRow) -> ExhibitRow:
    return house.look(lambda s: s.get_one(ExhibitRow, exhibit.id))


def originals(house: House, exhibit: UUID) -> list[ExhibitFileRow]:
    return house.look(lambda s: files_of(s, exhibit, *ORIGINAL))


def extensions(house: House, exhibit: UUID) -> list[dict[str, Any]]:
    return [values for name, values in house.events(exhibit) if name == "exhibit.extended"]


def failures(house: House) -> list[tuple[str, str, str]]:
    report = audit_log(house.services, house.subjects[Role.AUDITOR])
    return [(one.words, one.expected, one.found) for one in report.failed]


def packed(house: House, row: ReleaseRow) -> tuple[dict[str, bytes], Report]:
    """Return the files of a sealed package, and what a stranger finds."""
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
        files = {name.partition("/")[2]: archive.read(name) for name in archive.namelist()}
    return files, judge(content, trust)


@dataclass(frozen=True)
class Extended:
    """An exhibit to which a clip and a player were added, and the package of its release."""

    exhibit: ExhibitRow
    files: dict[str, bytes]
    report: Report


@pytest.fixture(scope="module")
def whole(house: House, footage: tuple[bytes, bytes]) -> Extended:
    """Add a second clip and then a player, look at it all again, and seal."""
    exhibit = house.exhibit(footage[0])
    house.looked_at(exhibit.id)
    assert now(house, exhibit).state == ExhibitState.READY
    add(house, exhibit, added(house, footage[1], "clip.mp4", LATER), reason="a missing clip")
    assert now(house, exhibit).state == ExhibitState.RECEIVED
    house.looked_at(exhibit.id)
    add(house, exhibit, added(house, PROGRAM))
    house.looked_at(exhibit.id)
    release = sealed(house, exhibit.reference)
    files, report = packed(house, release)
    return Extended(now(house, exhibit), files, report)


def test_a_clip_is_examined_and_copied_and_a_player_goes_along(
    house: House, whole: Extended
) -> None:
    assert whole.exhibit.state == ExhibitState.READY
    kept = [(file.kind, file.position, file.name) for file in originals(house, whole.exhibit.id)]
    assert kept == [(MASTER, 0, "clip.mp4"), (PLAYER, 0, "player.exe"), (MASTER, 1, "clip-2.mp4")]
    assert len(whole.exhibit.facts) == 2
    assert len(names_of(house, whole.exhibit.id, COPY)) == 2
    assert len(whole.exhibit.examined_before) == 1


def test_each_addition_is_an_event_that_states_everything_anew(
    house: House, whole: Extended, footage: tuple[bytes, bytes]
) -> None:
    first, second = extensions(house, whole.exhibit.id)
    assert first["files"] == [{"sha256": digest(footage[1]), "size": len(footage[1])}]
    assert second["files"] == [{"sha256": digest(PROGRAM), "size": len(PROGRAM)}]
    assert (first["reason"], first["role"]) == ("a missing clip", Role.OPERATOR)
    assert first["actor"] == house.subjects[Role.OPERATOR].words
    assert second["facts"] == first["facts"]
    said = described(whole.exhibit)
    assert [file.camera.id for file in said.files] == ["BAR-0017", "BAR-0018"]
    assert said.displayed_end == "2026-11-20T14:03:40+00:00"
    assert said.corrected_end == "2026-11-20T14:02:27Z"


def test_every_receipt_is_stamped(house: House, whole: Extended) -> None:
    firsts = house.look(lambda s: house.services.stamps.first_checkpoints(s, whole.exhibit.id))
    assert len(firsts) == 3
    assert all(first.tsr for first in firsts)
    assert len({first.index for first in firsts}) == 3


def test_the_package_carries_and_proves_what_was_added(whole: Extended) -> None:
    folder = whole.exhibit.reference.replace("/", "-")
    assert whole.report.verdict is Verdict.VERIFIED, whole.report
    assert whole.files[f"data/exhibits/{folder}/player/player.exe"] == PROGRAM
    assert f"data/exhibits/{folder}/master/clip-2.mp4" in whole.files
    for name in (folder, f"{folder}-A1", f"{folder}-A2"):
        assert f"custody/received/{name}.tlog-proof" in whole.files
        assert f"custody/received/{name}.tsr" in whole.files
        assert f"seal/received/{name}.consistency" in whole.files
    said = " ".join(finding.words for finding in whole.report.findings)
    assert said.count("what was added to this original unchanged since") == 2


def test_each_clip_has_stills_in_the_package_and_on_its_face(whole: Extended) -> None:
    folder = f"data/exhibits/{whole.exhibit.reference.replace('/', '-')}"
    page = whole.files["README.html"].decode()
    stills = [f"{folder}/contact-sheet.jpg", f"{folder}/contact-sheet-2.jpg"]
    assert whole.files[stills[0]] != whole.files[stills[1]]
    for number, path in enumerate(stills, 1):
        copy = f"{whole.exhibit.reference.replace('/', '-')}-CP{number}"
        assert f'<img src="{path}" alt="Still pictures of {copy}, with their times">' in page


def test_the_face_of_the_package_tells_of_it(whole: Extended) -> None:
    page = whole.files["README.html"].decode()
    who = "by Test operator (operator)"
    words = f"More of the original of {whole.exhibit.reference} (1 file) was received"
    assert f"{words} and its digest recorded {who}: a missing clip." in page
    assert f"{words} and its digest recorded {who}: {REASON.replace(chr(39), '&#x27;')}." in page
    assert "player/player.exe</a>" in page


@pytest.mark.usefixtures("whole")
def test_the_audit_agrees_with_all_of_it(house: House) -> None:
    assert failures(house) == []


@pytest.mark.parametrize("column", ["added_by", "kind", "position", "sha256"])
def test_a_row_that_says_otherwise_is_named(house: House, whole: Extended, column: str) -> None:
    other: dict[str, Any] = {"added_by": None, "kind": COPY, "position": 7, "sha256": "ab" * 32}
    last = originals(house, whole.exhibit.id)[2]
    with house.services.transaction() as session:
        session.execute(
            update(ExhibitFileRow)
            .where(ExhibitFileRow.id == last.id)  # type: ignore[arg-type]
            .values(**{column: other[column]})
        )
        report = audit_session(house.services, session)
        session.rollback()
    assert any(whole.exhibit.reference in one.subject + one.words for one in report.failed)


def test_what_was_sealed_stays_what_it_was(house: House, whole: Extended) -> None:
    file = added(house, uuid4().bytes)
    with pytest.raises(StateError, match=r"was sealed in release .* an exhibit of its own"):
        add(house, whole.exhibit, file)


def test_a_player_alone_changes_no_state_and_examines_nothing(house: House) -> None:
    exhibit = house.undecided()
    row = add(house, exhibit, added(house, PROGRAM), added(house, b"an index", "clip.idx"))
    assert row.state == ExhibitState.ATTENTION
    assert not row.examined_before
    (event,) = extensions(house, exhibit.id)
    assert len(event["files"]) == 2
    kinds = [(file.kind, file.position) for file in originals(house, exhibit.id)]
    assert kinds == [(MASTER, 0), (PLAYER, 0), (PLAYER, 1)]


def test_what_helps_to_show_a_master_goes_only_with_one(
    house: House, footage: tuple[bytes, bytes]
) -> None:
    exhibit = house.exhibit(footage[0])
    house.looked_at(exhibit.id)
    add(house, exhibit, added(house, PROGRAM))
    with pytest.raises(InvalidError, match="is of use only with a master"):
        propose(house, exhibit.reference, files=chosen(exhibit, "player.exe"))
    (copy,) = names_of(house, exhibit.id, COPY)
    with pytest.raises(InvalidError, match="is of use only with a master"):
        propose(house, exhibit.reference, files=chosen(exhibit, "player.exe", copy))
    without = propose(house, exhibit.reference, with_master=False)
    releases = house.services.releases
    goes = house.look(lambda s: [one.kind for one in releases.files(s, again(house, without))])
    assert PLAYER not in goes
    assert COPY in goes


def test_an_approved_release_is_decided_again_and_carries_what_was_proposed(
    house: House,
) -> None:
    exhibit = house.unplayable()
    first, refused = propose(house, exhibit.reference), propose(house, exhibit.reference)
    house.approve(first)
    house.do(
        Role.RELEASER,
        lambda s: house.services.decisions.refuse(
            s, str(refused.id), by=house.subjects[Role.RELEASER], at=utc_now(), reason="no"
        ),
    )
    add(house, exhibit, added(house, PROGRAM))
    row = again(house, first)
    assert (row.state, row.approved_by) == (ReleaseState.PROPOSED, None)
    (call,) = house.look(lambda s: attention.calls_to(s, row.id))
    assert call.job == CORRECTED
    assert call.words.startswith(f"A file was added to {exhibit.reference} since this release")
    house.approve(first)
    house.looked_at(exhibit.id)
    house.seal(first)
    files, report = packed(house, first)
    assert report.verdict is Verdict.VERIFIED, report
    assert not [path for path in files if "/player/" in path]
    assert "1 of the 2 files of the original are not in this package" in str(report.findings)
    governance, register = house.subjects[Role.GOVERNANCE], house.services.register
    entries = house.do(
        Role.GOVERNANCE, lambda s: list(register.entries(s, Period(), by=governance))
    )
    assert [one.files for one in entries if one.release == label(row)] == [1]
    assert failures(house) == []


def test_a_release_that_is_being_sealed_is_let_finish(house: House) -> None:
    exhibit = house.unplayable()
    release = propose(house, exhibit.reference)
    house.approve(release)
    house.do(
        Role.OPERATOR,
        lambda s: house.services.decisions.start_sealing(
            s, str(release.id), by=house.subjects[Role.OPERATOR]
        ),
    )
    with pytest.raises(StateError, match="is being sealed"):
        add(house, exhibit, added(house, PROGRAM))


def test_while_it_is_worked_on_nothing_is_added(house: House) -> None:
    exhibit = house.exhibit()
    with pytest.raises(StateError, match="still being worked on"):
        add(house, exhibit, added(house, PROGRAM))
    house.looked_at(exhibit.id)
    services, operator = house.services, house.subjects[Role.OPERATOR]
    house.do(
        Role.OPERATOR,
        lambda s: services.remedies.set_aside(
            s, exhibit.reference, by=operator, at=utc_now(), reason="the wrong one"
        ),
    )
    with pytest.raises(StateError, match="is set aside"):
        add(house, exhibit, added(house, PROGRAM))
    assert not extensions(house, exhibit.id)


@pytest.fixture(scope="module")
def plain(house: House) -> ExhibitRow:
    return house.unplayable()


Given = Callable[[House], list[AddedFile]]


@pytest.mark.parametrize(
    ("given", "reason", "error", "words"),
    [
        (lambda _: [], REASON, InvalidError, "at least one file"),
        (lambda h: [added(h, PROGRAM)], " \n", InvalidError, "reason"),
        (lambda h: [added(h, PROGRAM)], "x" * 2001, InvalidError, "reason"),
        (lambda h: [added(h, b"no clip at all")], REASON, InvalidError, "is in .* already, as"),
        (lambda h: [added(h, b"no clip at all", times=LATER)], REASON, InvalidError, "already"),
        (lambda h: [added(h, b"a"), added(h, b"a")], REASON, InvalidError, "already"),
        (lambda h: [added(h, b"a")] * 2, REASON, InvalidError, "each upload once"),
        (lambda h: [added(h, b"a", "..")], REASON, InvalidError, "no file name"),
        (
            lambda _: [AddedFile(Arrived(uuid4(), "a.idx"), None)],
            REASON,
            UnknownError,
            "no upload",
        ),
        (
            lambda h: [added(h, b"a", times=replace(LATER, displayed_start="noon"))],
            REASON,
            InvalidError,
            "no date and time",
        ),
        (
            lambda h: [added(h, b"a", times=replace(LATER, displayed_end=LATER.displayed_start))],
            REASON,
            InvalidError,
            "before it starts",
        ),
        (lambda h: [added(h, b"", times=LATER)], REASON, InvalidError, "no byte"),
        (
            lambda h: [added(h, b"a", times=replace(LATER, camera="--"))],
            REASON,
            InvalidError,
            "no name of a camera",
        ),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_recorded(
    house: House,
    plain: ExhibitRow,
    given: Given,
    reason: str,
    error: type[Exception],
    words: str,
) -> None:
    with pytest.raises(error, match=words):
        add(house, plain, *given(house), reason=reason)
    assert not extensions(house, plain.id)
    assert len(originals(house, plain.id)) == 1


def test_a_file_of_another_exhibit_is_not_taken_from_it(house: House, plain: ExhibitRow) -> None:
    taken = house.look(
        lambda s: s.exec(select(UploadRow.id).where(UploadRow.exhibit == plain.id)).one()
    )
    with pytest.raises(StateError, match="belongs to an exhibit already"):
        add(house, house.unplayable(), AddedFile(Arrived(taken, "a.mp4"), LATER))


@pytest.mark.parametrize(
    "role", [Role.RELEASER, Role.GOVERNANCE, Role.AUDITOR, Role.FINANCE, "nobody"]
)
def test_only_operators_add_files(house: House, plain: ExhibitRow, role: str) -> None:
    with pytest.raises(AccessRefusedError, match="needs the role operator"):
        add(house, plain, added(house, PROGRAM), role=role)


def test_what_is_unlikely_is_asked_and_stays_confirmed(house: House) -> None:
    exhibit = house.unplayable()
    empty = added(house, b"", "empty.dat", LATER)
    row = add(house, exhibit, empty, confirmed=("empty_file",))
    assert described(row).confirmed == ("empty_file",)
    house.looked_at(exhibit.id)
    row = add(house, exhibit, added(house, PROGRAM))
    assert described(row).confirmed == ("empty_file",)


def test_a_held_exhibit_holds_what_is_added(house: House) -> None:
    exhibit = house.unplayable()
    holds, operator = house.services.holds, house.subjects[Role.OPERATOR]
    house.do(
        Role.OPERATOR,
        lambda s: holds.place(s, exhibit.reference, reason="a case", by=operator, at=utc_now()),
    )
    holds.apply(exhibit.id)
    add(house, exhibit, added(house, PROGRAM))
    (hold,) = house.look(lambda s: holds.of(s, exhibit.id))
    assert hold.standing is HoldState.APPLYING
    holds.apply(exhibit.id)
    (hold,) = house.look(lambda s: holds.of(s, exhibit.id))
    assert hold.standing is HoldState.HELD


def test_malware_in_what_was_added_keeps_the_masters_here(house: House) -> None:
    exhibit = house.unplayable()
    file = added(house, uuid4().bytes)
    with house.services.transaction() as session:
        session.get_one(UploadRow, file.arrived.upload).scan = "found: Eicar-Test-Signature"
    add(house, exhibit, file)
    with pytest.raises(StateError, match="Eicar-Test-Signature"):
        propose(house, exhibit.reference)


def test_nothing_is_sealed_of_a_row_that_hides_what_was_added(house: House) -> None:
    exhibit = house.unplayable()
    add(house, exhibit, added(house, PROGRAM))
    release = propose(house, exhibit.reference)
    house.approve(release)
    stamps = house.services.stamps
    waits = patiently(lambda: house.look(lambda s: stamps.first_checkpoints(s, exhibit.id)))
    assert [first.tsr is None for first in waits] == [False, True]
    stamps.stamp(exhibit.id)
    with house.services.transaction() as session:
        session.execute(
            update(ExhibitFileRow)
            .where(
                ExhibitFileRow.exhibit == exhibit.id,  # type: ignore[arg-type]
                ExhibitFileRow.kind == PLAYER,  # type: ignore[arg-type]
            )
            .values(sha256="ab" * 32)
        )
    with pytest.raises(ProofError, match="something else than the ledger"):
        house.seal(release)


def test_the_title_of_a_single_clip_stays_when_another_comes(house: House) -> None:
    exhibit = house.exhibit(uuid4().bytes, replace(NEW, title="Mill Lane", method="to USB"))
    house.looked_at(exhibit.id)
    row = add(house, exhibit, added(house, b"more", "more.dav", replace(LATER, camera="")))
    said = described(row)
    assert (said.title, said.export.method) == ("Mill Lane", "to USB")
    assert [file.camera.id for file in said.files] == ["BAR-0017", "BAR-0017"]
    assert said.displayed_start == described(exhibit).displayed_start
