"""A council's list is read whole, in whatever form an office saves it; a broken one says where."""

import json
import re
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence.cameras.cameras import CameraKind, Placement, Siting
from evidence.cameras.lists.columns import KNOWN, NOBODY, ListField, Mapped, read_mapping
from evidence.cameras.lists.sheets import MOST_BYTES, MOST_FAULTS
from evidence.cameras.points import Point
from evidence.errors import BrokenListError, InvalidError
from tests.evidence.cameras.lists import HEAD, PLAIN, ROWS, listed, real

FORMATS = Path(__file__).parents[3] / "docs/formats/cameras.md"


def faults(text: str | bytes, mapped: Mapped = NOBODY) -> tuple[str, ...]:
    """Return what is said of a broken list."""
    with pytest.raises(BrokenListError) as refused:
        listed(text, mapped)
    return refused.value.faults


def test_a_list_is_read_whole() -> None:
    found = listed(PLAIN)
    assert [camera.reference for camera in found.cameras] == ["BAR-0001", "BAR-0002", "BAR-0003"]
    assert found.cameras[2].placements == (
        Placement("The Quadrant, Old Town", Point(53_106_000, -2_208_000)),
    )
    assert found.unmarked == {"BAR-0001", "BAR-0002", "BAR-0003"}
    assert not found.dated


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("with a byte order mark", b"\xef\xbb\xbf" + PLAIN.encode()),
        ("with line ends of Windows", PLAIN.replace("\n", "\r\n").encode()),
        ("with empty lines", ("\n" + PLAIN + "\n,,,\n").encode()),
        ("with a row twice", (PLAIN + ROWS.splitlines()[0]).encode()),
        ("with semicolons", PLAIN.replace('"', "").replace(", ", "~").replace(",", ";")
         .replace("~", ", ").encode()),
        ("with columns that nobody needs", "\n".join(
            f"{line},{'notes' if not at else 'x'},"
            for at, line in enumerate(PLAIN.splitlines())).encode()),
    ],
)  # fmt: skip
def test_the_same_list_saved_in_another_way_is_the_same(name: str, content: bytes) -> None:
    found = listed(content)
    same = [(one.reference, one.placements) for one in found.cameras]
    assert same == [(one.reference, one.placements) for one in listed(PLAIN).cameras], name
    assert found.repeated == ("twice" in name)


def test_what_windows_saves_is_read() -> None:
    name = "Café “Crème” \N{EN DASH} St John\N{RIGHT SINGLE QUOTATION MARK}s"
    row = f"7,{name},53.1,-2.2"
    [one] = listed((HEAD + row).encode("cp1252")).cameras
    assert one.placements[0].location == name


def test_a_geojson_says_what_the_csv_says() -> None:
    features = [
        {
            "type": "Feature",
            "properties": {"camera_id": number, "location": name},
            "geometry": {"type": "Point", "coordinates": place},
        }
        for number, name, place in ((1001.0, "High Street", [-2.2, 53.1]), (2, "B", [-2.3, 53.2]))
    ]
    found = listed(json.dumps({"type": "FeatureCollection", "features": features}))
    assert found.cameras == listed(f"{HEAD}1001,High Street,53.1,-2.2\n2,B,53.2,-2.3").cameras


def test_the_british_grid_is_read_within_five_metres_of_the_ordnance_survey() -> None:
    # OS "A guide to coordinate systems in Great Britain", annexe C: Caister Water Tower.
    csv = "id,name,easting,northing\n1,Caister Water Tower,651409.903,313177.270"
    at = listed(csv).cameras[0].placements[0].at
    assert at is not None
    assert abs(at.latitude - 52_657_977) < 45
    assert abs(at.longitude - 1_716_052) < 75


def test_a_geojson_of_the_british_grid_is_read() -> None:
    whole = {
        "type": "FeatureCollection",
        "crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::27700"}},
        "features": [
            {
                "properties": {"ID": 1, "name": "A"},
                "geometry": {"type": "Point", "coordinates": [651409, 313177]},
            }
        ],
    }
    at = listed(json.dumps(whole)).cameras[0].placements[0].at
    assert at is not None
    assert abs(at.latitude - 52_657_977) < 60


def test_everything_that_a_list_can_say_is_understood() -> None:
    [one, two] = listed(
        "ref,street,lat,lon,type,siting,owner,manufacturer,country of origin,views,sensitive,"
        "from,to\n"
        "V1,Vehicle 1,,,,vehicle,Council,Make,GB,,no,,\n"
        "R9,Mill Lane,53.1,-2.2,Pan Tilt Zoom,Redeployable,,,,north; Mill Lane,Y,01/11/2026,"
        "2026-11-20\n"
    ).cameras
    assert (one.siting, one.placements[0].at, one.sensitive) == (Siting.VEHICLE, None, False)
    assert (one.owner, one.maker, one.origin) == ("Council", "Make", "GB")
    assert (two.kind, two.siting, two.sensitive) == (CameraKind.PTZ, Siting.REDEPLOYABLE, True)
    assert two.views == ("north", "Mill Lane")
    assert [str(day) for day in (two.placements[0].since, two.placements[0].until)] == [
        "2026-11-01",
        "2026-11-20",
    ]


def test_a_camera_that_was_at_several_places_is_one() -> None:
    head = "id,location,lat,lon,since,until\n"
    found = listed(head + "9,A,53.1,-2.2,,2026-11-01\n9,B,53.2,-2.2,2026-11-01,\n").cameras
    assert [placed.location for placed in found[0].placements] == ["A", "B"]
    [words] = faults(head + "9,A,53.1,-2.2,,2026-11-02\n9,B,53.2,-2.2,2026-11-01,\n")
    assert words.startswith("line 3, column id: 9 stands on line 2 already")


BROKEN = {
    "1,A,53.1\n": ("line 2: 3 cells", "keep its comma"),
    "1,A,B,53.1,-2.2\n": ("line 2: 5 cells", "between double quotes"),
    "1,A,53.1,-2.2\n1,B,53.2,-2.2\n": ("line 3, column camera_id", "already", "of its own"),
    "1,A,53.1,-2.2\n\n a,,53.1,-2.2\n": ("line 4, column location", "missing", "type it again"),
    ",A,53.1,-2.2\n": ("line 2, column camera_id", "missing"),
    "1,A,53.1,x\n": ("line 2, column lon", "no number"),
    "1,A,٥٣,-2.2\n": ("line 2, column lat", "no number"),
    "1,A,NaN,-2.2\n": ("line 2, column lat", "no number"),
    "1,A,53.1,\n": ("line 2, column lon", "fill in both"),
    "1,A,,\n": ("line 2, column lat", "give its coordinates"),
    "1,A,-2.2,53.1\n": ("line 2, column lat", "exchanged"),
    "1,A,48.85,2.35\n": ("line 2, column lat", "not in Great Britain"),
    "1,A,381250,396250\n": ("line 2, column lat", "British National Grid", "map"),
    "1,A\x07,53.1,-2.2\n": ("line 2, column location", "U+0007"),
    "1,\u202eA,53.1,-2.2\n": ("line 2, column location", "U+202E"),
    f"1,{'x' * 201},53.1,-2.2\n": ("line 2, column location", "200 are allowed"),
    '1,"A,53.1,-2.2\n': ("line 2: this is no CSV", "double quotes"),
    '1,"A"b,53.1,-2.2\n': ("line 2: this is no CSV", "double quotes"),
    "": ("holds nothing",),
}


@pytest.mark.parametrize("rows", BROKEN, ids=range(len(BROKEN)))
def test_a_broken_row_names_line_column_and_what_to_do(rows: str) -> None:
    [words] = faults(HEAD + rows)
    assert all(part in words for part in BROKEN[rows]), words


FAR = b"""{"features": [{"properties": {"id": 1, "name": "A"},
"geometry": {"type": "Point", "coordinates": [1e999, 1]}}]}"""


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\xff\xfe1\x00", "CSV UTF-8"),
        (b"PK\x03\x04\0\0", "no text file"),
        (b"a,b\n1,\x81\n", "line 2: a character"),
        (b"x" * (MOST_BYTES + 1), "right file"),
        (b"{", "cannot be read as JSON"),
        (b"[" * 100_000, "cannot be read as JSON"),
        (b'{"type":"FeatureCollection"}', "no GeoJSON FeatureCollection"),
        (b'{"features":[{"geometry":{"type":"Line"}}]}', "feature 1: its geometry is no Point"),
        (b'{"features":[{"geometry":{"type":"Point","coordinates":["a",1]}}]}', "no numbers"),
        (b'{"features":[{"geometry":{"type":"Point","coordinates":[NaN,1]}}]}', "as JSON"),
        (b'{"features":[{"properties":{"id":1e9999999999999999999}}]}', "as JSON"),
        (FAR, "column geometry: these are no degrees"),
        (b'{"features":[],"crs":{"properties":{"name":"EPSG:3857"}}}', "WGS84 or EPSG:27700"),
        (b'{"features":[{"properties":{"id":1,"name":"A"}}]}', "feature 1, column geometry"),
        (b"id,location,id\n1,A,1\n", "line 1, column id: two columns"),
        (b"id,lat,lon\n1,53,-2\n", "no column says the location"),
        (b"id,location,lat\n1,A,53\n", "no two columns say where"),
        (b"id,location,easting,northing\n1,A,9,99999999\n", "line 2, column easting"),
    ],
    ids=range(18),
)
def test_what_is_no_list_is_told_so(content: bytes, said: str) -> None:
    assert said in "; ".join(faults(content))


def test_of_a_list_that_is_all_wrong_some_faults_are_told() -> None:
    with pytest.raises(BrokenListError) as refused:
        listed(HEAD + "1,A,x,y\n" * 1000)
    assert len(refused.value.faults) == MOST_FAULTS
    assert refused.value.more
    assert str(refused.value).endswith(f"mend these {MOST_FAULTS} first")


def test_columns_are_mapped_by_what_is_said_now_then_before_then_known() -> None:
    csv = "Ref,Site description,Site,lat,lon\n1,A,B,53.1,-2.2\n"

    def location(mapped: Mapped) -> str:
        return listed(csv, mapped).cameras[0].placements[0].location

    described = {ListField.LOCATION: "Site description"}
    assert location(NOBODY) == "B"
    assert location(Mapped(read_mapping(["location=Site description"]), {})) == "A"
    assert location(Mapped({}, described)) == "A"
    assert location(Mapped({ListField.LOCATION: "Site"}, described)) == "B"
    assert location(Mapped({}, {ListField.LOCATION: "of another list"})) == "B"
    with pytest.raises(InvalidError, match="no column 'Road': it has Ref, Site description"):
        location(Mapped(read_mapping(["location=Road"]), {}))


@pytest.mark.parametrize("text", ["", "location", "location=", "colour=Red", "=x"])
def test_what_maps_nothing_is_refused(text: str) -> None:
    with pytest.raises(InvalidError, match="write field=column"):
        read_mapping([text])


@given(st.binary(max_size=400))
@settings(max_examples=60)
def test_no_bytes_do_more_than_be_refused(content: bytes) -> None:
    for whole in (content, HEAD.encode() + content, b'{"features":[' + content):
        with suppress(InvalidError):
            listed(whole)


def test_every_truncation_of_a_list_is_read_or_refused() -> None:
    for cut in range(len(PLAIN)):
        with suppress(BrokenListError):
            assert len(listed(PLAIN[:cut]).cameras) <= 3


def test_the_document_names_the_columns_that_are_understood() -> None:
    told = dict(re.findall(r"^\| (\w+) \| (`.+?`) \|", FORMATS.read_text(), re.MULTILINE))
    assert told == {
        field.value: ", ".join(f"`{name}`" for name in names) for field, names in KNOWN.items()
    }


def test_the_real_list_is_read_whole() -> None:
    csv, geojson = (real(f"trafford_cctv_cameras.{kind}") for kind in ("csv", "geojson"))
    if csv is None or geojson is None:
        pytest.skip("the real list is not on this machine")
    found = listed(csv)
    assert len(found.cameras) == 163
    assert not found.repeated
    assert found.cameras == listed(geojson).cameras
