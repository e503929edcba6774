"""Service. The list of releases, and what each of them shows there and in calls."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, literal_column, or_, true, union
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from evidence.attention import Call, calls_among
from evidence.exhibits.tables import ExhibitRow
from evidence.paging import MOST_COUNTED, Cursor, Page, beyond, page_of
from evidence.people.access import Action, Subject
from evidence.people.people import names_of, require
from evidence.people.tables import PersonRow
from export.holdings.tables import ExhibitFileRow
from export.release.decisions import SECOND_WITHIN
from export.release.proposals import ChosenFile
from export.release.releases import label
from export.release.states import ReleaseState
from export.release.tables import ReleaseExhibitRow, ReleaseFileRow, ReleaseRow
from export.sealing.steps import SealStep
from export.sealing.tables import SealStepRow

_MOST_WORDS = 10
_AT, _ID = col(ReleaseRow.proposed_at), col(ReleaseRow.id)
_PARTS = str.maketrans("@.-_/+,", " " * 7)
_SIMPLE: ColumnElement[Any] = literal_column("'simple'")
# As 0003_lists.sql writes them: otherwise the indexes would be of no use.
_RELEASE_WORDS: ColumnElement[Any] = literal_column(
    "to_tsvector('simple', translate(release.organisation || ' ' || release.urn || ' R' || "
    "release.number::text, '@.-_/+,', '       '))"
)
_PERSON_WORDS: ColumnElement[Any] = literal_column(
    "to_tsvector('simple', translate(person.name || ' ' || person.email, '@.-_/+,', '       '))"
)


class Group(StrEnum):
    """Which releases a list shows."""

    WAITING = "waiting"
    """For an approval: the first, or the second of an urgent one."""
    SEALING = "sealing"
    OUT = "out"
    ENDED = "ended"
    ALL = "all"


_STATES: Mapping[Group, tuple[ReleaseState, ...]] = {
    Group.SEALING: (ReleaseState.APPROVED, ReleaseState.SEALING),
    Group.OUT: (ReleaseState.SEALED, ReleaseState.EXPIRED),
    Group.ENDED: (ReleaseState.REFUSED, ReleaseState.WITHDRAWN, ReleaseState.REVOKED),
}
_OVER = (ReleaseState.PROPOSED, *_STATES[Group.ENDED])


@dataclass(frozen=True, slots=True)
class SealedSoFar:
    """How far the sealing of a release is, and what came of it."""

    steps: tuple[SealStep, ...] = ()
    """Those that are done, in their order."""
    sha256: str | None = None
    """Of the package, once it was read back."""
    size: int | None = None
    """Of the package in bytes, once it was joined."""


@dataclass(frozen=True, slots=True)
class ListedRelease:
    """One release, as lists and calls show it."""

    row: ReleaseRow
    recipient: str
    exhibits: tuple[str, ...]
    """Their references, sorted."""
    chosen: tuple[ChosenFile, ...]
    """Masters and working copies that were chosen by name; none: all of the kinds that go."""
    sealed: SealedSoFar
    attention: Sequence[Call]

    @property
    def label(self) -> str:
        """How people call it."""
        return label(self.row)

    @property
    def second_due(self) -> datetime | None:
        """By when a second person must confirm it; None: nobody must."""
        return second_due(self.row)


def second_due(row: ReleaseRow) -> datetime | None:
    """Return by when a second person must confirm an urgent release; None: nobody must."""
    if not row.urgent or row.approved_at is None or row.seconded_at is not None:
        return None
    return None if row.state in _OVER else row.approved_at + SECOND_WITHIN


class ReleaseList:
    """Shows releases; decides and writes nothing."""

    def page(
        self,
        session: Session,
        group: Group = Group.ALL,
        *,
        words: str = "",
        by: Subject,
        cursor: Cursor | None = None,
        most: int,
    ) -> Page[ListedRelease]:
        """Return a page of the releases, the newest first.

        Each of the ``words`` must be one of the recipient, or of the organisation and the
        reference, or begin one.

        Raises:
            AccessRefusedError: ``by`` may see no release.
        """
        require(Action.SHOW_RELEASE, by)
        statement = select(ReleaseRow).where(_is_in(group), *_matching(words))
        found = page_of(
            lambda at: session.exec(beyond(statement, _AT, _ID, at, most=most)).all(),
            lambda row: (row.proposed_at, row.id),
            cursor,
            most=most,
        )
        return found.of(self.tell(session, found.rows))

    def counts(self, session: Session, *, words: str = "", by: Subject) -> Mapping[Group, int]:
        """Return how many releases each group has, counted up to one more than `MOST_COUNTED`.

        Raises:
            AccessRefusedError: ``by`` may see no release.
        """
        require(Action.SHOW_RELEASE, by)
        row: type[ReleaseRow] = ReleaseRow
        if matching := _matching(words):
            # Found once for all groups: a word that many share is dear to look for.
            row = aliased(ReleaseRow, select(ReleaseRow).where(*matching).cte("found"))
        counts = [
            select(func.count())
            .select_from(select(row.id).where(_is_in(one, row)).limit(MOST_COUNTED + 1).subquery())
            .scalar_subquery()
            for one in Group
        ]
        return dict(zip(Group, session.execute(select(*counts)).one(), strict=True))

    def tell(self, session: Session, rows: Sequence[ReleaseRow]) -> list[ListedRelease]:
        """Return what lists show of these releases, by as many statements as for one."""
        ids = [row.id for row in rows]
        names = names_of(session, (row.recipient for row in rows))
        exhibits, chosen = _exhibits(session, ids), _chosen(session, ids)
        sealed, calls = _sealed(session, ids), calls_among(session, ids)
        return [
            ListedRelease(
                row=row,
                recipient=names.get(row.recipient, ""),
                exhibits=tuple(exhibits.get(row.id, ())),
                chosen=tuple(chosen.get(row.id, ())),
                sealed=sealed.get(row.id, SealedSoFar()),
                attention=calls.get(row.id, ()),
            )
            for row in rows
        ]


def _exhibits(session: Session, releases: Collection[UUID]) -> Mapping[UUID, list[str]]:
    rows = session.exec(
        select(ReleaseExhibitRow.release, ExhibitRow.reference)
        .join(ExhibitRow, col(ExhibitRow.id) == ReleaseExhibitRow.exhibit)
        .where(col(ReleaseExhibitRow.release).in_(releases))
        .order_by(col(ExhibitRow.reference).collate("C"))
    )
    found: dict[UUID, list[str]] = {}
    for release, reference in rows:
        found.setdefault(release, []).append(reference)
    return found


def _chosen(session: Session, releases: Collection[UUID]) -> Mapping[UUID, list[ChosenFile]]:
    rows = session.exec(
        select(ReleaseFileRow.release, ExhibitRow.reference, ExhibitFileRow.name)
        .join(ExhibitFileRow, col(ExhibitFileRow.id) == ReleaseFileRow.file)
        .join(ExhibitRow, col(ExhibitRow.id) == ExhibitFileRow.exhibit)
        .where(col(ReleaseFileRow.release).in_(releases))
        .order_by(col(ExhibitRow.reference), col(ExhibitFileRow.name).collate("C"))
    )
    found: dict[UUID, list[ChosenFile]] = {}
    for release, reference, name in rows:
        found.setdefault(release, []).append(ChosenFile(reference, name))
    return found


def _sealed(session: Session, releases: Collection[UUID]) -> Mapping[UUID, SealedSoFar]:
    # Not the whole facts: those of a step can name a thousand files.
    facts = col(SealStepRow.facts)
    rows = session.execute(
        select(
            SealStepRow.release, SealStepRow.step, facts["sha256"].astext, facts["size"].astext
        ).where(col(SealStepRow.release).in_(releases))
    )
    done: dict[UUID, dict[str, tuple[str, str]]] = {}
    for release, step, sha256, size in rows:
        done.setdefault(release, {})[step] = sha256, size
    return {release: _so_far(steps) for release, steps in done.items()}


def _so_far(done: Mapping[str, tuple[str, str]]) -> SealedSoFar:
    return SealedSoFar(
        steps=tuple(step for step in SealStep if step in done),
        sha256=done[SealStep.CHECK][0] if SealStep.CHECK in done else None,
        size=int(done[SealStep.ARCHIVE][1]) if SealStep.ARCHIVE in done else None,
    )


def _is_in(group: Group, row: type[ReleaseRow] = ReleaseRow) -> ColumnElement[bool]:
    if group is Group.ALL:
        return true()
    if group is not Group.WAITING:
        return col(row.state).in_(_STATES[group])
    unconfirmed = and_(
        col(row.urgent).is_(True),
        col(row.seconded_at).is_(None),
        col(row.state).not_in(_OVER),
    )
    return or_(col(row.state) == ReleaseState.PROPOSED, unconfirmed)


def _matching(words: str) -> list[ColumnElement[bool]]:
    """Return the conditions that every word stands in a reference, an organisation or a name."""
    conditions: list[ColumnElement[bool]] = []
    for word in words.split()[:_MOST_WORDS]:
        if not (parts := word.translate(_PARTS).split()):
            continue
        quoted = ["'" + part.replace("\\", "\\\\").replace("'", "''") + "'" for part in parts]
        asked = func.to_tsquery(_SIMPLE, " & ".join(quoted) + ":*")
        # Two indexes, one after the other; with "or" PostgreSQL would read every release.
        own = select(ReleaseRow.id).where(_RELEASE_WORDS.op("@@")(asked))
        persons = select(PersonRow.id).where(_PERSON_WORDS.op("@@")(asked))
        theirs = select(ReleaseRow.id).where(col(ReleaseRow.recipient).in_(persons))
        conditions.append(_ID.in_(union(own, theirs)))
    return conditions
