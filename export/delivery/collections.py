"""Service. What a recipient past the code may do: read, accept, download, confirm.

A collection is one browser of the recipient. It lives 12 hours at most, and no longer than its
link: an expired or revoked link ends it at once, whether or not the clock's work ran (`alive`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlmodel import Session, func, select

from custody.ledger.ledger import Ledger
from evidence.errors import StateError, UnknownError
from evidence.people.tables import PersonRow
from evidence.secrets import make_secret, secret_digest
from export.delivery.alive import OVER, downloads_of, known_by, open_collection
from export.delivery.packages import Package, Packages, Way
from export.delivery.recorded import Recorded
from export.delivery.tables import (
    CollectionRow,
    DepartureRow,
    DownloadRow,
    LinkRow,
    ReceiptRow,
)
from export.package.format import layout
from export.package.format.assembly import seal_of
from export.release.contents import require_clean
from export.release.releases import label, recipient_of
from export.release.tables import ReleaseRow
from export.sealing.steps import SealStep
from export.sealing.tables import SealFileRow, SealStepRow

MOST_BEGUN = 20
"""How often one download may be begun anew, from its first byte; to resume it is none of these."""
_TOUCH = timedelta(minutes=1)
"""How exactly we remember when a browser was last seen: not each page is a write."""
_STOPPED = (
    "The council looks at this package again, and it cannot be downloaded meanwhile. Contact the "
    "council and give the reference"
)


@dataclass(frozen=True, slots=True)
class Collected:
    """What the pages past the code show."""

    collection: UUID
    """Its name in the ledger; no secret."""
    release: ReleaseRow
    label: str
    """URN and number, such as BAR-7K4M-2XQ9-J-R1."""
    recipient: str
    organisation: str
    expires_at: datetime
    """When the link ends."""
    package: Package
    seal: str
    """What the signature covers: the SHA-256 that the recipient may compare."""
    sealed_at: datetime
    terms_sha256: str
    """The terms that were accepted; empty: none yet."""
    terms_at: datetime | None
    downloads_left: int
    """Of the link, whoever used the others."""
    downloads: tuple[UUID, ...]
    """Those of this collection, the latest last: each may be resumed."""
    receipt: ReceiptRow | None


class HeldBackError(StateError):
    """The council looks at a package again: tell the recipient, and let nothing leave."""


class Collections:
    """Knows who is past the code. Each `StateError` is in words for the recipient."""

    def __init__(
        self,
        ledger: Ledger,
        packages: Packages,
        recorded: Recorded,
        *,
        random: Callable[[int], bytes],
        new_id: Callable[[], UUID],
    ) -> None:
        self._ledger = ledger
        self._packages = packages
        self._recorded = recorded
        self._random = random
        self._new_id = new_id

    def start(self, session: Session, link: LinkRow, *, at: datetime) -> str:
        """Begin a collection for somebody who entered the right code; return its secret, once.

        Always a new secret: what a browser held before the code is worth nothing after it.
        """
        secret = make_secret(self._random)
        session.add(
            CollectionRow(
                id=self._new_id(),
                secret_sha256=secret_digest(secret),
                link=link.id,
                started_at=at,
                seen_at=at,
            )
        )
        self._ledger.append(session, link.release, "code.accepted", {}, at=at)
        return secret

    def show(self, session: Session, secret: str, *, at: datetime) -> Collected | None:
        """Return what the recipient sees; None: unknown, ended, idle for 60 min, over 12 h old."""
        try:
            row, link = open_collection(session, secret, at=at)
        except StateError:
            return None
        if at - row.seen_at > _TOUCH:
            row.seen_at = at
        release = session.get_one(ReleaseRow, link.release)
        seal = session.get_one(SealFileRow, (release.id, layout.TAG_MANIFEST))
        made = downloads_of(session, link.id)
        return Collected(
            collection=row.id,
            release=release,
            label=label(release),
            recipient=session.get_one(PersonRow, release.recipient).name,
            organisation=release.organisation,
            expires_at=link.expires_at,
            package=self._packages.package(session, release),
            seal=seal_of(seal.data),
            sealed_at=session.get_one(SealStepRow, (release.id, SealStep.LEDGER.value)).done_at,
            terms_sha256=row.terms_sha256,
            terms_at=row.terms_at,
            downloads_left=max(link.downloads_allowed - len(made), 0),
            downloads=tuple(one.id for one in made if one.collection == row.id),
            receipt=session.get(ReceiptRow, row.id),
        )

    def accept(self, session: Session, secret: str, *, terms_sha256: str, at: datetime) -> None:
        """Record that the terms were accepted; accepting the same ones again changes nothing.

        Raises:
            StateError: the collection ended.
        """
        row, link = open_collection(session, secret, at=at, lock=True)
        if row.terms_sha256 == terms_sha256:
            return
        row.terms_sha256, row.terms_at, row.seen_at = terms_sha256, at, at
        self._ledger.append(session, link.release, "terms.accepted", {"terms": terms_sha256}, at=at)

    def authorise(self, session: Session, secret: str, *, at: datetime) -> DownloadRow:
        """Authorise the one download of a collection; asked again, it is the same, and counts once.

        Raises:
            HeldBackError: the council looks at the package again; nobody gets it meanwhile.
            StateError: the terms are not accepted, no download is left, or the collection ended.
        """
        row, link = open_collection(session, secret, at=at, lock=True)
        if not row.terms_sha256:
            raise StateError("Accept the terms first: the download starts after that.")
        made = downloads_of(session, link.id)
        mine = [one for one in made if one.collection == row.id]
        if mine:
            # Beginning again in the same browser is no new download, nor is a button pressed twice.
            return mine[-1]
        # The link is locked: of two browsers that want the last one, the second counts the first.
        if len(made) >= link.downloads_allowed:
            raise StateError(
                "No download is left on this link. Ask the council for a new link: it costs "
                "nothing."
            )
        row.seen_at = at
        release = session.get_one(ReleaseRow, link.release)
        self._require_sound(session, release, link)
        download = DownloadRow(id=self._new_id(), collection=row.id, link=link.id, authorised_at=at)
        session.add(download)
        values = {"session": str(row.id)}
        self._ledger.append(session, release.id, "download.authorised", values, at=at)
        return download

    def package(self, session: Session, secret: str, download: UUID, *, at: datetime) -> Package:
        """Return the package for one request of an authorised download; writes nothing.

        For each of them, so that it ends with the link. Being idle does not end it: a browser
        resumes by itself hours later, within the 12 hours.

        Raises:
            HeldBackError: the council looks at the package again; nobody gets it meanwhile.
            StateError: the collection ended, or the link expired or was revoked.
            UnknownError: this collection was authorised no such download.
        """
        row, link = open_collection(session, secret, at=at, resuming=True)
        self._authorised(session, row, download)
        release = session.get_one(ReleaseRow, link.release)
        self._require_sound(session, release, link)
        return self._packages.package(session, release)

    def begin(
        self, session: Session, secret: str, download: UUID, *, at: datetime, resumed: bool
    ) -> None:
        """Record that an authorised download begins: an event of every exhibit, each time.

        ``resumed``: the browser asks for a part behind the first byte. That goes on with what was
        begun under this download before, within its 12 hours, and is no other time.

        Raises:
            HeldBackError: the council looks at the package again; nobody gets it meanwhile.
            StateError: as `package`; or it was begun `MOST_BEGUN` times, and a new code is needed.
            UnknownError: this collection was authorised no such download.
        """
        row, link = open_collection(session, secret, at=at, resuming=True, lock=True)
        self._authorised(session, row, download)
        release = session.get_one(ReleaseRow, link.release)
        self._require_sound(session, release, link)
        begun = select(func.count()).where(DepartureRow.download == download)
        times = session.exec(begun).one()
        if resumed and times:
            return
        if times >= MOST_BEGUN:
            # Nobody outside writes into the ledger at will: a new code costs one of the downloads.
            raise StateError(OVER)
        recipient = recipient_of(session, release)
        self._packages.mark_left(
            session,
            release,
            Way.LINK,
            to=recipient,
            role="recipient",
            at=at,
            download=download,
        )

    def _authorised(self, session: Session, row: CollectionRow, download: UUID) -> None:
        found = session.get(DownloadRow, download)
        if found is None or found.collection != row.id:
            raise UnknownError("there is no such download")

    def confirm(self, session: Session, secret: str, sha256: str, *, at: datetime) -> bool:
        """Record the recipient's receipt, once a collection; False if the digest differs.

        Raises:
            StateError: the collection ended, or nothing was downloaded in it.
        """
        row, link = open_collection(session, secret, at=at, resuming=True, lock=True)
        mine = select(DownloadRow.id).where(DownloadRow.collection == row.id).limit(1)
        if session.exec(mine).first() is None:
            raise StateError("Download the package first: the receipt says that it arrived whole.")
        package = self._packages.package(session, session.get_one(ReleaseRow, link.release))
        if sha256.strip().lower() != package.sha256:
            return False
        if session.get(ReceiptRow, row.id) is None:
            session.add(ReceiptRow(collection=row.id, sha256=package.sha256, confirmed_at=at))
            values = {"sha256": package.sha256}
            self._ledger.append(session, link.release, "receipt.confirmed", values, at=at)
        return True

    def leave(self, session: Session, secret: str, *, at: datetime) -> None:
        """End a collection because the recipient left it; an unknown one is no error."""
        statement = select(CollectionRow).where(known_by(secret))
        row = session.exec(statement.with_for_update()).first()
        if row is not None and row.ended_at is None:
            row.ended_at = at

    def _require_sound(self, session: Session, release: ReleaseRow, link: LinkRow) -> None:
        """See that nothing was found in a package, and that link and package are as recorded.

        Staff are told of the first by themselves; the audit of the ledger names the second.
        """
        try:
            require_clean(session, release)
            self._recorded.require_link(session, release, link)
        except StateError as error:
            raise HeldBackError(_STOPPED) from error
