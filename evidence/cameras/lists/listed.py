"""Pure. Cameras from a council's list; of a broken one every fault, and no camera.

A fault names line and column and says what to do: whoever keeps the list is an officer with a
spreadsheet, and not a programmer.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum
from hashlib import sha256
from typing import TypeVar

from evidence.cameras.cameras import MOVING, Camera, CameraKind, Placement, Siting
from evidence.cameras.lists.cells import KINDS, SITINGS, Cells, WrongCellError
from evidence.cameras.lists.columns import COORDINATES, ListField, Mapped, resolve
from evidence.cameras.lists.sheets import (
    MOST_FAULTS,
    Fault,
    FaultsError,
    Sheet,
    SheetRow,
    read_sheet,
)
from evidence.cameras.points import MILLION, GridPoint, Point, is_in_britain, is_on_grid
from evidence.errors import BrokenListError

T = TypeVar("T", bound=StrEnum)
ToPoint = Callable[[GridPoint], Point]
MOST_LETTERS = 200
MOST_VIEWS = 20


@dataclass(frozen=True, slots=True)
class CameraList:
    """What a list says, and what it says nothing about."""

    cameras: tuple[Camera, ...]
    columns: Mapping[ListField, str]
    """Which of its columns say what; what is not named here is left as the register has it."""
    unmarked: frozenset[str]
    """References of cameras of which it does not say whether they are sensitive."""
    sha256: str
    repeated: int = 0
    """Rows that say again, word for word, what stands above them."""

    @property
    def dated(self) -> bool:
        """Whether it says from when to when a camera was somewhere."""
        return ListField.SINCE in self.columns or ListField.UNTIL in self.columns


def header_of(content: bytes) -> tuple[str, ...]:
    """Return the names of a list's columns; empty: it cannot be read so far."""
    try:
        return read_sheet(content).header
    except FaultsError:
        return ()


def read_list(content: bytes, mapped: Mapped, *, to_point: ToPoint) -> CameraList:
    """Read a list from its bytes.

    Raises:
        BrokenListError: names each fault, `MOST_FAULTS` at the most.
        InvalidError: a column is mapped that the list has not.
    """
    try:
        sheet = read_sheet(content)
        columns = resolve(sheet.header, mapped)
        _require_columns(sheet, columns)
        reader = _Rows(sheet, columns, to_point)
        cameras = reader.cameras()
    except FaultsError as error:
        raise BrokenListError([str(fault) for fault in error.faults], most=MOST_FAULTS) from None
    return CameraList(
        cameras, columns, frozenset(reader.unmarked), sha256(content).hexdigest(), reader.repeated
    )


def _require_columns(sheet: Sheet, columns: Mapping[ListField, str]) -> None:
    there = ", ".join(sheet.header)[:400]
    missing = [field for field in (ListField.REFERENCE, ListField.LOCATION) if field not in columns]
    faults = [
        Fault(
            0,
            "",
            f"no column says the {field} of a camera: the list has {there}. Name the right one by "
            f"mapping {field}=COLUMN",
        )
        for field in missing
    ]
    if not sheet.has_geometry and not any(set(pair) <= columns.keys() for pair in COORDINATES):
        faults.append(
            Fault(
                0,
                "",
                f"no two columns say where a camera is: the list has {there}. Map latitude and "
                "longitude, or easting and northing",
            )
        )
    if faults:
        raise FaultsError(*faults)


class _Rows:
    """Reads the rows of one list, and keeps what is wrong with them."""

    def __init__(self, sheet: Sheet, columns: Mapping[ListField, str], to_point: ToPoint) -> None:
        self._sheet, self._columns, self._to_point = sheet, columns, to_point
        self._cells = Cells(columns)
        self._faults: list[Fault] = []
        self._lines: dict[str, tuple[int, Camera]] = {}
        self.unmarked: set[str] = set()
        self.repeated = 0

    def cameras(self) -> tuple[Camera, ...]:
        """Return the cameras, in the order of the list.

        Raises:
            FaultsError: at least one row is wrong.
        """
        for row in self._sheet.rows:
            try:
                self._keep(row, self._camera(row))
            except WrongCellError as error:
                self._fault(row, error.field, str(error))
            if len(self._faults) > MOST_FAULTS:
                break
        if self._faults:
            raise FaultsError(*self._faults)
        return tuple(camera for _, camera in self._lines.values())

    def _fault(self, row: SheetRow, field: ListField | None, words: str) -> None:
        column = "" if field is None else self._columns.get(field, "geometry")
        self._faults.append(Fault(row.line, column, words, self._sheet.unit))

    def _keep(self, row: SheetRow, camera: Camera) -> None:
        """Keep a camera; further rows of one are where it was besides."""
        name = camera.reference.casefold()
        if name not in self._lines:
            self._lines[name] = row.line, camera
            return
        line, before = self._lines[name]
        if set(camera.placements) <= set(before.placements):
            same = replace(before, placements=camera.placements) == camera
        else:
            same = self._is_another_time(before, camera)
        if not same:
            words = (
                f"{camera.reference} stands on {self._sheet.unit} {line} already, and says "
                "something else there: give each camera a reference of its own, or say from when "
                "to when it was at each place (columns since and until)"
            )
            raise WrongCellError(ListField.REFERENCE, words)
        if set(camera.placements) <= set(before.placements):
            self.repeated += 1
            return
        placements = (*before.placements, *camera.placements)
        self._lines[name] = line, replace(before, placements=placements)

    def _is_another_time(self, before: Camera, camera: Camera) -> bool:
        if replace(before, placements=camera.placements) != camera:
            return False
        return not any(
            _overlap(one, other) for one in before.placements for other in camera.placements
        )

    def _camera(self, row: SheetRow) -> Camera:
        reference = self._cells.words(row, ListField.REFERENCE, needed=True)
        sensitive = self._cells.truth(row, ListField.SENSITIVE)
        if sensitive is None:
            self.unmarked.add(reference)
        siting = self._cells.one_of(row, ListField.SITING, SITINGS, Siting.NOT_STATED)
        kind = self._cells.one_of(row, ListField.KIND, KINDS, CameraKind.NOT_STATED)
        return Camera(
            reference=reference,
            placements=(self._placement(row, siting),),
            kind=kind,
            siting=siting,
            views=self._cells.views(row),
            owner=self._cells.words(row, ListField.OWNER),
            maker=self._cells.words(row, ListField.MAKER),
            origin=self._cells.words(row, ListField.ORIGIN),
            sensitive=bool(sensitive),
        )

    def _placement(self, row: SheetRow, siting: Siting) -> Placement:
        location = self._cells.words(row, ListField.LOCATION, needed=True)
        since, until = self._cells.day(row, ListField.SINCE), self._cells.day(row, ListField.UNTIL)
        if since is not None and until is not None and until < since:
            raise WrongCellError(ListField.UNTIL, "it ends before it begins: check the two days")
        at = self._point(row)
        if at is None and siting not in MOVING:
            words = "nothing says where this camera is: give its coordinates"
            raise WrongCellError(self._place_field(), f"{words} (only a moving one may have none)")
        return Placement(location, at, since, until, self._cells.words(row, ListField.AREA))

    def _place_field(self) -> ListField:
        pairs = [first for first, second in COORDINATES if {first, second} <= self._columns.keys()]
        return pairs[0] if pairs else ListField.LATITUDE

    def _point(self, row: SheetRow) -> Point | None:
        for first, second in COORDINATES:
            if {first, second} <= self._columns.keys():
                one, other = self._cells.number(row, first), self._cells.number(row, second)
                if (one is None) != (other is None):
                    words = "one coordinate without the other: fill in both"
                    raise WrongCellError(first if one is None else second, words)
                if one is not None and other is not None:
                    return self._located(one, other, first)
        if row.at is None:
            return None
        east, north = row.at
        if self._sheet.on_grid:
            return self._located(east, north, ListField.EASTING)
        return self._located(north, east, ListField.LATITUDE)

    def _located(self, one: Decimal, other: Decimal, first: ListField) -> Point:
        """Return the point of two coordinates, the first of which is ``first``."""
        if first is ListField.EASTING:
            if not is_on_grid(one, other):
                raise WrongCellError(
                    first, "it is not on the British National Grid: easting and northing in metres"
                )
            point = self._to_point(GridPoint(int(one), int(other)))
            one, other = Decimal(point.latitude) / MILLION, Decimal(point.longitude) / MILLION
        if max(abs(one), abs(other)) > 360:  # noqa: PLR2004 - degrees
            words = "these are no degrees: if they are metres of the British National Grid, map"
            raise WrongCellError(first, f"{words} easting and northing")
        found, turned = (_millionths(*pair) for pair in ((one, other), (other, one)))
        if not is_in_britain(found):
            words = "this is not in Great Britain"
            if is_in_britain(turned):
                words += ": latitude and longitude are exchanged"
            raise WrongCellError(first, f"{words}: check the coordinates")
        return found


def _millionths(latitude: Decimal, longitude: Decimal) -> Point:
    return Point(round(latitude * MILLION), round(longitude * MILLION))


def _overlap(one: Placement, other: Placement) -> bool:
    """Tell whether two placements share a day beside that of a move."""
    begins = max(one.since or date.min, other.since or date.min)
    ends = min(one.until or date.max, other.until or date.max)
    return begins < ends
