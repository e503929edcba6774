"""Sealing repeats what the ledger says of an exhibit, and stops where the database says else."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import NullPool, create_engine, make_url, text
from sqlmodel import Session

from custody.errors import ProofError
from evidence.exhibits.description import Description
from evidence.exhibits.recorded import described
from evidence.exhibits.tables import ExhibitRow
from export.holdings.files import MASTER, files_of
from export.holdings.statements import Statements
from tests.houses import Estate, House


@pytest.fixture(scope="module")
def exhibit(house: House) -> ExhibitRow:
    row = house.unplayable()
    house.events(row.id)
    return row


@contextmanager
def past_every_rule(estate: Estate, house: House) -> Iterator[Session]:
    """Open a transaction as somebody who owns the machine; nothing of it stays."""
    assert house.settings.engines is not None
    name = make_url(house.settings.engines.app_url).database or ""
    with Session(create_engine(estate.superuser.at(name), poolclass=NullPool)) as session:
        session.execute(text("SET LOCAL session_replication_role = replica"))
        yield session


def confirmed(house: House, session: Session, exhibit: ExhibitRow) -> Description:
    row = session.get_one(ExhibitRow, exhibit.id)
    statements = Statements(house.services.histories)
    return statements.confirmed(session, row, files_of(session, row.id, MASTER))


def test_what_nobody_touched_is_confirmed(house: House, exhibit: ExhibitRow) -> None:
    assert house.look(lambda s: confirmed(house, s, exhibit)) == described(exhibit)


CHANGES = {
    "title": "UPDATE exhibit SET title = 'x'",
    "camera.id": "UPDATE exhibit SET camera = 'x'",
    "exhibit_ref": "UPDATE exhibit SET reference = 'ZZ/99'",
    "displayed_start": "UPDATE exhibit SET displayed_start = '2026-01-01T00:00:00+00:00'",
    "displayed_end": "UPDATE exhibit SET displayed_end = ''",
    "corrected_start": "UPDATE exhibit SET corrected_start = corrected_start + interval '1 ms'",
    "corrected_end": "UPDATE exhibit SET corrected_end = now()",
    "clock_check.offset_ms": (
        "UPDATE exhibit SET description = jsonb_set(description, '{clock_check,offset_ms}', '1')"
    ),
    "export.method": (
        "UPDATE exhibit SET description = jsonb_set(description, '{export,method}', 'null')"
    ),
    "confirmed": (
        "UPDATE exhibit SET description = jsonb_set(description, '{confirmed}', '[\"unfilled\"]')"
    ),
    "all of it": "UPDATE exhibit SET description = description - 'recorder'",
    "files.1.sha256": "UPDATE exhibit_file SET sha256 = repeat('0', 64) WHERE kind = 'master'",
    "files.1.size": "UPDATE exhibit_file SET size = size + 1 WHERE kind = 'master'",
    "files.1": "UPDATE exhibit_file SET position = 3 WHERE kind = 'master'",
}


@pytest.mark.parametrize("place", CHANGES)
def test_a_changed_column_stops_the_sealing_and_is_named(
    estate: Estate, house: House, exhibit: ExhibitRow, place: str
) -> None:
    with past_every_rule(estate, house) as session:
        session.connection().exec_driver_sql(CHANGES[place])
        with pytest.raises(ProofError, match=re.escape(f"ledger, in {place}")) as refused:
            confirmed(house, session, exhibit)
    assert exhibit.reference in str(refused.value) or place == "exhibit_ref"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("UPDATE custody_value SET value = '{}' WHERE field = 'facts'", "changed in the database"),
        ("DELETE FROM custody_value WHERE field = 'facts'", "was erased"),
        ("DELETE FROM custody_event WHERE event = 'exhibit.described'", "says nothing of"),
        ("UPDATE custody_event SET mac = ''", "changed in the database"),
        ("DELETE FROM custody_event WHERE event = 'clock.checked'", "in clock.checked"),
    ],
)
def test_an_event_that_is_not_what_the_log_committed_to_stops_the_sealing(
    estate: Estate, house: House, exhibit: ExhibitRow, change: str, words: str
) -> None:
    with past_every_rule(estate, house) as session:
        session.connection().exec_driver_sql(change)
        with pytest.raises(ProofError, match=words):
            confirmed(house, session, exhibit)


def test_a_sealing_repeats_the_ledger_and_calls_a_person_where_the_row_was_changed(
    estate: Estate, house: House
) -> None:
    row = house.unplayable()
    release = house.propose(row.reference)
    house.approve(release)
    with past_every_rule(estate, house) as session:
        session.get_one(ExhibitRow, row.id).camera = "BAR-0018"
        session.commit()
    with pytest.raises(ProofError, match=r"camera\.id"):
        house.seal(release)
    with past_every_rule(estate, house) as session:
        session.get_one(ExhibitRow, row.id).camera = row.camera
        session.commit()
    house.services.sealing.seal(release.id)
    assert [name for name, _ in house.events(release.id)][-1] == "release.checked"
