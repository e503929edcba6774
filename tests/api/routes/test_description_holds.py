"""What the description allows, and what it does not, is answered without a 500."""

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.strategies import sampled_from
from schemathesis.python.asgi import get_client

from api.app import create_app
from evidence.people.access import Role
from tests.houses import House
from tests.polling import PATIENCE_S

FORESEEN = (503, 507)
"""An engine is away; there is no room for what was announced: the machine's disk decides."""
HAND = settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))


@schemathesis.serializer("application/offset+octet-stream")
def as_it_is(_context: Any, value: Any) -> bytes | None:  # noqa: ANN401 - whatever was generated
    """Send a piece of a resumable upload as its bytes."""
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")


MODES = list(schemathesis.GenerationMode)
"""As the description says, and deliberately not as it says."""


@pytest.fixture(scope="module")
def described(house: House) -> Any:  # noqa: ANN401 - its class is not public
    """Return the service's own description, bound to the service."""
    return schemathesis.openapi.from_asgi("/openapi.json", create_app(house.services))


@pytest.mark.parametrize("mode", MODES)
def test_nothing_is_answered_with_an_error_that_nobody_foresaw(
    described: Any,  # noqa: ANN401
    house: House,
    mode: schemathesis.GenerationMode,
) -> None:
    operations = [found.ok() for found in described.get_all_operations()]
    assert len(operations) > 10
    # One client for all: each would start the application anew.
    with get_client(described.app) as client:
        client.trust_env = False  # else each call looks through this machine's for a proxy
        for operation in operations:
            says_nothing = not list(operation.iter_parameters()) and not operation.body
            if mode is schemathesis.GenerationMode.NEGATIVE and says_nothing:
                continue  # there is no wrong way to ask it

            @HAND
            @given(
                case=operation.as_strategy(generation_mode=mode),
                role=sampled_from((Role.OPERATOR, Role.RELEASER)),
            )
            def ask(case: "schemathesis.Case[Any]", role: Role) -> None:
                # By default a call has 10 s: little, on a busy machine.
                token = {"Authorization": f"Bearer {house.tokens[role]}"}
                answer = case.call(session=client, headers=token, timeout=PATIENCE_S)
                assert answer.status_code < 500 or answer.status_code in FORESEEN, answer.text

            ask()
