"""Pure. What takes two people: whoever began a thing must not be the one who lets it go on."""

from uuid import UUID

from custody.formats.approval import Approval
from evidence.people.access import Action, Decision, Role, Subject, decide


def decide_approval(
    proposer: UUID, approver: UUID, *, self_approve: bool, due: str = ""
) -> Decision:
    """Decide whether ``approver`` may approve what ``proposer`` proposed: two people, never one.

    ``self_approve`` is what only a demonstration may say; the caller has made sure of that. ``due``
    is set where a life is at stake: one person is enough now, and it says by when a second is due.
    """
    if due:
        words = f"{URGENT}; a second approval is due by {due}"
        return Decision(True, words, how=Approval.URGENT)
    if proposer != approver:
        return Decision(True, "a second person approves", how=Approval.SECOND_PERSON)
    if self_approve:
        return Decision(True, SELF_APPROVED, how=Approval.ALONE)
    return Decision(
        False,
        "the person who proposed a release must not approve it: ask a second releaser "
        "(in the demonstration, use the other token)",
    )


def decide_withdrawal(proposer: UUID, subject: Subject) -> Decision:
    """Decide whether ``subject`` may withdraw a proposal: their own, or any if a releaser."""
    decision = decide(Action.WITHDRAW_RELEASE, subject.roles)
    if not decision.allowed or proposer == subject.person:
        return decision
    if Role.RELEASER in subject.roles:
        return Decision(True, "a releaser may withdraw any proposal", Role.RELEASER)
    return Decision(
        False, "somebody else proposed this release: they, or a releaser, can withdraw it"
    )


def decide_second(first: UUID, second: UUID, *, late: bool) -> Decision:
    """Decide whether ``second`` may confirm an urgent approval: anybody but who gave it.

    Too late is better than never: the reason says so.
    """
    if first == second:
        return Decision(
            False, "you gave the first approval: a second person must confirm an urgent release"
        )
    words = f"{SECONDED}, after it was due" if late else SECONDED
    return Decision(True, words, how=Approval.CONFIRMED)


def decide_in_principle(reviewer: UUID | None, approver: UUID | None) -> Decision:
    """Decide whether ``approver`` may approve a request whose footage ``reviewer`` found."""
    if reviewer is None or approver is None or reviewer == approver:
        return Decision(
            False,
            "whoever reviewed the footage must not approve the request: ask a second releaser",
        )
    return Decision(True, "a second person approves in principle")


def decide_account(opener: UUID, approver: UUID) -> Decision:
    """Decide whether ``approver`` may approve an invoice account that ``opener`` opened."""
    return _by_another(
        opener,
        approver,
        "whoever opened an account must not approve it: ask somebody else of finance, or of "
        "information governance",
    )


def decide_ending(first: UUID, second: UUID) -> Decision:
    """Decide whether ``second`` may approve that something goes for good, as ``first`` asked."""
    return _by_another(
        first,
        second,
        "whoever asked that something goes for good must not approve it: ask somebody else of "
        "information governance",
    )


def _by_another(first: UUID, second: UUID, refusal: str) -> Decision:
    if first == second:
        return Decision(False, refusal)
    return Decision(True, "a second person approves")


SELF_APPROVED = "self-approved in a demonstration: one person proposed and approved"
"""How the reason of such an approval begins."""

URGENT = "urgent: threat to life"
"""How the reason of the one approval of an urgent release begins."""

SECONDED = "second approval of an urgent release"
"""How the reason of the approval begins that confirms it."""
