"""Service. The rows of the register, as one transaction sees and changes them."""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from custody.ledger.tables import CustodyRecord
from evidence.cameras.cameras import Camera, KnownCamera, Placement
from evidence.cameras.differences import Change
from evidence.cameras.known import known_of
from evidence.cameras.tables import CameraImportRow, CameraRow, PlacementRow
from evidence.errors import UnknownError


class Rows:
    """Every row of the register, as one transaction sees it."""

    def __init__(self, session: Session, *, lock: bool = False) -> None:
        """``lock``: nobody else changes the register until the transaction ends."""
        self._session = session
        statement = select(CameraImportRow).order_by(col(CameraImportRow.number).desc()).limit(1)
        last = session.exec(statement).first()
        if last is not None and lock:
            session.get_one(CustodyRecord, last.record, with_for_update=True)
            last = session.exec(statement).first()
        self.last = last
        self.record = None if last is None else last.record
        again = {"populate_existing": True}
        cameras = session.exec(select(CameraRow), execution_options=again)
        self._cameras = {row.id: row for row in cameras}
        self._placed = {
            (row.camera, row.number): row
            for row in session.exec(select(PlacementRow), execution_options=again)
        }

    def known(self) -> list[KnownCamera]:
        """Return the register."""
        return known_of(self._cameras.values(), self._placed.values())

    def called(self, reference: str) -> CameraRow:
        """Return the camera that goes by a reference now, or has this identifier.

        Raises:
            UnknownError: there is none now.
        """
        wanted = reference.strip().casefold()
        here = (row for row in self._cameras.values() if row.gone_on is None)
        found = next((r for r in here if wanted in (r.reference.casefold(), str(r.id))), None)
        if found is None:
            raise UnknownError(f"there is no camera {reference!r} in the register")
        return found

    def change(self, changes: Sequence[Change], new_id: Callable[[], UUID]) -> list[KnownCamera]:
        """Write what changes; return the register afterwards."""
        for change in changes:
            camera = new_id() if change.before is None else change.before.id
            row = self._cameras.get(camera)
            values = _columns(change)
            if row is None:
                row = self._cameras[camera] = CameraRow(id=camera, **values)
                self._session.add(row)
            else:
                row.sqlmodel_update(values)
            self._place(camera, change.camera.placements)
        self._session.flush()
        return self.known()

    def _place(self, camera: UUID, placements: Sequence[Placement]) -> None:
        """Write where a camera is and was: placements become more, and never fewer."""
        for number, placement in enumerate(placements):
            values = _place_columns(placement)
            row = self._placed.get((camera, number))
            if row is None:
                row = PlacementRow(camera=camera, number=number, **values)
                self._session.add(row)
                self._placed[camera, number] = row
            else:
                row.sqlmodel_update(values)


def _columns(change: Change) -> dict[str, Any]:
    camera: Camera = change.camera
    return {
        "reference": camera.reference,
        "former": list(change.former),
        "kind": camera.kind.value,
        "siting": camera.siting.value,
        "views": list(camera.views),
        "owner": camera.owner,
        "maker": camera.maker,
        "origin": camera.origin,
        "sensitive": camera.sensitive,
        "gone_on": change.gone_on,
    }


def _place_columns(placement: Placement) -> dict[str, Any]:
    at = placement.at
    return {
        "location": placement.location,
        "latitude": None if at is None else at.latitude,
        "longitude": None if at is None else at.longitude,
        "since": placement.since,
        "until": placement.until,
        "area": placement.area,
    }
