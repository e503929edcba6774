"""Pure. Which cameras may have captured something: by a place in words or a point, and a day.

It is given placements of public cameras and of no others, so that what it answers, and how long it
takes, is the same whether there are others or not.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from rapidfuzz import fuzz, process

from evidence.cameras.cameras import REACH_M, CameraKind, Placement, Siting
from evidence.cameras.points import Point, distance_m

MOST_PLACES = 12
"""That somebody is asked to choose from."""
LONGEST_QUESTION = 200
_LIKE, _SURE = 74.0, 95.0
"""Of 100: alike enough to ask whether it is meant; so alike that what is less so is left out."""
_WRITTEN: Mapping[str, str] = {
    "ave": "avenue",
    "cl": "close",
    "cres": "crescent",
    "dr": "drive",
    "jct": "junction",
    "jn": "junction",
    "ln": "lane",
    "pk": "park",
    "pl": "place",
    "rd": "road",
    "sq": "square",
    "st": "street",
    "stn": "station",
    "terr": "terrace",
}
_KINDS_OF_STREET = frozenset(
    ("avenue", "close", "crescent", "drive", "lane", "of", "road", "street", "the", "way")
)
"""Words that tell no place from another."""


@dataclass(frozen=True, slots=True)
class PublicPlacement:
    """Where a public camera is or was."""

    reference: str
    kind: CameraKind
    siting: Siting
    placement: Placement


@dataclass(frozen=True, slots=True)
class Place:
    """A place that cameras are at, by the words of the register."""

    name: str
    area: str
    points: tuple[Point, ...]


class FoundBy(StrEnum):
    """What the register was looked up by."""

    POINT = "point"
    PLACE = "place"
    """One place of the register is called so."""
    SEVERAL = "several places"
    """More than one is: somebody must say which is meant."""
    LIKE = "a like place"
    """None is, and at least one is called much like it."""
    NOTHING = "nothing"
    """No point, and no place of such a name."""


@dataclass(frozen=True, slots=True)
class Sought:
    """What somebody asks for, as they typed it: where, by which cameras, and on which days."""

    words: tuple[str, ...]
    """The place, in the ways in which it may be called: the first that says something counts."""
    point: str
    named: tuple[str, ...]
    days: tuple[date, ...]


@dataclass(frozen=True, slots=True)
class Covering:
    """A camera that may have captured something."""

    reference: str
    location: str
    distance_m: int | None
    """None, as ``at``: the council does not publish where exactly its cameras are."""
    at: Point | None


@dataclass(frozen=True, slots=True)
class Found:
    """What the public cameras of a register say of something sought."""

    by: FoundBy
    places: tuple[str, ...]
    """By the register's own words."""
    cameras: tuple[Covering, ...]
    named: tuple[str, ...]
    """The public cameras that were named with it."""
    register: str
    """The version of the public cameras: the SHA-256 of their canonical form, and of no others."""

    @property
    def decides(self) -> bool:
        """Whether it is plain where that was, and that a camera may have captured it."""
        return bool(self.cameras) and self.by in {FoundBy.POINT, FoundBy.PLACE}


def meant_by(
    sought: Sought, known: Mapping[str, Place], at: Point | None
) -> tuple[tuple[Point, ...], tuple[str, ...], FoundBy]:
    """Return where something sought may have been, by which places, and how that is known."""
    if at is not None:
        return (at,), (), FoundBy.POINT
    for words in sought.words:
        meant = find_places(words, known)
        if meant.places:
            shown = meant.places[:MOST_PLACES]
            by = FoundBy.LIKE if not meant.sure else FoundBy.SEVERAL
            if meant.sure and len(meant.places) == 1:
                by = FoundBy.PLACE
            points = tuple(point for one in shown for point in one.points)
            return points, tuple(one.name for one in shown), by
    return (), (), FoundBy.NOTHING


def covering_on(
    points: Sequence[Point], placed: Sequence[PublicPlacement], days: Iterable[date]
) -> tuple[Covering, ...]:
    """Return the cameras within whose reach one of some points lay on any of some days."""
    nearest: dict[str, Covering] = {}
    for day in days if points else ():
        for one in covering(points, placed, day):
            nearest.setdefault(one.reference, one)
    return tuple(sorted(nearest.values(), key=lambda one: (one.distance_m or 0, one.reference)))


def covering(
    points: Sequence[Point], placed: Iterable[PublicPlacement], day: date
) -> tuple[Covering, ...]:
    """Return the cameras within whose reach one of some points lay on a day, the nearest first."""
    found: dict[str, tuple[float, Covering]] = {}
    for one in placed:
        at = one.placement.at
        if at is None or not one.placement.holds(day):
            continue
        apart = min(distance_m(at, point) for point in points)
        nearer = one.reference not in found or apart < found[one.reference][0]
        if apart <= REACH_M[one.kind] and nearer:
            told = Covering(one.reference, one.placement.location, round(apart), at)
            found[one.reference] = apart, told
    nearest = sorted(found.values(), key=lambda pair: (round(pair[0]), pair[1].reference))
    return tuple(told for _, told in nearest)


def places(placed: Iterable[PublicPlacement]) -> dict[str, Place]:
    """Return the places that cameras are or were at, by their plain names."""
    found: dict[str, Place] = {}
    for one in placed:
        at, location = one.placement.at, one.placement.location
        if at is None:
            continue
        name = plain(location)
        before = found.get(name, Place(location, one.placement.area, ()))
        found[name] = Place(before.name, before.area, (*before.points, at))
    return found


@dataclass(frozen=True, slots=True)
class Meant:
    """The places that somebody may mean, the likeliest first; none: no camera is at such a one."""

    places: tuple[Place, ...] = ()
    sure: bool = False
    """Whether they are called so. If not, whoever asks is asked, even about a single one."""


def find_places(question: str, known: Mapping[str, Place]) -> Meant:
    """Return the places that somebody may mean; spelling is forgiven."""
    wanted = plain(question[:LONGEST_QUESTION])
    if set(wanted.split()) <= _KINDS_OF_STREET:
        return Meant()  # "road" alone is half of the town
    scored = process.extract(
        wanted, list(known), scorer=alike, processor=None, limit=None, score_cutoff=_LIKE
    )
    sure = [one for one in scored if one[1] >= _SURE]
    ranked = sorted(sure or scored, key=lambda one: (-one[1], one[0]))
    return Meant(tuple(known[name] for name, _, _ in ranked[: MOST_PLACES + 1]), bool(sure))


def alike(one: str, other: str, **_more: object) -> float:
    """Return how alike two plain names are, of 100, where the second may say more.

    Each word of the question must be found again: "Chester Road" is no "Talbot Road", though half
    of it is there.
    """
    words, there = one.split(), other.split()
    said = [word for word in words if word not in _KINDS_OF_STREET]
    best = [max(fuzz.ratio(word, candidate) for candidate in there) for word in words]
    own = [score for word, score in zip(words, best, strict=True) if word in said]
    if not own or min(own) < _LIKE:
        return 0.0
    return (2 * sum(own) / len(own) + sum(best) / len(best)) / 3


def plain(text: str) -> str:
    """Return words as they are compared: without case, accents and marks, nothing abbreviated."""
    letters = unicodedata.normalize("NFKD", text.casefold().replace("&", " and "))
    bare = "".join(letter for letter in letters if not unicodedata.combining(letter))
    words = re.sub(r"['\u2019.]", "", bare)
    return " ".join(_WRITTEN.get(word, word) for word in re.findall(r"[^\W_]+", words))
