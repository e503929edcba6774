"""The audit of a published log: whatever is changed is found, named, and laid at a door."""

import hashlib
from collections.abc import Sequence

import pytest

from custody.check.finding import Finding, Outcome
from custody.errors import FormatError, LogAwayError, NotYetError
from custody.formats.note import Ed25519NoteSigner, format_verifier_key
from custody.formats.policy import LogPolicy
from custody.published.account import MOST_SHOWN, PublishedReport, Step
from custody.published.heads import policy_of_key
from custody.published.whole import audit_published
from custody.tree.tiles import CHECKPOINT, Tile
from tests.custody.ledgers import ALONE, LOG, NEIGHBOUR, ORIGIN, POLICE, WITNESSED, private_key
from tests.custody.published.files import (
    DAMAGES,
    Damage,
    Files,
    event,
    flipped,
    flips,
    publish,
    small,
)

ENTRIES = [event(n) for n in range(258)]
SHORT = publish(ENTRIES[:2])
LONG = publish(ENTRIES)
"""Two bundles, and a tile above the leaves."""
STRANGER = Ed25519NoteSigner(ORIGIN, private_key("a stranger"))


def audit(files: Files, policies: Sequence[LogPolicy] = (ALONE,)) -> PublishedReport:
    return audit_published(files, policies, sorted(files.held))


def said(report: PublishedReport) -> str:
    return "\n".join(f"{one.subject} {one.words}" for one in report.failed)


def of(report: PublishedReport, step: Step) -> list[Finding]:
    return [one for one in report.findings if one.step == step]


@pytest.mark.parametrize("size", [0, 1, 2, 255, 256, 257])
def test_a_whole_log_is_found_whole(size: int) -> None:
    report = audit(publish(ENTRIES[:size]))
    assert not report.failed, said(report)
    assert report.size == size


def test_the_witnesses_of_a_policy_are_asked_for() -> None:
    witnessed = publish(ENTRIES[:3], (LOG, NEIGHBOUR, POLICE))
    report = audit(witnessed, [WITNESSED])
    assert not report.failed
    assert "It is witnessed by neighbour, police." in [one.words for one in report.findings]
    missing = audit(SHORT, [WITNESSED])
    assert "Too few witnesses" in said(missing)
    assert missing.failed[0].expected.endswith(" of neighbour, police")
    assert missing.failed[0].found == "none"


def test_a_witnessed_checkpoint_is_not_called_unwitnessed_where_no_witness_was_named() -> None:
    report = audit(publish(ENTRIES[:3], (LOG, NEIGHBOUR, POLICE)), [ALONE])
    assert not report.failed
    _, others = of(report, Step.CHECKPOINT)
    assert others.outcome is Outcome.NOT_CHECKED
    assert others.words.startswith("It carries 2 signatures beside the log's")


def test_without_a_key_the_signature_is_said_not_to_be_checked() -> None:
    report = audit(SHORT, [])
    assert not report.failed
    assert not report.signed
    assert [one.outcome for one in of(report, Step.CHECKPOINT)] == [Outcome.NOT_CHECKED]


@pytest.mark.parametrize("name", sorted(SHORT.held))
def test_every_bit_of_a_short_log_counts_and_its_file_is_named(name: str) -> None:
    for changed in flips(SHORT.held[name]):
        report = audit(SHORT.with_(name, changed))
        assert name in said(report), changed


@pytest.mark.parametrize("name", ["tile/0/001.p/2", "tile/1/000.p/1"])
def test_every_bit_of_the_tiles_at_the_end_of_a_log_counts(name: str) -> None:
    for changed in flips(LONG.held[name], 7):
        report = audit(LONG.with_(name, changed))
        assert name in said(report)
        assert [one.outcome for one in of(report, Step.VERDICT)] == [Outcome.FAIL]


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
@pytest.mark.parametrize("name", sorted(set(LONG.held) - {CHECKPOINT}))
def test_a_file_that_is_missing_cut_or_too_long_is_named(name: str, damage: Damage) -> None:
    report = audit(LONG.with_(name, damage(LONG.held[name])))
    assert name in said(report)


@pytest.mark.parametrize("damage", list(DAMAGES.values())[1:], ids=list(DAMAGES)[1:])
def test_a_damaged_checkpoint_is_named(damage: Damage) -> None:
    report = audit(LONG.with_(CHECKPOINT, damage(LONG.held[CHECKPOINT])))
    assert [one.subject for one in report.failed] == [CHECKPOINT]


def test_where_no_checkpoint_lies_there_is_no_log() -> None:
    with pytest.raises(NotYetError):
        audit(LONG.with_(CHECKPOINT, None))


def test_a_changed_entry_is_named_by_its_index_with_both_hashes_and_its_door() -> None:
    other = [*ENTRIES[:256], event(9999), ENTRIES[257]]
    bundle = "tile/entries/001.p/2"
    report = audit(LONG.with_(bundle, publish(other).held[bundle]))
    first = of(report, Step.TREE)[0]
    assert first.subject == f"entry 256: {bundle}, tile/0/001.p/2"
    assert first.expected == hashlib.sha256(b"\0" + ENTRIES[256]).hexdigest()
    assert first.found == hashlib.sha256(b"\0" + event(9999)).hexdigest()
    assert "the entries named above are not" in of(report, Step.VERDICT)[0].words


def test_changed_hashes_below_right_entries_are_told_as_such() -> None:
    other = publish([*ENTRIES[:256], event(9999), ENTRIES[257]])
    report = audit(LONG.with_("tile/0/001.p/2", other.held["tile/0/001.p/2"]))
    assert "the hashes named above are not" in of(report, Step.VERDICT)[0].words


def test_a_tree_changed_with_its_entries_does_not_make_the_root_that_was_signed() -> None:
    other = publish([event(9999), *ENTRIES[1:]])
    report = audit(other.with_(CHECKPOINT, LONG.held[CHECKPOINT]))
    (verdict,) = of(report, Step.VERDICT)
    assert verdict.words == "What is published here does not make the root of the checkpoint."
    assert verdict.expected != verdict.found
    assert verdict.subject == CHECKPOINT


def test_a_tile_that_fits_the_changed_hashes_below_it_is_no_fault_of_its_own() -> None:
    other = publish([event(9999), *ENTRIES[1:]])
    changed = {name: other.held[name] for name in ("tile/0/000", "tile/1/000.p/1")}
    report = audit(Files({**LONG.held, **changed}))
    assert len(of(report, Step.TREE)) == 1
    assert of(report, Step.TREE)[0].subject.startswith("entry 0:")


def test_without_entries_and_hashes_nothing_beyond_is_believed() -> None:
    gone = LONG.with_("tile/entries/000", None).with_("tile/0/000", None)
    report = audit(gone)
    assert of(report, Step.VERDICT)[-1].subject == "entries 0 to 255"


def test_an_entry_in_another_form_is_named() -> None:
    report = audit(publish([ENTRIES[0], ENTRIES[1] + b" ", ENTRIES[2]]))
    assert "entry 1: tile/entries/000.p/3 An entry is not in its one form" in said(report)
    assert not of(report, Step.VERDICT)  # the tree itself holds


def test_another_key_and_another_log_are_told_apart() -> None:
    (other_key,) = audit(publish(ENTRIES[:3], (STRANGER,))).failed
    assert "not signed by the key of the log" in other_key.words
    assert other_key.expected == format_verifier_key(LOG.key)
    elsewhere = Ed25519NoteSigner("elsewhere.example/log", private_key("log"))
    (other_log,) = audit(publish(ENTRIES[:3], (elsewhere,), "elsewhere.example/log")).failed
    assert other_log.words == "The checkpoint is of another log."
    assert (other_log.expected, other_log.found) == (ORIGIN, "elsewhere.example/log")


def test_a_log_that_was_rolled_back_leaves_more_than_its_checkpoint_covers() -> None:
    report = audit(LONG.with_(CHECKPOINT, SHORT.held[CHECKPOINT]))
    assert "tile/entries/000" in said(report)
    assert "rolled back" in said(report) or "is missing" in said(report)
    both = Files({**LONG.held, **SHORT.held})
    assert "rolled back" in said(audit(both))


def test_what_is_no_part_of_a_log_is_named_and_its_key_is_one() -> None:
    assert not audit(SHORT.with_("vkey", b"any")).failed
    assert "notes.txt This file is no part of a log" in said(audit(SHORT.with_("notes.txt", b"")))


def test_an_earlier_state_of_a_tile_must_be_the_beginning_of_the_tile() -> None:
    both = Files({**SHORT.held, **LONG.held})
    assert not audit(both).failed
    for name in ("tile/0/000.p/2", "tile/entries/000.p/2"):
        changed = both.with_(name, flipped(both.held[name], 100))
        assert f"{name} An earlier state" in said(audit(changed))


def test_many_faults_are_counted_and_the_first_ones_shown() -> None:
    report = audit(publish([small(n) for n in range(255 * 40)]))
    assert len(of(report, Step.ENTRIES)) == MOST_SHOWN + 1
    assert of(report, Step.ENTRIES)[-1].words == "And 20 more like these."


def test_a_log_that_does_not_answer_is_no_broken_log() -> None:
    class Away(Files):
        def read(self, tile: Tile) -> bytes:
            raise LogAwayError(f"no answer for {tile}")

    with pytest.raises(LogAwayError):
        audit(Away(SHORT.held))


def test_a_key_that_is_no_log_s_is_refused() -> None:
    key = format_verifier_key(LOG.key)
    assert policy_of_key(key) == ALONE
    with pytest.raises(FormatError, match="no key of a log"):
        policy_of_key(format_verifier_key(NEIGHBOUR.key))
