"""Edge. Who witnesses our log: as packages and the trust file say it, and as they are asked."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from api.settings.council import read_council
from api.settings.facts import Council, Settings
from api.settings.witnesses import policy_of, written_policy
from custody.formats.note import VerifierKey
from custody.formats.policy import LogPolicy
from custody.witness.quorum import Witnesses

_log = logging.getLogger("custos.witnesses")


def log_policy(settings: Settings, council: Council, log: VerifierKey) -> LogPolicy:
    """Return whose signatures make a checkpoint of our log valid.

    Raises:
        SettingsError: the policy file cannot be read, or is for another log.
    """
    return policy_of(written_policy(council.witnesses, settings.council_file), log)


@contextmanager
def asked_witnesses(settings: Settings, log: VerifierKey) -> Iterator[Witnesses | None]:
    """Return those who are asked to cosign, for the length of the block; None: there are none.

    Raises:
        SettingsError: as `log_policy`.
    """
    witnesses = build_witnesses(settings, log)
    try:
        yield witnesses
    finally:
        if witnesses is not None:
            witnesses.close()


def build_witnesses(settings: Settings, log: VerifierKey) -> Witnesses | None:
    """Return those who are asked to cosign; None: there are none.

    Raises:
        SettingsError: as `log_policy`.
    """
    said = read_council(settings).witnesses
    written = written_policy(said, settings.council_file)
    policy = policy_of(written, log)
    if not written.addresses:
        return None
    # Only a house with witnesses pays for it.
    from custody.witness.calls import HttpWitness  # noqa: PLC0415

    calls = {
        address: HttpWitness(address, within_s=said.wait_s)
        for address in sorted(set(written.addresses.values()))
    }
    return Witnesses(
        policy,
        {name: calls[address] for name, address in written.addresses.items()},
        within_s=said.wait_s,
        tell=lambda words: _log.warning("witness %s", words),
    )
