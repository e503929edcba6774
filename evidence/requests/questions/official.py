"""Pure. What the police, the CPS and teams of the council are asked, who pay nothing."""

from evidence.requests.questions.forms import Choice, Field, FieldKind, Form, FormPage
from evidence.requests.questions.incident import (
    DECLARATION,
    LONG,
    YES_NO,
    contact,
    incident,
    mailbox,
)
from evidence.requests.states import Path


def _powers() -> FormPage:
    return FormPage(
        "powers",
        "Why do you need the footage?",
        (
            Field(
                "offence",
                "Offence, or what it would prejudice not to have it",
                "Enter the offence, or what it would prejudice not to have the footage",
                FieldKind.LINES,
                most=LONG,
            ),
            Field("power", "Power that you act under", "Enter the power that you act under"),
            Field(
                "limb",
                "Purpose (Data Protection Act 2018, Schedule 2, paragraph 2)",
                "Select the purpose",
                FieldKind.CHOICE,
                choices=(
                    Choice("prevention", "The prevention or detection of crime"),
                    Choice("prosecution", "The apprehension or prosecution of offenders"),
                ),
            ),
            Field(
                "necessity",
                "Why the footage is necessary",
                "Enter why the footage is necessary",
                FieldKind.LINES,
                most=LONG,
            ),
        ),
    )


def _authority(ranks: tuple[str, ...], words: str) -> FormPage:
    return FormPage(
        "authority",
        "Who authorised it?",
        (
            Field("authoriser_name", "Full name", "Enter who authorised it"),
            Field(
                "authoriser_rank",
                "Rank or post",
                "Select the rank or post of who authorised it",
                FieldKind.CHOICE,
                choices=tuple(Choice(rank, rank) for rank in ranks),
            ),
            Field(
                "authorised_on", "Date", "Enter the date on which it was authorised", FieldKind.DATE
            ),
        ),
        (words,),
    )


_CASE = FormPage(
    "case",
    "Which case is it?",
    (
        Field(
            "case_reference",
            "Crime or case reference",
            "Enter the crime or case reference",
            most=60,
            width=20,
        ),
        Field("operation", "Name of the operation (optional)", "", most=60),
        Field(
            "subject",
            "Who is sought, and how to know them (optional)",
            "",
            FieldKind.LINES,
            most=LONG,
        ),
    ),
)
_ENDING = FormPage(
    "delivery",
    "How should it reach you?",
    (
        Field(
            "urgency",
            "How urgent is it?",
            "Select how urgent it is",
            FieldKind.CHOICE,
            choices=(
                Choice("routine", "Routine"),
                Choice("urgent", "Urgent: telephone us as well"),
                Choice("life", "Threat to life: telephone us now, and then send this"),
            ),
        ),
        Field(
            "delivery",
            "How should the footage reach you?",
            "Select how the footage should reach you",
            FieldKind.CHOICE,
            choices=(
                Choice("link", "By a link to your mailbox"),
                Choice("system", "Through your own evidence system"),
            ),
        ),
        Field(
            "statement",
            "Do you need a witness statement?",
            "Select yes if you need a witness statement",
            FieldKind.CHOICE,
            choices=YES_NO,
        ),
    ),
)


def _official(
    path: Path, name: str, hint: str, *, who: FormPage, mailbox: FormPage, authority: FormPage
) -> Form:
    """Return the form of those who pay nothing, and say under which power they ask."""
    pages = (who, mailbox, _CASE, _powers(), *incident(), authority, _ENDING, DECLARATION)
    return Form(path, name, hint, "email", pages)


_FORCE = (
    Field("rank", "Rank", "Enter your rank", most=60, width=20),
    Field("collar_number", "Collar number", "Enter your collar number", most=20, width=10),
    Field("organisation", "Force or agency", "Enter your force or agency", fills="organization"),
    Field("unit", "Unit or station", "Enter your unit or station"),
)
_OFFICIAL_WORDS = "We send a code to it. It must be an address of the police or the CPS."
_INSPECTOR = ("Inspector", "Chief Inspector", "Superintendent", "Chief Superintendent", "Above")

POLICE = _official(
    Path.POLICE,
    "The police",
    "Free. You need the authority of an Inspector or above",
    who=contact(*_FORCE),
    mailbox=mailbox(
        FieldKind.OFFICIAL_EMAIL, "What is your e-mail address at work?", _OFFICIAL_WORDS
    ),
    authority=_authority(
        _INSPECTOR, "An officer of the rank of Inspector or above must authorise it."
    ),
)
CPS = _official(
    Path.CPS,
    "The Crown Prosecution Service",
    "Free. You need the authority of a senior manager",
    who=contact(_FORCE[3]),
    mailbox=mailbox(
        FieldKind.OFFICIAL_EMAIL, "What is your e-mail address at work?", _OFFICIAL_WORDS
    ),
    authority=_authority(
        ("Senior Crown Prosecutor", "District Crown Prosecutor", "Above"),
        "A senior manager must authorise it.",
    ),
)
COUNCIL = _official(
    Path.COUNCIL,
    "A team of the council",
    "Free. For an investigation or a prosecution of the council",
    who=contact(Field("organisation", "Team", "Enter your team")),
    mailbox=mailbox(
        FieldKind.WORK_EMAIL,
        "What is your e-mail address at work?",
        "We send a code to it. It must be your address at work, not free mail.",
    ),
    authority=_authority(
        ("Team manager", "Head of service", "Director"), "A manager must authorise it."
    ),
)
