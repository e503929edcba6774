"""Edge. How a town's packages leave it: by link, by staff, by hand-off, or not after all."""

from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID, uuid4

from benchmarks.growth.bulk import Bulk
from benchmarks.growth.chance import DAY, MINUTE, Chance, Life
from benchmarks.growth.planned import BY_LINK, LINK_DAYS, Release, decide
from custody.formats.canonical import format_time
from custody.ledger.ledger import Person, Values

_DOWNLOADS = 5


class Departures:
    """Lets packages leave. ``releaser`` takes back what must not; ``clock`` ends links."""

    def __init__(
        self, bulk: Bulk, chance: Chance, releaser: Person, clock: Person, now: datetime
    ) -> None:
        self._bulk = bulk
        self._chance = chance
        self._releaser = releaser
        self._clock = clock
        self._now = now

    def leave(self, release: Release) -> Life:
        """Let the package leave the house, or not, as was planned."""
        row, at = release.row, release.row["approved_at"] + 4 * MINUTE
        if release.fate in BY_LINK:
            yield at
            yield from self._offer(release, at)
            return
        at = row["collected_at"]
        yield at
        if release.fate == "handoff":
            given = {
                "system": "NICE Evidencentral",
                "reference": f"EV-{self._chance.number(1, 10**6)}",
            }
            acceptance = "taken over by the evidence desk"
            values: Values = {
                **given,
                "actor": release.proposer,
                "role": "operator",
                "acceptance": acceptance,
                "handed": format_time(at.replace(microsecond=0)),
                "sha256": release.sha256,
            }
            self._bulk.append(release.id, "handoff.recorded", values, at=at)
            self._bulk.add(
                "handoff",
                **given,
                id=uuid4(),
                release=release.id,
                person=row["proposed_by"],
                acceptance=acceptance,
                sha256=release.sha256,
                at=at,
            )
        self._left(release, at)

    def _left(self, release: Release, at: datetime, download: UUID | None = None) -> None:
        taker, role = release.proposer, "operator"
        if download is not None:
            taker, role = release.recipient, "recipient"
        self._bulk.add(
            "departure",
            id=uuid4(),
            release=release.id,
            way={"collected": "link"}.get(release.fate, release.fate),
            person=taker.record,
            role=role,
            sha256=release.sha256,
            at=at,
            download=download,
        )
        for exhibit in release.exhibits:
            values: Values = {
                "actor": taker,
                "role": role,
                "release": str(release.id),
                "sha256": release.sha256,
            }
            self._bulk.append(exhibit.id, "exhibit.released", values, at=at)

    def _offer(self, release: Release, at: datetime) -> Life:
        """Issue a link, and let it be used, run out, or be taken back."""
        link, ends = uuid4(), (at + LINK_DAYS * DAY).replace(microsecond=0)
        token = self._chance.digest()
        values: Values = {
            "recipient": release.recipient,
            "expires": format_time(ends),
            "token": token,
            "downloads": _DOWNLOADS,
        }
        self._bulk.append(release.id, "link.issued", values, at=at)
        revoked = release.row["ended_at"]
        over = ends < self._now and revoked is None
        soon = not over and ends < self._now + 3 * DAY
        self._bulk.add(
            "link",
            id=link,
            release=release.id,
            number=1,
            token_sha256=token,
            issued_at=at,
            expires_at=ends,
            downloads_allowed=_DOWNLOADS,
            revoked_at=revoked,
            expired_at=ends if over else None,
            warned_at=ends - 3 * DAY if soon or over else None,
        )
        self._tell(release, "link", f"link:{link}", at)
        if release.fate == "collected":
            yield from self._collect(release, link)
        elif revoked is not None:
            yield revoked
            reason = release.row["ended_reason"]
            decide(
                self._bulk, release, "release.revoked", by=self._releaser, at=revoked, reason=reason
            )
            self._tell(release, "revoked", f"revoked:{release.id}", revoked)
        elif over:
            yield ends
            reason = "the link ended before the recipient collected"
            values = {"actor": self._clock, "role": "system", "reason": reason}
            self._bulk.append(release.id, "release.expired", values, at=ends)

    def _tell(self, release: Release, kind: str, once: str, at: datetime) -> None:
        """Send a message to the recipient."""
        self._bulk.add(
            "message",
            id=uuid4(),
            once=once,
            kind=kind,
            person=release.recipient.record,
            about=release.id,
            state="sent",
            queued_at=at,
            sent_at=at + timedelta(seconds=1),
            reference=self._chance.digest()[:32],
            words="",
        )

    def _collect(self, release: Release, link: UUID) -> Life:
        """Ask for a code, enter it, accept the terms, download; of ten, seven confirm receipt."""
        at, record, collection = release.row["collected_at"], release.id, uuid4()
        yield at - 3 * MINUTE
        for event in ("link.requested", "code.sent"):
            self._bulk.append(record, event, {}, at=at - 3 * MINUTE)
        self._tell(release, "code", f"code:{link}:{at.isoformat()}:1", at - 3 * MINUTE)
        terms = sha256(b"terms").hexdigest()
        yield at
        self._bulk.append(record, "code.accepted", {}, at=at)
        self._bulk.append(record, "terms.accepted", {"terms": terms}, at=at)
        self._bulk.append(record, "download.authorised", {"session": str(collection)}, at=at)
        self._bulk.add(
            "collection",
            id=collection,
            secret_sha256=self._chance.digest(),
            link=link,
            started_at=at,
            seen_at=at,
            terms_sha256=terms,
            terms_at=at,
        )
        download = uuid4()
        self._bulk.add("download", id=download, collection=collection, link=link, authorised_at=at)
        self._left(release, at, download)
        if self._chance.percent(70):
            yield at + 5 * MINUTE
            values: Values = {"sha256": release.sha256}
            self._bulk.append(record, "receipt.confirmed", values, at=at + 5 * MINUTE)
            self._bulk.add(
                "receipt",
                collection=collection,
                sha256=release.sha256,
                confirmed_at=at + 5 * MINUTE,
            )
