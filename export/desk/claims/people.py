"""Service. What the rows tell of people: who they are, as `person.named` commits to it."""

from collections.abc import Iterator
from typing import Any, ClassVar
from uuid import UUID

from sqlmodel import Session

from custody.audit.facts import Claim, Expected, Latest, Span
from custody.events import RecordKind
from evidence.people.people import ERASE_DONE, named_digest
from evidence.people.tables import PersonRow
from export.desk.claims.rows import claims_of, columns

_COLUMNS = columns(PersonRow, "id name email issuer subject")


def people(session: Session, span: Span) -> Iterator[Claim]:
    """Yield a claim for each person of a span, sorted by record."""
    return claims_of(session, _COLUMNS, _People, span)


class _People:
    """What is known of a person stands in their row."""

    kind: ClassVar = RecordKind.PERSON

    def __init__(self, _session: Session, _first: UUID, _last: UUID) -> None:
        """Read nothing more."""

    def claim(self, row: Any) -> Claim:  # noqa: ANN401 - the columns of PersonRow
        """Return the claim of one of them; it names nobody."""
        latest = Latest(("person.named",), {"facts": named_digest(row)})
        # Nobody is without a name but who was erased, and who was has none again.
        erased = {ERASE_DONE: [] if row.name else [Expected({})]}
        return Claim(row.id, f"the person {row.id}", RecordKind.PERSON, erased, latest=(latest,))
