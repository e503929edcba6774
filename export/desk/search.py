"""Service. Finds records and digests for the pages; every search walks an index."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy.orm import aliased
from sqlmodel import Session, col, func, or_, select

from custody.formats.events import RecordKind
from custody.ledger.histories import FoundEvent
from custody.ledger.search import CustodySearch, Wanted
from evidence.errors import InvalidError, UnknownError
from evidence.exhibits.exhibits import Exhibits
from evidence.exhibits.references import as_reference
from evidence.exhibits.tables import ExhibitRow
from evidence.people.access import Action, Subject
from evidence.people.people import require
from evidence.people.tables import PersonRow
from evidence.requests.submissions import Requests
from evidence.requests.tables import RequestRow
from evidence.wording import check_words
from export.holdings.tables import ExhibitFileRow
from export.release.releases import Releases, label
from export.release.tables import ReleaseRow
from export.sealing.steps import SealStep
from export.sealing.tables import SealStepRow

MOST_WORDS = 200
_MOST_KNOWN = 100
_DIGEST = re.compile(r"[0-9a-f]{64}")
_IDENTIFIER = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class Named:
    """How people call a record, and of which kind it is."""

    name: str
    kind: RecordKind


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

    def __init__(
        self, custody: CustodySearch, exhibits: Exhibits, releases: Releases, requests: Requests
    ) -> None:
        self._custody = custody
        self._exhibits = exhibits
        self._releases = releases
        self._requests = requests

    def record(self, session: Session, name: str) -> UUID:
        """Return the record of an exhibit's reference, a release's name or a request's number.

        Raises:
            UnknownError, InvalidError: there is none, or there can be none.
        """
        name = check_words("record", name, most=MOST_WORDS)
        finders: tuple[Any, ...] = (
            lambda: self._exhibits.find(session, as_reference(name.upper()), disposed=True),
            lambda: self._releases.find(session, name),
            lambda: self._request(session, name),
            lambda: self._exhibits.find(session, name, disposed=True),
        )
        for find in finders:
            try:
                row = find()
            except UnknownError:
                continue
            return UUID(str(row.id))
        raise UnknownError(f"there is no exhibit, no release and no request {name!r}")

    def people(self, session: Session, name: str, *, by: Subject) -> tuple[UUID, ...]:
        """Return everybody of this name, or of this mailbox; or the one of this identifier.

        Raises:
            AccessRefusedError: ``by`` may read no custody record.
            UnknownError, InvalidError: there is nobody, or there can be nobody.
        """
        require(Action.READ_CUSTODY, by)
        name = check_words("person", name, most=MOST_WORDS)
        wanted = func.lower(name)
        found = select(PersonRow.id).where(
            or_(func.lower(PersonRow.name) == wanted, func.lower(PersonRow.email) == wanted)
        )
        people = list(session.exec(found.order_by(col(PersonRow.id)).limit(_MOST_KNOWN)))
        if _IDENTIFIER.fullmatch(name.lower()):
            # Erased people are known by nothing else.
            person = session.get(PersonRow, UUID(name))
            people += [] if person is None else [person.id]
        if not people:
            raise UnknownError(
                "nobody is known by this name: give the whole name, the mailbox, or the "
                "identifier that an event shows in brackets"
            )
        return tuple(people)

    def _request(self, session: Session, name: str) -> RequestRow:
        try:
            return self._requests.find(session, name)
        except InvalidError as error:
            raise UnknownError(str(error)) from error

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
        asked = select(RequestRow.id, RequestRow.urn).where(col(RequestRow.id).in_(wanted))
        for request, urn in session.exec(asked):
            found[request] = Named(urn, RecordKind.REQUEST)
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
            .limit(_MOST_KNOWN)
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


def _exhibit_named(reference: str) -> Named:
    return Named(reference, RecordKind.EXHIBIT)


def _release_named(row: ReleaseRow) -> Named:
    return Named(label(row), RecordKind.RELEASE)


def _packages(session: Session, digest: str) -> list[KnownDigest]:
    joined = aliased(SealStepRow)
    rows = session.exec(
        select(SealStepRow.done_at, col(joined.facts)["size"].astext, ReleaseRow)
        .join(ReleaseRow, col(ReleaseRow.id) == SealStepRow.release)
        .join(joined, col(joined.release) == ReleaseRow.id)
        .where(
            SealStepRow.step == SealStep.CHECK.value,
            col(SealStepRow.facts)["sha256"].astext == digest,
            joined.step == SealStep.ARCHIVE.value,
        )
        .limit(_MOST_KNOWN)
    )
    return [
        KnownDigest(
            Known.PACKAGE,
            "package",
            f"{label(release)}.zip",
            release.id,
            _release_named(release),
            int(size),
            done_at,
        )
        for done_at, size, release in rows
    ]
