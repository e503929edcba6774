"""What whoever asks does, without their browser: fill in, prove the mailbox, send."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count
from uuid import UUID

from sqlmodel import col, select

from custody.formats.canonical import JSON
from evidence.exhibits.tables import ExhibitRow
from evidence.fees.prices import Stage
from evidence.fees.states import FeeState
from evidence.mailbox.codes import token_subject
from evidence.mailbox.tables import MessageRow
from evidence.people.access import Role
from evidence.requests.asked import Preserved, asked_of
from evidence.requests.documents.kinds import SeenHow, needed_of
from evidence.requests.questions.checks import Checked, check_form
from evidence.requests.questions.paths import FORMS
from evidence.requests.states import CIVIL, Path, RequestStep, ReviewOutcome
from evidence.requests.tables import RequestRow
from evidence.secrets import secret_digest
from tests.api.payments.described import desk
from tests.evidence.fees.tills import Till
from tests.evidence.requests.forms_filled import FILLED, RULES
from tests.houses import House

REASON = "as it should be"
_CLAIMS = count(1)


def filled(path: Path, at: datetime, **other: str) -> dict[str, str]:
    """Return a form of an incident two days before ``at``."""
    day = (at - timedelta(days=2)).date().isoformat()
    given = {**FILLED[path], "incident_date": day, **other}
    return given | ({"authorised_on": day} if "authorised_on" in given else {})


def fill(
    house: House, path: Path, at: datetime, given: Mapping[str, str], network: str = "192.0.2.1"
) -> str:
    """Fill in a form page by page; return the draft's secret."""
    drafts = house.services.drafts
    with house.services.transaction() as session:
        secret = drafts.begin(session, path, network=network, at=at)
        assert isinstance(secret, str), secret
    while True:
        draft = house.look(lambda s: drafts.find(s, secret))
        assert draft is not None
        left = [
            page
            for page in draft.form.applying(draft.answers)
            if any(field.name not in draft.answers for field in page.fields)
        ]
        if not left:
            return secret
        with house.services.transaction() as session:
            checked = drafts.save(session, secret, left[0], given, at=at)
            assert not checked.errors


def code_about(house: House, about: UUID, kind: str = "request_mailbox") -> str:
    """Return the code of the letter about something; a test has it once."""
    (row,) = house.look(
        lambda s: s.exec(
            select(MessageRow).where(
                MessageRow.about == about,
                MessageRow.kind == kind,
                col(MessageRow.sealed).is_not(None),
            )
        ).all()
    )
    return house.services.messages.open(row)["code"]


def code_of(house: House, secret: str) -> str:
    """Return the code that proves the mailbox of a draft."""
    return code_about(house, token_subject(secret_digest(secret)))


def prove(house: House, secret: str, at: datetime, network: str = "192.0.2.1") -> None:
    """Prove the mailbox of a draft."""
    drafts = house.services.drafts
    with house.services.transaction() as session:
        assert drafts.ask_code(session, secret, network=network, at=at).state == "asked"
    code = code_of(house, secret)
    with house.services.transaction() as session:
        assert drafts.enter_code(session, secret, code, at=at).state == "closed"


def submit(house: House, secret: str, at: datetime) -> RequestRow:
    """Send a draft."""
    with house.services.transaction() as session:
        row = house.services.drafts.submit(session, secret, at=at)
        assert not isinstance(row, Checked), row
        session.expunge_all()
    return row


def request(house: House, path: Path, at: datetime, **other: str) -> RequestRow:
    """Make a request of a mailbox that was proven; the way there has tests of its own.

    Each is for a claim of its own, unless it is said which: what is asked twice is charged once.
    """
    if path in CIVIL:
        other = {"claim_reference": f"CL-{next(_CLAIMS)}", **other}
    rules = replace(RULES, now=at)
    checked = check_form(FORMS[path], filled(path, at, **other), rules)
    assert not checked.errors, checked.errors
    asked = asked_of(path, checked.answers)
    with house.services.transaction() as session:
        row = house.services.submissions.submit(session, asked, asked.said("email"), at=at)
        session.flush()
        session.expunge(row)
    return row


def decide(
    house: House, row: RequestRow, step: RequestStep, role: Role, at: datetime, reason: str = REASON
) -> RequestRow:
    """Decide something that needs a reason; before an approval, somebody sees the documents."""
    if step is RequestStep.APPROVED:
        see_papers(house, row, at)
    decisions, by = house.services.request_decisions, house.subjects[role]
    return house.do(role, lambda s: decisions.decide(s, row.urn, step, by=by, at=at, reason=reason))


def see_papers(house: House, row: RequestRow, at: datetime) -> None:
    """Record that each document was seen by post without which nothing is approved."""
    checks, by = house.services.document_checks, house.subjects[Role.GOVERNANCE]
    for kind in needed_of(Path(row.path)):
        with house.services.transaction() as session:
            checks.see(session, row.urn, kind, SeenHow.BY_POST, by=by, at=at, reason=REASON)


def preserve(house: House, row: RequestRow, at: datetime, *cameras: str) -> RequestRow:
    """Confirm that everything is preserved."""
    by = house.subjects[Role.OPERATOR]
    asked = house.look(lambda s: house.services.requests.asked(s, row.id))
    assert asked is not None
    kept = Preserved(asked.start, asked.end, cameras or asked.cameras or ("BAR-0017",), "recorder")
    return house.do(
        Role.OPERATOR,
        lambda s: house.services.request_decisions.confirm_preserved(
            s, row.urn, kept, by=by, at=at
        ),
    )


def review(
    house: House, row: RequestRow, outcome: ReviewOutcome, at: datetime, *exhibits: ExhibitRow
) -> RequestRow:
    """Begin the review, and say what it came to."""
    decisions, by = house.services.request_decisions, house.subjects[Role.OPERATOR]
    house.do(Role.OPERATOR, lambda s: decisions.begin_review(s, row.urn, by=by, at=at))
    names = [one.reference for one in exhibits]
    return house.do(
        Role.OPERATOR,
        lambda s: decisions.complete_review(
            s, row.urn, outcome, exhibits=names, by=by, at=at, reason=REASON
        ),
    )


def pay(house: House, row: RequestRow, stage: Stage, at: datetime | None = None) -> None:
    """Pay what is asked for, by card."""
    with desk((at or house.services.clock()).replace(microsecond=0)) as opened:
        till = Till(house, opened, follows=house.services.request_decisions.fee_paid)
        fee = house.look(lambda s: house.services.fees.of_stage(s, row.id, stage))
        assert fee is not None
        opened.pay(till.payments.start(fee.id))
        till.payments.check(fee.id)


def owed(house: House, row: RequestRow) -> list[Stage]:
    """Return what is asked for now."""
    fees = house.look(lambda s: house.services.fees.of(s, row.id))
    return [Stage(fee.stage) for fee in fees if fee.state == FeeState.DUE]


def values_of(house: House, row: RequestRow, event: str) -> list[dict[str, JSON]]:
    """Return what the events of one name say."""
    return [values for name, values in house.events(row.id) if name == event]  # type: ignore[misc]
