"""Each trust file that a council issues has a number and a date, and both mean one content."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from custody.errors import KeyStoreError
from custody.formats.note import format_verifier_key
from custody.formats.signatures.witnessing import Witnessing
from custody.formats.trust import Issue, Trust, format_trust, parse_trust
from custody.keys.keyring import load_or_make_demonstration
from custody.keys.trustissues import FOLDER, chains_in_use, issue, keep_chain
from tests.custody.ledgers import NEIGHBOUR, POLICE

NOW = datetime(2026, 11, 21, 3, 5, 11, 250_000, tzinfo=UTC)
LATER = datetime(2026, 11, 22, 3, 5, 11, tzinfo=UTC)


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    return tmp_path / "keys"


@pytest.fixture
def trust(keys: Path) -> Trust:
    keyring = load_or_make_demonstration(
        keys, council="Barchester Council", origin="log.example/barchester", now=NOW
    )
    assert keyring.test_authority is not None
    return keyring.trust((keyring.test_authority.root,))


def test_the_first_is_number_one_and_stays_it(keys: Path, trust: Trust) -> None:
    first = issue(keys, trust, now=NOW)
    assert first.issue == Issue(1, NOW.replace(microsecond=0))
    assert issue(keys, trust, now=LATER) == first
    assert (keys / FOLDER / "1.json").read_bytes() == format_trust(first)


def test_what_says_something_else_is_the_next_and_the_old_one_stays(
    keys: Path, trust: Trust
) -> None:
    first = issue(keys, trust, now=NOW)
    revoked = replace(trust, seals=(replace(trust.seals[0], revoked_at=LATER),))
    second = issue(keys, revoked, now=LATER)
    assert second.issue == Issue(2, LATER)
    assert parse_trust((keys / FOLDER / "1.json").read_bytes()) == first
    renamed = issue(keys, replace(trust, council="Barsetshire Council"), now=LATER)
    back = issue(keys, trust, now=LATER)
    assert renamed.issue is not None
    assert back.issue is not None
    assert (renamed.issue.number, back.issue.number) == (3, 4), "a number is never used again"
    assert back.seals == second.seals, "a revocation is never taken back"


def test_ten_hundred_and_more_are_counted_as_numbers(keys: Path, trust: Trust) -> None:
    for number in range(1, 12):
        issue(keys, replace(trust, council=f"Council {number}"), now=NOW)
    last = issue(keys, trust, now=NOW)
    assert last.issue is not None
    assert last.issue.number == 12


def test_many_who_ask_at_once_get_the_same(keys: Path, trust: Trust) -> None:
    with ThreadPoolExecutor(8) as pool:
        given = list(pool.map(lambda n: issue(keys, trust, now=NOW + timedelta(n)), range(32)))
    assert len({format_trust(one) for one in given}) == 1
    assert [path.name for path in (keys / FOLDER).iterdir()] == ["1.json"]


@pytest.mark.parametrize("content", [b"", b"{}\n", b"\xff"])
def test_a_damaged_one_stops_the_count(keys: Path, trust: Trust, content: bytes) -> None:
    issue(keys, trust, now=NOW)
    (keys / FOLDER / "2.json").write_bytes(content)
    with pytest.raises(KeyStoreError, match=r"2\.json is no trust file"):
        issue(keys, trust, now=NOW)


def test_a_renamed_one_is_found(keys: Path, trust: Trust) -> None:
    issue(keys, trust, now=NOW)
    (keys / FOLDER / "1.json").rename(keys / FOLDER / "4.json")
    with pytest.raises(KeyStoreError, match="another number inside"):
        issue(keys, trust, now=NOW)


def test_a_folder_that_cannot_be_made_says_what_to_do(keys: Path, trust: Trust) -> None:
    (keys / FOLDER).write_bytes(b"a file in its place")
    with pytest.raises(KeyStoreError, match="custos trust export"):
        issue(keys, trust, now=NOW)


def test_only_a_start_keeps_a_chain_and_whoever_reads_writes_nothing(
    keys: Path, tmp_path: Path
) -> None:
    made = [
        load_or_make_demonstration(
            tmp_path / name, council="Barchester Council", origin=f"log.example/{name}", now=NOW
        ).test_authority
        for name in ("today", "before")
    ]
    now, before = (one.authority(lambda: NOW).chain for one in made if one is not None)
    keys.mkdir()
    assert chains_in_use(keys, before) == (before,)
    assert list(keys.iterdir()) == []
    keep_chain(keys, before)
    keep_chain(keys, before)
    assert chains_in_use(keys, now) == (now, before)
    assert len(list((keys / FOLDER / "chains").iterdir())) == 1
    keep_chain(keys, now)
    assert chains_in_use(keys, now) == (now, before)
    assert chains_in_use(keys, before) == (before, now)
    (keys / FOLDER / "chains" / "x.pem").write_text("no chain")
    with pytest.raises(KeyStoreError, match="no chain of certificates"):
        chains_in_use(keys, now)


def test_who_witnessed_before_counts_for_what_was_sealed_before(keys: Path, trust: Trust) -> None:
    first, second = (format_verifier_key(one.key) for one in (NEIGHBOUR, POLICE))
    assert issue(keys, trust, now=NOW).witnessing == ()
    begun = LATER + timedelta(days=1)
    witnessed = issue(keys, replace(trust, witnesses=(first,), quorum=1), now=begun)
    assert witnessed.witnessed_at(LATER) == ((), 0)
    assert witnessed.witnessed_at(begun) == ((first,), 1)
    again = issue(keys, replace(trust, witnesses=(first,), quorum=1), now=begun + timedelta(9))
    assert again == witnessed, "nothing has changed: no other file, and no other moment"
    changed = issue(keys, replace(trust, witnesses=(second,), quorum=1), now=begun + timedelta(9))
    assert changed.witnessed_at(begun) == ((first,), 1)
    assert changed.witnessed_at(None) == ((second,), 1)
    given_up = issue(keys, trust, now=begun + timedelta(20))
    assert given_up.witnessed_at(None) == ((), 0)
    assert given_up.witnessed_at(begun + timedelta(days=10)) == ((second,), 1)


def test_a_first_file_with_witnesses_says_since_when(keys: Path, trust: Trust) -> None:
    key = format_verifier_key(NEIGHBOUR.key)
    first = issue(keys, replace(trust, witnesses=(key,), quorum=1), now=LATER)
    assert first.witnessing == (Witnessing(LATER, (key,), 1),)
