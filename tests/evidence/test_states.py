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
    # A person decides.
    ("attention", "received"),
    ("attention", "examined"),
    ("attention", "master_alone"),
    # A file was added.
    ("ready", "received"),
    ("master_alone", "received"),
    ("received", "set_aside"),
    ("examined", "set_aside"),
    ("ready", "set_aside"),
    ("attention", "set_aside"),
    ("master_alone", "set_aside"),
    # Two people decide.
    ("ready", "disposed"),
    ("attention", "disposed"),
    ("master_alone", "disposed"),
    ("set_aside", "disposed"),
}


@pytest.mark.parametrize(("now", "then"), list(itertools.product(ExhibitState, repeat=2)))
def test_an_exhibit_goes_only_where_it_may(now: ExhibitState, then: ExhibitState) -> None:
    if (now, then) in EXHIBIT_MOVES:
        assert move("JS/1", now, then, EXHIBIT_NEXT) is then
    else:
        with pytest.raises(StateError, match=f"JS/1 is {now}"):
            move("JS/1", now, then, EXHIBIT_NEXT)


def test_what_is_set_aside_stays_so_until_it_goes() -> None:
    assert EXHIBIT_NEXT[ExhibitState.SET_ASIDE] == {ExhibitState.DISPOSED}
    assert EXHIBIT_NEXT[ExhibitState.DISPOSED] == frozenset()


def test_every_state_has_its_row() -> None:
    assert set(EXHIBIT_NEXT) == set(ExhibitState)
