"""Service. The camera that somebody names: what the register says of it, for forms and exhibits.

What an exhibit states of a camera goes into packages. So of a sensitive camera nothing is taken but
its reference, which whoever took the clip in has typed.
"""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import any_, func, literal, or_, select
from sqlmodel import Session, col

from evidence.cameras.cameras import CameraKind, KnownCamera, Placement
from evidence.cameras.known import HERE, read_cameras, read_page
from evidence.cameras.points import MILLION
from evidence.cameras.tables import CameraRow
from evidence.exhibits.description import Camera
from evidence.exhibits.particulars import CameraOn
from evidence.people.access import Action, Subject
from evidence.people.people import require

MOST_OFFERED = 1000
"""That a form offers; of more, what is typed is found all the same."""


def cameras_on(session: Session) -> CameraOn:
    """Return what says of a reference and a day which camera that is, and where it was."""

    def find(reference: str, day: date) -> Camera | None:
        called = func.lower(col(CameraRow.reference)) == reference.lower()
        found = read_cameras(session, called)
        # A reference is given again when a camera has gone: the one that was somewhere then.
        found.sort(key=lambda known: (_placed(known, day) is None, known.gone_on is not None))
        return _stated(found[0], day) if found else None

    return find


class NamedCameras:
    """Tells staff of the cameras that they name."""

    def offered(self, session: Session, *, by: Subject) -> Sequence[tuple[str, str]]:
        """Return what a form offers: the reference of each camera, and where it is.

        Raises:
            AccessRefusedError: ``by`` may not see the register.
        """
        require(Action.SHOW_CAMERAS, by)
        page = read_page(session, HERE, after=None, most=MOST_OFFERED)
        return [
            (known.camera.reference, known.camera.placements[-1].location)
            for known in page.cameras
            if known.camera.placements
        ]

    def has(self, session: Session, reference: str) -> bool:
        """Tell whether a camera of the register has this reference, or had it."""
        name = func.lower(col(CameraRow.reference)) == reference.lower()
        former = literal(reference) == any_(col(CameraRow.former))
        found = select(col(CameraRow.id)).where(or_(name, former)).limit(1)
        return session.scalar(found) is not None


def _placed(known: KnownCamera, day: date) -> Placement | None:
    return next((one for one in known.camera.placements if one.holds(day)), None)


def _stated(known: KnownCamera, day: date) -> Camera:
    """Return what an exhibit states of a camera."""
    camera, placed = known.camera, _placed(known, day)
    if camera.sensitive:
        return Camera(camera.reference, camera.reference, None, None, None, None)
    kind = None if camera.kind is CameraKind.NOT_STATED else camera.kind.value
    if placed is None:
        return Camera(camera.reference, camera.reference, None, None, None, kind)
    location = f"{placed.location}, {placed.area}" if placed.area else placed.location
    at = placed.at
    return Camera(
        id=camera.reference,
        name=camera.reference,
        location=location,
        lat=None if at is None else _degrees(at.latitude),
        lon=None if at is None else _degrees(at.longitude),
        type=kind,
    )


def _degrees(millionths: int) -> str:
    return f"{millionths / MILLION:.6f}"
