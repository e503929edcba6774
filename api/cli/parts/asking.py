"""Edge. Requests for footage that the demonstration shows: one in each state; all invented.

Each is brought there step by step, by the services and the people who would do it, and paid for at
the card page of the stand-in. Incidents are some days old, so that the clocks tell something.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from sqlmodel import Session

from api.acts import act
from api.cli.parts.forms import filled
from api.wiring import Services
from evidence.exhibits.clocks import LONDON
from evidence.fees.prices import Stage
from evidence.people.access import Subject
from evidence.requests.asked import Asked, Preserved, asked_of
from evidence.requests.questions.checks import Rules, check_form
from evidence.requests.questions.paths import FORMS
from evidence.requests.states import Path, Refusal, RequestState, RequestStep, ReviewOutcome
from evidence.requests.tables import RequestRow
from export.release.proposals import NewRelease, ReleaseKind

_S, _T = RequestState, RequestStep


@dataclass(frozen=True, slots=True)
class Invented:
    """A request that somebody might make, and how far the demonstration brings it."""

    path: Path
    until: RequestState
    """The state to which the way to a release leads it."""
    days: int
    """How long ago it was."""
    place: str
    """Street and landmark, as the register has them or not."""
    then: RequestState | None = None
    """To which state it goes from there."""
    stands: bool = False
    """Whether its clock stands, because something is asked of the person."""


REQUESTS = (
    Invented(Path.INSURER, _S.SUBMITTED, 29, "High Street, Town Hall"),
    Invented(Path.SOLICITOR, _S.SUBMITTED, 3, "Plumstead Lane", _S.NOT_COVERED),
    Invented(Path.INSURER, _S.REVIEW_DUE, 9, "Bus Station"),
    Invented(Path.AUTHORISED, _S.REVIEWABLE, 14, "London Road, library"),
    Invented(Path.COUNCIL, _S.IN_REVIEW, 2, "Hiram Street, car park"),
    Invented(Path.POLICE, _S.FOUND, 1, "Cathedral Close"),
    Invented(Path.POLICE, _S.IN_REVIEW, 6, "Harding Lane, school", _S.NOT_FOUND),
    Invented(Path.SOLICITOR, _S.RELEASE_DUE, 12, "Market Square, Corn Exchange"),
    Invented(Path.SUBJECT, _S.AWAITING_REDACTION, 8, "Bus Station"),
    Invented(Path.POLICE, _S.RELEASING, 4, "Quay Street, boat yard"),
    Invented(Path.INSURER, _S.RELEASING, 18, "High Street, Market Square", _S.RELEASED),
    Invented(Path.CPS, _S.RELEASING, 20, "Station Road, Railway Street", _S.COLLECTED),
    Invented(Path.AUTHORISED, _S.SUBMITTED, 16, "Framley Parsonage", _S.CLOSED),
    Invented(Path.INSURER, _S.REVIEW_DUE, 7, "Barchester Station", _S.WITHDRAWN),
    Invented(Path.POLICE, _S.SUBMITTED, 40, "Mill Lane", _S.REFUSED),
    Invented(Path.INSURER, _S.REVIEW_DUE, 24, "Quay Street, warehouse steps", _S.EXPIRED),
    Invented(Path.SUBJECT, _S.SUBMITTED, 26, "Hiram Street", stands=True),
)


class Askers:
    """Ask as others would, and answer as people of the council would."""

    def __init__(
        self,
        services: Services,
        operator: Subject,
        releaser: Subject,
        governance: Subject,
        *,
        pay: Callable[[str], object],
    ) -> None:
        """``pay`` pays at the card page of an address."""
        self._services = services
        self._decisions = services.request_decisions
        self._operator = operator
        self._releaser = releaser
        self._governance = governance
        self._pay_at = pay
        self._exhibit = ""

    def ask(self, exhibit: str) -> Mapping[RequestState, RequestRow]:
        """Make a request in each state; ``exhibit`` is what reviews found.

        Return those that wait for a release, by the state in which it leaves them.
        """
        self._exhibit = exhibit
        waiting: dict[RequestState, RequestRow] = {}
        for one in REQUESTS:
            row = self._submit(one)
            while self._state(row) is not one.until:
                self._go_on(row)
            if one.then in {_S.RELEASED, _S.COLLECTED}:
                waiting[one.then] = row
            elif one.then is not None:
                self._leave(row, one.then)
            elif one.stands:
                why = "We asked for a document with a photograph"
                self._decide(row, _T.PAUSED, self._governance, why)
        return waiting

    def release_of(self, row: RequestRow, exhibit: str) -> NewRelease:
        """Return the release that says what a request says."""
        asked = self._asked(row)
        name, email = asked.recipient
        kinds = {Path.INSURER: ReleaseKind.INSURER, Path.CPS: ReleaseKind.CPS}
        return NewRelease(
            exhibits=(exhibit,),
            kind=kinds[asked.path],
            recipient_name=name,
            recipient_email=email,
            organisation=asked.organisation,
            purpose=asked.purpose,
            basis=asked.basis,
            urn=row.urn,
        )

    def _submit(self, one: Invented) -> RequestRow:
        """Submit a form as it is checked for everybody; the mailbox counts as proven."""
        services, at = self._services, self._services.clock()
        day = _day(at, one.days)
        street, _, landmark = one.place.partition(", ")
        given = filled(
            one.path, incident_date=day, authorised_on=day, street=street, landmark=landmark
        )
        checked = check_form(FORMS[one.path], given, Rules(at, police=services.council.police))
        assert not checked.errors, checked.errors
        asked = asked_of(one.path, checked.answers)
        with services.transaction() as session:
            row = services.submissions.submit(session, asked, given["email"], at=at)
            session.expunge(row)
        return row

    def _go_on(self, row: RequestRow) -> None:
        """Take the next step on the way to a release."""
        state = self._state(row)
        if state is _S.SUBMITTED:
            self._preserve(row)
            self._decide(row, _T.COVERED, self._operator, "A camera looks at the place")
        elif state is _S.REVIEW_DUE:
            self._pay(row, Stage.REVIEW)
        elif state is _S.REVIEWABLE:
            self._work(self._operator, partial(self._decisions.begin_review, name=row.urn))
        elif state is _S.IN_REVIEW:
            self._review(row, ReviewOutcome.FOUND, "The van and its number can be read")
        elif state is _S.FOUND:
            self._decide(row, _T.APPROVED, self._releaser, "Necessary and proportionate")
        else:
            self._pay(row, Stage.RELEASE)

    def _leave(self, row: RequestRow, then: RequestState) -> None:
        """Take a request off that way."""
        if then in {_S.NOT_COVERED, _S.CLOSED}:
            why = "None of our cameras is within reach of the place that you gave"
            self._decide(row, _T.NOT_COVERED, self._operator, why)
        if then is _S.CLOSED:
            self._decide(row, _T.CLOSED, self._operator, "Answered")
        elif then is _S.NOT_FOUND:
            self._review(row, ReviewOutcome.NOT_FOUND, "Nobody fell: the camera looked elsewhere")
        elif then is _S.WITHDRAWN:
            self._decide(row, _T.WITHDRAWN, self._operator, "By telephone: the claim is settled")
        elif then is _S.REFUSED:
            self._refuse(row)
        elif then is _S.EXPIRED:
            with self._services.transaction() as session:
                self._decisions.expire(session, row.id, at=self._services.clock())

    def _refuse(self, row: RequestRow) -> None:
        """Refuse a request that came too late, after a search."""
        search, refuse = self._decisions.search_preserved, self._decisions.refuse
        self._work(
            self._operator,
            partial(search, name=row.urn, result="Nothing of this day is preserved"),
        )
        self._work(
            self._releaser,
            partial(
                refuse,
                name=row.urn,
                why=Refusal.OVERWRITTEN,
                reason="It was recorded more than 31 days before you asked",
            ),
        )

    def _preserve(self, row: RequestRow) -> None:
        asked = self._asked(row)
        kept = Preserved(asked.start, asked.end, ("BAR-0017",), "the recorder's locked store")
        confirm = self._decisions.confirm_preserved
        self._work(self._operator, partial(confirm, name=row.urn, preserved=kept))

    def _review(self, row: RequestRow, outcome: ReviewOutcome, reason: str) -> None:
        exhibits = [] if outcome is ReviewOutcome.NOT_FOUND else [self._exhibit]
        complete = self._decisions.complete_review
        self._work(
            self._operator,
            partial(complete, name=row.urn, outcome=outcome, exhibits=exhibits, reason=reason),
        )

    def _pay(self, row: RequestRow, stage: Stage) -> None:
        """Pay a fee as whoever asked does: on the provider's page, and back."""
        services = self._services
        with services.transaction() as session:
            fee = services.fees.of_stage(session, row.id, stage)
            assert fee is not None
            identifier: UUID = fee.id
        self._pay_at(services.payments.start(identifier))
        services.payments.check(identifier)

    def _decide(self, row: RequestRow, step: RequestStep, by: Subject, reason: str) -> None:
        self._work(by, partial(self._decisions.decide, name=row.urn, step=step, reason=reason))

    def _work(self, by: Subject, work: Callable[..., object]) -> None:
        """Do a step of somebody's now, in a transaction of its own."""
        at = self._services.clock()

        def step(session: Session) -> None:
            work(session, by=by, at=at)

        act(self._services, by, step)

    def _state(self, row: RequestRow) -> RequestState:
        with self._services.transaction() as session:
            return RequestState(session.get_one(RequestRow, row.id).state)

    def _asked(self, row: RequestRow) -> Asked:
        with self._services.transaction() as session:
            asked = self._services.requests.asked(session, row.id)
        assert asked is not None
        return asked


def _day(at: datetime, days_ago: int) -> str:
    return (at.astimezone(LONDON) - timedelta(days=days_ago)).date().isoformat()
