"""Edge. Who witnesses the council's log, and how long they are waited for."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from api.settings.errors import SettingsError
from custody.errors import FormatError
from custody.formats.note import VerifierKey
from custody.formats.policy import LogPolicy, has_quorum
from custody.witness.policies import WrittenPolicy, read_policy

LEAST_S, MOST_S = 1, 120


@dataclass(frozen=True, slots=True)
class Witnesses:
    """Where the policy lies; nowhere: the council alone vouches for completeness."""

    policy: str = ""
    """A file; its path goes from the folder of council.toml."""
    wait_s: int = 10
    """For so many seconds a witness may take to answer."""


NOBODY = Witnesses()


def read_witnesses(table: Mapping[str, Any]) -> Witnesses:
    """Read it from council.toml.

    Raises:
        SettingsError: something is not as it must be.
    """
    said = table.get("witnesses", {})
    policy, wait_s = said.get("policy", ""), said.get("wait_seconds", NOBODY.wait_s)
    if not isinstance(policy, str) or (said and not policy.strip()):
        raise SettingsError(
            'council.toml: witnesses.policy is the path of a file, such as "witnesses.policy"'
        )
    if type(wait_s) is not int or not LEAST_S <= wait_s <= MOST_S:
        raise SettingsError(
            f"council.toml: witnesses.wait_seconds is a number from {LEAST_S} to {MOST_S}"
        )
    return Witnesses(policy, wait_s)


def policy_bytes(said: Witnesses, council_file: Path) -> bytes:
    """Return the policy file as it stands.

    Raises:
        SettingsError: it cannot be read.
    """
    path = council_file.parent / said.policy
    try:
        return path.read_bytes()
    except OSError as error:
        words = f"council.toml: witnesses.policy: {path} cannot be read: {error.strerror}"
        raise SettingsError(words) from error


@cache
def written_policy(said: Witnesses, council_file: Path) -> WrittenPolicy:
    """Read the policy file, once in a process; without one, nobody witnesses.

    Whom the sequencer asks and what packages and trust file demand change together, at a start.

    Raises:
        SettingsError: it cannot be read, or is none.
    """
    if not said.policy:
        return WrittenPolicy()
    path = council_file.parent / said.policy
    try:
        return read_policy(policy_bytes(said, council_file))
    except FormatError as error:
        raise SettingsError(f"{path}: {error}") from error


def policy_of(written: WrittenPolicy, log: VerifierKey) -> LogPolicy:
    """Return the policy of our log, in the form that goes into packages.

    Raises:
        SettingsError: it is for another log, contradicts itself, or asks for more witnesses than
            have an address: no checkpoint would ever be valid.
    """
    try:
        policy = written.of(log)
    except FormatError as error:
        raise SettingsError(f"council.toml: witnesses.policy: {error}") from error
    if not has_quorum(policy, list(written.addresses)):
        raise SettingsError(
            "council.toml: witnesses.policy: the quorum needs witnesses that have no address there"
        )
    return policy
