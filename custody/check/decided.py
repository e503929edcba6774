"""Pure. V7: somebody proposed the release, somebody else let it go, and nothing spoke against it.

Reads the events of the release and of its exhibits up to the sealing. What must be true of them
stands in docs/formats/package.md; who may have approved how, in `custody.formats.approval`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from custody.check.sealed import SealedRelease
from custody.errors import ProofError
from custody.formats.approval import Approval
from custody.formats.canonical import JSON

_URGENT_KIND: Final = "police"
_SPOKE_AGAINST: Final = {
    "release.refused": "The release was refused before it was sealed",
    "release.withdrawn": "The proposal was withdrawn before the release was sealed",
    "release.revoked": "The release was taken back before it was sealed",
    "release.expired": "The release had expired before it was sealed",
}
_ANEW: Final = {
    "exhibit.corrected": "An exhibit was corrected",
    "exhibit.extended": "A file was added to an exhibit",
}
"""What of an exhibit must be followed by another approval."""


@dataclass(frozen=True, slots=True)
class Opened:
    """One event that opened, at its place in the ledger and in its record."""

    subject: str
    """How the report names it."""
    index: int
    event: str
    values: Mapping[str, JSON]


History: TypeAlias = Sequence[Opened]
"""The events of one record, in the order of n."""


def check_proposal(release: History, sealed: SealedRelease) -> Opened:
    """Return the one proposal with which the release begins, of exactly the sealed exhibits.

    Raises:
        ProofError: there is none, or another one than was sealed.
    """
    proposals = [one for one in release if one.event == "release.proposed"]
    if len(proposals) != 1 or release[0] is not proposals[0]:
        raise ProofError(
            "The record of the release does not begin with its one proposal",
            expected="release.proposed",
            found=", ".join(one.event for one in release) or "no events",
        )
    proposed = _texts(proposals[0].values.get("exhibits"))
    covered = sorted(head.record for head in sealed.exhibits)
    if proposed != covered:
        raise ProofError(
            "The exhibits that were proposed are not the ones that were sealed",
            expected=", ".join(proposed),
            found=", ".join(covered),
        )
    return proposals[0]


def check_nothing_against(release: History) -> None:
    """Demand that between proposal and seal there are approvals, and nothing else.

    Raises:
        ProofError: it was refused, withdrawn or taken back, or something has no place there.
    """
    for one in release:
        if one.event not in {"release.proposed", "release.approved"}:
            words = "This event has no place between the proposal and the seal"
            raise ProofError(_SPOKE_AGAINST.get(one.event, words), found=one.event)


def check_approval(release: History, exhibits: Sequence[History]) -> None:
    """Demand an approval that lets the release go: by whom, how, and of what it is now.

    Raises:
        ProofError: there is none, or none that holds.
    """
    proposal = release[0]
    approvals = [one for one in release if one.event == "release.approved"]
    if not approvals:
        raise ProofError("Nobody approved the release before it was sealed")
    first: Opened | None = None
    for approval in approvals:
        how = approval.values.get("how")
        if how != Approval.CONFIRMED:
            first = approval
        elif first is None or first.values.get("how") != Approval.URGENT:
            raise ProofError("A second approval confirms what nobody had approved as urgent")
        _check_persons(approval, other=first if how == Approval.CONFIRMED else proposal)
        if how == Approval.URGENT and proposal.values.get("kind") != _URGENT_KIND:
            raise ProofError(
                "The release was approved by one person as urgent, and only one to the police can "
                "be urgent",
                expected=_URGENT_KIND,
                found=str(proposal.values.get("kind")),
            )
    for event, done in _ANEW.items():
        changed = [one for history in exhibits for one in history if one.event == event]
        if first is not None and any(one.index > first.index for one in changed):
            raise ProofError(f"{done} after the release was approved, and nobody approved it anew")


def _check_persons(approval: Opened, *, other: Opened) -> None:
    """Demand two persons, or one where the event says so; a name that is closed says nothing."""
    both = approval.values.get("actor"), other.values.get("actor")
    if None in both or approval.values.get("how") == Approval.URGENT:
        return
    alone = approval.values.get("how") == Approval.ALONE
    if (both[0] == both[1]) != alone:
        raise ProofError(
            "Who approved is another person than the event says",
            expected="the person who proposed" if alone else f"another person than {both[1]}",
            found=str(both[0]),
        )


def check_handling(exhibit: History) -> None:
    """Demand that the exhibit was not set aside, and that no file of it was found changed.

    Raises:
        ProofError: it was, and no later check of these files found them whole.
    """
    failed: dict[str, str] = {}
    for one in exhibit:
        if one.event == "exhibit.set_aside":
            raise ProofError("The exhibit was set aside before the release was sealed")
        if one.event == "integrity.failed":
            failed |= dict.fromkeys(_digests(one.values.get("files")), one.subject)
        elif one.event == "integrity.checked":
            for digest in _digests(one.values.get("files")):
                failed.pop(digest, None)
    for digest, subject in failed.items():
        raise ProofError(
            f"A stored file was found changed ({subject}), and no later check found it whole",
            expected=digest,
        )


def _texts(value: JSON) -> list[str]:
    return sorted(map(str, value)) if isinstance(value, list | tuple) else []


def _digests(value: JSON) -> list[str]:
    items = value if isinstance(value, list | tuple) else []
    return [str(item["sha256"]) for item in items if isinstance(item, Mapping)]
