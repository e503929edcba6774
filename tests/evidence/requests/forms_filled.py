"""A form of each path, filled in as somebody would."""

from datetime import UTC, datetime

from evidence.requests.questions.checks import Rules
from evidence.requests.states import Path

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
RULES = Rules(NOW, free=frozenset({"free.example"}), police=("police.example", "cps.example"))
INCIDENT = {
    "incident_date": "2026-11-20",
    "time_from": "14:00",
    "time_to": "2.30pm",
    "street": "High Street",
    "landmark": "the bakery",
    "point": "51.5014, -0.1419",
    "cameras": "BAR-0017\nBAR-0018",
    "description": "A lorry turns and hits a parked car.",
    "other_vehicles": "XY12 ABC",
    "persons": "",
}
DECLARED = {"declaration": "yes", "privacy": "yes"}
CIVIL = {
    "is_criminal": "no",
    "organisation": "Example Insurance",
    "regulator_number": "",
    "address": "1 Example Street\r\nBarchester",
    "contact_name": "Jo Smith",
    "job_title": "Claims handler",
    "phone": "01632 960 001",
    "email": "jo@insurer.example",
    "policyholder": "Ali Holder",
    "consent": "yes",
    "identity": "passport",
    "claim_reference": "CL-1234",
    "basis": "proceedings",
    "basis_words": "",
    **INCIDENT,
    "vehicle_registration": "AB12 CDE",
    "vehicle_make": "",
    "vehicle_model": "",
    "vehicle_colour": "blue",
    "recipient_name": "Sam Receiver",
    "recipient_email": "sam@insurer.example",
    **DECLARED,
}
OFFICIAL = {
    "contact_name": "Alex Officer",
    "job_title": "Investigator",
    "phone": "01632 960 002",
    "organisation": "Barset Police",
    "case_reference": "BAR/1/26",
    "operation": "",
    "subject": "",
    "offence": "Dangerous driving",
    "power": "Police and Criminal Evidence Act 1984",
    "limb": "prevention",
    "necessity": "Nothing else shows who drove.",
    **INCIDENT,
    "authoriser_name": "Kim Inspector",
    "authoriser_rank": "Inspector",
    "authorised_on": "2026-11-21",
    "urgency": "routine",
    "delivery": "link",
    "statement": "yes",
    **DECLARED,
}
POLICE = OFFICIAL | {
    "rank": "Detective Constable",
    "collar_number": "4711",
    "unit": "Barchester",
    "email": "alex@barset.police.example",
}
SUBJECT = {
    "for_claim": "no",
    "contact_name": "Pat Person",
    "address": "2 Example Street",
    "phone": "",
    "email": "pat@gmail.com",
    **{name: INCIDENT[name] for name in ("incident_date", "street", "landmark", "point")},
    "time_from": "14:00",
    "time_to": "14:45",
    "description": "A red coat; I crossed the road.",
    "vehicle_registration": "",
    "vehicle_make": "",
    "vehicle_model": "",
    "vehicle_colour": "",
    "format": "link",
    **DECLARED,
}
FILLED = {
    Path.INSURER: CIVIL,
    Path.SOLICITOR: CIVIL,
    Path.AUTHORISED: CIVIL,
    Path.POLICE: POLICE,
    Path.CPS: {
        **{name: said for name, said in OFFICIAL.items() if name != "organisation"},
        "unit": "South",
        "email": "alex@cps.example",
        "authoriser_rank": "District Crown Prosecutor",
    },
    Path.COUNCIL: OFFICIAL
    | {"organisation": "Waste team", "email": "al@council.example", "authoriser_rank": "Director"},
    Path.SUBJECT: SUBJECT,
}
