"""Secrets: what lies in databases of today is found, and nothing else opens anything."""

import hashlib
import secrets
import string

import pytest

from evidence.secrets import derive_secret, is_same_secret, make_secret, secret_digest

GIVEN = ["", "custos_x", "é", "\ud83d", "x" * 10_000]


def test_a_secret_is_256_bits_that_an_address_can_carry() -> None:
    drawn: list[int] = []

    def random(size: int) -> bytes:
        drawn.append(size)
        return secrets.token_bytes(size)

    made = make_secret(random)
    assert drawn == [32]
    assert len(made) == 43
    assert set(made) <= {*string.ascii_letters, *string.digits, "-", "_"}


def test_secrets_and_digests_are_those_of_the_databases_that_are_out() -> None:
    # Written down from the version before this module: with others, all that is out is lost.
    made = make_secret(lambda size: bytes(range(200, 200 + size)))
    assert made == "yMnKy8zNzs_Q0dLT1NXW19jZ2tvc3d7f4OHi4-Tl5uc"
    assert secret_digest(made) == hashlib.sha256(made.encode()).hexdigest()
    assert (
        secret_digest("custos_\ud83d")
        == "d66db924b1dceedc42f25ffca68a809d29f01fcc896d858ad46c45421920d375"
    )


@pytest.mark.parametrize("given", GIVEN)
def test_whatever_somebody_types_is_compared(given: str) -> None:
    assert is_same_secret(given, given)
    assert not is_same_secret(given, f"{given}x")
    assert not is_same_secret(f"x{given}", given)


def test_a_derived_secret_serves_one_purpose_of_one_secret() -> None:
    assert derive_secret("one", "custos form") == "Gjuop9p8TolsZm2ixxy5VuOm5uzuoAgPHKg9_Rgo_88"
    made = {derive_secret(secret, use) for secret in ("one", "other") for use in ("a", "b")}
    assert len(made) == 4
    assert derive_secret("one", "a") in made
