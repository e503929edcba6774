"""Service. Every step of a request from one state to the next: the one owner of its state.

Each method takes one step of the table in `states`: it locks the request, checks, moves it, writes
the custody event of that step and its row, and queues the letter that tells of it, all in the
caller's transaction.

Over 300 lines: whoever asks how a request may move reads one file.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from custody.formats.canonical import JSON, format_time
from custody.ledger.ledger import Ledger
from evidence.cameras.coverage import Found
from evidence.cameras.retention import overwritten_at
from evidence.errors import InvalidError, StateError
from evidence.exhibits.exhibits import Exhibits
from evidence.fees.prices import Stage, pounds
from evidence.fees.states import FeeState
from evidence.mailbox.messages import Messages
from evidence.people.access import Action, Subject
from evidence.people.people import THE_CLOCK, THE_REGISTER, People, require
from evidence.requests.asked import Asked, Preserved, asked_json, preserved_json
from evidence.requests.charges import PAID, Charges
from evidence.requests.coverage.findings import covering_words, is_elsewhere
from evidence.requests.documents.documents import Documents
from evidence.requests.duplicates.duplicates import Duplicates
from evidence.requests.letters import RequestLetter
from evidence.requests.recorded import (
    REQUESTER,
    SYSTEM,
    Moved,
    record_step,
    requester_of,
    standing_of,
    steps_of,
)
from evidence.requests.states import (
    Refusal,
    RequestState,
    RequestStep,
    ReviewOutcome,
    allowed_steps,
    transition,
)
from evidence.requests.states import take as take_step
from evidence.requests.submissions import Requests, Submissions
from evidence.requests.tables import RequestFactsRow, RequestRow
from evidence.wording import check_words

MOST_REASON = 2000
REGISTER = "register"
"""The role in which the register of cameras says that some cover a request."""
UNPAID = (RequestState.REVIEW_DUE, RequestState.RELEASE_DUE)
_DECIDED: Mapping[RequestStep, Action] = {
    RequestStep.COVERED: Action.REVIEW_REQUEST,
    RequestStep.NOT_COVERED: Action.REVIEW_REQUEST,
    RequestStep.APPROVED: Action.APPROVE_REQUEST,
    RequestStep.WITHDRAWN: Action.REVIEW_REQUEST,
    RequestStep.CLOSED: Action.REVIEW_REQUEST,
    RequestStep.PAUSED: Action.PAUSE_REQUEST,
    RequestStep.RESUMED: Action.PAUSE_REQUEST,
}
"""The steps that need a reason and nothing else, and what whoever takes one must be allowed."""
_TOLD: Mapping[RequestStep, str] = {
    RequestStep.COVERED: "covered",
    RequestStep.NOT_COVERED: "not_covered",
    RequestStep.NOT_FOUND: "not_found",
    RequestStep.APPROVED: "approved",
}
"""Of which steps whoever asked gets a letter, and what it calls them."""


class RequestDecisions:
    """Moves requests, and writes down who decided it, or what happened."""

    def __init__(
        self,
        ledger: Ledger,
        requests: Requests,
        submissions: Submissions,
        exhibits: Exhibits,
        people: People,
        messages: Messages,
        charges: Charges,
        documents: Documents,
        duplicates: Duplicates,
        moved: Moved,
        *,
        retention_days: int,
        appeal: str,
    ) -> None:
        self._ledger = ledger
        self._requests = requests
        self._submissions = submissions
        self._exhibits = exhibits
        self._people = people
        self._messages = messages
        self._charges = charges
        self._documents = documents
        self._duplicates = duplicates
        self._moved = moved
        self._retention_days = retention_days
        self._appeal = appeal

    def decide(
        self,
        session: Session,
        name: str,
        step: RequestStep,
        *,
        by: Subject,
        at: datetime,
        reason: str,
    ) -> RequestRow:
        """Take a step that needs a reason and nothing else (`_DECIDED`).

        Raises:
            AccessRefusedError, InvalidError, StateError, UnknownError: nothing was recorded.
        """
        role = require(_DECIDED[step], by)
        told: dict[str, JSON] = {"role": role.value, "reason": _needed(reason)}
        return self._take(session, name, step, told, by=by, at=at)

    def confirm_preserved(
        self, session: Session, name: str, preserved: Preserved, *, by: Subject, at: datetime
    ) -> RequestRow:
        """Confirm that the whole of what is asked is preserved, of each camera; send the receipt.

        Raises:
            AccessRefusedError, InvalidError, StateError, UnknownError: nothing was recorded.
        """
        role = require(Action.PRESERVE_FOOTAGE, by)
        row = self._requests.find(session, name, lock=True)
        preserved.covers(self._asked(session, row))
        told: dict[str, JSON] = {
            "role": role.value,
            "until": format_time(row.overwrite_due_at),
            "facts": preserved_json(preserved),
        }
        self._take(session, name, RequestStep.PRESERVED, told, by=by, at=at)
        row.preserved_at = at.replace(microsecond=0)
        once = f"preserved:{row.id}:{format_time(row.preserved_at)}"
        self._tell(session, row, RequestLetter.PRESERVED, once, {}, at)
        session.flush()
        return row

    def begin_review(self, session: Session, name: str, *, by: Subject, at: datetime) -> RequestRow:
        """Begin to look at the footage: from now on whoever asked corrects nothing any more.

        Raises:
            AccessRefusedError, StateError, UnknownError: nothing was recorded.
        """
        role = require(Action.REVIEW_REQUEST, by)
        told: dict[str, JSON] = {"role": role.value}
        return self._take(session, name, RequestStep.REVIEW_BEGUN, told, by=by, at=at)

    def complete_review(
        self,
        session: Session,
        name: str,
        outcome: ReviewOutcome,
        *,
        exhibits: Sequence[str] = (),
        by: Subject,
        at: datetime,
        reason: str,
    ) -> RequestRow:
        """Say what the review came to; ``exhibits``: the references of what was found.

        Raises:
            AccessRefusedError, InvalidError, StateError, UnknownError: nothing was recorded.
        """
        role = require(Action.REVIEW_REQUEST, by)
        rows = [self._exhibits.find(session, one) for one in dict.fromkeys(exhibits)]
        missing = outcome is ReviewOutcome.NOT_FOUND
        if missing and rows:
            raise InvalidError("exhibits", "nothing was found, so no exhibit can be named")
        if not missing and not rows:
            raise InvalidError(
                "exhibits", "name the exhibits with the footage that was found: take it in first"
            )
        told: dict[str, JSON] = {
            "role": role.value,
            "outcome": outcome.value,
            "reason": _needed(reason),
            "exhibits": sorted(str(row.id) for row in rows),
        }
        step = RequestStep.NOT_FOUND if missing else RequestStep.FOUND
        return self._take(session, name, step, told, by=by, at=at)

    def search_preserved(
        self, session: Session, name: str, *, by: Subject, at: datetime, result: str
    ) -> RequestRow:
        """Record that somebody looked among the footage that is preserved already.

        Raises:
            AccessRefusedError, InvalidError, StateError, UnknownError: nothing was recorded.
        """
        role = require(Action.REVIEW_REQUEST, by)
        told: dict[str, JSON] = {"role": role.value, "result": _needed(result, "result")}
        return self._take(session, name, RequestStep.SEARCHED, told, by=by, at=at)

    def refuse(
        self, session: Session, name: str, why: Refusal, *, by: Subject, at: datetime, reason: str
    ) -> RequestRow:
        """Refuse a request; whoever asked is told why, and what they can do about it.

        What they paid for and is not done goes back, in the same transaction.

        Raises:
            AccessRefusedError, InvalidError, StateError, UnknownError: nothing was recorded.
        """
        role = require(Action.REFUSE_REQUEST, by)
        told: dict[str, JSON] = {
            "role": role.value,
            "basis": why.value,
            "reason": _needed(reason),
            "appeal": self._appeal,
        }
        row = self._take(session, name, RequestStep.REFUSED, told, by=by, at=at, why=why)
        private = {"appeal": self._appeal}
        self._tell(session, row, RequestLetter.REFUSED, f"refused:{row.id}", private, at)
        return row

    def withdraw_own(
        self, session: Session, request: UUID, *, at: datetime, reason: str
    ) -> RequestRow:
        """Withdraw a request as whoever asked, whose mailbox was proven.

        Raises:
            InvalidError, StateError, UnknownError: nothing was recorded.
        """
        row = self._requests.find(session, str(request), lock=True)
        told: dict[str, JSON] = {"role": REQUESTER, "reason": _needed(reason)}
        by = requester_of(session, row)
        return self._take(session, row.urn, RequestStep.WITHDRAWN, told, by=by, at=at)

    def correct(self, session: Session, request: UUID, asked: Asked, *, at: datetime) -> RequestRow:
        """Correct what is asked, as whoever asked, before anybody looked at footage.

        Where the time or the cameras are others, the control room is called to preserve anew.

        Raises:
            StateError, UnknownError: nothing was recorded.
        """
        row = self._requests.find(session, str(request), lock=True)
        before = self._asked(session, row)
        if asked.path is not before.path:
            raise InvalidError("path", "who asks cannot be corrected: make another request")
        if asked.said("email") != before.said("email"):
            raise InvalidError(
                "email", "your mailbox was proven, and cannot be corrected: make another request"
            )
        if asked == before:
            return row
        told: dict[str, JSON] = {"role": REQUESTER, "facts": asked_json(asked)}
        by = requester_of(session, row)
        self._take(session, row.urn, RequestStep.CORRECTED, told, by=by, at=at)
        session.get_one(RequestFactsRow, row.id).facts = asked_json(asked)
        self._documents.reopen(session, row.id)
        self._duplicates.note(session, row.id, asked, by.name)
        row.overwrite_due_at = overwritten_at(asked.start, self._retention_days)
        again = (before.start, before.end, before.cameras) != (
            asked.start,
            asked.end,
            asked.cameras,
        )
        if again:
            self._submissions.call_to_preserve(session, row, at=at)
        if is_elsewhere(asked, before):
            self._submissions.look_up(session, row, asked, at=at)
        session.flush()
        return row

    def cover_as_found(
        self, session: Session, row: RequestRow, found: Found, at: datetime, /
    ) -> None:
        """Say that cameras cover a request, as the register does (`submissions.Covers`)."""
        if RequestStep.COVERED not in allowed_steps(standing_of(row, steps_of(session, row.id))):
            return  # a person said so before it was corrected
        if self._charges.waits(session, row, RequestStep.COVERED):
            return  # a person says what becomes of a duplicate: what was sent is never refused
        by = self._itself(session, THE_REGISTER)
        told: dict[str, JSON] = {"role": REGISTER, "reason": covering_words(found)}
        self._take(session, row.urn, RequestStep.COVERED, told, by=by, at=at)

    def fee_paid(self, session: Session, request: UUID, stage: Stage, at: datetime, /) -> None:
        """Move a request whose fee was paid (`evidence.fees.accounts.Paid`, who wrote the event).

        It leads from `REVIEW_DUE` to `REVIEWABLE`, from `RELEASE_DUE` to `RELEASING`. The money is
        here, so nothing is refused: a request that does not wait for it gets it back.
        """
        if session.get(RequestRow, request) is None:
            return  # finance sees the payment; there is nothing that could go on
        row = self._requests.find(session, str(request), lock=True)
        if self._pass(session, row, PAID[stage]):
            self._moved(session, row, at)
        else:
            why = "the request did not wait for it any more"
            self._charges.give_back(
                session,
                row,
                stage,
                by=self._itself(session, THE_CLOCK),
                role=SYSTEM,
                at=at,
                reason=why,
            )

    def put_on_account(
        self, session: Session, request: UUID, fee: UUID, *, at: datetime, purchase_order: str
    ) -> RequestRow:
        """Put a fee on the account of a firm that pays monthly, as whoever asked from its mailbox.

        The request goes on as if it were paid.

        Raises:
            InvalidError, StateError, UnknownError: nothing was recorded.
        """
        row = self._requests.find(session, str(request), lock=True)
        stage = self._charges.put_on_account(
            session,
            row,
            fee,
            by=requester_of(session, row),
            role=REQUESTER,
            claim_reference=self._asked(session, row).said("claim_reference"),
            purchase_order=purchase_order,
            at=at,
        )
        if not self._pass(session, row, PAID[stage]):
            raise StateError(f"request {row.urn} does not wait for this fee any more")
        self._moved(session, row, at)
        return row

    def _pass(self, session: Session, row: RequestRow, step: RequestStep) -> bool:
        """Move a request by a step of which fees tell; return whether there is one from here."""
        now = standing_of(row, steps_of(session, row.id))
        if step not in allowed_steps(now):
            return False
        row.state = take_step(f"request {row.urn}", now, step).state.value
        session.flush()
        return True

    def _itself(self, session: Session, name: str) -> Subject:
        return self._people.subject(session, self._people.known(session, name), ())

    def released(self, session: Session, urn: str, release: UUID, *, at: datetime) -> None:
        """Note that a package under the number of a request was sealed, if it is the first."""
        self._note(session, urn, RequestStep.RELEASED, release, at)

    def collected(self, session: Session, urn: str, release: UUID, *, at: datetime) -> None:
        """Note that a package under the number of a request left the house, if it is the first."""
        self._note(session, urn, RequestStep.COLLECTED, release, at)

    def expire(self, session: Session, request: UUID, *, at: datetime) -> None:
        """Let a request expire if a fee of it is still due."""
        row = self._requests.find(session, str(request), lock=True)
        if row.state not in UNPAID:
            return  # it was paid, or ended, a moment ago
        by = self._itself(session, THE_CLOCK)
        told: dict[str, JSON] = {"role": SYSTEM, "reason": "its fee was not paid in time"}
        self._take(session, row.urn, RequestStep.EXPIRED, told, by=by, at=at)

    def _note(
        self, session: Session, urn: str, step: RequestStep, release: UUID, at: datetime
    ) -> None:
        row = self._requests.under(session, urn)
        if row is None:
            return
        row = self._requests.find(session, urn, lock=True)
        now = standing_of(row, steps_of(session, row.id))
        try:
            transition(row.urn, now.path, now.state, step)
        except StateError:
            return  # a later package under the same number, or an end that came first
        self._take(session, urn, step, {"release": str(release)}, by=None, at=at)

    def _take(
        self,
        session: Session,
        name: str,
        step: RequestStep,
        told: Mapping[str, JSON],
        *,
        by: Subject | None,
        at: datetime,
        why: Refusal | None = None,
    ) -> RequestRow:
        """Move a request by one step, with its event, its row, and the letter that tells of it."""
        row = self._requests.find(session, name, lock=True)
        what = f"request {row.urn}"
        now = standing_of(row, steps_of(session, row.id))
        event = transition(what, now.path, now.state, step).event
        then = take_step(what, now, step, by=None if by is None else by.person, why=why)
        if step is RequestStep.APPROVED:
            self._documents.demand(session, row)
        row.state = then.state.value
        record_step(session, self._ledger, row.id, event, told, by=by, at=at)
        fee = self._charges.asked(session, row, step, at=at)
        owed = fee is not None and fee.state == FeeState.DUE
        if fee is not None and not owed:  # the council charges nothing for it
            self._pass(session, row, PAID[Stage(fee.stage)])
        if by is not None:
            role = str(told["role"])
            self._charges.ended(session, row, step, now.state, by=by, role=role, at=at)
        if row.state != now.state:
            self._moved(session, row, at)
        if step in _TOLD:
            private = {"outcome": _TOLD[step], "fee": pounds(fee.pence) if fee and owed else ""}
            once = f"outcome:{row.id}:{_TOLD[step]}"
            self._tell(session, row, RequestLetter.OUTCOME, once, private, at)
        return row

    def _tell(
        self,
        session: Session,
        row: RequestRow,
        kind: RequestLetter,
        once: str,
        private: Mapping[str, str],
        at: datetime,
    ) -> None:
        self._messages.queue(
            session, kind, person=row.person, about=row.id, once=once, private=private, at=at
        )

    def _asked(self, session: Session, row: RequestRow) -> Asked:
        asked = self._requests.asked(session, row.id)
        if asked is None:
            raise StateError(f"what request {row.urn} asks for was erased")
        return asked


def _needed(reason: str, field: str = "reason") -> str:
    return check_words(field, reason, most=MOST_REASON, lines=True)
