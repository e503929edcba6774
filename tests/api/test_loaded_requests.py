"""The requests that the benchmarks load are such as the table of steps makes."""

from collections.abc import Iterator, Mapping
from uuid import uuid4

import pytest
from sqlmodel import Session, col, func, select

from api.running.supervisor import prepare
from api.wiring import Services, build
from benchmarks.asking import pages
from benchmarks.growth.requests import OPEN_SHARE, load_requests, plan_of
from evidence.exhibits.clocks import LONDON
from evidence.fees.states import FeeState
from evidence.fees.tables import FeeRow
from evidence.people.access import Role
from evidence.requests.recorded import told_fields
from evidence.requests.states import ENDS, TRANSITIONS, Path, Standing, take
from evidence.requests.tables import RequestRow, RequestStepRow
from export.desk.disclosures import Period
from tests.houses import Estate

REQUESTS = 220


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
