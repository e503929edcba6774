"""A house of before comes back, brought up to its published log, and the log goes on."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlmodel import Session, col, select

from api.backups.backup import back_up, back_up_keys
from api.backups.restore import Restored, bring_council, restore, verify_backup
from api.builders.record.trust import trust_file
from api.cli.house.restore import _report
from api.cli.proof.logs.database import audit_log
from api.running.preparing import UNFINISHED, look_first, prepare
from api.settings.errors import SettingsError
from api.settings.facts import Settings
from api.times import utc_now
from custody.errors import ClockError, KeyStoreError
from custody.formats.note import format_verifier_key
from custody.formats.trust import parse_trust
from custody.keys.firstkeys import make_demonstration_keys
from custody.keys.roots import make_roots
from custody.ledger.erasure import is_destroyed
from custody.ledger.houseclock import house_clock
from custody.ledger.tables import CustodyEventRow, LogCheckpointRow, LogEntryRow, LogStateRow
from custody.tree.places import LogDirectory
from custody.tree.tiles import format_bundle, format_tile, tiles_of
from evidence import attention
from evidence.errors import StateError
from evidence.exhibits.tables import ExhibitRow
from evidence.people.access import Role, Subject
from evidence.people.tables import PersonRow
from export.backup.folders import find_run, read_manifest
from export.backup.manifest import COUNCIL, DUMP, MANIFEST
from export.feedback.answers import Answer, Helped
from export.feedback.tables import FeedbackRow
from export.package.verify.report import Verdict
from export.release.releases import recipient_of
from export.release.states import ReleaseState
from export.release.tables import ReleaseRow
from export.sealing.aftercare.papers import KEPT
from export.sealing.tables import SealFileRow
from storage.errors import CorruptError, NoRoomError, NotFoundError
from tests.custody.ledgers import NEIGHBOUR
from tests.export.delivery.linking import Desk, sealed
from tests.export.package.judging import judge
from tests.export.release.release_acts import revoke
from tests.houses import Estate, House, _open
from tests.polling import poll


def silent(*_: object) -> None:
    return


def publish(house: House, folder: Path) -> tuple[LogDirectory, int]:
    """Write the log of a house as it is published, once all of it is signed."""

    def signed(session: Session) -> bool:
        size = session.get_one(LogStateRow, 1).size
        return session.get(LogCheckpointRow, size) is not None

    poll(lambda: house.look(signed))

    def write(session: Session) -> int:
        state = session.get_one(LogStateRow, 1)
        rows = session.exec(select(LogEntryRow.entry).order_by(col(LogEntryRow.index))).all()
        for tile in tiles_of(state.size):
            if tile.level is None:
                path = folder / format_tile(tile)
                path.parent.mkdir(parents=True)
                path.write_bytes(format_bundle(rows[tile.first : tile.first + tile.width]))
        note = session.get_one(LogCheckpointRow, state.size).note
        (folder / "checkpoint").write_bytes(note)
        return state.size

    size = house.look(write)
    return LogDirectory(folder), size


def package_of(house: House, release: UUID) -> bytes:
    services = house.services
    found = house.do(
        Role.OPERATOR,
        lambda s: services.packages.collect(
            s, str(release), by=house.subjects[Role.OPERATOR], at=services.clock()
        ),
    )
    return b"".join(services.vault.open(found.key, found.version))


def release_of(house: House, exhibit: ExhibitRow) -> ReleaseRow:
    row = house.propose(exhibit.reference)
    house.approve(row)
    house.seal(row)
    return row


@dataclass
class Past:
    """A house, its backup, and what happened after it."""

    house: House
    folder: Path
    keys: Path
    log: LogDirectory
    published: int
    exhibit: ExhibitRow
    package: bytes
    taken_back: UUID
    forgotten: UUID
    lost: UUID
    incomplete: str
    answered: UUID
    """A release to somebody who is erased after it."""
    disposed: UUID
    carried: UUID
    """A release of that exhibit, of which the papers open its record."""


def answered_of(house: House, exhibit: ExhibitRow) -> ReleaseRow:
    """Return a release that was collected and answered, and taken back."""
    desk = Desk(house, house.services.transaction)
    row = sealed(house, exhibit.reference, recipient_email=MAILBOX, with_master=True)
    house.services.links.issue(row.id)
    desk.now = utc_now().replace(microsecond=0) + timedelta(seconds=1)
    secret = desk.agreed(row, desk.token(row))
    desk.download(secret, desk.authorise(secret).id)
    with house.services.transaction() as session:
        by, said = recipient_of(session, row), Answer(Helped.IDENTIFIED, "Pat Forgotten was there")
        answer = house.services.feedback.answer
        answer(session, row.id, said, by=by, role="recipient", at=desk.now)
    return revoke(house, row)


def erase(house: House, second: Subject) -> None:
    """Have everybody of the mailbox erased by two people."""
    erasures, first = house.services.person_erasures, house.subjects[Role.GOVERNANCE]
    with house.services.transaction() as session:
        row = erasures.ask(session, MAILBOX, basis="asked for", by=first, at=utc_now())
        erasures.approve(session, str(row.id), by=second, at=utc_now())
        erasure = row.id
    erasures.run(erasure)


def dispose(house: House, exhibit: ExhibitRow, second: Subject) -> None:
    """Have an exhibit disposed of by two people, before its time."""
    disposals, first = house.services.disposals, house.subjects[Role.GOVERNANCE]
    name, basis = exhibit.reference, "an order of a court"
    with house.services.transaction() as session:
        row = disposals.propose(session, name, basis=basis, early=True, by=first, at=utc_now())
        disposals.approve(session, str(row.id), by=second, at=utc_now())
        disposal = row.id
    disposals.run(disposal)


def stood_still(house: House, lasting: timedelta) -> None:
    """Say that Custos ran here for the last time so long ago."""
    with house.services.transaction() as session:
        house_clock(session, lock=True).seen = utc_now() - lasting


MAILBOX = "pat.forgotten@barchester.police.example"
POLICY = f"witness neighbour {format_verifier_key(NEIGHBOUR.key)}\nquorum none\n"


@contextmanager
def witnessed(settings: Settings) -> Iterator[None]:
    """Have council.toml name a file of witnesses, of whom none is asked."""
    council, said = settings.council_file, settings.council_file.read_text()
    council.write_text(said + '\n[witnesses]\npolicy = "apart/some.policy"\n')
    policy = council.parent / "apart" / "some.policy"
    policy.parent.mkdir()
    policy.write_text(POLICY)
    yield
    council.write_text(said)
    policy.unlink()


@pytest.fixture(scope="module")
def past(house: House, tmp_path_factory: pytest.TempPathFactory) -> Past:
    folder = tmp_path_factory.mktemp("past")
    services, governor = house.services, house.subjects[Role.RELEASER]
    exhibit = house.unplayable()
    package = package_of(house, release_of(house, exhibit).id)
    second = release_of(house, exhibit)
    changed = house.undecided()
    house.accept(changed)
    house.turns.wait(lambda: house.look(lambda s: services.ledger.history(s, changed.id)))
    with services.transaction() as session:
        forgotten = services.people.add(session, "Pat Forgotten", email="pat@example.org")
        governed = services.people.add(session, "Second Governor")
        other = services.people.subject(session, governed, (Role.GOVERNANCE,))
    answered, gone = answered_of(house, exhibit), house.unplayable()
    carried = revoke(house, release_of(house, gone))
    stood_still(house, timedelta(days=8))
    with witnessed(house.settings):
        back_up(house.settings, folder / "backups", silent)
    back_up_keys(house.settings, folder / "keys")

    stood_still(house, timedelta(0))
    lost = house.exhibit(b"taken in after the backup")
    with services.transaction() as session:
        services.revocations.revoke(
            session, str(second.id), by=governor, at=utc_now(), reason="another order"
        )
        services.people.erase(session, forgotten, basis="asked for", at=utc_now())
    erase(house, other)
    dispose(house, gone, other)
    with services.transaction() as session:
        services.ledger.append(
            session,
            changed.id,
            "integrity.checked",
            {"files": [{"sha256": "ab" * 32, "size": 7}], "result": "never said before"},
            at=utc_now(),
        )
    house.events(lost.id)
    house.events(second.id)
    house.events(changed.id)
    log, size = publish(house, folder / "log")
    return Past(
        house,
        folder / "backups",
        folder / "keys",
        log,
        size,
        exhibit,
        package,
        second.id,
        forgotten,
        lost.id,
        changed.reference,
        answered.id,
        gone.id,
        carried.id,
    )


@dataclass
class Back:
    """The restored house."""

    house: House
    done: Restored
    settings: Settings


@pytest.fixture(scope="module")
def back(estate: Estate, past: Past, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Back]:
    folder = tmp_path_factory.mktemp("back") / "data"
    with estate.plot(folder, dump="SELECT 1") as settings:
        backup = verify_backup(past.folder, silent)
        done = restore(settings, backup, past.keys, past.log, say=silent, tell=silent)
        assert not prepare(settings)
        with _open(settings) as house:
            house.tokens, house.subjects = past.house.tokens, past.house.subjects
            # The backup is of a week ago, and nobody told a time server to this house.
            by, keeping = house.subjects[Role.ADMINISTRATOR], house.services.timekeeping
            refused = pytest.raises(ClockError, match="clock confirm")
            with refused, house.services.transaction() as session:
                house.services.people.add(session, "Somebody")
            with house.services.transaction() as session:
                keeping.confirm(session, by=by, reason="restored")
            yield Back(house, done, settings)


def test_the_file_that_names_the_witnesses_comes_back_with_what_names_it(back: Back) -> None:
    assert (back.settings.council_file.parent / "apart" / "some.policy").read_text() == POLICY


def test_a_backup_does_not_say_where_on_the_machine_it_is_written(
    past: Past, tmp_path: Path
) -> None:
    backup = verify_backup(past.folder, silent)
    council = tmp_path / "data" / "council.toml"
    council.parent.mkdir()
    said = (backup.run / COUNCIL).read_text()
    council.write_text(said.replace("apart/some.policy", "../elsewhere/some.policy"))
    bring_council(replace(past.house.settings, council_file=council), backup)
    assert not (tmp_path / "elsewhere").exists()


def test_old_and_new_packages_verify(past: Past, back: Back) -> None:
    house = back.house
    trust = parse_trust(trust_file(back.settings, house.services.keyring))
    assert judge(past.package, trust).verdict is Verdict.VERIFIED
    release = release_of(house, house.unplayable())
    assert judge(package_of(house, release.id), trust).verdict is Verdict.VERIFIED
    again = release_of(house, past.exhibit)
    assert judge(package_of(house, again.id), trust).verdict is Verdict.VERIFIED


def test_the_log_goes_on_under_the_same_key_and_the_audit_agrees(past: Past, back: Back) -> None:
    house = back.house
    assert back.done.log.size + back.done.log.entries == past.published
    house.exhibit(b"taken in after the restore")
    with house.services.transaction() as session:
        note = session.get_one(LogCheckpointRow, past.published).note
        assert note == past.log.checkpoint()
    report = audit_log(house.services, house.subjects[Role.GOVERNANCE])
    assert not report.failed
    assert report.size > past.published


def test_what_was_erased_since_is_erased_again(past: Past, back: Back) -> None:
    with back.house.services.transaction() as session:
        assert is_destroyed(session, past.forgotten)
        person = session.get_one(PersonRow, past.forgotten)
        assert (person.name, person.email) == ("", "")
    assert back.done.aftermath.erased == 4  # two people, a release, an exhibit


def test_what_a_release_said_of_whom_was_erased_since_goes_again_on_record(
    past: Past, back: Back
) -> None:
    with back.house.services.transaction() as session:
        (answer,) = session.exec(select(FeedbackRow).where(FeedbackRow.release == past.answered))
        papers = select(SealFileRow.path).where(SealFileRow.release == past.answered)
        assert (answer.words, answer.salt) == ("", "")
        assert set(session.exec(papers)) <= set(KEPT)
        assert session.get_one(ReleaseRow, past.answered).purpose == ""
        told = history(session, past.answered)
    assert told.count("release.recipient_erased") == 2
    assert told.count("release.papers_erased") == 2


def test_papers_that_open_what_was_disposed_of_since_go_again_on_record(
    past: Past, back: Back
) -> None:
    with back.house.services.transaction() as session:
        assert is_destroyed(session, past.disposed)
        assert session.get_one(ExhibitRow, past.disposed).title == ""
        papers = select(SealFileRow.path).where(SealFileRow.release == past.carried)
        assert set(session.exec(papers)) <= set(KEPT)
        assert history(session, past.carried).count("release.papers_erased") == 2


def history(session: Session, record: UUID) -> list[str]:
    rows = select(CustodyEventRow.event).where(CustodyEventRow.record == record)
    return list(session.exec(rows))


def test_what_was_taken_back_since_is_taken_back_again_and_a_person_is_told(
    past: Past, back: Back
) -> None:
    with back.house.services.transaction() as session:
        assert session.get_one(ReleaseRow, past.taken_back).state == ReleaseState.REVOKED
        (call,) = attention.calls_to(session, past.taken_back)
    assert "release.revoked" in call.words


def test_an_exhibit_of_whose_history_something_was_lost_goes_into_no_package(
    past: Past, back: Back
) -> None:
    house = back.house
    release = house.propose(past.incomplete)
    with pytest.raises(StateError, match="take its original in again"):
        house.approve(release)


def test_what_was_taken_in_since_is_told_as_lost(
    past: Past, back: Back, capsys: pytest.CaptureFixture[str]
) -> None:
    _report(back.done)
    told = capsys.readouterr().out
    assert re.search(r"Lost in records begun since: .*\b1 exhibit\.received", told)
    with back.house.services.transaction() as session:
        assert session.get(ExhibitRow, past.lost) is None
        events = session.exec(select(CustodyEventRow.event)).all()
    assert events.count("backup.restored") == 1
    assert events.count("record.values_lost") == len(back.done.log.lost)


def test_a_directory_that_holds_something_is_not_restored_into(past: Past, tmp_path: Path) -> None:
    (tmp_path / "something").touch()
    backup = verify_backup(past.folder, silent)
    settings = past.house.settings
    for data in (settings.data, tmp_path):
        with pytest.raises(SettingsError, match="is not empty"):
            restore(replace(settings, data=data), backup, past.keys, None, say=silent, tell=silent)
    assert [path.name for path in tmp_path.iterdir()] == ["something"]


def test_without_room_nothing_is_begun(
    past: Past, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backup = verify_backup(past.folder, silent)
    settings = replace(past.house.settings, data=tmp_path / "data", engines=None)
    monkeypatch.setattr("api.backups.requirements.free_bytes", lambda _: 100 << 20)
    with pytest.raises(NoRoomError, match="Nothing was restored"):
        restore(settings, backup, past.keys, None, say=silent, tell=silent)
    assert not settings.data.exists()


def test_keys_of_another_house_are_refused_before_anything_is_there(
    past: Past, tmp_path: Path
) -> None:
    others, settings = tmp_path / "keys", replace(past.house.settings, data=tmp_path / "data")
    at = utc_now()
    make_demonstration_keys(others, council="Another", origin="log.another.example", now=at)
    make_roots(others, now=at)
    backup = verify_backup(past.folder, silent)
    with pytest.raises(KeyStoreError, match="name the keys that belong to it"):
        restore(settings, backup, others, None, say=silent, tell=silent)
    assert not settings.data.exists()


def test_a_database_that_holds_something_is_not_restored_into(
    estate: Estate, past: Past, tmp_path: Path
) -> None:
    backup = verify_backup(past.folder, silent)
    with estate.plot(tmp_path / "data") as settings:
        for _ in range(2):
            with pytest.raises(SettingsError, match="the database is not empty"):
                restore(settings, backup, past.keys, None, say=silent, tell=silent)
        assert not settings.data.exists()


def test_a_restore_that_was_killed_keeps_the_house_from_starting_and_goes_on(
    estate: Estate, past: Past, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backup = verify_backup(past.folder, silent)

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with estate.plot(tmp_path / "data", dump="SELECT 1") as settings:
        with monkeypatch.context() as patched:
            patched.setattr("api.backups.restore._bring_log", killed)
            with pytest.raises(KeyboardInterrupt):
                restore(settings, backup, past.keys, past.log, say=silent, tell=silent)
        with pytest.raises(SettingsError, match="run `custos restore` again"):
            look_first(settings)
        done = restore(settings, backup, past.keys, past.log, say=silent, tell=silent)
        assert done.log.entries == past.published - backup.manifest.log_size
        assert not (settings.data / UNFINISHED).exists()
        look_first(settings)


def test_a_backup_of_which_one_byte_is_another_is_not_restored(past: Past) -> None:
    run, copies = find_run(past.folder)
    manifest, _ = read_manifest(run)
    some = next((past.folder / "objects").glob("*/*"))
    for path in (run / DUMP, some):
        before = path.read_bytes()
        path.chmod(0o600)
        path.write_bytes(before[:-1] + bytes([before[-1] ^ 1]))
        with pytest.raises(CorruptError, match=path.name):
            verify_backup(past.folder, silent)
        path.write_bytes(before)
    assert manifest.objects
    assert copies.path(some.name) == some
    (run / MANIFEST).rename(run / "away")
    with pytest.raises(NotFoundError):
        verify_backup(past.folder, silent)
    (run / "away").rename(run / MANIFEST)
