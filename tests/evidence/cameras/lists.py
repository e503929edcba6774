"""Lists of cameras as councils keep them: a real one where it is there, and made ones."""

import os
from pathlib import Path

from evidence.cameras.grid import to_point
from evidence.cameras.lists.columns import NOBODY, Mapped
from evidence.cameras.lists.listed import CameraList, read_list
from evidence.cameras.register import NewList
from evidence.people.access import Role
from tests.houses import House

REAL = Path(os.environ.get("CAMERA_LISTS", Path(__file__).parents[4] / "shared/data"))
"""Trafford Council's open data (OGL v3.0), which lies beside the project and is no part of it."""
HEAD = "camera_id,location,lat,lon\n"
ROWS = (
    "BAR-0001,High Street/Market Square,53.100000,-2.200000\n"
    "BAR-0002,Station Road,53.103000,-2.204000\n"
    'BAR-0003,"The Quadrant, Old Town",53.106000,-2.208000\n'
)
PLAIN = HEAD + ROWS


def real(name: str) -> bytes | None:
    """Return a file of the real list; None: it is not on this machine."""
    path = REAL / name
    return path.read_bytes() if path.is_file() else None


def listed(text: str | bytes, mapped: Mapped = NOBODY) -> CameraList:
    """Read a list."""
    content = text.encode() if isinstance(text, str) else text
    return read_list(content, mapped, to_point=to_point)


def take_over(house: House, content: str) -> None:
    """Take a list over, as it was rehearsed."""
    cameras, by = house.services.cameras, house.subjects[Role.GOVERNANCE]
    new, at = NewList(content.encode(), "cameras.csv", {}), house.services.clock()
    with house.services.transaction() as session:
        name = cameras.rehearse(session, new, by=by, at=at).digest
        cameras.apply(session, new, name, by=by, at=at)
