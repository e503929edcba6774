"""Edge. What `custos log` writes out of the house's own database: proofs, and the log as files."""

import argparse
from pathlib import Path
from uuid import UUID

from sqlmodel import Session

from api.acts import act
from api.cli.parts.log_export import export_log
from api.cli.proof.logs.consistency import require_size, write_growth
from api.cli.proof.logs.database import services_alone
from api.cli.proof.logs.options import RIGHT
from api.cli.proof.logs.outputs import make_folder, write_new
from api.cli.proof.logs.prove import index_of, require_place, write_proof
from api.cli.terminal.caller import subject_of
from api.cli.terminal.errors import UsageError
from api.services import Services
from custody.errors import LogStateError, NotYetError
from custody.formats.policy import LogPolicy
from custody.formats.proof import check_proof, format_consistency, parse_proof
from custody.ledger.entries import log_size, stored_entry
from custody.ledger.ledger import node_reader
from custody.published.heads import check_head
from custody.published.proofs import ProvedEntry
from custody.tree.merkle import prove_consistency
from evidence.people.access import Action
from evidence.people.people import require


def prove(given: argparse.Namespace) -> int:
    """Write the proof of an entry, or of each event of a record."""
    index = index_of(given.what_of)
    with services_alone(given) as services:
        subject = subject_of(given, services)

        def look(session: Session) -> list[ProvedEntry]:
            require(Action.READ_CUSTODY, subject)
            if index is not None:
                return [_proved(services, session, index)]
            record = services.search.record(session, given.what_of)
            return [
                _proved(services, session, place) for place in _places(services, session, record)
            ]

        proofs = act(services, subject, look)
    if index is not None:
        write_proof(proofs[0], given.out)
    else:
        _write_all(proofs, given.out or Path(f"{_plain(given.what_of)}.proofs"))
    return RIGHT


def export(given: argparse.Namespace) -> int:
    """Write the whole log as files; it is public, and so nobody need say who they are."""
    with services_alone(given) as services:
        export_log(services, given.folder)
    return RIGHT


def prove_growth(given: argparse.Namespace) -> int:
    """Write the proof that the log only grew from one size to another."""
    with services_alone(given) as services:
        subject = subject_of(given, services)

        def look(session: Session) -> bytes:
            require(Action.READ_CUSTODY, subject)
            require_size(given.new, log_size(session))
            hashes = prove_consistency(given.old, given.new, node_reader(session))
            return format_consistency(hashes)

        proof = act(services, subject, look)
    write_growth(given, proof)
    return RIGHT


def _places(services: Services, session: Session, record: UUID) -> list[int]:
    """Return where the events of a record stand, in order.

    Raises:
        NotYetError: one has no place yet.
    """
    places = services.ledger.indices(session, record).values()
    if None in places:
        raise NotYetError("an event still waits for its place in the log: try again in a moment")
    return [place for place in places if place is not None]


def _proved(services: Services, session: Session, index: int) -> ProvedEntry:
    """Prove one entry; what is handed out has been checked as whoever gets it will.

    Raises:
        UsageError: the log is not that long.
        LogStateError: the entry is gone.
        NotYetError: no checkpoint covers it yet.
        ProofError: what is stored does not prove it: the log must be audited.
    """
    require_place(index, log_size(session))
    entry = stored_entry(session, index)
    if entry is None:
        raise LogStateError(f"the database lacks the entry at {index}: run `custos log audit`")
    proved = services.custody.prove(session, index)
    if proved is None:
        raise NotYetError("no checkpoint covers this entry yet: try again in a moment")
    proof = parse_proof(proved.proof)
    own = LogPolicy(services.keyring.log_signer.key)
    check_proof(proof, entry, check_head(proof.checkpoint, [own]).checkpoint)
    return ProvedEntry(index, entry, proved.proof)


def _write_all(proofs: list[ProvedEntry], folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is there already, and is no folder: name another with -o")
    make_folder(folder)
    files = {folder / f"{one.index}.tlog-proof": one.proof for one in proofs}
    write_new(files | {folder / f"{one.index}.entry": one.entry for one in proofs})
    print(f"{len(proofs)} entries, each with its proof: {folder}")


def _plain(name: str) -> str:
    return "".join(letter if letter.isalnum() or letter in "-_" else "-" for letter in name)
