"""Every state and every step of a request, legal and illegal; and no order that skips anything."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from uuid import UUID

import pytest

from custody.formats.events import EVENTS, RecordKind
from evidence.errors import AccessRefusedError, StateError
from evidence.requests.states import (
    CIVIL,
    ENDS,
    OFFICIAL,
    OPEN,
    RELEASABLE,
    TRANSITIONS,
    Path,
    Refusal,
    RequestState,
    RequestStep,
    Standing,
    allowed_steps,
    take,
    transition,
)

ANNA, BERT = UUID(int=1), UUID(int=2)
# Written a second time, by hand: what leads where. C: who pays; O: official; S: subject access.
_TABLE = """
COS submitted | covered | C:review_due O:reviewable S:reviewable
COS submitted | not covered | not_covered
C review_due | review paid | reviewable
COS reviewable | review begun | in_review
COS in_review | found | found
COS in_review | not found | not_found
COS found | approved in principle | C:release_due O:releasing S:awaiting_redaction
C release_due | release paid | releasing
CO releasing | released | released
CO released | collected | collected
COS not_covered | closed | closed
COS not_found | closed | closed
COS released | closed | closed
COS collected | closed | closed
C review_due | expired | expired
C release_due | expired | expired
C released | expired | expired
COS submitted | corrected | submitted
COS review_due | corrected | review_due
COS reviewable | corrected | reviewable
"""
_WAITING = "submitted review_due reviewable in_review found release_due awaiting_redaction"
_KEPT = f"{_WAITING} releasing"
_OPEN = f"{_KEPT} not_covered not_found released collected"


def group(path: Path) -> str:
    return "C" if path in CIVIL else "O" if path in OFFICIAL else "S"


def expected() -> dict[tuple[Path, str, str], str]:
    table: dict[tuple[Path, str, str], str] = {}
    for path in Path:
        own = group(path)
        for line in _TABLE.strip().splitlines():
            (groups, now), step, then = (
                line.split("|")[0].split(),
                line.split("|")[1].strip(),
                line.split("|")[2].strip(),
            )
            if own in groups:
                by_group = dict(one.split(":") for one in then.split() if ":" in one)
                table[path, now, step] = by_group.get(own, then)
        for now in _OPEN.split():
            table[path, now, "refused"] = "refused"
            table[path, now, "withdrawn"] = "withdrawn"
            table[path, now, "preserved footage searched"] = now
            table[path, now, "linked to an incident"] = now
            table[path, now, "unlinked from its incident"] = now
            if own == "S":
                table[path, now, "clock paused"] = table[path, now, "clock resumed"] = now
        for now in _KEPT.split():
            table[path, now, "preservation confirmed"] = now
            table[path, now, "given footage that is taken in for it"] = now
    return table


EXPECTED = expected()


@pytest.mark.parametrize("path", Path)
def test_every_step_leads_from_every_state_where_the_table_says_or_nowhere(path: Path) -> None:
    for now, step in product(RequestState, RequestStep):
        then = EXPECTED.get((path, now.value, step.value))
        if then is None:
            with pytest.raises(StateError, match=now.replace("_", " ")):
                transition("request X", path, now, step)
        else:
            taken = transition("request X", path, now, step)
            assert (taken.then or now) == then, (path, now, step)


def test_every_step_writes_one_event_of_a_request() -> None:
    for one in TRANSITIONS:
        assert EVENTS[one.event].record is RecordKind.REQUEST, one
    steps = [(path, now, one.step) for one in TRANSITIONS for path in one.paths for now in one.now]
    assert len(steps) == len(set(steps)), "one row for each step, path and state"
    assert {one.step for one in TRANSITIONS} == set(RequestStep)


def test_nothing_follows_an_end() -> None:
    for path, now, step in product(Path, ENDS, RequestStep):
        assert step not in allowed_steps(Standing(path, now))


def test_whoever_reviewed_does_not_approve() -> None:
    found = Standing(Path.INSURER, RequestState.FOUND, reviewer=ANNA)
    with pytest.raises(AccessRefusedError, match="second releaser"):
        take("it", found, RequestStep.APPROVED, by=ANNA)
    assert take("it", found, RequestStep.APPROVED, by=BERT).state is RequestState.RELEASE_DUE


def test_nothing_is_refused_as_overwritten_before_the_search() -> None:
    standing = Standing(Path.POLICE)
    with pytest.raises(StateError, match="search"):
        take("it", standing, RequestStep.REFUSED, by=ANNA, why=Refusal.OVERWRITTEN)
    searched = take("it", standing, RequestStep.SEARCHED, by=ANNA)
    refused = take("it", searched, RequestStep.REFUSED, by=ANNA, why=Refusal.OVERWRITTEN)
    assert refused.state is RequestState.REFUSED


def test_a_clock_is_paused_once_and_resumed_once() -> None:
    paused = take("it", Standing(Path.SUBJECT), RequestStep.PAUSED)
    with pytest.raises(StateError, match="is paused"):
        take("it", paused, RequestStep.PAUSED)
    resumed = take("it", paused, RequestStep.RESUMED)
    with pytest.raises(StateError, match="is not paused"):
        take("it", resumed, RequestStep.RESUMED)


_NEEDED = (
    RequestStep.COVERED,
    RequestStep.REVIEW_PAID,
    RequestStep.REVIEW_BEGUN,
    RequestStep.FOUND,
    RequestStep.APPROVED,
    RequestStep.RELEASE_PAID,
)


@dataclass(frozen=True)
class Past:
    """What counts of all that came before: which of the steps that are needed, in which order."""

    standing: Standing
    steps: tuple[RequestStep, ...] = ()
    finder: UUID | None = None
    approver: UUID | None = None

    def after(self, standing: Standing, step: RequestStep, by: UUID) -> "Past":
        """Return it after one more step; the first time of each counts."""
        first = step in _NEEDED and step not in self.steps
        return Past(
            standing,
            (*self.steps, step) if first else self.steps,
            by if step is RequestStep.FOUND else self.finder,
            by if step is RequestStep.APPROVED else self.approver,
        )


def pasts(path: Path) -> Iterator[Past]:
    """Yield every past that there is, of steps in every order, by two people: all are walked."""
    seen, waiting = {Past(Standing(path))}, [Past(Standing(path))]
    while waiting:
        past = waiting.pop()
        yield past
        for step, by in product(RequestStep, (ANNA, BERT)):
            try:
                then = past.after(take("it", past.standing, step, by=by), step, by)
            except (AccessRefusedError, StateError):
                continue
            if then not in seen:
                seen.add(then)
                waiting.append(then)


@pytest.mark.parametrize("path", Path)
def test_no_order_of_steps_reaches_a_release_without_what_its_path_needs(path: Path) -> None:
    paid = {RequestStep.REVIEW_PAID, RequestStep.RELEASE_PAID}
    way = tuple(step for step in _NEEDED if path in CIVIL or step not in paid)
    every = list(pasts(path))
    reached = [past for past in every if past.standing.state in RELEASABLE]
    states = {past.standing.state for past in every}
    if path is Path.SUBJECT:
        assert not reached, "what shows other people is never released"
        assert RequestState.AWAITING_REDACTION in states
        return
    assert {past.standing.state for past in reached} == RELEASABLE, "every one can be reached"
    assert {past.steps for past in reached} == {way}
    assert all(past.finder != past.approver for past in reached)


def test_the_words_of_the_module_name_the_open_states() -> None:
    assert {state.value for state in OPEN} == set(_OPEN.split())
