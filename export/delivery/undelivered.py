"""Service. Letters about a release that did not arrive as far as we know: a person settles them."""

from datetime import datetime

from sqlmodel import Session

from evidence.attention import calls_to
from evidence.errors import StateError
from evidence.mailbox.messages import JOB_SEND, Messages
from evidence.people.access import Action, Subject
from evidence.people.people import require
from export.release.releases import Releases, label
from export.release.tables import ReleaseRow


class Undelivered:
    """Knows whose word ends the call to look at them."""

    def __init__(self, releases: Releases, messages: Messages) -> None:
        self._releases = releases
        self._messages = messages

    def settle(self, session: Session, name: str, *, by: Subject, at: datetime) -> ReleaseRow:
        """Note that ``by`` has dealt with every letter about a release that was lost.

        Nothing is sent, and no letter is called delivered by it.

        Raises:
            AccessRefusedError, UnknownError: nothing was settled.
            StateError: there is none that waits for it.
        """
        require(Action.REISSUE_LINK, by)
        row = self._releases.find(session, name, lock=True)
        called = any(one.job == JOB_SEND for one in calls_to(session, row.id))
        if not self._messages.settle(session, row.id, by=by.person, at=at) and not called:
            raise StateError(f"no message about release {label(row)} waits to be looked at")
        return row
