"""V7: whatever in the ledger speaks against a release fails its package, with a word for it."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import pytest

from custody.check.audience import KINDS, disclose
from custody.check.finding import Finding, Outcome
from custody.check.log import check_custody, check_sealed, format_events
from custody.formats.canonical import JSON
from custody.formats.events import RecordKind, event_type
from tests.custody.ledgers import (
    APPROVED,
    CHECKED,
    DIGESTS,
    EXHIBIT,
    NOON,
    PROPOSED,
    RECEIVED,
    RELEASE,
    SealedLedger,
)

SAID: dict[str, JSON] = {"actor": "a.khan", "role": "releaser", "reason": "said"}
FILE: JSON = [{"sha256": "11" * 32, "size": 1_048_576}]
OTHER: JSON = [{"sha256": "44" * 32, "size": 5}]
URGENT = {**APPROVED, "how": "urgent: one person"}
CONFIRMED = {**APPROVED, "actor": "b.lee", "how": "second approval of an urgent release"}
ALONE = {**APPROVED, "actor": PROPOSED["actor"], "how": "self-approved in a demonstration"}
Step = tuple[str, Mapping[str, JSON]]
PROPOSAL: Step = ("release.proposed", PROPOSED)
APPROVAL: Step = ("release.approved", APPROVED)
CORRECTED: Step = ("exhibit.corrected", {**SAID, "facts": {"title": "x"}})
EXTENDED: Step = ("exhibit.extended", {**SAID, "facts": {"title": "x"}, "files": FILE})


def told(*steps: Step, kind: str = "police") -> tuple[Finding, ...]:
    """Return what V7 says of a release that was sealed after these steps."""
    ledger = SealedLedger()
    ledger.exhibit.write("exhibit.received", RECEIVED, NOON)
    ledger.exhibit.write("clock.checked", CHECKED, NOON)
    at: datetime = NOON + timedelta(hours=1)
    for event, values in steps:
        of_exhibit = event_type(event).record is RecordKind.EXHIBIT
        record = ledger.exhibit if of_exhibit else ledger.release
        record.write(event, values, at)
    ledger.seal()
    sealed, _ = check_sealed(
        ledger.sealing.data,
        ledger.openings,
        ledger.proof,
        ledger.policy,
        seal=DIGESTS["seal"],
        signature=DIGESTS["p7s"],
        timestamp=DIGESTS["tsr"],
    )
    assert sealed is not None
    events = [disclose(event, kind, str(RELEASE)) for event in ledger.logged]
    stamped = NOON + timedelta(hours=3)
    return check_custody(format_events(events), ledger.proofs, sealed, stamped_at=stamped)


def failures(findings: Sequence[Finding]) -> list[str]:
    return [one.words for one in findings if one.outcome is Outcome.FAIL]


def proposal(**given: JSON) -> Step:
    return "release.proposed", {**PROPOSED, **given}


@pytest.mark.parametrize(
    "steps",
    [
        (PROPOSAL, APPROVAL),
        (PROPOSAL, ("release.approved", URGENT)),
        (PROPOSAL, ("release.approved", URGENT), ("release.approved", CONFIRMED)),
        (PROPOSAL, ("release.approved", ALONE)),
        (PROPOSAL, APPROVAL, CORRECTED, APPROVAL),
        (CORRECTED, PROPOSAL, APPROVAL),
        (PROPOSAL, APPROVAL, EXTENDED, APPROVAL),
        (
            ("integrity.failed", {"files": FILE, "result": "changed"}),
            ("integrity.checked", {"files": FILE, "result": "whole again"}),
            PROPOSAL,
            APPROVAL,
        ),
    ],
)
def test_a_release_that_was_decided_as_it_must_be_passes(steps: Sequence[Step]) -> None:
    findings = told(*steps)
    assert failures(findings) == []
    assert any("was proposed and approved" in one.words for one in findings)


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ((PROPOSAL,), "Nobody approved"),
        ((APPROVAL,), "does not begin with its one proposal"),
        ((APPROVAL, PROPOSAL), "does not begin with its one proposal"),
        ((PROPOSAL, PROPOSAL, APPROVAL), "does not begin with its one proposal"),
        ((PROPOSAL, APPROVAL, ("release.refused", SAID)), "was refused"),
        ((PROPOSAL, ("release.refused", SAID), APPROVAL), "was refused"),
        ((PROPOSAL, APPROVAL, ("release.revoked", SAID)), "was taken back"),
        ((PROPOSAL, ("release.withdrawn", SAID), APPROVAL), "was withdrawn"),
        ((PROPOSAL, APPROVAL, ("release.expired", SAID)), "had expired"),
        ((PROPOSAL, APPROVAL, ("code.sent", {})), "has no place"),
        (
            (PROPOSAL, ("release.approved", {**APPROVED, "actor": PROPOSED["actor"]})),
            "another person",
        ),
        ((PROPOSAL, ("release.approved", {**ALONE, "actor": "b.lee"})), "another person"),
        (
            (
                PROPOSAL,
                ("release.approved", URGENT),
                ("release.approved", {**CONFIRMED, "actor": URGENT["actor"]}),
            ),
            "another person",
        ),
        ((PROPOSAL, ("release.approved", CONFIRMED)), "nobody had approved as urgent"),
        ((PROPOSAL, APPROVAL, ("release.approved", CONFIRMED)), "nobody had approved as urgent"),
        ((proposal(kind="insurer"), ("release.approved", URGENT)), "only one to the police"),
        ((proposal(exhibits=[]), APPROVAL), "not the ones that were sealed"),
        ((proposal(exhibits=[str(EXHIBIT), str(RELEASE)]), APPROVAL), "not the ones that were"),
        ((PROPOSAL, APPROVAL, CORRECTED), "An exhibit was corrected after"),
        ((PROPOSAL, APPROVAL, EXTENDED), "A file was added to an exhibit after"),
        (
            (PROPOSAL, ("release.approved", URGENT), CORRECTED, ("release.approved", CONFIRMED)),
            "nobody approved it anew",
        ),
        ((("exhibit.set_aside", SAID), PROPOSAL, APPROVAL), "was set aside"),
        (
            (("integrity.failed", {"files": FILE, "result": "changed"}), PROPOSAL, APPROVAL),
            "was found changed",
        ),
        (
            (
                ("integrity.failed", {"files": FILE, "result": "changed"}),
                ("integrity.checked", {"files": OTHER, "result": "another file"}),
                PROPOSAL,
                APPROVAL,
            ),
            "was found changed",
        ),
        (
            (
                ("integrity.checked", {"files": FILE, "result": "whole"}),
                ("integrity.failed", {"files": FILE, "result": "changed"}),
                PROPOSAL,
                APPROVAL,
            ),
            "was found changed",
        ),
    ],
)
def test_what_speaks_against_a_release_fails_it(steps: Sequence[Step], said: str) -> None:
    kind = str(dict(steps).get("release.proposed", PROPOSED)["kind"])
    found = failures(told(*steps, kind=kind))
    assert any(said in words for words in found), found


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_each_audience_is_opened_exactly_its_own(kind: str) -> None:
    steps = (proposal(kind=kind), APPROVAL)
    assert failures(told(*steps, kind=kind)) == []
    for other in sorted(KINDS):
        opened_alike = told(*steps, kind=other)
        same = {"police", "cps", "council"}, {"insurer", "solicitor", "authorised body"}
        if any({kind, other} <= audience for audience in same) or kind == other:
            assert failures(opened_alike) == []
        else:
            assert any("does not open exactly" in words for words in failures(opened_alike))


def test_a_kind_that_nobody_knows_opens_nothing() -> None:
    found = failures(told(proposal(kind="press"), APPROVAL))
    assert any("does not open exactly" in words for words in found)
