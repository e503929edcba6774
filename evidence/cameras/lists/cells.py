"""Pure. One cell of a list: words, a number, a day, a yes or no, or one of some words."""

import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import TypeVar

from evidence.cameras.cameras import CameraKind, Siting
from evidence.cameras.lists.columns import ListField
from evidence.cameras.lists.sheets import SheetRow
from evidence.errors import InvalidError
from evidence.wording import check_words

T = TypeVar("T", bound=StrEnum)
MOST_LETTERS = 200
MOST_VIEWS = 20
_NUMBER = re.compile(r"[+-]?\d{1,9}(\.\d{1,30})?", re.ASCII)
_BRITISH = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})", re.ASCII)
_YES, _NO = frozenset({"yes", "y", "true", "1"}), frozenset({"no", "n", "false", "0"})
KINDS = {
    **{kind.value.casefold(): kind for kind in CameraKind},
    "pan tilt zoom": CameraKind.PTZ,
    "dome": CameraKind.PTZ,
    "static": CameraKind.FIXED,
    "bullet": CameraKind.FIXED,
    "multi lens": CameraKind.MULTI_LENS,
    "multi-sensor": CameraKind.MULTI_LENS,
    "panoramic": CameraKind.MULTI_LENS,
}
SITINGS = {
    **{siting.value: siting for siting in Siting},
    "redeployable": Siting.REDEPLOYABLE,
    "rapid deployment": Siting.REDEPLOYABLE,
    "mobile": Siting.REDEPLOYABLE,
    "static": Siting.PERMANENT,
    "public space": Siting.PERMANENT,
}


class WrongCellError(Exception):
    """One cell is wrong; the row that has it makes a fault of it."""

    def __init__(self, field: ListField | None, words: str) -> None:
        super().__init__(words)
        self.field = field


class Cells:
    """Reads the cells of rows, by what their columns say."""

    def __init__(self, columns: Mapping[ListField, str]) -> None:
        self._columns = columns

    def text(self, row: SheetRow, field: ListField) -> str:
        """Return what stands in it; empty where no column says this."""
        return row.cells[self._columns[field]] if field in self._columns else ""

    def words(self, row: SheetRow, field: ListField, *, needed: bool = False) -> str:
        """Return plain text.

        Raises:
            WrongCellError: it is too long, missing though it is needed, or no plain text.
        """
        try:
            return check_words(field, self.text(row, field), most=MOST_LETTERS, needed=needed)
        except InvalidError as error:
            raise WrongCellError(field, f"{error}: type it again") from None

    def views(self, row: SheetRow) -> tuple[str, ...]:
        """Return what the lenses of a camera look at, which stands between semicolons."""
        views = [view.strip() for view in self.words(row, ListField.VIEWS).split(";")]
        named = tuple(view for view in views if view)
        if len(named) > MOST_VIEWS:
            raise WrongCellError(ListField.VIEWS, f"{len(named)} views; {MOST_VIEWS} are allowed")
        return named

    def one_of(self, row: SheetRow, field: ListField, known: Mapping[str, T], silent: T) -> T:
        """Return what one of some words means; ``silent`` if there is none.

        Raises:
            WrongCellError: it is none of them; says which there are.
        """
        text = self.text(row, field).casefold()
        if not text:
            return silent
        if text not in known:
            words = ", ".join(dict.fromkeys(one.value for one in known.values()))
            raise WrongCellError(field, f"{text[:40]!r} is none of {words}: write one of them")
        return known[text]

    def truth(self, row: SheetRow, field: ListField) -> bool | None:
        """Return what yes or no means; None: nothing is said."""
        text = self.text(row, field).casefold()
        if text and text not in _YES | _NO:
            raise WrongCellError(field, f"{text[:40]!r} is neither yes nor no: write one of them")
        return None if not text else text in _YES

    def day(self, row: SheetRow, field: ListField) -> date | None:
        """Return a day, as a computer or as a Briton writes it; None: nothing is said."""
        text = self.text(row, field)
        if not text:
            return None
        if match := _BRITISH.fullmatch(text):
            day, month, year = match.groups()
            text = f"{year}-{month:0>2}-{day:0>2}"
        try:
            return datetime.fromisoformat(text).date()
        except ValueError:
            words = f"{text[:40]!r} is no day: write it like 2026-11-20 or 20/11/2026"
            raise WrongCellError(field, words) from None

    def number(self, row: SheetRow, field: ListField) -> Decimal | None:
        """Return a number; None: nothing is said."""
        text = self.text(row, field)
        if not text:
            return None
        if not _NUMBER.fullmatch(text):
            raise WrongCellError(field, f"{text[:40]!r} is no number: write it like 53.464515")
        return Decimal(text)
