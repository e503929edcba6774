"""The auditor's pages: what is found, what each event says, and proofs that others can check."""

import hashlib
import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import make_url, text
from sqlmodel import select

from api.builders.record.trust import time_authority
from api.times import utc_now
from api.web.console.custody import PAGE
from api.web.events import EVENT_WORDS, FIELD_WORDS, REFUSALS, told_fields
from custody.errors import ProofError
from custody.formats.certificates import is_self_issued
from custody.formats.checkpoint import parse_checkpoint
from custody.formats.entry import parse_entry
from custody.formats.events import COMMON_FIELDS, EVENTS, PERSON_FIELDS
from custody.formats.note import check_note, parse_note
from custody.formats.proof import LogProof, check_proof, parse_proof
from custody.ledger.histories import Told
from custody.ledger.ledger import Values, event_mac
from custody.ledger.search import Wanted
from custody.ledger.tables import CustodyEventRow, LogEntryRow, RecordKeyRow
from custody.tree.merkle import leaf_hash
from evidence.exhibits.tables import ExhibitRow
from evidence.people.access import Role
from export.holdings.files import files_of
from export.release.tables import ReleaseRow
from export.sealing.steps import SealStep, SealStore
from tests.api.asking import Web
from tests.api.web.visiting import Visitor
from tests.houses import NEW, Estate, House, digest, patiently

Opens = Callable[..., Visitor]
CHECKED: Values = {"files": [{"sha256": "0" * 64, "size": 1}], "result": "whole"}
"""What an event says that the audit expects no row for: others share this database."""
READERS = (Role.OPERATOR, Role.RELEASER, Role.GOVERNANCE, Role.AUDITOR)


@pytest.fixture(scope="module")
def exhibit(house: House) -> ExhibitRow:
    """Return an exhibit whose events have their places and their timestamp."""
    row = house.exhibit(b"what an auditor looks at", replace(NEW, reference="AU"))
    house.looked_at(row.id)
    house.accept(row)
    return row


@pytest.fixture(scope="module")
def release(house: House, exhibit: ExhibitRow) -> ReleaseRow:
    """Return a sealed release."""
    row = house.propose(exhibit.reference)
    house.approve(row)
    house.seal(row)
    house.events(row.id)
    return row


def every_index(house: House, record: UUID) -> set[int | None]:
    """Return the place of each event of a record, once all have one."""
    house.events(record)
    return set(house.look(lambda s: house.services.ledger.indices(s, record)).values())


def index_of(house: House, record: UUID, event: str) -> int:
    house.events(record)  # all have their places
    statement = (
        select(LogEntryRow.index)
        .join(CustodyEventRow)
        .where(CustodyEventRow.record == record, CustodyEventRow.event == event)
    )
    return house.look(lambda s: s.exec(statement).one())


def label(row: ReleaseRow) -> str:
    return f"{row.urn}-R{row.number}"


def history(row: ExhibitRow) -> str:
    return f"/console/exhibits/{row.reference.replace('/', '-')}/history"


def plain(page: str) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", page)))


def places(page: str) -> list[int]:
    return [int(place) for place in re.findall(r'href="/console/custody/(\d+)"', page)]


def test_every_event_and_every_field_has_words() -> None:
    assert EVENT_WORDS.keys() == EVENTS.keys()
    assert len(set(EVENT_WORDS.values())) == len(EVENT_WORDS), "no two events read alike"
    fields = {field for one in EVENTS.values() for field in one.all_fields}
    assert FIELD_WORDS.keys() == fields
    assert EVENTS.keys() >= REFUSALS


@pytest.mark.parametrize("name", EVENTS)
def test_every_event_can_be_told_whatever_of_it_is_left(name: str) -> None:
    for told in (
        [Told(field, "0" * 64, None, erased=True) for field in EVENTS[name].all_fields],
        [Told(field, "0" * 64, {"odd": [1]}, altered=True) for field in EVENTS[name].all_fields],
    ):
        whole = told_fields(name, told, {}, whole=True)
        assert {one.field for one in whole} == EVENTS[name].all_fields.keys()
        short = told_fields(name, told, {})
        assert {one.field for one in short} == EVENTS[name].fields.keys()


def test_the_history_of_an_exhibit_tells_what_happened_and_who_did_it(
    browser: Opens, house: House, exhibit: ExhibitRow
) -> None:
    words = plain(browser(Role.AUDITOR).get(history(exhibit)).text)
    assert "Exhibit taken in" in words
    assert "Done by Test operator" in words
    assert str(house.subjects[Role.OPERATOR].person) not in words
    assert digest(b"what an auditor looks at") in words
    assert "73 seconds fast" in words
    assert "Our own clock's error not measured" in words
    names = dict.fromkeys(name for name, _ in house.events(exhibit.id))
    order = [words.index(EVENT_WORDS[name]) for name in names]
    assert order == sorted(order)


def test_the_history_of_a_release_names_the_recipient_to_whoever_may_read_it(
    browser: Opens, exhibit: ExhibitRow, release: ReleaseRow
) -> None:
    page = browser(Role.AUDITOR).get(f"/console/releases/{label(release)}/history")
    words = plain(page.text)
    assert "Recipient DC Alex Example <alex@barchester.police.example>" in words
    assert "Package sealed: signed and time-stamped" in words
    assert 'href="/console/exhibits/' + exhibit.reference.replace("/", "-") in page.text


@pytest.mark.parametrize("role", [*Role, "nobody"])
def test_who_may_read_the_custody_record(
    browser: Opens, house: House, exhibit: ExhibitRow, role: str
) -> None:
    visitor = browser(role)
    place = index_of(house, exhibit.id, "exhibit.received")
    for path in (
        "/console/custody",
        "/console/custody/known",
        history(exhibit),
        f"/console/custody/{place}",
        f"/console/custody/{place}/entry.json",
    ):
        allowed = role in READERS
        assert (visitor.get(path).status_code == 200) == allowed, path
        assert (visitor.get(path).status_code == 403) == (not allowed), path


def test_a_long_history_has_pages_and_reads_no_more_than_one(browser: Opens, house: House) -> None:
    row = house.exhibit(b"looked at often", replace(NEW, reference="AL"))

    def many(session: object) -> None:
        for _ in range(PAGE):
            house.services.ledger.append(
                session,  # type: ignore[arg-type]
                row.id,
                "integrity.checked",
                CHECKED,
                at=utc_now(),
            )

    house.do(Role.OPERATOR, many)
    house.events(row.id)
    visitor = browser(Role.AUDITOR)
    first = visitor.get(history(row)).text
    assert len(places(first)) == PAGE
    later = re.search(r'href="([^"]+)" rel="next"', first)
    assert later
    rest = visitor.get(unescape(later[1])).text
    assert len(places(rest)) == 4
    assert not set(places(first)) & set(places(rest))
    assert f'start="{PAGE + 1}"' in rest


def test_an_event_page_shows_its_bytes_and_their_leaf_hash(
    browser: Opens, house: House, exhibit: ExhibitRow
) -> None:
    place = index_of(house, exhibit.id, "exhibit.received")
    visitor = browser(Role.AUDITOR)
    page = unescape(visitor.get(f"/console/custody/{place}").text)
    entry = visitor.get(f"/console/custody/{place}/entry.json")
    assert entry.content.decode() in page
    assert parse_entry(entry.content).event == "exhibit.received"
    by_hand = hashlib.sha256(b"\0" + entry.content).hexdigest()
    assert by_hand == leaf_hash(entry.content).hex()
    assert by_hand in page
    assert str(house.subjects[Role.OPERATOR].person) in page  # as it was committed to
    assert entry.headers["content-disposition"] == f'attachment; filename="event-{place}.json"'


def test_the_proof_that_is_downloaded_holds_and_a_changed_one_does_not(
    browser: Opens, house: House, exhibit: ExhibitRow, release: ReleaseRow
) -> None:
    visitor = browser(Role.AUDITOR)
    for record, event in (
        (exhibit.id, "exhibit.received"),
        (exhibit.id, "clock.checked"),
        (release.id, "release.sealed"),
    ):
        address = f"/console/custody/{index_of(house, record, event)}"
        entry = visitor.get(f"{address}/entry.json").content
        proof = parse_proof(visitor.get(f"{address}/event.tlog-proof").content)
        note = parse_note(proof.checkpoint)
        assert check_note(note, [house.services.keyring.log_signer.key])
        assert visitor.get(f"{address}/checkpoint").content == proof.checkpoint
        checkpoint = parse_checkpoint(note.text)
        check_proof(proof, entry, checkpoint)
        for at in range(0, len(entry), 41):
            changed = bytearray(entry)
            changed[at] ^= 1
            with pytest.raises(ProofError):
                check_proof(proof, bytes(changed), checkpoint)
        with pytest.raises(ProofError):
            check_proof(
                LogProof(proof.index, proof.hashes[:-1], proof.checkpoint), entry, checkpoint
            )


def test_a_stamped_checkpoint_is_the_one_that_is_shown(
    browser: Opens, house: House, exhibit: ExhibitRow
) -> None:
    visitor = browser(Role.AUDITOR)
    place = index_of(house, exhibit.id, "exhibit.received")
    page = visitor.get(f"/console/custody/{place}").text
    assert "vouches that the checkpoint" in page
    # Nobody stamps the first checkpoint over an examination; the next receipt's covers it too.
    later = house.exhibit(b"stamped later")
    patiently(lambda: house.services.stamps.stamp(later.id))
    examined = index_of(house, exhibit.id, "exhibit.examined")
    assert "vouches that the checkpoint" in visitor.get(f"/console/custody/{examined}").text
    assert "openssl ts -verify" in page
    tsr = visitor.get(f"/console/custody/{place}/checkpoint.tsr")
    assert tsr.status_code == 200
    note = visitor.get(f"/console/custody/{place}/checkpoint").content
    assert hashlib.sha256(note).digest() in tsr.content  # the imprint of RFC 3161


def test_the_lines_on_the_page_check_an_event_without_us(
    browser: Opens, house: House, exhibit: ExhibitRow, tmp_path: Path
) -> None:
    visitor = browser(Role.AUDITOR)
    address = f"/console/custody/{index_of(house, exhibit.id, 'exhibit.received')}"
    page = visitor.get(address).text
    for link in re.findall(rf'href="({address}/[^"]+)"', page):
        answer = visitor.get(link)
        name = answer.headers["content-disposition"].split('"')[1]
        (tmp_path / name).write_bytes(answer.content)
    chain = time_authority(house.settings, house.services.keyring).chain
    roots = [one.public_bytes(Encoding.PEM) for one in chain if is_self_issued(one)]
    (tmp_path / "tsa-root.pem").write_bytes(b"".join(roots))
    lines = [unescape(line) for line in re.findall(r"<code>(.*?)</code>", page, re.DOTALL)]
    hashing, stamping = (
        next(line for line in lines if word in line) for word in ("sha256sum", "openssl ts")
    )

    def run(line: str) -> str:
        done = subprocess.run(  # noqa: S602 - as whoever reads the page types it
            line, shell=True, cwd=tmp_path, capture_output=True, text=True, check=False
        )
        return done.stdout + done.stderr

    assert run(hashing).split()[0] in page
    assert "Verification: OK" in run(stamping)
    note = next(tmp_path.glob("checkpoint-*[0-9]"))
    note.write_bytes(note.read_bytes() + b" ")
    assert "Verification: OK" not in run(stamping)


def test_an_event_that_waits_for_its_place_has_no_page_and_says_so(
    browser: Opens, house: House
) -> None:
    visitor = browser(Role.AUDITOR)
    for path in ("/console/custody/99999999", "/console/custody/99999999/entry.json"):
        assert visitor.get(path).status_code == 404
    with house.services.transaction() as session:
        # The sequencer does not see what is not committed: within this transaction it waits.
        row = house.services.exhibits.find(session, house.exhibit().reference)
        house.services.ledger.append(
            session,
            row.id,
            "integrity.checked",
            CHECKED,
            at=utc_now(),
        )
        found = house.services.histories.of(session, row.id, most=10)
        assert found[-1].index is None
    page = visitor.get(history(row)).text
    assert "Stored files read again and found whole" in page


def test_a_refusal_is_marked(browser: Opens, exhibit: ExhibitRow) -> None:
    browser(Role.FINANCE).get(history(exhibit))
    page = browser(Role.AUDITOR).get("/console/custody?event=access.refused").text
    assert "Refused or failed" in page
    assert "Refused or failed" not in browser(Role.AUDITOR).get(history(exhibit)).text


def find(visitor: Visitor, **asked: str) -> str:
    page = visitor.get("/console/custody", params=asked)
    assert page.status_code == 200, page.text
    return str(page.text)


def test_events_are_found_by_what_they_are_about(
    browser: Opens, house: House, exhibit: ExhibitRow, release: ReleaseRow
) -> None:
    visitor = browser(Role.AUDITOR)
    received = index_of(house, exhibit.id, "exhibit.received")
    sealed = index_of(house, release.id, "release.sealed")
    own = every_index(house, exhibit.id)
    for about in (exhibit.reference, exhibit.reference.replace("/", "-"), str(exhibit.id)):
        assert set(places(find(visitor, about=about))) == own
    assert sealed in places(find(visitor, about=label(release)))
    assert received not in places(find(visitor, about=label(release)))
    assert places(find(visitor, about=exhibit.reference, event="exhibit.received")) == [received]
    assert places(find(visitor, about=exhibit.reference, event="hold.placed")) == []
    assert places(find(visitor, index=str(received))) == [received]
    assert places(find(visitor, index="99999999")) == []


def test_events_are_found_by_their_day(browser: Opens, house: House) -> None:
    visitor = browser(Role.AUDITOR)
    row = house.exhibit(b"of a day", replace(NEW, reference="AD"))

    def on(at: str) -> None:
        moment = utc_now().fromisoformat(at)
        house.do(
            Role.OPERATOR,
            lambda s: house.services.ledger.append(
                s, row.id, "integrity.checked", CHECKED, at=moment
            ),
        )

    on("2026-07-01T22:59:59+00:00")  # 23:59:59 in England's summer
    on("2026-07-01T23:00:00+00:00")  # the next day
    house.events(row.id)
    first, second = (
        places(find(visitor, about=row.reference, since=day, until=day))
        for day in ("01/07/2026", "2026-07-02")
    )
    assert len(first) == len(second) == 1
    assert second[0] == first[0] + 1
    assert places(find(visitor, about=row.reference, since="03/07/2026", until="04/07/2026")) == []


def test_events_are_found_by_the_digest_of_a_file(
    browser: Opens, house: House, exhibit: ExhibitRow
) -> None:
    visitor = browser(Role.AUDITOR)
    mine = digest(b"what an auditor looks at")
    own = every_index(house, exhibit.id)
    assert set(places(find(visitor, sha256=mine))) == own
    assert places(find(visitor, sha256="0" * 64)) == []
    assert places(find(visitor, sha256="0" * 64, about=exhibit.reference)) == []
    other = house.exhibit(b"what nobody looks for")
    house.events(other.id)
    assert places(find(visitor, sha256=mine, about=other.reference)) == []


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("about", "ZZ/99999"),
        ("about", "no such thing"),
        ("event", "exhibit.invented"),
        ("since", "yesterday"),
        ("until", "32/01/2026"),
        ("index", "-1"),
        ("index", "٣"),
        ("index", "9" * 40),
        ("sha256", "abc"),
    ],
)
def test_what_cannot_be_looked_for_is_an_error_at_its_field(
    browser: Opens, field: str, typed: str
) -> None:
    page = browser(Role.AUDITOR).get("/console/custody", params={field: typed})
    assert page.status_code == 422
    assert f'<a href="#{field}">' in page.text
    assert f'id="{field}-error"' in page.text
    if field != "event":
        assert f'value="{typed}"' in page.text


def test_older_events_follow_without_a_gap_or_a_repetition(browser: Opens, house: House) -> None:
    row = house.exhibit(b"many at one moment", replace(NEW, reference="AP"))
    at = utc_now()

    def many(session: object) -> None:
        for _ in range(2 * PAGE):
            house.services.ledger.append(
                session,  # type: ignore[arg-type]
                row.id,
                "integrity.checked",
                CHECKED,
                at=at,
            )

    house.do(Role.OPERATOR, many)
    house.events(row.id)
    visitor, address = browser(Role.AUDITOR), f"/console/custody?about={row.reference}"
    seen: list[int] = []
    while address:
        page = visitor.get(address).text
        assert 0 < len(places(page)) <= PAGE
        seen += places(page)
        older = re.search(r'href="([^"]+)" rel="next"', page)
        address = unescape(older[1]) if older else ""
    assert len(seen) == len(set(seen)) == 2 * PAGE + 4
    assert seen == sorted(seen, reverse=True)


SEARCHES = {
    "of one record": (Wanted(records=(uuid4(),)), "custody_event_record_n_key"),
    "the newest": (Wanted(), "custody_event_at"),
    "of one kind": (Wanted(event="access.refused"), "custody_event_event"),
    "of a time": (Wanted(since=utc_now()), "custody_event_at"),
    "at a place": (Wanted(index=7), "log_entry_pkey"),
    "of one person": (Wanted(people=(uuid4(),)), "custody_value_person"),
}


MANY_EVENTS = """
INSERT INTO custody_event (id, record, n, event, at, entry, mac)
SELECT gen_random_uuid(), gen_random_uuid(), 0, 'exhibit.viewed',
       now() - interval '1 day' - number * interval '1 minute', '', ''
FROM generate_series(1, 20000) AS number
"""


@pytest.mark.parametrize(("wanted", "index"), SEARCHES.values(), ids=SEARCHES.keys())
def test_a_search_reads_an_index_and_not_every_event(
    estate: Estate, house: House, wanted: Wanted, index: str
) -> None:
    """Ask PostgreSQL how it would search among many events, which are gone afterwards."""
    statements: list[str] = []

    class Listening:
        def execute(self, statement: Any) -> list[object]:  # noqa: ANN401 - a select
            values = {"literal_binds": True}
            statements.append(str(statement.compile(house.services.engine, compile_kwargs=values)))
            return []

    house.services.custody.events(Listening(), wanted, most=10)  # type: ignore[arg-type]
    database = make_url(house.services.addresses.app_url).database or ""
    with (
        estate.superuser.connect(database) as superuser,
        superuser.transaction(force_rollback=True),
    ):
        superuser.execute(MANY_EVENTS)
        superuser.execute("ANALYZE custody_event")
        rows = superuser.execute(f"EXPLAIN {statements[0]}".encode()).fetchall()
        plan = "\n".join(row[0] for row in rows)
    assert "Seq Scan on custody_event " not in plan
    assert index in plan


def test_a_known_digest_says_of_what(
    browser: Opens, house: House, exhibit: ExhibitRow, release: ReleaseRow
) -> None:
    visitor = browser(Role.AUDITOR)

    def known(sha256: str) -> str:
        page = visitor.get("/console/custody/known", params={"sha256": sha256})
        assert page.status_code == 200
        return plain(page.text)

    mine = digest(b"what an auditor looks at")
    for typed in (mine, mine.upper(), f"  {mine} "):
        words = known(typed)
        assert "Yes: it is known here" in words
        assert f"Master, as it was received of {exhibit.reference}" in words
    facts = house.look(lambda s: SealStore(release.id).facts(s, SealStep.CHECK))
    assert facts is not None
    assert f"Package of {label(release)} : {label(release)}.zip" in known(facts["sha256"])
    assert "No: it is not known here" in known(digest(b"never seen"))
    for file in house.look(lambda s: files_of(s, exhibit.id)):
        assert "Yes" in known(file.sha256)
    wrong = visitor.get("/console/custody/known", params={"sha256": "not a digest"})
    assert wrong.status_code == 422
    assert 'id="sha256-error"' in wrong.text


def test_an_unknown_file_is_looked_up_without_being_sent(browser: Opens) -> None:
    page = browser(Role.AUDITOR).get("/console/custody/known").text
    form = re.search(r"<form.*?</form>", page, re.DOTALL)
    assert form
    assert 'method="get"' in form[0]
    assert 'type="file"' not in form[0], "no form could send the file"
    assert 'type="file"' in page
    script = browser().get("/static/known.js").text
    for sends in ("fetch(", "XMLHttpRequest", "sendBeacon", "FormData", "WebSocket"):
        assert sends not in script


def test_what_somebody_changed_in_the_database_is_not_told_as_true(
    browser: Opens, house: House, request: pytest.FixtureRequest
) -> None:
    row = house.exhibit(b"to be altered", replace(NEW, reference="AZ"))
    house.events(row.id)
    change = text(
        "UPDATE custody_value SET value = :said WHERE field = 'reference' AND event IN "
        "(SELECT id FROM custody_event WHERE record = :record AND event = 'clock.checked')"
    )

    def say(said: str) -> None:
        values = {"record": row.id, "said": said}
        house.look(lambda s: s.connection().execute(change, values))

    say('"a lie"')
    request.addfinalizer(lambda: say('"speaking clock"'))
    page = browser(Role.AUDITOR).get(history(row))
    assert page.status_code == 200
    assert "Not what was recorded" in page.text
    place = index_of(house, row.id, "clock.checked")
    assert "Not what was recorded" in browser(Role.AUDITOR).get(f"/console/custody/{place}").text


EVERY = EVENTS["clock.checked"].all_fields.keys()
FORGERIES = {
    "a value": ("custody_value SET value = '\"a lie\"'", {"reference"}),
    "a value of another type": ("custody_value SET value = '7'", {"reference"}),
    "the event's name": ("custody_event SET event = 'hold.lifted'", EVERY),
    "its moment": ("custody_event SET at = at - interval '1 day'", EVERY),
    "its number": ("custody_event SET n = 7", {"n"}),
    "its MAC": ("custody_event SET mac = decode('00', 'hex')", EVERY),
    "its entry": ("custody_event SET entry = %(entry)s", EVERY),
    "its entry, and its MAC with it": ("custody_event SET entry = %(entry)s, mac = %(mac)s", EVERY),
}
"""What whoever owns the machine can write, and the fields that must not be believed then."""


@contextmanager
def forged(house: House, estate: Estate, event: CustodyEventRow, change: str) -> Iterator[None]:
    """Change the row of an event, or of its reference, past every right; at the end put it back."""
    # The first digit of a commitment becomes what it lacks of 15: never itself.
    entry = re.sub(
        rb'(?<="role":")[0-9a-f]', lambda one: b"%x" % (15 - int(one[0], 16)), event.entry
    )
    assert entry != event.entry
    mac = event_mac(house.services.keyring.event_hmac, entry)
    values = {"event": event.id, "entry": entry, "mac": mac}
    kept = {
        "event": event.id,
        "name": event.event,
        "at": event.at,
        "n": event.n,
        "entry": event.entry,
        "mac": event.mac,
    }
    database = house.services.engine.url.database
    assert database is not None
    key = "event = %(event)s AND field = 'reference'" if "_value" in change else "id = %(event)s"
    with estate.superuser.connect(database) as connection:
        connection.execute(f"UPDATE {change} WHERE {key}", values)
        try:
            yield
        finally:
            connection.execute(
                "UPDATE custody_event SET event = %(name)s, at = %(at)s, n = %(n)s, "
                "entry = %(entry)s, mac = %(mac)s WHERE id = %(event)s",
                kept,
            )
            connection.execute(
                "UPDATE custody_value SET value = '\"speaking clock\"' "
                "WHERE event = %(event)s AND field = 'reference'",
                kept,
            )


@pytest.mark.parametrize("name", FORGERIES)
def test_a_row_that_the_page_refuses_the_call_refuses_too(
    browser: Opens, web: Web, house: House, estate: Estate, name: str
) -> None:
    row = house.exhibit(b"to be forged", replace(NEW, reference="AF"))
    house.events(row.id)
    wanted = select(CustodyEventRow).where(
        CustodyEventRow.record == row.id, CustodyEventRow.event == "clock.checked"
    )
    event = house.look(lambda s: s.exec(wanted).one())
    path = f"/exhibits/{row.id}/custody"

    def asked() -> tuple[str, dict[str, Any]]:
        page = browser(Role.AUDITOR).get(history(row))
        assert page.status_code == 200
        answer = web.ask("GET", path, Role.AUDITOR)
        assert answer.status_code == 200
        (one,) = (one for one in answer.json() if one["index"] == place)
        return page.text, one

    place = index_of(house, row.id, "clock.checked")
    page, told = asked()
    assert "Not what was recorded" not in page
    assert told["altered"] == []
    assert told["values"]["reference"] == "speaking clock"
    change, altered = FORGERIES[name]
    with forged(house, estate, event, change):
        page, told = asked()
        assert set(told["altered"]) == set(altered)
        assert not set(told["values"]) & set(altered)
        assert ("Not what was recorded" in page) == bool(set(altered) - COMMON_FIELDS.keys())


def test_what_is_erased_says_so_and_its_proof_still_holds(
    browser: Opens, house: House, request: pytest.FixtureRequest
) -> None:
    row = house.exhibit(b"to be erased", replace(NEW, reference="AE"))
    house.events(row.id)
    place = index_of(house, row.id, "exhibit.received")
    with house.services.transaction() as session:
        key = session.get_one(RecordKeyRow, row.id)
        session.delete(key)
    kept = RecordKeyRow(record=key.record, wrapped=key.wrapped)
    request.addfinalizer(lambda: house.look(lambda s: s.add(kept)))
    visitor = browser(Role.AUDITOR)
    page = visitor.get(f"/console/custody/{place}")
    assert "erased: it can no longer be opened" in page.text
    assert digest(b"to be erased") not in page.text
    proof = parse_proof(visitor.get(f"/console/custody/{place}/event.tlog-proof").content)
    entry = visitor.get(f"/console/custody/{place}/entry.json").content
    check_proof(proof, entry, parse_checkpoint(parse_note(proof.checkpoint).text))


def test_people_are_told_by_name_only_where_the_field_is_a_person() -> None:
    told = Told("reason", "0" * 64, "as agreed (00000000-0000-4000-8000-000000000001)")
    (field,) = told_fields("release.approved", [told], {})
    assert field.lines[0].text == told.value
    assert "reason" not in PERSON_FIELDS
    assert COMMON_FIELDS.keys() == {"record", "n", "prev"}
