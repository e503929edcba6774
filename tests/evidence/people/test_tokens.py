"""Tokens: known by their digest only, for one subject, and every change of roles is an event."""

from datetime import UTC, datetime

import pytest
from sqlmodel import col, select

from api.times import utc_now
from custody.tables import CustodyValueRow
from evidence.errors import UnknownError
from evidence.people.access import Role
from evidence.people.founded import unfounded_tokens
from evidence.people.tables import TokenRow
from evidence.people.tokens import TOKEN_PREFIX
from tests.houses import House

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def add(house: House, name: str, *roles: Role) -> str:
    people = house.services.people
    with house.services.transaction() as session:
        person = people.add(session, name)
        by = house.subjects[Role.ADMINISTRATOR]
        return house.services.tokens.add(session, person, roles, by=by, at=NOON)


def who(house: House, token: str) -> str | None:
    subject = house.look(lambda s: house.services.tokens.find(s, token))
    return None if subject is None else f"{subject.name}: {', '.join(sorted(subject.roles))}"


def test_a_token_speaks_for_its_subject_and_its_roles(house: House) -> None:
    token = add(house, "Ines", Role.OPERATOR, Role.AUDITOR)
    assert token.startswith(TOKEN_PREFIX)
    assert who(house, f"{token}\n") == "Ines: auditor, operator"


@pytest.mark.parametrize("token", ["", "custos_", "custos_x", "\ud83d", "é", "x" * 10_000])
def test_what_is_no_token_is_nobody(house: House, token: str) -> None:
    assert who(house, token) is None


def test_a_changed_letter_makes_it_nobody_s(house: House) -> None:
    token = add(house, "Jo", Role.OPERATOR)
    assert who(house, token[:-1] + ("A" if token[-1] != "A" else "B")) is None
    assert who(house, token.swapcase()) is None


def test_a_revoked_token_is_nobody_s(house: House) -> None:
    token = add(house, "Kim", Role.OPERATOR)
    by = house.subjects[Role.ADMINISTRATOR]
    with house.services.transaction() as session:
        house.services.tokens.revoke(session, token, by=by, at=NOON)
        house.services.tokens.revoke(session, token, by=by, at=utc_now())
        with pytest.raises(UnknownError):
            house.services.tokens.revoke(session, "custos_nobody", by=by, at=NOON)
    assert who(house, token) is None
    with house.services.transaction() as session:
        assert not list(unfounded_tokens(session))


def test_no_token_lies_in_the_database(house: House) -> None:
    token = add(house, "Lee", Role.OPERATOR)
    rows = house.look(lambda s: [row.model_dump_json() for row in s.exec(select(TokenRow))])
    assert not any(token in row or token.removeprefix(TOKEN_PREFIX) in row for row in rows)


def test_each_role_that_is_given_is_an_event_by_whoever_gave_it(house: House) -> None:
    add(house, "Mia of the test", Role.OPERATOR, Role.AUDITOR, Role.OPERATOR)

    def given() -> list[str]:
        with house.services.transaction() as session:
            about = session.exec(
                select(CustodyValueRow.event).where(
                    CustodyValueRow.field == "subject",
                    col(CustodyValueRow.value).startswith('"Mia of the test'),
                )
            ).all()
            return sorted(
                value.value
                for event in about
                for value in session.exec(
                    select(CustodyValueRow).where(
                        CustodyValueRow.event == event, CustodyValueRow.field == "role"
                    )
                )
            )

    # The third is of the token: in which roles it speaks.
    assert given() == ['"auditor"', '"auditor, operator"', '"operator"']
