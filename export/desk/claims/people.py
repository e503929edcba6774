"""Service. What the rows tell of people: who they are, and for whom their machines ask."""

from collections.abc import Iterator
from typing import Any, ClassVar
from uuid import UUID

from sqlmodel import Session, col

from custody.audit.facts import Claim, Expected, Latest, Span
from custody.formats.events import RecordKind
from evidence.people.access import Role
from evidence.people.people import ERASE_DONE, named_digest
from evidence.people.tables import PersonRow
from evidence.requests.systems.requesters import NAMED
from evidence.requests.systems.tables import RequesterRow
from export.desk.claims.rows import claims_of, columns, dated, grouped, pick

_COLUMNS = columns(PersonRow, "id name email issuer subject")


def people(session: Session, span: Span) -> Iterator[Claim]:
    """Yield a claim for each person of a span, sorted by record."""
    return claims_of(session, _COLUMNS, _People, span)


class _People:
    """What is known of a person stands in their row, and in those of their organisation."""

    kind: ClassVar = RecordKind.PERSON

    def __init__(self, session: Session, first: UUID, last: UUID) -> None:
        row = RequesterRow
        self._asking = grouped(
            session,
            pick(row.person, row.number, row.path, row.organisation, row.named_by, row.named_at)
            .where(col(row.person).between(first, last))
            .order_by(col(row.person), col(row.number)),
        )

    def claim(self, row: Any) -> Claim:  # noqa: ANN401 - the columns of PersonRow
        """Return the claim of one of them; it names nobody."""
        latest = Latest(("person.named",), {"facts": named_digest(row)})
        asking = self._asking[row.id]
        named = [
            Expected(
                {
                    "actor": str(one.named_by),
                    "role": Role.REQUESTER.value,
                    "kind": one.path,
                    "organisation": one.organisation,
                    "at": dated(one.named_at),
                }
            )
            for one in asking
        ]
        counted = [one.number for one in asking] == list(range(1, len(asking) + 1))
        flaws = () if counted else ("has organisations that are not numbered one after another",)
        return Claim(
            row.id,
            f"the person {row.id}",
            RecordKind.PERSON,
            # Nobody is without a name but who was erased, and who was has none again.
            {NAMED: named, ERASE_DONE: [] if row.name else [Expected({})]},
            latest=(latest,),
            flaws=flaws,
        )
