"""A recipient and their mailbox, over the real services, with a clock that the test moves."""

import secrets
import threading
import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session, col, select

from api.times import utc_now
from evidence.mailbox.codes import Gates, Standing, token_subject
from evidence.mailbox.letters import CodeLetter, LetterKind
from evidence.mailbox.tables import MessageRow
from evidence.people.access import Role
from evidence.people.tables import PersonRow
from evidence.secrets import secret_digest
from export.delivery.collections import Collected, Collections
from export.delivery.deadlines import Deadlines
from export.delivery.letters import DeliveryLetter
from export.delivery.links import Links
from export.delivery.recorded import Recorded
from export.delivery.tables import DownloadRow, LinkRow
from export.release.proposals import Delivery
from export.release.tables import ReleaseRow
from tests.houses import WANTED, House
from tests.patterns import Pattern

T = TypeVar("T")
TERMS = "ab" * 32
UNKNOWN = secrets.token_urlsafe(32)
"""A token that looks like any, and leads nowhere."""


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


@dataclass
class Desk:
    """The links of a house at a time of the test's choosing, and the mail that they cause."""

    house: House
    begin: Callable[[], AbstractContextManager[Session]]
    now: datetime = field(default_factory=lambda: utc_now().replace(microsecond=0))
    downloads: int = 2

    @property
    def links(self) -> Links:
        services = self.house.services
        gates = Gates(services.messages, key=services.roots.codes, random=secrets.token_bytes)
        return Links(
            self.begin,
            services.ledger,
            services.releases,
            services.decisions,
            services.collections,
            Recorded(services.histories),
            gates,
            services.messages,
            services.jobs,
            downloads=self.downloads,
            clock=lambda: self.now,
            random=secrets.token_bytes,
            new_id=uuid.uuid4,
        )

    @property
    def collections(self) -> Collections:
        return self.house.services.collections

    @property
    def deadlines(self) -> Deadlines:
        services = self.house.services
        return Deadlines(self.begin, services.decisions, services.messages)

    def later(self, by: timedelta) -> None:
        self.now += by

    def do(self, work: Callable[[Session], T]) -> T:
        with self.begin() as session:
            return work(session)

    def ask(self, token: str) -> Standing:
        """Ask as the page does."""
        return self.do(lambda session: self.links.ask(session, token, at=self.now))

    def work(self, token: str) -> None:
        """Do the jobs that an ask or a wrong code deferred."""
        subject = token_subject(secret_digest(token))
        self.links.send_code(subject)
        self.links.record_refusal(subject)
        done = text("DELETE FROM procrastinate_jobs WHERE args->>'subject' = :subject")
        self.do(lambda s: s.connection().execute(done, {"subject": str(subject)}))

    def enter(self, token: str, code: str) -> str | Standing:
        return self.do(lambda session: self.links.enter(session, token, code, at=self.now))

    def standing(self, token: str) -> Standing:
        return self.do(lambda session: self.links.standing(session, token, at=self.now))

    def code(self, release: ReleaseRow, token: str) -> str:
        """Ask a moment later, and read the code in the mail."""
        self.later(timedelta(seconds=1))
        asked = self.ask(token)
        assert asked.state == "asked", asked
        self.work(token)
        return self.mail(release, CodeLetter.CODE)[-1]["code"]

    def past(self, release: ReleaseRow, token: str) -> str:
        """Go past the code; return the secret."""
        secret = self.enter(token, self.code(release, token))
        assert isinstance(secret, str), secret
        return secret

    def agreed(self, release: ReleaseRow, token: str) -> str:
        """Go past the code and accept the terms; return the secret."""
        secret = self.past(release, token)
        self.accept(secret)
        return secret

    def accept(self, secret: str, terms: str = TERMS) -> None:
        self.do(lambda s: self.collections.accept(s, secret, terms_sha256=terms, at=self.now))

    def collection(self, secret: str) -> Collected | None:
        return self.do(lambda session: self.collections.show(session, secret, at=self.now))

    def authorise(self, secret: str) -> DownloadRow:
        return self.do(lambda session: self.collections.authorise(session, secret, at=self.now))

    def download(self, secret: str, download: UUID, *, resumed: bool = False) -> None:
        self.do(
            lambda session: self.collections.begin(
                session, secret, download, at=self.now, resumed=resumed
            )
        )

    def package(self, secret: str, download: UUID) -> str:
        return self.do(
            lambda session: self.collections.package(session, secret, download, at=self.now).sha256
        )

    def confirm(self, secret: str, sha256: str) -> bool:
        return self.do(
            lambda session: self.collections.confirm(session, secret, sha256, at=self.now)
        )

    def reissue(self, release: ReleaseRow, role: str = Role.OPERATOR) -> LinkRow:
        by = self.house.subjects[role]
        return self.do(lambda s: self.links.reissue(s, str(release.id), by=by, at=self.now))

    def revoke(self, release: ReleaseRow) -> None:
        self.do(lambda session: self.links.end_all(session, release.id, at=self.now))

    def link(self, release: ReleaseRow) -> LinkRow:
        """Return the last link."""
        return self.do(lambda session: self.links.of(session, release.id))[-1]

    def messages(self, release: ReleaseRow, kind: LetterKind) -> list[MessageRow]:
        statement = select(MessageRow).where(
            MessageRow.about == release.id, MessageRow.kind == kind.value
        )
        return self.do(lambda s: list(s.exec(statement.order_by(col(MessageRow.queued_at)))))

    def mail(self, release: ReleaseRow, kind: LetterKind) -> list[dict[str, str]]:
        """Return what the mails of a kind that can still go say beside the rows, in order."""
        opened = self.house.services.messages.open
        return [dict(opened(row)) for row in self.messages(release, kind) if row.sealed]

    def token(self, release: ReleaseRow) -> str:
        return self.mail(release, DeliveryLetter.LINK)[-1]["token"]

    def state(self, release: ReleaseRow) -> ReleaseRow:
        return self.do(lambda session: session.get_one(ReleaseRow, release.id))

    def names(self, record: UUID) -> list[str]:
        """Return the events of a record, after the seal's."""
        return [name for name, _ in self.house.events(record)]

    def count(self, release: ReleaseRow, event: str) -> int:
        return self.names(release.id).count(event)

    def jobs(self, name: str, subject: UUID) -> int:
        """Return how many jobs wait."""
        statement = text(
            "SELECT count(*) FROM procrastinate_jobs WHERE task_name = :name"
            " AND args->>'subject' = :subject AND status = 'todo'"
        )
        found = self.do(
            lambda s: s.connection().scalar(statement, {"name": name, "subject": str(subject)})
        )
        return int(found or 0)


def sealed(
    house: House,
    exhibit: str,
    *,
    pattern: Pattern | None = None,
    **change: Any,  # noqa: ANN401
) -> ReleaseRow:
    """Seal a release of an exhibit that goes by link; no link is issued yet.

    With a pattern nothing is made: it is as sealed as the pattern's model is.
    """
    wanted = replace(WANTED, exhibits=(exhibit,), **{"delivery": Delivery.LINK, **change})
    by = house.subjects[Role.OPERATOR]
    row = house.do(
        Role.OPERATOR,
        lambda session: house.services.proposals.propose(session, wanted, by=by, at=utc_now()),
    )
    house.approve(row)
    if pattern is None:
        house.seal(row)
    else:
        pattern.seal(row)
    return row


def person(house: House, release: ReleaseRow) -> PersonRow:
    with house.services.transaction() as session:
        return session.get_one(PersonRow, release.recipient)


def at_once(*works: Callable[[], object]) -> list[object]:
    """Do things in threads that start together; return what each returned or raised."""
    gate = threading.Barrier(len(works))
    results: list[object] = [None] * len(works)

    def run(index: int, work: Callable[[], object]) -> None:
        gate.wait()
        try:
            results[index] = work()
        except Exception as error:  # noqa: BLE001 - it is the result
            results[index] = error

    threads = [threading.Thread(target=run, args=one) for one in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results
