"""Edge. `custos keys request`, `install`, `rotate` and `revoke`: where the service runs."""

import argparse
from datetime import datetime
from pathlib import Path

from cryptography import x509

from api.builders.record.trust import revoke_seal
from api.cli.parts.councilroot import Whats
from api.cli.terminal.caller import add_data, settings_of
from api.cli.terminal.errors import UsageError
from api.settings.council import read_council
from api.settings.errors import SettingsError
from api.settings.facts import Council, Settings
from api.settings.production import wrong_with
from api.times import utc_now
from custody.errors import FormatError, KeyStoreError
from custody.formats.canonical import format_time, parse_time
from custody.formats.certificates import Certificate, common_name, key_sha256, spki_sha256
from custody.keys.generations import generations
from custody.keys.hsm.uris import KeyPlace, parse_place
from custody.keys.keyfiles import put_new
from custody.keys.keyring import Keyring, load
from custody.keys.production.installation import (
    chain_for,
    install_first,
    install_next,
    is_installed,
    may_rotate,
    read_certificates,
    request_seal,
    waiting,
)
from storage.embedded.directory import DataDirectory

_SEAL = ["seal"]
_HSM = "PKCS#11 URI: the key is made in this token, and never leaves it (docs/keys.md)"
_SHORT = 12


def add_arguments(whats: Whats) -> None:
    """Add the commands for the machine that runs Custos."""
    requesting = whats.add_parser(
        "request", help="make the first seal key, and ask for its certificate"
    )
    requesting.add_argument("--out", type=Path, required=True, help="file for the request (CSR)")
    requesting.add_argument("--hsm", metavar="URI", help=_HSM)
    add_data(requesting)
    installing = whats.add_parser("install", help="install the certificate that came back")
    installing.add_argument("certificate", type=Path, help="the seal certificate (PEM)")
    installing.add_argument("chain", type=Path, nargs="*", help="who issued it, up to the root")
    installing.add_argument(
        "--log-hsm", metavar="URI", help="for the log's key, with the first certificate: " + _HSM
    )
    add_data(installing)
    rotating = whats.add_parser(
        "rotate", help="make the next seal key, and ask for its certificate"
    )
    rotating.add_argument("which", choices=_SEAL, help="the log's key never changes: docs/keys.md")
    rotating.add_argument("--out", type=Path, required=True, help="file for the request (CSR)")
    rotating.add_argument("--hsm", metavar="URI", help=_HSM)
    add_data(rotating)
    revoking = whats.add_parser("revoke", help="say from when on a seal key counts no more")
    revoking.add_argument("which", choices=_SEAL)
    revoking.add_argument(
        "--at", required=True, help="the moment from which on others may have had it, UTC"
    )
    revoking.add_argument(
        "--key", help="its SHA-256, as custos keys show names it, or its beginning"
    )
    add_data(revoking)


def request(given: argparse.Namespace) -> int:
    """Make the first seal key and its request."""
    settings = settings_of(given)
    if is_installed(settings.keys):
        raise KeyStoreError(
            f"The keys in {settings.keys} are installed already; for the next seal key run "
            "custos keys rotate seal"
        )
    return _request(given, settings, _council(settings).name)


def rotate(given: argparse.Namespace) -> int:
    """Make the next seal key and its request."""
    settings = settings_of(given)
    may_rotate(settings.keys)
    return _request(given, settings, load(settings.keys).council)


def _request(given: argparse.Namespace, settings: Settings, council: str) -> int:
    if given.out.exists():
        raise UsageError(f"{given.out} is there already: name another file")
    pem = request_seal(settings.keys, council, place=_place(given.hsm))
    put_new(given.out.parent, given.out.name, pem)
    public = x509.load_pem_x509_csr(pem).public_key()
    print(f"The request for the seal certificate of {council} is in {given.out}. Its key is")
    print(f"  {key_sha256(public).hex()}")
    print(f"and lies in {settings.keys}, from where it never goes.")
    print(
        f"\nNext, where the root is: custos keys sign {given.out.name} --root FOLDER --out seal.pem"
    )
    print("and compare the key that it shows with the one above. Or send the request to your own")
    print("authority, which issues by the profile in docs/formats/certificates.md.")
    return 0


def install(given: argparse.Namespace) -> int:
    """Install a certificate: the first one with every other key, or that of the next seal key."""
    settings = settings_of(given)
    stem = waiting(settings.keys)
    if not stem:
        raise KeyStoreError(
            f"No key in {settings.keys} waits for a certificate: run custos keys "
            + ("rotate seal" if is_installed(settings.keys) else "request")
        )
    now = utc_now()
    certificates = read_certificates([_read(path) for path in (given.certificate, *given.chain)])
    chain = chain_for(settings.keys, stem, certificates, now=now)
    if is_installed(settings.keys):
        return _install_next(given, settings, chain, now)
    council = _council(settings)
    keyring = install_first(
        settings.keys,
        chain,
        council=council.name,
        origin=council.origin,
        now=now,
        log_place=_place(given.log_hsm),
    )
    _say(keyring, settings)
    print(f"\nThe log is named {council.origin}, for ever. Back up {settings.keys} now, apart from")
    print("the database: without its keys no record can be opened and no log continued.")
    print("\nNext: CUSTOS_ENV=production custos up, and then, for each person who needs one,")
    print("custos token add NAME --role ROLE --out FILE")
    return 0


def _install_next(
    given: argparse.Namespace, settings: Settings, chain: tuple[Certificate, ...], now: datetime
) -> int:
    if given.log_hsm:
        raise UsageError("the log's key never changes: leave --log-hsm out (docs/keys.md)")
    if DataDirectory(settings.data).in_use():
        raise KeyStoreError(
            "Custos runs, and seals with the key before: stop it, install, and start it again. "
            "Nothing was changed"
        )
    before = load(settings.keys)
    keyring = install_next(settings.keys, chain, now=now)
    _say(keyring, settings)
    ends = keyring.former[-1].ends
    assert ends is not None  # another one follows it
    print(f"The key before, {spki_sha256(before.seal_signer.certificate).hex()[:_SHORT]}, counts")
    print(f"until {format_time(ends)}; what it sealed verifies for good. Back up {settings.keys}.")
    print("\nNext: start Custos, then custos trust export FILE, and publish that file.")
    return 0


def revoke(given: argparse.Namespace) -> int:
    """Revoke a seal key from a moment on: a new trust file says so."""
    settings = settings_of(given)
    try:
        at = parse_time(given.at)
    except FormatError:
        raise UsageError(f"{given.at!r} is no moment: write it like 2026-11-21T18:00:00Z") from None
    keyring = load(settings.keys)
    which = _chosen(given.key, [one.chain[0] for one in generations(settings.keys)])
    trust = revoke_seal(settings, keyring, spki_sha256(which), at=at)
    assert trust.issue is not None  # it was issued just now
    print(f"The key {spki_sha256(which).hex()[:_SHORT]} of {common_name(which)}")
    print(f"is revoked from {format_time(at)} on: what is stamped then or later does not verify.")
    print(f"Trust file number {trust.issue.number} says so; run custos trust export FILE, publish")
    print("it, and tell everybody who has an earlier one.")
    if which == keyring.seal_signer.certificate:
        print(
            "\nIt is the key in use: nothing is sealed from now on, until another one is installed."
        )
        print("Next: custos keys rotate seal --out seal.csr")
    return 0


def _chosen(key: str | None, certificates: list[Certificate]) -> Certificate:
    if key is None and len(certificates) == 1:
        return certificates[0]
    known = (key or "").strip().lower()
    found = [one for one in certificates if spki_sha256(one).hex().startswith(known)]
    if len(known) < _SHORT or len(found) != 1:
        raise UsageError(
            f"say which key, by at least {_SHORT} digits of its SHA-256: --key KEY; custos keys "
            "show lists them"
        )
    return found[0]


def _council(settings: Settings) -> Council:
    if not settings.council_file.exists():
        raise SettingsError(
            f"{settings.council_file} is not there: write it (docs/configuration.md), or set "
            "CUSTOS_COUNCIL; its name and log.origin go into the keys"
        )
    council = read_council(settings)
    if wrong := wrong_with(council):
        raise SettingsError(
            f"{settings.council_file} is not that of a production, and its names go into the keys "
            "for ever:\n  - " + "\n  - ".join(wrong)
        )
    return council


def _place(uri: str | None) -> KeyPlace | None:
    if uri is None:
        return None
    try:
        return parse_place(uri)
    except FormatError as error:
        raise UsageError(str(error)) from error


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error


def _say(keyring: Keyring, settings: Settings) -> None:
    certificate = keyring.seal_signer.certificate
    print(f"Installed in {settings.keys}: {common_name(certificate)},")
    print(f"issued by {common_name(keyring.seal_signer.chain[-1])},")
    print(f"until {certificate.not_valid_after_utc:%d %B %Y}.")
