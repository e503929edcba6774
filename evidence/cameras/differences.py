"""Pure. What a list would change in the register: said before anything is done, and then done.

Nothing is deleted: what a list does not name any more has gone, with the day on which that was
seen. What a list says nothing about stays as it is.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from hashlib import sha256

from custody.formats.canonical import JSON, canonical_json
from evidence.cameras.cameras import Camera, KnownCamera, Placement, register_digest
from evidence.cameras.lists.columns import ListField
from evidence.cameras.lists.listed import CameraList
from evidence.cameras.pairs import Pairs, is_same_place


class ChangeKind(StrEnum):
    """What becomes of a camera."""

    ADDED = "added"
    CHANGED = "changed"
    MOVED = "moved"
    RENUMBERED = "renumbered"
    RETURNED = "returned"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of one camera, and what is known of it afterwards."""

    kind: ChangeKind
    before: KnownCamera | None
    camera: Camera
    former: tuple[str, ...] = ()
    gone_on: date | None = None
    words: tuple[str, ...] = ()
    """What is different, in words."""


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What a list would change."""

    list_sha256: str
    columns: Mapping[ListField, str]
    register: str
    """The version of the register that it was compared with; empty: there was none."""
    changes: tuple[Change, ...]
    listed: int
    repeated: int

    @property
    def counts(self) -> dict[str, int]:
        """Return how many cameras become what."""
        found = Counter(change.kind for change in self.changes)
        return {kind.value: found[kind] for kind in ChangeKind}

    @property
    def digest(self) -> str:
        """Return what names this rehearsal: what is applied must give the same."""
        told: dict[str, JSON] = {
            "list": self.list_sha256,
            "columns": {str(field): column for field, column in self.columns.items()},
            "register": self.register,
            "changes": [
                [change.kind.value, change.camera.reference, list(change.words)]
                for change in self.changes
            ],
        }
        return sha256(canonical_json(told)).hexdigest()


@dataclass(frozen=True, slots=True)
class Days:
    """Today, and the day of the list before this one: what came or went did so between them."""

    today: date
    last: date | None


def rehearse(known: Sequence[KnownCamera], new: CameraList, days: Days) -> Rehearsal:
    """Return what a list would change in a register."""
    pairs = Pairs(known, new).found()
    changes = [_met(before, camera, new, days) for before, camera in pairs]
    met = {before.id for before, _ in pairs if before is not None}
    # A list that does not tell which cameras are sensitive is one for the public: it names none.
    silent = ListField.SENSITIVE not in new.columns
    missing = [
        gone(one, days.today)
        for one in known
        if one.gone_on is None and one.id not in met and not (silent and one.camera.sensitive)
    ]
    return Rehearsal(
        list_sha256=new.sha256,
        columns=new.columns,
        register=register_digest(known) if known else "",
        changes=tuple(change for change in (*changes, *missing) if change is not None),
        listed=len(new.cameras),
        repeated=new.repeated,
    )


def gone(known: KnownCamera, today: date, why: str = "no line of the list") -> Change:
    """Return what becomes of a camera that has gone."""
    placements = tuple(_ended(placed, today) for placed in known.camera.placements)
    camera = replace(known.camera, placements=placements)
    return Change(ChangeKind.GONE, known, camera, known.former, today, (why,))


def _ended(placed: Placement, today: date) -> Placement:
    over = placed.until is not None and placed.until <= today
    return placed if over else replace(placed, until=today)


def _met(before: KnownCamera | None, listed: Camera, new: CameraList, days: Days) -> Change | None:
    """Return what a camera of the list changes; None: nothing."""
    if before is None:
        since = days.last
        placed = tuple(_begun(one, since) for one in listed.placements)
        return Change(ChangeKind.ADDED, None, replace(listed, placements=placed))
    silent = ListField.AREA not in new.columns
    placements, moved = _placed(before.camera.placements, listed.placements, days, silent=silent)
    after = replace(_stated(before.camera, listed, new), placements=placements)
    renumbered = after.reference != before.camera.reference
    former = (*before.former, before.camera.reference) if renumbered else before.former
    returned = before.gone_on is not None
    if after == before.camera and not returned:
        return None
    kind = ChangeKind.CHANGED
    for true, one in (
        (moved, ChangeKind.MOVED),
        (renumbered, ChangeKind.RENUMBERED),
        (returned, ChangeKind.RETURNED),
    ):
        kind = one if true else kind
    return Change(kind, before, after, former, None, tuple(_words(before.camera, after)))


def _begun(placed: Placement, since: date | None) -> Placement:
    return (
        placed
        if placed.since is not None or placed.until is not None
        else replace(placed, since=since)
    )


def _stated(before: Camera, listed: Camera, new: CameraList) -> Camera:
    """Return a camera with what the list says of it, and as it was where the list says nothing."""
    silent = {
        "kind": ListField.KIND,
        "siting": ListField.SITING,
        "views": ListField.VIEWS,
        "owner": ListField.OWNER,
        "maker": ListField.MAKER,
        "origin": ListField.ORIGIN,
    }
    kept = {name: getattr(before, name) for name, one in silent.items() if one not in new.columns}
    if listed.reference in new.unmarked:
        kept["sensitive"] = before.sensitive
    return replace(listed, **kept)


def _placed(
    known: Sequence[Placement], listed: Sequence[Placement], days: Days, *, silent: bool
) -> tuple[tuple[Placement, ...], bool]:
    """Return where a camera was and is by both lists, and whether it has moved.

    ``silent``: the list says nothing of areas.
    """
    left, found, added = list(known), [], []
    for one in listed:
        same = next((k for k in left if _continues(k, one)), None)
        if same is None:
            added.append(_begun(one, days.last))
            continue
        left.remove(same)
        area = same.area if silent else one.area
        found.append(replace(one, since=one.since or same.since, area=area))
    moved = bool(added) and bool(known)
    placements = [*(_ended(one, days.today) for one in left), *found, *added]
    placements.sort(key=lambda p: (p.since or date.min, p.until or date.max, p.location))
    return tuple(placements), moved


def _continues(known: Placement, listed: Placement) -> bool:
    """Tell whether a list speaks of a placement that the register has."""
    begins_alike = listed.since is not None and known.since == listed.since
    ends_alike = listed.until is not None and known.until == listed.until
    return (known.until is None or begins_alike or ends_alike) and is_same_place(known, listed)


def _words(before: Camera, after: Camera) -> Iterator[str]:
    """Say what is different."""
    names = ("reference", "kind", "siting", "owner", "maker", "origin")
    for name in names:
        old, new = getattr(before, name), getattr(after, name)
        if old != new:
            yield f"{name}: {old or 'nothing'}, now {new or 'nothing'}"
    if before.views != after.views:
        yield f"views: {'; '.join(after.views) or 'none'}"
    if before.sensitive != after.sensitive:
        yield "sensitive" if after.sensitive else "not sensitive any more"
    for placed in after.placements:
        if placed not in before.placements:
            yield f"at {_place_words(placed)}"


def _place_words(placed: Placement) -> str:
    words = f"{placed.location}{f', {placed.area}' if placed.area else ''}"
    if placed.at is not None:
        words += f" ({placed.at.latitude / 1e6:.6f}, {placed.at.longitude / 1e6:.6f})"
    since = "" if placed.since is None else f" from {placed.since}"
    return f"{words}{since}{'' if placed.until is None else f' until {placed.until}'}"
