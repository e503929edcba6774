"""Service. What a restored backup brought back of what was erased, taken away once more.

`custody.ledger.erasure.replay` finds by the log alone which records are erased, and destroys their
keys and values. Here goes what rows and objects say of them: names, descriptions, words, files.
"""

import logging
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, delete, func, select

from custody.ledger.erasure import Replayed, replay
from custody.ledger.recordkeys import RecordKeys
from evidence.exhibits.tables import ExhibitRow
from evidence.mailbox.messages import forget_letters, forget_letters_to
from evidence.people.people import THE_CLOCK, People
from evidence.people.tables import PersonRow
from evidence.requests.erasure import traces
from evidence.requests.tables import RequestRow
from export.disposal.remnants import clear_exhibit, objects_of
from export.erasure.recipients import clear_words, package_of
from export.release.tables import ReleaseErasureRow, ReleaseRow
from export.sealing.aftercare.papers import KEPT
from export.sealing.tables import SealErasureRow, SealFileRow
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
        vault: ObjectStore,
    ) -> None:
        self._begin = begin
        self._keys = keys
        self._people = people
        self._vault = vault

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
            for record in done.destroyed:
                objects += self._clear(session, record, done.moments[record])
            for release in done.emptied:
                objects += self._clear_release(session, release, done.moments[release])
            # Within the transaction: undone, it is all found again.
            for key, version in objects:
                self._vault.destroy(key, version)
        _log.info("%d records erased again, %d objects", len(done.destroyed), len(objects))
        return done

    def _clear(self, session: Session, record: UUID, at: datetime) -> Sequence[tuple[str, str]]:
        """Take away what rows say of a record; return the objects that go with it."""
        if (person := session.get(PersonRow, record)) is not None:
            person.name = person.email = ""
            forget_letters_to(session, [record])
        elif (request := session.get(RequestRow, record)) is not None:
            traces.clear_request(session, request)
            traces.clear_fees(session, record)
            request.erased_at = request.erased_at or at
        elif (exhibit := session.get(ExhibitRow, record)) is not None:
            objects = [(key, one.version) for key, one in objects_of(session, exhibit)]
            clear_exhibit(session, exhibit)
            return objects
        return ()

    def _clear_release(
        self, session: Session, release: UUID, at: datetime
    ) -> Sequence[tuple[str, str]]:
        row = session.get(ReleaseRow, release)
        if row is None:
            return ()
        by = self._people.known(session, THE_CLOCK)
        if session.get(ReleaseErasureRow, release) is None:
            session.add(ReleaseErasureRow(release=release, person=by, at=at, reason=_REASON))
        papers = (col(SealFileRow.release) == release) & col(SealFileRow.path).not_in(KEPT)
        left = session.exec(select(func.count()).select_from(SealFileRow).where(papers)).one()
        if left:
            if session.get(SealErasureRow, release) is None:
                session.add(
                    SealErasureRow(release=release, person=by, at=at, reason=_REASON, files=left)
                )
            session.flush()  # the database lets nothing go before that row is there
            session.exec(delete(SealFileRow).where(papers))
        clear_words(session, row)
        forget_letters(session, [release])
        package = package_of(session, release)
        return () if package is None else [package]
