"""Edge. Forms of requests as invented people fill them in for the demonstration."""

from collections.abc import Mapping

from evidence.requests.questions.paths import FORMS
from evidence.requests.states import CIVIL, Path

_WHERE = {
    "time_from": "14:00",
    "time_to": "14:30",
    "description": "A van turns and hits a parked car.",
    "declaration": "yes",
    "privacy": "yes",
}
_INSURER = _WHERE | {
    "is_criminal": "no",
    "organisation": "Harbour Mutual (fictional)",
    "address": "1 Quay Street, Barchester",
    "contact_name": "Jo Sample",
    "job_title": "Claims handler",
    "phone": "01632 960 001",
    "email": "jo.sample@harbour-mutual.example",
    "policyholder": "Chris Invented",
    "consent": "yes",
    "identity": "passport",
    "claim_reference": "HM-20461",
    "basis": "proceedings",
    "vehicle_registration": "AB12 CDE",
    "recipient_name": "Jo Sample",
    "recipient_email": "jo.sample@harbour-mutual.example",
}
_POLICE = _WHERE | {
    "contact_name": "Sam Example",
    "rank": "Detective Sergeant",
    "unit": "Roads policing",
    "collar_number": "1187",
    "job_title": "Investigator",
    "phone": "01632 960 002",
    "email": "sam.example@barchester.police.example",
    "organisation": "Barchester Constabulary (fictional)",
    "case_reference": "BC/2026/1187",
    "offence": "Dangerous driving",
    "power": "Police and Criminal Evidence Act 1984",
    "limb": "prevention",
    "necessity": "Nothing else shows who drove.",
    "authoriser_name": "Kim Invented",
    "authoriser_rank": "Inspector",
    "urgency": "routine",
    "delivery": "link",
    "statement": "no",
}
_SUBJECT = _WHERE | {
    "for_claim": "no",
    "contact_name": "Robin Invented",
    "address": "2 Mill Lane, Barchester",
    "email": "robin.invented@mailbox.example",
    "description": "I wore a red coat, and carried a ladder.",
    "format": "link",
}
_CIVIL: Mapping[Path, Mapping[str, str]] = {
    Path.INSURER: {},
    Path.SOLICITOR: {
        "organisation": "Quill and Partners (fictional)",
        "contact_name": "Sasha Sample",
        "email": "sasha.sample@quill-partners.example",
        "claim_reference": "QP/7715",
        "recipient_name": "Sasha Sample",
        "recipient_email": "sasha.sample@quill-partners.example",
    },
    Path.AUTHORISED: {
        "organisation": "Motor Claims Register (fictional)",
        "contact_name": "Lee Invented",
        "email": "lee.invented@claims-register.example",
        "claim_reference": "MCR-100-3",
        "recipient_name": "Lee Invented",
        "recipient_email": "lee.invented@claims-register.example",
    },
}
_OFFICIAL: Mapping[Path, Mapping[str, str]] = {
    Path.POLICE: {},
    Path.CPS: {
        "organisation": "Crown Prosecution Service, Barsetshire (fictional)",
        "email": "alex.invented@cps.example",
        "contact_name": "Alex Invented",
        "limb": "prosecution",
        "authoriser_rank": "Senior Crown Prosecutor",
    },
    Path.COUNCIL: {
        "organisation": "Street cleansing (fictional)",
        "email": "ash.example@barchester.example",
        "contact_name": "Ash Example",
        "offence": "Fly-tipping",
        "power": "Environmental Protection Act 1990",
        "case_reference": "FT-88",
        "authoriser_rank": "Head of service",
    },
}


def filled(path: Path, **other: str) -> dict[str, str]:
    """Return the form of a path, filled in; ``other`` says where, when, and what is different."""
    said = _SUBJECT if path is Path.SUBJECT else _INSURER if path in CIVIL else _POLICE
    own = {**_CIVIL, **_OFFICIAL}.get(path, {})
    fields = {field.name for page in FORMS[path].pages for field in page.fields}
    return {name: one for name, one in {**said, **own, **other}.items() if name in fields}
