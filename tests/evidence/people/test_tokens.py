"""Tokens: known by their digest only, for one subject, and every change of roles is an event."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlmodel import Session, col, select

from custody.formats.canonical import format_time
from custody.ledger.tables import CustodyEventRow, CustodyValueRow
from evidence.errors import InvalidError, StateError, TokenEndedError, UnknownError
from evidence.paging import every
from evidence.people.access import Role
from evidence.people.issued import unfounded_tokens
from evidence.people.tables import TokenRow
from evidence.people.tokens import (
    LASTS,
    LONGEST,
    SOON,
    TOKEN_PREFIX,
    HeldToken,
    ending,
    token_name,
)
from evidence.secrets import secret_digest
from tests.houses import House

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def add(house: House, name: str, *roles: Role) -> str:
    people = house.services.people
    with house.services.transaction() as session:
        person = people.add(session, name)
        by = house.subjects[Role.ADMINISTRATOR]
        return house.services.tokens.add(session, person, roles, by=by, at=NOON)


def who(house: House, token: str, at: datetime = NOON) -> str | None:
    subject = house.look(lambda s: house.services.tokens.find(s, token, at=at))
    return None if subject is None else f"{subject.name}: {', '.join(sorted(subject.roles))}"


def held(house: House, token: str) -> HeldToken:
    """Return how the list shows a token."""
    return next(one for one in every_token(house) if secret_digest(token).startswith(one.id))


def every_token(house: House, most: int = 100) -> list[HeldToken]:
    held = house.services.tokens.held
    return list(every(lambda at: house.look(lambda s: held(s, cursor=at, most=most))))


def revoke(house: House, name: str) -> HeldToken:
    by = house.subjects[Role.ADMINISTRATOR]
    with house.services.transaction() as session:
        return house.services.tokens.revoke(session, name, by=by, at=NOON)


def told(house: House, event: str, token: str) -> list[dict[str, object]]:
    """Return what the events of this name say of a token."""
    statement = select(CustodyEventRow.record).where(CustodyEventRow.event == event)
    records = house.look(lambda s: s.exec(statement).all())
    values = [
        values for record in records for name, values in house.events(record) if name == event
    ]
    return [one for one in values if one["sha256"] == secret_digest(token)]


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


def test_a_revoked_token_is_nobody_s_and_both_are_events(house: House) -> None:
    token = add(house, "Kim", Role.OPERATOR)
    [made] = told(house, "token.made", token)
    assert str(made["subject"]).startswith("Kim (")
    assert (made["role"], made["until"]) == ("operator", format_time(NOON + LASTS))
    assert told(house, "token.revoked", token) == []
    name = held(house, token).id
    assert revoke(house, name.upper()).state(NOON) == "revoked"
    with pytest.raises(TokenEndedError, match="was revoked"):
        who(house, token)
    [revoked] = told(house, "token.revoked", token)
    assert (revoked["subject"], revoked["role"]) == (made["subject"], "operator")
    assert str(revoked["actor"]).startswith("Test administrator (")
    with pytest.raises(StateError, match="revoked already"):
        revoke(house, name)
    assert len(told(house, "token.revoked", token)) == 1


@pytest.mark.parametrize(
    "name", ["", "0", "f" * 11, "z" * 12, "%" * 12, "_" * 12, "0" * 64, "0" * 65, "0123456789ab\n%"]
)
def test_only_a_token_that_there_is_is_revoked(house: House, name: str) -> None:
    with pytest.raises(UnknownError, match="custos token list"):
        revoke(house, name)


def test_a_token_ends_at_its_moment(house: House) -> None:
    token = add(house, "Ola", Role.OPERATOR)
    ends = NOON + LASTS
    assert who(house, token, ends - timedelta(microseconds=1)) == "Ola: operator"
    for at in (ends, ends + timedelta(days=1)):
        with pytest.raises(TokenEndedError, match="ended on 19 February 2027: ask for a new one"):
            who(house, token, at)
    assert [held(house, token).state(at) for at in (NOON, ends)] == ["works", "ended"]


@pytest.mark.parametrize(
    "until", [NOON, NOON - timedelta(days=1), NOON + LONGEST + timedelta(seconds=1)]
)
def test_no_token_lasts_for_ever_or_not_at_all(house: House, until: datetime) -> None:
    by = house.subjects[Role.ADMINISTRATOR]
    with (
        pytest.raises(InvalidError, match="1 to 366 days"),
        house.services.transaction() as session,
    ):
        house.services.tokens.add(session, by.person, [Role.OPERATOR], by=by, at=NOON, until=until)


def test_one_name_is_one_person_and_never_the_two_halves_of_a_decision(house: House) -> None:
    token = add(house, "Pat", Role.OPERATOR)
    first = house.look(lambda s: house.services.tokens.find(s, token, at=NOON))
    assert first is not None
    with house.services.transaction() as session:
        for name in ("Pat", " Pat "):
            assert house.services.tokens.holder(session, name) == first.person
        # Whoever acts in the ledger without a token is nobody's second name.
        assert house.services.tokens.holder(session, "the tests") is None


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ("expires_at = expires_at + interval '1 day'", "until 2027-02-20T12:00:00Z"),
        ("roles = ARRAY['operator', 'releaser']", "as operator, releaser"),
        ("person = (SELECT id FROM person WHERE name = 'Test auditor')", "as operator"),
        ("sha256 = repeat('ab', 32)", "as operator"),
    ],
)
def test_a_token_that_is_not_as_it_was_made_is_named(house: House, change: str, found: str) -> None:
    assert house.look(lambda s: list(unfounded_tokens(s))) == []
    key = secret_digest(add(house, "Quinn", Role.OPERATOR))
    with house.services.engine.connect() as connection, Session(connection) as session:
        statement = text(f"UPDATE api_token SET {change} WHERE sha256 = :key")  # noqa: S608
        assert session.connection().execute(statement, {"key": key}).rowcount == 1
        named = list(unfounded_tokens(session))
        assert any(found in one.found for one in named)
        session.rollback()


def test_a_revoked_token_that_works_again_is_named(house: House) -> None:
    token = add(house, "Rae", Role.OPERATOR)
    revoke(house, held(house, token).id)
    assert house.look(lambda s: list(unfounded_tokens(s))) == []
    with house.services.engine.connect() as connection, Session(connection) as session:
        back = text("UPDATE api_token SET revoked_at = NULL WHERE sha256 = :key")
        session.connection().execute(back, {"key": secret_digest(token)})
        [named] = unfounded_tokens(session)
        assert named.id == secret_digest(token)
        assert ", revoked 20" in named.expected
        session.rollback()


def test_no_token_lies_in_the_database(house: House) -> None:
    token = add(house, "Lee", Role.OPERATOR)
    rows = house.look(lambda s: [row.model_dump_json() for row in s.exec(select(TokenRow))])
    assert not any(token in row or token.removeprefix(TOKEN_PREFIX) in row for row in rows)


def test_each_role_that_is_given_is_an_event_by_whoever_gave_it(house: House) -> None:
    add(house, "Mia of the test", Role.OPERATOR, Role.AUDITOR, Role.OPERATOR)

    def given() -> list[str]:
        with house.services.transaction() as session:
            about = session.exec(
                select(CustodyValueRow.event)
                .join(CustodyEventRow, col(CustodyEventRow.id) == CustodyValueRow.event)
                .where(
                    CustodyEventRow.event == "role.changed",
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

    assert given() == ['"auditor"', '"operator"']


def test_tokens_are_listed_by_page_each_once(house: House) -> None:
    for name in ("Page one", "Page two", "Page three", "Page four"):
        add(house, name, Role.OPERATOR)  # of one moment, like those of a first start
    whole = every_token(house)
    assert {"Page one", "Page two", "Page three", "Page four"} <= {one.name for one in whole}
    assert every_token(house, most=3) == whole
    assert len({one.id for one in whole}) == len(whole)


def test_administrators_are_told_two_weeks_before_a_token_ends(house: House) -> None:
    token, renewed = add(house, "Ends", Role.OPERATOR), add(house, "Renewed", Role.OPERATOR)
    ends = NOON + LASTS

    def told_of(at: datetime) -> set[str]:
        return {one.name for one in house.look(lambda s: ending(s, at=at, most=100))}

    early = ends - SOON - timedelta(seconds=1)
    assert not {"Ends", "Renewed"} & told_of(early)
    assert {"Ends", "Renewed"} <= told_of(ends - SOON)
    with house.services.transaction() as session:
        holder = house.services.tokens.find(session, renewed, at=NOON)
        assert holder is not None
        by = house.subjects[Role.ADMINISTRATOR]
        later = ends - timedelta(days=1)
        add_to = house.services.tokens.add
        add_to(session, holder.person, [Role.OPERATOR], by=by, at=later)
        add_to(session, holder.person, [Role.AUDITOR], by=by, at=later)
    assert "Renewed" not in told_of(later), "the same roles last longer now"
    assert "Ends" in told_of(later)
    assert "Ends" not in told_of(ends)
    revoke(house, token_name(token))
    assert "Ends" not in told_of(later)
