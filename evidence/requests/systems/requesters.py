"""Service. For which organisation the machine of a mailbox asks, as an administrator said.

A token of the role `requester` speaks for a person whose mailbox a code has proven, as everybody's
is who asks. What that person asked, by whatever way, their token may follow, and nothing else.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, select

from custody.ledger.ledger import Ledger, Values
from evidence.errors import InvalidError, StateError
from evidence.mailbox.addresses import check_address, check_reachable
from evidence.people.access import Role, Subject
from evidence.people.people import as_person
from evidence.people.tables import PersonRow
from evidence.requests.states import CIVIL, Path
from evidence.requests.submissions import person_of
from evidence.requests.systems.tables import RequesterRow
from evidence.wording import check_words

NAMED = "requester.named"
_MOST = 200


@dataclass(frozen=True, slots=True)
class Requester:
    """Somebody whose mailbox was proven, and for whom they ask."""

    person: UUID
    path: Path
    organisation: str
    mailbox: str


class Requesters:
    """Knows the organisations whose machines may ask."""

    def __init__(self, ledger: Ledger, *, free: Collection[str]) -> None:
        """``free`` is what the council counts as free mail beside what everybody knows."""
        self._ledger = ledger
        self._free = free

    def name(
        self,
        session: Session,
        mailbox: str,
        path: Path,
        organisation: str,
        *,
        by: Subject,
        at: datetime,
    ) -> UUID:
        """Say for whom the machines of a mailbox ask; return its person, who may have a token.

        Raises:
            InvalidError: free mail, an organisation that pays nothing, or no name.
            StateError: no code has proven that mailbox yet.
        """
        address = check_address(mailbox)
        check_reachable(address, domains=None, free=self._free)
        organisation = check_words("organisation", organisation, most=_MOST)
        if path not in CIVIL:
            raise InvalidError("path", f"a machine asks as one of {', '.join(sorted(CIVIL))}")
        person = person_of(session, address)
        if person is None:
            raise StateError(
                f"no code has proven the mailbox {address}: its owner makes one request on the "
                "public pages first"
            )
        before = _last(session, person)
        if before is not None and (before.path, before.organisation) == (path, organisation):
            return person
        row = RequesterRow(
            person=person,
            number=1 if before is None else before.number + 1,
            path=path.value,
            organisation=organisation,
            named_by=by.person,
            named_at=at.replace(microsecond=0),
        )
        session.add(row)
        session.flush()
        said: Values = {
            "actor": as_person(by),
            "role": Role.REQUESTER.value,
            "kind": row.path,
            "organisation": organisation,
        }
        self._ledger.append(session, person, NAMED, said, at=row.named_at)
        return person

    def of(self, session: Session, by: Subject) -> Requester:
        """Return for whom a machine asks.

        Raises:
            StateError: nobody said for whom.
        """
        row = _last(session, by.person)
        if row is None:
            raise StateError(
                "nobody has said for which organisation this token asks: have the council name it"
            )
        mailbox = session.get_one(PersonRow, by.person).email
        return Requester(by.person, Path(row.path), row.organisation, mailbox)


def _last(session: Session, person: UUID) -> RequesterRow | None:
    found = select(RequesterRow).where(RequesterRow.person == person)
    return session.exec(found.order_by(col(RequesterRow.number).desc()).limit(1)).first()
