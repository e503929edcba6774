"""What gave up for want of an authority is taken up again, and shown until it is done."""

from datetime import timedelta
from unittest import mock
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlmodel import col, func, select

from api.running.worker import _alone, _give_up, _mark_due
from api.times import utc_now
from custody.errors import AuthorityError, NotYetError
from custody.ledger.tables import LogCheckpointRow, LogStampRow
from evidence import attention
from evidence.exhibits.tables import ExhibitRow
from evidence.fees.fees import JOB_SETTLE
from evidence.fees.reconciliation import JOB_RECONCILE
from evidence.people.access import Role
from export.desk.inbox import desk_of
from export.holdings.copies import JOB_DERIVE
from export.holdings.holds import JOB_HOLD
from export.holdings.masters import JOB_STAMP
from export.holdings.stamps import JOB_STAMP_LOG, LOG
from export.holdings.stoppages.pickups import AGAIN_AFTER, PICKED_UP
from tests.houses import House, patiently

_SIZE = col(LogStampRow.size)


def waiting(house: House, exhibit: UUID) -> list[str]:
    """Return which jobs wait for an exhibit."""
    asked = text(
        "SELECT task_name FROM procrastinate_jobs WHERE status = 'todo' AND "
        "args->>'subject' = :subject ORDER BY task_name"
    )
    return list(
        house.look(lambda s: s.connection().execute(asked, {"subject": str(exhibit)})).scalars()
    )


def forgotten(house: House, exhibit: UUID) -> None:
    """Take the jobs of an exhibit from the queue, as one that gave up is."""
    done = text("DELETE FROM procrastinate_jobs WHERE args->>'subject' = :subject")
    house.look(lambda s: s.connection().execute(done, {"subject": str(exhibit)}))


@pytest.fixture
def unstamped(house: House) -> ExhibitRow:
    """Return an exhibit whose stamp was given up after eight hours."""
    row = house.exhibit()
    forgotten(house, row.id)
    _give_up(house.services, JOB_STAMP, str(row.id), AuthorityError("no answer for 8 hours"))
    return row


def test_a_stamp_that_gave_up_is_taken_up_again_and_shown_until_it_is_done(
    house: House, unstamped: ExhibitRow
) -> None:
    house.services.pickups.run(at=utc_now())
    assert waiting(house, unstamped.id) == []  # it gave up a moment ago
    house.services.pickups.run(at=utc_now() + AGAIN_AFTER)
    house.services.pickups.run(at=utc_now() + AGAIN_AFTER)
    assert waiting(house, unstamped.id) == [JOB_STAMP]

    def shown() -> bool:
        desk = house.look(
            lambda s: desk_of(
                s, house.subjects[Role.OPERATOR], utc_now(), house.services.due_reviews
            )
        )
        assert desk.attention is not None
        return unstamped.id in {row.id for row in desk.attention.first}

    assert shown()
    patiently(
        lambda: _alone(house.services, JOB_STAMP, house.services.stamps.stamp)(str(unstamped.id))
    )
    assert not shown()
    forgotten(house, unstamped.id)
    house.services.pickups.run(at=utc_now() + AGAIN_AFTER)
    assert waiting(house, unstamped.id) == []


def test_the_chore_of_every_minute_does_it(house: House, unstamped: ExhibitRow) -> None:
    with house.services.transaction() as session:
        long_ago = utc_now() - AGAIN_AFTER - timedelta(seconds=1)
        attention.call(session, unstamped.id, JOB_STAMP, "no answer", at=long_ago)
    _mark_due(house.services)
    assert waiting(house, unstamped.id) == [JOB_STAMP]


def test_work_that_may_fail_of_itself_waits_for_a_person(
    house: House, unstamped: ExhibitRow
) -> None:
    assert set(PICKED_UP) == {JOB_STAMP, JOB_STAMP_LOG, JOB_HOLD, JOB_SETTLE, JOB_RECONCILE}
    forgotten(house, unstamped.id)
    with house.services.transaction() as session:
        attention.settle(session, unstamped.id, JOB_STAMP)
        attention.call(session, unstamped.id, JOB_DERIVE, "no memory", at=utc_now())
    house.services.pickups.run(at=utc_now() + 9 * AGAIN_AFTER)
    assert waiting(house, unstamped.id) == []


# --- the log is stamped on an interval ------------------------------------------------------------


def stamped(house: House) -> list[int]:
    """Return the sizes of which there is a timestamp."""
    return list(house.look(lambda s: s.exec(select(LogStampRow.size).order_by(_SIZE))))


def newest(house: House) -> int:
    return house.look(lambda s: s.exec(select(func.max(LogCheckpointRow.size))).one())


def _require_checkpoint(house: House) -> None:
    """Wait until the newest checkpoint is not one that has its timestamp already."""
    if newest(house) in stamped(house):
        raise NotYetError("no new checkpoint yet")


def test_the_log_is_stamped_once_a_day_and_only_if_something_was_added(house: House) -> None:
    tomorrow = utc_now() + timedelta(hours=24)
    forgotten(house, LOG)
    house.exhibit()
    house.turns.wait(lambda: _require_checkpoint(house))
    house.services.stamps.due(at=tomorrow)
    house.services.stamps.due(at=tomorrow)
    assert waiting(house, LOG) == [JOB_STAMP_LOG]
    forgotten(house, LOG)
    with mock.patch.object(house.services.stamps, "_clock", return_value=tomorrow):
        _alone(house.services, JOB_STAMP_LOG, house.services.stamps.stamp_log)(str(LOG))
        before = stamped(house)
        assert before[-1] == newest(house)
        # Asked for twice, it is done once.
        house.services.stamps.stamp_log(LOG)
    assert stamped(house) == before
    house.services.stamps.due(at=tomorrow + timedelta(days=9))
    assert waiting(house, LOG) == []  # nothing was added


def test_a_log_that_was_stamped_within_the_day_is_not_stamped_again(house: House) -> None:
    row = house.exhibit()
    patiently(lambda: house.services.stamps.stamp(row.id))
    house.exhibit()
    house.turns.wait(lambda: _require_checkpoint(house))
    at = house.look(lambda s: s.exec(select(LogStampRow.stamped_at).order_by(_SIZE.desc())).first())
    assert at is not None
    house.services.stamps.due(at=at + timedelta(hours=24) - timedelta(seconds=1))
    assert waiting(house, LOG) == []
    house.services.stamps.due(at=at + timedelta(hours=24))
    assert waiting(house, LOG) == [JOB_STAMP_LOG]
    forgotten(house, LOG)
