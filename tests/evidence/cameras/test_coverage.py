"""Where somebody means, which cameras are near, and until when footage is kept."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.cameras.cameras import CameraKind, Placement, Siting
from evidence.cameras.coverage import PublicPlacement, covering, find_places, places
from evidence.cameras.points import GridPoint, Point, distance_m, parse_point
from evidence.cameras.retention import incident_at, overwritten_at
from evidence.errors import InvalidError

HERE = Point(53_100_000, -2_200_000)
DAY = date(2026, 11, 20)
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
NAMES = (
    "High Street/Market Square",
    "High Street (Town Hall)",
    "Station Rd",
    "St. Anne's Close",
    "The Quadrant, Old Town",
    "Café Crème, Mill Lane",
)


def placed(reference: str, north_m: float, **more: object) -> PublicPlacement:
    at = Point(HERE.latitude + round(north_m / 0.1112), HERE.longitude)
    one = PublicPlacement(
        reference, CameraKind.FIXED, Siting.PERMANENT, Placement(f"Place {reference}", at)
    )
    return replace(one, **more)  # type: ignore[arg-type]


KNOWN = places(
    placed(str(number), 500 * number, placement=Placement(name, HERE))
    for number, name in enumerate(NAMES)
)


def found(question: str) -> list[str]:
    return [place.name for place in find_places(question, KNOWN).places]


@pytest.mark.parametrize(
    ("question", "meant"),
    [
        ("high street", ["High Street/Market Square", "High Street (Town Hall)"]),
        ("HIGH ST.", ["High Street/Market Square", "High Street (Town Hall)"]),
        ("hihg stret market sqare", ["High Street/Market Square"]),
        ("town hall", ["High Street (Town Hall)"]),
        ("station road", ["Station Rd"]),
        ("Staton Road", ["Station Rd"]),
        ("St Annes Close", ["St. Anne's Close"]),
        ("old town quadrant", ["The Quadrant, Old Town"]),
        ("cafe creme", ["Café Crème, Mill Lane"]),
        ("mill ln", ["Café Crème, Mill Lane"]),
    ],
    ids=lambda given: given if isinstance(given, str) else "",
)
def test_a_place_is_found_as_people_write_it(question: str, meant: list[str]) -> None:
    assert sorted(found(question)) == sorted(meant)


def test_what_is_spelt_otherwise_is_asked_about() -> None:
    assert find_places("mill lane", KNOWN).sure
    assert not find_places("hill lane", KNOWN).sure
    assert found("hill lane") == ["Café Crème, Mill Lane"]


@pytest.mark.parametrize("question", ["", "road", "the", "Victoria Park", "🦆", "x" * 5000])
def test_what_is_no_place_of_ours_finds_none(question: str) -> None:
    assert found(question) == []


@pytest.mark.parametrize(
    ("text", "point"),
    [
        ("53.4645, -2.2847", Point(53_464_500, -2_284_700)),
        ("53.4645 -2.2847", Point(53_464_500, -2_284_700)),
        ("53.4645° N, 2.2847° W", Point(53_464_500, -2_284_700)),
        ("SJ 812 962", GridPoint(381_250, 396_250)),
        ("sj8120096200", GridPoint(381_200, 396_200)),
        ("TG 51409 13177", GridPoint(651_409, 313_177)),
        ("SV 90000 10000", GridPoint(90_000, 10_000)),
        ("HP 62000 15000", GridPoint(462_000, 1_215_000)),
        ("High Street 12", None),
        ("A56", None),
    ],
    ids=lambda given: given if isinstance(given, str) else "",
)
def test_a_point_is_read_as_people_write_it(text: str, point: Point | GridPoint | None) -> None:
    got = parse_point("where", text)
    if isinstance(got, GridPoint) and isinstance(point, GridPoint):
        assert abs(got.easting - point.easting) <= 5
        assert abs(got.northing - point.northing) <= 5
    else:
        assert got == point


@pytest.mark.parametrize("text", ["-2.2847, 53.4645", "0, 0", "SJ 1 2", "SJ 812 96", "AA 123 456"])
def test_a_point_elsewhere_is_told_so(text: str) -> None:
    with pytest.raises(InvalidError):
        parse_point("where", text)


@given(st.integers(-300, 300), st.integers(-300, 300))
def test_metres_are_metres(north: int, east: int) -> None:
    # 53.1° north: a millionth of a degree is 0.1112 m, and 0.0668 m from west to east.
    other = Point(HERE.latitude + north * 10, HERE.longitude + east * 10)
    expected = ((north * 1.112) ** 2 + (east * 0.6677) ** 2) ** 0.5
    assert distance_m(HERE, other) == pytest.approx(expected, rel=0.01, abs=0.1)


def test_cameras_within_their_reach_are_told_the_nearest_first() -> None:
    some = [
        placed("far", 101),
        placed("edge", 99),
        placed("near", 10),
        placed("turning", 140, kind=CameraKind.PTZ),
        placed("too far to turn", 160, kind=CameraKind.PTZ),
        placed("nowhere", 0, placement=Placement("Vehicle", None)),
    ]
    told = [(one.reference, one.distance_m) for one in covering([HERE], some, DAY)]
    assert told == [("near", 10), ("edge", 99), ("turning", 140)]


@pytest.mark.parametrize(
    ("since", "until", "there"),
    [
        (None, None, True),
        (DAY, DAY, True),
        (DAY + timedelta(1), None, False),
        (None, DAY - timedelta(1), False),
    ],
    ids=range(4),
)
def test_a_camera_counts_while_it_was_there(
    since: date | None, until: date | None, *, there: bool
) -> None:
    one = placed("R1", 0, placement=Placement("Mill Lane", HERE, since, until))
    assert bool(covering([HERE], [one], DAY)) == there


def test_a_camera_at_two_places_of_that_day_is_told_once() -> None:
    both = [placed("R1", 50), placed("R1", 20)]
    assert [one.distance_m for one in covering([HERE], both, DAY)] == [20]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


@pytest.mark.parametrize(
    ("moment", "over"),
    [
        ("2026-11-20T14:03+00:00", "2026-12-21T14:03+00:00"),
        # Summer time ends on 25 October: 31 times 24 hours are over an hour before the clock says.
        ("2026-10-20T14:03+01:00", "2026-11-20T13:03+00:00"),
        # It begins on 29 March: the clock says so an hour before.
        ("2026-03-20T14:03+00:00", "2026-04-20T14:03+01:00"),
        # The repeated hour, and an hour that there is not 31 days later.
        ("2026-10-25T01:30+01:00", "2026-11-25T00:30+00:00"),
        ("2026-10-25T01:30+00:00", "2026-11-25T01:30+00:00"),
        ("2027-02-25T01:30+00:00", "2027-03-28T01:30+00:00"),
    ],
    ids=lambda text: text,
)
def test_footage_is_kept_31_days_across_the_change_of_the_clocks(moment: str, over: str) -> None:
    assert overwritten_at(at(moment), 31) == at(over)


def test_on_day_30_it_is_kept_and_on_day_32_it_is_not() -> None:
    incident = at("2026-10-22T14:03+01:00")
    over = overwritten_at(incident, 31)
    assert incident + timedelta(days=30) < over
    assert over <= incident + timedelta(days=31)
    assert over < incident + timedelta(days=32)


@given(st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)), st.integers(1, 400))  # noqa: DTZ001 - UTC is put on below
def test_no_answer_is_later_than_the_recorder(moment: datetime, days: int) -> None:
    incident = moment.replace(tzinfo=UTC)
    over = overwritten_at(incident, days)
    assert timedelta(days=days, hours=-1) <= over - incident <= timedelta(days=days)


@pytest.mark.parametrize(
    ("day", "time", "field"),
    [
        ("", "14:03", "date"),
        ("20/11/2026", "14:03", "date"),
        ("0001-01-01", "14:03", "date"),
        ("2026-11-20", "", "time"),
        ("2026-11-20", "25:00", "time"),
        ("2026-03-29", "01:30", "time"),
        ("2026-11-22", "12:01", "date"),
        ("9999-12-31", "12:01", "date"),
    ],
    ids=range(8),
)
def test_a_time_that_cannot_be_is_refused(day: str, time: str, field: str) -> None:
    with pytest.raises(InvalidError) as refused:
        incident_at(day, time, now=NOW)
    assert refused.value.field == field


def test_of_a_repeated_hour_the_first_is_meant() -> None:
    assert incident_at("2026-10-25", "01:30", now=NOW) == at("2026-10-25T01:30+01:00")
    assert incident_at("2026-10-25", "1.30", now=NOW) == at("2026-10-25T00:30+00:00")
