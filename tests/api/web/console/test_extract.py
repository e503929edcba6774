"""Events taken out: what is in the file can be checked without us, and that it was taken is one."""

import csv
import hashlib
import hmac
import io
import json
import re
import subprocess
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from sqlmodel import func, select

from api.times import utc_now
from custody.formats.checkpoint import parse_checkpoint
from custody.formats.disclosure import open_event, parse_events
from custody.formats.note import check_note, parse_note, parse_verifier_key
from custody.formats.proof import check_proof, parse_proof
from custody.ledger.search import Wanted
from custody.ledger.tables import CustodyEventRow
from evidence.exhibits.tables import ExhibitRow
from evidence.people.access import Role
from export.desk.oversight import extracts
from export.desk.spreadsheet import EXTRACT_COLUMNS
from tests.api.web.visiting import Visitor
from tests.houses import NEW, House

Opens = Callable[..., Visitor]
FORMULA = "=HYPERLINK(1)"


@pytest.fixture(scope="module")
def exhibit(house: House) -> ExhibitRow:
    row = house.exhibit(b"what is taken out", replace(NEW, reference="EX", title=FORMULA))
    house.events(row.id)
    return row


def exported(house: House) -> int:
    told = select(func.count()).where(CustodyEventRow.event == "register.exported")
    return house.look(lambda s: s.exec(told).one())


def test_every_event_comes_with_what_checks_it(
    browser: Opens, house: House, exhibit: ExhibitRow, tmp_path: Path
) -> None:
    before = exported(house)
    answer = browser(Role.AUDITOR).get(f"/console/custody.zip?about={exhibit.reference}")
    assert answer.status_code == 200
    assert exported(house) == before + 1
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    key = parse_verifier_key(archive.read("log.vkey").decode().strip())
    assert key == house.services.keyring.log_signer.key
    note = archive.read("checkpoint")
    assert check_note(parse_note(note), [key]) == (key,)
    events = parse_events(archive.read("events.jsonl"))
    assert [open_event(one)["n"] for one in events] == list(range(len(events)))
    for one in events:
        assert archive.read(f"entries/{one.index}.json") == one.data
        proof = parse_proof(archive.read(f"proofs/{one.index}.tlog-proof"))
        assert proof.checkpoint == note
        check_proof(proof, one.data, parse_checkpoint(parse_note(note).text))
    assert parse_checkpoint(parse_note(note).text).size > events[-1].index
    archive.extractall(tmp_path)
    does_what_the_readme_says(tmp_path, events[0].index)


def does_what_the_readme_says(folder: Path, index: int) -> None:
    readme = (folder / "README.txt").read_text()
    (command,) = re.findall(r"^ +(\(printf .*sha256sum)$", readme, re.MULTILINE)
    done = subprocess.run(  # noqa: S602 - what the file tells people to type
        command, shell=True, cwd=folder, check=True, capture_output=True, text=True
    )
    entry = (folder / f"entries/{index}.json").read_bytes()
    assert done.stdout.split()[0] == hashlib.sha256(b"\0" + entry).hexdigest()
    line = json.loads((folder / "events.jsonl").read_text().splitlines()[0])
    said = line["entry"]
    for opening in line["openings"]:
        bound = {
            "event": said["event"],
            "field": opening["field"],
            "id": said["id"],
            "value": opening["value"],
        }
        words = json.dumps(bound, separators=(",", ":"), ensure_ascii=False)
        made = hmac.new(bytes.fromhex(opening["key"]), words.encode(), "sha256").hexdigest()
        assert made == said["c"][opening["field"]], opening


def test_a_spreadsheet_runs_nothing_of_it(browser: Opens, exhibit: ExhibitRow) -> None:
    answer = browser(Role.AUDITOR).get(f"/console/custody.zip?about={exhibit.reference}")
    text = zipfile.ZipFile(io.BytesIO(answer.content)).read("events.csv").decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text, newline="")))
    assert tuple(rows[0]) == EXTRACT_COLUMNS
    assert any(FORMULA in cell for row in rows for cell in row)
    assert not [cell for row in rows[1:] for cell in row if cell[:1] in "=+-@" and cell]
    assert {row[5] for row in rows[1:]} == {exhibit.reference}


def test_events_are_found_by_who_acted_and_nobody_is_named_in_what_is_recorded(
    browser: Opens, house: House, exhibit: ExhibitRow
) -> None:
    operator = house.subjects[Role.OPERATOR]
    visitor = browser(Role.AUDITOR)
    for name in (operator.name, operator.name.upper(), str(operator.person)):
        page = visitor.get("/console/custody", params={"person": name})
        assert exhibit.reference in page.text
        assert "Access token made" in page.text, "to whom something was given counts, too"
    nobody = visitor.get("/console/custody", params={"person": "Nobody Example"})
    assert nobody.status_code == 422
    assert "Nobody is known by this name" in nobody.text
    asked = {"person": operator.name, "about": exhibit.reference}
    assert visitor.get("/console/custody.zip", params=asked).status_code == 200
    last = house.look(
        lambda s: s.exec(
            select(CustodyEventRow.record)
            .where(CustodyEventRow.event == "register.exported")
            .order_by(CustodyEventRow.seq.desc())  # type: ignore[union-attr]
        ).first()
    )
    assert last is not None
    ((_, said),) = house.events(last)
    assert str(operator.person) in str(said["what"])
    assert operator.name not in str(said["what"])


def test_too_many_are_a_sentence_and_nothing_is_recorded(
    browser: Opens, house: House, exhibit: ExhibitRow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extracts, "MOST", 1)
    before, visitor = exported(house), browser(Role.AUDITOR)
    answer = visitor.get(f"/console/custody.zip?about={exhibit.reference}")
    assert answer.status_code == 422
    assert "More than 1 events were found" in answer.text
    nothing = visitor.get("/console/custody.zip?since=01/01/2099")
    assert nothing.status_code == 409
    assert "there is no file to make" in nothing.text
    assert exported(house) == before


@pytest.mark.usefixtures("exhibit")
def test_what_waits_for_its_place_is_left_out_and_told(house: House) -> None:
    newest = house.look(house.services.custody.newest_checkpoint)
    assert newest is not None
    older = replace(newest, size=1)
    found = house.look(
        lambda s: house.services.search.events(
            s, Wanted(), by=house.subjects[Role.AUDITOR], most=10
        )
    )
    covered = [one for one in found if extracts._is_covered(one, older)]
    assert len(covered) < len(found)
    facts = {"what": "all", "by": "A", "at": f"{utc_now()}", "found": "7"}
    words = house.services.extracts._readme(found[:2], older, facts)
    assert "5 more wait for their place in the log" in words
