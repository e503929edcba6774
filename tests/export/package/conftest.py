"""One council and one package of it, made once: both are frozen."""

import pytest

from tests.export.package.paper import Paper, Signatory, make_signatory, seal


@pytest.fixture(scope="session")
def council() -> Signatory:
    return make_signatory()


@pytest.fixture(scope="session")
def paper(council: Signatory) -> Paper:
    return seal(council)
