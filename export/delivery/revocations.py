"""Service. A release is taken back: whatever link there is ends, and the recipient is told."""

from datetime import datetime

from sqlmodel import Session

from custody.ledger import Ledger
from evidence.errors import StateError
from evidence.mailbox.messages import Messages
from evidence.people.access import Action, Subject
from evidence.people.people import as_person, require
from evidence.states import move
from evidence.wording import check_words
from export.delivery.letters import DeliveryLetter
from export.delivery.links import Links
from export.release.releases import Releases, label
from export.release.states import RELEASE_NEXT, ReleaseState
from export.release.tables import ReleaseRow

_TEXT = 2000


class Revocations:
    """Decides about releases that have left the desk already."""

    def __init__(
        self, ledger: Ledger, releases: Releases, links: Links, messages: Messages
    ) -> None:
        self._ledger = ledger
        self._releases = releases
        self._links = links
        self._messages = messages

    def revoke(
        self, session: Session, name: str, *, by: Subject, at: datetime, reason: str
    ) -> ReleaseRow:
        """Take a release back: its links end with this transaction, and none is issued again.

        What was downloaded before is out; the recipient is told that it was taken back.

        Raises:
            AccessRefusedError, InvalidError, UnknownError: nothing was recorded.
            StateError: it is not sealed yet (refuse it instead), or has ended already.
        """
        role = require(Action.REVOKE_RELEASE, by)
        said = check_words("reason", reason, most=_TEXT, lines=True)
        row = self._releases.find(session, name, lock=True)
        called = f"release {label(row)}"
        if row.state in {ReleaseState.PROPOSED, ReleaseState.APPROVED}:
            raise StateError(f"{called} is {row.state}: refuse it, there is nothing to take back")
        if row.state == ReleaseState.SEALING:
            raise StateError(f"{called} is being sealed: take it back when that is done")
        row.state = move(called, ReleaseState(row.state), ReleaseState.REVOKED, RELEASE_NEXT)
        row.ended_by, row.ended_at, row.ended_reason = by.person, at, said
        values = {"actor": as_person(by), "role": role.value, "reason": said}
        self._ledger.append(session, row.id, "release.revoked", values, at=at)
        if self._links.of(session, row.id):
            self._links.end_all(session, row.id, at=at)
            self._messages.queue(
                session,
                DeliveryLetter.REVOKED,
                person=row.recipient,
                about=row.id,
                once=f"revoked:{row.id}",
                private={},
                at=at,
            )
        return row
