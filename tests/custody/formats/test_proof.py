"""Proof files: one form, and each holds for one entry under one checkpoint."""

from pathlib import Path

import pytest

from custody.errors import FormatError, ProofError
from custody.formats.policy import check_checkpoint, parse_policy
from custody.formats.proof import (
    MAX_HASHES,
    LogProof,
    check_proof,
    format_consistency,
    format_proof,
    parse_consistency,
    parse_proof,
)
from tests.custody.ledgers import ALONE
from tests.custody.vectors import VECTORS, bad, flips, good, named, truncations

POLICY = parse_policy((VECTORS / "proof/policy").read_bytes())


def check_whole(proof: bytes, entry: bytes) -> LogProof:
    """Do what a verifier does with a proof: parse, check the checkpoint, check the place."""
    parsed = parse_proof(proof)
    policy = ALONE if parsed.index == 0 else POLICY
    check_proof(parsed, entry, check_checkpoint(parsed.checkpoint, policy).checkpoint)
    return parsed


@pytest.mark.parametrize("path", good("proof", ".tlog-proof"), ids=named)
def test_a_good_proof_holds_and_is_written_back(path: Path) -> None:
    proof = check_whole(path.read_bytes(), path.with_suffix(".entry").read_bytes())
    assert format_proof(proof) == path.read_bytes()


@pytest.mark.parametrize("path", bad("proof", ".tlog-proof"), ids=named)
def test_a_bad_proof_is_refused(path: Path) -> None:
    entry = (VECTORS / "proof/received.entry").read_bytes()
    with pytest.raises((FormatError, ProofError)):
        check_whole(path.read_bytes(), entry)


def test_no_part_and_no_flipped_bit_of_a_proof_holds() -> None:
    data = (VECTORS / "proof/received.tlog-proof").read_bytes()
    entry = (VECTORS / "proof/received.entry").read_bytes()
    last_line = data.rindex("—".encode())  # the second of two witnesses, of which one is enough
    for changed in [*truncations(data), *flips(data)]:
        if changed != data[:last_line]:
            with pytest.raises((FormatError, ProofError)):
                check_whole(changed, entry)


def test_a_proof_whose_checkpoint_is_cut_is_not_even_read() -> None:
    data = (VECTORS / "proof/single.tlog-proof").read_bytes()
    for part in truncations(data):
        with pytest.raises(FormatError):
            parse_proof(part)


def test_no_flipped_bit_of_the_entry_is_proved() -> None:
    data = (VECTORS / "proof/single.tlog-proof").read_bytes()
    for changed in flips((VECTORS / "proof/single.entry").read_bytes()):
        with pytest.raises(ProofError):
            check_whole(data, changed)


@pytest.mark.parametrize("path", good("proof", ".consistency"), ids=named)
def test_a_consistency_file_is_read_and_written_back(path: Path) -> None:
    data = path.read_bytes()
    assert format_consistency(parse_consistency(data)) == data


@pytest.mark.parametrize("path", bad("proof", ".consistency"), ids=named)
def test_a_bad_consistency_file_is_refused(path: Path) -> None:
    with pytest.raises(FormatError):
        parse_consistency(path.read_bytes())


def test_the_highest_tree_still_fits() -> None:
    hashes = (bytes(32),) * MAX_HASHES
    assert parse_consistency(format_consistency(hashes)) == hashes
