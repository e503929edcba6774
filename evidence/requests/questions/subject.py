"""Pure. What somebody is asked who wants footage of themselves (UK GDPR Art 15)."""

from dataclasses import replace

from evidence.requests.questions.forms import Choice, Field, FieldKind, Form, FormPage
from evidence.requests.questions.incident import (
    DATE,
    DECLARATION,
    HOUR,
    HOUR_MINUTES,
    LONG,
    PLACE,
    TIMES,
    VEHICLE_FIELDS,
    YES_NO,
    mailbox,
)
from evidence.requests.states import Path

SUBJECT = Form(
    Path.SUBJECT,
    "Somebody who wants footage of themselves",
    "A subject access request. It is free, and takes up to a month",
    "email",
    (
        FormPage(
            "purpose",
            "Is it for a claim?",
            (
                Field(
                    "for_claim",
                    "Is it for a claim?",
                    "Select yes if it is for a claim",
                    FieldKind.CHOICE,
                    choices=(
                        replace(
                            YES_NO[0],
                            refused="This will not help a claim. Ask your insurer or solicitor to "
                            "ask us: they choose their own form",
                        ),
                        YES_NO[1],
                    ),
                ),
            ),
            (
                (
                    "You get footage of yourself, in which other people and vehicles are hidden. "
                    "Insurers and courts cannot use it to see who did what: it will not help a "
                    "claim."
                ),
            ),
        ),
        FormPage(
            "contact",
            "Who are you?",
            (
                Field("contact_name", "Full name", "Enter your full name", fills="name"),
                Field("address", "Address", "Enter your address", FieldKind.LINES, most=400),
                Field("phone", "Telephone (optional)", "", FieldKind.PHONE, fills="tel", width=20),
            ),
            (
                (
                    "At the end of this form we ask for a document that shows who you are. You can "
                    "send it later, but we give you no footage without it."
                ),
            ),
        ),
        mailbox(FieldKind.EMAIL, "What is your e-mail address?", "We send a code to it."),
        DATE,
        replace(
            TIMES,
            fields=(
                TIMES.fields[0],
                replace(
                    TIMES.fields[1],
                    most=HOUR_MINUTES,
                    hint="At most one hour after the first time",
                ),
            ),
        ),
        replace(HOUR, fields=(replace(HOUR.fields[0], most=HOUR_MINUTES),)),
        PLACE,
        FormPage(
            "looks",
            "How do we know you?",
            (
                Field(
                    "description",
                    "What you wore and did",
                    "Enter what you wore and did, so that we can find you",
                    FieldKind.LINES,
                    most=LONG,
                ),
                *VEHICLE_FIELDS,
            ),
        ),
        FormPage(
            "format",
            "How should we give you the footage?",
            (
                Field(
                    "format",
                    "How should we give you the footage?",
                    "Select how we should give you the footage",
                    FieldKind.CHOICE,
                    choices=(
                        Choice("link", "By a link to your mailbox"),
                        Choice("view", "You come to us and see it"),
                    ),
                ),
            ),
        ),
        replace(
            DECLARATION,
            fields=(
                replace(
                    DECLARATION.fields[0],
                    label="I am the person whom the footage shows, and what I said is right as far "
                    "as I know",
                ),
                DECLARATION.fields[1],
            ),
        ),
    ),
)
