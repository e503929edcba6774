"""Exhibits on the real database: references are given once, and what was said is what is kept."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any

import pytest

from evidence.errors import AccessRefusedError, InvalidError, StateError, UnknownError
from evidence.exhibits.description import ClockCheck, parse_description
from evidence.exhibits.particulars import MOST_OFFSET_MS, MasterDigest, NewExhibit
from evidence.exhibits.recorded import described
from evidence.exhibits.references import MOST_NUMBER, MOST_SKIPPED, parse_reference
from evidence.exhibits.tables import ExhibitCounterRow, ExhibitRow
from evidence.people.access import Role
from tests.houses import NEW, House

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
FILE = MasterDigest("11" * 32, 7)


def receive(
    house: House, new: NewExhibit, role: str = Role.OPERATOR, *, at: datetime = NOON
) -> ExhibitRow:
    return house.do(
        role,
        lambda session: house.services.exhibits.receive(
            session, new, [FILE], by=house.subjects[role], at=at
        ),
    )


def named(reference: str, **more: Any) -> NewExhibit:  # noqa: ANN401 - any field of it
    return replace(NEW, reference=reference, **more)


def test_initials_alone_get_the_next_number(house: House) -> None:
    assert [receive(house, named("QA")).reference for _ in range(3)] == ["QA/1", "QA/2", "QA/3"]


def test_a_number_may_be_skipped_and_is_never_gone_back_to(house: House) -> None:
    assert receive(house, named("QB/7")).reference == "QB/7"
    for used in ("QB/7", "QB/1", "QB/6"):
        with pytest.raises(StateError, match="the next free one is QB/8"):
            receive(house, named(used))
    assert receive(house, named("QB")).reference == "QB/8"


def test_a_slip_does_not_use_up_the_numbers(house: House) -> None:
    assert receive(house, named("QL/3")).reference == "QL/3"
    for leap in (9_999_999, 999_999, 3 + 2 + MOST_SKIPPED):
        with pytest.raises(InvalidError, match="the next free one is QL/4") as refused:
            receive(house, named(f"QL/{leap}"))
        assert refused.value.field == "ref"
    last = 3 + 1 + MOST_SKIPPED
    assert receive(house, named(f"QL/{last}")).reference == f"QL/{last}"
    assert receive(house, named("QL")).reference == f"QL/{last + 1}"


def test_the_number_after_the_last_is_refused_and_never_given(house: House) -> None:
    receive(house, named("QM"))
    with house.services.transaction() as session:
        session.get_one(ExhibitCounterRow, "QM").highest = MOST_NUMBER - 1
    last = receive(house, named("QM")).reference
    assert parse_reference(last) == ("QM", MOST_NUMBER)
    for wanted in ("QM", "QM/10000000"):
        with pytest.raises(InvalidError):
            receive(house, named(wanted))
    assert house.look(lambda s: s.get_one(ExhibitCounterRow, "QM").highest) == MOST_NUMBER


def test_a_number_is_not_spent_by_an_exhibit_that_was_refused(house: House) -> None:
    with pytest.raises(InvalidError):
        receive(house, named("QC", camera=" "))
    assert receive(house, named("QC")).reference == "QC/1"


def at_once(times: int, work: Callable[[], ExhibitRow]) -> list[ExhibitRow]:
    gate = Barrier(times)

    def run() -> ExhibitRow:
        gate.wait()
        return work()

    with ThreadPoolExecutor(times) as pool:
        return [one.result() for one in [pool.submit(run) for _ in range(times)]]


@pytest.mark.parametrize("initials", ["QD", "QE", "QF"])
def test_many_at_once_get_a_number_each_from_the_very_first(house: House, initials: str) -> None:
    rows = at_once(8, lambda: receive(house, named(initials)))
    assert sorted(row.reference for row in rows) == [f"{initials}/{n}" for n in range(1, 9)]


def test_one_reference_is_given_to_one_of_many_who_ask_for_it(house: House) -> None:
    def ask() -> ExhibitRow | StateError:
        try:
            return receive(house, named("QG/1"))
        except StateError as refused:
            return refused

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: ask(), range(4)))
    assert sum(isinstance(answer, ExhibitRow) for answer in answers) == 1


def test_what_was_said_is_kept_and_committed_to(house: House) -> None:
    row = receive(
        house,
        named(
            "QH",
            displayed_start="2026-07-01 14:03:00",
            displayed_end="2026-07-01 14:05:00",
            clock_offset_ms=-4_500,
            clock_checked_at="2026-07-01 16:00:00",
            exported_at="2026-07-01 16:10:00",
        ),
    )
    assert row.displayed_start == "2026-07-01T14:03:00+01:00"
    assert row.corrected_start == datetime(2026, 7, 1, 13, 3, 4, 500_000, tzinfo=UTC)
    said = described(row)
    assert said.clock_check == ClockCheck(
        system_displayed_at="2026-07-01T15:59:55.500+01:00",
        reference_at="2026-07-01T15:00:00Z",
        reference_source="speaking clock",
        checked_at="2026-07-01T15:00:00Z",
        offset_ms=-4_500,
        dst_in_force=True,
    )
    assert said.export.at == "2026-07-01T15:10:00Z"
    (received, first), (stated, facts), (checked, second) = house.events(row.id)
    assert (received, stated, checked) == (
        "exhibit.received",
        "exhibit.described",
        "clock.checked",
    )
    assert parse_description(facts["facts"]) == said
    assert facts["actor"] == house.subjects[Role.OPERATOR].words
    assert first["files"] == [{"sha256": FILE.sha256, "size": FILE.size}]
    assert first["clock_ntp_offset_ms"] is None
    assert (second["offset_ms"], second["reference"]) == (-4_500, "speaking clock")
    assert first["actor"] == second["actor"] == house.subjects[Role.OPERATOR].words


def test_the_clock_was_checked_at_intake_unless_somebody_says_when(house: House) -> None:
    clock = described(receive(house, named("QI"))).clock_check
    assert clock is not None
    assert clock.checked_at == "2026-11-21T12:00:00Z"


def test_that_nobody_checked_the_clock_is_an_answer_and_no_event_claims_it(house: House) -> None:
    row = receive(house, named("QI", clock_offset_ms=None))
    assert described(row).clock_check is None
    assert described(row).corrected_start is None
    assert row.corrected_start == datetime(2026, 11, 20, 14, 3, tzinfo=UTC)
    assert [name for name, _ in house.events(row.id)] == ["exhibit.received", "exhibit.described"]


def test_when_it_was_exported_is_not_known_unless_somebody_says_so(house: House) -> None:
    assert described(receive(house, named("QI"))).export.at is None


@pytest.mark.parametrize("field", ["clock_checked_at", "exported_at"])
def test_what_is_done_was_not_done_in_the_future(house: House, field: str) -> None:
    receive(house, named("QJ", **{field: (NOON + timedelta(minutes=4)).isoformat()}))
    with pytest.raises(InvalidError, match="future") as refused:
        receive(house, named("QJ", **{field: (NOON + timedelta(minutes=6)).isoformat()}))
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"camera": "  "}, "camera"),
        ({"camera": "BAR\x00"}, "camera"),
        ({"camera": "x" * 201}, "camera"),
        ({"title": "a\nb"}, "title"),
        ({"method": "x" * 501}, "method"),
        ({"clock_reference": ""}, "clock_reference"),
        ({"clock_offset_ms": MOST_OFFSET_MS + 1}, "clock_offset"),
        ({"camera": "\N{VIDEO CAMERA}"}, "camera"),
        ({"displayed_end": "2026-11-21 12:10:00"}, "displayed_end"),
        ({"exported_at": "2026-11-20 13:50:00"}, "exported_at"),
        ({"confirmed": ("everything",)}, "confirmed"),
        ({"displayed_end": "2026-11-20 14:03:00"}, "displayed_end"),
        ({"displayed_end": "2026-11-20 14:02:59"}, "displayed_end"),
        ({"displayed_start": "soon"}, "displayed_start"),
        ({"reference": "J/1"}, "ref"),
        ({"reference": "QK/1/2"}, "ref"),
        ({"reference": ""}, "ref"),
    ],
)
def test_a_value_that_cannot_be_right_is_named(
    house: House, change: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidError) as refused:
        receive(house, replace(named("QK"), **change))
    assert refused.value.field == field


def test_an_exhibit_needs_a_file(house: House) -> None:
    with pytest.raises(InvalidError, match="at least one file"):
        house.do(
            Role.OPERATOR,
            lambda session: house.services.exhibits.receive(
                session, named("QL"), [], by=house.subjects[Role.OPERATOR], at=NOON
            ),
        )


def test_only_an_operator_takes_anything_in(house: House) -> None:
    for role in house.subjects.keys() - {Role.OPERATOR}:
        with pytest.raises(AccessRefusedError):
            receive(house, named("QM"), role)


@pytest.mark.parametrize("name", ["QN/404", "no such thing", "0" * 32])
def test_what_is_not_there_is_unknown(house: House, name: str) -> None:
    with pytest.raises(UnknownError, match="there is no exhibit"):
        house.look(lambda session: house.services.exhibits.find(session, name))


@pytest.mark.parametrize("name", ["", "a\x00b", "x" * 201, "\ud800"])
def test_what_cannot_be_a_name_is_refused_before_the_database_is_asked(
    house: House, name: str
) -> None:
    with pytest.raises(InvalidError):
        house.look(lambda session: house.services.exhibits.find(session, name))


def test_an_exhibit_is_found_by_its_reference_and_by_its_identifier(house: House) -> None:
    row = receive(house, named("QO"))
    for name in ("QO/1", str(row.id)):
        assert house.look(lambda s, n=name: house.services.exhibits.find(s, n)).id == row.id  # type: ignore[misc]
