"""Edge. The requests of two years: of eleven one is open, and the others came to their ends.

They are rows alone, made by the table of a request's steps: no event stands behind them, so that a
million need not be written. What is measured reads none; an audit of such a house names each one,
and so it is never the house that is audited.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

from api.services import Services
from benchmarks.growth.bulk import Bulk
from benchmarks.growth.chance import DAY, HOUR, MINUTE, Chance
from benchmarks.growth.loading import analyse
from custody.formats.canonical import JSON, format_time
from custody.formats.events import RecordKind
from evidence.exhibits.references import make_urn
from evidence.fees.prices import USUAL, Stage
from evidence.fees.states import FeeState
from evidence.requests.asked import Asked, Preserved, asked_json, preserved_json
from evidence.requests.charges import PAID as PAID_BY
from evidence.requests.course.course import course_of
from evidence.requests.recorded import PAID, REQUESTER, told_fields
from evidence.requests.states import (
    CIVIL,
    ENDS,
    OFFICIAL,
    Path,
    Refusal,
    RequestStep,
    ReviewOutcome,
    Standing,
    take,
    transition,
)
from export.release.requested import KIND_OF
from export.release.states import ReleaseState

OPEN_SHARE = 11
"""One of so many is open."""
_T = RequestStep
_PATHS = {
    Path.INSURER: 40, Path.SOLICITOR: 15, Path.AUTHORISED: 5, Path.POLICE: 25, Path.CPS: 3,
    Path.COUNCIL: 7, Path.SUBJECT: 5,
}  # fmt: skip
_ENDS = {
    "released": 45, "not found": 16, "not covered": 15, "refused": 10, "withdrawn": 9, "unpaid": 5,
}  # fmt: skip
_REFUSALS = {Refusal.OVERWRITTEN: 3, Refusal.NO_BASIS: 3, Refusal.INCOMPLETE: 3, Refusal.HARM: 1}
_BEGIN = (_T.PRESERVED, _T.COVERED, _T.REVIEW_PAID, _T.REVIEW_BEGUN)
_PLANS = {
    "released": (
        *(*_BEGIN, _T.FOUND, _T.APPROVED, _T.RELEASE_PAID),
        *(_T.RELEASED, _T.COLLECTED, _T.CLOSED),
    ),
    "not found": (*_BEGIN, _T.NOT_FOUND, _T.CLOSED),
    "not covered": (_T.NOT_COVERED, _T.CLOSED),
    "refused": (*_BEGIN, _T.SEARCHED, _T.REFUSED),
    "withdrawn": (_T.COVERED, _T.WITHDRAWN),
    "unpaid": (_T.PRESERVED, _T.COVERED, _T.EXPIRED),
}
"""Which steps lead to each end; the last one ends it."""
_ASKED = {Stage.REVIEW: _T.COVERED, Stage.RELEASE: _T.APPROVED}
_STREETS = ("High Street", "Market Square", "Station Road", "Mill Lane", "Church Walk", "Quayside")
_YEARS, _RECENT, _KEPT = 730 * DAY, 25 * DAY, 31 * DAY
_LONGEST = {_T.PRESERVED: 3 * HOUR, _T.CLOSED: 9 * DAY, _T.EXPIRED: 28 * DAY}
"""How long some steps take at most; all others, two days."""
_MAILBOXES = 2000
_AT_ONCE = 5000


def load_requests(services: Services, requests: int, *, seed: int = 9) -> None:
    """Add so many requests to a database that nobody uses now."""
    now = services.clock().replace(microsecond=0)
    bulk = Bulk(services, batch=_AT_ONCE)
    desk = _Desk(bulk, Chance(seed), now)
    for number in range(requests):
        desk.add(is_open=number % OPEN_SHARE == 0)
        if number % _AT_ONCE == 0:
            bulk.write(now)
    bulk.write(now)
    analyse(services)


def plan_of(path: Path, end: str) -> Sequence[RequestStep]:
    """Return the steps that lead a request of a path to its end, as far as its table has them."""
    if path is Path.SUBJECT and end == "released":
        end = "not found"
    if path not in CIVIL and end == "unpaid":
        end = "withdrawn"
    paid = set(PAID_BY.values())
    return [step for step in _PLANS[end] if path in CIVIL or step not in paid]


@dataclass
class _Life:
    """One request, and what was done with it."""

    urn: str
    path: Path
    at: datetime
    """When it came."""
    standing: Standing
    steps: list[dict[str, Any]] = field(default_factory=list)
    moments: dict[RequestStep, datetime] = field(default_factory=dict)

    @property
    def latest(self) -> datetime:
        """When something was done last."""
        return max(self.moments.values(), default=self.at)


class _Desk:
    """Makes one request after another."""

    def __init__(self, bulk: Bulk, chance: Chance, now: datetime) -> None:
        self._bulk = bulk
        self._chance = chance
        self._now = now
        self._asking = [self._person(f"asks.{one}@mutual.example") for one in range(_MAILBOXES)]
        self._staff = self._person("")

    def _person(self, email: str) -> UUID:
        person = self._bulk.open_record(RecordKind.PERSON)
        self._bulk.add("person", id=person, name=f"Somebody {email}".strip(), email=email)
        return person

    def add(self, *, is_open: bool) -> None:
        """Add a request, with its steps, its fees and its release."""
        chance = self._chance
        path = chance.of(_PATHS)
        plan = plan_of(path, "released" if is_open else chance.of(_ENDS))
        if is_open:
            plan = plan[: chance.number(0, len(plan))]
        since = chance.uniform(0, 1) * (_RECENT if is_open else _YEARS)
        at = (self._now - since).replace(microsecond=0)
        life = _Life(make_urn("BAR", chance.choice), path, at, Standing(path))
        person = chance.choice(self._asking)
        self._note(life, "preservation.requested", at, {"until": format_time(at + _KEPT)}, person)
        for step in plan:
            self._take(life, step)
        self._write(life, person)

    def _take(self, life: _Life, step: RequestStep) -> None:
        """Take a step as the table has it; that a fee was paid has no row here."""
        why = self._chance.of(_REFUSALS) if step is _T.REFUSED else None
        event = transition(life.urn, life.path, life.standing.state, step).event
        life.standing = take(life.urn, life.standing, step, by=uuid4(), why=why)
        took = self._chance.uniform(0, 1) * _LONGEST.get(step, 2 * DAY)
        at = min(life.latest + MINUTE + took, self._now).replace(microsecond=0)
        life.moments[step] = at
        if event == PAID:
            return
        outcome = ReviewOutcome.NOT_FOUND if step is _T.NOT_FOUND else ReviewOutcome.FOUND
        told: dict[str, JSON] = {
            "outcome": outcome.value,
            "basis": why.value if why else "",
            "exhibits": [],
            "facts": preserved_json(Preserved(at, at, ("BAR-0017",), "recorder")),
            "until": format_time(life.at + _KEPT),
            "release": str(self._staff),
        }
        nobody = step in {_T.RELEASED, _T.COLLECTED}
        self._note(life, event, at, told, None if nobody else self._staff)

    def _note(
        self, life: _Life, event: str, at: datetime, told: dict[str, JSON], person: UUID | None
    ) -> None:
        words = dict.fromkeys(("reason", "appeal", "result"), "as the rules of the council say")
        every: dict[str, JSON] = {"role": REQUESTER, **words, **told}
        kept = {name: every[name] for name in told_fields(event)}
        life.steps.append({"event": event, "person": person, "at": at, "told": kept})

    def _write(self, life: _Life, person: UUID) -> None:
        record, start = self._bulk.open_record(RecordKind.REQUEST), life.at - 2 * DAY
        self._bulk.add(
            "request",
            id=record,
            urn=life.urn,
            path=life.path.value,
            state=life.standing.state.value,
            person=person,
            submitted_at=life.at,
            overwrite_due_at=start + _KEPT,
            preserved_at=life.moments.get(_T.PRESERVED),
            warned=0,
            **asdict(course_of(life.path, (SimpleNamespace(**step) for step in life.steps))),
        )
        asked = Asked(life.path, start, start + HOUR, self._answers())
        self._bulk.add("request_facts", request=record, facts=asked_json(asked))
        for number, row in enumerate(life.steps, 1):
            self._bulk.add("request_step", request=record, number=number, **row)
        for fee in _fees(record, life):
            self._bulk.add("fee", **fee)
        if _T.RELEASED in life.moments:
            self._release(life, person)

    def _answers(self) -> dict[str, str]:
        return {
            "contact_name": "Jo Example",
            "organisation": "Example Mutual",
            "email": "jo@mutual.example",
            "street": self._chance.choice(_STREETS),
            "claim_reference": f"CL-{self._chance.number(0, 10**6):06}",
            "description": "Two vehicles met where the lane narrows, and one of them left.",
        }

    def _release(self, life: _Life, person: UUID) -> None:
        at = life.moments[_T.RELEASED]
        self._bulk.add(
            "release",
            id=self._bulk.open_record(RecordKind.RELEASE),
            urn=life.urn,
            number=1,
            kind=KIND_OF[life.path].value,
            state=ReleaseState.SEALED.value,
            recipient=person,
            organisation="Example Mutual",
            purpose="a claim",
            basis="DPA 2018 Sch 2 para 5(3)",
            with_master=life.path in OFFICIAL,
            proposed_by=self._staff,
            proposed_at=at,
            approved_by=self._staff,
            approved_at=at,
            reason="necessary",
            collected_at=life.moments.get(_T.COLLECTED),
            delivery="link",
            urgent=False,
            link_days=14,
            seconded_reason="",
            ended_reason="",
        )


def _fees(record: UUID, life: _Life) -> Iterator[dict[str, Any]]:
    """Yield the fees that the steps asked for."""
    for stage, step in _ASKED.items():
        at, paid_at = life.moments.get(step), life.moments.get(PAID_BY[stage])
        if at is None or life.path is Path.SUBJECT:
            continue
        official = life.path in OFFICIAL
        waived = official or (paid_at is None and life.standing.state in ENDS)
        state = FeeState.WAIVED if waived else FeeState.PAID if paid_at else FeeState.DUE
        pence = USUAL.review if stage is Stage.REVIEW else USUAL.release
        yield {
            "id": uuid4(),
            "request": record,
            "urn": life.urn,
            "stage": stage.value,
            "pence": pence,
            "vat_pence": pence // 6,
            "vat_basis_points": 2000,
            "state": state.value,
            "opened_at": at,
            "demanded": not official,
            "waived_at": life.latest if waived else None,
            "waived_reason": "nobody pays for it" if waived else "",
            "paid_by": uuid4() if paid_at else None,
            "paid_at": paid_at,
        }
