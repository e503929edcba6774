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
    MASTER_ALONE = "master_alone"
    """A person said that no working copy is needed: the master may go as it is."""
    SET_ASIDE = "set_aside"
    """A person said that it is not to be used. It is kept, and nothing of it is released."""
    DISPOSED = "disposed"
    """Two people said that it is to go. Its files and its key are destroyed, or are just being."""


EXHIBIT_NEXT: Mapping[ExhibitState, frozenset[ExhibitState]] = {
    ExhibitState.RECEIVED: frozenset(
        {ExhibitState.EXAMINED, ExhibitState.ATTENTION, ExhibitState.SET_ASIDE}
    ),
    ExhibitState.EXAMINED: frozenset(
        {ExhibitState.READY, ExhibitState.ATTENTION, ExhibitState.SET_ASIDE}
    ),
    # A file was added: it is examined once more.
    ExhibitState.READY: frozenset(
        {ExhibitState.RECEIVED, ExhibitState.SET_ASIDE, ExhibitState.DISPOSED}
    ),
    # Tried again, it is examined once more, or only copied once more.
    ExhibitState.ATTENTION: frozenset(
        {
            ExhibitState.RECEIVED,
            ExhibitState.EXAMINED,
            ExhibitState.MASTER_ALONE,
            ExhibitState.SET_ASIDE,
            ExhibitState.DISPOSED,
        }
    ),
    ExhibitState.MASTER_ALONE: frozenset(
        {ExhibitState.RECEIVED, ExhibitState.SET_ASIDE, ExhibitState.DISPOSED}
    ),
    ExhibitState.SET_ASIDE: frozenset({ExhibitState.DISPOSED}),
    ExhibitState.DISPOSED: frozenset(),
}
