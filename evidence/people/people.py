"""Service. People whom the ledger knows: members of staff, recipients, and machines that act."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import any_, literal
from sqlmodel import Session, col, func, select

from custody.formats.canonical import canonical_json
from custody.formats.events import RecordKind
from custody.ledger.erasure import destroy, empty_of, has_event
from custody.ledger.ledger import Ledger, Person, Values
from evidence.errors import AccessRefusedError, InvalidError
from evidence.mailbox.addresses import check_address
from evidence.people.access import Action, Role, Subject, decide
from evidence.people.tables import PersonRow, StaffSessionRow, TokenRow
from evidence.wording import check_words

PROVIDER = "the identity provider"
"""Who, in the ledger, gives and takes the roles of those who sign in."""
THE_CLOCK = "Custos, by its clock"
"""Who, in the ledger, does what is due by itself: lets a release or a request expire."""
THE_REGISTER = "Custos, by the register of cameras"
"""Who, in the ledger, says that cameras cover a request, where a council lets it."""
NAMELESS = "Member of staff"
"""What somebody is called whose provider tells no name that can be kept."""
ERASE_REQUESTED, ERASE_DONE = "erase.requested", "erase.done"
GONE = "no longer "
"""How the event of a role that went begins."""


class People:
    """Knows who acts."""

    def __init__(self, ledger: Ledger, *, clock: Callable[[], datetime]) -> None:
        self._ledger = ledger
        self._clock = clock

    def add(self, session: Session, name: str, *, email: str = "") -> UUID:
        """Add a person, with a custody record and a key of their own.

        Raises:
            InvalidError: that is no name.
        """
        name = check_words("name", name, most=200)
        record = self._ledger.open_record(session, RecordKind.PERSON)
        row = PersonRow(id=record, name=name, email=email)
        session.add(row)
        session.flush()
        self._record_name(session, row, at=self._clock())
        return record

    def known(self, session: Session, name: str) -> UUID:
        """Return the person or machine of this name that has no address; add it at need.

        Never somebody whom an identity provider signs in, whatever that one calls them.
        """
        statement = select(PersonRow.id).where(
            PersonRow.name == name, PersonRow.email == "", col(PersonRow.issuer).is_(None)
        )
        return session.exec(statement.limit(1)).first() or self.add(session, name)

    def sign_in(
        self,
        session: Session,
        *,
        issuer: str,
        subject: str,
        name: str,
        email: str,
        roles: Iterable[Role],
        at: datetime,
    ) -> Subject:
        """Return the member of staff whom an identity provider just signed in.

        They are ``issuer`` and ``subject`` together, and nobody else, whatever name or address the
        provider tells; the address is only where messages to them go. Their roles are those that it
        names now: each that came or went since they signed in last is an event `role.changed`, and
        where one went, so does every session that still had it.

        Raises:
            InvalidError: the provider's word for them cannot be kept.
            ConflictError: they signed in for the first time twice at this moment; ask once more.
        """
        for field, text, most in (("issuer", issuer, 500), ("subject", subject, 255)):
            if check_words(field, text, most=most) != text:
                # Without its spaces it could be somebody else's.
                raise InvalidError(field, f"{field} begins or ends with a space")
        row, new = self._member(session, issuer, subject)
        before = row.name, row.email
        row.name, row.email = _staff_name(name), _staff_address(email)
        if new or before != (row.name, row.email):
            self._record_name(session, row, at=at)
        had, held = frozenset(map(Role, row.roles)), frozenset(roles)
        row.roles = sorted(role.value for role in held)
        signed_in = Subject(row.id, row.name, held)
        by = self.subject(session, self.known(session, PROVIDER), ())
        for role in sorted(held - had):
            self.record_role(session, signed_in, role.value, by=by, at=at)
        for role in sorted(had - held):
            self.record_role(session, signed_in, f"{GONE}{role}", by=by, at=at)
        if had - held:
            self._end_sessions(session, row.id, at=at)
        session.flush()
        return signed_in

    def begin_erasure(self, session: Session, person: UUID, *, basis: str, at: datetime) -> None:
        """Write into the record of a person that they are to be erased, unless that stands there.

        The key is there then, and is gone after `erase`: what lies between may be done again.
        """
        session.get_one(PersonRow, person, with_for_update=True)
        if not has_event(session, person, ERASE_REQUESTED):
            self._ledger.append(session, person, ERASE_REQUESTED, {"basis": basis}, at=at)

    def erase(self, session: Session, person: UUID, *, basis: str, at: datetime) -> None:
        """Erase who somebody is: their name, their address, and the key of their record.

        That it was asked for and is done stands in their record; whoever calls has seen that
        nothing of theirs is left that needs them. What other records say of them is emptied.
        """
        row = session.get_one(PersonRow, person, with_for_update=True)
        self.begin_erasure(session, person, basis=basis, at=at)
        self._ledger.append(session, person, ERASE_DONE, {"basis": basis}, at=at)
        row.name = row.email = ""
        empty_of(session, person)
        destroy(session, person)
        session.flush()

    def _record_name(self, session: Session, row: PersonRow, *, at: datetime) -> None:
        """Write the event `person.named`: what the row says of somebody, under their own key."""
        self._ledger.append(session, row.id, "person.named", {"facts": named_digest(row)}, at=at)

    def _member(self, session: Session, issuer: str, subject: str) -> tuple[PersonRow, bool]:
        """Return the row of a member of staff, locked, and whether it is new.

        Locked, so that two sign-ins tell each change once.
        """
        statement = select(PersonRow).where(PersonRow.issuer == issuer)
        statement = statement.where(PersonRow.subject == subject).with_for_update()
        row = session.exec(statement).first()
        if row is None:
            record = self._ledger.open_record(session, RecordKind.PERSON)
            row = PersonRow(id=record, name=NAMELESS, issuer=issuer, subject=subject)
            session.add(row)
            session.flush()
            return row, True
        return row, False

    def _end_sessions(self, session: Session, person: UUID, *, at: datetime) -> None:
        open_ones = select(StaffSessionRow).where(
            StaffSessionRow.person == person, col(StaffSessionRow.ended_at).is_(None)
        )
        for row in session.exec(open_ones):
            row.ended_at = at

    def subject(self, session: Session, person: UUID, roles: Iterable[Role]) -> Subject:
        """Return the subject that ``person`` is with ``roles``."""
        return Subject(person, session.get_one(PersonRow, person).name, frozenset(roles))

    def record_role(
        self, session: Session, subject: Subject, role: str, *, by: Subject, at: datetime
    ) -> None:
        """Write the event `role.changed`: ``role`` says which came or went, as ``by`` decided."""
        record = self._ledger.open_record(session, RecordKind.STAFF_ACTION)
        values: Values = {"actor": as_person(by), "subject": as_person(subject), "role": role}
        self._ledger.append(session, record, "role.changed", values, at=at)


def named_digest(row: Any) -> str:  # noqa: ANN401 - also bare columns
    """Return what `person.named` commits to: who somebody is, in the columns of their row."""
    said = {name: getattr(row, name) for name in ("email", "issuer", "name", "subject")}
    return sha256(canonical_json(said)).hexdigest()


def as_person(subject: Subject) -> Person:
    """Return how the ledger commits to a subject."""
    return Person(subject.person, subject.words)


def require(action: Action, subject: Subject) -> Role:
    """Return the role in which ``subject`` does ``action``.

    Raises:
        AccessRefusedError: they may not; the edge records it in a transaction of its own.
    """
    decision = decide(action, subject.roles)
    if not decision.allowed or decision.role is None:
        raise AccessRefusedError(action, decision.reason)
    return decision.role


def names_of(session: Session, people: Iterable[UUID | None]) -> dict[UUID, str]:
    """Return the names of these people; those that were erased are left out."""
    wanted = {person for person in people if person is not None}
    rows = session.exec(select(PersonRow.id, PersonRow.name).where(col(PersonRow.id).in_(wanted)))
    return dict(rows.all())


def people_at(session: Session, address: str) -> Sequence[PersonRow]:
    """Return everybody who is known by a mailbox, however its letters were typed, the first first.

    A release makes a person of its own for its recipient, a request one for each proven mailbox:
    these are all of them.
    """
    found = select(PersonRow).where(
        func.lower(PersonRow.email) == address.lower(), PersonRow.email != ""
    )
    return session.exec(found.order_by(col(PersonRow.id))).all()


def signs_in(session: Session, person: UUID) -> bool:
    """Tell whether somebody is known to an identity provider, or has ever had a token."""
    row = session.get_one(PersonRow, person)
    token = select(TokenRow.sha256).where(TokenRow.person == person).limit(1)
    return row.issuer is not None or session.exec(token).first() is not None


def staff_with_mailbox(session: Session, role: Role, *, but: UUID | None = None) -> Sequence[UUID]:
    """Return who has a role, signs in and has a mailbox; ``but`` is left out."""
    return session.exec(
        select(PersonRow.id)
        .where(
            col(PersonRow.issuer).is_not(None),
            PersonRow.email != "",
            literal(role.value) == any_(col(PersonRow.roles)),
            PersonRow.id != but,
        )
        .order_by(col(PersonRow.id))
    ).all()


def _staff_name(name: str) -> str:
    try:
        return check_words("name", name, most=200)
    except InvalidError:
        return NAMELESS


def _staff_address(email: str) -> str:
    try:
        return check_address(email)
    except InvalidError:
        return ""  # no messages then, and nothing else is lost
