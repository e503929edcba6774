"""What a sealing leaves here of names and addresses can be erased: on record, and once."""

import argparse

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError
from sqlmodel import Session, col, select

from api.cli.parts.departures import COMMANDS
from api.cli.proof.logs.database import audit_session
from api.times import utc_now
from custody.audit.facts import AuditReport
from custody.audit.log import take_snapshot
from evidence.errors import AccessRefusedError, InvalidError, StateError, UnknownError
from evidence.people.access import Role
from export.release.tables import ReleaseRow
from export.sealing.aftercare.papers import ERASED, KEPT
from export.sealing.tables import SealErasureRow, SealFileRow
from tests.export.package.judging import failed_steps, judge
from tests.export.release.release_acts import revoke, sealed
from tests.export.sealing.test_face import collected
from tests.houses import WANTED, House, patiently


@pytest.fixture(scope="module")
def row(house: House) -> ReleaseRow:
    """Return a release that is sealed."""
    return sealed(house, house.unplayable().reference)


def papers(house: House, row: ReleaseRow) -> dict[str, bytes]:
    def read(session: Session) -> dict[str, bytes]:
        rows = session.exec(select(SealFileRow).where(SealFileRow.release == row.id))
        return {one.path: one.data for one in rows}

    return house.look(read)


def erase(
    house: House, row: ReleaseRow, role: str = Role.GOVERNANCE, reason: str = "they asked"
) -> int:
    return house.do(
        role,
        lambda session: house.services.papers.erase(
            session, str(row.id), by=house.subjects[role], at=utc_now(), reason=reason
        ),
    )


def audited(house: House, row: ReleaseRow) -> AuditReport:
    house.events(row.id)  # once all have their place

    def look(session: Session) -> AuditReport:
        take_snapshot(session)
        return audit_session(house.services, session)

    return house.look(look)


def said_of(report: AuditReport) -> str:
    return " ".join(finding.words for finding in report.failed)


def test_an_erasure_leaves_nothing_that_names_anybody(house: House) -> None:
    row = sealed(house, house.unplayable().reference)
    before, package = papers(house, row), collected(house, row)
    told = [WANTED.recipient_name.encode(), WANTED.recipient_email.encode()]
    assert all(any(one in data for data in before.values()) for one in told)
    assert not said_of(audited(house, row))

    recipient = row.recipient
    assert row.id in house.look(lambda s: house.services.papers.left_of(s, recipient))
    assert erase(house, row) == len(before) - len(KEPT)
    after = papers(house, row)
    assert after == {path: before[path] for path in KEPT}
    for data in after.values():
        assert not [one for one in told if one in data]
    assert row.id not in house.look(lambda s: house.services.papers.left_of(s, recipient))

    # The audit knows: who did it and why is an event, and nothing is missing.
    [(_, values)] = [one for one in house.events(row.id) if one[0] == ERASED]
    assert values["reason"] == "they asked"
    assert str(values["actor"]).startswith("Test governance (")
    assert not said_of(audited(house, row))
    # The package is what it was, is handed out as before, and holds.
    assert collected(house, row) == package
    assert not failed_steps(judge(package, None))
    # Whoever was stopped in the middle of many says the same again.
    assert erase(house, row) == 0
    assert [one[0] for one in house.events(row.id)].count(ERASED) == 1


@pytest.mark.parametrize("role", [*(one for one in Role if one != Role.GOVERNANCE), "nobody"])
def test_nobody_else_erases(house: House, row: ReleaseRow, role: str) -> None:
    before = papers(house, row)
    with pytest.raises(AccessRefusedError):
        erase(house, row, role)
    assert papers(house, row) == before


@pytest.mark.parametrize("reason", ["", "  ", "x" * 5000, "a\x00b"])
def test_an_erasure_says_why(house: House, row: ReleaseRow, reason: str) -> None:
    with pytest.raises(InvalidError):
        erase(house, row, reason=reason)
    assert len(papers(house, row)) > len(KEPT)


def test_what_was_never_sealed_and_what_is_being_sealed_has_nothing_to_erase(house: House) -> None:
    proposed = house.propose(house.unplayable().reference)
    with pytest.raises(StateError, match="was never sealed"):
        erase(house, proposed)
    house.approve(proposed)
    house.do(
        Role.OPERATOR,
        lambda s: house.services.decisions.start_sealing(
            s, str(proposed.id), by=house.subjects[Role.OPERATOR]
        ),
    )
    with pytest.raises(StateError, match="is being sealed"):
        erase(house, proposed)
    house.services.sealing.seal(proposed.id)  # it was not disturbed
    with pytest.raises(UnknownError):
        house.do(
            Role.GOVERNANCE,
            lambda s: house.services.papers.erase(
                s, "no such", by=house.subjects[Role.GOVERNANCE], at=utc_now(), reason="x"
            ),
        )


def test_a_release_that_was_revoked_can_be_erased(house: House) -> None:
    row = sealed(house, house.unplayable().reference)
    revoke(house, row)
    assert erase(house, row) > 0
    assert not said_of(audited(house, row))


def test_a_crash_in_the_middle_leaves_all_or_nothing(house: House, row: ReleaseRow) -> None:
    before = papers(house, row)
    by = house.subjects[Role.GOVERNANCE]

    class KilledError(Exception):
        """Stands for the end of the process before the commit."""

    def killed(session: Session) -> None:
        house.services.papers.erase(session, str(row.id), by=by, at=utc_now(), reason="x")
        raise KilledError

    with pytest.raises(KilledError):
        house.do(Role.GOVERNANCE, killed)
    assert papers(house, row) == before
    assert house.look(lambda s: s.get(SealErasureRow, row.id)) is None


def say(house: House, words: str) -> None:
    """Say this to the database, with the rights of the service."""
    with house.services.transaction() as session:
        for one in words.split(";"):
            session.connection().execute(text(one))


@pytest.mark.parametrize(
    "words",
    [
        "DELETE FROM seal_file",
        "DELETE FROM seal_file WHERE path = 'README.html'",
        "UPDATE seal_file SET data = ''",
        "TRUNCATE seal_file",
        "DELETE FROM seal_erasure",
        "UPDATE seal_erasure SET reason = ''",
        # With a row of an erasure, what the seal is computed over stays all the same.
        """INSERT INTO seal_erasure SELECT id, proposed_by, now(), '', 0 FROM release
             WHERE id NOT IN (SELECT release FROM seal_erasure);
           DELETE FROM seal_file WHERE path = 'tagmanifest-sha256.txt'""",
    ],
)
def test_the_database_refuses_what_is_no_erasure_on_record(
    house: House, row: ReleaseRow, words: str
) -> None:
    before = papers(house, row)
    with pytest.raises(ProgrammingError):
        say(house, words)
    assert papers(house, row) == before


def test_papers_that_an_intruder_erased_are_found(house: House) -> None:
    """With the rights of the service: its row is there, and no event of it."""
    row = sealed(house, house.unplayable().reference)
    with house.services.transaction() as session:
        session.add(
            SealErasureRow(
                release=row.id, person=row.proposed_by, at=utc_now(), reason="none", files=1
            )
        )
        session.flush()
        gone = session.exec(
            select(SealFileRow).where(
                SealFileRow.release == row.id, col(SealFileRow.path).not_in(KEPT)
            )
        ).all()
        for one in gone:
            session.delete(one)
    report = audited(house, row)
    assert ERASED in " ".join(f"{f.words} {f.expected} {f.subject}" for f in report.failed)


def test_the_command_erases_one_release_after_another(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [sealed(house, house.unplayable().reference) for _ in range(2)]
    names = [str(one.id) for one in rows]
    given = argparse.Namespace(release=names, reason="the person asked")
    by = house.subjects[Role.GOVERNANCE]
    assert patiently(lambda: COMMANDS["erase-papers"](given, house.services, by)) == 0
    assert capsys.readouterr().out.count("papers erased") == 2
    assert COMMANDS["erase-papers"](given, house.services, by) == 0
    assert capsys.readouterr().out.count("none is left") == 2
