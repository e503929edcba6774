"""States only go where the table lets them."""

import itertools
from collections.abc import Mapping

import pytest

from evidence.errors import StateError
from evidence.exhibits.states import EXHIBIT_NEXT, ExhibitState
from evidence.states import move
from export.release.states import RELEASE_NEXT, ReleaseState

EXHIBIT_MOVES = {
    ("received", "examined"),
    ("received", "attention"),
    ("examined", "ready"),
    ("examined", "attention"),
}
RELEASE_MOVES = {
    ("proposed", "approved"),
    ("proposed", "refused"),
    ("approved", "sealing"),
    ("approved", "refused"),
    ("sealing", "sealed"),
    ("sealed", "expired"),
    ("sealed", "revoked"),
    ("expired", "revoked"),
    ("expired", "sealed"),  # a re-issue: the package is the same, and costs no second fee
}


@pytest.mark.parametrize(("now", "then"), list(itertools.product(ExhibitState, repeat=2)))
def test_an_exhibit_goes_forward_only(now: ExhibitState, then: ExhibitState) -> None:
    if (now, then) in EXHIBIT_MOVES:
        assert move("JS/1", now, then, EXHIBIT_NEXT) is then
    else:
        with pytest.raises(StateError, match=f"JS/1 is {now}"):
            move("JS/1", now, then, EXHIBIT_NEXT)


@pytest.mark.parametrize(("now", "then"), list(itertools.product(ReleaseState, repeat=2)))
def test_a_release_goes_only_where_it_may(now: ReleaseState, then: ReleaseState) -> None:
    if (now, then) in RELEASE_MOVES:
        assert move("R1", now, then, RELEASE_NEXT) is then
    else:
        with pytest.raises(StateError, match=f"R1 is {now}"):
            move("R1", now, then, RELEASE_NEXT)


@pytest.mark.parametrize("table", [EXHIBIT_NEXT, RELEASE_NEXT])
def test_every_state_has_its_row(table: Mapping[str, frozenset[str]]) -> None:
    kinds = {type(state) for state in table}
    assert len(kinds) == 1
    assert set(table) == set(*kinds)
