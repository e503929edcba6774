"""Edge. What things about releases are called on the pages of staff."""

from collections.abc import Mapping

from evidence.requests.asked import ADVICE, CRIME, PROCEEDINGS, RIGHTS
from export.desk.releases import Group
from export.sealing.steps import SealStep

KINDS: Mapping[str, str] = {
    "police": "Police",
    "cps": "Crown Prosecution Service",
    "council": "A team of this council that investigates or prosecutes",
    "insurer": "An insurer or a legal representative",
}
DELIVERIES: Mapping[str, tuple[str, str]] = {
    "link": (
        "A secure link",
        "To the address above, for a limited time, and only with a code that we send there.",
    ),
    "handoff": (
        "Another way",
        "Into the force's own evidence system, or on encrypted media. You record it afterwards.",
    ),
    "none": ("Nothing is sent", "Somebody of this council fetches the package from its page."),
}
BASES: Mapping[str, str] = {
    "crime": CRIME,
    "law": "Data Protection Act 2018, Schedule 2, paragraph 5(2): required by an enactment, a rule "
    "of law or an order of a court or tribunal",
    "proceedings": PROCEEDINGS,
    "advice": ADVICE,
    "rights": RIGHTS,
}
"""The usual legal bases, in the words that go into the record."""
GROUPS: Mapping[Group, str] = {
    Group.WAITING: "Waiting for approval",
    Group.SEALING: "Being sealed",
    Group.OUT: "Out",
    Group.ENDED: "Ended",
    Group.ALL: "All",
}
STEPS: Mapping[SealStep, str] = {
    SealStep.PAYLOAD: "listing the files",
    SealStep.CUSTODY: "gathering the custody record",
    SealStep.SIGNATURE: "signing",
    SealStep.TIMESTAMP: "getting the timestamp",
    SealStep.LEDGER: "writing the sealing into the ledger",
    SealStep.PROOFS: "collecting the proofs",
    SealStep.ARCHIVE: "joining the package",
    SealStep.CHECK: "reading it back",
}
EVENTS: Mapping[str, str] = {
    "release.proposed": "Proposed",
    "release.approved": "Approved",
    "release.refused": "Refused",
    "release.withdrawn": "Withdrawn",
    "release.sealed": "Sealed",
    "release.assembled": "Package joined",
    "release.checked": "Package read back and found whole",
    "link.issued": "Link issued",
    "link.requested": "Code asked for",
    "code.sent": "Code sent",
    "code.accepted": "Right code entered",
    "code.refused": "Wrong code entered",
    "terms.accepted": "Terms accepted",
    "download.authorised": "Download authorised",
    "receipt.confirmed": "Receipt confirmed: it arrived whole",
    "release.revoked": "Revoked",
    "release.expired": "Link expired",
    "release.papers_erased": "Papers of its sealing erased",
    "handoff.recorded": "Hand-off recorded",
    "feedback.given": "Recipient said whether it helped",
    "feedback.erased": "Words of an answer erased",
}
"""What happened to a release, in plain words."""
DONE: Mapping[str, str] = {
    "proposed": "The release is proposed. A second person must approve it now.",
    "approved": "The release is approved. The package is being sealed.",
    "urgent": "The release is approved and being sealed. A second person must confirm it within "
    "24 hours.",
    "second": "The second approval is recorded.",
    "refused": "The release is refused.",
    "withdrawn": "The proposal is withdrawn. Nothing of it leaves.",
    "edited": "This proposal takes the place of the one before, which is withdrawn. A second "
    "person must approve it now.",
    "sealing": "The package is being sealed.",
    "abandoned": "The sealing is given up. Nothing of this release will leave the house.",
    "revoked": "The release is revoked. No link of it works any more.",
    "reissued": "A new link is on its way to the recipient. The one before has ended.",
    "handoff": "The hand-off is recorded.",
    "settled": "Nobody is asked to look at these messages any more. What became of each stays.",
    "told": "A letter to the recipient is on its way.",
    "noticed": "Somebody has looked at the correction. That the package states the version before "
    "stays on this page.",
}
MESSAGE_KINDS: Mapping[str, str] = {
    "link": "The link",
    "code": "A code",
    "link_ended": "That the link has ended",
    "expiring": "That the link ends soon",
    "revoked": "That the release was revoked",
    "corrected": "That an exhibit of it was corrected",
    "approval_needed": "To a releaser: this waits for a decision",
    "second_needed": "To staff: a second approval is needed",
    "refused": "To the proposer: it was refused",
    "withdrawn": "To the proposer: it was withdrawn",
    "request_mailbox": "A code for a mailbox",
    "request_code": "A code for a request",
    "request_urn": "That we have the request, with its number",
    "request_preserved": "That the footage is preserved",
    "request_outcome": "What came of the request",
    "request_refused": "That the request was refused",
    "request_document": "That a document is asked for",
    "request_message": "That there is a message about the request",
    "request_at_risk": "To the people on duty: the footage is overwritten soon",
    "request_to_check": "To who checks documents: some wait",
    "feedback_asked": "That there is a question: whether it helped",
}
_CHECK_ADDRESS = (
    "Check the address with the recipient by telephone. If it is wrong, revoke this release and "
    "propose it again; if it is right, issue the link again."
)
_ASK_RECIPIENT = (
    "It may have arrived. It is not sent twice by itself: ask the recipient, issue the link again "
    "if they have nothing, and settle it."
)
MESSAGE_STATES: Mapping[str, tuple[str, str, str]] = {
    "queued": ("Waiting", "govuk-tag--yellow", "It is sent as soon as the mail server answers."),
    "sending": ("Being sent", "govuk-tag--blue", ""),
    "sent": ("Sent", "govuk-tag--green", ""),
    "refused": ("Not delivered", "govuk-tag--red", _CHECK_ADDRESS),
    "uncertain": ("Not known", "govuk-tag--orange", _ASK_RECIPIENT),
}
"""What a message's state is called, its tag, and what to do about it."""
