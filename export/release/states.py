"""Pure. The states of releases, and which one may follow which."""

from collections.abc import Mapping
from enum import StrEnum


class ReleaseState(StrEnum):
    """How far a release has come."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    REFUSED = "refused"
    SEALING = "sealing"
    SEALED = "sealed"
    """Sealed, joined, read back and found whole: only now may it leave the house."""
    EXPIRED = "expired"
    """Its last link ended before anybody collected; a re-issue costs nothing."""
    REVOKED = "revoked"
    """Taken back: no link of it works any more, and none will be issued."""


RELEASE_NEXT: Mapping[ReleaseState, frozenset[ReleaseState]] = {
    ReleaseState.PROPOSED: frozenset({ReleaseState.APPROVED, ReleaseState.REFUSED}),
    ReleaseState.APPROVED: frozenset({ReleaseState.SEALING, ReleaseState.REFUSED}),
    ReleaseState.REFUSED: frozenset(),
    ReleaseState.SEALING: frozenset({ReleaseState.SEALED}),
    ReleaseState.SEALED: frozenset({ReleaseState.EXPIRED, ReleaseState.REVOKED}),
    ReleaseState.EXPIRED: frozenset({ReleaseState.SEALED, ReleaseState.REVOKED}),
    ReleaseState.REVOKED: frozenset(),
}
