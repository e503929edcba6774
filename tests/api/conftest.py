"""One whole service for all tests of the edges, a client that asks it, and browsers that visit."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from fastapi import FastAPI

from api.app import create_app
from storage.embedded.engines import Engines
from tests.api.asking import Web, asked
from tests.api.houses import House, house_in, settings_of
from tests.api.web.visiting import Visitor, visiting


@pytest.fixture(scope="session")
def house(engines: Engines) -> Iterator[House]:
    """Return the services over the shared engines, and somebody of each role."""
    with house_in(settings_of(engines)) as built:
        yield built


@pytest.fixture(scope="session")
def app(house: House) -> FastAPI:
    """Return the application over the house."""
    return create_app(house.services)


@pytest.fixture(scope="session")
def web(app: FastAPI, house: House) -> Iterator[Web]:
    """Return a client of the application that holds every token."""
    with asked(app, house.tokens) as client:
        yield client


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
