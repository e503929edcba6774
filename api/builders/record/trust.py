"""Edge. The time authority in use, and the file that says whom to trust."""

from dataclasses import replace
from datetime import datetime

from api.builders.record.witnesses import log_policy
from api.settings.council import read_council
from api.settings.errors import SettingsError
from api.settings.facts import Settings
from api.times import utc_now
from custody.formats.certificates import is_self_issued, parse_chain
from custody.formats.note import format_verifier_key
from custody.formats.policy import quorum_of
from custody.formats.trust import Trust, format_trust
from custody.keys.keyring import Keyring
from custody.keys.trustissues import issue, keep_chain, revoke
from custody.keys.withheld import WithheldAuthority
from custody.stamping.timestamp import HttpTimeAuthority, TimeAuthority


def time_authority(settings: Settings, keyring: Keyring) -> TimeAuthority:
    """Return the configured time-stamping authority, or the demonstration's own."""
    if settings.tsa_url and settings.tsa_chain is not None:
        return HttpTimeAuthority(settings.tsa_url, parse_chain(settings.tsa_chain.read_bytes()))
    if keyring.test_authority is None and keyring.test_chain:
        return WithheldAuthority(keyring.test_chain)
    if keyring.test_authority is None:
        raise SettingsError("there is no time authority: set CUSTOS_TSA_URL and CUSTOS_TSA_CHAIN")
    return keyring.test_authority.authority(utc_now)


def keep_authority(settings: Settings, keyring: Keyring) -> None:
    """Keep the chain of the time authority in use beside the keys; asked before a start.

    Raises:
        SettingsError: there is no time authority.
        KeyStoreError: the chain cannot be kept there.
    """
    keep_chain(settings.keys, time_authority(settings, keyring).chain)


def trust_file(settings: Settings, keyring: Keyring) -> bytes:
    """Return the trust file: what a verifier must get by another road than the package.

    Raises:
        KeyStoreError: it cannot be numbered beside the keys.
    """
    return format_trust(trust_in_force(settings, keyring))


def trust_in_force(settings: Settings, keyring: Keyring) -> Trust:
    """Return what the trust file says today.

    It has a number and a date of its own; whoever first asks after a change issues the next.

    Raises:
        KeyStoreError: it cannot be numbered beside the keys.
    """
    return issue(settings.keys, _said(settings, keyring), now=utc_now())


def revoke_seal(settings: Settings, keyring: Keyring, spki: bytes, *, at: datetime) -> Trust:
    """Issue the trust file in which a seal key counts no more from ``at`` on.

    Raises:
        KeyStoreError: there is no such key, or it is revoked already, or the file cannot be issued.
    """
    return revoke(settings.keys, _said(settings, keyring), spki, at=at, now=utc_now())


def _said(settings: Settings, keyring: Keyring) -> Trust:
    chain = time_authority(settings, keyring).chain
    trust = keyring.trust(tuple(filter(is_self_issued, chain)))
    policy = log_policy(settings, read_council(settings), keyring.log_signer.key)
    counted, quorum = quorum_of(policy)
    keys = tuple(format_verifier_key(witness.key) for witness in counted)
    return replace(trust, witnesses=keys, quorum=quorum)
