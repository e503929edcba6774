"""Which documents each path needs, what its steps say of them, and how long they are kept."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from custody.formats.events import EVENTS
from evidence.requests.documents.clocks import keeping
from evidence.requests.documents.kinds import (
    DOCUMENT_EVENTS,
    WANTED,
    DocumentKind,
    checked_by,
    needed_of,
)
from evidence.requests.states import CIVIL, Path

CONSENT, IDENTITY = DocumentKind.CONSENT, DocumentKind.IDENTITY
NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
Step = tuple[str, Mapping[str, Any]]
CORRECTED: Step = ("request.corrected", {"role": "requester"})


def step(event: str, kind: DocumentKind, document: str = "1", **told: str) -> Step:
    return f"document.{event}", {"document": document, "document_kind": kind, **told}


def checked(kind: DocumentKind, result: str = "accepted", document: str = "1") -> Step:
    return step("checked", kind, document, result=result, reason="as it should be")


def test_who_pays_needs_consent_and_identity_and_the_police_nothing() -> None:
    for path in Path:
        needed = {CONSENT, IDENTITY} if path in CIVIL else set[DocumentKind]()
        assert set(needed_of(path)) == ({IDENTITY} if path is Path.SUBJECT else needed)
    assert all(WANTED[path] for path in Path)


def test_nothing_is_missing_once_each_was_accepted_or_seen() -> None:
    steps = [step("received", CONSENT), checked(CONSENT)]
    assert checked_by(steps).missing(Path.INSURER) == (IDENTITY,)
    steps.append(step("seen", IDENTITY, seen="in person", reason="a passport"))
    found = checked_by(steps)
    assert found.missing(Path.INSURER) == ()
    assert found.accepted == {
        CONSENT: "checked and accepted: as it should be",
        IDENTITY: "seen in person: a passport",
    }


def test_an_arrival_alone_is_no_check() -> None:
    steps = [step("received", IDENTITY), ("document.viewed", {"document": "1"})]
    assert checked_by(steps).missing(Path.SUBJECT) == (IDENTITY,)


def test_a_document_that_is_not_accepted_any_more_counts_no_more() -> None:
    steps = [checked(IDENTITY), checked(IDENTITY, "not accepted")]
    found = checked_by(steps)
    assert found.missing(Path.SUBJECT) == (IDENTITY,)
    assert found.asked == {IDENTITY: "as it should be"}
    assert found.verdicts["1"][0] == "not accepted"


def test_another_document_of_the_kind_stays_accepted() -> None:
    steps = [checked(IDENTITY, document="1"), checked(IDENTITY, "not accepted", document="2")]
    assert checked_by(steps).missing(Path.SUBJECT) == ()


def test_a_correction_takes_back_what_was_accepted_before_it() -> None:
    steps = [checked(IDENTITY), step("seen", CONSENT, seen="by post", reason="r"), CORRECTED]
    found = checked_by(steps)
    assert found.missing(Path.INSURER) == (CONSENT, IDENTITY)
    assert found.verdicts == {}, "it must be checked once more"
    assert checked_by([*steps, checked(IDENTITY)]).missing(Path.SUBJECT) == ()


def test_what_is_asked_for_is_asked_until_it_comes() -> None:
    asked = step("asked", DocumentKind.AUTHORITY, reason="a solicitor writes")
    assert checked_by([asked]).asked == {DocumentKind.AUTHORITY: "a solicitor writes"}
    assert checked_by([asked, step("received", DocumentKind.AUTHORITY)]).asked == {}


def test_a_deletion_takes_no_acceptance_back() -> None:
    deleted: Step = ("document.deleted", {"document": "1", "reason": "its time is over"})
    assert checked_by([checked(IDENTITY), deleted]).missing(Path.SUBJECT) == ()


def test_the_events_of_documents_are_those_of_the_ledger() -> None:
    assert {name for name in EVENTS if name.startswith("document.")} == DOCUMENT_EVENTS


@pytest.mark.parametrize(
    ("checked_after", "kept"),
    [
        pytest.param(None, 90, id="never checked"),
        pytest.param(0, 7, id="at once"),
        pytest.param(30, 37, id="later"),
        pytest.param(88, 90, id="so late that the longest time ends first"),
    ],
)
def test_a_document_is_kept_some_days_after_its_check_and_never_longer_than_so_many(
    checked_after: int | None, kept: int
) -> None:
    checked_at = None if checked_after is None else NOW + timedelta(days=checked_after)
    assert keeping(7, 90).until(NOW, checked_at) == NOW + timedelta(days=kept)
