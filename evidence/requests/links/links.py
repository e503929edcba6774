"""Service. Links a request to an incident of the council's system, and to clips taken in for it.

An incident's number leads to a file about people: it stands in the step's row, which is erased with
the case, and the ledger commits to it under the key of the request's record.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlmodel import Session

from custody.formats.canonical import JSON
from custody.ledger.ledger import Ledger
from evidence.errors import InvalidError, StateError
from evidence.exhibits.exhibits import Exhibits
from evidence.people.access import Action, Subject
from evidence.people.people import require
from evidence.requests.links.numbers import FIELD, IncidentNumbers
from evidence.requests.recorded import record_step, standing_of, steps_of
from evidence.requests.states import RequestStep, take, transition
from evidence.requests.submissions import Requests
from evidence.requests.tables import RequestRow
from evidence.wording import check_words

LINKED: Final = "incident.linked"
TAKEN_IN: Final = "footage.taken_in"
_UNLINKED: Final = "incident.unlinked"
_MOST_REASON = 2000


class RequestLinks:
    """Writes down what a request is linked to; moves none."""

    def __init__(
        self, ledger: Ledger, requests: Requests, exhibits: Exhibits, numbers: IncidentNumbers
    ) -> None:
        self._ledger = ledger
        self._requests = requests
        self._exhibits = exhibits
        self._numbers = numbers

    def link_incident(
        self, session: Session, name: str, number: str, *, by: Subject, at: datetime
    ) -> RequestRow:
        """Link a request to an incident, in place of another if it had one.

        Raises:
            AccessRefusedError, InvalidError, StateError, UnknownError: nothing was recorded.
        """
        role = require(Action.REVIEW_REQUEST, by)
        row = self._requests.find(session, name, lock=True)
        number = self._numbers.checked(number)
        if number == incident_of(steps_of(session, row.id)):
            raise InvalidError(FIELD, f"the request is linked to {number} already")
        told: dict[str, JSON] = {"role": role.value, "incident": number}
        self._take(session, row, RequestStep.LINKED, told, by=by, at=at)
        return row

    def unlink_incident(
        self, session: Session, name: str, *, by: Subject, at: datetime, reason: str
    ) -> RequestRow:
        """Say that a request belongs to no incident; the link that was stays on record.

        Raises:
            AccessRefusedError, InvalidError, StateError, UnknownError: nothing was recorded.
        """
        role = require(Action.REVIEW_REQUEST, by)
        row = self._requests.find(session, name, lock=True)
        number = incident_of(steps_of(session, row.id))
        if not number:
            raise StateError(f"request {row.urn} is linked to no incident")
        reason = check_words("reason", reason, most=_MOST_REASON, lines=True)
        told: dict[str, JSON] = {"role": role.value, "incident": number, "reason": reason}
        self._take(session, row, RequestStep.UNLINKED, told, by=by, at=at)
        return row

    def take_in(
        self, session: Session, name: str, exhibit: UUID, *, by: Subject, at: datetime
    ) -> RequestRow:
        """Say that an exhibit was taken in for a request.

        Raises:
            AccessRefusedError, StateError, UnknownError: nothing was recorded.
        """
        role = require(Action.ADD_EXHIBIT, by)
        row = self._requests.find(session, name, lock=True)
        kept = self._exhibits.find(session, str(exhibit))
        if kept.id not in taken_in(steps_of(session, row.id)):
            told: dict[str, JSON] = {"role": role.value, "exhibit": str(kept.id)}
            self._take(session, row, RequestStep.TAKEN_IN, told, by=by, at=at)
        return row

    def _take(
        self,
        session: Session,
        row: RequestRow,
        step: RequestStep,
        told: Mapping[str, JSON],
        *,
        by: Subject,
        at: datetime,
    ) -> None:
        """Write a step that leaves the state of a request as it is."""
        what, now = f"request {row.urn}", standing_of(row, steps_of(session, row.id))
        take(what, now, step, by=by.person)
        event = transition(what, now.path, now.state, step).event
        record_step(session, self._ledger, row.id, event, told, by=by, at=at)


def incident_of(steps: Sequence[Any]) -> str:
    """Return the number of the incident that a request is linked to; empty: to none, or erased."""
    last = next((one for one in reversed(steps) if one.event in {LINKED, _UNLINKED}), None)
    if last is None or last.event != LINKED:
        return ""
    return str(last.told.get("incident", ""))


def taken_in(steps: Sequence[Any]) -> tuple[UUID, ...]:
    """Return the exhibits that were taken in for a request, the first first."""
    return tuple(UUID(one.told["exhibit"]) for one in steps if one.event == TAKEN_IN)
