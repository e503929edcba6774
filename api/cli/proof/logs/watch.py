"""Edge. `custos log watch`: a monitor that remembers, for cron. One line for each look.

Keeps the last checkpoint that it believed in a file of its own, as it was signed. The next one must
be signed by the same log, as long or longer, and proved by the log's own tiles to have grown out of
the one before. What is remembered changes only then. When a log went back or has split, both
checkpoints are kept beside the state: two signatures that contradict each other are the evidence.
"""

import argparse
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from api.cli.proof.logs.options import (
    EXITS,
    PLACE,
    RIGHT,
    UNKNOWN,
    WRONG,
    add_belief,
    believed,
    source_at,
)
from api.cli.proof.logs.reports import as_json
from api.cli.terminal.errors import UsageError
from custody.errors import (
    CustodyError,
    ForkedLogError,
    FormatError,
    LogAwayError,
    NotYetError,
    ProofError,
)
from custody.formats.canonical import JSON
from custody.formats.checkpoint import Checkpoint, parse_checkpoint
from custody.formats.note import parse_note
from custody.formats.policy import LogPolicy
from custody.printable import printable
from custody.published.memory import Memory
from custody.published.monitor import Sighting, check_signed_head, look

_FORKED, _WRONG, _SILENT = "contradicts itself", "wrong", "unknown"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.epilog = EXITS
    parser.add_argument("place", metavar=PLACE, help="where the log is published")
    add_belief(parser)
    parser.add_argument(
        "--state", type=Path, required=True, metavar="FILE", help="what is remembered between looks"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object for a program")


@dataclass(frozen=True, slots=True)
class _Outcome:
    """How a look ended."""

    code: int
    word: str
    words: str
    seen: Checkpoint | None = None
    expected: str = ""
    found: str = ""
    evidence: tuple[str, ...] = ()


def run(given: argparse.Namespace) -> int:
    """Look once; print one line; return the exit code."""
    policies = believed(given)
    if not policies:
        raise UsageError("say by whose key the log counts: --key, --trust or --policy")
    try:
        with Memory(given.state).alone() as alone:
            if not alone:
                words = f"another look with {given.state} is not over yet"
                outcome = _Outcome(UNKNOWN, _SILENT, words)
            else:
                outcome = _look(given, policies)
    except OSError as error:
        raise UsageError(f"{error.filename or given.state}: {error.strerror or error}") from error
    _print(given, outcome)
    return outcome.code


def _look(given: argparse.Namespace, policies: tuple[LogPolicy, ...]) -> _Outcome:
    memory = Memory(given.state)
    remembered = memory.recall()
    if remembered is not None:
        _require_ours(given.state, remembered, policies)
    note = b""
    source = source_at(given.place)
    try:
        note = source.checkpoint()
        sighting = look(source, note, policies, remembered)
    except NotYetError as error:
        gone = remembered is not None
        words = f"{error}, and a checkpoint of it is remembered" if gone else str(error)
        return _Outcome(WRONG if gone else UNKNOWN, _WRONG if gone else _SILENT, words)
    except CustodyError as error:
        return _failed(error, memory, remembered, note)
    memory.remember(sighting.note)
    return _Outcome(RIGHT, sighting.change, _said(sighting), sighting.checkpoint)


def _failed(error: CustodyError, memory: Memory, remembered: bytes | None, note: bytes) -> _Outcome:
    """Say what was found; what proves that a log contradicts itself is kept."""
    if isinstance(error, LogAwayError):
        return _Outcome(UNKNOWN, _SILENT, str(error))
    if not isinstance(error, ProofError):
        return _Outcome(WRONG, _WRONG, str(error), _head(note))
    sides, word = (error.expected, error.found), _WRONG
    evidence: tuple[str, ...] = ()
    if isinstance(error, ForkedLogError) and remembered is not None:
        word = _FORKED
        evidence = tuple(_keep(memory, one) for one in (remembered, note))
    return _Outcome(WRONG, word, error.words, _head(note), *sides, evidence)


def _require_ours(path: Path, remembered: bytes, policies: tuple[LogPolicy, ...]) -> None:
    """Refuse a state that is no checkpoint of this log: nothing can be held against it.

    Raises:
        UsageError: its message says what to do.
    """
    try:
        check_signed_head(remembered, policies)
    except (FormatError, ProofError) as error:
        raise UsageError(
            f"what {path} remembers is no checkpoint that counts by this key: {error}. If the key "
            "is right, somebody changed the file; keep it, and begin with another one"
        ) from error


def _keep(memory: Memory, note: bytes) -> str:
    head = _head(note)
    assert head is not None  # both have been read, and found to be signed
    return str(memory.keep(note, head))


def _head(note: bytes) -> Checkpoint | None:
    with suppress(FormatError):
        return parse_checkpoint(parse_note(note).text)
    return None


def _said(sighting: Sighting) -> str:
    head, before = sighting.checkpoint, sighting.before
    more = 0 if before is None else head.size - before.size
    since = f", {more} more than before" if more else ""
    by = f", witnessed by {', '.join(sighting.witnesses)}" if sighting.witnesses else ""
    return f"{sighting.change}: {head.size} entries{since}{by}"


def _print(given: argparse.Namespace, outcome: _Outcome) -> None:
    if given.json:
        seen = outcome.seen
        told: dict[str, JSON] = {
            "ok": outcome.code == RIGHT,
            "outcome": outcome.word,
            "words": outcome.words,
            "log": given.place,
            "origin": seen.origin if seen else None,
            "size": seen.size if seen else None,
            "root": seen.root.hex() if seen else None,
            "expected": outcome.expected,
            "found": outcome.found,
            "evidence": outcome.evidence,
        }
        print(as_json(told))
        return
    sides = f" (expected {outcome.expected}, found {outcome.found})" if outcome.expected else ""
    kept = f"; both checkpoints are kept: {', '.join(outcome.evidence)}" if outcome.evidence else ""
    line = printable(f"{given.place}: {outcome.words}{sides}{kept}")
    print(line, file=sys.stdout if outcome.code == RIGHT else sys.stderr)
