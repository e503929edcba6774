"""Pure. V8 on what people stated: the record repeats the latest description, and it can be true.

The description is whole in `exhibit.described`, and whole again in each `exhibit.corrected` and
`exhibit.extended`: the last one counts. What the clock's comparison gave stands in `clock.checked`,
too.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from custody.check.log import RECEIPTS
from custody.errors import ShapeError
from custody.formats.canonical import JSON, canonical_json
from custody.formats.shapes import differences
from evidence.exhibits.description import (
    Description,
    clock_values,
    description_json,
    flaws,
    parse_description,
)
from export.package.format.records import described
from export.package.verify.examined import Exhibit

LATER: Final = ("exhibit.corrected", "exhibit.extended")
"""The events that state an exhibit anew."""
_MOST = 10
"""Differences that are told one by one: a record of another exhibit differs everywhere."""


def check_stated(exhibit: Exhibit, path: str) -> None:
    """Compare what the record says that people stated with what the ledger says of it."""
    first = [values for _, values in exhibit.disclosed("exhibit.described")]
    later = [values for name in LATER for _, values in exhibit.disclosed(name)]
    later.sort(key=_number)
    if len(first) != 1 or any(_number(values) < _number(first[0]) for values in later):
        exhibit.fail(
            "The ledger must describe an exhibit once, before anybody corrects or extends it.",
            path,
            expected="exhibit.described once",
            found=f"exhibit.described {len(first)} times, another version {len(later)} times",
        )
        return
    if any("facts" not in values for values in (*first, *later)):
        exhibit.fail("The package does not open what people stated of the exhibit.", path)
        return
    latest = (later or first)[-1]["facts"]
    _compare_record(exhibit, latest, path)
    _check_clock(exhibit, first[0]["facts"], path)
    said = _description(exhibit, latest, path)
    if said is not None:
        _check_files(exhibit, said, (*first, *later), path)
        for flaw in flaws(said):
            exhibit.fail(f"{flaw.words}.", path, expected=flaw.expected, found=flaw.found)


def _number(values: Mapping[str, JSON]) -> int:
    number = values["n"]
    assert isinstance(number, int)  # `open_event` has checked its type
    return number


def _compare_record(exhibit: Exhibit, latest: JSON, path: str) -> None:
    stated = description_json(described(exhibit.record))
    for told, one in enumerate(differences(latest, stated)):
        if told == _MOST:
            exhibit.fail("The record differs from the ledger in more places than these.", path)
            return
        exhibit.fail(
            f"The record says something else than the ledger, in {one.place or 'all of it'}.",
            path,
            expected=canonical_json(one.old).decode(),
            found=canonical_json(one.new).decode(),
        )


def _check_clock(exhibit: Exhibit, first: JSON, path: str) -> None:
    """Compare the comparison of the clock at intake; a correction states another one by itself."""
    said = _description(exhibit, first, path)
    if said is None:
        return
    expected = [] if said.clock_check is None else [clock_values(said.clock_check)]
    found = [
        {key: values.get(key) for key in ("offset_ms", "reference")}
        for _, values in exhibit.disclosed("clock.checked")
    ]
    exhibit.compare(
        "The clock's comparison is another one than the ledger took down.",
        path,
        expected="; ".join(canonical_json(one).decode() for one in found) or "none",
        found="; ".join(canonical_json(one).decode() for one in expected) or "none",
    )


def _check_files(
    exhibit: Exhibit, said: Description, versions: Sequence[Mapping[str, JSON]], path: str
) -> None:
    """Compare which files are described with those that were received, in their order.

    Of what was added later only recordings are described, and a player is not. Whether a file is
    one or the other is said when it is added, and stays so: every version describes it, or none.
    """
    digests = [one for _, values in exhibit.disclosed(RECEIPTS[0]) for one in _digests(values)]
    for values in versions:
        for digest in _digests(values):
            version = _description(exhibit, values["facts"], path)
            if version is not None and digest in {file.sha256 for file in version.files}:
                digests.append(digest)
    exhibit.compare(
        "The files that are described are not those that were received, in their order.",
        path,
        expected=", ".join(digests) or "none",
        found=", ".join(file.sha256 for file in said.files) or "none",
    )


def _digests(values: Mapping[str, JSON]) -> list[str]:
    """Return the digests that an event names as its files; of events without any, none."""
    files = values.get("files")
    items = files if isinstance(files, list | tuple) else ()
    return [str(file["sha256"]) for file in items if isinstance(file, Mapping)]


def _description(exhibit: Exhibit, facts: JSON, path: str) -> Description | None:
    try:
        return parse_description(facts)
    except ShapeError as error:
        words = f"What the ledger says of the exhibit is no description: {error.words}."
        exhibit.fail(words, path, expected=error.expected, found=error.found)
        return None
