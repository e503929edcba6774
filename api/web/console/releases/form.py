"""Edge. The form by which a release is proposed: what was typed, what is missing, what it means."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Form

from api.web.console.releases.words import BASES, DELIVERIES, KINDS
from api.web.console.words import lines, sentence
from evidence.errors import InvalidError
from evidence.requests.asked import Asked
from export.desk.story import Story
from export.release.contents import CHOOSABLE
from export.release.proposals import ChosenFile, Delivery, NewRelease, ReleaseKind, parse_chosen

OTHER = "other"
_MOST_PURPOSE = 2000
WHO = "Select who asks for the footage"
_MISSING: Mapping[str, str] = {
    "recipient_name": "Enter the name of the one person it is for",
    "organisation": "Enter the organisation that they work for",
    "recipient_email": "Enter their e-mail address at that organisation",
    "purpose": "Enter why they need the footage",
    "basis": "Select the legal basis of the disclosure",
    "files": "Select at least one file",
    "change": "Enter why the proposal is edited",
}


@dataclass(frozen=True, slots=True)
class Typed:
    """What stands in the form, as it was typed."""

    exhibit: tuple[str, ...] = ()
    kind: str = ""
    recipient_name: str = ""
    organisation: str = ""
    recipient_email: str = ""
    urn: str = ""
    purpose: str = ""
    basis: str = ""
    basis_other: str = ""
    file: tuple[str, ...] = ()
    delivery: str = ""
    link_days: str = ""
    urgent: str = ""
    proposal: str = ""
    """The identifier of the release to be: a form that is sent twice proposes once."""
    replaces: str = ""
    """The proposal that is edited: it is withdrawn as this one is made in its place."""
    change: str = ""
    """Why it is edited."""

    @property
    def hidden(self) -> list[tuple[str, str]]:
        """Everything that was typed, as fields that a page carries along."""
        pairs: list[tuple[str, str]] = []
        for one in fields(self):
            value = getattr(self, one.name)
            pairs += [(one.name, item) for item in ((value,) if isinstance(value, str) else value)]
        return pairs

    @property
    def basis_words(self) -> str:
        """The legal basis in full."""
        return self.basis_other.strip() if self.basis == OTHER else BASES.get(self.basis, "")


def typed(
    *,
    exhibit: Annotated[list[str], Form(default_factory=list, max_length=100)],
    file: Annotated[list[str], Form(default_factory=list, max_length=1000)],
    kind: Annotated[str, Form()] = "",
    recipient_name: Annotated[str, Form()] = "",
    organisation: Annotated[str, Form()] = "",
    recipient_email: Annotated[str, Form()] = "",
    urn: Annotated[str, Form()] = "",
    purpose: Annotated[str, Form()] = "",
    basis: Annotated[str, Form()] = "",
    basis_other: Annotated[str, Form()] = "",
    delivery: Annotated[str, Form()] = "",
    link_days: Annotated[str, Form()] = "",
    urgent: Annotated[str, Form()] = "",
    proposal: Annotated[str, Form()] = "",
    replaces: Annotated[str, Form()] = "",
    change: Annotated[str, Form()] = "",
) -> Typed:
    """Return what was sent."""
    return Typed(
        exhibit=tuple(exhibit),
        kind=kind,
        recipient_name=recipient_name,
        organisation=organisation,
        recipient_email=recipient_email,
        urn=urn,
        purpose=lines(purpose),
        basis=basis,
        basis_other=lines(basis_other),
        file=tuple(file),
        delivery=delivery,
        link_days=link_days,
        urgent=urgent,
        proposal=proposal,
        replaces=replaces,
        change=lines(change),
    )


Sent = Annotated[Typed, Depends(typed)]


def missing(sent: Typed) -> dict[str, str]:
    """Return everything that is missing, all at once."""
    given = {
        "recipient_name": sent.recipient_name,
        "organisation": sent.organisation,
        "recipient_email": sent.recipient_email,
        "purpose": sent.purpose,
        "basis": sent.basis_words,
        "files": "".join(sent.file),
        "change": sent.change if sent.replaces else "-",
    }
    errors = {name: _MISSING[name] for name, value in given.items() if not value.strip()}
    if "basis" in errors and sent.basis == OTHER:
        errors["basis"] = "Enter the legal basis of the disclosure"
    if sent.kind not in KINDS:
        errors["kind"] = WHO
    if sent.delivery not in DELIVERIES:
        errors["delivery"] = "Select how the package reaches them"
    days = sent.link_days.strip()
    if days and not (days.isascii() and days.isdecimal() and len(days) <= 3):  # noqa: PLR2004 - digits
        errors["link_days"] = "Enter a number of days, such as 14"
    return errors


def new_release(sent: Typed) -> NewRelease:
    """Return the proposal that a form makes.

    Raises:
        InvalidError: a file or the identifier is not of its form.
    """
    try:
        proposal = UUID(sent.proposal) if sent.proposal else None
    except ValueError as error:
        raise InvalidError("proposal", "this form is out of date: load the page again") from error
    return NewRelease(
        exhibits=sent.exhibit,
        kind=ReleaseKind(sent.kind),
        recipient_name=sent.recipient_name,
        recipient_email=sent.recipient_email,
        organisation=sent.organisation,
        purpose=sent.purpose,
        basis=sent.basis_words,
        urn=sent.urn.strip(),
        delivery=Delivery(sent.delivery),
        files=tuple(map(parse_chosen, sent.file)),
        link_days=int(sent.link_days) if sent.link_days.strip() else None,
        urgent=sent.urgent == "yes",
        id=proposal,
    )


def typed_before(story: Story) -> Typed:
    """Return the form of a proposal as it was filled in."""
    row = story.row
    known = next((name for name, words in BASES.items() if words == row.basis), OTHER)
    return Typed(
        exhibit=tuple(exhibit.reference for exhibit, _ in story.files),
        kind=row.kind,
        recipient_name=story.recipient.name,
        organisation=row.organisation,
        recipient_email=story.recipient.email,
        urn=row.urn,
        purpose=row.purpose,
        basis=known,
        basis_other=row.basis if known == OTHER else "",
        file=tuple(
            str(ChosenFile(exhibit.reference, file.name))
            for exhibit, files in story.files
            for file in files
            if file.kind in CHOOSABLE
        ),
        delivery=row.delivery,
        link_days=str(row.link_days),
        urgent="yes" if row.urgent else "",
        replaces=story.label,
    )


def typed_for(urn: str, asked: Asked, usual: Typed) -> Typed:
    """Return the form of a release for a request: ``usual``, with what was asked."""
    name, email = asked.recipient
    known = next((one for one, words in BASES.items() if words == asked.basis), OTHER)
    handed_over = asked.said("delivery") == "system"
    return replace(
        usual,
        recipient_name=name,
        organisation=asked.organisation,
        recipient_email=email,
        urn=urn,
        purpose=asked.purpose[:_MOST_PURPOSE],
        basis=known,
        basis_other=asked.basis if known == OTHER else "",
        delivery=(Delivery.HANDOFF if handed_over else Delivery.LINK).value,
    )


def said(error: Exception) -> dict[str, str]:
    """Return an error as the field that it stands at, and the sentence."""
    return {error.field if isinstance(error, InvalidError) else "files": sentence(error)}
