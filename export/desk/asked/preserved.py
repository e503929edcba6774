"""Service. What is preserved already for what a request asks: exhibits, and other requests.

Nothing is refused as overwritten before somebody looked here.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, bindparam, func, literal_column, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Text
from sqlmodel import Session, col, select

from custody.formats.canonical import format_time, parse_time
from evidence.exhibits.tables import ExhibitRow
from evidence.people.access import Action, Subject
from evidence.people.people import require
from evidence.requests.asked import Asked
from evidence.requests.tables import RequestRow, RequestStepRow

_MOST = 50
_KEPT: ColumnElement[str] = literal_column("'preservation.confirmed'")
"""As the index has it (`0018_queue.sql`), and so is the condition on cameras."""


@dataclass(frozen=True, slots=True)
class OtherPreserved:
    """What was preserved for another request."""

    urn: str
    cameras: tuple[str, ...]
    start: datetime
    end: datetime
    where: str


@dataclass(frozen=True, slots=True)
class PreservedAlready:
    """What may hold footage of a place and a time."""

    exhibits: tuple[ExhibitRow, ...]
    """Of that time and one of the cameras."""
    others: tuple[ExhibitRow, ...]
    """Of that time, and of other cameras."""
    requests: tuple[OtherPreserved, ...]

    @property
    def words(self) -> str:
        """Say what was found, as the result of a search."""
        named = [*(one.reference for one in self.exhibits), *(one.urn for one in self.requests)]
        if not named:
            return "Nothing of these cameras and this time is preserved."
        return f"Of these cameras and this time: {', '.join(named)}."


class PreservedSearch:
    """Looks among what is preserved; writes nothing."""

    def look(
        self,
        session: Session,
        row: RequestRow,
        asked: Asked,
        cameras: Collection[str],
        *,
        by: Subject,
    ) -> PreservedAlready:
        """Return what is preserved of the time that a request asks for, and of some cameras.

        Raises:
            AccessRefusedError: ``by`` may see no exhibit.
        """
        require(Action.SHOW_EXHIBIT, by)
        named = {name.casefold() for name in cameras}
        overlapping = (
            select(ExhibitRow)
            .where(
                col(ExhibitRow.corrected_start) < asked.end,
                col(ExhibitRow.corrected_end) > asked.start,
            )
            .order_by(
                # Those of the cameras stand first, however many others there are.
                func.lower(ExhibitRow.camera).not_in(named),
                col(ExhibitRow.corrected_start),
                col(ExhibitRow.id),
            )
            .limit(_MOST)
        )
        found = session.exec(overlapping).all()
        return PreservedAlready(
            exhibits=tuple(one for one in found if one.camera.casefold() in named),
            others=tuple(one for one in found if one.camera.casefold() not in named),
            requests=_for_others(session, row, asked, cameras),
        )


def _for_others(
    session: Session, row: RequestRow, asked: Asked, cameras: Collection[str]
) -> tuple[OtherPreserved, ...]:
    shared = text("request_step.told -> 'facts' -> 'cameras' ?| :cameras").bindparams(
        bindparam("cameras", sorted(cameras), type_=ARRAY(Text))
    )
    facts = col(RequestStepRow.told)["facts"]
    statement = (
        select(RequestRow.urn, RequestStepRow.told)
        .join(RequestRow, col(RequestRow.id) == RequestStepRow.request)
        .where(
            RequestStepRow.event == _KEPT,
            RequestStepRow.request != row.id,
            shared,
            # Times as events write them are in the order of their letters.
            facts["start"].as_string() < format_time(asked.end),
            facts["end"].as_string() > format_time(asked.start),
        )
        .order_by(col(RequestStepRow.at).desc(), col(RequestRow.id))
        .limit(_MOST)
    )
    return tuple(_other(urn, told["facts"]) for urn, told in session.exec(statement))


def _other(urn: str, facts: dict[str, object]) -> OtherPreserved:
    listed = facts["cameras"]
    assert isinstance(listed, list)
    start, end = (parse_time(str(facts[name])) for name in ("start", "end"))
    return OtherPreserved(urn, tuple(map(str, listed)), start, end, str(facts["where"]))
