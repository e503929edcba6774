"""States only go where the table lets them."""

import itertools

import pytest

from evidence.errors import StateError
from evidence.exhibits.states import EXHIBIT_NEXT, ExhibitState
from evidence.states import move

EXHIBIT_MOVES = {
    ("received", "examined"),
    ("received", "attention"),
    ("examined", "ready"),
    ("examined", "attention"),
}


@pytest.mark.parametrize(("now", "then"), list(itertools.product(ExhibitState, repeat=2)))
def test_an_exhibit_goes_forward_only(now: ExhibitState, then: ExhibitState) -> None:
    if (now, then) in EXHIBIT_MOVES:
        assert move("JS/1", now, then, EXHIBIT_NEXT) is then
    else:
        with pytest.raises(StateError, match=f"JS/1 is {now}"):
            move("JS/1", now, then, EXHIBIT_NEXT)


def test_every_state_has_its_row() -> None:
    assert set(EXHIBIT_NEXT) == set(ExhibitState)
