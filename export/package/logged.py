"""Pure. Whether the log that a package speaks of is the one that is published.

A package proves that its events are in a log, under checkpoints that it carries. Two such logs
could exist: one for those who get packages, another for everybody else. So each of its checkpoints
must be a beginning of the published log, and each of its entries must stand there.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from custody.check.finding import Finding, Outcome
from custody.errors import FormatError, LogAwayError, LogStateError, ProofError
from custody.formats.checkpoint import Checkpoint
from custody.formats.disclosure import parse_events
from custody.formats.policy import LogPolicy, check_signed, parse_policy
from custody.formats.proof import check_proof, parse_proof
from custody.published.hanging import HangingTiles
from custody.published.heads import check_head
from custody.published.monitor import root_at
from custody.tree.tiles import CHECKPOINT, LogSource
from export.package.format import layout

_STEP = "log"
_PROOF = ".tlog-proof"


def check_logged(
    kept: Mapping[str, bytes], source: LogSource, policies: Sequence[LogPolicy] = ()
) -> tuple[Finding, ...]:
    """Hold the records of a package against the published log; ``kept`` are they, by path.

    ``policies``: whose word counts; without any, that of the log which the package itself names.
    Says nothing of the rest of the package: `verify` does.

    Raises:
        NotYetError: nothing is published there.
        LogAwayError: the log does not answer. Safe to retry.
    """
    note = source.checkpoint()
    check = _Check()
    read = layout.POLICY
    try:
        own = parse_policy(kept.get(layout.POLICY, b""))
        _require_known(own, policies)
        read = CHECKPOINT
        head = check_head(note, policies or [LogPolicy(own.log)]).checkpoint
    except (FormatError, ProofError) as error:
        check.failed(error, read)
        return tuple(check.findings)
    check.run(kept, own, HangingTiles(source, head))
    return tuple(_said_once(check.findings))


def _require_known(own: LogPolicy, policies: Sequence[LogPolicy]) -> None:
    if policies and own.log not in [policy.log for policy in policies]:
        raise ProofError(
            "The package speaks of another log than the one that is believed",
            expected=" or ".join(policy.log.name for policy in policies),
            found=own.log.name,
        )


@dataclass(slots=True)
class _Check:
    """What is known so far."""

    findings: list[Finding] = field(default_factory=list)
    roots: dict[int, bytes] = field(default_factory=dict)
    """Of the published log, at the sizes that the package speaks of."""

    def run(self, kept: Mapping[str, bytes], own: LogPolicy, tiles: HangingTiles) -> None:
        """Look at each proof of the package, the sealing one first."""
        try:
            entries = _entries(kept)
        except FormatError as error:
            self.failed(error, layout.EVENTS)
            return
        proofs = 0
        for path in _proofs(kept):
            proofs += 1
            try:
                self._proof(kept[path], entries, own, tiles, path)
            except (FormatError, ProofError, LogStateError) as error:
                self.failed(error, path)
        if not self.findings and proofs:
            head = tiles.checkpoint
            words = (
                f"{proofs} proofs of the package, under {len(self.roots)} checkpoints, are of the "
                f"published log {head.origin}, which has {head.size} entries now."
            )
            self.findings.append(Finding(_STEP, Outcome.PASS, words))
        elif not proofs:
            words = "The package carries no proof."
            self.findings.append(Finding(_STEP, Outcome.FAIL, words))

    def failed(self, error: FormatError | ProofError | LogStateError, subject: str) -> None:
        """Say what an error says; that the log does not answer is passed on."""
        if isinstance(error, LogAwayError):
            raise error
        sides = (error.expected, error.found) if isinstance(error, ProofError) else ()
        words = error.words if isinstance(error, ProofError) else str(error)
        self.findings.append(Finding(_STEP, Outcome.FAIL, f"{words}.", subject, *sides))

    def _proof(
        self,
        data: bytes,
        entries: Mapping[int | None, bytes],
        own: LogPolicy,
        tiles: HangingTiles,
        path: str,
    ) -> None:
        proof = parse_proof(data)
        checkpoint = check_signed(proof.checkpoint, own).checkpoint
        entry = entries.get(None if path == layout.RELEASE_PROOF else proof.index)
        if entry is None:
            raise ProofError(f"The package does not carry entry {proof.index}, which this proves")
        check_proof(proof, entry, checkpoint)
        self._begins(checkpoint, tiles)
        tiles.entry(proof.index)  # one root, one entry: what is asked is whether it is published

    def _begins(self, checkpoint: Checkpoint, tiles: HangingTiles) -> None:
        head = tiles.checkpoint
        if checkpoint.size > head.size:
            raise ProofError(
                "The published log ends before the checkpoint of the package",
                expected=f"{checkpoint.size} entries or more",
                found=f"{head.size} entries",
            )
        if checkpoint.size not in self.roots:
            self.roots[checkpoint.size] = root_at(tiles, checkpoint.size)
        if (root := self.roots[checkpoint.size]) != checkpoint.root:
            raise ProofError(
                f"The checkpoint of the package over {checkpoint.size} entries is no beginning of "
                "the published log: the council showed two logs",
                expected=checkpoint.root.hex(),
                found=root.hex(),
            )


def _said_once(findings: Sequence[Finding]) -> Iterator[Finding]:
    """Tell what befalls several proofs alike, such as one tile that is missing, a single time."""
    alike: dict[Finding, list[str]] = {}
    for finding in findings:
        alike.setdefault(replace(finding, subject=""), []).append(finding.subject)
    for finding, (first, *others) in alike.items():
        subject = f"{first}, and {len(others)} more" if others else first
        yield replace(finding, subject=subject)


def _entries(kept: Mapping[str, bytes]) -> dict[int | None, bytes]:
    """Return the entries of the package by their index; the sealing, whose proof says it, by None.

    Raises:
        FormatError: the events cannot be read.
    """
    events = parse_events(kept.get(layout.EVENTS, b""))
    entries: dict[int | None, bytes] = {event.index: event.data for event in events}
    return entries | {None: kept.get(layout.RELEASE_ENTRY, b"")}


def _proofs(kept: Mapping[str, bytes]) -> Iterator[str]:
    if layout.RELEASE_PROOF in kept:
        yield layout.RELEASE_PROOF
    yield from sorted(
        path for path in kept if path.endswith(_PROOF) and path != layout.RELEASE_PROOF
    )
