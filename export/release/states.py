"""Pure. The states of a release, and the one table of the steps between them.

                 approved           begun              sealed             expired
    PROPOSED ───────────▶ APPROVED ───────▶ SEALING ───────────▶ SEALED ─────────▶ EXPIRED
     │  │ ◀─────────────────── ∙              │    │               │ ▲   reissued     │ │
     │  │      corrected       │              │    │               │ └────────────────┘ │
     │  │ refused     refused  │   given up   │    │ given up      │                    │
     │  │                      │ before it is │    │ after it is   │ revoked    revoked │
     │  ▼                      ▼    sealed    ▼    ▼    sealed     ▼                    ▼
     │ REFUSED ◀────────────── ∙ ◀─────────── ∙    ∙ ──────────▶ REVOKED ◀───────────── ∙
     │ withdrawn
     └──────────▶ WITHDRAWN

A release is sealed in the ledger (`release.sealed`) in the middle of SEALING, and SEALED only once
its package was joined, read back and found whole: nothing leaves before that. Who takes a step,
and what else it needs, stands in `decisions`; nobody else moves a release.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from evidence.errors import StateError


class ReleaseState(StrEnum):
    """How far a release has come."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    REFUSED = "refused"
    """It was never sealed, and never will be: nothing of it left."""
    WITHDRAWN = "withdrawn"
    """Taken back before anybody decided, by who proposed it or a releaser: nothing of it left."""
    SEALING = "sealing"
    SEALED = "sealed"
    """Sealed, joined, read back and found whole: only now may it leave the house."""
    EXPIRED = "expired"
    """Its last link ended before anybody collected; a re-issue costs nothing."""
    REVOKED = "revoked"
    """Taken back after its seal stood in the ledger: no link of it works, none will be issued."""


class ReleaseStep(StrEnum):
    """What happens to a release so that its state changes."""

    APPROVED = "approved"
    CORRECTED = "corrected"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    BEGUN = "begun"
    SEALED = "sealed"
    GIVEN_UP_UNSEALED = "given up before it is sealed"
    GIVEN_UP_SEALED = "given up after it is sealed"
    EXPIRED = "expired"
    REISSUED = "reissued"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class Transition:
    """One step of the table."""

    step: ReleaseStep
    now: ReleaseState
    then: ReleaseState
    event: str
    """The custody event that is written with it; empty: another event tells of it."""
    why: str


_S, _T = ReleaseState, ReleaseStep
TRANSITIONS = tuple(
    Transition(*row)
    for row in (
        (_T.APPROVED, _S.PROPOSED, _S.APPROVED, "release.approved", "a second person agrees"),
        (
            _T.CORRECTED,
            _S.APPROVED,
            _S.PROPOSED,
            "",
            "`exhibit.corrected` or `exhibit.extended` tells of it: it must be approved anew",
        ),
        (_T.REFUSED, _S.PROPOSED, _S.REFUSED, "release.refused", "a releaser says why not"),
        (_T.REFUSED, _S.APPROVED, _S.REFUSED, "release.refused", "a releaser says why not"),
        (
            _T.WITHDRAWN,
            _S.PROPOSED,
            _S.WITHDRAWN,
            "release.withdrawn",
            "who proposed it, or a releaser, takes it back before it is decided",
        ),
        (_T.BEGUN, _S.APPROVED, _S.SEALING, "", "the job's own events tell of it"),
        (_T.SEALED, _S.SEALING, _S.SEALED, "release.checked", "the package is read back, whole"),
        (
            _T.GIVEN_UP_UNSEALED,
            _S.SEALING,
            _S.REFUSED,
            "release.refused",
            "it cannot be sealed, and the ledger knows of no seal",
        ),
        (
            _T.GIVEN_UP_SEALED,
            _S.SEALING,
            _S.REVOKED,
            "release.revoked",
            "it cannot be finished, and the seal in the ledger is taken back",
        ),
        (_T.EXPIRED, _S.SEALED, _S.EXPIRED, "release.expired", "its link ended uncollected"),
        (_T.REISSUED, _S.EXPIRED, _S.SEALED, "", "the `link.issued` that follows tells of it"),
        (_T.REVOKED, _S.SEALED, _S.REVOKED, "release.revoked", "somebody says why"),
        (_T.REVOKED, _S.EXPIRED, _S.REVOKED, "release.revoked", "somebody says why"),
    )
)
"""Every step that there is. A second approval of an urgent release is none: its state stays."""

_BY_STEP: Mapping[tuple[ReleaseState, ReleaseStep], Transition] = MappingProxyType(
    {(one.now, one.step): one for one in TRANSITIONS}
)


def transition(what: str, now: ReleaseState, step: ReleaseStep) -> Transition:
    """Return what a step does to ``what``.

    Raises:
        StateError: it cannot be taken from there; the message says where ``what`` stands.
    """
    found = _BY_STEP.get((now, step))
    if found is None:
        then = next(one.then for one in TRANSITIONS if one.step is step)
        raise StateError(f"{what} is {now}: it cannot become {then}")
    return found
