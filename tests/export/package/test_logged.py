"""A package held against the published log: of one log, or of one that nobody else sees."""

from collections.abc import Mapping

import pytest

from custody.check.finding import Finding, Outcome
from custody.errors import NotYetError
from custody.formats.disclosure import parse_events
from custody.formats.note import Ed25519NoteSigner
from custody.formats.policy import LogPolicy
from custody.formats.proof import parse_proof
from custody.tree.tiles import CHECKPOINT
from export.package.format import layout
from export.package.logged import check_logged
from tests.custody.ledgers import ALONE, ORIGIN, private_key
from tests.custody.published.files import Files, flipped, flips, publish, small
from tests.export.package.paper import make_signatory, seal

PAPER = seal(make_signatory())
EVENTS = {event.index: event.data for event in parse_events(PAPER.files[layout.EVENTS])}
SEALING = parse_proof(PAPER.files[layout.RELEASE_PROOF])
STRANGERS = {
    0: b"an entry of a stranger's record",
    4: b"another one",
    10: b"somebody else's entry behind it",
}
"""As the paper's maker appends them."""
KNOWN = {**STRANGERS, **EVENTS, SEALING.index: PAPER.files[layout.RELEASE_ENTRY]}
ENTRIES = [KNOWN[index] for index in range(11)]
STRANGER = Ed25519NoteSigner(ORIGIN, private_key("a stranger"))


def held(files: Files, kept: Mapping[str, bytes] = PAPER.files) -> list[Finding]:
    findings = check_logged(kept, files, [ALONE])
    return [one for one in findings if one.outcome is Outcome.FAIL]


@pytest.mark.parametrize("more", [0, 1, 300])
def test_a_package_of_the_published_log_is_found_there(more: int) -> None:
    files = publish([*ENTRIES, *(small(n) for n in range(more))])
    assert not held(files)
    (passed,) = check_logged(PAPER.files, files)
    assert "9 proofs of the package, under 2 checkpoints" in passed.words


def test_a_second_log_for_packages_alone_is_found_out() -> None:
    (first, *_) = held(publish([small(1), *ENTRIES[1:]]))
    assert first.subject.startswith(layout.RELEASE_PROOF)
    assert "the council showed two logs" in first.words
    assert first.expected != first.found


def test_a_published_log_that_ends_before_the_sealing_does_not_contain_it() -> None:
    findings = held(publish(ENTRIES[:10]))
    assert findings[0].subject.startswith(layout.RELEASE_PROOF)
    assert findings[0].words == "The published log ends before the checkpoint of the package."
    assert (findings[0].expected, findings[0].found) == ("11 entries or more", "10 entries")


def test_a_log_under_another_key_or_name_is_another_log() -> None:
    assert "not signed by the key" in held(publish(ENTRIES, (STRANGER,)))[0].words
    findings = check_logged(PAPER.files, publish(ENTRIES), [LogPolicy(STRANGER.key)])
    assert "another log than the one that is believed" in findings[0].words


def test_bits_of_what_is_published_are_not_believed() -> None:
    files = publish(ENTRIES)
    for name in files.held:
        if "entries" in name:  # whose every bit is no matter of this package
            continue
        for changed in flips(files.held[name], 97):
            assert held(files.with_(name, changed)), name
        if name != CHECKPOINT:
            assert name in held(files.with_(name, None))[0].words


def test_the_entries_themselves_must_be_published() -> None:
    files, name = publish(ENTRIES), "tile/entries/000.p/11"
    own = files.held[name].index(PAPER.files[layout.RELEASE_ENTRY])
    (finding,) = held(files.with_(name, flipped(files.held[name], 8 * own + 80)))
    assert finding.subject == layout.RELEASE_PROOF
    assert f"Entry {SEALING.index} in {name} is not the one of the tree" in finding.words


def test_a_checkpoint_that_cannot_be_read_is_named_and_not_the_package() -> None:
    files = publish(ENTRIES)
    (finding,) = held(files.with_(CHECKPOINT, files.held[CHECKPOINT][:60]))
    assert finding.subject == CHECKPOINT
    assert finding.words.startswith("The checkpoint cannot be read: ")


def test_one_tile_that_is_missing_is_told_once_for_all_proofs_of_the_package() -> None:
    files = publish(ENTRIES)
    (tile,) = (name for name in files.held if name.startswith("tile/entries/"))
    (finding,) = held(files.with_(tile, None))
    assert tile in finding.words
    assert finding.subject.startswith("seal/release.tlog-proof, and ")


def test_where_nothing_is_published_nothing_is_known() -> None:
    with pytest.raises(NotYetError):
        held(publish(ENTRIES).with_(CHECKPOINT, None))


@pytest.mark.parametrize(
    ("path", "content"),
    [
        (layout.POLICY, b"no policy"),
        (layout.EVENTS, b"no events"),
        (layout.RELEASE_ENTRY, b"another sealing"),
        (layout.RELEASE_PROOF, PAPER.files["seal/proofs/1.tlog-proof"]),
        ("seal/proofs/7.tlog-proof", b"no proof"),
    ],
    ids=["policy", "events", "entry", "other proof", "no proof"],
)
def test_a_changed_package_is_told_by_its_file(path: str, content: bytes) -> None:
    findings = held(publish(ENTRIES), {**PAPER.files, path: content})
    assert findings
    assert findings[0].subject in {path, layout.RELEASE_PROOF}


def test_a_package_without_proofs_is_not_found_in_any_log() -> None:
    kept = {path: data for path, data in PAPER.files.items() if not path.endswith(".tlog-proof")}
    (finding,) = held(publish(ENTRIES), kept)
    assert finding.words == "The package carries no proof."
