"""Service. Links to packages: one mailbox, a limited time, and the ledger knows every step.

The recipient's side takes tokens and secrets as the browser sends them. Before the code nothing
that it does or returns tells a good token from another: not the words, the limits, the writes or
the jobs (docs/adr/0007-recipient-path.md). Counting stands in `evidence/mailbox/codes`, what
follows the code in `export/delivery/collections`, what the clock does in
`export/delivery/deadlines`.

Locks are taken in one order: gate, release, link, then the ledger's heads.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from sqlmodel import Session, col, select

from custody.canonical import format_time
from custody.ledger import Ledger, Person
from custody.tables import CustodyEventRow
from evidence.errors import StateError
from evidence.mailbox.codes import (
    CODE_LIFE,
    Gates,
    Standing,
    calls_for_event,
    read_code,
    token_subject,
)
from evidence.mailbox.messages import MessageKind, Messages
from evidence.mailbox.tables import GateRow
from evidence.people.access import Action, Subject
from evidence.people.people import require
from evidence.people.tables import PersonRow
from evidence.secrets import make_secret, secret_digest
from export.delivery.collections import Collected, Collections, downloads_of, is_live, lock_link
from export.delivery.deadlines import Deadlines
from export.delivery.packages import Package, Packages
from export.delivery.tables import DownloadRow, LinkRow
from export.release.decisions import Decisions
from export.release.proposals import Delivery
from export.release.releases import Releases, label
from export.release.states import ReleaseState
from export.release.tables import ReleaseRow
from storage.jobs import Jobs

__all__ = ["JOB_CODE", "JOB_REFUSED", "Collected", "Links", "Standing"]

JOB_CODE = "link.code"
"""Subject: `gates.token_subject`. Deferred for every token alike, known or not."""
JOB_REFUSED = "link.refused"
"""The same for a wrong code: what the ledger is told takes no time of the one who guesses."""
_OF_ONE_LINK = (MessageKind.LINK, MessageKind.CODE, MessageKind.EXPIRING)


class Links:
    """Issues links, and leads their recipients from the mailbox to the package."""

    def __init__(
        self,
        begin: Callable[[], AbstractContextManager[Session]],
        ledger: Ledger,
        releases: Releases,
        decisions: Decisions,
        packages: Packages,
        messages: Messages,
        jobs: Jobs,
        *,
        key: bytes,
        downloads: int,
        clock: Callable[[], datetime],
        random: Callable[[int], bytes],
        new_id: Callable[[], UUID],
    ) -> None:
        self._begin = begin
        self._ledger = ledger
        self._releases = releases
        self._decisions = decisions
        self._messages = messages
        self._jobs = jobs
        self._downloads = downloads
        self._clock = clock
        self._random = random
        self._new_id = new_id
        self._gates = Gates(key=key, random=random)
        self._collecting = Collections(ledger, packages, random=random, new_id=new_id)
        self._deadlines = Deadlines(begin, decisions, messages)

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
        person = session.get_one(PersonRow, row.recipient)
        recipient = Person(person.id, f"{person.name} <{person.email}>")
        words = format_time(expires)
        self._ledger.append(
            session, row.id, "link.issued", {"recipient": recipient, "expires": words}, at=at
        )
        private = {"token": token, "expires": words}
        self._tell(session, MessageKind.LINK, row, f"link:{link.id}", private, at)
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

    def downloads(self, session: Session, release: UUID) -> Sequence[DownloadRow]:
        """Return the downloads that were authorised of a release, the first first."""
        links = self.of(session, release)
        return [download for link in links for download in downloads_of(session, link.id)]

    # Before the code.

    def standing(self, session: Session, token: str, *, at: datetime) -> Standing:
        """Return where somebody with ``token`` stands; writes nothing (scanners fetch links)."""
        return self._gates.standing(session.get(GateRow, secret_digest(token)), at=at)

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
        now = self._gates.standing(gate, at=at)
        if now.state == "locked":
            return now
        digits = read_code(code)
        if digits is None:
            return replace(now, state="wrong")
        if self._gates.check(gate, digits, at=at):
            link = self._link(session, gate)
            if link is not None and is_live(session, link, at=at):
                return self._collecting.start(session, link, at=at)
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
            gate = self._gate(session, subject)
            if gate is None or not self._gates.owes_code(gate):
                return
            link = self._link(session, gate)
            if link is None:
                self._gates.withhold(gate, at=at)
                return
            row = session.get_one(ReleaseRow, link.release)
            why = self._over(session, link, row, at)
            if why:
                self._gates.withhold(gate, at=at)
                once = f"ended:{link.id}:{at.date().isoformat()}"
                self._tell(session, MessageKind.LINK_ENDED, row, once, {"why": why}, at)
                return
            code = self._gates.draw(gate, at=at)
            until = format_time((at + CODE_LIFE).replace(microsecond=0))
            self._ledger.append(session, row.id, "link.requested", {}, at=at)
            self._ledger.append(session, row.id, "code.sent", {}, at=at)
            once = f"code:{link.id}:{gate.asks[-1].isoformat()}:{len(gate.asks)}"
            self._tell(session, MessageKind.CODE, row, once, {"code": code, "expires": until}, at)
        # A crash before this line left the ask unanswered, and the next run answers it. After
        # it, gate, events and message stand together, and the next run finds nothing owed.

    def _over(
        self, session: Session, link: LinkRow, row: ReleaseRow, at: datetime
    ) -> Literal["", "withdrawn", "replaced", "expired", "spent"]:
        """Return why a link is over, in the words of `MessageKind.LINK_ENDED`; empty: it is not."""
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
            gate = self._gate(session, subject)
            link = None if gate is None else self._link(session, gate)
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

    def _gate(self, session: Session, subject: UUID) -> GateRow | None:
        """Return the gate that a job is about, locked."""
        first, last = subject.hex + "0" * 32, subject.hex + "f" * 32
        statement = select(GateRow).where(col(GateRow.token_sha256).between(first, last))
        return session.exec(statement.with_for_update()).first()

    def _link(self, session: Session, gate: GateRow) -> LinkRow | None:
        """Return the link behind a gate, locked after its release; None: there is none."""
        statement = select(LinkRow.id).where(LinkRow.token_sha256 == gate.token_sha256)
        link = session.exec(statement).first()
        return None if link is None else lock_link(session, link)

    def _tell(
        self,
        session: Session,
        kind: MessageKind,
        row: ReleaseRow,
        once: str,
        private: Mapping[str, str],
        at: datetime,
    ) -> None:
        self._messages.queue(
            session, kind, person=row.recipient, about=row.id, once=once, private=private, at=at
        )

    # Past the code. Errors are `StateError` (in words for the recipient) or `UnknownError`.

    def collection(self, session: Session, secret: str, *, at: datetime) -> Collected | None:
        """Return what the recipient sees; None: unknown, ended, idle for 60 min, over 12 h old."""
        return self._collecting.show(session, secret, at=at)

    def accept(self, session: Session, secret: str, *, terms_sha256: str, at: datetime) -> None:
        """Record that the terms were accepted; accepting the same ones again changes nothing."""
        self._collecting.accept(session, secret, terms_sha256=terms_sha256, at=at)

    def authorise(self, session: Session, secret: str, *, at: datetime) -> DownloadRow:
        """Authorise the one download of a collection; asked again, it is the same, and counts once.

        Raises:
            StateError: the terms are not accepted, no download is left, or the collection ended.
        """
        return self._collecting.authorise(session, secret, at=at)

    def package(self, session: Session, secret: str, download: UUID, *, at: datetime) -> Package:
        """Return the package for one request of an authorised download; writes nothing.

        For each of them, so that it ends with the link. Being idle does not end it: a browser
        resumes by itself hours later, within the 12 hours.

        Raises:
            StateError: the collection ended, or the link expired or was revoked.
            UnknownError: this collection was authorised no such download.
        """
        return self._collecting.package(session, secret, download, at=at)

    def confirm(self, session: Session, secret: str, sha256: str, *, at: datetime) -> bool:
        """Record the recipient's receipt, once a collection; False if the digest differs.

        Raises:
            StateError: the collection ended, or nothing was downloaded in it.
        """
        return self._collecting.confirm(session, secret, sha256, at=at)

    def leave(self, session: Session, secret: str, *, at: datetime) -> None:
        """End a collection because the recipient left it; an unknown one is no error."""
        self._collecting.leave(session, secret, at=at)

    # The clock's work.

    def mark_due(self, *, at: datetime) -> None:
        """Do what is due: expiries, warnings, second approvals, and what may be forgotten."""
        self._deadlines.mark(at=at)
