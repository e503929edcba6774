"""Pure. Which column of a council's list says what: known names, and what somebody mapped.

docs/formats/cameras.md lists the same names, and a test compares them.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from evidence.errors import InvalidError


class ListField(StrEnum):
    """What a list may say of a camera."""

    REFERENCE = "reference"
    LOCATION = "location"
    AREA = "area"
    LATITUDE = "latitude"
    LONGITUDE = "longitude"
    EASTING = "easting"
    NORTHING = "northing"
    KIND = "kind"
    SITING = "siting"
    SINCE = "since"
    UNTIL = "until"
    VIEWS = "views"
    OWNER = "owner"
    MAKER = "maker"
    ORIGIN = "origin"
    SENSITIVE = "sensitive"


_KNOWN = """
reference | camera_id camera_no camera_number camera_ref camera_reference reference ref id number
location  | location camera_location location_description site_name site street road address name
area      | area_name ward ward_name area
latitude  | latitude lat
longitude | longitude lon long lng
easting   | easting eastings
northing  | northing northings
kind      | kind camera_type type
siting    | siting deployment
since     | since from start_date date_from
until     | until to end_date date_to
views     | views lenses
owner     | owner operator
maker     | maker make manufacturer
origin    | origin maker_origin country_of_origin
sensitive | sensitive
"""
KNOWN: Mapping[ListField, tuple[str, ...]] = {
    ListField(line.split("|")[0].strip()): tuple(line.split("|")[1].split())
    for line in _KNOWN.strip().splitlines()
}
"""The names of columns that are understood by themselves; of several in one list, the first."""
COORDINATES = (
    (ListField.LATITUDE, ListField.LONGITUDE),
    (ListField.EASTING, ListField.NORTHING),
)
Columns = Mapping[ListField, str]
"""Which column says what."""
_MOST_MAPPED = 200


@dataclass(frozen=True, slots=True)
class Mapped:
    """What somebody said of the columns now, and what the register remembers of before."""

    given: Mapping[ListField, str]
    remembered: Mapping[ListField, str]


NOBODY = Mapped({}, {})


def read_mapping(texts: Sequence[str]) -> dict[ListField, str]:
    """Read ``location=Site description`` and others like it.

    Raises:
        InvalidError: no such field, or no column is named.
    """
    found: dict[ListField, str] = {}
    for text in texts:
        field, _, column = text.partition("=")
        try:
            known = ListField(field.strip())
        except ValueError:
            known = None
        if known is None or not column.strip() or len(column) > _MOST_MAPPED:
            raise InvalidError(
                "map",
                f"{text[:80]!r} maps nothing: write field=column, the field one of "
                f"{', '.join(ListField)}",
            )
        found[known] = column.strip()
    return found


def resolve(header: Sequence[str], mapped: Mapped) -> dict[ListField, str]:
    """Return which columns of a list say what.

    What is given counts first, what is remembered next where the list has that column, and then
    the known names.

    Raises:
        InvalidError: a column was given that the list has not.
    """
    found: dict[ListField, str] = {}
    by_name: dict[str, str] = {}
    for column in header:
        by_name.setdefault(_plain(column), column)
    for field in ListField:
        given = mapped.given.get(field)
        if given is not None and given not in header:
            there = ", ".join(header)[:400]
            raise InvalidError("map", f"the list has no column {given!r}: it has {there}")
        before = mapped.remembered.get(field)
        remembered = before if before in header else None
        said = given or remembered or next(_called(field, by_name), None)
        if said is not None:
            found[field] = said
    return found


def _called(field: ListField, by_name: Mapping[str, str]) -> Iterator[str]:
    yield from (by_name[name] for one in KNOWN[field] if (name := _plain(one)) in by_name)


def _plain(name: str) -> str:
    return re.sub(r"[\W_]", "", name.casefold())
