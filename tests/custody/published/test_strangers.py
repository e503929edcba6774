"""What we publish and prove, accepted by a program that we did not write (tlog-scales)."""

from functools import cache

import pytest
from tlog_scales.reader import TilesReader
from tlog_scales.signing import Vkey
from tlog_scales.tlog import Checkpoint as TheirCheckpoint
from tlog_scales.tlog import ConsistencyProof, InclusionProof

from custody.errors import FormatError, ProofError
from custody.formats.checkpoint import parse_checkpoint
from custody.formats.note import format_verifier_key, parse_note
from custody.formats.proof import check_proof, parse_consistency, parse_proof
from custody.published.hanging import HangingTiles
from custody.published.heads import check_head
from custody.published.proofs import prove_entry, prove_growth
from custody.published.whole import audit_published
from custody.tree.merkle import leaf_hash
from custody.tree.tiles import CHECKPOINT
from tests.custody.ledgers import ALONE, LOG, NEIGHBOUR, POLICE
from tests.custody.published.files import Files, flips, publish, small

SIZES = (0, 1, 2, 255, 256, 257, 65_535, 65_536, 65_537)
ENTRIES = [small(n) for n in range(max(SIZES))]
LOG_KEY = Vkey.from_string(format_verifier_key(LOG.key))


class Served:
    """Our files, as their reader asks for them."""

    def __init__(self, files: Files) -> None:
        self._files = files

    def get(self, *path: str) -> bytes | None:
        return self._files.held.get("/".join(path))


@cache
def log_of(size: int) -> Files:
    return publish(ENTRIES[:size], (LOG, NEIGHBOUR, POLICE))


def tiles_of(files: Files) -> HangingTiles:
    return HangingTiles(files, parse_checkpoint(parse_note(files.checkpoint()).text))


@pytest.mark.parametrize("size", SIZES)
def test_their_reader_accepts_checkpoint_tiles_and_bundles(size: int) -> None:
    reader = TilesReader(Served(log_of(size)))
    head = reader.get_checkpoint()
    for key in (LOG.key, NEIGHBOUR.key, POLICE.key):
        head.verify(Vkey.from_string(format_verifier_key(key)))
    assert (head.origin, head.size) == (LOG.key.name, size)
    assert reader.calculate_root_hash() == head.root_hash
    for index in {0, size // 2, size - 1} if size else ():
        assert reader.get_entry(index) == ENTRIES[index]


@pytest.mark.parametrize("size", SIZES[1:])
def test_their_checker_accepts_our_proof_files_and_would_make_the_same(size: int) -> None:
    files = log_of(size)
    reader, tiles = TilesReader(Served(files)), tiles_of(files)
    reader.get_checkpoint()
    for index in {0, size // 3, size - 1}:
        made = prove_entry(tiles, files.checkpoint(), index)
        proof = parse_proof(made.proof)
        head = TheirCheckpoint.from_text(proof.checkpoint.decode())
        head.verify(LOG_KEY)
        theirs = InclusionProof(proof.index, head.size, list(proof.hashes))
        theirs.check(leaf_hash(made.entry), head.root_hash)
        assert reader.get_inclusion_proof(index, size).node_hashes == theirs.node_hashes


@pytest.mark.parametrize("size", SIZES)
def test_their_checker_accepts_our_consistency_files(size: int) -> None:
    reader, tiles = TilesReader(Served(log_of(size))), tiles_of(log_of(size))
    new = reader.get_checkpoint().root_hash
    for old in [one for one in SIZES if one <= size]:
        hashes = list(parse_consistency(prove_growth(tiles, old, size)))
        before = TilesReader(Served(log_of(old))).get_checkpoint().root_hash
        ConsistencyProof(old, size, hashes).check(before, new)


@pytest.mark.parametrize("size", SIZES)
def test_our_own_audit_finds_each_of_these_logs_whole(size: int) -> None:
    files = log_of(size)
    report = audit_published(files, [ALONE], files.held, first_odd=lambda _: None)
    assert not report.failed
    assert report.root == tiles_of(files).checkpoint.root


def test_every_bit_of_a_proof_file_counts() -> None:
    files = publish(ENTRIES[:5])
    made = prove_entry(tiles_of(files), files.checkpoint(), 2)
    for changed in flips(made.proof):
        with pytest.raises((FormatError, ProofError)):
            _accept(changed, made.entry)
    _accept(made.proof, made.entry)


def _accept(data: bytes, entry: bytes) -> None:
    """Check a proof as whoever gets it does.

    Raises:
        FormatError, ProofError: it is not accepted.
    """
    proof = parse_proof(data)
    check_proof(proof, entry, check_head(proof.checkpoint, [ALONE]).checkpoint)
    if proof.index != 2:
        raise ProofError("of another entry")


def test_a_proof_from_cold_tiles_reads_six_objects_at_most() -> None:
    files = Files(dict(log_of(65_537).held))
    prove_entry(tiles_of(files), files.held[CHECKPOINT], 12_345)
    assert len(files.asked) <= 6
    assert len(files.asked) == len(set(files.asked))
