"""Edge. Requests for footage that the demonstration shows: one in each state; all invented.

Each is brought there step by step, by the services and the people who would do it, and paid for at
the card page of the stand-in. Incidents are some days old, so that the clocks tell something.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlmodel import Session

from api.cli.parts.shown.forms import filled
from api.cli.parts.shown.papers import check_papers, send_papers
from api.services import Services
from evidence.exhibits.clocks import LONDON
from evidence.fees.prices import Stage
from evidence.people.access import Subject
from evidence.requests.asked import Preserved, asked_of
from evidence.requests.coverage.findings import covering_words, latest_found, references
from evidence.requests.decisions import UNPAID
from evidence.requests.questions.checks import Rules, check_form
from evidence.requests.questions.paths import FORMS
from evidence.requests.recorded import steps_of
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
        rows = [(one.then, self._bring(one)) for one in REQUESTS]
        return {then: row for then, row in rows if then in {_S.RELEASED, _S.COLLECTED}}

    def release_of(self, row: RequestRow, exhibit: str) -> NewRelease:
        """Return the release that says what a request says."""
        with self._services.transaction() as session:
            asked = self._services.requests.asked(session, row.id)
        assert asked is not None
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

    def _bring(self, one: Invented) -> RequestRow:
        """Make a request, and bring it as far as it goes; what is owed is paid in between."""
        with self._services.transaction() as session:
            row = self._submit(session, one)
            fee = self._walk(session, row, one)
        while fee is not None:
            self._pay_at(self._services.payments.start(fee))
            self._services.payments.check(fee)
            with self._services.transaction() as session:
                row = self._services.requests.find(session, row.urn)
                fee = self._walk(session, row, one)
        return row

    def _submit(self, session: Session, one: Invented) -> RequestRow:
        """Submit a form as it is checked for everybody; the mailbox counts as proven."""
        services, at = self._services, self._services.clock()
        day = (at.astimezone(LONDON) - timedelta(days=one.days)).date().isoformat()
        street, _, landmark = one.place.partition(", ")
        given = filled(
            one.path, incident_date=day, authorised_on=day, street=street, landmark=landmark
        )
        checked = check_form(FORMS[one.path], given, Rules(at, police=services.council.police))
        assert not checked.errors, checked.errors
        asked = asked_of(one.path, checked.answers)
        return services.submissions.submit(session, asked, given["email"], at=at)

    def _walk(self, session: Session, row: RequestRow, one: Invented) -> UUID | None:
        """Go on until a fee must be paid, and return that; None: it is where it is shown."""
        while row.state != one.until:
            if row.state in UNPAID:
                stage = Stage.REVIEW if row.state == _S.REVIEW_DUE else Stage.RELEASE
                fee = self._services.fees.of_stage(session, row.id, stage)
                assert fee is not None
                session.expunge(row)
                return fee.id
            self._go_on(session, row)
        self._leave(session, row, one)
        session.flush()
        session.expunge(row)
        return None

    def _go_on(self, session: Session, row: RequestRow) -> None:
        """Take the next step on the way to a release."""
        decisions, by, at = self._decisions, self._operator, self._services.clock()
        if row.state == _S.SUBMITTED:
            asked = self._services.requests.asked(session, row.id)
            assert asked is not None
            found = latest_found(steps_of(session, row.id))
            assert found is not None
            cameras = references(found) or ("BAR-0017",)
            kept = Preserved(asked.start, asked.end, cameras, "the recorder's locked store")
            decisions.confirm_preserved(session, row.urn, kept, by=by, at=at)
            send_papers(session, self._services, row)
            why = covering_words(found) or "BAR-0017 looks at the place"
            self._decide(session, row, _T.COVERED, by, why)
        elif row.state == _S.REVIEWABLE:
            decisions.begin_review(session, row.urn, by=by, at=at)
        elif row.state == _S.IN_REVIEW:
            self._review(session, row, ReviewOutcome.FOUND, "The van and its number can be read")
        else:
            check_papers(session, self._services, row, by=self._governance)
            self._decide(session, row, _T.APPROVED, self._releaser, "Necessary and proportionate")

    def _leave(self, session: Session, row: RequestRow, one: Invented) -> None:
        """Take a request off that way, if it leaves it."""
        then, operator = one.then, self._operator
        if one.stands:
            why = "We asked for a document with a photograph"
            self._decide(session, row, _T.PAUSED, self._governance, why)
        if then in {_S.NOT_COVERED, _S.CLOSED}:
            why = "None of our cameras is within reach of the place that you gave"
            self._decide(session, row, _T.NOT_COVERED, operator, why)
        if then is _S.CLOSED:
            self._decide(session, row, _T.CLOSED, operator, "Answered")
        elif then is _S.NOT_FOUND:
            why = "Nobody fell: the camera looked elsewhere"
            self._review(session, row, ReviewOutcome.NOT_FOUND, why)
        elif then is _S.WITHDRAWN:
            why = "By telephone: the claim is settled"
            self._decide(session, row, _T.WITHDRAWN, operator, why)
        elif then is _S.REFUSED:
            self._refuse(session, row)
        elif then is _S.EXPIRED:
            self._decisions.expire(session, row.id, at=self._services.clock())

    def _refuse(self, session: Session, row: RequestRow) -> None:
        """Refuse a request that came too late, after a search."""
        at = self._services.clock()
        result = "Nothing of this day is preserved"
        search = self._decisions.search_preserved
        search(session, row.urn, by=self._operator, at=at, result=result)
        why = "It was recorded more than 31 days before you asked"
        refuse = self._decisions.refuse
        refuse(session, row.urn, Refusal.OVERWRITTEN, by=self._releaser, at=at, reason=why)

    def _review(
        self, session: Session, row: RequestRow, outcome: ReviewOutcome, reason: str
    ) -> None:
        found = [] if outcome is ReviewOutcome.NOT_FOUND else [self._exhibit]
        by, at = self._operator, self._services.clock()
        complete = self._decisions.complete_review
        complete(session, row.urn, outcome, exhibits=found, by=by, at=at, reason=reason)

    def _decide(
        self, session: Session, row: RequestRow, step: RequestStep, by: Subject, reason: str
    ) -> None:
        at = self._services.clock()
        self._decisions.decide(session, row.urn, step, by=by, at=at, reason=reason)
