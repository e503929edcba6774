"""Service. Links to packages: one mailbox, a limited time, and the ledger knows every step.

The recipient's side takes tokens as the browser sends them. Before the code nothing that it does
or returns tells a good token from another: not the words, the limits, the writes or the jobs
(docs/adr/0007-recipient-path.md). Counting stands in `evidence/mailbox/codes`, what follows the
code in `export/delivery/collections`, what the clock does in `export/delivery/deadlines`.

Locks are taken in one order: gate, release, link, then the ledger's heads.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from sqlmodel import Session, col, select

from custody.formats.canonical import format_time
from custody.ledger.ledger import Ledger, Values
from custody.ledger.tables import CustodyEventRow
from evidence.errors import StateError
from evidence.mailbox.codes import (
    Gates,
    Standing,
    calls_for_event,
    token_subject,
)
from evidence.mailbox.letters import CodeLetter
from evidence.mailbox.messages import Messages
from evidence.people.access import Action, Subject
from evidence.people.people import require
from evidence.secrets import make_secret, secret_digest
from export.delivery.alive import downloads_of, is_live, lock_link
from export.delivery.collections import Collections
from export.delivery.letters import DeliveryLetter
from export.delivery.recorded import Recorded
from export.delivery.tables import LinkRow
from export.release.decisions import Decisions
from export.release.proposals import Delivery
from export.release.releases import Releases, label, recipient_of, require_recipient
from export.release.states import ReleaseState
from export.release.tables import ReleaseRow
from storage.jobs import Jobs

JOB_CODE = "link.code"
"""Subject: `codes.token_subject`. Deferred for every token alike, known or not."""
JOB_REFUSED = "link.refused"
"""The same for a wrong code: what the ledger is told takes no time of the one who guesses."""
_OF_ONE_LINK = (DeliveryLetter.LINK, CodeLetter.CODE, DeliveryLetter.EXPIRING)
_TOKEN_BYTES = 32


class Links:
    """Issues links and ends them, and leads a recipient past the code to a collection."""

    def __init__(
        self,
        begin: Callable[[], AbstractContextManager[Session]],
        ledger: Ledger,
        releases: Releases,
        decisions: Decisions,
        collections: Collections,
        recorded: Recorded,
        gates: Gates,
        messages: Messages,
        jobs: Jobs,
        *,
        downloads: int,
        clock: Callable[[], datetime],
        random: Callable[[int], bytes],
        new_id: Callable[[], UUID],
    ) -> None:
        self._begin = begin
        self._ledger = ledger
        self._releases = releases
        self._decisions = decisions
        self._collections = collections
        self._recorded = recorded
        self._gates = gates
        self._messages = messages
        self._jobs = jobs
        self._downloads = downloads
        self._clock = clock
        self._random = random
        self._new_id = new_id

    # The staff's side.

    def issue(self, release: UUID) -> None:
        """Issue the first link of a sealed release that goes by link; the work of `JOB_ISSUE`."""
        at = self._clock()
        with self._begin() as session:
            row = session.get_one(ReleaseRow, release, with_for_update=True)
            if row.delivery != Delivery.LINK or row.state != ReleaseState.SEALED:
                return
            if not self.of(session, release):
                self._issue(session, row, 1, self._downloads, at)
        # A crash before this line left nothing: the token was never anywhere but in that
        # transaction. A crash after it leaves link, event and message, and the next run returns.

    def reissue(self, session: Session, name: str, *, by: Subject, at: datetime) -> LinkRow:
        """Issue the next link of a release, and end the ones before; there is no second fee.

        Raises:
            AccessRefusedError, StateError, UnknownError: nothing was recorded.
        """
        require(Action.REISSUE_LINK, by)
        row = self._releases.find(session, name, lock=True)
        called = f"release {label(row)}"
        if row.delivery != Delivery.LINK:
            raise StateError(f"{called} does not go by link: there is none to issue again")
        if row.state not in {ReleaseState.SEALED, ReleaseState.EXPIRED}:
            raise StateError(f"{called} is {row.state}: it has no link to issue again")
        require_recipient(session, row)
        before = self.of(session, row.id)
        self.end_all(session, row.id, at=at)
        # Mail that could not go out yet would lead to a link that is over.
        self._messages.withdraw(
            session, row.id, _OF_ONE_LINK, words="a later link was issued before it could be sent"
        )
        if row.state == ReleaseState.EXPIRED:
            self._decisions.reissued(session, row.id)
        allowed = before[-1].downloads_allowed if before else self._downloads
        return self._issue(session, row, len(before) + 1, allowed, at)

    def _issue(
        self, session: Session, row: ReleaseRow, number: int, allowed: int, at: datetime
    ) -> LinkRow:
        """Make a link with its event and its message; the token is in the message alone."""
        token = make_secret(self._random)
        expires = at.replace(microsecond=0) + timedelta(days=row.link_days)
        link = LinkRow(
            id=self._new_id(),
            release=row.id,
            number=number,
            token_sha256=secret_digest(token),
            issued_at=at,
            expires_at=expires,
            downloads_allowed=allowed,
        )
        session.add(link)
        session.flush()
        words = format_time(expires)
        values: Values = {
            "recipient": recipient_of(session, row),
            "expires": words,
            "token": link.token_sha256,
            "downloads": allowed,
        }
        self._ledger.append(session, row.id, "link.issued", values, at=at)
        private = {"token": token, "expires": words}
        self._tell(session, DeliveryLetter.LINK, row, f"link:{link.id}", private, at)
        return link

    def end_all(self, session: Session, release: UUID, *, at: datetime) -> None:
        """End every link of a release, and so every collection: what a revocation does."""
        # The release is locked first, by whoever calls this: no download is authorised meanwhile.
        session.get_one(ReleaseRow, release, with_for_update=True)
        for link in self.of(session, release):
            if link.revoked_at is None:
                link.revoked_at = at
        session.flush()

    def of(self, session: Session, release: UUID) -> Sequence[LinkRow]:
        """Return the links of a release, the first first."""
        statement = select(LinkRow).where(LinkRow.release == release)
        return session.exec(statement.order_by(col(LinkRow.number))).all()

    # Before the code.

    def standing(self, session: Session, token: str, *, at: datetime) -> Standing:
        """Return where somebody with ``token`` stands; writes nothing (scanners fetch links)."""
        return self._gates.standing(session, secret_digest(token), at=at)

    def ask(self, session: Session, token: str, *, at: datetime) -> Standing:
        """Ask for a code: asked, waiting or locked. The code before is over at once."""
        gate = self._gates.open(session, secret_digest(token), at=at)
        standing = self._gates.ask(gate, at=at)
        session.flush()
        if standing.state == "asked":
            # Nobody has looked yet whether there is such a link: the job does, behind the page.
            self._jobs.defer(session, JOB_CODE, str(token_subject(gate.token_sha256)))
        return standing

    def enter(self, session: Session, token: str, code: str, *, at: datetime) -> str | Standing:
        """Return a new collection's secret, or where the one who entered ``code`` stands.

        Spaces and dashes in the code are ignored; what can be no code is "wrong" and not counted.
        Commit in both cases: a wrong code counts.
        """
        gate = self._gates.open(session, secret_digest(token), at=at)
        barred = self._gates.barred(gate, code, at=at)
        if barred is not None:
            return barred
        if self._gates.check(gate, code, at=at):
            link = self._link(session, gate.token_sha256)
            if link is not None and is_live(session, link, at=at):
                return self._collections.start(session, link, at=at)
            # It ended after its code went out. The page says what it says of any wrong code; the
            # mailbox hears more when it asks for the next one.
        standing = self._gates.refuse(gate, at=at)
        if calls_for_event(gate, at=at):
            session.flush()
            self._jobs.defer(session, JOB_REFUSED, str(token_subject(gate.token_sha256)))
        return standing

    def send_code(self, subject: UUID) -> None:
        """Send the code that was asked for, if there is such a link; the work of `JOB_CODE`.

        Asks that came before the code went out are answered by one code, and are one
        `link.requested`.
        """
        at = self._clock()
        with self._begin() as session:
            gate = self._gates.find(session, subject)
            if gate is None or not self._gates.owes_code(gate):
                return
            link = self._link(session, gate.token_sha256)
            if link is None:
                self._gates.withhold(gate, at=at)
                return
            row = session.get_one(ReleaseRow, link.release)
            why = self._over(session, link, row, at)
            if why:
                self._gates.withhold(gate, at=at)
                once = f"ended:{link.id}:{at.date().isoformat()}"
                self._tell(session, DeliveryLetter.LINK_ENDED, row, once, {"why": why}, at)
                return
            # No code goes to an address, or for a link, that the ledger does not know: the job
            # ends here, and a person is called.
            self._recorded.require_link(session, row, link)
            self._ledger.append(session, row.id, "link.requested", {}, at=at)
            self._ledger.append(session, row.id, "code.sent", {}, at=at)
            self._gates.send_code(
                session, gate, opens=link.id, person=row.recipient, about=row.id, at=at
            )
        # A crash before this line left the ask unanswered, and the next run answers it. After
        # it, gate, events and message stand together, and the next run finds nothing owed.

    def _over(
        self, session: Session, link: LinkRow, row: ReleaseRow, at: datetime
    ) -> Literal["", "withdrawn", "replaced", "expired", "spent"]:
        """Return why a link is over, as `DeliveryLetter.LINK_ENDED` says it; empty: it is not."""
        if row.state == ReleaseState.REVOKED:
            return "withdrawn"
        if link.revoked_at is not None:
            return "replaced"
        if not is_live(session, link, at=at):
            return "expired"
        if len(downloads_of(session, link.id)) >= link.downloads_allowed:
            return "spent"
        return ""

    def record_refusal(self, subject: UUID) -> None:
        """Write `code.refused`, at most one an hour and link; the work of `JOB_REFUSED`."""
        at = self._clock()
        with self._begin() as session:
            gate = self._gates.find(session, subject)
            link = None if gate is None else self._link(session, gate.token_sha256)
            if gate is None or gate.refused_event_at is None or link is None:
                return
            if not is_live(session, link, at=at):
                return
            since = gate.refused_event_at.replace(microsecond=0)
            written = select(CustodyEventRow.id).where(
                CustodyEventRow.record == link.release,
                CustodyEventRow.event == "code.refused",
                CustodyEventRow.at >= since,
            )
            # A run that was killed after its commit left the event; how many were wrong stays in
            # the gate's row (docs/adr/0007-recipient-path.md).
            if session.exec(written.limit(1)).first() is None:
                self._ledger.append(
                    session, link.release, "code.refused", {}, at=max(at, gate.refused_event_at)
                )

    def _link(self, session: Session, digest: str) -> LinkRow | None:
        """Return the link of a token, locked after its release; None: there is none."""
        statement = select(LinkRow.id).where(LinkRow.token_sha256 == digest)
        link = session.exec(statement).first()
        return None if link is None else lock_link(session, link)

    def _tell(
        self,
        session: Session,
        kind: DeliveryLetter,
        row: ReleaseRow,
        once: str,
        private: Mapping[str, str],
        at: datetime,
    ) -> None:
        self._messages.queue(
            session, kind, person=row.recipient, about=row.id, once=once, private=private, at=at
        )
