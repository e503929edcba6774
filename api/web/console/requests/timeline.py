"""Edge. What was done with a request, the first first: its steps, and its fees among them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from api.web.console.requests.words import STEP_FIELDS
from api.web.events import EVENT_WORDS, FIELD_WORDS
from api.web.public.requests.words import REFUSALS
from api.words import STAGES
from evidence.cameras.coverage import FoundBy
from evidence.fees.prices import Stage, pounds
from evidence.fees.tables import FeeRow
from evidence.requests.coverage.findings import FOUND, parse_found
from evidence.requests.links.links import TAKEN_IN
from evidence.requests.recorded import PAID
from evidence.requests.states import Refusal
from export.desk.requests import RequestStory

_ASKED_BY = {Stage.REVIEW: "request.covered", Stage.RELEASE: "request.approved"}
"""The step that asks for the fee of a stage."""
_ENDED_BADLY = frozenset({"request.refused", "request.withdrawn", "request.expired"})


@dataclass(frozen=True, slots=True)
class Done:
    """Something that was done."""

    at: datetime
    words: str
    who: str = ""
    details: tuple[tuple[str, str], ...] = ()
    ends: bool = False
    """Whether the request ended by it, and not well."""


def timeline_of(story: RequestStory) -> list[Done]:
    """Return what was done; of one second, what a step led to stands after it."""
    received = Done(story.row.submitted_at, "Request received", "whoever asks")
    found = [(0, received)]
    for step, who in story.steps:
        words = EVENT_WORDS.get(step.event, step.event)
        details = tuple(_details(story, step.event, step.told))
        done = Done(step.at, words, who, details, step.event in _ENDED_BADLY)
        found.append((step.number, done))
    for fee in story.fees:
        asked = [
            step.number for step, _ in story.steps if step.event == _ASKED_BY[Stage(fee.stage)]
        ]
        found += [(max(asked, default=0), one) for one in _of_fee(fee)]
    # Sorting keeps the order of those that are alike: a fee follows the step that asked for it.
    return [one for _, one in sorted(found, key=lambda pair: (_second(pair[1]), pair[0]))]


def _second(one: Done) -> datetime:
    return one.at.replace(microsecond=0)  # events tell the time to the second


def _details(story: RequestStory, event: str, values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return what a step says beside who took it, in words."""
    if event == FOUND:
        return _found(values["facts"]) if "facts" in values else []
    if event == TAKEN_IN:
        return [(FIELD_WORDS["exhibit"], story.taken_in.get(UUID(values["exhibit"]), ""))]
    found = []
    for name in STEP_FIELDS.get(event, ()):
        if name not in values:
            continue  # it was erased
        said = values[name]
        if name == "basis":
            said = REFUSALS[Refusal(said)]
        if name == "facts":
            said = f"{', '.join(said['cameras'])}; {said['where']}"
        found.append(("Preserved" if name == "facts" else FIELD_WORDS[name], str(said)))
    return found


def _found(facts: Mapping[str, Any]) -> list[tuple[str, str]]:
    found = parse_found(facts)
    cameras = ", ".join(one.reference for one in found.cameras) or "none"
    by = found.by.value if found.by is FoundBy.NOTHING else f"{found.by}: " + "; ".join(
        found.places or ("as it was given",)
    )  # fmt: skip
    return [("Looked up by", by), ("Public cameras that may have captured it", cameras)]


def _of_fee(fee: FeeRow) -> list[Done]:
    """Return what became of a fee; what it is called stands in the words."""
    name, amount = STAGES.get(fee.stage, fee.stage), pounds(fee.pence)
    found = []
    if fee.demanded:
        found.append(Done(fee.opened_at, EVENT_WORDS["fee.demanded"], "", ((name, amount),)))
    if fee.waived_at is not None:
        why = ((name, amount), (FIELD_WORDS["reason"], fee.waived_reason))
        found.append(Done(fee.waived_at, EVENT_WORDS["fee.waived"], "", why))
    if fee.paid_at is not None:
        event = PAID if fee.paid_by is not None else "fee.on_account"
        found.append(Done(fee.paid_at, EVENT_WORDS[event], "", ((name, amount),)))
    return found
