"""Pure. The rows of a list of requests, as answers to the form; and what is wrong with its columns.

A column is called as the field of the form is. What offices write otherwise in a spreadsheet (a day
as 20/11/2026, a time with seconds, several cameras between semicolons) is read as it is meant; all
else is for the checker of the form.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from evidence.cameras.lists.sheets import MOST_FAULTS, Fault, FaultsError, read_sheet
from evidence.errors import BrokenListError
from evidence.requests.questions.forms import Field, FieldKind, Form, always

MOST_REQUESTS = 50
MOST_BYTES = 200_000
MOST_AN_HOUR = 60
"""Lists, rehearsed or taken over, of one mailbox, by whatever way."""
OWN = ("organisation", "email")
"""Whoever asks by a list is known already: the organisation, and the mailbox that was proven."""
_BRITISH = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})", re.ASCII)
_SECONDS = re.compile(r"(\d{1,2}:\d{2}):00", re.ASCII)


@dataclass(frozen=True, slots=True)
class ListedAnswers:
    """One row: the answers of a form, and where they stand."""

    line: int
    answers: Mapping[str, str]
    columns: Mapping[str, str]
    """What the list calls the column of a field."""

    def fault(self, field: str, words: str) -> Fault:
        """Return what is wrong with one answer, as the list's own owner finds it."""
        return Fault(self.line, self.columns.get(field, field), words)


@dataclass(frozen=True, slots=True)
class MadeRequest:
    """A request that a list made, now or when it was sent before."""

    line: int
    claim: str
    urn: str


def list_fields(form: Form) -> Mapping[str, Field]:
    """Return the fields for which a list has columns, in their order."""
    fields = (field for page in form.pages for field in page.fields)
    return {field.name: field for field in fields if field.name not in OWN}


def read_answers(content: bytes, form: Form) -> tuple[ListedAnswers, ...]:
    """Read a list.

    Raises:
        BrokenListError: names line and column of each fault.
    """
    if len(content) > MOST_BYTES:
        raise broken(Fault(0, "", f"the list is larger than {MOST_BYTES // 1000} kB: part it"))
    try:
        sheet = read_sheet(content)
    except FaultsError as error:
        raise broken(*error.faults) from None
    if sheet.has_geometry:
        raise broken(Fault(0, "", "this is no CSV: save the list as CSV and try again"))
    if len(sheet.rows) > MOST_REQUESTS:
        words = f"the list has {len(sheet.rows)} requests; {MOST_REQUESTS} are allowed: part it"
        raise broken(Fault(0, "", words))
    names = {column: _plain(column) for column in sheet.header}
    if faults := _wrong_columns(names, form):
        raise broken(*faults)
    fields, columns = list_fields(form), {name: column for column, name in names.items()}
    return tuple(
        ListedAnswers(
            row.line,
            {name: _meant(row.cells[column], fields.get(name)) for name, column in columns.items()},
            columns,
        )
        for row in sheet.rows
    )


def broken(*faults: Fault) -> BrokenListError:
    """Return the error that tells of faults."""
    return BrokenListError([str(fault) for fault in faults], most=MOST_FAULTS)


def _wrong_columns(names: Mapping[str, str], form: Form) -> list[Fault]:
    known, there = {*list_fields(form), *OWN}, list(names.values())
    faults = [
        Fault(1, column[:80], "the form has no such field: take this column out")
        for column, name in names.items()
        if name not in known
    ]
    faults += [
        Fault(1, column[:80], "two columns say this: take one of them out")
        for column, name in names.items()
        if there.count(name) > 1
    ]
    needed = (field for page in form.pages if page.applies is always for field in page.fields)
    faults += [
        Fault(1, field.name, "this column is missing: the template has it")
        for field in needed
        if field.missing and field.name not in {*there, *OWN}
    ]
    return faults


def _plain(column: str) -> str:
    return re.sub(r"[\W_]+", "_", column.casefold()).strip("_")


def _meant(cell: str, field: Field | None) -> str:
    """Return an answer as the form takes it."""
    if field is None:
        return cell
    if field.kind is FieldKind.DATE and (match := _BRITISH.fullmatch(cell)):
        day, month, year = match.groups()
        return f"{year}-{month:0>2}-{day:0>2}"
    if field.kind is FieldKind.TIME and (match := _SECONDS.fullmatch(cell)):
        return match[1]
    if field.kind is FieldKind.ITEMS:
        return cell.replace(";", "\n")
    if field.kind in {FieldKind.CHOICE, FieldKind.TICK}:
        return cell.casefold()
    return cell
