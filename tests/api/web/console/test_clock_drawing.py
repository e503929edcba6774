"""The bars of a request's clocks: where they begin and end, and what is drawn on them."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from api.web.console.requests.drawing import WIDTH, Tone, answer_clock, footage_clock
from evidence.requests.clocks import Pause, is_late
from evidence.requests.states import Path
from evidence.requests.tables import RequestRow
from export.desk.requests import ListedRequest

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
DAYS = 31


def listed(
    left: float = 10,
    *,
    kept: datetime | None = None,
    due: date | None = None,
    path: Path = Path.INSURER,
    pauses: tuple[Pause, ...] = (),
    shown: bool = True,
) -> ListedRequest:
    row = RequestRow(
        id=UUID(int=1),
        urn="X",
        path=path.value,
        state="submitted",
        person=UUID(int=2),
        submitted_at=NOW - timedelta(days=3),
        overwrite_due_at=NOW + timedelta(days=left),
        preserved_at=kept,
    )
    return ListedRequest(
        row,
        "",
        "",
        "",
        int(left) if shown else None,
        due,
        is_late(due, NOW),
        NOW - timedelta(days=3),
        pauses,
        stands=bool(pauses) and pauses[-1].until is None,
    )


@pytest.mark.parametrize(
    ("left", "tone"),
    [(20, Tone.CALM), (7, Tone.NEAR), (3, Tone.SOON), (-2, Tone.SOON)],
    ids=str,
)
def test_the_bar_of_the_footage_fills_up_until_it_is_overwritten(left: int, tone: Tone) -> None:
    bar = footage_clock(listed(left), NOW, DAYS)
    assert bar is not None
    assert bar.gone == pytest.approx(min((DAYS - left) / DAYS, 1) * WIDTH, abs=0.1)
    assert (bar.tone, bar.stopped) == (tone, False)
    assert len(bar.ticks) == DAYS


def test_what_is_preserved_stops_the_bar_and_what_is_kept_for_nothing_has_none() -> None:
    kept = footage_clock(listed(10, kept=NOW - timedelta(days=1)), NOW, DAYS)
    assert kept is not None
    assert (kept.tone, kept.stopped) == (Tone.DONE, True)
    assert kept.gone == pytest.approx(20 / DAYS * WIDTH, abs=0.1)
    assert footage_clock(listed(10, shown=False), NOW, DAYS) is None


def test_the_bar_of_the_answer_ends_with_its_day_in_london() -> None:
    bar = answer_clock(listed(due=date(2026, 11, 24)), NOW)
    assert bar is not None
    assert bar.ends.isoformat() == "2026-11-25T00:00:00+00:00"
    late = answer_clock(listed(due=date(2026, 11, 20)), NOW)
    assert late is not None
    assert late.gone == WIDTH
    assert answer_clock(listed(), NOW) is None


def test_a_clock_that_stands_is_drawn_with_its_pause_as_if_it_went_on_now() -> None:
    pause = Pause(NOW - timedelta(days=2), None)
    bar = answer_clock(listed(path=Path.SUBJECT, pauses=(pause,)), NOW)
    assert bar is not None
    # Came on 19 November; two days it stood; 21 December is a working day.
    assert bar.ends.date() == date(2026, 12, 22)
    assert bar.tone is Tone.STILL
    ((begins, wide),) = bar.pauses
    assert begins + wide == pytest.approx(bar.gone, abs=0.1)
    over = Pause(pause.since, NOW)
    assert answer_clock(listed(path=Path.SUBJECT, pauses=(over,)), NOW) is None, "it was given"


def test_days_of_a_year_are_not_drawn() -> None:
    bar = footage_clock(listed(10), NOW, 365)
    assert bar is not None
    assert bar.ticks == ()
