"""Pure. What is wrong with an answer, and in which words: the one checker of every form.

A page is checked as it is saved, the whole form once more as it is sent.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from evidence.errors import InvalidError
from evidence.exhibits.clocks import LONDON, parse_local
from evidence.mailbox.addresses import check_address, check_reachable
from evidence.requests.questions.forms import Answers, Field, FieldKind, Form, FormPage
from evidence.wording import check_words

MOST_ITEMS, MOST_ITEM = 20, 60
_OLDEST = timedelta(days=6 * 366)
"""An incident of longer ago is a slip: claims lapse after six years (Limitation Act 1980)."""
_CLOCK = re.compile(r"(\d{1,2})[:.]?(\d{2})?\s*(am|pm)?", re.ASCII | re.IGNORECASE)
_PHONE = re.compile(r"\+?[0-9 ()-]{7,25}")
_DEGREES = re.compile(r"(-?\d{1,2}\.\d{1,8})\s*,\s*(-?\d{1,3}\.\d{1,8})", re.ASCII)
_WIDEST, _HOURS = 180, 24
_HOUR, _DAY = 60, 24 * 60
"""Minutes."""
_NOON = 12
BOTH, SUMMER, WINTER = "both", "summer", "winter"
"""Which of the hours that happen twice is meant, when the clocks go back."""
_OFFSETS = {SUMMER: ("+01:00", "+01:00"), WINTER: ("+00:00",) * 2, BOTH: ("+01:00", "+00:00")}


@dataclass(frozen=True, slots=True)
class Rules:
    """What the checker knows beside the form."""

    now: datetime
    free: frozenset[str] = frozenset()
    """Domains of free mail beside those that everybody knows."""
    police: tuple[str, ...] = ()


RulesAt = Callable[[datetime], Rules]
"""What a council's checker knows at a moment."""


@dataclass(frozen=True, slots=True)
class Checked:
    """Answers in their plain form, and what is wrong, by the field's name."""

    answers: Mapping[str, str]
    errors: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Window:
    """From when to when footage is asked for, UTC."""

    start: datetime
    end: datetime


def check_page(page: FormPage, given: Answers, answers: Answers, rules: Rules) -> Checked:
    """Check one page; ``answers`` are those of the pages before it.

    The errors are in the order of the fields. What is wrong is left out of the answers.
    """
    clean: dict[str, str] = {}
    errors: dict[str, str] = {}
    for field in page.fields:
        try:
            clean[field.name] = _check_field(field, given.get(field.name, ""), rules)
        except InvalidError as error:
            errors[field.name] = str(error)
    if not errors:
        errors = _check_times(page, {**answers, **clean}, rules)
    return Checked(clean, errors)


def check_form(form: Form, given: Answers, rules: Rules) -> Checked:
    """Check a whole form. What does not apply is left out, and a field that is unknown is wrong."""
    clean: dict[str, str] = {}
    errors: dict[str, str] = {}
    for page in form.pages:
        if page.applies(clean):
            found = check_page(page, given, clean, rules)
            clean |= found.answers
            errors |= found.errors
    known = {field.name for page in form.pages for field in page.fields}
    for name in sorted(given.keys() - known):
        errors[name[:60]] = "this form has no such field: leave it out"
    return Checked(clean, errors)


def window(answers: Answers) -> Window:
    """Return from when to when footage is asked for; an end before the start is the next day's.

    Raises:
        InvalidError: there is no such time, or it happens twice and nobody said which is meant.
    """
    first, last = _local(answers)
    offsets = _OFFSETS.get(answers.get("hour", ""), ("", ""))
    start = _moment("time_from", first, offsets[0])
    end = _moment("time_to", last, offsets[1])
    return Window(start.astimezone(UTC), end.astimezone(UTC))


def repeats_an_hour(answers: Answers) -> bool:
    """Tell whether a time that was given happens twice, because the clocks go back that night."""
    try:
        moments = _local(answers)
    except InvalidError:
        return False
    return any(_is_twice(moment) for moment in moments)


def _is_twice(moment: datetime) -> bool:
    early, late = (moment.replace(tzinfo=LONDON, fold=fold) for fold in (0, 1))
    there = early.astimezone(UTC).astimezone(LONDON).replace(tzinfo=None) == moment
    return early.utcoffset() != late.utcoffset() and there


def _local(answers: Answers) -> tuple[datetime, datetime]:
    """Return both times as clocks showed them, without an offset."""
    try:
        day = date.fromisoformat(answers.get("incident_date", ""))
        first, last = (
            datetime.combine(day, datetime.strptime(answers.get(name, ""), "%H:%M").time())  # noqa: DTZ007 - a clock on a wall
            for name in ("time_from", "time_to")
        )
    except ValueError as error:
        raise InvalidError("incident_date", "Enter the date and the times") from error
    # Past midnight. Where the hour is repeated, 01:50 to 01:10 is twenty minutes.
    if last < first and not (_is_twice(first) and _is_twice(last)):
        last += timedelta(days=1)
    return first, last


def _moment(name: str, local: datetime, offset: str) -> datetime:
    return parse_local(name, f"{local:%Y-%m-%d %H:%M}:00{offset if _is_twice(local) else ''}")


def _check_times(page: FormPage, answers: Answers, rules: Rules) -> dict[str, str]:
    """Say what is wrong with the times, once all of them are there."""
    names = {field.name for field in page.fields}
    asked = names & {"time_from", "time_to", "hour", "incident_date"}
    if not asked or not {"incident_date", "time_from", "time_to"} <= answers.keys():
        return {}
    if repeats_an_hour(answers) and answers.get("hour", "") not in _OFFSETS:
        return {} if "hour" not in names else {"hour": "Select which of the two hours is meant"}
    field = "hour" if "hour" in names else "time_to"
    try:
        found = window(answers)
    except InvalidError as error:
        return {error.field if error.field in names else field: str(error)}
    words = _wrong_with(found, page, rules)
    return {field: words} if words else {}


def _wrong_with(found: Window, page: FormPage, rules: Rules) -> str:
    """Say what is wrong with a time span, as this page may ask for it; empty: nothing is."""
    if found.end <= found.start:
        return "The end must be later than the start"
    longest = next((one.most for one in page.fields if one.name in {"time_to", "hour"}), _DAY)
    if found.end - found.start > timedelta(minutes=longest):
        hours = "1 hour" if longest == _HOUR else f"{longest // _HOUR} hours"
        return f"Footage of at most {hours} can be asked for at once: give closer times"
    return "The time must be in the past" if found.start > rules.now else ""


def _check_field(field: Field, given: str, rules: Rules) -> str:
    """Return one answer in its plain form.

    Raises:
        InvalidError: it is missing, or cannot be right.
    """
    if not given.strip():
        if field.missing:
            raise InvalidError(field.name, field.missing)
        return ""
    most = MOST_ITEMS * (MOST_ITEM + 2) if field.kind is FieldKind.ITEMS else field.most
    several = field.kind in {FieldKind.LINES, FieldKind.ITEMS}
    text = given.replace("\r\n", "\n").replace("\r", "\n") if several else given
    if field.kind in _TIMES:
        most = 40
    words = check_words(field.name, text, most=most, lines=several)
    return _KINDS[field.kind](field, words, rules)


def _plain(_field: Field, words: str, _rules: Rules) -> str:
    return words


def _choice(field: Field, words: str, _rules: Rules) -> str:
    chosen = next((one for one in field.choices if one.value == words), None)
    if chosen is None:
        raise InvalidError(field.name, field.missing or "Select one of the answers")
    if chosen.refused:
        raise InvalidError(field.name, chosen.refused)
    return words


def _tick(field: Field, words: str, _rules: Rules) -> str:
    if words != "yes":
        raise InvalidError(field.name, field.missing)
    return words


def _date(field: Field, words: str, rules: Rules) -> str:
    try:
        day = date.fromisoformat(words)
    except ValueError as error:
        example = rules.now.astimezone(LONDON).date() - timedelta(days=3)
        raise InvalidError(
            field.name, f"Enter a real date, such as {example.day} {example.month} {example.year}"
        ) from error
    today = rules.now.astimezone(LONDON).date()
    if day > today:
        raise InvalidError(field.name, "The date must be today or in the past")
    if day < today - _OLDEST:
        raise InvalidError(field.name, "The date is more than six years ago: check the year")
    return day.isoformat()


def _time(field: Field, words: str, _rules: Rules) -> str:
    match = _CLOCK.fullmatch(words)
    if match is None:
        raise InvalidError(field.name, "Enter a time, such as 14:03 or 2:03pm")
    hour, minute, half = int(match[1]), int(match[2] or 0), (match[3] or "").lower()
    if half:
        if not 1 <= hour <= _NOON:
            raise InvalidError(field.name, "Enter a time, such as 14:03 or 2:03pm")
        hour = hour % _NOON + (_NOON if half == "pm" else 0)
    elif match[2] is None:
        raise InvalidError(field.name, "Enter the minutes too, such as 14:03 or 2:03pm")
    if hour >= _HOURS or minute >= _HOUR:
        raise InvalidError(field.name, "Enter a time, such as 14:03 or 2:03pm")
    return f"{hour:02}:{minute:02}"


def _phone(field: Field, words: str, _rules: Rules) -> str:
    if not _PHONE.fullmatch(words):
        raise InvalidError(field.name, "Enter a telephone number, such as 01632 960 001")
    return words


def _email(field: Field, words: str, rules: Rules, domains: Sequence[str] | None = ()) -> str:
    """Check an address; ``domains`` as `check_reachable` has them, empty: wherever it is."""
    try:
        address = check_address(words)
        if domains is None or domains:
            check_reachable(address, domains=domains, free=rules.free)
    except InvalidError as error:
        raise InvalidError(field.name, str(error)) from error
    return address


def _work_email(field: Field, words: str, rules: Rules) -> str:
    return _email(field, words, rules, None)


def _official_email(field: Field, words: str, rules: Rules) -> str:
    return _email(field, words, rules, rules.police)


def _items(field: Field, words: str, _rules: Rules) -> str:
    items = [" ".join(line.split()) for line in words.replace(",", "\n").split("\n")]
    items = list(dict.fromkeys(item for item in items if item))
    if len(items) > MOST_ITEMS:
        raise InvalidError(field.name, f"Enter {MOST_ITEMS} at most, one on each line")
    for item in items:
        if len(item) > MOST_ITEM:
            raise InvalidError(field.name, f"Each line may have {MOST_ITEM} characters at most")
    return "\n".join(items)


def _degrees(field: Field, words: str, _rules: Rules) -> str:
    match = _DEGREES.fullmatch(words)
    if match is None or abs(float(match[1])) > _WIDEST / 2 or abs(float(match[2])) > _WIDEST:
        raise InvalidError(
            field.name, "Enter latitude and longitude with a comma, such as 51.5014, -0.1419"
        )
    return f"{match[1]}, {match[2]}"


_TIMES = frozenset({FieldKind.DATE, FieldKind.TIME})
_KINDS: Mapping[FieldKind, Callable[[Field, str, Rules], str]] = {
    FieldKind.TEXT: _plain,
    FieldKind.LINES: _plain,
    FieldKind.CHOICE: _choice,
    FieldKind.TICK: _tick,
    FieldKind.DATE: _date,
    FieldKind.TIME: _time,
    FieldKind.PHONE: _phone,
    FieldKind.EMAIL: _email,
    FieldKind.WORK_EMAIL: _work_email,
    FieldKind.OFFICIAL_EMAIL: _official_email,
    FieldKind.ITEMS: _items,
    FieldKind.DEGREES: _degrees,
}
