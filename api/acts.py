"""Edge. How routes and commands act: as a token's subject, in one transaction, on the record."""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol, TypeVar

from sqlmodel import Session

from api.services import Services
from evidence.errors import AccessRefusedError
from evidence.people.access import Subject

Result = TypeVar("Result")
Decided_co = TypeVar("Decided_co", covariant=True)


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


class Decision(Protocol[Decided_co]):
    """What somebody decides about an exhibit or a release, with a reason."""

    def __call__(
        self, session: Session, name: str, /, *, by: Subject, at: datetime, reason: str
    ) -> Decided_co:
        """Decide; return the row, in the caller's transaction."""


def decide(
    services: Services,
    subject: Subject,
    decision: Decision[Decided_co],
    name: str,
    reason: str,
    show: Callable[[Session, Decided_co], Result],
) -> Result:
    """Take a decision as `act` acts, and show how what was decided about stands then."""
    at = services.clock()
    return act(
        services,
        subject,
        lambda session: show(session, decision(session, name, by=subject, at=at, reason=reason)),
    )


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
