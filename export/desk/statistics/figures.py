"""Pure. The figures of a period, as they may leave the house."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from custody.formats.canonical import JSON, format_time
from evidence.requests.clocks import DayKind
from export.desk.statistics.days import Answered, Clock, Took, took
from export.desk.statistics.suppression import hidden, rounded, shown
from export.desk.statistics.words import ANSWER_WORDS, WORDS, Subject

VERSION: Final = 1
_ROUGHLY: Final = 5
"""To how many the number of requests behind a mean is rounded: its share would tell it exactly."""
_OPEN = frozenset({Subject.CAMERAS})
"""What anybody can count for themselves."""
_APART = frozenset({Subject.FEES})
"""Whose rows are no parts of one total."""


@dataclass(frozen=True, slots=True)
class Rules:
    """How a council counts and hides."""

    answer: Clock
    least: int
    """Numbers below are hidden; zero is not."""
    behind_mean: int
    """So many requests must stand behind a mean that is published."""


@dataclass(frozen=True, slots=True)
class Counted:
    """One figure as the database has it, before anything is hidden."""

    count: int
    pence: int = 0


@dataclass(frozen=True, slots=True)
class Row:
    """One figure; None: hidden."""

    key: str
    words: str
    count: int | None
    pence: int | None = None
    """Of fees alone."""


@dataclass(frozen=True, slots=True)
class Table:
    """Figures of one subject."""

    subject: Subject
    title: str
    meaning: str
    rows: tuple[Row, ...]
    total: int | None
    """None: hidden, or there is none."""
    has_total: bool

    @property
    def hides(self) -> bool:
        """Whether anything of it is hidden."""
        return (self.has_total and self.total is None) or any(
            row.count is None for row in self.rows
        )


@dataclass(frozen=True, slots=True)
class AnswerRow:
    """How long the answers of some took; None: too few stand behind it."""

    key: str
    words: str
    clock: Clock
    took: Took | None


@dataclass(frozen=True, slots=True)
class Figures:
    """Everything that is told of a period."""

    first: date
    last: date
    at: datetime
    """As of when: what happened later is not in it."""
    least: int
    rounded: bool
    tables: tuple[Table, ...]
    answers: tuple[AnswerRow, ...]


def table(
    subject: Subject, counts: Mapping[str, Counted], rules: Rules, *, rough: bool = False
) -> Table:
    """Return a table with what must be hidden hidden, or (``rough``) with every figure rounded.

    Raises:
        KeyError: the database counts something that has no words.
    """
    words = WORDS[subject]
    if missing := counts.keys() - words.rows.keys():
        raise KeyError(f"no words for {sorted(missing)} of {subject}")
    found = {key: counts.get(key, Counted(0)) for key in words.rows}
    plain = [one.count for one in found.values()]
    if subject in _OPEN:
        said: list[int | None] = list(plain)
        total: int | None = sum(plain)
    elif rough:
        said = [rounded(count, rules.least) for count in plain]
        total = rounded(sum(plain), rules.least)
    elif subject in _APART:
        said, total = [shown(count, rules.least) for count in plain], None
    else:
        hide = hidden(plain, rules.least)
        said = [None if place in hide else count for place, count in enumerate(plain)]
        total = shown(sum(plain), rules.least)
    rows = tuple(
        Row(
            key,
            words.rows[key],
            count,
            found[key].pence if subject is Subject.FEES and count is not None else None,
        )
        for key, count in zip(found, said, strict=True)
    )
    return Table(subject, words.title, words.meaning, rows, total, subject not in _APART)


def answer_rows(
    answered: Mapping[str, Sequence[Answered]], rules: Rules, *, least: int
) -> tuple[AnswerRow, ...]:
    """Return how long answers took, where at least ``least`` requests stand behind it."""
    month = Clock(DayKind.CALENDAR, None)
    rows = []
    for key, words in ANSWER_WORDS.items():
        clock = month if key == "subject" else rules.answer
        found = took(answered.get(key, ()), clock)
        if found is not None and found.count < least:
            found = None
        rows.append(AnswerRow(key, words, clock, found))
    return tuple(rows)


def behind(count: int) -> int:
    """Return how many requests stand behind a mean, to the nearest five."""
    return rounded(count, _ROUGHLY) or 0


def clock_words(clock: Clock) -> str:
    """Return within which time an answer is due."""
    if clock.days is None:
        return "one calendar month"
    what = "day" if clock.kind is DayKind.CALENDAR else "working day"
    return f"{clock.days} {what}{'' if clock.days == 1 else 's'}"


def figures_json(figures: Figures) -> dict[str, JSON]:
    """Return figures for machines: null where a figure is hidden, amounts in whole pence."""
    return {
        "version": VERSION,
        "first": figures.first.isoformat(),
        "last": figures.last.isoformat(),
        "as_of": format_time(figures.at.replace(microsecond=0)),
        "suppressed_below": figures.least,
        "rounded": figures.rounded,
        "tables": {one.subject.value: _table_json(one) for one in figures.tables},
        "days_to_first_answer": [_answer_json(one) for one in figures.answers],
    }


def _table_json(one: Table) -> dict[str, JSON]:
    rows: list[JSON] = []
    for row in one.rows:
        told: dict[str, JSON] = {"key": row.key, "words": row.words, "count": row.count}
        if one.subject is Subject.FEES:
            told["pence"] = row.pence
        rows.append(told)
    said: dict[str, JSON] = {"title": one.title, "meaning": one.meaning, "rows": rows}
    return said | ({"total": one.total} if one.has_total else {})


def _answer_json(one: AnswerRow) -> dict[str, JSON]:
    told = one.took
    return {
        "key": one.key,
        "words": one.words,
        "clock": clock_words(one.clock),
        "counted_in": one.clock.kind.value,
        "requests_to_the_nearest_5": None if told is None else behind(told.count),
        "mean": None if told is None else _text(told.mean),
        "median": None if told is None else _text(told.median),
        "percent_within_clock": None if told is None else told.within,
    }


def _text(number: Decimal) -> str:
    return f"{number}"
