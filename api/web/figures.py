"""Edge. Statistics as pages show them: of each table a picture, and the same numbers in words."""

from dataclasses import dataclass

from api.web.bar_chart import BarChart, Row, draw_bars
from api.words import exact_pounds
from export.desk.statistics.figures import Figures, Table, behind, clock_words
from export.desk.statistics.words import ANSWER_TITLE, Subject

_ANSWERS = "days_to_first_answer"


@dataclass(frozen=True, slots=True)
class Plot:
    """One table with its picture."""

    key: str
    title: str
    meaning: str
    chart: BarChart
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    """Each begins with what it is called."""
    total: str
    """Empty: there is none."""


def plots(figures: Figures) -> list[Plot]:
    """Return every table of a period that is to be shown."""
    hidden = f"fewer than {figures.least}" if figures.rounded else "suppressed"
    return [*(_plot(one, hidden) for one in figures.tables), _answers(figures)]


def _plot(table: Table, hidden: str) -> Plot:
    def said(count: int | None) -> str:
        return hidden if count is None else f"{count:,}"

    fees = table.subject is Subject.FEES
    rows = []
    for row in table.rows:
        pounds = hidden if row.pence is None else exact_pounds(row.pence)
        rows.append((row.words, said(row.count), *((pounds,) if fees else ())))
    return Plot(
        key=table.subject.value,
        title=table.title,
        meaning=table.meaning,
        chart=draw_bars([(row.words, row.count, said(row.count)) for row in table.rows]),
        heads=("Number", "Pounds") if fees else ("Number",),
        rows=tuple(rows),
        total=said(table.total) if table.has_total else "",
    )


def _answers(figures: Figures) -> Plot:
    rows: list[tuple[str, ...]] = []
    bars: list[Row] = []
    for one in figures.answers:
        due, name = clock_words(one.clock), one.words
        if one.took is None:
            rows.append((name, "too few", "", "", f"due: {due}"))
            bars.append((name, None, "too few"))
        else:
            took = one.took
            within = f"{took.within}% within {due}"
            rows.append(
                (name, f"about {behind(took.count):,}", f"{took.mean}", f"{took.median}", within)
            )
            bars.append((name, took.mean, f"{took.mean} days"))
    return Plot(
        key=_ANSWERS,
        title=ANSWER_TITLE,
        meaning=_meaning(figures),
        chart=draw_bars(bars),
        heads=("Requests", "Mean days", "Median days", "Answered in time"),
        rows=tuple(rows),
        total="",
    )


def _meaning(figures: Figures) -> str:
    kinds = {one.key: one.clock.kind.value for one in figures.answers}
    return (
        "Requests that came in the period and were answered since: from the day after one came to "
        "the day on which whoever asked was first told what comes of it. For who pays that is "
        "whether cameras may have captured it; for everybody else, whether there is footage that "
        f"they may have. Counted in {kinds['official']} days, in London; of people who ask for "
        "footage of themselves in calendar days. Their clock stands while something is asked of "
        "them: those days count in the mean, and not against the month. Requests that nobody has "
        "answered yet are in no mean."
    )


def is_anything_hidden(figures: Figures) -> bool:
    """Tell whether the page must say what "suppressed" means."""
    return any(one.hides for one in figures.tables)
