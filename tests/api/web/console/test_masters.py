"""Every file is read again within its period, a little at a time, and damage is told everywhere."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from http import HTTPStatus
from typing import cast
from uuid import UUID

import pytest
from sqlalchemy import text

from api.health import OK
from api.running.worker import _give_up
from api.times import utc_now
from custody.errors import LogStoppedError
from evidence import attention
from evidence.errors import AccessRefusedError
from evidence.exhibits.tables import ExhibitRow
from evidence.people.access import Role
from export.desk.masters import MasterFigures, MasterGroup
from export.holdings.fixity import JOB_RECHECK, Fixity
from storage.digest import Fingerprint
from storage.errors import CorruptError
from storage.objects.store import ObjectStore, StoredObject
from tests.api.asking import Web
from tests.api.web.visiting import Visitor
from tests.houses import House

DAYS = timedelta(days=1)


class Damaged:
    """A vault in which nothing is as it was written."""

    def verify(self, _stored: StoredObject, **_others: object) -> Fingerprint:
        raise CorruptError("a file", expected="a", found="b")


@pytest.fixture(scope="module")
def exhibits(house: House) -> tuple[UUID, UUID]:
    first, second = house.exhibit(b"footage of one"), house.exhibit(b"footage of another")
    return first.id, second.id


@pytest.fixture(autouse=True)
def no_jobs(house: House) -> Iterator[None]:
    yield
    with house.services.transaction() as session:
        session.connection().execute(text("DELETE FROM procrastinate_jobs"))


def waiting(house: House) -> list[str]:
    with house.services.transaction() as session:
        named = text("SELECT args ->> 'subject' FROM procrastinate_jobs WHERE task_name = :job")
        return list(session.connection().scalars(named, {"job": JOB_RECHECK}))


def figures(house: House, *, after: timedelta = timedelta()) -> MasterFigures:
    by = house.subjects[Role.OPERATOR]
    lists = house.services.master_list
    return house.look(lambda s: lists.figures(s, by=by, at=utc_now() + after))


def listed(house: House, group: MasterGroup, *, after: timedelta = timedelta()) -> list[UUID]:
    by, lists = house.subjects[Role.OPERATOR], house.services.master_list
    found = house.look(lambda s: lists.page(s, group, by=by, at=utc_now() + after, most=50))
    return [one.row.id for one in found.rows]


def test_what_was_read_lately_is_left_alone(house: House, exhibits: tuple[UUID, UUID]) -> None:
    del exhibits
    assert house.services.fixity.due(at=utc_now() + 59 * DAYS) == 0
    assert not waiting(house)


def test_what_was_read_longest_ago_is_read_first_and_one_by_one(
    house: House, exhibits: tuple[UUID, UUID]
) -> None:
    later = utc_now() + 61 * DAYS
    assert house.services.fixity.due(at=later) == 1
    assert waiting(house) == [str(exhibits[0])]
    assert house.services.fixity.due(at=later) == 0, "one waits already"


def test_each_reading_is_an_event_and_moves_the_exhibit_down_the_list(
    house: House, exhibits: tuple[UUID, UUID]
) -> None:
    first, second = exhibits
    assert figures(house, after=91 * DAYS).overdue == 2
    assert listed(house, MasterGroup.OVERDUE, after=91 * DAYS) == [first, second]
    services = house.services
    later = Fixity(
        services.transaction,
        services.vault,
        services.ledger,
        services.jobs,
        clock=lambda: utc_now() + 61 * DAYS,
    )
    later.check(first)
    assert figures(house, after=91 * DAYS).overdue == 1
    assert listed(house, MasterGroup.ALL) == [second, first]
    event, values = house.events(first)[-1]
    assert (event, values["result"]) == ("integrity.checked", "every file is as it was stored")


def test_damage_is_told_on_every_page_and_read_again_after_a_day(
    house: House, exhibits: tuple[UUID, UUID], web: Web
) -> None:
    _, second = exhibits
    services = house.services
    assert services.health.report()["masters"] == OK
    damaged = Fixity(
        services.transaction,
        cast("ObjectStore", Damaged()),
        services.ledger,
        services.jobs,
        clock=services.clock,
    )
    with pytest.raises(CorruptError) as raised:
        damaged.check(second)
    with services.transaction() as session:  # as the worker does when it gives a job up
        attention.call(session, second, JOB_RECHECK, str(raised.value), at=utc_now())
        assert session.get_one(ExhibitRow, second).read_at is None
    assert figures(house).damaged == 1
    assert listed(house, MasterGroup.DAMAGED) == [second]
    assert "a file is not as it was stored" in services.health.report()["masters"]
    assert web.ask("GET", "/readyz").json()["masters"] != OK
    assert services.fixity.due(at=utc_now() + timedelta(hours=23)) == 0
    assert services.fixity.due(at=utc_now() + timedelta(hours=25)) == 1
    assert waiting(house) == [str(second)]
    services.fixity.check(second)
    with services.transaction() as session:
        attention.settle(session, second, JOB_RECHECK)
        assert session.get_one(ExhibitRow, second).read_at is not None
    assert services.health.report()["masters"] == OK


def test_a_reading_that_was_given_up_says_nothing_of_the_files(
    house: House, exhibits: tuple[UUID, UUID], browser: Callable[..., Visitor]
) -> None:
    first, _ = exhibits
    _give_up(house.services, JOB_RECHECK, str(first), LogStoppedError("the log has stopped"))
    assert figures(house).damaged == 0
    visitor = browser(Role.OPERATOR)
    home = visitor.get("/console").text
    assert "Footage is not as it was stored" not in home
    assert "exhibit needs a person" in home
    house.services.fixity.check(first)
    assert not house.look(lambda s: attention.calls_to(s, first))


def test_whoever_may_see_no_exhibit_sees_no_list(house: House) -> None:
    by, lists = house.subjects["nobody"], house.services.master_list
    with house.services.transaction() as session, pytest.raises(AccessRefusedError):
        lists.figures(session, by=by, at=utc_now())


def test_the_page_tells_when_each_was_read_and_what_is_wrong(
    house: House, exhibits: tuple[UUID, UUID], browser: Callable[..., Visitor]
) -> None:
    _, second = exhibits
    visitor = browser(Role.OPERATOR)
    page = visitor.get("/console/masters")
    assert page.status_code == HTTPStatus.OK
    with house.services.transaction() as session:
        session.get_one(ExhibitRow, second).read_at = None
    never = visitor.get("/console/masters").text
    assert "not since it was taken in" in never
    assert "not known before it is read again" in never, "nothing was found of what was never read"
    assert "Footage is not as it was stored" not in page.text
    with house.services.transaction() as session:
        attention.call(session, second, JOB_RECHECK, "a file is another one", at=utc_now())
    page = visitor.get("/console/masters?show=damaged")
    assert "a file is another one" in page.text
    assert "Footage is not as it was stored" in visitor.get("/console").text
    assert "None is overdue." in visitor.get("/console/masters?show=overdue").text
    with house.services.transaction() as session:
        attention.settle(session, second, JOB_RECHECK)
