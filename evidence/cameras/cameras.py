"""Pure. What a camera is: its kind, how it is sited, where it was and when; and all of them.

One version of the register has one name: the SHA-256 of its canonical form
(docs/formats/cameras.md), to which the ledger commits with each change.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from hashlib import sha256
from uuid import UUID

from custody.formats.canonical import JSON, canonical_json
from evidence.cameras.points import Point


class CameraKind(StrEnum):
    """How a camera looks."""

    FIXED = "fixed"
    PTZ = "PTZ"
    """It pans, tilts and zooms: where it looked at a time, only its footage says."""
    MULTI_LENS = "multi-lens"
    NOT_STATED = "not stated"


class Siting(StrEnum):
    """How a camera is put up."""

    PERMANENT = "permanent"
    REDEPLOYABLE = "re-deployable"
    HOUSING = "housing"
    VEHICLE = "vehicle"
    NOT_STATED = "not stated"


MOVING = frozenset({Siting.REDEPLOYABLE, Siting.VEHICLE})
"""What is moved on purpose, and may be nowhere for a time."""
REACH_M: Mapping[CameraKind, int] = {
    CameraKind.FIXED: 100,
    CameraKind.PTZ: 150,
    CameraKind.MULTI_LENS: 100,
    CameraKind.NOT_STATED: 100,
}
"""Metres within which a camera may have captured something: a default, and never a promise."""


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a camera is, or was. Both days count; None: nobody said."""

    location: str
    at: Point | None
    """None: it has no one place, such as that of a vehicle."""
    since: date | None = None
    until: date | None = None
    area: str = ""
    """The ward or district."""

    def holds(self, day: date) -> bool:
        """Tell whether the camera may have been here on a day."""
        begun = self.since is None or self.since <= day
        return begun and (self.until is None or day <= self.until)


@dataclass(frozen=True, slots=True)
class Camera:
    """What is stated of a camera."""

    reference: str
    placements: tuple[Placement, ...]
    kind: CameraKind = CameraKind.NOT_STATED
    siting: Siting = Siting.NOT_STATED
    views: tuple[str, ...] = ()
    """What each lens of a multi-lens camera looks at."""
    owner: str = ""
    maker: str = ""
    origin: str = ""
    """The country that its maker is of."""
    sensitive: bool = False
    """The public is neither told that it exists nor that it does not."""


@dataclass(frozen=True, slots=True)
class KnownCamera:
    """A camera of the register, which stays when the camera has gone: exhibits name it."""

    id: UUID
    camera: Camera
    former: tuple[str, ...] = ()
    """The references that it had before, the oldest first."""
    gone_on: date | None = None


def register_digest(cameras: Iterable[KnownCamera]) -> str:
    """Return the name of this version of the register."""
    told = sorted(map(_told, cameras), key=lambda one: (str(one["reference"]), str(one["id"])))
    return sha256(canonical_json(told)).hexdigest()


def _told(known: KnownCamera) -> dict[str, JSON]:
    """Return everything that a register says of a camera; a row's column each."""
    camera = known.camera
    return {
        "id": str(known.id),
        "reference": camera.reference,
        "former": list(known.former),
        "kind": camera.kind.value,
        "siting": camera.siting.value,
        "views": list(camera.views),
        "owner": camera.owner,
        "maker": camera.maker,
        "origin": camera.origin,
        "sensitive": camera.sensitive,
        "gone_on": _day(known.gone_on),
        "placements": [_placed(one) for one in camera.placements],
    }


def _placed(placement: Placement) -> dict[str, JSON]:
    return {
        "location": placement.location,
        "area": placement.area,
        "latitude": None if placement.at is None else placement.at.latitude,
        "longitude": None if placement.at is None else placement.at.longitude,
        "since": _day(placement.since),
        "until": _day(placement.until),
    }


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
