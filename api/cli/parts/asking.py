"""Edge. Requests for footage that the demonstration shows, each at another step; all invented."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from api.acts import act
from api.cli.parts.papers import send_papers
from api.wiring import Services
from evidence.exhibits.clocks import LONDON
from evidence.people.access import Subject
from evidence.requests.asked import Preserved, asked_of
from evidence.requests.questions.checks import Rules, check_form
from evidence.requests.questions.paths import FORMS
from evidence.requests.states import Path, RequestStep, ReviewOutcome
from evidence.requests.tables import RequestRow

_WHERE = {
    "time_from": "14:00",
    "time_to": "14:30",
    "street": "High Street",
    "description": "A van turns and hits a parked car.",
    "declaration": "yes",
    "privacy": "yes",
}
_INSURER = _WHERE | {
    "cameras": "BAR-0017",
    "is_criminal": "no",
    "organisation": "Harbour Mutual (fictional)",
    "address": "1 Quay Street, Barchester",
    "contact_name": "Jo Sample",
    "job_title": "Claims handler",
    "phone": "01632 960 001",
    "email": "jo.sample@harbour-mutual.example",
    "policyholder": "Chris Invented",
    "consent": "yes",
    "identity": "passport",
    "claim_reference": "HM-20461",
    "basis": "proceedings",
    "vehicle_registration": "AB12 CDE",
    "recipient_name": "Jo Sample",
    "recipient_email": "jo.sample@harbour-mutual.example",
}
_POLICE = _WHERE | {
    "cameras": "BAR-0017",
    "contact_name": "Sam Example",
    "rank": "Detective Sergeant",
    "unit": "Roads policing",
    "collar_number": "1187",
    "job_title": "Investigator",
    "phone": "01632 960 002",
    "email": "sam.example@barchester.police.example",
    "organisation": "Barchester Constabulary (fictional)",
    "case_reference": "BC/2026/1187",
    "offence": "Dangerous driving",
    "power": "Police and Criminal Evidence Act 1984",
    "limb": "prevention",
    "necessity": "Nothing else shows who drove.",
    "authoriser_name": "Kim Invented",
    "authoriser_rank": "Inspector",
    "urgency": "routine",
    "delivery": "link",
    "statement": "no",
}
_SUBJECT = _WHERE | {
    "for_claim": "no",
    "contact_name": "Robin Invented",
    "address": "2 Mill Lane, Barchester",
    "email": "robin.invented@mailbox.example",
    "description": "I wore a red coat, and carried a ladder.",
    "format": "link",
}


class Askers:
    """Ask as others would, and answer as two people of the council would."""

    def __init__(self, services: Services, operator: Subject, releaser: Subject) -> None:
        self._services = services
        self._operator = operator
        self._releaser = releaser

    def ask(self, exhibit: str) -> None:
        """Make a request at each of some steps; ``exhibit`` is what a review found."""
        self._submit(Path.INSURER, _INSURER, days_ago=26)
        covered = self._submit(Path.INSURER, _INSURER, days_ago=2)
        send_papers(self._services, covered)
        self._cover(covered)
        self._approve(self._submit(Path.POLICE, _POLICE, days_ago=1), exhibit)
        self._submit(Path.SUBJECT, _SUBJECT, days_ago=3)

    def _submit(self, path: Path, given: Mapping[str, str], *, days_ago: int) -> RequestRow:
        """Submit a form as it is checked for everybody; the mailbox counts as proven."""
        services, at = self._services, self._services.clock()
        day = _day(at, days_ago)
        checked = check_form(
            FORMS[path],
            {**given, "incident_date": day}
            | ({"authorised_on": day} if path is Path.POLICE else {}),
            Rules(at, police=services.council.police),
        )
        assert not checked.errors, checked.errors
        asked = asked_of(path, checked.answers)
        with services.transaction() as session:
            row = services.submissions.submit(session, asked, given["email"], at=at)
            session.expunge(row)
        return row

    def _cover(self, row: RequestRow) -> None:
        """Preserve the footage, and say that cameras may have captured it."""
        decisions, by, at = self._services.request_decisions, self._operator, self._services.clock()
        with self._services.transaction() as session:
            asked = self._services.requests.asked(session, row.id)
        assert asked is not None
        kept = Preserved(asked.start, asked.end, asked.cameras, "the recorder's locked store")
        act(
            self._services,
            by,
            lambda session: decisions.confirm_preserved(session, row.urn, kept, by=by, at=at),
        )
        self._decide(row, RequestStep.COVERED, by, "BAR-0017 looks at the place")

    def _approve(self, row: RequestRow, exhibit: str) -> None:
        """Find what was asked for, and have a second person approve it."""
        self._cover(row)
        decisions, by, at = self._services.request_decisions, self._operator, self._services.clock()
        act(
            self._services,
            by,
            lambda session: decisions.begin_review(session, row.urn, by=by, at=at),
        )
        act(
            self._services,
            by,
            lambda session: decisions.complete_review(
                session,
                row.urn,
                ReviewOutcome.FOUND,
                exhibits=[exhibit],
                by=by,
                at=at,
                reason="the van and its number can be read",
            ),
        )
        self._decide(row, RequestStep.APPROVED, self._releaser, "necessary and proportionate")

    def _decide(self, row: RequestRow, step: RequestStep, by: Subject, reason: str) -> None:
        decisions, at = self._services.request_decisions, self._services.clock()
        act(
            self._services,
            by,
            lambda session: decisions.decide(
                session, row.urn, step, by=by, at=at, reason=reason
            ),
        )  # fmt: skip


def _day(at: datetime, days_ago: int) -> str:
    return (at.astimezone(LONDON) - timedelta(days=days_ago)).date().isoformat()
