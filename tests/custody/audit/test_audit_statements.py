"""The audit asks as many statements of a long log as of a short one."""

from collections import Counter

import psycopg
import pytest

from custody.audit.log import audit, take_snapshot
from custody.formats.events import RecordKind
from storage.database import transaction
from tests.custody.desks import Desk


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Count the statements that any connection is asked from here on."""
    counted: Counter[str] = Counter()
    for kind in (psycopg.Cursor, psycopg.ServerCursor):
        execute = kind.execute

        def count(
            self: object, query: object, *given: object, _to: object = execute, **more: object
        ) -> object:
            counted["statements"] += 1
            return _to(self, query, *given, **more)  # type: ignore[operator]

        monkeypatch.setattr(kind, "execute", count)
    return counted


def statements_of_an_audit(desk: Desk, asked: Counter[str]) -> int:
    before = asked["statements"]
    with transaction(desk.engine) as session:
        take_snapshot(session)
        report = audit(session, desk.material())
    assert {finding.step for finding in report.failed} == {"database"}, "these have no claims"
    return asked["statements"] - before


def test_a_long_log_is_read_by_as_many_statements_as_a_short_one(
    desk: Desk, asked: Counter[str]
) -> None:
    person = desk.open_record(RecordKind.PERSON)
    desk.write_person(desk.open_record(), person)
    desk.sequencer.turn()
    short = statements_of_an_audit(desk, asked)
    for _ in range(12):
        record = desk.open_record()
        desk.write_person(record, desk.open_record(RecordKind.PERSON))
        desk.write(record)
    desk.sequencer.turn()
    assert statements_of_an_audit(desk, asked) == short
