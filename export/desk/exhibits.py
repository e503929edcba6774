"""Service. The list of exhibits, and what each of them shows there and on its own page."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, literal_column, or_
from sqlmodel import Session, col, select

from evidence.attention import Call, calls_among
from evidence.exhibits.clocks import LONDON
from evidence.exhibits.outcomes import decisions_of
from evidence.exhibits.references import as_reference
from evidence.exhibits.states import ExhibitState
from evidence.exhibits.tables import ExhibitDecisionRow, ExhibitRow
from evidence.paging import Cursor, Page, beyond, page_of
from evidence.people.access import Action, Subject, decide
from evidence.people.people import names_of, require
from export.holdings.files import files_among
from export.holdings.holds import Hold, Holds, held_of
from export.holdings.tables import ExhibitFileRow
from export.intake.scans import scans_of
from export.release.tables import ReleaseExhibitRow, ReleaseRow

_SIMPLE: ColumnElement[Any] = literal_column("'simple'")
"""The text search configuration without the grammar of any language: titles are names."""
_RELEASES_SHOWN = 100
_AT, _ID = col(ExhibitRow.received_at), col(ExhibitRow.id)


@dataclass(frozen=True, slots=True)
class WantedExhibits:
    """Which exhibits are looked for; what is empty does not matter."""

    words: str = ""
    """The beginning of a reference or of a camera's name, or words of a title."""
    recorded: date | None = None
    """A day in England on which the recording was made, by its corrected times."""
    state: str = ""
    set_aside: bool = True
    """Whether what was set aside is listed among the others."""


@dataclass(frozen=True, slots=True)
class ListedExhibit:
    """One exhibit, as lists and calls show it."""

    row: ExhibitRow
    files: Sequence[ExhibitFileRow]
    attention: Sequence[Call]
    """What a person must look at before it goes on."""
    held: bool
    """Whether it is under a legal hold."""


@dataclass(frozen=True, slots=True)
class ExhibitStory:
    """One exhibit, and everything that its page tells of it."""

    listed: ListedExhibit
    scans: Mapping[tuple[str, str], str]
    """What the malware scanner said of a stored object, by its key and version."""
    holds: Sequence[Hold]
    decisions: Sequence[ExhibitDecisionRow]
    """What people decided about it, in their order."""
    people: Mapping[UUID, str]
    """The names of whoever placed or lifted a hold, or decided about it."""
    releases: Sequence[ReleaseRow]
    """The newest of those that carry it."""


class ExhibitList:
    """Shows exhibits; changes none."""

    def __init__(self, holds: Holds) -> None:
        self._holds = holds

    def page(
        self,
        session: Session,
        wanted: WantedExhibits,
        *,
        by: Subject,
        cursor: Cursor | None = None,
        most: int,
    ) -> Page[ListedExhibit]:
        """Return a page of the exhibits that are wanted, the newest first.

        Raises:
            AccessRefusedError: ``by`` may see none.
        """
        require(Action.SHOW_EXHIBIT, by)
        statement = select(ExhibitRow).where(*_conditions(wanted))
        found = page_of(
            lambda at: session.exec(beyond(statement, _AT, _ID, at, most=most)).all(),
            lambda row: (row.received_at, row.id),
            cursor,
            most=most,
        )
        return found.of(self.tell(session, found.rows))

    def tell(self, session: Session, rows: Sequence[ExhibitRow]) -> list[ListedExhibit]:
        """Return what lists show of these exhibits, by as many statements as for one."""
        ids = [row.id for row in rows]
        files, calls = files_among(session, ids), calls_among(session, ids)
        held = held_of(session, ids)
        return [
            ListedExhibit(row, files.get(row.id, ()), calls.get(row.id, ()), row.id in held)
            for row in rows
        ]

    def story(self, session: Session, row: ExhibitRow, *, by: Subject) -> ExhibitStory:
        """Return everything about one exhibit; its releases only to whoever may see any.

        Raises:
            AccessRefusedError: ``by`` may see no exhibit.
        """
        require(Action.SHOW_EXHIBIT, by)
        (listed,) = self.tell(session, [row])
        sees_releases = decide(Action.SHOW_RELEASE, by.roles).allowed
        holds = self._holds.of(session, row.id)
        decisions = decisions_of(session, row.id)
        people = {one.row.placed_by for one in holds} | {one.row.lifted_by for one in holds}
        people |= {one.person for one in decisions}
        return ExhibitStory(
            listed=listed,
            scans=scans_of(session, row.id),
            holds=holds,
            decisions=decisions,
            people=names_of(session, people),
            releases=_releases(session, row.id) if sees_releases else (),
        )


def _releases(session: Session, exhibit: UUID) -> Sequence[ReleaseRow]:
    return session.exec(
        select(ReleaseRow)
        .join(ReleaseExhibitRow, col(ReleaseExhibitRow.release) == ReleaseRow.id)
        .where(ReleaseExhibitRow.exhibit == exhibit)
        .order_by(col(ReleaseRow.proposed_at).desc())
        .limit(_RELEASES_SHOWN)
    ).all()


def _conditions(wanted: WantedExhibits) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    words = wanted.words.strip()
    if words:
        reference = as_reference(words.upper())
        conditions.append(
            or_(
                col(ExhibitRow.reference).like(_beginning(reference), escape="\\"),
                func.lower(col(ExhibitRow.camera)).like(_beginning(words.lower()), escape="\\"),
                # As 0002_release_path.sql writes it: otherwise the index would be of no use.
                func.to_tsvector(_SIMPLE, col(ExhibitRow.title)).op("@@")(
                    func.plainto_tsquery(_SIMPLE, words)
                ),
            )
        )
    if wanted.recorded is not None:
        start = datetime.combine(wanted.recorded, datetime.min.time(), LONDON)
        end = datetime.combine(wanted.recorded + timedelta(days=1), datetime.min.time(), LONDON)
        conditions += [
            col(ExhibitRow.corrected_start) < end,
            col(ExhibitRow.corrected_end) >= start,
        ]
    if not wanted.set_aside:
        put_away = (ExhibitState.SET_ASIDE.value, ExhibitState.DISPOSED.value)
        conditions.append(col(ExhibitRow.state).not_in(put_away))
    if wanted.state:
        conditions.append(col(ExhibitRow.state) == wanted.state)
    return conditions


def _beginning(text: str) -> str:
    """Return a pattern of LIKE for what begins so."""
    return re.sub(r"([\\%_])", r"\\\1", text) + "%"
