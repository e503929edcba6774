"""What a witness holds: on the disk before it answers, and never taken back."""

import os
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from custody.errors import FormatError, LogStateError, ProofError
from custody.formats.note import KeyType, NoteSigner, verifier_key
from custody.witness.answers import Status, parse_size
from custody.witness.heads import Heads, WatchedLog
from custody.witness.requests import format_submission
from tests.custody.ledgers import LOG, NEIGHBOUR, ORIGIN, private_key
from tests.custody.vectors import flips, truncations
from tests.custody.witness.logs import cosigners, log_of, prove, submission, witness_in

OURS, FORK = log_of(12), log_of(12, kind="other")


class KilledError(Exception):
    """Stands for a kill: nothing after it runs."""


def state(folder: Path) -> Path:
    (path,) = (folder / "logs").glob("*.json")
    return path


def held(folder: Path) -> int:
    (watched,) = Heads(folder).all()
    return watched.held.size


def test_it_cosigns_a_log_as_it_grows_and_holds_what_it_signed(tmp_path: Path) -> None:
    for old, size in ((0, 3), (3, 3), (3, 8), (8, 12)):
        answer = witness_in(tmp_path).add_checkpoint(submission(OURS, old, size))
        assert answer.status == Status.OK, answer
        assert held(tmp_path) == size
    assert state(tmp_path).stat().st_mode & 0o077 == 0


def test_an_unknown_log_and_nonsense_are_refused(tmp_path: Path) -> None:
    witness = witness_in(tmp_path)
    other = submission(OURS, 0).replace(ORIGIN.encode(), b"other.example/log")
    assert witness.add_checkpoint(other).status == Status.NOT_FOUND
    assert witness.add_checkpoint(b"").status == Status.BAD_REQUEST
    assert held(tmp_path) == 0
    assert len(list((tmp_path / "logs").iterdir())) == 2, "no file for whoever asks"


def test_a_kill_between_holding_and_answering_changes_no_later_answer(tmp_path: Path) -> None:
    def killed(_: int) -> tuple[NoteSigner, ...]:
        raise KilledError

    with pytest.raises(KilledError):
        witness_in(tmp_path, signers=killed).add_checkpoint(submission(OURS, 0, 5))
    assert held(tmp_path) == 5, "it was held before it was signed"
    witness = witness_in(tmp_path)
    assert parse_size(witness.add_checkpoint(submission(OURS, 0, 5))) == 5
    assert witness.add_checkpoint(submission(FORK, 5, 5)).status == Status.CONFLICT
    assert witness.add_checkpoint(submission(OURS, 5, 5)).status == Status.OK


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_what_cannot_be_held_is_not_signed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    witness = witness_in(tmp_path)
    assert witness.add_checkpoint(submission(OURS, 0, 5)).status == Status.OK

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(os, step, full)
        answer = witness.add_checkpoint(submission(OURS, 5, 9))
    assert (answer.status, b"\xe2\x80\x94" in answer.body) == (Status.BROKEN, False)
    assert held(tmp_path) == 5
    assert witness.add_checkpoint(submission(OURS, 5, 9)).status == Status.OK


def test_the_disk_has_it_before_it_is_signed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    real_fsync, real_replace = os.fsync, os.replace

    def fsync(handle: int) -> None:
        done.append("folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "file")
        real_fsync(handle)

    def rename(old: Path, new: Path) -> None:
        done.append("renamed")
        real_replace(old, new)

    def signers(seconds: int) -> tuple[NoteSigner, ...]:
        done.append("signed")
        return cosigners("witness.example")(seconds)

    witness = witness_in(tmp_path, signers=signers)
    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "replace", rename)
    witness.add_checkpoint(submission(OURS, 0, 5))
    assert done == ["file", "renamed", "folder", "signed"]


def test_of_two_requests_at_once_only_one_moves_the_log(tmp_path: Path) -> None:
    gate = threading.Barrier(8)
    bodies = [submission(log, 0, size) for log in (OURS, FORK) for size in (5, 7, 9, 12)]

    def ask(body: bytes) -> int:
        witness = witness_in(tmp_path)
        gate.wait()
        return witness.add_checkpoint(body).status

    witness_in(tmp_path)
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(ask, bodies))
    assert sorted(statuses) == [200] + [409] * 7


def test_a_log_is_never_taken_back(tmp_path: Path) -> None:
    witness_in(tmp_path).add_checkpoint(submission(OURS, 0, 9))
    heads = Heads(tmp_path)
    (watched,) = heads.all()
    with pytest.raises(LogStateError, match="take that back"):
        heads.write(WatchedLog(watched.keys, OURS.checkpoint(5), OURS.note(5)))
    with pytest.raises(LogStateError, match="does not begin"):
        heads.watch(LOG.key, OURS.note(12))
    assert held(tmp_path) == 9


def test_a_damaged_state_signs_nothing(tmp_path: Path) -> None:
    witness = witness_in(tmp_path)
    witness.add_checkpoint(submission(OURS, 0, 5))
    path = state(tmp_path)
    whole = path.read_bytes()
    sample = [*list(truncations(whole))[::37], *list(flips(whole))[::29]]
    for damaged in sample:
        path.write_bytes(damaged)
        with pytest.raises(LogStateError, match="Nothing is signed"):
            Heads(tmp_path).all()
        assert witness.add_checkpoint(submission(OURS, 5, 9)).status == Status.BROKEN
        assert path.read_bytes() == damaged
    path.write_bytes(whole)
    assert witness.add_checkpoint(submission(OURS, 5, 9)).status == Status.OK


def test_the_state_of_another_log_under_its_name_signs_nothing(tmp_path: Path) -> None:
    witness = witness_in(tmp_path)
    other = verifier_key("other.example/log", KeyType.ED25519, LOG.key.pub)
    Heads(tmp_path).watch(other)
    ours = next(p for p in (tmp_path / "logs").glob("*.json") if ORIGIN in p.read_text())
    theirs = next(p for p in (tmp_path / "logs").glob("*.json") if p != ours)
    ours.write_bytes(theirs.read_bytes())
    assert witness.add_checkpoint(submission(OURS, 0)).status == Status.BROKEN


def test_two_roots_of_one_size_are_kept_as_proof(tmp_path: Path) -> None:
    witness = witness_in(tmp_path)
    witness.add_checkpoint(submission(OURS, 0, 9))
    for _ in range(2):
        witness.add_checkpoint(submission(FORK, 9, 9))
    (kept,) = (tmp_path / "contradictions").iterdir()
    assert kept.read_bytes() == OURS.note(9) + b"\n" + FORK.note(9)


def test_it_can_begin_at_a_checkpoint_of_the_log(tmp_path: Path) -> None:
    heads = Heads(tmp_path)
    heads.watch(LOG.key, OURS.note(9))
    witness = witness_in(tmp_path)
    assert parse_size(witness.add_checkpoint(submission(OURS, 0, 12))) == 9
    assert witness.add_checkpoint(submission(OURS, 9, 12)).status == Status.OK


@pytest.mark.parametrize(
    "note",
    [OURS.note(9, [NEIGHBOUR]), b"nonsense", OURS.note(9).replace(b"\n9\n", b"\n8\n")],
    ids=["not signed", "no note", "changed"],
)
def test_it_does_not_begin_at_what_the_log_did_not_sign(tmp_path: Path, note: bytes) -> None:
    with pytest.raises((FormatError, ProofError)):
        Heads(tmp_path).watch(LOG.key, note)
    assert Heads(tmp_path).all() == ()


def test_a_second_key_of_a_log_is_known_beside_the_first(tmp_path: Path) -> None:
    witness = witness_in(tmp_path)
    witness.add_checkpoint(submission(OURS, 0, 5))
    renewed = replace(LOG, private_key=private_key("renewed"))
    signed = format_submission(5, prove(OURS, 9)(5), OURS.note(9, [renewed]))
    assert witness.add_checkpoint(signed).status == Status.FORBIDDEN
    Heads(tmp_path).watch(renewed.key)
    assert held(tmp_path) == 5
    assert witness.add_checkpoint(signed).status == Status.OK


def test_a_witness_key_is_no_log(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="0x01"):
        Heads(tmp_path).watch(NEIGHBOUR.key)
