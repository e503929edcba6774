"""Pure. A council's list from its bytes: CSV or GeoJSON, in whatever form an office saves it.

Nothing here knows what a camera is: columns, rows, and where in the file each of them stands.
GeoJSON: RFC 7946, and the older form with a ``crs``, in which the British National Grid comes.
"""

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NoReturn

MOST_BYTES = 1 << 20
"""Of one list: what the service takes as the body of a call; some thousand cameras."""
MOST_ROWS = 5000
MOST_COLUMNS = 200
MOST_FAULTS = 50
"""That are told of one list: who has mended them asks again."""
_DELIMITERS = ",;\t"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_WGS84 = ("CRS84", "EPSG::4326", "EPSG:4326")
_GRID = ("EPSG::27700", "EPSG:27700")
_PAIR = 2


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a list, where, and what to do about it."""

    line: int
    """Of the file, from 1; of GeoJSON the number of the feature; 0: the whole list."""
    column: str
    words: str
    unit: str = "line"

    def __str__(self) -> str:
        """Return it as people read it."""
        where = [f"{self.unit} {self.line}"] if self.line else []
        where += [f"column {self.column}"] if self.column else []
        return f"{', '.join(where)}: {self.words}" if where else self.words


class FaultsError(Exception):
    """A list that is broken; only `evidence.cameras.lists.listed` sees it."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__("; ".join(map(str, faults)))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class SheetRow:
    """One row: its cells by their column, and where it lies if its geometry says so."""

    line: int
    cells: Mapping[str, str]
    at: tuple[Decimal, Decimal] | None = None
    """East before north."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A list, cell by cell."""

    header: tuple[str, ...]
    rows: tuple[SheetRow, ...]
    unit: str = "line"
    has_geometry: bool = False
    on_grid: bool = False
    """Whether geometry is on the British National Grid; else it is WGS84."""


def read_sheet(content: bytes) -> Sheet:
    """Read a list.

    Raises:
        FaultsError: it is too large, of no form that is known, or no whole table.
    """
    if len(content) > MOST_BYTES:
        _refuse(
            f"the list has {len(content)} bytes; {MOST_BYTES} are allowed: is it the right file?"
        )
    text = _decoded(content)
    sheet = _geojson(text) if text.lstrip()[:1] in ("{", "[") else _csv(text)
    if not sheet.rows:
        _refuse("the list holds nothing: no row follows the names of its columns")
    if len(sheet.rows) > MOST_ROWS:
        _refuse(f"the list has {len(sheet.rows)} rows; {MOST_ROWS} are allowed")
    return sheet


def _refuse(words: str, line: int = 0, column: str = "", unit: str = "line") -> NoReturn:
    raise FaultsError(Fault(line, column, words, unit))


def _decoded(content: bytes) -> str:
    """Return the text: UTF-8, with a mark in front or without, or else what Windows saves."""
    if content.startswith(_UTF16):
        _refuse("the list is saved as UTF-16: save it as “CSV UTF-8” and try again")
    line = 0
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
            continue
        if "\0" in text:
            _refuse("this is no text file: save the list as CSV or GeoJSON and try again")
        return text
    _refuse("a character can be read neither as UTF-8 nor as Windows-1252: type it again", line)


def _csv(text: str) -> Sheet:
    first = text.lstrip().partition("\n")[0]
    delimiter = max(_DELIMITERS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows = _records(reader)
    _, header = next(rows, (0, []))
    names = _named(header)
    found: list[SheetRow] = []
    faults: list[Fault] = []
    for line, cells in rows:
        while len(cells) > len(header) and not cells[-1]:
            cells.pop()
        if len(cells) == len(header):
            found.append(SheetRow(line, dict(zip(names, cells, strict=True))))
        else:
            faults.append(Fault(line, "", _uneven(len(cells), len(header))))
        if len(faults) == MOST_FAULTS:
            break
    if faults:
        raise FaultsError(*faults)
    return Sheet(tuple(name for name in names if name), tuple(found))


def _uneven(cells: int, columns: int) -> str:
    words = f"{cells} cells in a list of {columns} columns"
    if cells > columns:
        return f"{words}: put text that holds a comma between double quotes"
    return f"{words}: leave a cell empty, and keep its comma"


def _records(reader: Any) -> Iterator[tuple[int, list[str]]]:  # noqa: ANN401 - what csv.reader returns
    """Yield each record that holds something, with the line on which it begins."""
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            _refuse(f"this is no CSV ({error}): look at the double quotes of this line", line)
        stripped = [cell.strip() for cell in cells]
        if any(stripped):
            yield line, stripped


def _named(header: Sequence[str]) -> list[str]:
    """Return the names of the columns; what has none keeps its place and is read by nobody."""
    names = [name for name in header if name]
    if len(names) > MOST_COLUMNS:
        _refuse(f"the list has {len(names)} columns; {MOST_COLUMNS} are allowed", 1)
    for name in names:
        if names.count(name) > 1:
            _refuse("two columns have this name: name them apart", 1, name[:80])
    return list(header)


def _geojson(text: str) -> Sheet:
    try:
        whole = json.loads(text, parse_float=Decimal, parse_constant=_no_number)
    except (ValueError, ArithmeticError, RecursionError) as error:
        line = error.lineno if isinstance(error, json.JSONDecodeError) else 0
        _refuse("this begins like GeoJSON and cannot be read as JSON: export it again", line)
    features = whole.get("features") if isinstance(whole, dict) else None
    if not isinstance(features, list) or not all(isinstance(one, dict) for one in features):
        _refuse("this JSON is no GeoJSON FeatureCollection: export it as one")
    header: dict[str, None] = {}
    rows = []
    for number, feature in enumerate(features[: MOST_ROWS + 1], 1):
        cells = _properties(number, feature)
        header.update(dict.fromkeys(cells))
        rows.append(SheetRow(number, cells, _position(number, feature.get("geometry"))))
    if len(header) > MOST_COLUMNS:
        _refuse(f"the features have {len(header)} properties; {MOST_COLUMNS} are allowed")
    names = tuple(header)
    # What a feature leaves out is as if it were empty.
    even = tuple(
        SheetRow(row.line, {**dict.fromkeys(names, ""), **row.cells}, row.at) for row in rows
    )
    return Sheet(names, even, "feature", has_geometry=True, on_grid=_on_grid(whole.get("crs")))


def _no_number(text: str) -> NoReturn:
    raise ValueError(text)


def _on_grid(crs: object) -> bool:
    """Tell whether an older GeoJSON names the British National Grid."""
    properties = crs.get("properties") if isinstance(crs, dict) else None
    name = str(properties.get("name")) if isinstance(properties, dict) else ""
    if crs is None or name.endswith(_WGS84):
        return False
    if name.endswith(_GRID):
        return True
    _refuse("its coordinates are in a system that is not read: export it as WGS84 or EPSG:27700")


def _properties(number: int, feature: Mapping[str, Any]) -> dict[str, str]:
    properties = feature.get("properties") or {}
    if not isinstance(properties, dict):
        _refuse("its properties are no object: export the list again", number, unit="feature")
    cells = {}
    for name, value in properties.items():
        if isinstance(value, dict | list):
            value = json.dumps(value, default=str)  # noqa: PLW2901 - read by nobody, unless mapped
        cells[name.strip()] = _cell(value)
    return cells


def _cell(value: object) -> str:
    """Return a value as a table would have it: 1001.0 is 1001, and true is yes."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Decimal) and value == value.to_integral_value() and value.adjusted() < 18:  # noqa: PLR2004 - what an identifier has
        return str(int(value))
    return str(value).strip()


def _position(number: int, geometry: object) -> tuple[Decimal, Decimal] | None:
    if geometry is None:
        return None
    kind = geometry.get("type") if isinstance(geometry, dict) else None
    place = geometry.get("coordinates") if isinstance(geometry, dict) else None
    if kind != "Point" or not isinstance(place, list) or len(place) < _PAIR:
        _refuse("its geometry is no Point: give each camera one", number, unit="feature")
    east, north = place[:_PAIR]
    if any(isinstance(one, bool) or not isinstance(one, int | Decimal) for one in (east, north)):
        _refuse("its coordinates are no numbers", number, unit="feature")
    return Decimal(east), Decimal(north)
