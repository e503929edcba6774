"""Pure. What each table of the statistics counts, and what its rows are called.

The same words stand on the pages and in the files, so that a figure is never without its meaning.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from evidence.fees.prices import Stage
from evidence.requests.states import Path


class Subject(StrEnum):
    """What a table is about."""

    PATHS = "requests_by_path"
    OUTCOMES = "requests_by_outcome"
    PRESERVED = "preservation"
    RELEASES = "releases"
    FEES = "fees"
    FEEDBACK = "feedback"
    CAMERAS = "cameras"


@dataclass(frozen=True, slots=True)
class TableWords:
    """What one table says in words."""

    title: str
    meaning: str
    rows: Mapping[str, str] = field(default_factory=dict)
    """Every row that there can be, in order."""


PATH_WORDS: Mapping[str, str] = {
    Path.INSURER: "Insurers",
    Path.SOLICITOR: "Solicitors and other legal representatives",
    Path.AUTHORISED: "Other authorised bodies",
    Path.POLICE: "Police",
    Path.CPS: "Crown Prosecution Service",
    Path.COUNCIL: "Teams of the council",
    Path.SUBJECT: "People who ask for footage of themselves",
}
_CIVIL = "For a civil claim: "
WORDS: Mapping[Subject, TableWords] = {
    Subject.PATHS: TableWords(
        "Requests, by who asked",
        "Requests that came in the period.",
        PATH_WORDS,
    ),
    Subject.OUTCOMES: TableWords(
        "Requests, by what came of them",
        "Requests that came in the period, each once, by the last that was decided about it.",
        {
            "found": "Footage was found",
            "partly_found": "A part was found",
            "not_found": "No footage was found",
            "not_covered": "No camera could have captured it",
            "refused_overwritten": "Refused: overwritten",
            "refused_no_basis": "Refused: no legal basis",
            "refused_not_entitled": "Refused: not entitled to ask",
            "refused_incomplete": "Refused: incomplete",
            "refused_harm": "Refused: harm to somebody",
            "refused_other": "Refused: another reason",
            "withdrawn": "Withdrawn",
            "expired": "Expired: a fee was not paid",
            "undecided": "Not decided yet",
        },
    ),
    Subject.PRESERVED: TableWords(
        "Footage preserved in time",
        "Requests that came in the period, by whether the control room confirmed that the footage "
        "is preserved before the recorder overwrites it.",
        {
            "in_time": "Preserved in time",
            "overwritten": "Overwritten before it was preserved",
            "other": "Answered or ended before that, or there is time yet",
        },
    ),
    Subject.RELEASES: TableWords(
        "Releases, by kind and recipient",
        "Releases whose package first left in the period.",
        {
            "police": "For an investigation: police",
            "cps": "For a prosecution: Crown Prosecution Service",
            "council": "For the council itself: its teams",
            "insurer": f"{_CIVIL}insurers",
            "solicitor": f"{_CIVIL}solicitors and other legal representatives",
            "authorised": f"{_CIVIL}other authorised bodies",
            "other": f"{_CIVIL}a further package, or one without a request",
        },
    ),
    Subject.FEES: TableWords(
        "Fees",
        "Fees of the review and of the release, including VAT, each counted in the period in which "
        "it happened: what was paid in one was perhaps asked for in the one before.",
        {
            f"{what}_{stage}": f"{words}: {stage}"
            for what, words in {
                "asked": "Asked for",
                "paid": "Paid by card",
                "account": "Put on the account of a firm",
                "waived": "Given up because the request ended",
                "free": "Never asked for: of the police, say, or of what was asked twice",
                "refunded": "Given back, in whole or in part",
                "credited": "Credited on the account of a firm, in whole or in part",
            }.items()
            for stage in Stage
        },
    ),
    Subject.FEEDBACK: TableWords(
        "Whether footage helped",
        "What police, prosecution and council teams said last, of releases whose package first "
        "left in the period. Whoever said nothing is not counted.",
        {
            "identified": "It helped to identify a person",
            "supported_charge": "It supported a charge",
            "ruled_out": "It ruled something or somebody out",
            "not_useful": "It was not useful",
            "too_early": "It was too early to say",
            "declined": "They did not want to be asked",
        },
    ),
    Subject.CAMERAS: TableWords(
        "Public cameras, by kind",
        "Cameras of the public list, whatever the period. Nothing is suppressed: anybody can count "
        "that list.",
        {
            "fixed": "Fixed",
            "PTZ": "Pan, tilt and zoom",
            "multi-lens": "Multi-lens",
            "not stated": "Not stated",
        },
    ),
}
ANSWER_TITLE = "Days to the first answer"
ANSWER_WORDS: Mapping[str, str] = {
    "civil": "Insurers, solicitors and other bodies",
    "official": "Police, prosecution and council teams",
    "subject": "People who ask for footage of themselves",
}
"""Whose answers are counted together."""
