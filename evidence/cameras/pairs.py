"""Pure. Which camera of a list is which of the register.

A camera is found again by its reference. Councils renumber their lists, too: what stands at the
same place under another reference, and is on no other line, is the same camera renumbered. Cameras
that are moved on purpose are found by their reference alone.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from evidence.cameras.cameras import MOVING, Camera, KnownCamera, Placement
from evidence.cameras.lists.columns import ListField
from evidence.cameras.lists.listed import CameraList
from evidence.cameras.points import Point, distance_m

NEAR_M = 30
"""So far a camera that nobody moved may lie from where an earlier list had it."""
NAMED_NEAR_M = 150
"""The same, where both lists call the place alike."""
_CELL = 2_000
"""Millionths of a degree; more than `NAMED_NEAR_M` in both directions, in all of Great Britain
but its far north, where it is 110 m from east to west."""


class Pairs:
    """Finds which camera of a list is which of the register."""

    def __init__(self, known: Sequence[KnownCamera], new: CameraList) -> None:
        self._here = [one for one in known if one.gone_on is None]
        self._gone = [one for one in known if one.gone_on is not None]
        self._new = new.cameras
        self._silent = ListField.SENSITIVE not in new.columns
        self._pairs: dict[int, KnownCamera] = {}
        """By the place in the list."""

    def found(self) -> list[tuple[KnownCamera | None, Camera]]:
        """Return each camera of the list with the one that it is; None: a new one."""
        self._by_reference(lambda one, camera: _moves(one, camera) or _same_place(one, camera))
        listed = {camera.reference for camera in self._new}
        there = {one.camera.reference for one in self._here}

        def may_be_renumbered(one: KnownCamera, camera: Camera) -> bool:
            if self._silent and one.camera.sensitive:
                return False  # a list for the public does not speak of it
            # What is moved on purpose keeps a reference that the other side knows, too.
            both_know = one.camera.reference in listed or camera.reference in there
            return not (_moves(one, camera) and both_know)

        self._by_place(may_be_renumbered)
        self._by_reference(lambda _one, _camera: True)
        self._here = self._gone
        self._by_reference(_same_place)
        return [(self._pairs.get(at), camera) for at, camera in enumerate(self._new)]

    def _by_reference(self, agrees: Callable[[KnownCamera, Camera], bool]) -> None:
        free = {one.camera.reference: one for one in self._free()}
        for at, camera in self._open():
            one = free.get(camera.reference)
            if one is not None and agrees(one, camera):
                self._pairs[at] = one

    def _by_place(self, agrees: Callable[[KnownCamera, Camera], bool]) -> None:
        """Pair what lies at one place: the surest pairs first."""
        cells: dict[tuple[int, int], list[KnownCamera]] = defaultdict(list)
        for one in self._free():
            for placed in _standing(one.camera):
                if placed.at is not None:
                    cells[_cell(placed.at)].append(one)
        near = sorted(
            (
                (*_unlikeness(one.camera, camera), at, one.camera.reference, one)
                for at, camera in self._open()
                for one in _around(cells, camera)
                if _same_place(one, camera) and agrees(one, camera)
            ),
            key=lambda found: found[:-1],
        )
        taken = set()
        for *_, at, _, one in near:
            if at not in self._pairs and one.id not in taken:
                self._pairs[at] = one
                taken.add(one.id)

    def _free(self) -> Iterator[KnownCamera]:
        taken = {one.id for one in self._pairs.values()}
        return (one for one in self._here if one.id not in taken)

    def _open(self) -> Iterator[tuple[int, Camera]]:
        return ((at, camera) for at, camera in enumerate(self._new) if at not in self._pairs)


def _cell(point: Point) -> tuple[int, int]:
    return point.latitude // _CELL, point.longitude // _CELL


def _around(
    cells: Mapping[tuple[int, int], list[KnownCamera]], camera: Camera
) -> Iterable[KnownCamera]:
    found = {}
    for placed in _standing(camera):
        if placed.at is not None:
            north, east = _cell(placed.at)
            for one in (
                one
                for up in (-1, 0, 1)
                for right in (-1, 0, 1)
                for one in cells.get((north + up, east + right), ())
            ):
                found[one.id] = one
    return found.values()


def _moves(one: KnownCamera, camera: Camera) -> bool:
    return bool({one.camera.siting, camera.siting} & MOVING)


def _standing(camera: Camera) -> tuple[Placement, ...]:
    """Return where a camera is, as far as is known; of one that is nowhere, where it was last."""
    now = tuple(placed for placed in camera.placements if placed.until is None)
    return now or camera.placements[-1:]


def _unlikeness(one: Camera, other: Camera) -> tuple[bool, float]:
    """Return how unlike two cameras are that lie near each other: name first, and then metres."""
    return min(
        (not _called_alike(here, there), _apart(here, there))
        for here in _standing(one)
        for there in _standing(other)
    )


def _apart(one: Placement, other: Placement) -> float:
    if one.at is None or other.at is None:
        return float("inf")
    return distance_m(one.at, other.at)


def _called_alike(one: Placement, other: Placement) -> bool:
    return "".join(one.location.casefold().split()) == "".join(other.location.casefold().split())


def _same_place(one: KnownCamera, camera: Camera) -> bool:
    return any(
        is_same_place(here, there) for here in _standing(one.camera) for there in _standing(camera)
    )


def is_same_place(one: Placement, other: Placement) -> bool:
    """Tell whether two lists speak of one place."""
    alike = _called_alike(one, other)
    if one.at is None and other.at is None:
        return alike
    return _apart(one, other) <= (NAMED_NEAR_M if alike else NEAR_M)
