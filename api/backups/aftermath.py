"""Edge. What a restore does about what happened after its backup, as far as the log tells it.

The rows are those of the backup, and the log is ahead of them. What was taken back since is taken
back again; who was signed in is not any more; what was erased, `export.disposal.restored` erases
again. For the rest a person is called: the log tells that something happened, when, and in whose
record; what it said is lost.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from api.services import Services
from custody.formats.canonical import format_time
from custody.formats.events import RecordKind
from custody.recovery.recovery import KnownEvent, LostRecord, Recovered
from evidence import attention
from evidence.errors import EvidenceError
from evidence.paging import Cursor, Page, every
from evidence.people.access import Subject
from evidence.people.tokens import HeldToken

LOST = "backup.restored"
"""As what a person is called to a record that the backup does not tell the whole of."""
_SHOWN = 8
_AGAIN = "It was taken back after the backup from which this installation was restored."


@dataclass(frozen=True, slots=True)
class Aftermath:
    """What was done."""

    taken_back: int
    """Releases that were taken back again."""
    tokens: int
    """Tokens that were ended, because nobody can tell which of them had been."""
    called: int
    """Records to which a person was called."""
    erased: int = 0
    """Records that were erased again."""


def settle(
    services: Services,
    session: Session,
    found: Recovered,
    *,
    by: Subject,
    at: datetime,
) -> Aftermath:
    """Do what follows, in the transaction in which the log came back."""
    services.sessions.end_all(session, at=at)
    return Aftermath(
        taken_back=_take_back_again(services, session, found.known, by, at),
        tokens=_end_tokens(services, session, found.lost, by, at),
        called=_call(session, found.lost, at),
    )


def _take_back_again(
    services: Services, session: Session, known: Iterable[KnownEvent], by: Subject, at: datetime
) -> int:
    count = 0
    for record in {one.record for one in known if one.event == "release.revoked"}:
        try:
            services.revocations.revoke(session, str(record), by=by, at=at, reason=_AGAIN)
        except EvidenceError:  # as the backup has it, it had not left yet
            continue
        count += 1
    return count


def _end_tokens(
    services: Services, session: Session, lost: Iterable[LostRecord], by: Subject, at: datetime
) -> int:
    """End every token, if one was ended since: the log does not tell any more which."""
    if not any(event.event == "token.revoked" for one in lost for event in one.events):
        return 0

    def page(cursor: Cursor | None) -> Page[HeldToken]:
        return services.tokens.held(session, cursor=cursor)

    ended = [one for one in every(page) if one.state(at) == "works"]
    for one in ended:
        services.tokens.revoke(session, one.id, by=by, at=at)
    return len(ended)


def _call(session: Session, lost: Iterable[LostRecord], at: datetime) -> int:
    called = 0
    for one in lost:
        if one.known and one.kind in (RecordKind.EXHIBIT, RecordKind.RELEASE, RecordKind.REQUEST):
            attention.call(session, one.record, LOST, _words(one), at=at)
            called += 1
    return called


def _words(one: LostRecord) -> str:
    shown = ", ".join(f"{event.event} ({format_time(event.at)})" for event in one.events[:_SHOWN])
    more = f" and {len(one.events) - _SHOWN} more" if len(one.events) > _SHOWN else ""
    return (
        f"A backup was restored. After it this happened, and what was said of it is lost: {shown}"
        f"{more}. Find out what it was, and do it again where that is needed"
    )
