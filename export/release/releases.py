"""Service. Releases: found by their name, listed, and what they carry."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from custody.formats.canonical import JSON
from custody.ledger.ledger import Person
from evidence.errors import AccessRefusedError, StateError, UnknownError
from evidence.exhibits.references import format_release, parse_release
from evidence.exhibits.tables import ExhibitRow
from evidence.people.access import Action
from evidence.people.tables import PersonRow
from evidence.wording import check_words
from export.holdings.tables import ExhibitFileRow
from export.release.contents import carried_of
from export.release.states import ReleaseState
from export.release.tables import ReleaseErasureRow, ReleaseExhibitRow, ReleaseRow

_NAME = 200


class Releases:
    """Knows every release."""

    def find(self, session: Session, name: str, *, lock: bool = False) -> ReleaseRow:
        """Return the release with this identifier, or this name such as ``BAR-…-J-R1``.

        Raises:
            UnknownError, InvalidError: there is none, or there can be none.
        """
        name = check_words("release", name, most=_NAME)
        called = parse_release(name)
        row = None
        if called is not None:
            statement = select(ReleaseRow).where(
                ReleaseRow.urn == called[0], ReleaseRow.number == called[1]
            )
            row = session.exec(statement.with_for_update() if lock else statement).first()
        else:
            try:
                row = session.get(ReleaseRow, UUID(name), with_for_update=lock or None)
            except ValueError:
                row = None
        if row is None:
            raise UnknownError(f"there is no release {name!r}: they look like BAR-7K4M-2XQ9-J-R1")
        return row

    def exhibits(self, session: Session, release: UUID) -> list[ExhibitRow]:
        """Return the exhibits of a release, by reference."""
        rows = session.exec(
            select(ExhibitRow)
            .join(ReleaseExhibitRow, col(ReleaseExhibitRow.exhibit) == ExhibitRow.id)
            .where(ReleaseExhibitRow.release == release)
        ).all()
        return sorted(rows, key=lambda row: row.reference)

    def files(self, session: Session, row: ReleaseRow) -> list[ExhibitFileRow]:
        """Return every file that a release carries, exhibit by exhibit."""
        exhibits = self.exhibits(session, row.id)
        return [file for _, files in carried_of(session, row, exhibits) for file in files]

    def recipient(self, session: Session, row: ReleaseRow) -> PersonRow:
        """Return the one person whom the release is for."""
        return session.get_one(PersonRow, row.recipient)


def require_sealing(session: Session, release: UUID) -> ReleaseRow:
    """Return a release that is being sealed, locked: nobody gives it up meanwhile.

    Raises:
        StateError: somebody gave it up.
    """
    row = session.get_one(ReleaseRow, release, with_for_update=True)
    if row.state != ReleaseState.SEALING:
        raise StateError(f"release {label(row)} is {row.state}: it is not being sealed")
    return row


def require_second(row: ReleaseRow, action: Action) -> None:
    """See that two people decided what somebody of the staff takes out, or says they handed over.

    An urgent release goes by its link at once; by no other way before a second person confirmed it.

    Raises:
        AccessRefusedError: one person alone approved it.
    """
    if row.urgent and row.seconded_by is None:
        raise AccessRefusedError(
            action,
            f"release {label(row)} is urgent, and one person alone approved it: until a second "
            "releaser confirms it, it leaves by its link and by no other way",
        )


def require_recipient(session: Session, row: ReleaseRow) -> None:
    """Demand that a release has a recipient yet.

    Raises:
        StateError: its recipient was erased: nothing of it leaves any more.
    """
    if session.get(ReleaseErasureRow, row.id) is not None:
        raise StateError(
            f"the recipient of release {label(row)} was erased, and its package with them: if the "
            "footage is needed again, propose another release"
        )


def label(row: ReleaseRow) -> str:
    """Return how people call a release: ``BAR-7K4M-2XQ9-J-R1``."""
    return format_release(row.urn, row.number)


def recipient_words(person: UUID, name: str, email: str, organisation: str) -> str:
    """Return what the ledger commits to of a recipient: to whom, and for which organisation."""
    return f"{name} <{email}>, {organisation} ({person})"


def conditions_of(row: Any, chosen: Iterable[UUID]) -> dict[str, JSON]:  # noqa: ANN401 - also bare columns
    """Return what `release.proposed` says of a release for our own audit; ``chosen``: its files."""
    return {
        "urn": row.urn,
        "number": row.number,
        "delivery": row.delivery,
        "link_days": row.link_days,
        "urgent": row.urgent,
        "with_master": row.with_master,
        "chosen": sorted(map(str, chosen)),
        "replaces": None if row.replaces is None else str(row.replaces),
    }


def recipient_of(session: Session, row: ReleaseRow) -> Person:
    """Return how the ledger commits to the recipient of a release."""
    person = session.get_one(PersonRow, row.recipient)
    return Person(
        person.id, recipient_words(person.id, person.name, person.email, row.organisation)
    )
