"""The requests that the benchmarks load are such as the table of steps makes."""

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path as File
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlmodel import Session, col, delete, func, select

from api.running.supervisor import prepare
from api.services import Services
from api.wiring import build
from benchmarks.asking import pages
from benchmarks.growth.requests import OPEN_SHARE, load_requests, plan_of
from evidence.exhibits.clocks import LONDON
from evidence.fees.states import FeeState
from evidence.fees.tables import FeeRow
from evidence.people.access import Role
from evidence.requests.course.course import Course, course_of
from evidence.requests.recorded import told_fields
from evidence.requests.states import ENDS, TRANSITIONS, Path, Standing, take
from evidence.requests.tables import RequestRow, RequestStepRow
from export.desk.disclosures import Period
from tests.houses import Estate

REQUESTS = 220
VERSIONS = File(__file__).parents[2] / "api/migrations/versions"


@pytest.fixture(scope="module")
def loaded(estate: Estate, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    with estate.plot(tmp_path_factory.mktemp("loaded")) as settings:
        prepare(settings)
        services = build(settings, pool_size=2)
        try:
            load_requests(services, REQUESTS)
            yield services
        finally:
            services.close()


def states(session: Session, *, ended: bool) -> Mapping[str, int]:
    state = col(RequestRow.state)
    wanted = state.in_(sorted(ENDS)) if ended else state.not_in(sorted(ENDS))
    return dict(session.exec(select(state, func.count()).where(wanted).group_by(state)).all())


def test_one_of_eleven_is_open(loaded: Services) -> None:
    with loaded.transaction() as session:
        opened, ended = (states(session, ended=one) for one in (False, True))
    assert sum(opened.values()) == REQUESTS // OPEN_SHARE
    assert sum(ended.values()) == REQUESTS - REQUESTS // OPEN_SHARE
    assert len(ended) == len(ENDS)


def test_every_step_says_what_its_event_says(loaded: Services) -> None:
    known = {one.event for one in TRANSITIONS} | {"preservation.requested"}
    with loaded.transaction() as session:
        steps = session.exec(select(RequestStepRow)).all()
        assert len(steps) > REQUESTS
        for step in steps:
            assert step.event in known
            assert set(step.told) == told_fields(step.event)


def test_nobody_owes_anything_for_what_has_ended(loaded: Services) -> None:
    due = (
        select(func.count())
        .select_from(FeeRow)
        .join(RequestRow, col(RequestRow.id) == FeeRow.request)
    )
    with loaded.transaction() as session:
        ended = col(RequestRow.state).in_(sorted(ENDS))
        assert session.exec(due.where(FeeRow.state == FeeState.DUE, ended)).one() == 0
        assert session.exec(due.where(FeeRow.state == FeeState.PAID)).one() > 0


@pytest.mark.parametrize("end", ["released", "not found", "not covered", "refused", "unpaid"])
@pytest.mark.parametrize("path", Path)
def test_every_plan_is_one_of_the_table(path: Path, end: str) -> None:
    standing = Standing(path)
    for step in plan_of(path, end):
        standing = take("it", standing, step, by=uuid4())  # somebody else each time
    assert standing.state in ENDS


def test_the_pages_that_are_measured_are_there(loaded: Services) -> None:
    addresses = pages(loaded, read=lambda _: "")
    assert len(set(addresses.values())) == len(addresses) - 1, "one leads on from another"
    today = loaded.clock().astimezone(LONDON).date()
    with loaded.transaction() as session:
        person = loaded.people.known(session, "the tests")
        by = loaded.people.subject(session, person, (Role.AUDITOR,))
        found = loaded.statistics.figures(
            session, Period(today.replace(year=today.year - 3), today), by=by, at=loaded.clock()
        )
    assert found.tables[0].total == REQUESTS


PAUSED: tuple[tuple[str, int, dict[str, str]], ...] = (
    ("preservation.requested", 0, {}),
    ("request.paused", 1, {}),
    ("request.resumed", 4, {}),
    ("request.covered", 5, {}),
    ("request.paused", 6, {}),
    ("review.completed", 10, {"outcome": "not_found"}),
    ("request.closed", 20, {}),
)
"""Steps of somebody who asks for themselves: the clock stood for three days, and then for four."""


def test_the_upgrade_works_out_what_the_steps_come_to(loaded: Services) -> None:
    script = (VERSIONS / "0017_statistics.sql").read_text()
    updates = re.findall(r"^UPDATE request .*?;$", script, re.MULTILINE | re.DOTALL)
    assert len(updates) == 2
    with loaded.transaction() as session:
        subject = session.exec(select(RequestRow).where(RequestRow.path == Path.SUBJECT)).first()
        assert subject is not None
        session.execute(delete(RequestStepRow).where(col(RequestStepRow.request) == subject.id))
        for number, (event, days, told) in enumerate(PAUSED, 1):
            at = subject.submitted_at + timedelta(days=days)
            session.add(
                RequestStepRow(request=subject.id, number=number, event=event, at=at, told=told)
            )
        session.flush()
        session.execute(
            text(
                "UPDATE request SET outcome = '', settled_at = NULL, answered_on = NULL, stood = 0,"
                " left_at = NULL"
            )
        )
        for update in updates:
            session.execute(text(update))
        session.expire_all()
        steps: dict[UUID, list[RequestStepRow]] = {}
        for step in session.exec(select(RequestStepRow).order_by(col(RequestStepRow.number))):
            steps.setdefault(step.request, []).append(step)
        for row in session.exec(select(RequestRow)):
            kept = Course(row.outcome, row.settled_at, row.answered_on, row.stood, row.left_at)
            assert kept == course_of(Path(row.path), steps[row.id])
        assert subject.stood == 7
        session.rollback()
