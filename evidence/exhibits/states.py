"""Pure. The states of exhibits, and which one may follow which."""

from collections.abc import Mapping
from enum import StrEnum


class ExhibitState(StrEnum):
    """How far an exhibit has come. It is evidence from its first state on."""

    RECEIVED = "received"
    EXAMINED = "examined"
    READY = "ready"
    """Every master that can be played has a working copy."""
    ATTENTION = "attention"
    """The master is kept; a person must look, the findings say at what."""


EXHIBIT_NEXT: Mapping[ExhibitState, frozenset[ExhibitState]] = {
    ExhibitState.RECEIVED: frozenset({ExhibitState.EXAMINED, ExhibitState.ATTENTION}),
    ExhibitState.EXAMINED: frozenset({ExhibitState.READY, ExhibitState.ATTENTION}),
    ExhibitState.READY: frozenset(),
    ExhibitState.ATTENTION: frozenset(),
}
