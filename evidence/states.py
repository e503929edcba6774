"""Pure. The states of exhibits and releases, and which one may follow which."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from evidence.errors import StateError


class ExhibitState(StrEnum):
    """How far an exhibit has come. It is evidence from its first state on."""

    RECEIVED = "received"
    EXAMINED = "examined"
    READY = "ready"
    """Every master that can be played has a working copy."""
    ATTENTION = "attention"
    """The master is kept; a person must look, the findings say at what."""


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


_State = TypeVar("_State", ExhibitState, ReleaseState)

EXHIBIT_NEXT: Mapping[ExhibitState, frozenset[ExhibitState]] = {
    ExhibitState.RECEIVED: frozenset({ExhibitState.EXAMINED, ExhibitState.ATTENTION}),
    ExhibitState.EXAMINED: frozenset({ExhibitState.READY, ExhibitState.ATTENTION}),
    ExhibitState.READY: frozenset(),
    ExhibitState.ATTENTION: frozenset(),
}
RELEASE_NEXT: Mapping[ReleaseState, frozenset[ReleaseState]] = {
    ReleaseState.PROPOSED: frozenset({ReleaseState.APPROVED, ReleaseState.REFUSED}),
    ReleaseState.APPROVED: frozenset({ReleaseState.SEALING, ReleaseState.REFUSED}),
    ReleaseState.REFUSED: frozenset(),
    ReleaseState.SEALING: frozenset({ReleaseState.SEALED}),
    ReleaseState.SEALED: frozenset({ReleaseState.EXPIRED, ReleaseState.REVOKED}),
    ReleaseState.EXPIRED: frozenset({ReleaseState.SEALED, ReleaseState.REVOKED}),
    ReleaseState.REVOKED: frozenset(),
}


def move(what: str, now: _State, then: _State, table: Mapping[_State, frozenset[_State]]) -> _State:
    """Return ``then`` if ``what`` may go there from ``now``.

    Raises:
        StateError: it may not; the message says where it stands.
    """
    if then not in table[now]:
        raise StateError(f"{what} is {now}: it cannot become {then}")
    return then
