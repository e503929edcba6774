"""Tables as they leave: every row has its words, and what is hidden has no amount either."""

import csv
import io
import json
from datetime import UTC, date, datetime

import pytest

from evidence.requests.clocks import DayKind
from evidence.requests.states import Path, Refusal, ReviewOutcome
from export.desk.disclosures import Period
from export.desk.spreadsheet import FIGURE_COLUMNS, format_figures
from export.desk.statistics.days import Answered, Clock
from export.desk.statistics.figures import (
    Counted,
    Figures,
    Rules,
    answer_rows,
    behind,
    clock_words,
    figures_json,
    table,
)
from export.desk.statistics.periods import named_periods, of_months
from export.desk.statistics.words import WORDS, Subject
from export.feedback.answers import Helped

RULES = Rules(Clock(DayKind.CALENDAR, 5), least=5, behind_mean=20)


def some(*, rough: bool = False) -> Figures:
    counts = {
        Subject.PATHS: {"insurer": Counted(30), "police": Counted(12), "cps": Counted(2)},
        Subject.FEES: {"asked_review": Counted(30, 75000), "refunded_review": Counted(2, 5000)},
    }
    answered = {"civil": [Answered(0, 23)], "official": [Answered(0, 4)]}
    return Figures(
        first=date(2026, 1, 1),
        last=date(2026, 12, 31),
        at=datetime(2026, 11, 22, 9, tzinfo=UTC),
        least=5,
        rounded=rough,
        tables=tuple(
            table(subject, counts.get(subject, {}), RULES, rough=rough) for subject in Subject
        ),
        answers=answer_rows(answered, RULES, least=5),
    )


def test_everything_that_can_happen_to_a_request_has_words() -> None:
    assert set(WORDS[Subject.PATHS].rows) == set(Path)
    outcomes = set(WORDS[Subject.OUTCOMES].rows)
    assert {*ReviewOutcome, *(f"refused_{why}" for why in Refusal)} <= outcomes
    assert set(WORDS[Subject.FEEDBACK].rows) == set(Helped)


def test_what_has_no_words_is_not_left_out_quietly() -> None:
    with pytest.raises(KeyError, match="no words"):
        table(Subject.PATHS, {"another": Counted(9)}, RULES)


def test_a_small_number_is_hidden_with_the_one_that_would_tell_it() -> None:
    (paths,) = (one for one in some().tables if one.subject is Subject.PATHS)
    said = {row.key: row.count for row in paths.rows}
    assert (said["insurer"], said["police"], said["cps"]) == (30, None, None)
    assert paths.total == 44
    assert paths.hides


def test_a_hidden_fee_has_no_amount() -> None:
    (fees,) = (one for one in some().tables if one.subject is Subject.FEES)
    said = {row.key: (row.count, row.pence) for row in fees.rows}
    assert said["asked_review"] == (30, 75000)
    assert said["refunded_review"] == (None, None)
    assert said["waived_release"] == (0, 0)


def test_rounded_figures_hide_zero_too() -> None:
    (paths,) = (one for one in some(rough=True).tables if one.subject is Subject.PATHS)
    said = {row.key: row.count for row in paths.rows}
    assert (said["insurer"], said["police"], said["cps"], said["subject"]) == (30, 10, None, None)
    assert paths.total == 45


def test_a_mean_needs_enough_requests_behind_it() -> None:
    civil, official, subject = some().answers
    assert civil.took is not None
    assert behind(civil.took.count) == 25
    assert official.took is None
    assert subject.took is None
    assert [clock_words(one.clock) for one in (civil, subject)] == ["5 days", "one calendar month"]


def test_no_file_tells_what_is_hidden() -> None:
    figures = some()
    lines = list(csv.reader(io.StringIO("".join(format_figures(figures)).removeprefix("\ufeff"))))
    assert tuple(lines[0]) == FIGURE_COLUMNS
    told = {tuple(line[:2]): line[2:] for line in lines[1:]}
    title = WORDS[Subject.PATHS].title
    assert told[title, "Crown Prosecution Service"][0] == "suppressed"
    assert told[title, "All"][0] == "44"
    assert told["As of", "2026-11-22T09:00:00+00:00"] == []
    said = json.loads(json.dumps(figures_json(figures)))
    rows = {row["key"]: row["count"] for row in said["tables"]["requests_by_path"]["rows"]}
    assert (rows["cps"], rows["police"], rows["insurer"]) == (None, None, 30)
    assert said["as_of"] == "2026-11-22T09:00:00Z"


@pytest.mark.parametrize(
    ("day", "months", "first", "last"),
    [
        (date(2024, 2, 29), 1, date(2024, 2, 1), date(2024, 2, 29)),
        (date(2026, 12, 31), 3, date(2026, 10, 1), date(2026, 12, 31)),
        (date(2026, 1, 1), 12, date(2026, 1, 1), date(2026, 12, 31)),
    ],
    ids=["month", "quarter", "year"],
)
def test_a_period_has_whole_months(day: date, months: int, first: date, last: date) -> None:
    assert of_months(day, months) == Period(first, last)


def test_periods_are_offered_by_name() -> None:
    offered = dict(named_periods(date(2026, 1, 15)))
    assert offered["Last month"] == Period(date(2025, 12, 1), date(2025, 12, 31))
    assert offered["Last quarter"] == Period(date(2025, 10, 1), date(2025, 12, 31))
    assert offered["Last year"] == Period(date(2025, 1, 1), date(2025, 12, 31))
