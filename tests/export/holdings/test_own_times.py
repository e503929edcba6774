"""Each file of an exhibit is copied and judged by its own times, not by the first one's."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from api.times import utc_now
from evidence.exhibits.particulars import NewExhibit, NewFile
from evidence.exhibits.tables import ExhibitRow
from evidence.people.access import Role
from export.holdings import copies
from export.holdings.files import CONTACT_SHEET, files_of
from export.holdings.masters import Arrived
from export.media.copy import WorkingCopy, make_copy
from export.media.sample import make_sample
from tests.houses import NEW, House, clip

SEVERAL = replace(
    NEW,
    displayed_start="",
    displayed_end="",
    files=(
        NewFile("2026-11-20 14:03:00", "2026-11-20 14:03:01"),
        NewFile("2026-11-20 14:03:05", "2026-11-20 14:03:25"),
    ),
)


@pytest.fixture(scope="module")
def footage(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, bytes]:
    """Return two clips of a second each."""
    folder = tmp_path_factory.mktemp("clips")
    other = folder / "other.mp4"
    make_sample(other, seconds=1, first_at=datetime(2026, 11, 20, tzinfo=UTC), size=(160, 120))
    return clip(folder).read_bytes(), other.read_bytes()


def taken_in(house: House, new: NewExhibit, *contents: bytes) -> ExhibitRow:
    files = [Arrived(house.store(one), f"{n}.mp4") for n, one in enumerate(contents)]
    operator = house.subjects[Role.OPERATOR]
    return house.do(
        Role.OPERATOR,
        lambda s: house.services.masters.add(s, new, files, by=operator, at=utc_now()),
    )


def test_each_copy_starts_at_its_own_files_time_and_a_wrong_length_is_told(
    house: House, footage: tuple[bytes, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[datetime | None] = []

    def watched(*given: Any, **more: Any) -> WorkingCopy:  # noqa: ANN401 - passed on
        started.append(more["first_frame_at"])
        return make_copy(*given, **more)

    monkeypatch.setattr(copies, "make_copy", watched)
    row = taken_in(house, SEVERAL, *footage)
    house.looked_at(row.id)
    assert started == [
        datetime(2026, 11, 20, 14, 1, 47, tzinfo=UTC),
        datetime(2026, 11, 20, 14, 1, 52, tzinfo=UTC),
    ]
    sheets = house.look(lambda s: files_of(s, row.id, CONTACT_SHEET))
    assert [(one.position, one.name) for one in sheets] == [
        (0, "contact-sheet.jpg"),
        (1, "contact-sheet-2.jpg"),
    ]
    assert sheets[0].sha256 != sheets[1].sha256
    found = house.look(lambda s: s.get_one(ExhibitRow, row.id)).findings
    (told,) = [finding for finding in found if finding["code"] == "length"]
    assert (told["master"], told["severity"]) == (1, "note")
    assert "lasts 20.0 seconds, and 1.0 seconds were measured" in told["words"]


def test_where_nobody_checked_the_clock_a_copy_claims_no_time(
    house: House, footage: tuple[bytes, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[datetime | None] = []

    def watched(*given: Any, **more: Any) -> WorkingCopy:  # noqa: ANN401 - passed on
        started.append(more["first_frame_at"])
        return make_copy(*given, **more)

    monkeypatch.setattr(copies, "make_copy", watched)
    row = taken_in(house, replace(NEW, clock_offset_ms=None), footage[0])
    house.looked_at(row.id)
    assert started == [None]
