"""The application over the house, a client that asks it, and browsers that visit."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from fastapi import FastAPI

from api.app import create_app
from tests.api.asking import Web, asked
from tests.api.web.paces import ProcessorClock
from tests.api.web.visiting import Visitor, visiting
from tests.houses import House


@pytest.fixture(scope="module")
def app(house: House) -> FastAPI:
    """Return the application over the house."""
    return create_app(house.services)


@pytest.fixture(scope="module")
def web(app: FastAPI, house: House) -> Iterator[Web]:
    """Return a client of the application that holds every token."""
    with asked(app, house.tokens) as client:
        yield client


@pytest.fixture(autouse=True)
def paces(monkeypatch: pytest.MonkeyPatch) -> ProcessorClock:
    """Return the clock of paced answers: nobody here sits through their steps."""
    clock = ProcessorClock()
    monkeypatch.setattr("api.web.collect.pacing.anyio", clock)
    return clock


@pytest.fixture
def browser(app: FastAPI, house: House) -> Iterator[Callable[..., Visitor]]:
    """Return what opens a browser without scripts: of a stranger, or of somebody with a role."""
    with ExitStack() as stack:

        def opened(role: str | None = None) -> Visitor:
            visitor = stack.enter_context(visiting(app, house))
            if role is not None:
                visitor.sign_in(role)
            return visitor

        yield opened
