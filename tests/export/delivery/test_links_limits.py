"""Before the code: limits, locks, and nothing that tells a good token from any other."""

import re
import secrets
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import event
from sqlmodel import Session

from evidence.exhibits.tables import ExhibitRow
from evidence.mailbox.codes import (
    ASKS,
    ASKS_A_DAY,
    ATTEMPTS,
    CODE_LIFE,
    REFUSED_A_DAY,
    Standing,
    read_code,
    token_subject,
)
from evidence.mailbox.letters import CodeLetter
from evidence.mailbox.tables import GateRow
from evidence.secrets import secret_digest
from export.delivery.letters import DeliveryLetter
from export.delivery.links import JOB_CODE, JOB_REFUSED
from export.release.tables import ReleaseRow
from tests.export.delivery.linking import Desk, at_once, minutes, sealed
from tests.houses import House

MALFORMED = (
    "",
    "x",
    "../../etc/passwd",
    "é" * 43,
    "\udcff\x01",
    "A" * 42,
    "A" * 44,
    "A" * 10_240,
    "\u202e" + "A" * 42,
    "' OR 1=1 --",
)


def wrong(code: str) -> str:
    """Return another code than this one."""
    return f"{(int(code) + 1) % 10**8:08d}"


def stood(standing: str | Standing) -> Standing:
    assert isinstance(standing, Standing)
    return standing


@pytest.fixture
def tokens(desk: Desk, release: ReleaseRow, token: str) -> Callable[[str], str]:
    """Return a token of a kind: all of them must look the same."""

    def made(kind: str) -> str:
        if kind == "unknown":
            return secrets.token_urlsafe(32)
        if kind == "malformed":
            return "é" * 5000 + secrets.token_hex()
        if kind == "revoked":
            desk.revoke(release)
        if kind == "expired":
            desk.now = desk.link(release).expires_at
        if kind == "spent":
            for _ in range(2):
                desk.authorise(desk.agreed(release, token))
            desk.later(timedelta(days=1))
        return token

    return made


KINDS = ("good", "unknown", "malformed", "revoked", "expired", "spent")


def gate(desk: Desk, token: str) -> GateRow | None:
    return desk.do(lambda session: session.get(GateRow, secret_digest(token)))


def shape(standing: Standing, since: datetime) -> tuple[object, ...]:
    """Return what a stranger sees of a standing, whenever they look."""
    until = None if standing.until is None else standing.until - since
    return standing.state, until, standing.asks_left, standing.attempts_left


def walk(desk: Desk, token: str) -> list[tuple[object, ...]]:
    """Do what a stranger can do, over two days, jobs included; return all that they see."""
    since = desk.now
    seen: list[Standing] = []

    def look(*, ask: bool = False, code: str | None = None) -> None:
        seen.append(desk.standing(token))
        if ask:
            seen.append(desk.ask(token))
        if code is not None:
            seen.append(stood(desk.enter(token, code)))
        seen.append(desk.standing(token))
        desk.work(token)
        seen.append(desk.standing(token))
        desk.later(timedelta(seconds=1))

    look(code="00000000")
    for _ in range(ASKS + 1):
        look(ask=True)
    for _ in range(ATTEMPTS + 2):
        look(code="00000000")
    look(code="no code")
    desk.later(minutes(15))
    for _ in range(3):
        look(ask=True, code="11111111")
    for _ in range(6):
        look(code="00000000")
    desk.later(timedelta(hours=24))
    look(ask=True, code="00000000")
    return [shape(standing, since) for standing in seen]


REFERENCE: list[list[tuple[object, ...]]] = []


@pytest.mark.parametrize("kind", KINDS)
def test_a_stranger_sees_no_difference_between_tokens(
    desk: Desk, tokens: Callable[[str], str], kind: str
) -> None:
    token = tokens(kind)
    seen = walk(desk, token)
    states = {state for state, *_ in seen}
    assert states == {"closed", "asked", "wrong", "waiting", "locked"}
    if not REFERENCE:
        REFERENCE.append(walk(desk, secrets.token_urlsafe(32)))
    assert seen == REFERENCE[0]


@pytest.mark.parametrize("kind", KINDS)
def test_every_token_costs_the_same_statements(
    desk: Desk, house: House, tokens: Callable[[str], str], kind: str
) -> None:
    """Writes, reads and jobs: what takes time is the same, so timing says nothing either."""
    tokens_of = [tokens(kind), secrets.token_urlsafe(32)]
    said: list[list[str]] = [[], []]
    current: list[str] = []
    here = threading.get_ident()

    def note(_c: object, _cursor: object, statement: str, *_: object) -> None:
        if threading.get_ident() == here:  # the sequencer is at work beside us
            # Which columns change, the history of a token decides, and every token can have one.
            current.append(re.sub(r"(UPDATE gate SET) .* (WHERE)", r"\1 \2", statement))

    event.listen(house.services.engine, "before_cursor_execute", note)
    try:
        for index, token in enumerate(tokens_of):
            for act in (desk.standing, desk.ask, lambda t: desk.enter(t, "00000000")):
                current.clear()
                act(token)
                said[index] += current
    finally:
        event.remove(house.services.engine, "before_cursor_execute", note)
    assert len(said[0]) > 5
    assert said[0] == said[1]


@pytest.mark.parametrize("kind", KINDS)
def test_an_ask_and_a_wrong_code_defer_the_same_jobs_for_every_token(
    desk: Desk, tokens: Callable[[str], str], kind: str
) -> None:
    token = tokens(kind)
    subject = token_subject(secret_digest(token))
    before = desk.jobs(JOB_REFUSED, subject)
    desk.ask(token)
    assert (desk.jobs(JOB_CODE, subject), before) == (1, 0)
    desk.enter(token, "00000000")
    assert desk.jobs(JOB_REFUSED, subject) == 1


@pytest.mark.parametrize("token", MALFORMED)
def test_what_can_be_no_token_counts_as_an_unknown_one(desk: Desk, token: str) -> None:
    desk.now += timedelta(days=3)
    assert desk.standing(token) == Standing("closed")
    assert desk.ask(token) == Standing("asked", None, ASKS - 1, ATTEMPTS)
    desk.work(token)
    assert stood(desk.enter(token, "12345678")).state == "wrong"
    desk.do(lambda s: s.delete(s.get_one(GateRow, secret_digest(token))))


def test_to_look_writes_nothing(desk: Desk, token: str) -> None:
    for known in (token, secrets.token_urlsafe(32)):
        for _ in range(3):
            assert desk.standing(known) == Standing("closed")
        assert gate(desk, known) is None


@pytest.mark.parametrize(
    "typed", ["{0} {1}", "{0}-{1}", " {0}{1}\n", "{0}\u2013{1}", "{0}\u00a0{1}", "\ufeff{0}{1}"]
)
def test_a_code_may_be_pasted_with_spaces_and_dashes(
    desk: Desk, release: ReleaseRow, token: str, typed: str
) -> None:
    code = desk.code(release, token)
    assert isinstance(desk.enter(token, typed.format(code[:4], code[4:])), str)


@pytest.mark.parametrize(
    "typed",
    ["", "1234567", "123456789", "1234567x", "\u0967" * 8, "\uff11" * 7, "1" * 10_000, "\udcff"],
)
def test_what_can_be_no_code_is_wrong_and_not_counted(
    desk: Desk, release: ReleaseRow, token: str, typed: str
) -> None:
    assert read_code(typed) is None
    code = desk.code(release, token)
    for _ in range(REFUSED_A_DAY + 1):
        assert stood(desk.enter(token, typed)) == Standing("wrong", None, ASKS - 1, ATTEMPTS)
    assert isinstance(desk.enter(token, code), str)


def test_codes_are_eight_digits_and_differ(desk: Desk, release: ReleaseRow, token: str) -> None:
    codes = {desk.code(release, token) for _ in range(ASKS)}
    assert len(codes) == ASKS
    assert all(len(code) == 8 and code.isdigit() for code in codes)


def test_the_fourth_code_in_a_quarter_of_an_hour_waits(desk: Desk, token: str) -> None:
    first = desk.now
    for left in (2, 1, 0):
        assert desk.ask(token) == Standing("asked", None, left, ATTEMPTS)
        desk.later(minutes(4))
    desk.now = first + minutes(15) - timedelta(microseconds=1)
    waiting = desk.ask(token)
    assert waiting == Standing("waiting", first + minutes(15), 0, ATTEMPTS)
    desk.now = first + minutes(15)
    assert desk.ask(token).state == "asked"
    assert desk.ask(token) == Standing("waiting", first + minutes(19), 0, ATTEMPTS)


def test_the_eleventh_code_in_a_day_waits_until_the_first_is_a_day_old(
    desk: Desk, token: str
) -> None:
    first = desk.now
    for _ in range(ASKS_A_DAY):
        assert desk.ask(token).state == "asked"
        desk.later(minutes(20))
    waiting = desk.ask(token)
    assert waiting == Standing("waiting", first + timedelta(days=1), 0, ATTEMPTS)
    desk.now = first + timedelta(days=1) - timedelta(microseconds=1)
    assert desk.ask(token).state == "waiting"
    desk.now = first + timedelta(days=1)
    assert desk.ask(token).state == "asked"
    assert desk.ask(token).state == "waiting"


def test_an_ask_too_many_neither_ends_the_code_nor_sends_one(
    desk: Desk, release: ReleaseRow, token: str
) -> None:
    for _ in range(ASKS - 1):
        desk.code(release, token)
    code = desk.code(release, token)
    assert desk.ask(token).state == "waiting"
    desk.work(token)
    assert len(desk.mail(release, CodeLetter.CODE)) == ASKS
    assert isinstance(desk.enter(token, code), str)


def test_a_second_code_ends_the_first_at_once(desk: Desk, release: ReleaseRow, token: str) -> None:
    first = desk.code(release, token)
    desk.later(minutes(1))
    desk.ask(token)
    assert stood(desk.enter(token, first)).state == "wrong"
    desk.work(token)
    assert stood(desk.enter(token, first)).state == "wrong"
    second = desk.mail(release, CodeLetter.CODE)[-1]["code"]
    assert second != first
    assert isinstance(desk.enter(token, second), str)


def test_a_code_is_good_for_ten_minutes(desk: Desk, release: ReleaseRow, token: str) -> None:
    code = desk.code(release, token)
    sent = desk.now
    desk.now = sent + CODE_LIFE
    assert stood(desk.enter(token, code)).state == "wrong"
    code = desk.code(release, token)
    desk.later(CODE_LIFE - timedelta(microseconds=1))
    assert isinstance(desk.enter(token, code), str)


def test_a_code_that_is_sent_late_is_good_for_ten_minutes_from_then(
    desk: Desk, release: ReleaseRow, token: str
) -> None:
    desk.ask(token)
    desk.later(minutes(9))
    desk.work(token)
    desk.later(minutes(9))
    code = desk.mail(release, CodeLetter.CODE)[-1]["code"]
    assert isinstance(desk.enter(token, code), str)


def test_the_fifth_wrong_entry_ends_the_code(desk: Desk, release: ReleaseRow, token: str) -> None:
    code = desk.code(release, token)
    for left in range(ATTEMPTS - 1, 0, -1):
        assert stood(desk.enter(token, wrong(code))).attempts_left == left
    assert stood(desk.enter(token, wrong(code))) == Standing("wrong", None, ASKS - 1, 0)
    assert stood(desk.enter(token, code)).state == "wrong"


def test_the_fifth_entry_may_be_the_right_one(desk: Desk, release: ReleaseRow, token: str) -> None:
    code = desk.code(release, token)
    for _ in range(ATTEMPTS - 1):
        desk.enter(token, wrong(code))
    assert isinstance(desk.enter(token, code), str)


def guess(desk: Desk, release: ReleaseRow, token: str, times: int) -> Standing:
    """Enter wrong codes, with a new code asked for in time."""
    last, code = Standing("closed"), ""
    for number in range(times):
        if number % ATTEMPTS == 0:
            code = desk.code(release, token)
        last = stood(desk.enter(token, wrong(code)))
    return last


def test_fifteen_wrong_codes_in_a_day_lock_for_a_day_even_with_the_right_code(
    desk: Desk, release: ReleaseRow, token: str
) -> None:
    assert guess(desk, release, token, REFUSED_A_DAY - 1).state == "wrong"
    desk.later(minutes(15))
    code = desk.code(release, token)
    locked = stood(desk.enter(token, wrong(code)))
    until = desk.now + timedelta(days=1)
    assert locked == Standing("locked", until, 0, 0)
    assert stood(desk.enter(token, code)) == locked
    assert desk.ask(token) == desk.standing(token) == locked
    desk.now = until - timedelta(microseconds=1)
    assert desk.ask(token) == locked
    desk.now = until
    assert isinstance(desk.enter(token, desk.code(release, token)), str)


def test_fourteen_wrong_codes_are_forgotten_the_next_day(
    desk: Desk, release: ReleaseRow, token: str
) -> None:
    began = desk.now + timedelta(seconds=1)
    guess(desk, release, token, REFUSED_A_DAY - 1)
    desk.now = began + timedelta(days=1)
    assert guess(desk, release, token, REFUSED_A_DAY - 1).state == "wrong"


def test_a_right_code_does_not_wipe_out_the_wrong_ones(
    desk: Desk, release: ReleaseRow, token: str
) -> None:
    for _ in range(3):
        guess(desk, release, token, 4)
        desk.past(release, token)
        desk.later(minutes(16))
    assert guess(desk, release, token, 3).state == "locked"


def test_guesses_side_by_side_are_all_counted(desk: Desk, release: ReleaseRow, token: str) -> None:
    code = desk.code(release, token)
    results = at_once(*[lambda: desk.enter(token, wrong(code))] * 4)
    assert sorted(stood(result).attempts_left for result in results) == [1, 2, 3, 4]  # type: ignore[arg-type]


def test_asks_side_by_side_are_all_counted(desk: Desk, release: ReleaseRow, token: str) -> None:
    for one in (token, secrets.token_urlsafe(32)):
        results = at_once(*[lambda one=one: desk.ask(one)] * 4)
        states = sorted(result.state for result in results if isinstance(result, Standing))
        assert states == ["asked", "asked", "asked", "waiting"]
    desk.work(token)
    assert len(desk.mail(release, CodeLetter.CODE)) == 1
    assert desk.count(release, "link.requested") == 1


def test_a_code_opens_its_own_link_only(
    desk: Desk, house: House, exhibit: ExhibitRow, release: ReleaseRow, token: str
) -> None:
    """Who can write rows puts the HMAC of a code that they know before another, live link."""
    theirs = sealed(house, exhibit.reference)
    desk.links.issue(theirs.id)
    other = desk.token(theirs)
    desk.code(theirs, other)
    code = desk.code(release, token)

    def plant(session: Session) -> None:
        row = session.get_one(GateRow, secret_digest(token))
        target = session.get_one(GateRow, secret_digest(other))
        target.code_hmac, target.code_expires_at = row.code_hmac, row.code_expires_at

    desk.do(plant)
    assert stood(desk.enter(other, code)).state == "wrong"
    assert isinstance(desk.enter(token, code), str)


@pytest.mark.parametrize("end", ["revoked", "expired", "released no more"])
def test_a_code_that_outlived_its_link_is_wrong(
    desk: Desk, release: ReleaseRow, token: str, end: str
) -> None:
    desk.now = desk.link(release).expires_at - minutes(5)
    code = desk.code(release, token)
    if end == "revoked":
        desk.revoke(release)
    elif end == "expired":
        desk.now = desk.link(release).expires_at
    else:
        desk.do(lambda s: setattr(s.get_one(ReleaseRow, release.id), "state", "revoked"))
    assert stood(desk.enter(token, code)) == Standing("wrong", None, ASKS - 1, ATTEMPTS - 1)
    assert desk.count(release, "code.accepted") == 0


@pytest.mark.parametrize(
    ("end", "why"),
    [
        ("revoked", "replaced"),
        ("withdrawn", "withdrawn"),
        ("expired", "expired"),
        ("spent", "spent"),
    ],
)
def test_the_mailbox_hears_why_a_link_is_over_once_a_day(
    desk: Desk, release: ReleaseRow, tokens: Callable[[str], str], end: str, why: str
) -> None:
    token = tokens(end)
    if end == "withdrawn":
        desk.revoke(release)
        desk.do(lambda s: setattr(s.get_one(ReleaseRow, release.id), "state", "revoked"))
    asked, codes = desk.count(release, "link.requested"), desk.count(release, "code.sent")
    desk.now = desk.now.replace(hour=3) + timedelta(days=1)
    for _ in range(2):
        assert desk.ask(token).state == "asked"
        desk.work(token)
        desk.later(minutes(1))
    assert desk.mail(release, DeliveryLetter.LINK_ENDED) == [{"why": why}]
    assert (desk.count(release, "link.requested"), desk.count(release, "code.sent")) == (
        asked,
        codes,
    )
    desk.later(timedelta(days=1))
    desk.ask(token)
    desk.work(token)
    assert len(desk.mail(release, DeliveryLetter.LINK_ENDED)) == 2


def test_wrong_codes_on_a_link_are_one_event_an_hour(
    desk: Desk, release: ReleaseRow, token: str
) -> None:
    began = desk.now
    for _ in range(4):
        desk.enter(token, "00000000")
        desk.work(token)
        desk.work(token)
        desk.later(minutes(10))
    assert desk.count(release, "code.refused") == 1
    desk.now = began + minutes(60) - timedelta(microseconds=1)
    desk.enter(token, "00000000")
    desk.work(token)
    assert desk.count(release, "code.refused") == 1
    desk.now = began + minutes(60)
    desk.enter(token, "00000000")
    desk.work(token)
    assert desk.count(release, "code.refused") == 2
    assert desk.do(lambda s: s.get_one(GateRow, secret_digest(token))).refused == 6


def test_wrong_codes_on_an_unknown_or_dead_token_are_no_event(
    desk: Desk, release: ReleaseRow, token: str
) -> None:
    desk.revoke(release)
    for one in (token, secrets.token_urlsafe(32)):
        desk.enter(one, "00000000")
        desk.work(one)
    assert desk.count(release, "code.refused") == 0
