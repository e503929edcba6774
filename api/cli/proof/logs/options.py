"""Edge. What commands on a published log share: where it is, by whose word, and how they end."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from api.cli.terminal.errors import UsageError
from custody.errors import FormatError, LogAwayError, NotYetError, PlaceError
from custody.formats import policy, trust
from custody.formats.policy import LogPolicy
from custody.formats.trust import parse_trust
from custody.printable import printable_lines
from custody.published.hanging import HangingTiles
from custody.published.heads import check_head, policies_of, policy_of_key, read_head
from custody.tree.places import log_at
from custody.tree.tiles import LogSource
from custody.witness.policies import read_policy

RIGHT, WRONG, UNKNOWN = 0, 1, 3
"""Exit codes, beside 2 for a command line that cannot be followed. 3: the log does not answer or
may not be read, or nobody said by whose key it counts."""
EXITS: Final = (
    "Exit codes: 0 all is well; 1 something is wrong; 2 the command line cannot be followed; 3 "
    "nothing is known for sure: the log does not answer or may not be read, or nobody said by "
    "whose key it counts."
)
_MOST_DIGITS = 19
"""Of a number of entries: a log has fewer than 2**63."""
PLACE: Final = "DIR|URL|s3://BUCKET/PREFIX"


def add_belief(parser: argparse.ArgumentParser) -> None:
    """Add the options that say by whose key a log counts."""
    belief = parser.add_mutually_exclusive_group()
    belief.add_argument("--key", metavar="VKEY", help="the log's verifier key: name+id+key")
    belief.add_argument("--trust", type=Path, metavar="FILE", help="the council's trust file")
    belief.add_argument(
        "--policy", type=Path, metavar="FILE", help="a policy that names the log and its witnesses"
    )


def believed(given: argparse.Namespace) -> tuple[LogPolicy, ...]:
    """Return whose word counts; none, if nothing was said.

    Raises:
        UsageError: what was given cannot be read.
    """
    try:
        if given.key is not None:
            return (policy_of_key(given.key.strip()),)
        if given.trust is not None:
            return policies_of(parse_trust(_read(given.trust, trust.MAX_BYTES)))
        if given.policy is not None:
            return _policies(_read(given.policy, policy.MAX_BYTES))
    except FormatError as error:
        what = given.trust or given.policy or "the key"
        raise UsageError(f"{what} cannot be read: {error}") from error
    return ()


def _policies(data: bytes) -> tuple[LogPolicy, ...]:
    """Return what a policy asks of each log that it names; it may be as a person writes it."""
    written = read_policy(data)
    if not written.logs:
        raise FormatError("The policy names no log: it needs a line 'log VKEY'")
    return tuple(written.of(log) for log in written.logs)


def opened(given: argparse.Namespace) -> tuple[HangingTiles, bytes]:
    """Return the tree under the newest checkpoint of the log that --from names, and that note.

    Raises:
        NotYetError, LogAwayError: nothing is published there, or it does not answer.
        FormatError, ProofError: the checkpoint cannot be read, or is not signed as it must be.
        UsageError: what says whose key counts cannot be read.
    """
    source, policies = source_at(given.place), believed(given)
    note = source.checkpoint()
    if policies:
        return HangingTiles(source, check_head(note, policies).checkpoint), note
    return HangingTiles(source, read_head(note)[1]), note


def known(given: argparse.Namespace) -> int:
    """Return the exit code of what went well, and say so if nobody said by whose key."""
    if _told(given):
        return RIGHT
    print("By whose key the checkpoint counts was not said: its signature was not checked.")
    return UNKNOWN


def require_own(given: argparse.Namespace) -> None:
    """Refuse what says whose key counts where the house itself is asked.

    Raises:
        UsageError: it was said.
    """
    if _told(given):
        raise UsageError("--key, --trust and --policy are for --from: the house knows its own key")


def source_at(place: str) -> LogSource:
    """Return the log at a place.

    Raises:
        UsageError: no log can be there.
    """
    try:
        return log_at(place)
    except PlaceError as error:
        raise UsageError(str(error)) from error


def number(text: str) -> int:
    """Read a whole number from 0, as an argument; it may be beyond any log.

    Raises:
        ArgumentTypeError: it is none.
    """
    digits = text.lstrip("0") or text[:1]
    if not (text.isascii() and text.isdigit()) or len(digits) > _MOST_DIGITS:
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is no number of entries: 0, 1, 2 …")
    return int(digits)


def _told(given: argparse.Namespace) -> bool:
    """Whether it was said by whose key the log counts."""
    return any(said is not None for said in (given.key, given.trust, given.policy))


def answered(run: Callable[[], int]) -> int:
    """Do something with a published log; that it does not answer has an exit code of its own."""
    try:
        return run()
    except (NotYetError, LogAwayError) as error:
        print(f"custos: {printable_lines(str(error))}", file=sys.stderr)
        return UNKNOWN


def _read(path: Path, most: int) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(most + 1)
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise UsageError(f"{path} cannot be read: {reason}") from error
