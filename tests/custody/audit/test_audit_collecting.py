"""An audit keeps the collector from its own process, and only for as long as it runs."""

import gc

import pytest

from custody.audit.collecting import SELDOM, collecting_seldom


def test_the_collector_looks_seldom_and_afterwards_as_before() -> None:
    before = gc.get_threshold()
    assert before[0] != SELDOM
    with collecting_seldom():
        assert gc.get_threshold() == (SELDOM, *before[1:])
    assert gc.get_threshold() == before


def test_an_audit_that_fails_leaves_the_collector_as_it_was() -> None:
    before = gc.get_threshold()
    with pytest.raises(RuntimeError), collecting_seldom():
        raise RuntimeError
    assert gc.get_threshold() == before
