"""People: names that can be kept, and every refusal of somebody we know is an event."""

from datetime import UTC, datetime

import pytest
from sqlmodel import col, select

from custody.ledger.tables import CustodyEventRow
from evidence.errors import AccessRefusedError, InvalidError
from evidence.people.access import Role
from tests.houses import House

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def test_a_name_is_plain_text(house: House) -> None:
    for name in ("", "a\x00b", "x" * 201):
        with pytest.raises(InvalidError), house.services.transaction() as session:
            house.services.people.add(session, name)


def test_a_refusal_is_an_event_with_action_and_reason(house: House) -> None:
    auditor = house.subjects[Role.AUDITOR]
    refused = AccessRefusedError("release.approve", "because")
    with house.services.transaction() as session:
        house.services.refusals.record(session, auditor, refused, at=NOON)
    with house.services.transaction() as session:
        event = session.exec(
            select(CustodyEventRow)
            .where(CustodyEventRow.event == "access.refused")
            .order_by(col(CustodyEventRow.seq).desc())
        ).first()
        assert event is not None
        values = {one.field: one.value for one in house.services.ledger.openings(session, event.id)}
    assert (values["action"], values["reason"]) == ("release.approve", "because")
    assert (values["actor"], values["role"]) == (auditor.words, "auditor")
