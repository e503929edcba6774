"""A release goes only where the table lets it, and every step of the table has its event."""

import itertools
import re

import pytest

from custody.formats.events import EVENTS, RecordKind
from evidence.errors import StateError
from export.release import states
from export.release.states import TRANSITIONS, ReleaseState, ReleaseStep, transition

STEPS = {
    ("proposed", "approved"): ("approved", "release.approved"),
    ("proposed", "refused"): ("refused", "release.refused"),
    ("approved", "refused"): ("refused", "release.refused"),
    ("proposed", "withdrawn"): ("withdrawn", "release.withdrawn"),
    ("approved", "begun"): ("sealing", ""),
    # An exhibit of it was corrected: its `exhibit.corrected` tells of it.
    ("approved", "corrected"): ("proposed", ""),
    ("sealing", "sealed"): ("sealed", "release.checked"),
    ("sealing", "given up before it is sealed"): ("refused", "release.refused"),
    ("sealing", "given up after it is sealed"): ("revoked", "release.revoked"),
    ("sealed", "expired"): ("expired", "release.expired"),
    ("sealed", "revoked"): ("revoked", "release.revoked"),
    ("expired", "revoked"): ("revoked", "release.revoked"),
    # A re-issue: the package is the same, and costs no second fee. `link.issued` tells of it.
    ("expired", "reissued"): ("sealed", ""),
}
"""The table a second time, by hand."""


@pytest.mark.parametrize(("now", "step"), list(itertools.product(ReleaseState, ReleaseStep)))
def test_a_release_goes_only_where_it_may(now: ReleaseState, step: ReleaseStep) -> None:
    if (now, step) in STEPS:
        taken = transition("R1", now, step)
        assert (taken.then, taken.event) == STEPS[now, step]
        assert taken.why
    else:
        with pytest.raises(StateError, match=f"R1 is {now}: it cannot become "):
            transition("R1", now, step)


def test_each_step_stands_in_the_table_once() -> None:
    assert len({(one.now, one.step) for one in TRANSITIONS}) == len(TRANSITIONS) == len(STEPS)
    assert {one.step for one in TRANSITIONS} == set(ReleaseStep)


def test_a_step_has_one_end_wherever_it_begins() -> None:
    ends = {(one.step, one.then, one.event) for one in TRANSITIONS}
    assert len(ends) == len(ReleaseStep)


def test_every_event_of_the_table_is_one_of_a_release() -> None:
    for one in TRANSITIONS:
        assert not one.event or EVENTS[one.event].record is RecordKind.RELEASE


def test_every_state_is_reached_and_three_are_final() -> None:
    assert {one.then for one in TRANSITIONS} == set(ReleaseState)
    final = set(ReleaseState) - {one.now for one in TRANSITIONS}
    assert final == {ReleaseState.REFUSED, ReleaseState.WITHDRAWN, ReleaseState.REVOKED}


def test_the_drawing_names_every_state_and_every_step() -> None:
    drawn = states.__doc__ or ""
    assert {state for state in ReleaseState if state.name in drawn} == set(ReleaseState)
    for step in ReleaseStep:
        assert re.search(rf"\b{step.partition(' before')[0].partition(' after')[0]}\b", drawn), step
