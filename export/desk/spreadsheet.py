"""Pure. Files for a spreadsheet, line by line: what of each is a cell, and that none is run."""

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from custody.printable import printable_lines
from evidence.cameras.cameras import KnownCamera
from evidence.cameras.points import MILLION, Point
from evidence.exhibits.clocks import LONDON
from evidence.fees.invoicing.lines import Line
from evidence.requests.lists.listed import MadeRequest
from export.desk.disclosures import Disclosure
from export.desk.statistics.figures import Figures, behind, clock_words
from export.desk.statistics.words import ANSWER_TITLE

_FORMULA = frozenset("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")
"""How a cell begins that a spreadsheet would run (the last four are the wide forms)."""
COLUMNS = (
    "Date and time",
    "Disclosed",
    "Person",
    "E-mail",
    "Organisation",
    "Kind",
    "Why",
    "Legal basis",
    "How",
    "Taken out by",
    "In the role",
    "Detail",
    "Reference",
    "What",
    "Files",
    "SHA-256 of the package",
    "Approved by",
    "Receipt confirmed",
)
CAMERA_COLUMNS = (
    *("camera_id", "location", "area_name", "latitude", "longitude"),
    *("kind", "siting", "owner"),
)

EXTRACT_COLUMNS = (
    *("Place in the log", "Date and time", "Event", "Kind of record", "Record", "Name"),
    *("Done by", "What it says"),
)

MEDIA_TYPE = "text/csv; charset=utf-8; header=present"
STATEMENT_COLUMNS = (
    *("Statement", "Reference", "Claim reference", "Purchase order", "For", "Date and time"),
    *("Net", "VAT", "Gross"),
)
FIGURE_COLUMNS = ("Table", "What", "Number", "Pounds", "Mean days", "Median days", "% within clock")
HIDDEN = "suppressed"
"""What stands where a figure is hidden: an empty cell would look like zero."""


@dataclass(frozen=True, slots=True)
class ExtractLine:
    """One custody event, as a line of a file."""

    place: int
    at: datetime
    event: str
    kind: str
    record: str
    name: str
    """How people call the record; empty: it has no name."""
    actor: str
    says: str
    """The other values, as canonical JSON."""


def format_extract(lines: Iterable[ExtractLine]) -> Iterator[str]:
    """Yield custody events; a place is a number of ours, and everything else is defused."""
    yield "\ufeff" + _line(EXTRACT_COLUMNS)
    for one in lines:
        texts = (one.event, one.kind, one.record, one.name, one.actor, one.says)
        yield _line((str(one.place), _local(one.at), *map(_text, texts)))


def format_register(entries: Iterable[Disclosure]) -> Iterator[str]:
    """Yield entries as CSV (RFC 4180) that a spreadsheet opens as it is and runs nothing of.

    It begins with a byte order mark, without which names with accents would be spoilt. Times are
    ISO 8601 on the council's clock, with their offset from UTC.
    """
    yield "\ufeff" + _line(COLUMNS)
    for entry in entries:
        yield _line(_text(cell) for cell in _cells(entry))


def format_cameras(cameras: Iterable[KnownCamera]) -> Iterator[str]:
    """Yield cameras as open data: where each is now, in a form that `custos camera import` reads.

    The caller sees to it that they are public. A coordinate is a number of ours, and so no text
    that a spreadsheet could run, though it begins with a minus.
    """
    yield "\ufeff" + _line(CAMERA_COLUMNS)
    for known in cameras:
        camera = known.camera
        for placed in camera.placements:
            if placed.until is None:
                texts = (camera.reference, placed.location, placed.area)
                words = (camera.kind.value, camera.siting.value, camera.owner)
                yield _line((*map(_text, texts), *_degrees(placed.at), *map(_text, words)))


def format_statement(reference: str, lines: Iterable[Line]) -> Iterator[str]:
    """Yield the statement of a month; amounts are pounds, and those of credits begin with a minus.

    They are numbers of ours, and so no text that a spreadsheet could run.
    """
    yield "\ufeff" + _line(STATEMENT_COLUMNS)
    for line in lines:
        what = line.stage if line.pence >= 0 else f"credit: {line.stage}"
        texts = (reference, line.urn, line.claim_reference, line.purchase_order, what)
        amounts = (line.net_pence, line.vat_pence, line.pence)
        yield _line((*map(_text, texts), _local(line.at), *map(_amount, amounts)))


def _amount(pence: int) -> str:
    return f"{'-' if pence < 0 else ''}{abs(pence) // 100}.{abs(pence) % 100:02}"


def format_made(made: Iterable[MadeRequest]) -> Iterator[str]:
    """Yield the numbers of the requests that a list made, beside the lines that they stand on."""
    yield "\ufeff" + _line(("line", "claim_reference", "reference_number"))
    for one in made:
        yield _line((str(one.line), _text(one.claim), one.urn))


def format_template(fields: Iterable[str]) -> str:
    """Return a list of requests with nothing but the names of its columns."""
    return "\ufeff" + _line(fields)


def format_figures(figures: Figures) -> Iterator[str]:
    """Yield the statistics of a period, with what each table counts, and as of when."""
    yield "\ufeff" + _line(FIGURE_COLUMNS)
    days = f"{figures.first} to {figures.last}"
    for name, said in (
        ("Period", days),
        ("As of", _local(figures.at)),
        ("Suppressed", f"below {figures.least}{', all rounded' if figures.rounded else ''}"),
    ):
        yield _line((name, said))
    for table in figures.tables:
        yield _line((table.title, table.meaning))
        for row in table.rows:
            pounds = "" if row.pence is None else f"{row.pence / 100:.2f}"
            yield _line((table.title, row.words, _figure(row.count), pounds))
        if table.has_total:
            yield _line((table.title, "All", _figure(table.total)))
    for answer in figures.answers:
        took = answer.took
        words = f"{answer.words}: {clock_words(answer.clock)}"
        told = (HIDDEN,) if took is None else (f"about {behind(took.count)}", "")
        means = () if took is None else (f"{took.mean}", f"{took.median}", f"{took.within}")
        yield _line((ANSWER_TITLE, words, *told, *means))


def _figure(count: int | None) -> str:
    return HIDDEN if count is None else str(count)


def _degrees(at: Point | None) -> tuple[str, str]:
    if at is None:
        return "", ""
    return f"{at.latitude / MILLION:.6f}", f"{at.longitude / MILLION:.6f}"


def _text(cell: str) -> str:
    return defused(printable_lines(cell))


def _line(cells: Iterable[str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow(cells)
    return text.getvalue()


def _cells(entry: Disclosure) -> tuple[str, ...]:
    return (
        _local(entry.at),
        "yes" if entry.how.happened else "no",
        entry.person,
        entry.email,
        entry.organisation,
        entry.kind,
        entry.why,
        entry.basis,
        entry.how.value,
        entry.taken_by,
        entry.role,
        entry.detail,
        entry.release,
        "; ".join(entry.exhibits),
        str(entry.files),
        entry.sha256,
        "; ".join(entry.approved_by),
        _local(entry.receipt) if entry.receipt else "",
    )


def _local(at: datetime) -> str:
    return at.astimezone(LONDON).isoformat(timespec="seconds")


def defused(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula, whatever somebody typed."""
    shown = cell.lstrip(" \u00a0")
    return f"'{cell}" if shown[:1] in _FORMULA and shown else cell
