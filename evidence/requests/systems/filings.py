"""Service. Requests that machines and lists submit: the form, its checker, and once for each key.

Who asks stands in no answer: the organisation and the mailbox are known before.
"""

from collections.abc import Mapping
from datetime import datetime

from sqlmodel import Session

from custody.formats.canonical import canonical_text
from evidence.errors import AnswersError, InvalidError
from evidence.mailbox.codes import Gates
from evidence.people.access import Action, Subject
from evidence.people.people import require
from evidence.requests.asked import Asked, asked_of
from evidence.requests.questions.checks import RulesAt, check_form
from evidence.requests.questions.paths import FORMS
from evidence.requests.submissions import MAILBOX, Submissions
from evidence.requests.systems.requesters import Requester, Requesters
from evidence.requests.systems.tables import FilingRow
from evidence.requests.tables import RequestRow
from evidence.wording import check_words

KEY = "Idempotency-Key"
MOST_KEY = 200


class Filings:
    """Takes requests from machines."""

    def __init__(
        self,
        gates: Gates,
        requesters: Requesters,
        submissions: Submissions,
        rules: RulesAt,
    ) -> None:
        self._gates = gates
        self._requesters = requesters
        self._submissions = submissions
        self._rules = rules

    def file(
        self, session: Session, given: Mapping[str, str], key: str, *, by: Subject, at: datetime
    ) -> RequestRow:
        """Take a request, or return the one that the same call became before.

        Raises:
            AccessRefusedError, AnswersError, InvalidError, StateError: nothing was recorded.
        """
        requester = self.asking(session, by)
        check_words(KEY, key, most=MOST_KEY)
        return self.keep(session, given, key, requester, at=at)

    def asking(self, session: Session, by: Subject) -> Requester:
        """Return for whom a machine asks.

        Raises:
            AccessRefusedError, StateError: it may not ask.
        """
        require(Action.SUBMIT_REQUEST, by)
        return self._requesters.of(session, by)

    def keep(
        self,
        session: Session,
        given: Mapping[str, str],
        key: str,
        requester: Requester,
        *,
        at: datetime,
    ) -> RequestRow:
        """Take a request of somebody whose mailbox was proven, once for each key.

        Raises:
            AnswersError, InvalidError: nothing was recorded.
        """
        # Locked by the mailbox: of two calls that come at once, the second finds the first.
        self._gates.open(session, self._gates.name(MAILBOX, requester.mailbox), at=at)
        known = self._gates.name("filing", key)
        sent = self._gates.name("filed", canonical_text(dict(given)))
        before = session.get(FilingRow, (requester.person, known))
        if before is not None:
            if before.answers_mac != sent:
                raise InvalidError(
                    KEY,
                    "this key came with other answers before: each request has a key of its own",
                )
            return session.get_one(RequestRow, before.request)
        asked, person = self.asked(given, requester, at=at), requester.person
        row = self._submissions.enter(session, asked, person, requester.mailbox, at=at)
        session.add(
            FilingRow(person=person, key_mac=known, answers_mac=sent, request=row.id, filed_at=at)
        )
        session.flush()
        return row

    def asked(self, given: Mapping[str, str], requester: Requester, *, at: datetime) -> Asked:
        """Return what answers ask for, checked as everybody's are.

        Raises:
            AnswersError: names each field with which something is wrong.
        """
        own = {"organisation": requester.organisation, "email": requester.mailbox}
        form = FORMS[requester.path]
        checked = check_form(form, {**given, **own}, self._rules(at))
        errors = dict(checked.errors)
        for name, said in own.items():
            if given.get(name, said) != said:
                errors[name] = f"you ask for {said}: leave {name} out"
        if errors:
            raise AnswersError(errors)
        try:
            return asked_of(form.path, checked.answers)
        except InvalidError as error:
            raise AnswersError({error.field: str(error)}) from error
