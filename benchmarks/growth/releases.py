"""Edge. What becomes of releases: proposed, decided, sealed, offered, collected, taken back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

from benchmarks.growth.bulk import Bulk
from benchmarks.growth.chance import DAY, HOUR, MINUTE, Chance, Exhibit, File, Life
from custody.approval import Approval
from custody.canonical import format_time
from custody.events import RecordKind
from custody.ledger import Person, Values
from evidence.exhibits.references import make_urn
from evidence.people.access import SECONDED, URGENT
from export.package.format import layout
from export.release.contents import released_kinds
from export.release.proposals import ReleaseKind
from export.release.releases import conditions_of, recipient_words
from export.sealing.steps import contents_json, facts_digest, steps_digest

LINK_DAYS = 14
_DOWNLOADS = 5
_NAMES = ("Alex", "Robin", "Chris", "Pat", "Jude", "Noor", "Sasha", "Toni")
_SURNAMES = ("Example", "Sample", "Specimen", "Muster", "Dummy", "Placeholder")
_ASKING = (
    (ReleaseKind.POLICE, "Barchester Constabulary", "barchester.police.example"),
    (ReleaseKind.POLICE, "Barchester Constabulary", "barchester.police.example"),
    (ReleaseKind.CPS, "Crown Prosecution Service", "barchester.cps.example"),
    (ReleaseKind.COUNCIL, "Barchester Council", "barchester.example"),
    (ReleaseKind.INSURER, "Example Mutual", "mutual.example"),
)
_FATES = {
    "proposed": 3, "approved": 2, "refused": 4, "staff": 6, "handoff": 8, "offered": 6,
    "revoked": 5, "collected": 66,
}  # fmt: skip
"""What becomes of 100 releases. An offer expires once its link's time is over."""
_BY_LINK = frozenset({"offered", "revoked", "collected"})
_BASIS, _PURPOSE = "DPA 2018 Sch 2 para 2", "investigation of a collision"
_SIGNATURE, _TIMESTAMP = b"signature" * 300, b"timestamp" * 400


@dataclass(slots=True)
class Release:
    """One release: its row, which is written when it is proposed, as it will be in the end."""

    exhibits: Sequence[Exhibit]
    fate: str
    kind: ReleaseKind
    recipient: Person
    proposer: Person
    """Who proposes it, and takes it out if staff do."""
    row: dict[str, Any] = field(default_factory=dict)
    sha256: str = ""

    @property
    def id(self) -> UUID:
        """Its record."""
        return UUID(str(self.row["id"]))


class Releases:
    """Begins the lives of releases."""

    def __init__(
        self, bulk: Bulk, chance: Chance, releasers: Sequence[Person], clock: Person, now: datetime
    ) -> None:
        self._bulk = bulk
        self._chance = chance
        self._releasers = releasers
        self._clock = clock
        self._now = now

    def life(self, exhibits: Sequence[Exhibit], by: Person, at: datetime) -> Life:
        """Propose a release of ``exhibits`` some time after ``at``, and go on to its end."""
        at += self._chance.uniform(5, 600) * MINUTE
        yield at
        release = self._propose(exhibits, by, at)
        row = release.row
        if release.fate == "proposed":
            return
        yield row["approved_at"] or at + HOUR
        if release.fate == "refused":
            self._decide(release, "release.refused", at + HOUR, row["reason"])
            return
        self._decide(release, "release.approved", row["approved_at"], row["reason"])
        if release.fate == "approved":
            return
        at = row["approved_at"] + MINUTE
        yield from self._seal(release, at)
        yield at + 2 * MINUTE
        if row["urgent"]:
            yield row["seconded_at"]
            self._decide(
                release,
                "release.approved",
                row["seconded_at"],
                row["seconded_reason"],
                by=self._releasers[1],
            )
        yield from self._leave(release)

    def _propose(self, exhibits: Sequence[Exhibit], by: Person, at: datetime) -> Release:
        chance = self._chance
        kind, organisation, domain = chance.choice(_ASKING)
        if any(len(exhibit.files) == 1 for exhibit in exhibits):
            kind, organisation, domain = _ASKING[0]  # nothing plays: only the master can go
        first, last = chance.choice(_NAMES), chance.choice(_SURNAMES)
        words = f"{first} {last}", f"{first.lower()}.{last.lower()}@{domain}"
        fate = chance.of(_FATES)
        record = self._bulk.person(*words, at=at).record
        recipient = Person(record, recipient_words(record, *words, organisation))
        release = Release(exhibits, fate, kind, recipient, by)
        row = release.row
        row |= {
            "id": self._bulk.open_record(RecordKind.RELEASE),
            "urn": make_urn("BAR", chance.choice),
            "number": 1,
            "kind": kind.value,
            "recipient": recipient.record,
            "organisation": organisation,
            "purpose": _PURPOSE,
            "basis": _BASIS,
            "with_master": kind is not ReleaseKind.INSURER,
            "proposed_by": by.record,
            "proposed_at": at,
            "delivery": "link" if fate in _BY_LINK else "handoff" if fate == "handoff" else "none",
            "link_days": LINK_DAYS,
            **_NOT_YET,
        }
        self._plan(release, at)
        self._bulk.add("release", **row)
        for exhibit in exhibits:
            self._bulk.add("release_exhibit", release=row["id"], exhibit=exhibit.id)
        values: Values = {
            "actor": by,
            "role": "operator",
            "kind": kind.value,
            "recipient": recipient,
            "files": [file.json for exhibit in exhibits for file in self._going(release, exhibit)],
            "exhibits": [str(exhibit.id) for exhibit in exhibits],
            "basis": _BASIS,
            "purpose": _PURPOSE,
            "conditions": conditions_of(SimpleNamespace(**row, replaces=None), ()),
        }
        self._bulk.append(release.id, "release.proposed", values, at=at)
        return release

    def _going(self, release: Release, exhibit: Exhibit) -> list[File]:
        kinds = released_kinds(with_master=release.row["with_master"])
        return [file for file in exhibit.files if file.kind in kinds]

    def _plan(self, release: Release, at: datetime) -> None:
        """Decide what will become of a release, and say it in its row."""
        row, fate = release.row, release.fate
        if fate == "proposed":
            row["state"] = "proposed"
            return
        if fate == "refused":
            row |= {"state": "refused", "reason": "more than is necessary"}
            return
        approved_at = at + self._chance.uniform(5, 600) * MINUTE
        row |= {
            "approved_by": self._releasers[0].record,
            "approved_at": approved_at,
            "reason": "a second person approves",
            "state": "approved" if fate == "approved" else "sealed",
        }
        if release.kind is ReleaseKind.POLICE and fate != "approved" and self._chance.percent(2):
            due = format_time((approved_at + DAY).replace(microsecond=0))
            row |= {
                "urgent": True,
                "reason": f"{URGENT}; a second approval is due by {due}",
                "seconded_by": self._releasers[1].record,
                "seconded_at": approved_at + HOUR,
                "seconded_reason": SECONDED,
            }
        issued, later = approved_at + 4 * MINUTE, approved_at + 2 * HOUR
        ends = issued + LINK_DAYS * DAY
        if fate == "offered" and ends < self._now:
            row["state"] = "expired"
        if fate == "revoked":
            row |= {
                "state": "revoked",
                "ended_by": self._releasers[0].record,
                "ended_at": later,
                "ended_reason": "sent to the wrong person",
            }
        if fate in {"staff", "handoff", "collected"}:
            row["collected_at"] = later + self._chance.uniform(0, 1) * DAY
        if fate == "staff":
            row |= {"taken_by": row["proposed_by"], "taken_at": row["collected_at"]}

    def _decide(
        self,
        release: Release,
        event: str,
        at: datetime,
        reason: str,
        by: Person | None = None,
    ) -> None:
        who = by or self._releasers[0]
        values: Values = {"actor": who, "role": "releaser", "reason": reason}
        if event == "release.approved":
            alone = Approval.URGENT if release.row["urgent"] else Approval.SECOND_PERSON
            values = {**values, "how": (Approval.CONFIRMED if by else alone).value}
        self._bulk.append(release.id, event, values, at=at)

    def _seal(self, release: Release, at: datetime) -> Life:
        """Seal, join and read back; signature and timestamp are only as long as real ones."""
        yield at
        record, done = release.id, {"release": release.id, "done_at": at}
        small = {
            layout.TAG_MANIFEST: self._manifest(release),
            layout.SIGNATURE: _SIGNATURE,
            layout.TIMESTAMP: _TIMESTAMP,
        }
        kept = {**small, layout.README: b"<!doctype html>"}
        for path, data in kept.items():
            self._bulk.add("seal_file", release=record, path=path, data=data)
        heads = {str(one): self._bulk.head(one) for one in self._records(release)}
        digests = [sha256(data).hexdigest() for data in small.values()]
        event = self._bulk.append(
            record,
            "release.sealed",
            {
                **dict(zip(("seal", "signature", "timestamp"), digests, strict=True)),
                "exhibits": [
                    {
                        "record": str(one.id),
                        "n": heads[str(one.id)][0],
                        "head": heads[str(one.id)][1],
                    }
                    for one in release.exhibits
                ],
                "policy": self._chance.digest(),
            },
            at=at,
        )
        size, crc32 = self._chance.number(10**7, 10**9), self._chance.number(0, 2**32)
        release.sha256 = self._chance.digest()
        facts: Mapping[str, Any] = {
            "payload": {"placed": []},
            "custody": {"heads": heads, "indices": []},
            "signature": {},
            "timestamp": {},
            "ledger": {"event": str(event)},
            "proofs": {},
            "archive": {
                "bucket": "custos-vault",
                "key": f"packages/{record}.zip",
                "version": uuid4().hex,
                "size": size,
                "crc32": crc32,
            },
            "check": {"sha256": release.sha256},
        }
        for step, found in facts.items():
            self._bulk.add("seal_step", **done, step=step, facts=found)
        values: Values = {
            "crc32": f"{crc32:08x}",
            "size": size,
            "facts": facts_digest(facts["archive"]),
        }
        self._bulk.append(record, "release.assembled", values, at=at)
        yield at + MINUTE
        steps = [SimpleNamespace(**done, step=step, facts=found) for step, found in facts.items()]
        values = {
            "sha256": release.sha256,
            "size": size,
            "contents": contents_json({path: sha256(kept[path]).hexdigest() for path in kept}),
            "steps": steps_digest(steps),
        }
        self._bulk.append(record, "release.checked", values, at=at + MINUTE)

    def _records(self, release: Release) -> list[UUID]:
        return [release.id, *(exhibit.id for exhibit in release.exhibits)]

    def _manifest(self, release: Release) -> bytes:
        lines = [
            f"{self._chance.digest()}  {file.kind}-{number}"
            for exhibit in release.exhibits
            for number, file in enumerate(self._going(release, exhibit))
        ]
        return ("\n".join(lines) + "\n").encode()

    def _leave(self, release: Release) -> Life:
        """Let the package leave the house, or not, as was planned."""
        row, at = release.row, release.row["approved_at"] + 4 * MINUTE
        if release.fate in _BY_LINK:
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
            self._decide(release, "release.revoked", revoked, release.row["ended_reason"])
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


_NOT_YET = {
    "reason": "", "urgent": False, "seconded_reason": "", "ended_reason": "", "approved_by": None,
    "approved_at": None, "collected_at": None, "seconded_by": None, "seconded_at": None,
    "ended_by": None, "ended_at": None, "taken_by": None, "taken_at": None,
}  # fmt: skip
