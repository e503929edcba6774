"""One worker at a time works on a subject, and who lost the lock does not call for a person."""

import uuid

import pytest
from sqlalchemy import text

from api.running.worker import _alone
from storage.database import named_lock
from storage.errors import UnavailableError
from tests.durability.houses import House

END_HOLDERS = """
    SELECT pg_terminate_backend(pid, 5000) FROM pg_locks
    WHERE locktype = 'advisory' AND granted AND pid <> pg_backend_pid()
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


def lose_the_lock(house: House) -> None:
    """End the connection that holds it, as a database does that starts again."""
    with house.services.transaction() as session:
        assert session.connection().execute(text(END_HOLDERS)).all()


def test_what_another_worker_is_at_is_tried_again_later(house: House) -> None:
    subject = str(uuid.uuid4())
    seen: list[uuid.UUID] = []
    work = _alone(house.services, "test.alone", seen.append)
    with named_lock(house.services.engine, f"test.alone:{subject}") as held:
        assert held is not None
        with pytest.raises(UnavailableError, match="another worker"):
            work(subject)
    assert seen == []
    work(subject)
    assert seen == [uuid.UUID(subject)]


def test_an_error_is_what_it_is_while_the_lock_is_held(house: House) -> None:
    def run(_subject: uuid.UUID) -> None:
        raise LookupError("bad")

    with pytest.raises(LookupError):
        _alone(house.services, "test.alone", run)(str(uuid.uuid4()))


def test_an_error_after_the_lock_was_lost_means_look_again(house: House) -> None:
    """It may come from what another worker did meanwhile, and no person needs to look."""

    def run(_subject: uuid.UUID) -> None:
        lose_the_lock(house)
        raise LookupError("an upload that somebody else aborted")

    with pytest.raises(UnavailableError):
        _alone(house.services, "test.alone", run)(str(uuid.uuid4()))
