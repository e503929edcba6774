"""A code stands before anything that has a token: here an exhibit, which no link leads to."""

import secrets
import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlmodel import select

from evidence.exhibits.tables import ExhibitRow
from evidence.mailbox.codes import (
    ASKS,
    ATTEMPTS,
    CODE_LIFE,
    FORGET_GATES,
    LOCKED,
    REFUSED_A_DAY,
    Gates,
    Standing,
    forget_gates,
    token_subject,
)
from evidence.mailbox.letters import CodeLetter
from evidence.mailbox.tables import GateRow, MessageRow
from evidence.secrets import secret_digest
from tests.export.delivery.linking import Desk, T
from tests.houses import House

INSTANT = timedelta(microseconds=1)


@pytest.fixture(scope="module")
def exhibit(house: House) -> ExhibitRow:
    return house.exhibit()


@pytest.fixture
def digest() -> str:
    """Return the digest of a token that nobody stood before."""
    return secret_digest(secrets.token_urlsafe(32))


@pytest.fixture
def gates(desk: Desk) -> Gates:
    services = desk.house.services
    return Gates(services.messages, key=secrets.token_bytes(32), random=secrets.token_bytes)


def before(desk: Desk, gates: Gates, digest: str, work: Callable[[GateRow], T]) -> T:
    """Do something at the gate as a page does: locked, in a transaction of its own."""
    return desk.do(lambda session: work(gates.open(session, digest, at=desk.now)))


def code_of(desk: Desk, gates: Gates, digest: str, exhibit: ExhibitRow) -> str:
    """Ask for a code, send it as a job does, and read it in the letter."""
    desk.later(timedelta(seconds=1))
    asked = before(desk, gates, digest, lambda gate: gates.ask(gate, at=desk.now))
    assert asked.state == "asked"
    opens = uuid.uuid4()
    with desk.begin() as session:
        gate = gates.find(session, token_subject(digest))
        assert gate is not None
        assert gates.owes_code(gate)
        person = desk.house.services.people.known(session, "a witness")
        gates.send_code(session, gate, opens=opens, person=person, about=exhibit.id, at=desk.now)
        assert not gates.owes_code(gate)
    wanted = select(MessageRow).where(MessageRow.once.startswith(f"code:{opens}:"))
    row = desk.do(lambda session: session.exec(wanted).one())
    assert (row.kind, row.about, row.person) == (CodeLetter.CODE, exhibit.id, person)
    return desk.house.services.messages.open(row)["code"]


def enter(desk: Desk, gates: Gates, digest: str, text: str) -> Standing | None:
    """Enter something; return None if it was the code."""

    def work(gate: GateRow) -> Standing | None:
        barred = gates.barred(gate, text, at=desk.now)
        if barred is not None or gates.check(gate, text, at=desk.now):
            return barred
        return gates.refuse(gate, at=desk.now)

    return before(desk, gates, digest, work)


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10**8:08d}"


def test_a_code_is_right_once_and_until_it_runs_out(
    desk: Desk, gates: Gates, digest: str, exhibit: ExhibitRow
) -> None:
    code = code_of(desk, gates, digest, exhibit)
    desk.later(CODE_LIFE - INSTANT)
    assert enter(desk, gates, digest, f"{code[:4]} {code[4:]}") is None
    assert enter(desk, gates, digest, code) == Standing("wrong", None, ASKS - 1, ATTEMPTS - 1)
    code = code_of(desk, gates, digest, exhibit)
    desk.later(CODE_LIFE)
    late = enter(desk, gates, digest, code)
    assert late is not None
    assert late.state == "wrong"


def test_what_can_be_no_code_is_wrong_and_not_counted(
    desk: Desk, gates: Gates, digest: str, exhibit: ExhibitRow
) -> None:
    code = code_of(desk, gates, digest, exhibit)
    for text in ("", "1234567", "abcdefgh", code + "0"):
        found = enter(desk, gates, digest, text)
        assert found is not None
        assert (found.state, found.attempts_left) == ("wrong", ATTEMPTS)
    assert enter(desk, gates, digest, code) is None


def test_wrong_codes_end_the_code_and_then_lock_the_token(
    desk: Desk, gates: Gates, digest: str, exhibit: ExhibitRow
) -> None:
    code = code_of(desk, gates, digest, exhibit)
    for count in range(REFUSED_A_DAY):
        if count and count % ATTEMPTS == 0:
            over = enter(desk, gates, digest, "not a code")
            assert over is not None
            assert over.attempts_left == 0
            code = code_of(desk, gates, digest, exhibit)
        assert enter(desk, gates, digest, wrong(code)) is not None
    locked = Standing("locked", desk.now + LOCKED, 0, 0)
    assert enter(desk, gates, digest, code) == locked
    assert desk.do(lambda s: gates.standing(s, digest, at=desk.now)) == locked


def test_a_code_of_one_token_is_none_of_another_even_if_what_is_kept_of_it_is_copied(
    desk: Desk, gates: Gates, digest: str, exhibit: ExhibitRow
) -> None:
    code = code_of(desk, gates, digest, exhibit)
    other = secret_digest(secrets.token_urlsafe(32))
    code_of(desk, gates, other, exhibit)
    with desk.begin() as session:
        kept = session.get_one(GateRow, digest).code_hmac
        session.get_one(GateRow, other).code_hmac = kept
    assert enter(desk, gates, other, code) is not None
    assert enter(desk, gates, digest, code) is None


def test_what_was_counted_is_forgotten_long_after_somebody_stood_there(
    desk: Desk, gates: Gates, digest: str
) -> None:
    assert desk.do(lambda s: gates.standing(s, digest, at=desk.now)) == Standing("closed")
    before(desk, gates, digest, lambda gate: gates.ask(gate, at=desk.now))
    desk.do(lambda s: forget_gates(s, at=desk.now + FORGET_GATES))
    assert desk.do(lambda s: s.get(GateRow, digest)) is not None
    desk.do(lambda s: forget_gates(s, at=desk.now + FORGET_GATES + INSTANT))
    assert desk.do(lambda s: s.get(GateRow, digest)) is None
