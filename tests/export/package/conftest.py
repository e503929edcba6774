"""One council and one package of it, made once: both are frozen."""

import pytest

from tests.export.package.paper import Council, Paper, make_council, seal


@pytest.fixture(scope="session")
def council() -> Council:
    return make_council()


@pytest.fixture(scope="session")
def paper(council: Council) -> Paper:
    return seal(council)
