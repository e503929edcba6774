"""Edge. `custos keys init` and `sign`: a council's root, on a machine without a network."""

import argparse
import getpass
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from api.cli.terminal.errors import UsageError
from api.times import utc_now
from custody.formats.certificates import common_name, format_chain, key_sha256
from custody.keys.keyfiles import put_new
from custody.keys.production.root import (
    make_council_root,
    read_council_root,
    read_request,
    sign_request,
)
from custody.printable import printable

if TYPE_CHECKING:
    Whats = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - it has no other name
else:
    Whats = object
_ASKING = "file whose first line is the passphrase; without it, you are asked"


def add_arguments(whats: Whats) -> None:
    """Add the two commands for the machine without a network."""
    making = whats.add_parser("init", help="make the council's root for seals, offline")
    making.add_argument("root", type=Path, help="a new folder: on a stick that lies in a safe")
    making.add_argument("--council", required=True, help="the name, as council.toml has it")
    making.add_argument("--passphrase-file", type=Path, metavar="FILE", help=_ASKING)
    signing = whats.add_parser(
        "sign", help="issue the certificate that a request asks for, offline"
    )
    signing.add_argument("request", type=Path, help="what custos keys request wrote")
    signing.add_argument("--root", type=Path, required=True, help="the folder of the root")
    signing.add_argument(
        "--out", type=Path, required=True, help="file for the certificate and its root"
    )
    signing.add_argument("--passphrase-file", type=Path, metavar="FILE", help=_ASKING)


def init(given: argparse.Namespace) -> int:
    """Make a root."""
    made = make_council_root(
        given.root,
        given.council,
        _passphrase(given.passphrase_file, twice=True),
        now=utc_now(),
        serial=x509.random_serial_number(),
    )
    print(f"The root of {common_name(made)} is in {given.root}, until")
    print(f"{made.not_valid_after_utc:%d %B %Y}. SHA-256 of its certificate:")
    print(f"  {made.fingerprint(hashes.SHA256()).hex()}")
    print("Keep this folder on two sticks in two safes, and the passphrase apart from them: who")
    print("has both can make seals of the council, and without either none can be made.")
    print("\nNext, on the machine that runs Custos: custos keys request --out seal.csr")
    return 0


def sign(given: argparse.Namespace) -> int:
    """Issue a certificate."""
    if given.out.exists():
        raise UsageError(f"{given.out} is there already: name another file")
    try:
        request = read_request(given.request.read_bytes())
    except OSError as error:
        raise UsageError(f"{given.request} cannot be read: {error.strerror}") from error
    print(f"The request is for {printable(request.subject.rfc4514_string())}")
    print(f"Its key is    {key_sha256(request.public_key()).hex()}")
    print("Go on only if custos keys request has shown the same key where it was made.")
    root = read_council_root(given.root, _passphrase(given.passphrase_file, twice=False))
    chain = sign_request(root, request, now=utc_now(), serial=x509.random_serial_number())
    put_new(given.out.parent, given.out.name, format_chain(chain))
    assert request.public_key() == chain[0].public_key()
    print(f"The certificate is in {given.out}, with the root after it, and holds until")
    print(f"{chain[0].not_valid_after_utc:%d %B %Y}: rotate the seal key before then.")
    print(f"\nNext, on the machine that runs Custos: custos keys install {given.out.name}")
    return 0


def _passphrase(path: Path | None, *, twice: bool) -> str:
    if path is not None:
        try:
            return (path.read_text(encoding="utf-8").splitlines() or [""])[0]
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"{path} cannot be read as a line of text: {error}") from error
    if not sys.stdin.isatty():
        raise UsageError("nobody can be asked for the passphrase here: name --passphrase-file")
    said = getpass.getpass("Passphrase of the root: ")
    if twice and getpass.getpass("The same again: ") != said:
        raise UsageError("the two differ: nothing was made")
    return said
