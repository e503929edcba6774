"""The database held against what was published: where they part, and who is right."""

from collections.abc import Sequence

import pytest

from custody.formats.checkpoint import Checkpoint, parse_checkpoint
from custody.formats.note import parse_note
from custody.published.account import Findings, Step
from custody.published.rivals import compare
from tests.custody.published.files import DAMAGES, Damage, Files, publish, small

ENTRIES = [small(n) for n in range(600)]
FILES = publish(ENTRIES)
BUNDLE = "tile/entries/001"


def head(files: Files) -> Checkpoint:
    return parse_checkpoint(parse_note(files.checkpoint()).text)


def held(entries: Sequence[bytes], files: Files = FILES) -> Findings:
    return compare(enumerate(entries), files, head(files))


def failed(found: Findings) -> list[tuple[str, str]]:
    return [(one.subject, one.words) for one in found.close() if one.outcome == "fail"]


def test_a_database_and_its_log_agree_also_while_one_is_ahead() -> None:
    assert not failed(held(ENTRIES))
    ahead = held([*ENTRIES, small(600), small(601)])
    assert not failed(ahead)
    assert "2 entries of the database are not published yet." in [x.words for x in ahead.close()]
    assert not failed(held([], publish([])))


def test_a_changed_database_is_named_by_its_entry_and_found_to_lie() -> None:
    changed = [*ENTRIES[:300], small(9999), *ENTRIES[301:]]
    (subject, words), (_, verdict) = failed(held(changed))
    assert subject == f"entry 300: {BUNDLE}"
    assert "another entry than was published" in words
    assert "the database was changed" in verdict
    assert "custos restore" in verdict


def test_changed_files_are_found_to_lie() -> None:
    other = publish([*ENTRIES[:300], small(9999), *ENTRIES[301:]])
    first, (_, verdict) = failed(held(ENTRIES, FILES.with_(BUNDLE, other.held[BUNDLE])))
    assert first[0] == f"entry 300: {BUNDLE}"
    assert "the published files were changed" in verdict


def test_where_both_were_changed_nobody_is_believed() -> None:
    other = publish([*ENTRIES[:300], small(9999), *ENTRIES[301:]])
    changed = [small(8888), *ENTRIES[1:]]
    *_, (_, verdict) = failed(held(changed, FILES.with_(BUNDLE, other.held[BUNDLE])))
    assert "both were changed" in verdict


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_a_damaged_bundle_is_named_and_can_be_published_again(damage: Damage) -> None:
    files = FILES.with_(BUNDLE, damage(FILES.held[BUNDLE]))
    (first, words), (_, verdict) = failed(held(ENTRIES, files))
    assert first == BUNDLE
    assert BUNDLE in words
    assert "Publish them again" in verdict


@pytest.mark.parametrize("size", [0, 1, 255, 256, 300, 599])
def test_a_database_behind_its_log_is_an_older_one(size: int) -> None:
    ((subject, words),) = failed(held(ENTRIES[:size]))
    assert subject == f"entries {size} to 599"
    assert f"ends after {size} entries, and 600 are published" in words


def test_an_older_database_that_was_changed_as_well_is_told_as_both() -> None:
    (first, _), (second, _) = failed(held([*ENTRIES[:270], small(9999)]))
    assert first == f"entry 270: {BUNDLE}"
    assert second == "entries 271 to 599"


def test_an_entry_that_the_database_lacks_is_named() -> None:
    gone = [(n, entry) for n, entry in enumerate(ENTRIES) if n != 299]
    found = compare(gone, FILES, head(FILES))
    (subject, words), (_, verdict) = failed(found)
    assert subject == f"entry 299: {BUNDLE}"
    assert "lacks an entry" in words
    assert "the database was changed" in verdict
    assert found.wrong[Step.ENTRIES] == 1


def test_places_that_no_log_has_are_no_entries_of_it() -> None:
    odd = [(-1, b"below"), *enumerate(ENTRIES), (2**62, b"far above")]
    found = compare(odd, FILES, head(FILES))
    assert not failed(found)
