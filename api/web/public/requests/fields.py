"""Edge. What a page of a form sends: fields by their names, a date put together of its parts."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import Depends, Request

from evidence.requests.questions.forms import FieldKind, FormPage

_MOST_FIELDS = 60
_PARTS = ("day", "month", "year")


async def sent_fields(request: Request) -> Mapping[str, str]:
    """Return the texts of a form; files are nobody's here."""
    form = await request.form(max_files=0, max_fields=_MOST_FIELDS)
    return {name: value for name, value in form.items() if isinstance(value, str)}


SentFields = Annotated[Mapping[str, str], Depends(sent_fields)]


def answers_in(page: FormPage, sent: Mapping[str, str]) -> dict[str, str]:
    """Return what was answered on a page; a date, of its three boxes, as 2026-11-20."""
    return {
        field.name: _date(field.name, sent)
        if field.kind is FieldKind.DATE
        else sent.get(field.name, "")
        for field in page.fields
    }


def _date(name: str, sent: Mapping[str, str]) -> str:
    day, month, year = (sent.get(f"{name}-{part}", "").strip() for part in _PARTS)
    if not (day or month or year):
        return ""
    if not all(part.isascii() and part.isdecimal() for part in (day, month, year)):
        return f"{year}-{month}-{day}"[:40]  # no date: the checker says so
    return f"{year:>04}-{month:>02}-{day:>02}"[:40]


def typed_parts(page: FormPage, answers: Mapping[str, str]) -> dict[str, str]:
    """Return what stands in the boxes of a page for these answers."""
    shown = {field.name: answers.get(field.name, "") for field in page.fields}
    for field in page.fields:
        if field.kind is FieldKind.DATE and answers.get(field.name):
            year, month, day = answers[field.name].split("-")
            parts = (day.lstrip("0"), month.lstrip("0"), year)
            shown |= {
                f"{field.name}-{part}": said for part, said in zip(_PARTS, parts, strict=True)
            }
    return shown
