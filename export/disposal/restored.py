"""Service. What a restored backup brought back of what was erased, taken away once more.

`custody.ledger.erasure.replay` finds by the log alone which records are erased, and destroys their
keys and values. Here goes what rows and objects say of them: names, descriptions, words, files.
"""

import logging
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from custody.ledger.erasure import Replayed, replay
from custody.ledger.recordkeys import RecordKeys
from evidence.exhibits.tables import ExhibitRow
from evidence.mailbox.messages import forget_letters_to
from evidence.people.people import THE_CLOCK, People
from evidence.people.tables import PersonRow
from evidence.requests.erasure import traces
from evidence.requests.recorded import SYSTEM
from evidence.requests.tables import RequestRow
from export.disposal.obstacles import releases_of
from export.disposal.remnants import clear_exhibit, objects_of
from export.erasure.erasures import forget_drafts
from export.erasure.recipients import Again, Recipients, package_of
from export.sealing.aftercare.papers import Papers
from storage.objects.store import ObjectStore

_REASON = "erased again after a backup was restored"
_log = logging.getLogger("custos.restored")


class Restored:
    """Erases again; ``vault`` is seen by the disposal identity."""

    def __init__(
        self,
        begin: Callable[[], AbstractContextManager[Session]],
        keys: RecordKeys,
        people: People,
        recipients: Recipients,
        papers: Papers,
        vault: ObjectStore,
        *,
        clock: Callable[[], datetime],
    ) -> None:
        self._begin = begin
        self._keys = keys
        self._people = people
        self._recipients = recipients
        self._papers = papers
        self._vault = vault
        self._clock = clock

    def erase_again(self, *, entries: Iterable[bytes] | None = None) -> Replayed:
        """Erase again what the log says is erased; done again, nothing is left to do.

        ``entries`` as of `replay`. Killed in between, all of it is undone but for the objects, and
        is found again.

        Raises:
            KeyStoreError, FormatError, StorageError: something is left; mend it, and call again.
        """
        objects: list[tuple[str, str]] = []
        with self._begin() as session:
            done = replay(session, self._keys, entries=entries)
            by = self._people.subject(session, self._people.known(session, THE_CLOCK), ())
            at = self._clock().replace(microsecond=0)
            said = Again(by=by, role=SYSTEM, at=at, reason=_REASON)
            for record in done.destroyed:
                objects += self._clear(session, record, done.moments[record], said)
            for release in done.emptied:
                self._recipients.erase_again(session, release, **said)
                package = package_of(session, release)
                objects += () if package is None else (package,)
            # Within the transaction: undone, it is all found again.
            for key, version in objects:
                self._vault.destroy(key, version)
        _log.info("%d records erased again, %d objects", len(done.destroyed), len(objects))
        return done

    def _clear(
        self, session: Session, record: UUID, at: datetime, said: Again
    ) -> Sequence[tuple[str, str]]:
        """Take away what rows say of a record; return the objects that go with it."""
        if (person := session.get(PersonRow, record)) is not None:
            forget_drafts(session, [record])  # by its mailbox, which goes now
            person.name = person.email = ""
            forget_letters_to(session, [record])
        elif (request := session.get(RequestRow, record)) is not None:
            traces.clear_request(session, request)
            traces.clear_fees(session, record)
            request.erased_at = request.erased_at or at
        elif (exhibit := session.get(ExhibitRow, record)) is not None:
            return self._clear_exhibit(session, exhibit, said)
        return ()

    def _clear_exhibit(
        self, session: Session, exhibit: ExhibitRow, said: Again
    ) -> Sequence[tuple[str, str]]:
        objects = [(key, one.version) for key, one in objects_of(session, exhibit)]
        for release in releases_of(session, exhibit):
            # They hold openings of this exhibit's record.
            self._papers.erase_again(session, release.id, **said)
        clear_exhibit(session, exhibit)
        return objects
