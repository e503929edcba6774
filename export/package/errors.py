"""What can go wrong with a release package.

* PackageError, an ExportError
  - UnreadableError: no ZIP archive, or one that ends too early; get the file again
    - FormatVersionError: a package of a format that this program does not read; get another program
  - ArchiveError: a ZIP archive, and not in the one form that a package has; refuse
  - NamingError: a name that a package must not hold; refuse
  - ManifestError: a tag file of the bag is not in its one form; refuse
  - RecordError: a record or its openings are not in their one form; refuse
  - BudgetError: the time for decoding all copies is over; the copy in hand was not checked
"""

from export.errors import ExportError


class PackageError(ExportError):
    """Base of all package errors; carries both sides where there are two."""

    def __init__(
        self, words: str, *, subject: str = "", expected: str = "", found: str = ""
    ) -> None:
        both = f": expected {expected}, found {found}" if expected or found else ""
        super().__init__(words + both)
        self.words = words
        self.subject = subject
        self.expected = expected
        self.found = found


class UnreadableError(PackageError):
    """This is no ZIP archive, or only the beginning of one."""


class FormatVersionError(UnreadableError):
    """The package is of another version of the format; `stated` is the number, None without one."""

    def __init__(self, words: str, *, subject: str, expected: str, stated: int | None) -> None:
        found = "no number" if stated is None else str(stated)
        super().__init__(words, subject=subject, expected=expected, found=found)
        self.stated = stated


class ArchiveError(PackageError):
    """The archive is not the one that its files give."""


class NamingError(PackageError):
    """A file, folder or package name that is not allowed here."""


class ManifestError(PackageError):
    """A tag file of the bag is not in the one form that it may have."""


class RecordError(PackageError):
    """A record in the package is not in the one form that it may have."""


class BudgetError(PackageError):
    """The time for decoding all copies of a package is over."""

    def __init__(self) -> None:
        super().__init__("the time for decoding all copies of the package is over")
