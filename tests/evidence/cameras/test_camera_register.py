"""The register: what was rehearsed is what is applied, each change is an event, nothing is lost."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import UUID

import pytest
from sqlmodel import select

from evidence.cameras.cameras import register_digest
from evidence.cameras.differences import Rehearsal
from evidence.cameras.known import read_cameras
from evidence.cameras.lists.columns import ListField
from evidence.cameras.register import NewList
from evidence.cameras.tables import CameraImportRow, CameraRow
from evidence.errors import (
    AccessRefusedError,
    BrokenListError,
    InvalidError,
    StateError,
    UnknownError,
)
from evidence.people.access import Role
from tests.evidence.cameras.lists import HEAD, PLAIN, ROWS, real
from tests.houses import Estate, House, digest

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def house(estate: Estate, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Build a house of its own for each test: there is one register, and it only grows."""
    with estate.house(tmp_path_factory.mktemp("house")) as built:
        yield built


def listed(text: str, **more: object) -> NewList:
    return NewList(text.encode(), "cameras.csv", {}, **more)  # type: ignore[arg-type]


def rehearsed(house: House, new: NewList, at: datetime = NOON) -> Rehearsal:
    by = house.subjects[Role.GOVERNANCE]
    return house.look(lambda s: house.services.cameras.rehearse(s, new, by=by, at=at))


def applied(house: House, new: NewList, name: str = "", at: datetime = NOON) -> Rehearsal:
    by, name = house.subjects[Role.GOVERNANCE], name or rehearsed(house, new, at).digest
    return house.look(lambda s: house.services.cameras.apply(s, new, name, by=by, at=at))


def marked(house: House, reference: str, *, sensitive: bool, role: str = Role.GOVERNANCE) -> None:
    mark = partial(house.services.cameras.mark, reason="asked for", by=house.subjects[role])
    house.look(lambda s: mark(s, reference, sensitive=sensitive, at=NOON))


def register(house: House) -> str:
    return house.look(lambda s: register_digest(read_cameras(s)))


def events(house: House) -> list[tuple[str, dict[str, object]]]:
    [record] = house.look(lambda s: s.exec(select(CameraImportRow.record).distinct()).all())
    return house.events(record)


def test_a_list_is_rehearsed_applied_and_on_record(house: House) -> None:
    first = listed(PLAIN, source="https://example.org/cctv", licence="OGL v3.0")
    assert rehearsed(house, first).counts["added"] == 3
    assert register(house) == register_digest(()), "a rehearsal changes nothing"
    applied(house, first)
    without = listed(HEAD + ROWS[: ROWS.index("BAR-0003")].replace("BAR-0002", "1002"))
    applied(house, without, at=NOON + timedelta(days=9))
    marked(house, "bar-0001", sensitive=True)

    assert house.look(lambda s: len(s.exec(select(CameraRow)).all())) == 3
    [one, two, three] = house.look(lambda s: s.exec(select(CameraRow)).all())
    found = {row.reference: row for row in (one, two, three)}
    assert found["1002"].former == ["BAR-0002"]
    assert str(found["BAR-0003"].gone_on) == "2026-11-29"
    [imported, again, mark] = events(house)
    assert imported[0] == again[0] == "cameras.imported"
    assert imported[1]["sha256"] == digest(PLAIN.encode())
    assert imported[1]["facts"] == {
        **dict.fromkeys(("changed", "moved", "renumbered", "returned", "gone", "repeated"), 0),
        "number": 1,
        "name": "cameras.csv",
        "source": "https://example.org/cctv",
        "licence": "OGL v3.0",
        "columns": {
            "reference": "camera_id",
            "location": "location",
            "latitude": "lat",
            "longitude": "lon",
        },
        "cameras": 3,
        "added": 3,
    }
    assert isinstance(again[1]["facts"], dict)
    assert (again[1]["facts"]["renumbered"], again[1]["facts"]["gone"]) == (1, 1)
    assert mark[0] == "camera.marked"
    assert (mark[1]["reference"], mark[1]["state"]) == ("BAR-0001", "sensitive")
    assert mark[1]["register"] == register(house)
    assert len({one[1]["register"] for one in (imported, again, mark)}) == 3

    for wrong, error in (("BAR-0001", StateError), ("BAR-0003", UnknownError), ("", UnknownError)):
        with pytest.raises(error):
            marked(house, wrong, sensitive=True)
    with pytest.raises(AccessRefusedError):
        marked(house, "1002", sensitive=True, role=Role.OPERATOR)


def test_what_is_not_what_was_rehearsed_is_not_applied(house: House) -> None:
    new, other = listed(PLAIN), listed(PLAIN.replace("Station", "Statio"))
    name = rehearsed(house, new).digest
    for wrong, given in ((other, name), (new, ""), (new, "ab" * 32)):
        with pytest.raises(StateError, match="Rehearse it again"):
            applied(house, wrong, given or "x")
    applied(house, new, name)
    with pytest.raises(StateError, match="Rehearse it again"):
        applied(house, new, name)
    before = register(house)
    again = rehearsed(house, other).digest
    marked(house, "BAR-0002", sensitive=True)
    with pytest.raises(StateError):
        applied(house, other, again)
    marked(house, "BAR-0002", sensitive=False)
    assert register(house) == before


def test_a_broken_list_changes_nothing_and_who_may_not_import_is_refused(house: House) -> None:
    cameras = house.services.cameras
    with pytest.raises(BrokenListError, match="line 5, column camera_id"):
        applied(house, listed(PLAIN + "BAR-0001,B,53.2,-2.2\n"), "x")
    for wrong in (listed(PLAIN, source="a\x07"), NewList(PLAIN.encode(), "", {})):
        with pytest.raises(InvalidError):
            rehearsed(house, wrong)
    for role in (Role.OPERATOR, Role.AUDITOR, "nobody"):
        for work in (cameras.rehearse, partial(cameras.apply, rehearsed="x")):
            by = house.subjects[role]
            with pytest.raises(AccessRefusedError):
                house.look(lambda s, w=work, b=by: w(s, new=listed(PLAIN), by=b, at=NOON))  # type: ignore[misc]
    assert house.look(cameras.is_empty)


def test_columns_are_mapped_once_and_remembered(house: House) -> None:
    text = PLAIN.replace("location", "Site description")
    with pytest.raises(BrokenListError, match="no column says the location"):
        rehearsed(house, listed(text))
    applied(house, NewList(text.encode(), "cameras.csv", {ListField.LOCATION: "Site description"}))
    assert rehearsed(house, listed(text)).changes == ()


def test_the_register_is_listed_page_by_page_as_people_count(house: House) -> None:
    rows = "".join(f"{n},Place {n},53.{n:03},-2.2\n" for n in range(1, 13))
    applied(house, listed(HEAD + rows))
    by, seen, after = house.subjects[Role.OPERATOR], [], None
    while True:
        page = house.look(
            lambda s, a=after: house.services.cameras.page(s, by=by, after=a, most=5)  # type: ignore[misc]
        )
        seen += [known.camera.reference for known in page.cameras]
        if (after := page.after) is None:
            break
    assert seen == [str(n) for n in range(1, 13)]
    unknown = house.look(lambda s: house.services.cameras.page(s, by=by, after=UUID(int=7), most=5))
    assert [known.camera.reference for known in unknown.cameras] == seen[:5]


def test_the_real_list_is_taken_over_whole(house: House) -> None:
    content = real("trafford_cctv_cameras.csv")
    if content is None:
        pytest.skip("the real list is not on this machine")
    found = applied(house, NewList(content, "trafford_cctv_cameras.csv", {}))
    assert found.counts["added"] == 163
    assert house.look(lambda s: len(read_cameras(s))) == 163
