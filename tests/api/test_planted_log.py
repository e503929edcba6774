"""Nobody who has the whole log learns a word of it: no name, address, reason, number or digest.

Whatever people and programs put into the main job is looked for in all that is public of the log:
entries, bundles, tiles, checkpoints and timestamps, as text, as hexadecimal digits, as bytes.
"""

import json
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlmodel import Session, select

from api.times import utc_now
from custody.formats.canonical import JSON
from custody.formats.events import EVENTS
from custody.ledger.tables import (
    CustodyValueRow,
    LogCheckpointRow,
    LogEntryRow,
    LogNodeRow,
    LogStampRow,
)
from custody.tree.tiles import format_bundle, format_hashes, tiles_of
from evidence.people.access import Role
from evidence.people.tables import PersonRow
from export.holdings.tables import ExhibitFileRow
from export.release.proposals import Delivery
from tests.evidence.requests.erasure.planted import ODD, PLANTED, plant
from tests.export.delivery.linking import Desk
from tests.houses import NEW, WANTED, House, digest

CONTENT = b"a film that nobody has seen"
_FIELDS = {field for event in EVENTS.values() for field in event.all_fields}
PUBLIC = " ".join((*EVENTS, *_FIELDS, '"v":1,"event":,"at":,"id":,"c":{}'))
"""What entries say in the clear."""
SHORTEST, SHORTEST_DIGITS = 6, 8
"""Letters: a shorter text stands in random digits, or in Base64, by chance."""
_DIGITS = frozenset("0123456789abcdefABCDEF")


def texts(value: JSON) -> Iterator[str]:
    """Yield every text of a value, however deep it lies."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from texts(inner)


def is_time(text: str) -> bool:
    """Tell whether a text is a moment as entries tell their own: it names nobody."""
    return len(text) == len("2026-11-21T03:05:11Z") and text.endswith("Z") and text[10] == "T"


def is_telling(text: str) -> bool:
    """Tell whether a text that stands in the log stands there because somebody said it."""
    shortest = SHORTEST_DIGITS if _DIGITS.issuperset(text) else SHORTEST
    return len(text) >= shortest and text not in PUBLIC and not is_time(text)


def secrets_of(session: Session) -> set[str]:
    """Return every text that any event committed to, and every one that names people or files."""
    found: set[str] = set()
    for value in session.exec(select(CustodyValueRow.value)):
        found |= set(texts(json.loads(value))) if value else set()
    for person in session.exec(select(PersonRow)):
        found |= {person.name, person.email, person.name.rpartition(" ")[2]}
    for file in session.exec(select(ExhibitFileRow)):
        found |= {file.sha256, file.name, file.original_name, file.key}
    found |= {ODD, *PLANTED.values(), digest(CONTENT)}
    return {text for text in found if is_telling(text)} | {ODD}


def log_of(session: Session) -> dict[str, bytes]:
    """Return all that is public, by what it is."""
    entries = [row.entry for row in session.exec(select(LogEntryRow).order_by(LogEntryRow.index))]  # type: ignore[arg-type]
    nodes = {(row.level, row.index): row.hash for row in session.exec(select(LogNodeRow))}
    files: dict[str, bytes] = {"entries": b"\n".join(entries)}
    for tile in tiles_of(len(entries)):
        start = tile.number * 256
        places = range(start, start + tile.width)
        files[str(tile)] = (
            format_bundle([entries[place] for place in places])
            if tile.level is None
            else format_hashes([nodes[8 * tile.level, place] for place in places])
        )
    files["checkpoints"] = b"".join(row.note for row in session.exec(select(LogCheckpointRow)))
    files["timestamps"] = b"".join(row.tsr for row in session.exec(select(LogStampRow)))
    return files


def forms(text: str) -> Iterator[bytes]:
    """Yield how a text could be written: as it is, in other cases, as JSON, as bytes, as Base64."""
    for one in {text, text.lower(), text.upper(), json.dumps(text)[1:-1]}:
        yield one.encode()
    if len(text) == 64 and set(text) <= set("0123456789abcdef"):
        yield bytes.fromhex(text)
        yield b64encode(bytes.fromhex(text))


def found_in(log: dict[str, bytes], secrets: set[str]) -> set[tuple[str, str]]:
    return {
        (name, text)
        for text in secrets
        for form in set(forms(text))
        for name, data in log.items()
        if form in data and (len(text) >= SHORTEST or name == "entries")
    }


@pytest.fixture(scope="module")
def planted(house: House) -> House:
    """Take in, ask for and release, with an odd word in whatever is typed."""
    services, operator = house.services, house.subjects[Role.OPERATOR]
    plant(house, utc_now().replace(microsecond=0))
    new = replace(
        NEW, camera=f"{ODD} Street", title=f"{ODD} falls", method=ODD, clock_reference=f"{ODD}'s"
    )
    exhibit = house.exhibit(CONTENT, new, name=f"{ODD}.mp4")
    house.looked_at(exhibit.id)
    house.accept(exhibit)
    wanted = replace(
        WANTED,
        exhibits=(exhibit.reference,),
        recipient_name=PLANTED["recipient_name"],
        recipient_email=f"{ODD}.sam@barchester.police.example",
        organisation=PLANTED["organisation"],
        purpose=f"what {ODD} did",
        basis=f"{ODD} Act",
        delivery=Delivery.LINK,
    )
    release = house.do(
        Role.OPERATOR,
        lambda s: services.proposals.propose(s, wanted, by=operator, at=utc_now()),
    )
    house.approve(release)
    house.seal(release)
    services.links.issue(release.id)
    desk = Desk(house, services.transaction)
    secret = desk.agreed(release, desk.token(release))
    desk.authorise(secret)
    house.events(release.id)
    house.events(exhibit.id)
    return house


def test_nothing_that_was_put_in_stands_in_the_log(planted: House) -> None:
    log, secrets = planted.look(log_of), planted.look(secrets_of)
    assert len(log["entries"].splitlines()) > 60
    assert len(secrets) > 100
    assert {digest(CONTENT), PLANTED["email"], *PLANTED.values()} <= secrets
    assert not found_in(log, secrets)


def test_it_would_be_found_if_it_stood_there(planted: House) -> None:
    log, secrets = planted.look(log_of), planted.look(secrets_of)
    entries = log["entries"]
    for slip in (
        b'"actor":"' + PLANTED["contact_name"].encode(),
        PLANTED["email"].upper().encode(),
        digest(CONTENT).encode(),
        bytes.fromhex(digest(CONTENT)),
    ):
        assert found_in({"entries": entries + slip}, secrets), slip
