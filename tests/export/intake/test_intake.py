"""Intake: bytes first, then the record, then the work; and names that came from anywhere."""

from dataclasses import replace
from io import BytesIO
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlmodel import func, select

from evidence.errors import AccessRefusedError, InvalidError, StateError, UnknownError
from evidence.exhibits.filenames import distinct, safe_name
from evidence.exhibits.particulars import NewFile
from evidence.exhibits.tables import ExhibitRow
from evidence.people.access import Role
from export.holdings.files import files_of
from export.holdings.masters import JOB_EXAMINE, JOB_STAMP, Arrived
from export.holdings.tables import ExhibitFileRow
from export.intake.arrivals import Intake, bare_name
from export.intake.tables import UploadRow
from storage.errors import CorruptError, RefusedError
from tests.houses import NEW, House, digest


def jobs_of(house: House, subject: UUID) -> list[str]:
    found = text("SELECT task_name FROM procrastinate_jobs WHERE args->>'subject' = :subject")
    with house.services.transaction() as session:
        rows = session.connection().execute(found, {"subject": str(subject)})
        return sorted(row[0] for row in rows)


def add(house: House, *files: Arrived, role: str = Role.OPERATOR) -> ExhibitRow:
    times = NewFile(NEW.displayed_start, NEW.displayed_end)
    new = replace(NEW, reference="IN", files=tuple(times for _ in files))
    return house.do(
        role,
        lambda session: house.services.masters.add(
            session,
            new,
            files,
            by=house.subjects[role],
            at=house.services.clock(),
        ),
    )


def exhibits(house: House) -> int:
    return house.look(lambda s: s.exec(select(func.count()).select_from(ExhibitRow)).one())


def test_an_exhibit_gets_its_masters_its_events_and_its_work_together(house: House) -> None:
    uploads = [house.store(b"first view"), house.store(b"second view")]
    row = add(house, Arrived(uploads[0], "a.mp4"), Arrived(uploads[1], "b.mp4"))
    masters = house.look(lambda s: files_of(s, row.id, "master"))
    assert [(one.position, one.name) for one in masters] == [(0, "a.mp4"), (1, "b.mp4")]
    assert [one.sha256 for one in masters] == [digest(b"first view"), digest(b"second view")]
    assert jobs_of(house, row.id) == sorted([JOB_EXAMINE, JOB_STAMP])
    (name, values), *_ = house.events(row.id)
    assert name == "exhibit.received"
    assert values["files"] == [{"sha256": one.sha256, "size": one.size} for one in masters]


def test_what_is_undone_leaves_no_exhibit_no_event_and_no_job(house: House) -> None:
    upload, before = house.store(b"undone"), exhibits(house)
    kept: list[UUID] = []

    def failing(session: object) -> None:
        row = house.services.masters.add(
            session,  # type: ignore[arg-type]
            replace(NEW, reference="IU"),
            [Arrived(upload, "a.mp4")],
            by=house.subjects[Role.OPERATOR],
            at=house.services.clock(),
        )
        kept.append(row.id)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        house.do(Role.OPERATOR, failing)
    assert exhibits(house) == before
    assert jobs_of(house, kept[0]) == []
    assert add(house, Arrived(upload, "a.mp4")).state == "received"


def test_an_upload_belongs_to_one_exhibit_only(house: House) -> None:
    upload = house.store(b"once")
    add(house, Arrived(upload, "a.mp4"))
    with pytest.raises(StateError, match="belongs to an exhibit already"):
        add(house, Arrived(upload, "a.mp4"))
    other = house.store(b"twice in one")
    with pytest.raises(InvalidError, match="each upload once"):
        add(house, Arrived(other, "a.mp4"), Arrived(other, "b.mp4"))


def test_an_upload_that_never_was_is_unknown(house: House) -> None:
    with pytest.raises(UnknownError):
        add(house, Arrived(uuid4(), "a.mp4"))


def test_nobody_but_an_operator_learns_whether_an_upload_is_there(house: House) -> None:
    for upload in (uuid4(), house.store(b"there")):
        with pytest.raises(AccessRefusedError):
            add(house, Arrived(upload, "a.mp4"), role=Role.AUDITOR)


def test_without_room_nothing_is_taken_in(house: House) -> None:
    services = house.services
    full = Intake(services.vault, new_id=uuid4, free_bytes=lambda: 29)
    operator = house.subjects[Role.OPERATOR]
    with pytest.raises(RefusedError, match="there is no room"):
        full.store(BytesIO(b"x" * 10), by=operator, size=10)
    assert full.store(BytesIO(b"x" * 9), by=operator, size=9).size == 9


@pytest.mark.parametrize("told", [3, 5])
def test_another_size_than_was_told_is_not_stored(house: House, told: int) -> None:
    with pytest.raises(CorruptError):
        house.services.intake.store(BytesIO(b"four"), by=house.subjects[Role.OPERATOR], size=told)


def test_what_is_stored_is_locked_before_it_is_recorded(house: House) -> None:
    content = uuid4().bytes
    stored = house.services.intake.store(BytesIO(content), by=house.subjects[Role.OPERATOR])
    house.services.vault.verify(stored)
    found = house.look(
        lambda s: s.exec(select(UploadRow).where(UploadRow.sha256 == digest(content))).first()
    )
    assert found is None


@pytest.mark.parametrize(
    ("original", "kept", "safe"),
    [
        ("ch03.mp4", "ch03.mp4", "ch03.mp4"),
        ("C:\\export\\ch 03.mp4", "ch 03.mp4", "ch_03.mp4"),
        ("../../etc/passwd", "passwd", "passwd"),
        ("/a/b/", "b", "b"),
        ("-rf.mp4", "-rf.mp4", "rf.mp4"),
        ("CON.mp4", "CON.mp4", "_CON.mp4"),
        ("камера 3.mp4", "камера 3.mp4", "_______3.mp4"),
        ("a\r\nX: b.mp4", "a\r\nX: b.mp4", "a__X__b.mp4"),
        ("\u202egpj.exe", "\u202egpj.exe", "_gpj.exe"),
    ],
)
def test_a_name_is_kept_as_it_was_and_stored_under_a_safe_one(
    house: House, original: str, kept: str, safe: str
) -> None:
    row = add(house, Arrived(house.store(b"named"), original))
    (master,) = house.look(lambda s: files_of(s, row.id, "master"))
    assert (master.original_name, master.name) == (kept, safe)


@pytest.mark.parametrize(
    "original", ["", "/", ".", "..", "a/..", "a\x00b", "\ud800", "x" * 1001, "\\"]
)
def test_what_is_no_name_is_refused(house: House, original: str) -> None:
    with pytest.raises(InvalidError, match="no file name"):
        add(house, Arrived(house.store(b"unnamed"), original))


def test_two_names_that_would_be_one_file_are_told_apart(house: House) -> None:
    names = ["A.mp4", "a.MP4", "a\N{NO-BREAK SPACE}.mp4", "a_.mp4", "x/A.mp4"]
    row = add(house, *(Arrived(house.store(name.encode()), name) for name in names))
    masters: list[ExhibitFileRow] = house.look(lambda s: files_of(s, row.id, "master"))
    assert [one.original_name for one in masters] == [*names[:-1], "A.mp4"]
    assert len({one.name.casefold() for one in masters}) == len(names)


@given(st.lists(st.text(min_size=1, max_size=12), min_size=1, max_size=8))
def test_however_they_are_called_files_never_meet(originals: list[str]) -> None:
    names = distinct([safe_name(name) for name in originals])
    assert len({name.casefold() for name in names}) == len(originals)
    assert all(safe_name(name) == name for name in names)


@given(st.text(max_size=40))
def test_no_name_leads_into_a_folder(original: str) -> None:
    try:
        bare = bare_name(original)
    except InvalidError:
        return
    assert "/" not in bare
    assert "\\" not in bare
    assert bare not in {".", "..", ""}
    assert "\x00" not in bare
