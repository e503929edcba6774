"""Killed anywhere, each job leaves everything or nothing, and its next run the one right thing."""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlmodel import Session

from evidence.exhibits.tables import ExhibitRow
from evidence.mailbox.codes import token_subject
from evidence.mailbox.letters import CodeLetter
from evidence.mailbox.tables import GateRow
from evidence.secrets import secret_digest
from export.delivery.letters import DeliveryLetter
from export.delivery.links import JOB_REFUSED
from export.release.proposals import ReleaseKind
from export.release.tables import ReleaseRow
from tests.export.delivery.linking import Desk, sealed
from tests.houses import House


class Killed(BaseException):
    """What ends a process; nothing catches it."""


def killed_at(house: House, moment: str) -> Callable[[], Any]:
    """Return transactions of which the first is killed before or after its commit, or at a flush.

    ``moment`` is "before", "after", or how many flushes it lives.
    """
    left = [1]

    @contextmanager
    def begin() -> Iterator[Session]:
        if not left:
            with house.services.transaction() as session:
                yield session
            return
        left.pop()
        with house.services.transaction() as session:
            if moment.isdigit():
                _die_at_flush(session, int(moment))
            yield session
            if moment == "before":
                raise Killed
        raise Killed

    return begin


def _die_at_flush(session: Session, number: int) -> None:
    flush, seen = session.flush, [0]

    def counted(objects: Sequence[Any] | None = None) -> None:
        flush(objects)
        seen[0] += 1
        if seen[0] > number:
            raise Killed

    session.flush = counted  # type: ignore[method-assign]


MOMENTS = ("before", "after", "0", "1", "2", "3")


@pytest.mark.parametrize("moment", MOMENTS)
def test_the_issue_job_leaves_one_live_link_one_event_and_one_message(
    desk: Desk, house: House, unlinked: ReleaseRow, moment: str
) -> None:
    dying = replace(desk, begin=killed_at(house, moment))
    with pytest.raises(Killed):
        dying.links.issue(unlinked.id)
    desk.links.issue(unlinked.id)
    (link,) = desk.do(lambda session: desk.links.of(session, unlinked.id))
    assert desk.count(unlinked, "link.issued") == 1
    (mail,) = desk.mail(unlinked, DeliveryLetter.LINK)
    assert secret_digest(mail["token"]) == link.token_sha256
    assert isinstance(desk.past(unlinked, mail["token"]), str)


@pytest.mark.parametrize("moment", MOMENTS)
def test_the_code_job_sends_one_code_and_it_works(
    desk: Desk, house: House, release: ReleaseRow, token: str, moment: str
) -> None:
    desk.ask(token)
    subject = token_subject(secret_digest(token))
    dying = replace(desk, begin=killed_at(house, moment))
    with pytest.raises(Killed):
        dying.links.send_code(subject)
    for _ in range(2):
        desk.later(timedelta(seconds=1))
        desk.links.send_code(subject)
    (mail,) = desk.mail(release, CodeLetter.CODE)
    assert (desk.count(release, "code.sent"), desk.count(release, "link.requested")) == (1, 1)
    assert isinstance(desk.enter(token, mail["code"]), str)


def test_the_code_job_that_runs_again_after_the_code_was_used_sends_no_other(
    desk: Desk, release: ReleaseRow, token: str
) -> None:
    desk.past(release, token)
    desk.later(timedelta(hours=1))
    desk.links.send_code(token_subject(secret_digest(token)))
    assert len(desk.mail(release, CodeLetter.CODE)) == 1
    assert desk.count(release, "code.sent") == 1


@pytest.mark.parametrize("moment", ["before", "after", "0"])
def test_a_refusal_is_one_event(
    desk: Desk, house: House, release: ReleaseRow, token: str, moment: str
) -> None:
    desk.enter(token, "00000000")
    subject = token_subject(secret_digest(token))
    assert desk.jobs(JOB_REFUSED, subject) == 1
    dying = replace(desk, begin=killed_at(house, moment))
    with pytest.raises(Killed):
        dying.links.record_refusal(subject)
    for _ in range(2):
        desk.later(timedelta(seconds=7))
        desk.links.record_refusal(subject)
    assert desk.count(release, "code.refused") == 1


def test_a_job_of_a_token_that_is_forgotten_does_nothing(
    desk: Desk, release: ReleaseRow, token: str
) -> None:
    desk.ask(token)
    desk.do(lambda s: s.delete(s.get_one(GateRow, secret_digest(token))))
    desk.work(token)
    assert desk.mail(release, CodeLetter.CODE) == []


@pytest.mark.parametrize("step", range(8))
def test_the_clock_that_is_killed_between_two_things_goes_on(
    desk: Desk, house: House, release: ReleaseRow, step: int
) -> None:
    ends = desk.link(release).expires_at
    seen = [0]

    @contextmanager
    def begin() -> Iterator[Session]:
        with house.services.transaction() as session:
            yield session
        seen[0] += 1
        if seen[0] > step:
            raise Killed

    dying = replace(desk, begin=begin)
    with pytest.raises(Killed) if step < 4 else _either():
        dying.deadlines.mark(at=ends)
    desk.deadlines.mark(at=ends)
    assert desk.state(release).state == "expired"
    assert desk.count(release, "release.expired") == 1


@contextmanager
def _either() -> Iterator[None]:
    """Take a kill, or none if there was less to do."""
    try:
        yield
    except Killed:
        return


def test_an_ask_that_is_undone_leaves_neither_count_nor_job(desk: Desk, token: str) -> None:
    dying = replace(desk, begin=killed_at(desk.house, "before"))
    with pytest.raises(Killed):
        dying.ask(token)
    assert desk.standing(token).state == "closed"
    assert desk.do(lambda s: s.get(GateRow, secret_digest(token))) is None


NAME, EMAIL = "Zerlina Quixworth", "zerlina@quixworth.example"


def test_no_secret_name_or_address_stands_in_any_row_but_the_persons(
    desk: Desk, house: House, exhibit: ExhibitRow
) -> None:
    """Plant a marked person, go the whole way, and read all that the way wrote."""
    release = sealed(
        house,
        exhibit.reference,
        kind=ReleaseKind.COUNCIL,
        recipient_name=NAME,
        recipient_email=EMAIL,
    )
    desk.links.issue(release.id)
    token = desk.token(release)
    desk.ask(token)
    jobs = dump(house, "procrastinate_jobs")
    desk.work(token)
    code = desk.mail(release, CodeLetter.CODE)[-1]["code"]
    secret = desk.enter(token, code)
    assert isinstance(secret, str)
    desk.accept(secret)
    shown = desk.collection(secret)
    assert shown is not None
    desk.authorise(secret)
    desk.confirm(secret, shown.package.sha256)
    desk.enter(token, "00000000")
    desk.deadlines.mark(at=desk.now + timedelta(days=13))
    tables = ("gate", "link", "collection", "download", "receipt", "message", "attention")
    rows = jobs + "".join(dump(house, table) for table in (*tables, "procrastinate_jobs"))
    for planted in ("Zerlina", "Quixworth", "quixworth", EMAIL, token, secret):
        assert planted not in rows
        assert planted.encode().hex() not in rows
    # Eight digits stand in many a digest: the code may be in none of its own.
    assert not re.search(rf"(?<![0-9a-f]){code}(?![0-9a-f])", rows)
    assert code.encode().hex() not in rows
    assert str(release.id) in rows
    assert secret_digest(token) in rows
    assert NAME in dump(house, "person")


def dump(house: House, table: str) -> str:
    """Return every row of a table as text."""
    with house.services.transaction() as session:
        rows = session.connection().scalars(text(f"SELECT t::text FROM {table} t"))  # noqa: S608
        return "\n".join(rows) + "\n"
