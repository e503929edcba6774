"""Pure. Classes of retention, and the day on which an exhibit of each is to be reviewed.

A review is no disposal: nothing goes by itself. Days are days of the calendar in London, so that a
review is due as its day begins there, whichever way the clocks were changed in between.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from evidence.errors import InvalidError
from evidence.exhibits.clocks import LONDON

MOST_DAYS = 36_500
"""From one review to the next."""


@dataclass(frozen=True, slots=True)
class RetentionClass:
    """Why an exhibit is kept, and after how many days somebody looks whether that holds yet."""

    key: str
    name: str
    basis: str
    days: int


USUAL_CLASSES = (
    RetentionClass(
        "unreleased",
        "Taken in and not released",
        "Footage is kept no longer than its purpose needs (Surveillance Camera Code, principle 6)",
        31,
    ),
    RetentionClass(
        "civil",
        "Released for a legal claim",
        "Legal rights are being established, exercised or defended (Data Protection Act 2018, "
        "Schedule 2, paragraph 5(3))",
        365,
    ),
    RetentionClass(
        "police",
        "Given to the police or the prosecution",
        "The police keep their exhibit; ours is kept while theirs may be asked about",
        183,
    ),
    RetentionClass(
        "prosecution",
        "Prosecuted by the council",
        "Kept until proceedings end and, after a conviction, until release or for six months, "
        "whichever is later (Code of Practice under the Criminal Procedure and Investigations Act "
        "1996)",
        183,
    ),
    RetentionClass(
        "subject",
        "Asked for by a person in it",
        "A subject access request is answered within one month, or three (UK GDPR, article 12)",
        92,
    ),
)
"""What holds where a council says nothing else; docs/configuration.md names the sources."""
UNRELEASED = USUAL_CLASSES[0].key


@dataclass(frozen=True, slots=True)
class Retention:
    """The classes of a council, by their keys, and the one of what nobody has put into any."""

    classes: Mapping[str, RetentionClass]
    default: str

    @property
    def usual(self) -> RetentionClass:
        """The class of an exhibit that nobody has put into one."""
        return self.classes[self.default]

    def named(self, key: str) -> RetentionClass:
        """Return the class of a key.

        Raises:
            InvalidError: there is none; says which there are.
        """
        found = self.classes.get(key.strip())
        if found is None:
            known = ", ".join(self.classes)
            raise InvalidError("retention_class", f"choose one of the classes: {known}")
        return found

    def words(self, key: str | None) -> str:
        """Say in words which class this is, also one that the council no longer has."""
        found = self.usual if key is None else self.classes.get(key)
        return str(key) if found is None else found.name


USUAL_RETENTION = Retention({one.key: one for one in USUAL_CLASSES}, UNRELEASED)


def review_due(came: datetime, days: int) -> datetime:
    """Return when the review of what came then is due: as a day begins in London, in UTC."""
    return _begins(came.astimezone(LONDON).date() + timedelta(days=days))


def came_before(at: datetime, days: int) -> datetime:
    """Return the moment before which an exhibit came whose first review is due at ``at``.

    The other way round than `review_due`, so that a database can choose by when things came.
    """
    return _begins(at.astimezone(LONDON).date() - timedelta(days=days - 1))


def next_review(day: date | None, *, at: datetime) -> datetime:
    """Return when a day begins in London on which an exhibit is to be reviewed next, in UTC.

    Raises:
        InvalidError: none was given, or not one to come within `MOST_DAYS`.
    """
    if day is None:
        raise InvalidError("until", "enter the day of the next review, such as 31/05/2027")
    today = at.astimezone(LONDON).date()
    if not today < day <= today + timedelta(days=MOST_DAYS):
        raise InvalidError("until", "the next review is on a day to come, within a hundred years")
    return _begins(day)


def _begins(day: date) -> datetime:
    return datetime.combine(day, time(), LONDON).astimezone(UTC)
