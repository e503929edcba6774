"""Service. Letters to staff about a release: that one waits for them, and how theirs ended.

They are queued in the transaction of what they tell, each once. Who has no mailbox here (a machine,
or somebody whose identity provider names none) gets none: the release's page says so.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from evidence.mailbox.letters import LetterKind
from evidence.mailbox.messages import Messages
from evidence.people.access import Role
from evidence.people.people import staff_with_mailbox
from evidence.people.tables import PersonRow
from export.release.tables import ReleaseRow


class ReleaseLetter(LetterKind):
    """What is asked of whoever decides, and the keys of what no row may hold."""

    APPROVAL_NEEDED = "approval_needed"
    """To a releaser: a proposal of somebody else waits to be decided. ``urgent``: "yes", or "".
    """
    SECOND_NEEDED = "second_needed"
    """To a releaser: an urgent release waits for its second approval. ``due``."""
    REFUSED = "refused"
    """To the proposer: somebody refused their proposal. Why, the console says."""
    WITHDRAWN = "withdrawn"
    """To the proposer: a releaser withdrew their proposal. Why, the console says."""


class Notices:
    """Writes to members of staff what happens to a release."""

    def __init__(self, messages: Messages) -> None:
        self._messages = messages

    def waits(self, session: Session, row: ReleaseRow, *, at: datetime) -> None:
        """Tell every releaser but the proposer that a proposal waits for one of them."""
        kind = ReleaseLetter.APPROVAL_NEEDED
        for person in releasers(session, but=row.proposed_by):
            self._messages.queue(
                session,
                kind,
                person=person,
                about=row.id,
                once=f"{kind.value}:{row.id}:{person}",
                private={"urgent": "yes" if row.urgent else ""},
                at=at,
            )

    def ended(
        self, session: Session, row: ReleaseRow, kind: ReleaseLetter, *, by: UUID, at: datetime
    ) -> None:
        """Tell whoever proposed a release that somebody else refused or withdrew it."""
        if row.proposed_by == by or not has_mailbox(session, row.proposed_by):
            return
        self._messages.queue(
            session,
            kind,
            person=row.proposed_by,
            about=row.id,
            once=f"{kind.value}:{row.id}",
            private={},
            at=at,
        )


def has_mailbox(session: Session, person: UUID) -> bool:
    """Tell whether letters to this member of staff have an address."""
    row = session.get(PersonRow, person)
    return row is not None and row.issuer is not None and row.email != ""


def releasers(session: Session, *, but: UUID | None) -> Sequence[UUID]:
    """Return who may approve, signs in and has a mailbox; ``but`` is left out."""
    return staff_with_mailbox(session, Role.RELEASER, but=but)
