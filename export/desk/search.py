"""Service. Finds exhibits, records and digests for the pages; every search walks an index."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, literal_column, or_
from sqlmodel import Session, col, select

from custody.search import CustodySearch, FoundEvent, Wanted
from evidence.errors import InvalidError, UnknownError
from evidence.exhibits.clocks import LONDON
from evidence.exhibits.exhibits import Exhibits
from evidence.exhibits.tables import ExhibitRow
from evidence.people.access import Action, Subject
from evidence.people.people import require
from evidence.wording import check_words
from export.holdings.tables import ExhibitFileRow
from export.release.releases import Releases, label
from export.release.tables import ReleaseExhibitRow, ReleaseRow
from export.sealing.steps import SealStep
from export.sealing.tables import SealStepRow

MOST_WORDS = 200
_FILE_SAFE = re.compile(r"([A-Z]{2,4})-([1-9][0-9]{0,6})")
_SIMPLE: ColumnElement[Any] = literal_column("'simple'")
"""The text search configuration without the grammar of any language: titles are names."""
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class WantedExhibits:
    """Which exhibits are looked for; what is empty does not matter."""

    words: str = ""
    """The beginning of a reference or of a camera's name, or words of a title."""
    recorded: date | None = None
    """A day in England on which the recording was made, by its corrected times."""
    state: str = ""


@dataclass(frozen=True, slots=True)
class Named:
    """How people call a record, and where its page is."""

    name: str
    path: str = ""


class Known(StrEnum):
    """What a digest turns out to be."""

    FILE = "file"
    PACKAGE = "package"


@dataclass(frozen=True, slots=True)
class KnownDigest:
    """Something of ours that has a digest."""

    what: Known
    kind: str
    """Of a file: master, copy, and so on."""
    name: str
    record: UUID
    called: Named
    size: int
    since: datetime


class Search:
    """Answers what the pages look for."""

    def __init__(self, custody: CustodySearch, exhibits: Exhibits, releases: Releases) -> None:
        self._custody = custody
        self._exhibits = exhibits
        self._releases = releases

    def exhibits(
        self,
        session: Session,
        wanted: WantedExhibits,
        *,
        by: Subject,
        page: int,
        size: int,
    ) -> tuple[Sequence[ExhibitRow], bool]:
        """Return one page of exhibits, the newest first, and whether there is another one.

        Raises:
            AccessRefusedError: ``by`` may see none.
        """
        require(Action.SHOW_EXHIBIT, by)
        statement = select(ExhibitRow).where(*_conditions(wanted))
        newest = (col(ExhibitRow.received_at).desc(), col(ExhibitRow.id))
        rows = session.exec(
            statement.order_by(*newest).offset((page - 1) * size).limit(size + 1)
        ).all()
        return rows[:size], len(rows) > size

    def releases_of(self, session: Session, exhibit: UUID, *, by: Subject) -> Sequence[ReleaseRow]:
        """Return the releases that carry an exhibit, the newest first.

        Raises:
            AccessRefusedError: ``by`` may see none.
        """
        require(Action.SHOW_RELEASE, by)
        return session.exec(
            select(ReleaseRow)
            .join(ReleaseExhibitRow, col(ReleaseExhibitRow.release) == ReleaseRow.id)
            .where(ReleaseExhibitRow.exhibit == exhibit)
            .order_by(col(ReleaseRow.proposed_at).desc())
        ).all()

    def record(self, session: Session, name: str) -> UUID:
        """Return the record of an exhibit's reference, or of a release's name.

        Raises:
            UnknownError, InvalidError: there is none, or there can be none.
        """
        name = check_words("record", name, most=MOST_WORDS)
        finders: tuple[Any, ...] = (
            lambda: self._exhibits.find(session, as_reference(name.upper())),
            lambda: self._releases.find(session, name),
            lambda: self._exhibits.find(session, name),
        )
        for find in finders:
            try:
                row = find()
            except UnknownError:
                continue
            return UUID(str(row.id))
        raise UnknownError(f"there is no exhibit and no release {name!r}")

    def events(
        self,
        session: Session,
        wanted: Wanted,
        *,
        by: Subject,
        older_than: int | None = None,
        most: int,
    ) -> list[FoundEvent]:
        """Return custody events, the newest first.

        Raises:
            AccessRefusedError: ``by`` may read none.
        """
        require(Action.READ_CUSTODY, by)
        return self._custody.events(session, wanted, older_than=older_than, most=most)

    def named(self, session: Session, records: Iterable[UUID]) -> Mapping[UUID, Named]:
        """Return how people call these records; those that have no name are left out."""
        wanted = set(records)
        found: dict[UUID, Named] = {}
        for exhibit, reference in session.exec(
            select(ExhibitRow.id, ExhibitRow.reference).where(col(ExhibitRow.id).in_(wanted))
        ):
            found[exhibit] = _exhibit_named(reference)
        for release in session.exec(select(ReleaseRow).where(col(ReleaseRow.id).in_(wanted))):
            found[release.id] = _release_named(release)
        return found

    def known(self, session: Session, sha256: str, *, by: Subject) -> list[KnownDigest]:
        """Return what has this digest: masters, copies, packages. Nothing: an empty list.

        Raises:
            AccessRefusedError: ``by`` may read no custody record.
            InvalidError: that is no SHA-256.
        """
        require(Action.READ_CUSTODY, by)
        digest = sha256.strip().lower()
        if not _DIGEST.fullmatch(digest):
            raise InvalidError(
                "sha256", "Enter the digest as 64 digits and letters from a to f, without spaces"
            )
        files = session.exec(
            select(ExhibitFileRow, ExhibitRow.reference)
            .join(ExhibitRow, col(ExhibitRow.id) == ExhibitFileRow.exhibit)
            .where(ExhibitFileRow.sha256 == digest)
            .order_by(col(ExhibitFileRow.stored_at))
        )
        found = [
            KnownDigest(
                Known.FILE,
                file.kind,
                file.name,
                file.exhibit,
                _exhibit_named(reference),
                file.size,
                file.stored_at,
            )
            for file, reference in files
        ]
        return found + _packages(session, digest)


def as_reference(name: str) -> str:
    """Return ``JS/1`` for ``JS-1``, as it stands in addresses; anything else as it is."""
    match = _FILE_SAFE.fullmatch(name)
    return f"{match[1]}/{match[2]}" if match else name


def _exhibit_named(reference: str) -> Named:
    return Named(reference, f"/console/exhibits/{reference.replace('/', '-')}")


def _release_named(row: ReleaseRow) -> Named:
    return Named(label(row), f"/console/releases/{label(row)}")


def _packages(session: Session, digest: str) -> list[KnownDigest]:
    rows = session.exec(
        select(SealStepRow, ReleaseRow)
        .join(ReleaseRow, col(ReleaseRow.id) == SealStepRow.release)
        .where(
            SealStepRow.step == SealStep.CHECK.value,
            col(SealStepRow.facts)["sha256"].astext == digest,
        )
    )
    found = []
    for step, release in rows:
        archive = session.get_one(SealStepRow, (release.id, SealStep.ARCHIVE.value))
        found.append(
            KnownDigest(
                Known.PACKAGE,
                "package",
                f"{label(release)}.zip",
                release.id,
                _release_named(release),
                archive.facts["size"],
                step.done_at,
            )
        )
    return found


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
    if wanted.state:
        conditions.append(col(ExhibitRow.state) == wanted.state)
    return conditions


def _beginning(text: str) -> str:
    """Return a pattern of LIKE for what begins so."""
    return re.sub(r"([\\%_])", r"\\\1", text) + "%"
