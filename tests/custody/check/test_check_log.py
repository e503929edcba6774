"""V6, V7 and "held since": the whole passes, and whatever is done to it becomes a finding."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from uuid import UUID

import pytest

from custody.check.finding import Finding, Outcome
from custody.check.log import (
    LoggedEvent,
    RecordHead,
    SealedRelease,
    check_custody,
    check_held_since,
    check_received,
    check_sealed,
    format_events,
    format_openings,
)
from custody.formats.checkpoint import format_checkpoint
from custody.formats.entry import Opening
from custody.formats.note import Ed25519NoteSigner, format_note, sign_note
from custody.formats.policy import LogPolicy, Witness
from custody.formats.proof import format_proof, parse_proof
from custody.tree.merkle import EMPTY_ROOT
from tests.custody.ledgers import (
    ALONE,
    APPROVED,
    CHECKED,
    DIGESTS,
    EXAMINED,
    EXHIBIT,
    LOG,
    NEIGHBOUR,
    NOON,
    ORIGIN,
    POLICE,
    PROPOSED,
    RECEIVED,
    WITNESSED,
    MemoryLog,
    RecordChain,
    SealedLedger,
    private_key,
    without,
)
from tests.custody.vectors import flips, truncations

STAMPED = NOON + timedelta(hours=3)


@pytest.fixture(scope="module")
def ledger() -> SealedLedger:
    return SealedLedger().run()


def sealed_of(
    ledger: SealedLedger,
    *,
    entry: bytes | None = None,
    openings: bytes | None = None,
    proof: bytes | None = None,
    trust: LogPolicy | None = None,
    digests: Mapping[str, str] = MappingProxyType({}),
) -> tuple[SealedRelease | None, tuple[Finding, ...]]:
    return check_sealed(
        ledger.sealing.data if entry is None else entry,
        ledger.openings if openings is None else openings,
        ledger.proof if proof is None else proof,
        ledger.policy,
        seal=digests.get("seal", DIGESTS["seal"]),
        signature=digests.get("signature", DIGESTS["p7s"]),
        timestamp=digests.get("timestamp", DIGESTS["tsr"]),
        policy_digest=digests.get("policy", "33" * 32),
        trust=trust,
    )


def opened(ledger: SealedLedger) -> SealedRelease:
    sealed, findings = sealed_of(ledger)
    assert sealed is not None, findings
    return sealed


def outcomes(findings: Sequence[Finding]) -> set[Outcome]:
    return {finding.outcome for finding in findings}


def failures(findings: Sequence[Finding]) -> list[str]:
    return [finding.words for finding in findings if finding.outcome is Outcome.FAIL]


def custody_of(
    ledger: SealedLedger,
    *,
    events: Sequence[LoggedEvent] | None = None,
    proofs: dict[int, bytes] | None = None,
    stamped_at: datetime = STAMPED,
) -> tuple[Finding, ...]:
    return check_custody(
        ledger.events if events is None else format_events(events),
        ledger.proofs if proofs is None else proofs,
        opened(ledger),
        stamped_at=stamped_at,
    )


def hash_of(event: LoggedEvent) -> str:
    return hashlib.sha256(event.data).hexdigest()


# V6


def test_a_sealed_release_is_found_in_the_log_and_says_what_it_covers(ledger: SealedLedger) -> None:
    sealed, findings = sealed_of(ledger)
    assert sealed is not None
    assert not failures(findings)
    assert (sealed.n, sealed.prev, sealed.index) == (2, hash_of(ledger.release.events[-1]), 7)
    assert sealed.exhibits == (RecordHead(str(EXHIBIT), 2, ledger.exhibit.prev),)
    assert sealed.checkpoint == ledger.log.checkpoint()
    assert sealed.note == ledger.note
    assert {finding.step for finding in findings} == {"V6"}


def test_a_log_without_witnesses_passes_with_a_note(ledger: SealedLedger) -> None:
    sealed, findings = sealed_of(ledger)
    assert sealed is not None
    assert sealed.witnesses == ()
    notes = [finding.words for finding in findings if finding.outcome is Outcome.NOTE]
    assert notes == ["The ledger is not witnessed: the council alone vouches for completeness."]


def test_witnesses_are_named() -> None:
    sealed, findings = sealed_of(SealedLedger(WITNESSED, (LOG, NEIGHBOUR, POLICE)).run())
    assert sealed is not None
    assert sealed.witnesses == ("neighbour", "police")
    assert outcomes(findings) == {Outcome.PASS}


@pytest.mark.parametrize("name", ["seal", "signature", "timestamp", "policy"])
def test_another_file_than_the_sealed_one_fails_with_both_digests(
    ledger: SealedLedger, name: str
) -> None:
    sealed, findings = sealed_of(ledger, digests={name: "ff" * 32})
    [failed] = [finding for finding in findings if finding.outcome is Outcome.FAIL]
    assert sealed is None
    assert failed.found == "ff" * 32
    assert failed.expected != failed.found


def test_no_changed_bit_and_no_part_of_a_file_is_a_sealed_release(ledger: SealedLedger) -> None:
    for name in ("entry", "openings", "proof"):
        data = {
            "entry": ledger.sealing.data,
            "openings": ledger.openings,
            "proof": ledger.proof,
        }[name]
        for changed in [*list(truncations(data))[::5], *list(flips(data))[::43]]:
            sealed, findings = sealed_of(
                ledger,
                entry=changed if name == "entry" else None,
                openings=changed if name == "openings" else None,
                proof=changed if name == "proof" else None,
            )
            assert sealed is None
            assert failures(findings)


def test_an_opening_left_out_fails(ledger: SealedLedger) -> None:
    for field in ledger.sealing.entry.commitments:
        openings = format_openings(without(ledger.sealing.openings, field))
        sealed, findings = sealed_of(ledger, openings=openings)
        assert sealed is None
        assert any(field in words for words in failures(findings))


def test_another_event_in_the_place_of_the_sealing_fails(ledger: SealedLedger) -> None:
    other = ledger.release.events[0]
    proof = ledger.log.proof(other.index, ledger.note)
    openings = format_openings(other.openings)
    sealed, findings = sealed_of(ledger, entry=other.data, openings=openings, proof=proof)
    assert sealed is None
    assert failures(findings) == ["The entry is not the sealing of a release."]


def test_a_log_of_another_key_fails_though_it_holds_the_entry() -> None:
    thief = Ed25519NoteSigner(ORIGIN, private_key("thief"))
    sealed, findings = sealed_of(SealedLedger(ALONE, (thief,)).run())
    assert sealed is None
    assert failures(findings)


def test_the_trust_that_came_by_another_road_decides(ledger: SealedLedger) -> None:
    sealed, findings = sealed_of(ledger, trust=ALONE)
    assert sealed is not None
    assert not failures(findings)
    thief = Ed25519NoteSigner(ORIGIN, private_key("thief"))
    witnessed = LogPolicy(LOG.key, (Witness("police", POLICE.key),), (), "police")
    for trust in (LogPolicy(thief.key), witnessed):
        sealed, findings = sealed_of(ledger, trust=trust)
        assert sealed is None
        assert failures(findings)


def test_who_witnessed_is_said_by_the_trust_and_not_by_the_package() -> None:
    ledger = SealedLedger(WITNESSED, (LOG, NEIGHBOUR)).run()
    sealed, findings = sealed_of(ledger, trust=ALONE)
    assert sealed is not None
    assert sealed.witnesses == ()
    assert Outcome.NOTE in outcomes(findings)


# V7


def test_a_whole_history_passes(ledger: SealedLedger) -> None:
    findings = custody_of(ledger)
    assert outcomes(findings) == {Outcome.PASS}
    assert {finding.step for finding in findings} == {"V7"}
    assert "All 5 custody events" in findings[0].words


def test_every_event_left_out_is_found(ledger: SealedLedger) -> None:
    for missing in ledger.logged:
        events = [event for event in ledger.logged if event is not missing]
        proofs = {index: proof for index, proof in ledger.proofs.items() if index != missing.index}
        assert any(
            "gap" in words for words in failures(custody_of(ledger, events=events, proofs=proofs))
        )


def test_a_package_without_any_event_fails(ledger: SealedLedger) -> None:
    assert failures(custody_of(ledger, events=[], proofs={}))


def test_every_proof_left_out_or_added_or_exchanged_is_found(ledger: SealedLedger) -> None:
    for index in ledger.proofs:
        fewer = {key: value for key, value in ledger.proofs.items() if key != index}
        assert any("missing" in words for words in failures(custody_of(ledger, proofs=fewer)))
    strange = ledger.log.proof(0, ledger.note)
    more = failures(custody_of(ledger, proofs={**ledger.proofs, 0: strange}))
    assert more == ["This proof belongs to no event of the package."]
    assert failures(custody_of(ledger, proofs={**ledger.proofs, 1: strange}))


def test_a_proof_under_another_checkpoint_of_the_same_log_fails(ledger: SealedLedger) -> None:
    size = len(ledger.log.entries) - 1
    other = ledger.log.proof(1, ledger.log.note(size), size)
    found = failures(custody_of(ledger, proofs={**ledger.proofs, 1: other}))
    assert any("another checkpoint" in words for words in found)


def test_an_entry_that_the_log_holds_twice_is_proved_at_its_own_place_only() -> None:
    ledger = SealedLedger()
    event = ledger.exhibit.write("exhibit.received", RECEIVED, NOON)
    twin = ledger.log.append(event.data)
    ledger.seal()
    proof = ledger.log.proof(twin, ledger.note)
    found = failures(custody_of(ledger, proofs={event.index: proof}))
    assert any("another place" in words for words in found)
    received, _ = check_received(proof, event, ALONE, subject="a")
    assert received is None


def test_no_changed_bit_and_no_part_of_a_proof_passes(ledger: SealedLedger) -> None:
    sealed, events, proofs = opened(ledger), ledger.events, ledger.proofs
    for changed in [*list(truncations(proofs[1]))[::5], *list(flips(proofs[1]))[::23]]:
        findings = check_custody(events, {**proofs, 1: changed}, sealed, stamped_at=STAMPED)
        assert failures(findings)


def test_no_changed_bit_and_no_part_of_the_events_passes(ledger: SealedLedger) -> None:
    sealed, events, proofs = opened(ledger), ledger.events, ledger.proofs
    for changed in [*list(truncations(events))[::97], *list(flips(events))[::419]]:
        findings = check_custody(changed, proofs, sealed, stamped_at=STAMPED)
        assert failures(findings)


def test_openings_that_a_court_may_have_are_not_left_out(ledger: SealedLedger) -> None:
    events = [replace(event, openings=without(event.openings, "actor")) for event in ledger.logged]
    found = failures(custody_of(ledger, events=events))
    assert "does not open exactly what a package of this kind (police) opens" in found[0]


@pytest.mark.parametrize("field", ["record", "n", "prev"])
def test_the_openings_that_hold_the_chain_together_cannot(ledger: SealedLedger, field: str) -> None:
    first, *rest = ledger.logged
    events = [replace(first, openings=without(first.openings, field)), *rest]
    assert any(
        "does not disclose" in words for words in failures(custody_of(ledger, events=events))
    )


def test_an_opening_of_another_value_fails(ledger: SealedLedger) -> None:
    first, *rest = ledger.logged
    role = Opening("role", "releaser", bytes(32))
    events = [replace(first, openings=(*without(first.openings, "role"), role)), *rest]
    assert any("role" in words for words in failures(custody_of(ledger, events=events)))


def test_an_event_of_a_record_that_is_not_released_fails() -> None:
    ledger = SealedLedger()
    stranger = RecordChain(ledger.log, UUID(int=0xE2))
    ledger.exhibit.events.append(stranger.write("exhibit.received", RECEIVED, NOON))
    ledger.exhibit.write("exhibit.received", RECEIVED, NOON)
    ledger.seal()
    assert any("not released" in words for words in failures(custody_of(ledger)))


def test_an_event_of_another_kind_of_record_fails() -> None:
    ledger = SealedLedger()
    ledger.exhibit.write("exhibit.received", RECEIVED, NOON)
    ledger.exhibit.write("release.approved", APPROVED, NOON)
    ledger.seal()
    assert any("cannot stand" in words for words in failures(custody_of(ledger)))


Story = Callable[[SealedLedger], None]


def _n_skipped(ledger: SealedLedger) -> None:
    ledger.exhibit.write("exhibit.received", RECEIVED, NOON)
    ledger.exhibit.write("clock.checked", CHECKED, NOON, n=2)
    ledger.exhibit.n = 3


def _n_runs_ahead(ledger: SealedLedger) -> None:
    ledger.exhibit.write("exhibit.received", RECEIVED, NOON)
    ledger.exhibit.write("clock.checked", CHECKED, NOON, n=2)


def _n_twice(ledger: SealedLedger) -> None:
    first = ledger.exhibit.write("exhibit.received", RECEIVED, NOON)
    ledger.exhibit.write("clock.checked", CHECKED, NOON)
    ledger.exhibit.write("exhibit.examined", EXAMINED, NOON, n=1, prev=hash_of(first))
    ledger.exhibit.n = 2


def _other_prev(ledger: SealedLedger) -> None:
    ledger.exhibit.write("exhibit.received", RECEIVED, NOON)
    ledger.exhibit.write("clock.checked", CHECKED, NOON, prev="ee" * 32)


def _prev_skips_one(ledger: SealedLedger) -> None:
    first = ledger.exhibit.write("exhibit.received", RECEIVED, NOON)
    ledger.exhibit.write("clock.checked", CHECKED, NOON)
    ledger.exhibit.write("exhibit.examined", EXAMINED, NOON, prev=hash_of(first))


def _other_head(ledger: SealedLedger) -> None:
    ledger.exhibit.write("exhibit.received", RECEIVED, NOON)
    ledger.exhibit.prev = "ee" * 32


def _head_of_an_earlier_event(ledger: SealedLedger) -> None:
    first = ledger.exhibit.write("exhibit.received", RECEIVED, NOON)
    ledger.exhibit.write("clock.checked", CHECKED, NOON)
    ledger.exhibit.n, ledger.exhibit.prev = 1, hash_of(first)


def _head_far_beyond(ledger: SealedLedger) -> None:
    ledger.exhibit.write("exhibit.received", RECEIVED, NOON)
    ledger.exhibit.n = 2**53 - 1


def _release_before_is_another(ledger: SealedLedger) -> None:
    ledger.exhibit.write("exhibit.received", RECEIVED, NOON)
    ledger.release.write("release.proposed", PROPOSED, NOON)
    ledger.release.prev = "ee" * 32


def _release_has_one_too_few(ledger: SealedLedger) -> None:
    ledger.exhibit.write("exhibit.received", RECEIVED, NOON)
    ledger.release.write("release.proposed", PROPOSED, NOON)
    ledger.release.n = 2


@pytest.mark.parametrize(
    "story",
    [
        _n_skipped,
        _n_runs_ahead,
        _n_twice,
        _other_prev,
        _prev_skips_one,
        _other_head,
        _head_of_an_earlier_event,
        _head_far_beyond,
        _release_before_is_another,
        _release_has_one_too_few,
    ],
    ids=lambda story: story.__name__.strip("_"),
)
def test_a_history_that_the_log_holds_but_that_is_not_whole_fails(story: Story) -> None:
    ledger = SealedLedger()
    story(ledger)
    ledger.seal()
    assert failures(custody_of(ledger))


def test_an_event_that_came_after_the_sealing_fails() -> None:
    ledger = SealedLedger()
    ledger.exhibit.write("exhibit.received", RECEIVED, NOON)
    ledger.seal()
    ledger.release.write("release.approved", APPROVED, NOON)
    found = failures(custody_of(ledger))
    assert any("after the sealing" in words for words in found)


def test_a_release_that_was_sealed_first_thing_was_proposed_by_nobody() -> None:
    ledger = SealedLedger()
    ledger.exhibit.write("exhibit.received", RECEIVED, NOON)
    ledger.seal()
    [found] = failures(custody_of(ledger))
    assert "does not begin with its one proposal" in found


def test_times_that_run_backwards_are_a_note_and_no_failure() -> None:
    ledger = SealedLedger()
    ledger.exhibit.write("exhibit.received", RECEIVED, NOON)
    ledger.exhibit.write("clock.checked", CHECKED, NOON - timedelta(seconds=2))
    ledger.exhibit.write("exhibit.examined", EXAMINED, NOON - timedelta(seconds=5))
    ledger.release.write("release.proposed", PROPOSED, NOON)
    ledger.release.write("release.approved", APPROVED, NOON)
    ledger.seal()
    findings = custody_of(ledger)
    [note] = [finding for finding in findings if finding.outcome is Outcome.NOTE]
    assert not failures(findings)
    assert "exhibit.examined is dated before" in note.words


def test_times_past_the_timestamp_are_a_note_and_no_failure(ledger: SealedLedger) -> None:
    findings = custody_of(ledger, stamped_at=NOON + timedelta(hours=2) - timedelta(seconds=3))
    [note] = [finding for finding in findings if finding.outcome is Outcome.NOTE]
    assert not failures(findings)
    assert "release.approved is dated after the timestamp" in note.words
    within = custody_of(ledger, stamped_at=NOON + timedelta(hours=2) - timedelta(seconds=2))
    assert Outcome.NOTE not in outcomes(within)


def test_a_timestamp_at_the_end_of_time_breaks_nothing(ledger: SealedLedger) -> None:
    last = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    assert not failures(custody_of(ledger, stamped_at=last))


# V8, "held since"


def test_an_exhibit_was_held_since_its_first_checkpoint(ledger: SealedLedger) -> None:
    event, size = ledger.exhibit.events[0], ledger.first_size
    note = ledger.log.note(size)
    received, findings = check_received(
        ledger.log.proof(event.index, note, size), event, ALONE, subject="a"
    )
    assert received is not None
    assert received.note == note
    assert outcomes(findings) == {Outcome.PASS}
    grown = check_held_since(
        received.checkpoint, ledger.log.checkpoint(), ledger.log.consistency(size), subject="b"
    )
    assert outcomes(grown) == {Outcome.PASS}
    assert {finding.step for finding in (*findings, *grown)} == {"V8"}


def test_only_the_receipt_itself_under_a_signed_checkpoint_counts(ledger: SealedLedger) -> None:
    event, other = ledger.exhibit.events[0], ledger.exhibit.events[1]
    size = ledger.first_size
    thief = Ed25519NoteSigner(ORIGIN, private_key("thief"))
    head = format_checkpoint(ledger.log.checkpoint(size))
    forged = format_note(sign_note(head, [thief]))
    honest = ledger.log.proof(event.index, ledger.note)
    bent = parse_proof(honest)
    role = Opening("role", "releaser", bytes(32))
    cases = [
        (format_proof(replace(bent, hashes=bent.hashes[::-1])), event),
        (honest, replace(event, openings=(*without(event.openings, "role"), role))),
        (ledger.log.proof(other.index, ledger.note), other),
        (ledger.log.proof(other.index, ledger.note), event),
        (ledger.log.proof(event.index, forged, size), event),
        (b"", event),
        (honest, replace(event, data=other.data)),
    ]
    for proof, claimed in cases:
        received, findings = check_received(proof, claimed, ALONE, subject="a")
        assert received is None
        assert failures(findings)


def test_a_log_that_did_not_grow_out_of_the_first_checkpoint_is_found(
    ledger: SealedLedger,
) -> None:
    size, head = ledger.first_size, ledger.log.checkpoint()
    first, proof = ledger.log.checkpoint(size), ledger.log.consistency(size)
    forked = MemoryLog()
    forked.append(b"another past")
    forked.append(b"of the same size")
    cases = [
        (forked.checkpoint(), head, proof),
        (first, head, b""),
        (first, head, proof[:-1]),
        (first, head, proof + proof),
        (first, replace(head, root=EMPTY_ROOT), proof),
        (replace(first, origin="log.other.example"), head, proof),
        (head, first, b""),
        (first, forked.checkpoint(), b""),
    ]
    for received, sealing, consistency in cases:
        findings = check_held_since(received, sealing, consistency, subject="b")
        assert failures(findings)
    assert not failures(check_held_since(first, first, b"", subject="b"))


def test_every_finding_is_a_sentence(ledger: SealedLedger) -> None:
    _, findings = sealed_of(ledger)
    for finding in (*findings, *custody_of(ledger), *custody_of(ledger, proofs={})):
        assert finding.words[0].isupper() or finding.words[0] == "e"
        assert finding.words.endswith(".")
        assert finding.subject
