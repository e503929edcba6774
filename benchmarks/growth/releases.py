"""Edge. What becomes of releases: proposed and decided here, then sealed, and let go."""

from collections.abc import Sequence
from datetime import datetime
from types import SimpleNamespace

from benchmarks.growth.bulk import Bulk
from benchmarks.growth.chance import DAY, HOUR, MINUTE, Chance, Exhibit, Life
from benchmarks.growth.departures import Departures
from benchmarks.growth.planned import BY_LINK, LINK_DAYS, Release, decide
from benchmarks.growth.sealings import Sealings
from custody.formats.canonical import format_time
from custody.formats.events import RecordKind
from custody.ledger.ledger import Person, Values
from evidence.exhibits.references import make_urn
from evidence.people.two_people import SECONDED, URGENT
from export.release.proposals import ReleaseKind
from export.release.releases import conditions_of, recipient_words

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
_BASIS, _PURPOSE = "DPA 2018 Sch 2 para 2", "investigation of a collision"


class Releases:
    """Begins the lives of releases."""

    def __init__(
        self, bulk: Bulk, chance: Chance, releasers: Sequence[Person], clock: Person, now: datetime
    ) -> None:
        self._bulk = bulk
        self._chance = chance
        self._releasers = releasers
        self._now = now
        self._sealings = Sealings(bulk, chance)
        self._departures = Departures(bulk, chance, releasers[0], clock, now)

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
            self._decide(release, "release.refused", 0, at + HOUR, row["reason"])
            return
        self._decide(release, "release.approved", 0, row["approved_at"], row["reason"])
        if release.fate == "approved":
            return
        at = row["approved_at"] + MINUTE
        yield from self._sealings.seal(release, at)
        yield at + 2 * MINUTE
        if row["urgent"]:
            yield row["seconded_at"]
            seconded_at, reason = row["seconded_at"], row["seconded_reason"]
            self._decide(release, "release.approved", 1, seconded_at, reason)
        yield from self._departures.leave(release)

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
            "delivery": "link" if fate in BY_LINK else "handoff" if fate == "handoff" else "none",
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
            "files": [file.json for exhibit in exhibits for file in release.going(exhibit)],
            "exhibits": [str(exhibit.id) for exhibit in exhibits],
            "basis": _BASIS,
            "purpose": _PURPOSE,
            "conditions": conditions_of(SimpleNamespace(**row, replaces=None), ()),
        }
        self._bulk.append(release.id, "release.proposed", values, at=at)
        return release

    def _decide(self, release: Release, event: str, who: int, at: datetime, reason: str) -> None:
        """Have the first or the second releaser decide."""
        decide(self._bulk, release, event, by=self._releasers[who], at=at, reason=reason)

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


_NOT_YET = {
    "reason": "", "urgent": False, "seconded_reason": "", "ended_reason": "", "approved_by": None,
    "approved_at": None, "collected_at": None, "seconded_by": None, "seconded_at": None,
    "ended_by": None, "ended_at": None, "taken_by": None, "taken_at": None,
}  # fmt: skip
