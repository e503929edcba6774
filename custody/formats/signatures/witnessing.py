"""Pure. Who witnesses a log, and since when, as a trust file says it.

{"quorum":1,"since":"2026-11-22T12:00:00Z","witnesses":["…"]}
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from custody.errors import FormatError
from custody.formats.canonical import JSON, format_time, parse_time
from custody.formats.shapes import from_json, object_json
from custody.formats.signatures.keys import COSIGNERS, parse_verifier_key


@dataclass(frozen=True, slots=True)
class Witnessing:
    """Who witnesses the log from a moment on, until the next of these begins."""

    since: datetime
    witnesses: tuple[str, ...]
    """Verifier keys."""
    quorum: int
    """How many of them must have signed a checkpoint."""


@dataclass(frozen=True, slots=True)
class _Written:
    since: str
    witnesses: tuple[str, ...]
    quorum: int


def format_witnessing(several: Sequence[Witnessing]) -> JSON:
    """Return it as JSON."""
    return [
        object_json(_Written(format_time(one.since), one.witnesses, one.quorum)) for one in several
    ]


def parse_witnessing(value: JSON) -> tuple[Witnessing, ...]:
    """Read it, and believe nothing of it.

    Raises:
        FormatError: it has another shape, or says nothing.

    """
    if not isinstance(value, list) or not value:
        raise FormatError("witnessing is a list that says something, or is left out")
    several = [from_json(_Written, one, at="witnessing") for one in value]
    return tuple(Witnessing(parse_time(one.since), one.witnesses, one.quorum) for one in several)


def require_witnessing(several: Sequence[Witnessing]) -> None:
    """Refuse a history that is none.

    Raises:
        FormatError: its times go back, or a part of it cannot be.

    """
    times = [one.since for one in several]
    if times != sorted(times):
        raise FormatError("witnessing goes from the oldest to the newest")
    for one in several:
        require_witnesses(one.witnesses, one.quorum)


def require_witnesses(witnesses: Sequence[str], quorum: int) -> None:
    """Refuse witnesses and a quorum that cannot be.

    Raises:
        FormatError: a key twice or of another type, or a quorum that they cannot make.

    """
    if len(set(witnesses)) != len(witnesses):
        raise FormatError("The trust file names a witness twice")
    for text in witnesses:
        key = parse_verifier_key(text)
        if key.type not in COSIGNERS:
            raise FormatError(f"The key of {key.name} is not of the type of a witness")
    if not 0 <= quorum <= len(witnesses):
        words = f"A quorum of {quorum} cannot be had from {len(witnesses)} witnesses"
        raise FormatError(words)
