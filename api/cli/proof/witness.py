"""Edge. `custos witness`: vouch that somebody else's log only ever grows.

For a neighbouring council, a police force or an auditor, on a machine of their own. It needs no
database, no object store and no house of Custos, and knows nothing of what is in the log.
"""

import argparse
import logging
from pathlib import Path

from api.cli.terminal.acting import port_number
from custody.formats.note import format_verifier_key, parse_verifier_key
from custody.printable import printable
from custody.witness.heads import Heads, WatchedLog
from custody.witness.identities import Identity, load_identity, make_identity

PORT = 8765


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `custos witness`."""
    whats = parser.add_subparsers(dest="what", required=True)
    making = whats.add_parser("init", help="make a witness, with keys of its own")
    _add_folder(making)
    making.add_argument(
        "--name",
        required=True,
        help="under which it signs, for good: a web address without https://, such as "
        "witness.barchester.example/custody",
    )
    making.add_argument(
        "--post-quantum", action="store_true", help="sign with an ML-DSA-44 key as well"
    )
    adding = whats.add_parser("add", help="watch a log, or know another key of one")
    _add_folder(adding)
    adding.add_argument("key", metavar="VKEY", help="the log's verifier key")
    adding.add_argument(
        "--checkpoint",
        type=Path,
        metavar="FILE",
        help="begin at this checkpoint of the log instead of at its first entry",
    )
    showing = whats.add_parser("show", help="print its verifier keys, and what it has signed")
    _add_folder(showing)
    serving = whats.add_parser("serve", help="answer the logs until Ctrl-C")
    _add_folder(serving)
    serving.add_argument("--host", default="127.0.0.1", help="address to serve on (%(default)s)")
    serving.add_argument("--port", type=port_number, default=PORT, help="port (%(default)s)")


def run(given: argparse.Namespace) -> int:
    """Do what was asked."""
    match given.what:
        case "init":
            made = make_identity(given.folder, given.name, post_quantum=given.post_quantum)
            _print_keys(made)
            print(f"Keep {given.folder} to yourself, and never bring an old copy of it back.")
        case "add":
            load_identity(given.folder)
            note = given.checkpoint.read_bytes() if given.checkpoint else b""
            print(_line(Heads(given.folder).watch(parse_verifier_key(given.key), note)))
        case "show":
            _print_keys(load_identity(given.folder))
            for watched in Heads(given.folder).all():
                print(_line(watched))
        case _:
            _serve(given.folder, given.host, given.port)
    return 0


def _add_folder(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, metavar="DIR", help="the folder of the witness")


def _serve(folder: Path, host: str, port: int) -> None:
    from api.running.serving import Server, listen_at  # noqa: PLC0415 - the other commands need none of it
    from api.running.witness import open_witness, witness_config  # noqa: PLC0415

    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(message)s")
    logging.getLogger("custos.witness").setLevel(logging.INFO)
    config = witness_config(open_witness(folder), host, port)
    with listen_at(host, port, "name another one with --host or --port") as door:
        _print_keys(load_identity(folder))
        print(f"Answering at http://{host}:{port}/add-checkpoint; Ctrl-C ends it.", flush=True)
        Server(config).run([door])


def _print_keys(identity: Identity) -> None:
    for key in identity.keys:
        print(format_verifier_key(key))


def _line(watched: WatchedLog) -> str:
    held = watched.held
    return printable(f"{held.origin}: {held.size} entries, root {held.root.hex()}")
