"""Pure. What those are asked who pay: insurers, solicitors and authorised bodies."""

from dataclasses import replace

from evidence.requests.questions.forms import Choice, Field, FieldKind, Form, FormPage
from evidence.requests.questions.incident import (
    DECLARATION,
    LONG,
    VEHICLE_FIELDS,
    YES_NO,
    contact,
    incident,
    mailbox,
)
from evidence.requests.states import Path

POLICE_ONLY = (
    "If the police are dealing with it, they ask us themselves, and pay nothing. Give them the "
    "place, the date and the time"
)


_PAGES = (
    FormPage(
        "crime",
        "Are the police dealing with it?",
        (
            Field(
                "is_criminal",
                "Are the police dealing with it?",
                "Select yes if the police are dealing with it",
                FieldKind.CHOICE,
                choices=(replace(YES_NO[0], refused=POLICE_ONLY), YES_NO[1]),
            ),
        ),
    ),
    FormPage(
        "organisation",
        "Which organisation do you work for?",
        (
            Field(
                "organisation",
                "Name of the organisation",
                "Enter the name of the organisation",
                fills="organization",
            ),
            Field(
                "regulator_number",
                "Number at your regulator (optional)",
                "",
                hint="For example, the FCA firm reference or the SRA number",
                most=40,
                width=20,
            ),
        ),
    ),
    FormPage(
        "address",
        "What is its address?",
        (Field("address", "Address", "Enter the address", FieldKind.LINES, most=400),),
    ),
    contact(),
    mailbox(
        FieldKind.WORK_EMAIL,
        "What is your e-mail address at work?",
        "We send a code to it. It must be an address of your organisation, not free mail.",
    ),
    FormPage(
        "person",
        "For whom do you ask?",
        (
            Field(
                "policyholder",
                "Name of your policy holder or client",
                "Enter the name of your policy holder or client",
            ),
            Field(
                "consent",
                "Do you have their written consent?",
                "Select yes if you have their written consent",
                FieldKind.CHOICE,
                "We ask for a copy, and for one identity document, at the end of this form. "
                "You can send them later, but we release nothing without them",
                choices=(
                    YES_NO[0],
                    replace(
                        YES_NO[1],
                        refused="Ask them for their written consent first: without it we "
                        "cannot help you",
                    ),
                ),
            ),
            Field(
                "identity",
                "Which document of theirs do you have?",
                "Select which document of theirs you have",
                FieldKind.CHOICE,
                choices=(
                    Choice("passport", "Passport"),
                    Choice("birth_certificate", "Birth certificate"),
                    Choice("driving_licence", "Driving licence"),
                    Choice("utility_bill", "Utility bill"),
                    Choice("other", "Another one"),
                ),
            ),
        ),
    ),
    FormPage(
        "reference",
        "What is your reference?",
        (
            Field(
                "claim_reference",
                "Claim or case reference",
                "Enter your claim or case reference",
                most=60,
                width=20,
            ),
        ),
    ),
    FormPage(
        "basis",
        "Why may we give you the footage?",
        (
            Field(
                "basis",
                "Legal basis (Data Protection Act 2018, Schedule 2, paragraph 5(3))",
                "Select why we may give you the footage",
                FieldKind.CHOICE,
                choices=(
                    Choice("proceedings", "Legal proceedings, or ones that may follow"),
                    Choice("advice", "Legal advice"),
                    Choice("rights", "To establish, exercise or defend legal rights"),
                ),
            ),
            Field("basis_words", "More about it (optional)", "", FieldKind.LINES, most=LONG),
        ),
    ),
    *incident(
        whose=FormPage("vehicle", "Your policy holder's vehicle", VEHICLE_FIELDS),
    ),
    FormPage(
        "recipient",
        "Who receives the footage?",
        (
            Field(
                "recipient_name",
                "Full name",
                "Enter the name of the one person who receives the footage",
            ),
            Field(
                "recipient_email",
                "E-mail address at work",
                "Enter their e-mail address at work",
                FieldKind.WORK_EMAIL,
            ),
        ),
        ("Footage goes to one named person, at an address of your organisation.",),
    ),
    DECLARATION,
)


def civil(path: Path, name: str, hint: str) -> Form:
    """Return the form of those who pay, for the review and then for the release."""
    return Form(path, name, hint, "email", _PAGES)
