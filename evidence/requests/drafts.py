"""Service. What somebody fills in: saved page by page, its mailbox proven, submitted once.

A draft is known by the secret of a cookie, of which only the digest is kept. It is no evidence:
nothing is done with it before it is submitted, and it is deleted some days after it was last seen.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlmodel import Session, col, delete

from evidence.errors import InvalidError, StateError
from evidence.limits import Limits
from evidence.mailbox.codes import Gates, Standing, token_subject
from evidence.mailbox.messages import forget_letters
from evidence.requests.asked import Asked, asked_of
from evidence.requests.decisions import RequestDecisions
from evidence.requests.documents.documents import Documents
from evidence.requests.duplicates.duplicates import Duplicates
from evidence.requests.letters import RequestLetter
from evidence.requests.questions.checks import Checked, RulesAt, check_form, check_page
from evidence.requests.questions.forms import Form, FormPage
from evidence.requests.questions.paths import FORMS
from evidence.requests.states import Path
from evidence.requests.submissions import MAILBOX, Submissions, person_of
from evidence.requests.tables import RequestDraftRow, RequestRow
from evidence.secrets import make_secret, secret_digest

FORGET_DRAFTS = timedelta(days=7)
MOST_CODES, MOST_DRAFTS = 30, 60
"""How many one address on the network may ask for within an hour: many may sit behind one."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What was filled in so far."""

    form: Form
    answers: Mapping[str, str]
    proven: bool
    """Whether a code has proven the mailbox that stands in it now."""
    request: UUID | None
    """The identifier of the request that it became."""
    corrects: UUID | None
    """The identifier of the request that it corrects."""

    @property
    def mailbox(self) -> str:
        """The address of the mailbox that is to be proven."""
        return self.answers.get(self.form.mailbox, "")


class Drafts:
    """Keeps what people type, until it is submitted or forgotten."""

    def __init__(
        self,
        gates: Gates,
        limits: Limits,
        submissions: Submissions,
        decisions: RequestDecisions,
        documents: Documents,
        duplicates: Duplicates,
        rules: RulesAt,
        *,
        random: Callable[[int], bytes],
    ) -> None:
        self._gates = gates
        self._limits = limits
        self._submissions = submissions
        self._decisions = decisions
        self._documents = documents
        self._duplicates = duplicates
        self._rules = rules
        self._random = random

    def begin(self, session: Session, path: Path, *, network: str, at: datetime) -> str | Standing:
        """Begin a draft; return its secret, or until when too many came from ``network``."""
        wait = self._limits.count(session, "drafts", network, most=MOST_DRAFTS, at=at)
        if wait is not None:
            return Standing("waiting", at + wait, 0)
        secret = make_secret(self._random)
        session.add(
            RequestDraftRow(
                secret_sha256=secret_digest(secret),
                path=path.value,
                answers={},
                started_at=at,
                seen_at=at,
            )
        )
        session.flush()
        return secret

    def correct(
        self, session: Session, request: UUID, asked: Asked, mailbox: str, *, at: datetime
    ) -> str:
        """Begin to correct a request, as whoever proved ``mailbox``; return the draft's secret."""
        form = FORMS[asked.path]
        secret = make_secret(self._random)
        session.add(
            RequestDraftRow(
                secret_sha256=secret_digest(secret),
                path=asked.path.value,
                answers={name: asked.said(name) for name in form.fields(asked.answers)},
                mailbox=mailbox,
                started_at=at,
                seen_at=at,
                corrects=request,
            )
        )
        session.flush()
        return secret

    def find(self, session: Session, secret: str) -> Draft | None:
        """Return the draft of a secret; None: there is none, or it was forgotten."""
        row = session.get(RequestDraftRow, secret_digest(secret))
        return None if row is None else _draft(row)

    def save(
        self,
        session: Session,
        secret: str,
        page: FormPage,
        given: Mapping[str, str],
        *,
        at: datetime,
    ) -> Checked:
        """Keep the answers of one page, if nothing is wrong with them.

        Raises:
            StateError: it was submitted, or is forgotten.
        """
        row = self._open(session, secret, at)
        checked = check_page(page, given, row.answers, self._rules(at))
        if not checked.errors:
            row.answers = {**row.answers, **checked.answers}
        session.flush()
        return checked

    def check(self, draft: Draft, *, at: datetime) -> Checked:
        """Check everything that was answered."""
        return check_form(draft.form, draft.answers, self._rules(at))

    def again(self, session: Session, draft: Draft, checked: Checked) -> Sequence[RequestRow]:
        """Return the open requests in which the same mailbox asked for the same claim before.

        None where anything is wrong, or nobody has proven that the mailbox is theirs.
        """
        if checked.errors or not draft.proven:
            return ()
        try:
            asked = asked_of(draft.form.path, checked.answers)
        except InvalidError:
            return ()
        return self._duplicates.own(
            session,
            asked,
            draft.mailbox,
            but=draft.corrects or UUID(int=0),
            person=person_of(session, draft.mailbox),
        )

    def ask_code(self, session: Session, secret: str, *, network: str, at: datetime) -> Standing:
        """Send a code to the mailbox of a draft, unless too many were asked for.

        Counted for the mailbox, for the network and for the draft, always in that order.

        Raises:
            StateError: there is no mailbox yet, or nothing to fill in any more.
        """
        row = self._open(session, secret, at)
        draft = _draft(row)
        if not draft.mailbox:
            raise StateError("give your e-mail address first")
        mailbox = self._gates.open(session, self._gates.name(MAILBOX, draft.mailbox), at=at)
        counted = self._gates.ask(mailbox, at=at)
        if counted.state != "asked":
            return counted
        wait = self._limits.count(session, "codes", network, most=MOST_CODES, at=at)
        if wait is not None:
            return Standing("waiting", at + wait, 0)
        gate = self._gates.open(session, self._gate(row, draft), at=at)
        standing = self._gates.ask(gate, at=at)
        if standing.state == "asked":
            self._gates.send_code(
                session,
                gate,
                opens=token_subject(row.secret_sha256),
                person=None,
                about=token_subject(row.secret_sha256),
                kind=RequestLetter.MAILBOX_CODE,
                more={"to": draft.mailbox},
                at=at,
            )
        return standing

    def standing(self, session: Session, secret: str, *, at: datetime) -> Standing:
        """Return where somebody stands before the code of their mailbox."""
        row = session.get_one(RequestDraftRow, secret_digest(secret))
        return self._gates.standing(session, self._gate(row, _draft(row)), at=at)

    def enter_code(self, session: Session, secret: str, code: str, *, at: datetime) -> Standing:
        """Prove the mailbox of a draft; ``closed``: it is proven. A wrong code counts: commit.

        Raises:
            StateError: it was submitted, or is forgotten.
        """
        row = self._open(session, secret, at)
        draft = _draft(row)
        gate = self._gates.open(session, self._gate(row, draft), at=at)
        barred = self._gates.barred(gate, code, at=at)
        if barred is not None:
            return barred
        if not self._gates.check(gate, code, at=at):
            return self._gates.refuse(gate, at=at)
        row.mailbox = draft.mailbox
        session.flush()
        return Standing("closed")

    def proven(self, session: Session, secret: str, *, at: datetime) -> RequestDraftRow:
        """Return a draft, locked, with which documents may be kept: its mailbox is proven.

        Raises:
            StateError: it is not, or the draft was submitted, or is forgotten.
        """
        row = self._open(session, secret, at)
        if not _draft(row).proven or row.corrects is not None:
            raise StateError("the code of your mailbox has yet to be entered")
        return row

    def submit(self, session: Session, secret: str, *, at: datetime) -> RequestRow | Checked:
        """Submit a draft once; twice is the request that it became. Return what is wrong with it.

        Raises:
            StateError: its mailbox is not proven, too many came from it, or it is forgotten.
        """
        row = session.get(RequestDraftRow, secret_digest(secret), with_for_update=True)
        if row is None:
            raise StateError("what you typed is not kept any more: begin again")
        if row.request is not None:
            return session.get_one(RequestRow, row.request)
        draft = _draft(row)
        checked = self.check(draft, at=at)
        if checked.errors:
            return checked
        if not draft.proven:
            raise StateError("the code of your mailbox has yet to be entered")
        try:
            made = self._send(session, draft, asked_of(draft.form.path, checked.answers), at)
        except InvalidError as error:
            return Checked(checked.answers, {error.field: str(error)})
        if draft.corrects is None:
            self._documents.adopt(session, row.secret_sha256, made, at=at)
        # What was asked stands in the request now, where it can be erased.
        row.request, row.answers = made.id, {}
        session.flush()
        return made

    def _send(self, session: Session, draft: Draft, asked: Asked, at: datetime) -> RequestRow:
        if draft.corrects is not None:
            return self._decisions.correct(session, draft.corrects, asked, at=at)
        return self._submissions.submit(session, asked, draft.mailbox, at=at)

    def forget(self, session: Session, *, at: datetime) -> None:
        """Delete drafts that nobody has touched for long, and the letters with their codes."""
        untouched = col(RequestDraftRow.seen_at) < at - FORGET_DRAFTS
        gone = delete(RequestDraftRow).where(untouched)
        digests = session.exec(gone.returning(col(RequestDraftRow.secret_sha256))).all()
        # A letter that no mail server ever took still holds the address that was typed, encrypted.
        forget_letters(session, [token_subject(digest) for (digest,) in digests])

    def _open(self, session: Session, secret: str, at: datetime) -> RequestDraftRow:
        row = session.get(
            RequestDraftRow, secret_digest(secret), with_for_update=True, populate_existing=True
        )
        if row is None or row.request is not None:
            raise StateError("this was sent already, or is not kept any more: begin again")
        row.seen_at = at
        return row

    def _gate(self, row: RequestDraftRow, draft: Draft) -> str:
        return self._gates.name("draft", f"{row.secret_sha256} {draft.mailbox}")


def _draft(row: RequestDraftRow) -> Draft:
    form = FORMS[Path(row.path)]
    answers = dict(row.answers)
    address = answers.get(form.mailbox, "")
    return Draft(form, answers, bool(address) and row.mailbox == address, row.request, row.corrects)
