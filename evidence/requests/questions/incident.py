"""Pure. What every path asks: when, where and what, and who they are.

``most`` of the last time, and of the hour, is for how many minutes footage may be asked for at
once.
"""

from evidence.requests.questions.checks import BOTH, SUMMER, WINTER, repeats_an_hour
from evidence.requests.questions.forms import Choice, Field, FieldKind, FormPage

LONG = 2000
_DAY_MINUTES, HOUR_MINUTES = 24 * 60, 60
YES_NO = (Choice("yes", "Yes"), Choice("no", "No"))

DATE = FormPage(
    "date",
    "When was the incident?",
    (
        Field(
            "incident_date",
            "Date of the incident",
            "Enter the date of the incident",
            FieldKind.DATE,
        ),
    ),
)
TIMES = FormPage(
    "times",
    "Between which times?",
    (
        Field(
            "time_from",
            "From",
            "Enter the time from which you need footage",
            FieldKind.TIME,
            width=5,
        ),
        Field(
            "time_to",
            "To",
            "Enter the time until which you need footage",
            FieldKind.TIME,
            "Give the times as exactly as you can. If it went past midnight, give the time on the "
            "next day",
            most=_DAY_MINUTES,
            width=5,
        ),
    ),
    ("Give the times that a clock in England showed, such as 14:03 or 2:03pm.",),
)
HOUR = FormPage(
    "hour",
    "Which hour do you mean?",
    (
        Field(
            "hour",
            "Which of the two hours",
            "Select which of the two hours you mean",
            FieldKind.CHOICE,
            choices=(
                Choice(SUMMER, "The first, before the clocks went back"),
                Choice(WINTER, "The second, after the clocks went back"),
                Choice(BOTH, "From the first into the second, or you do not know"),
            ),
            most=_DAY_MINUTES,
        ),
    ),
    ("The clocks went back that night, so the hour from 1am to 2am happened twice.",),
    repeats_an_hour,
)
PLACE = FormPage(
    "place",
    "Where was it?",
    (
        Field("street", "Street", "Enter the street, or the nearest one"),
        Field(
            "landmark",
            "Landmark (optional)",
            "",
            hint="For example, a shop, a junction or the number of a house near by",
        ),
        Field(
            "point",
            "Point on the map (optional)",
            "",
            FieldKind.DEGREES,
            "Latitude and longitude, such as 51.5014, -0.1419",
        ),
    ),
)
_CAMERAS = FormPage(
    "cameras",
    "Do you know the cameras?",
    (
        Field(
            "cameras",
            "Camera references (optional)",
            "",
            FieldKind.ITEMS,
            "One on each line, such as BAR-0017. If you do not know any, leave this empty",
        ),
    ),
)
_WHAT = FormPage(
    "what",
    "What happened?",
    (
        Field(
            "description",
            "What we should look for",
            "Enter what happened, so that we know what to look for",
            FieldKind.LINES,
            "Do not give details of anybody's health or beliefs, unless we need them to find it",
            most=LONG,
        ),
    ),
)
VEHICLE_FIELDS = (
    Field("vehicle_registration", "Registration (optional)", "", most=15, width=10),
    Field("vehicle_make", "Make (optional)", "", most=60),
    Field("vehicle_model", "Model (optional)", "", most=60),
    Field("vehicle_colour", "Colour (optional)", "", most=40, width=20),
)
_OTHERS = FormPage(
    "others",
    "Who or what else was there?",
    (
        Field(
            "other_vehicles",
            "Other vehicles (optional)",
            "",
            FieldKind.ITEMS,
            "One on each line: registration, make, model, colour",
        ),
        Field(
            "persons", "People (optional)", "", FieldKind.LINES, "What they wore, for example", LONG
        ),
    ),
)
DECLARATION = FormPage(
    "declaration",
    "Before you send it",
    (
        Field(
            "declaration",
            "I need the footage for the purpose that I gave, what I said is right as far as I "
            "know, and I know that whoever receives footage answers for it under data protection "
            "law",
            "Confirm the declaration",
            FieldKind.TICK,
        ),
        Field(
            "privacy",
            "I have read how the council uses what I give here (the privacy notice)",
            "Confirm that you have read the privacy notice",
            FieldKind.TICK,
        ),
    ),
)


def incident(*, whose: FormPage | None = None) -> tuple[FormPage, ...]:
    """Return the pages about what happened; ``whose`` is the page of a vehicle."""
    vehicle = () if whose is None else (whose,)
    return (DATE, TIMES, HOUR, PLACE, _CAMERAS, _WHAT, *vehicle, _OTHERS)


def contact(*more: Field) -> FormPage:
    """Return the page of who asks; ``more`` stands between their post and their telephone."""
    return FormPage(
        "contact",
        "Who are you?",
        (
            Field("contact_name", "Full name", "Enter your full name", fills="name"),
            Field("job_title", "Job title", "Enter your job title", fills="organization-title"),
            *more,
            Field(
                "phone",
                "Telephone",
                "Enter a telephone number",
                FieldKind.PHONE,
                fills="tel",
                width=20,
            ),
        ),
    )


def mailbox(kind: FieldKind, title: str, words: str) -> FormPage:
    """Return the page of the mailbox that is proven before anything is submitted."""
    field = Field("email", "E-mail address", "Enter your e-mail address", kind, fills="email")
    return FormPage("mailbox", title, (field,), (words,))
