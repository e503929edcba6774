"""Edge. How routes and commands act: as a token's subject, in one transaction, on the record."""

from collections.abc import Callable
from typing import TypeVar

from sqlmodel import Session

from api.wiring import Services
from evidence.errors import AccessRefusedError
from evidence.people.access import Subject

Result = TypeVar("Result")


def act(services: Services, subject: Subject, do: Callable[[Session], Result]) -> Result:
    """Do something in one transaction; a refusal of a person we know becomes an event.

    Raises:
        AccessRefusedError: after `access.refused` was written, in a transaction of its own.
        EvidenceError, CustodyError, StorageError: nothing was recorded.
    """
    try:
        with services.transaction() as session:
            return do(session)
    except AccessRefusedError as refused:
        record_refusal(services, subject, refused)
        raise


def act_alone(services: Services, subject: Subject, do: Callable[[], Result]) -> Result:
    """Do something that has transactions of its own; a refusal becomes an event, as for `act`.

    Raises:
        AccessRefusedError: after `access.refused` was written.
    """
    try:
        return do()
    except AccessRefusedError as refused:
        record_refusal(services, subject, refused)
        raise


def record_refusal(services: Services, subject: Subject, refused: AccessRefusedError) -> None:
    """Write the event `access.refused`, or count it to the one that tells of the hour."""
    with services.transaction() as session:
        services.refusals.record(session, subject, refused, at=services.clock())
