"""Edge. `custos keys`: keys of a council's own, from the root to the last certificate.

docs/keys.md goes through all of it; each command says which one comes next.
"""

import argparse
from collections.abc import Callable, Mapping
from datetime import datetime

from api.cli.parts import councilroot, sealkeys
from api.cli.terminal.caller import add_data, settings_of
from api.times import utc_now
from custody.formats.canonical import format_time
from custody.formats.certificates import Certificate, common_name, spki_sha256
from custody.keys.keyring import load
from custody.keys.production.installation import look_at_seal
from custody.keys.trustissues import revoked_at

_RUNS: Mapping[str, Callable[[argparse.Namespace], int]] = {
    "init": councilroot.init,
    "sign": councilroot.sign,
    "request": sealkeys.request,
    "install": sealkeys.install,
    "rotate": sealkeys.rotate,
    "revoke": sealkeys.revoke,
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `custos keys`."""
    whats = parser.add_subparsers(dest="what", required=True)
    showing = whats.add_parser("show", help="what others need to know our keys by; no secret")
    add_data(showing)
    councilroot.add_arguments(whats)
    sealkeys.add_arguments(whats)


def run(given: argparse.Namespace) -> int:
    """Run one of them."""
    return _RUNS.get(given.what, _show)(given)


def _show(given: argparse.Namespace) -> int:
    """Print the log's verifier key and the certificates' fingerprints; no secret."""
    settings = settings_of(given)
    keyring = load(settings.keys)
    if keyring.demonstration:
        print("DEMONSTRATION KEYS: what they seal is no evidence.\n")
    fingerprints = keyring.fingerprints()
    width = max(map(len, fingerprints)) + 2
    for name, value in fingerprints.items():
        print(f"{name:<{width}}{value}")
    seals: list[tuple[Certificate, datetime | None]] = [
        (keyring.seal_signer.certificate, None),
        *((one.chain[0], one.ends) for one in reversed(keyring.former)),
    ]
    print("\nSeal keys, the one in use first:")
    for certificate, replaced in seals:
        begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
        words = f"{format_time(begins)} to {format_time(min(ends, replaced or ends))}"
        if revoked := revoked_at(settings.keys, certificate):
            words += f", REVOKED from {format_time(revoked)} on"
        print(f"  {spki_sha256(certificate).hex()}  {words}  {common_name(certificate)}")
    if warning := look_at_seal(settings.keys, keyring, now=utc_now()):
        print(f"\nWARNING: {warning}")
    return 0
