"""Adapter. A copy in a package, compared anew with the original that lies beside it.

The same program compares that compared when the copy was made, and what was stated then is made
again from what is measured now. Formats: docs/formats/derivation.md, docs/formats/frames.md.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast, get_args

from custody.check.finding import Finding, Outcome
from custody.errors import FormatError
from custody.formats.canonical import JSON, parse_canonical
from export.media import derivation
from export.media.comparison import Measured, compare
from export.media.examine import Examination
from export.media.facts import Json, NoCopyError
from export.media.plan import COPY, MASTER, Plan, Way
from export.package.budget import TIME_LIMIT, Budget, look, take_out
from export.package.errors import BudgetError
from export.package.format.archive import EntrySpan, Reader
from export.package.verify.derived import CopyFiles

_SLACK_CENTIDB = 10
"""Another decoder may round a picture otherwise: MJPEG and MPEG-4 leave that to it."""


@dataclass(frozen=True, slots=True)
class Stated:
    """What a derivation of the version that we know states."""

    whole: Mapping[str, JSON]
    way: Way
    sentence: str
    sound: tuple[bool, ...]
    """For each track of sound: whether it was copied."""


def read_stated(text: bytes) -> Stated | None:
    """Read what a derivation states; None where it is of a kind that cannot be measured again."""
    try:
        whole = parse_canonical(text)
    except FormatError:
        return None  # V8 has said so
    if not isinstance(whole, dict) or whole.get("format") != derivation.FORMAT:
        return None
    way, sentence, sound = whole.get("way"), whole.get("sentence"), whole.get("sound")
    if way not in get_args(Way) or not isinstance(sentence, str) or not isinstance(sound, list):
        return None
    ways = [track.get("way") if isinstance(track, dict) else None for track in sound]
    return Stated(whole, cast("Way", way), sentence, tuple(way == "copied" for way in ways))


def check_original(
    reader: Reader,
    copy: CopyFiles,
    master: EntrySpan,
    stated: Stated,
    folder: Path,
    budget: Budget,
) -> Iterator[Finding]:
    """Decode original and copy, and yield what was found; `frames.csv` lies in `folder` already.

    Raises: BudgetError, SandboxError.
    """
    take_out(reader, master, folder / "master", budget)
    seen = look(folder / "master", folder, budget, budget.part(0, 0.5))
    if seen.frames is None or seen.facts is None or seen.facts.video is None:
        words = " ".join(finding.words for finding in seen.findings)
        words = f"The original, of which this is a copy, cannot be decoded here: {words}"
        yield Finding("V8", Outcome.NOT_CHECKED, words, copy.path)
        return
    job = folder / "comparison"
    job.mkdir()
    take_out(reader, copy.copy, job / COPY, budget)
    (job / MASTER).symlink_to((folder / "master").resolve())
    try:
        found = compare(
            job,
            folder / "master",
            seen.facts,
            seen.frames,
            way=stated.way,
            limits=budget.limits(),
            sheet=None,
            progress=budget.part(0.5, 1),
        )
    except NoCopyError as error:
        if any(finding.code == TIME_LIMIT for finding in error.findings):
            raise BudgetError from error
        raise
    if found.unlike:
        words = f"The copy does not show what the original shows: {found.unlike}."
        yield Finding("V8", Outcome.FAIL, words, copy.path)
        return
    yield from _judge(copy, stated, seen, found, folder / "frames.csv")


def _judge(
    copy: CopyFiles, stated: Stated, seen: Examination, found: Measured, listed: Path
) -> Iterator[Finding]:
    """Hold the frame list and all that is stated against what was measured."""
    failed = False
    if _sha256(found.frames) != _sha256(listed):
        failed = True
        words = "The frame list is not the one that copy and original give when they are decoded."
        yield Finding(
            "V8", Outcome.FAIL, words, copy.path, *_first_difference(found.frames, listed)
        )
    for words, expected, was in _differences(copy, stated, seen, found):
        failed = True
        yield Finding("V8", Outcome.FAIL, words, copy.path, expected, was)
    if not failed:
        words = f"Original and copy were decoded and compared here: {_sentence(found)}."
        yield Finding("V8", Outcome.PASS, words, copy.path)


def _differences(
    copy: CopyFiles, stated: Stated, seen: Examination, found: Measured
) -> Iterator[tuple[str, str, str]]:
    """Yield what is stated and not so: words, what was measured, what is stated."""
    assert seen.facts is not None  # checked by check_original
    tracks = len(seen.facts.audio)
    if not tracks == len(stated.sound) == len(found.counts["sound"]):
        words = "Original, copy and description do not have the same tracks of sound."
        yield words, f"{tracks} in the original", f"{len(found.counts['sound'])} in the copy"
        return
    measured = _described(copy, stated, seen, found)
    other = {
        key for key in measured | dict(stated.whole) if measured.get(key) != stated.whole.get(key)
    }
    if seen.facts.decoder != _part(stated.whole, "comparison").get("decoder"):
        other -= {"source", "comparison", "sentence"}
        if _overstated(_part(stated.whole, "comparison"), found.counts):
            other.add("comparison")
    for key in sorted(other):
        words = f"What the description of the copy states under {key!r} is not what was measured."
        yield words, str(measured.get(key)), str(stated.whole.get(key))


def _described(copy: CopyFiles, stated: Stated, seen: Examination, found: Measured) -> Json:
    """Describe the copy as it was described when it was made, from what was measured now.

    What cannot be measured (which tool, with which words, why this way) is taken as it is stated.
    """
    assert seen.facts is not None  # checked by check_original
    assert seen.frames is not None
    result = _part(stated.whole, "result")
    made = derivation.Made(
        master_sha256=copy.master_sha256,
        source_frames_sha256=_sha256(seen.frames),
        copy_sha256=str(result.get("sha256")),  # V8 has compared it
        copy_size=copy.copy.size,
        copy_frames_sha256=_sha256(found.frames),
    )
    plan = Plan(stated.way, "", stated.sound)
    maker = derivation.Maker("", "", (), 0, ())
    described = derivation.describe("", seen.facts, plan, made, maker, found.counts, [])
    taken = ("exhibit", "reason", "tried", "tool")
    return {**described, **{key: stated.whole.get(key) for key in taken}}


def _overstated(stated: Mapping[str, JSON], counts: Json) -> bool:
    """Say whether more is claimed than another decoder finds."""
    claimed, measured = stated.get("psnr_min_centidb"), counts["psnr_min_centidb"]
    if stated.get("bit_exact") != counts["bit_exact"] or (claimed is None) != (measured is None):
        return True
    if claimed is None:
        return False
    return not isinstance(claimed, int) or claimed > int(measured) + _SLACK_CENTIDB


def _sentence(found: Measured) -> str:
    exact, anew = found.counts["bit_exact"], found.counts["reencoded"]
    worst = found.counts["psnr_min_centidb"]
    said = f"{exact:,} of {exact + anew:,} pictures are bit-identical to the original's"
    if not anew:
        return said
    least = "brightness unchanged" if worst is None else f"at least {worst / 100:.2f} dB"
    return f"{said}, {anew:,} were re-encoded ({least})"


def _first_difference(measured: Path, listed: Path) -> tuple[str, str]:
    with measured.open("rb") as one, listed.open("rb") as other:
        for expected, was in zip(one, other, strict=False):
            if expected != was:
                return _line(expected), _line(was)
    return f"{measured.stat().st_size} bytes", f"{listed.stat().st_size} bytes"


def _line(line: bytes) -> str:
    return line.decode("ascii", "backslashreplace").rstrip("\n")


def _part(whole: Mapping[str, JSON], key: str) -> Mapping[str, JSON]:
    part = whole.get(key)
    return part if isinstance(part, dict) else {}


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
