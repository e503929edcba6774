"""Edge. The versions of what is stated of an exhibit: who corrected or added what, when and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from api.services import Services
from custody.formats.canonical import JSON, canonical_json
from custody.formats.shapes import differences
from custody.ledger.histories import Told
from evidence.exhibits.tables import ExhibitRow
from evidence.people.access import Action, Subject, decide
from export.holdings.statements import STATING

_GONE = "not what was recorded, or erased"


@dataclass(frozen=True, slots=True)
class Version:
    """One correction: who, when, why, and each place with what it said and what it says."""

    added: Sequence[str]
    """The digests of the files that came with it, where files were added."""
    by: str
    at: datetime
    reason: str
    changes: Sequence[tuple[str, str, str]]


def versions_of(
    services: Services, session: Session, by: Subject, row: ExhibitRow
) -> Sequence[Version]:
    """Return the corrections of an exhibit, the first first, from its events."""
    if not decide(Action.READ_CUSTODY, by.roles).allowed:
        return ()
    events = services.histories.named(session, row.id, STATING)
    if len(events) < 2:  # noqa: PLR2004 - as it was described, and nothing since
        return ()
    told = services.histories.tell(session, events)
    values = [_values(told[event.id]) for event in events]
    return [
        Version(
            added=_added(new.get("files")),
            by=_said(new.get("actor", _GONE)),
            at=event.at,
            reason=_said(new.get("reason", _GONE)),
            changes=_changes(old.get("facts"), new.get("facts")),
        )
        for event, old, new in zip(events[1:], values, values[1:], strict=False)
    ]


def _values(told: Sequence[Told]) -> Mapping[str, JSON]:
    """Return what an event says, as far as that is what the log committed to."""
    return {one.field: one.value for one in told if not one.altered and not one.erased}


def _added(files: JSON) -> list[str]:
    items = files if isinstance(files, list | tuple) else ()
    return [str(file["sha256"]) for file in items if isinstance(file, Mapping)]


def _changes(old: JSON, new: JSON) -> list[tuple[str, str, str]]:
    if old is None or new is None:
        return [("All of it", _GONE if old is None else "", _GONE if new is None else "")]
    return [(one.place, _said(one.old), _said(one.new)) for one in differences(old, new)]


def _said(value: JSON) -> str:
    if value is None:
        return "not known"
    return value if isinstance(value, str) else canonical_json(value).decode()
