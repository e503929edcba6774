"""“Is it whole?”: what is on record and no more; what was never done says never."""

import json
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import make_url

from api.times import utc_now
from custody.formats.note import (
    Ed25519NoteSigner,
    KeyType,
    NoteSignature,
    SignedNote,
    cosignature_text,
    format_verifier_key,
    sign_note,
    verifier_key,
)
from custody.ledger.ledger import Values
from custody.ledger.tables import LogPublicationRow, LogStateRow
from evidence import attention
from evidence.attention import THE_LOG
from evidence.people.access import Role
from export.desk.oversight.nightly import DIFFERS
from export.desk.oversight.wholeness import cosigned
from tests.api.asking import Web
from tests.api.web.visiting import Visitor
from tests.houses import Estate, House

Opens = Callable[..., Visitor]
CHECKED: Values = {"files": [{"sha256": "0" * 64, "size": 1}], "result": "whole"}
FOUND = {"integrity.checked": "Found whole", "integrity.failed": "Found changed or gone"}


def told(page: str, name: str) -> str:
    """Return what the page says under a name."""
    (found,) = re.findall(rf">{name}</dt><dd[^>]*>(.*?)</dd>", page, re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", found).split())


def test_what_was_never_done_says_never(browser: Opens) -> None:
    page = browser(Role.AUDITOR).get("/console/whole").text
    assert told(page, "Last audit").startswith("Never.")
    assert told(page, "Last timestamp").startswith("Never")
    assert told(page, "Found whole") == "Never read again"
    assert told(page, "Found changed or gone") == "Never"
    assert "Not witnessed: the council alone vouches for completeness." in page


def test_the_public_log_is_named_with_the_commands_that_check_it(
    browser: Opens, house: House
) -> None:
    page = browser(Role.AUDITOR).get("/console/whole").text
    address = f"{house.services.settings.origin}/log/"
    assert told(page, "The public log") == address
    assert f"custos log audit --from {address} --trust council.trust.json" in page
    assert f"custos log watch {address} --trust council.trust.json" in page


def test_a_log_that_waits_for_its_witnesses_says_so(browser: Opens, house: House) -> None:
    with house.services.transaction() as session:
        session.get_one(LogPublicationRow, 1).words = "<no> witness can be reached"
        session.get_one(LogStateRow, 1).size += 7
    try:
        page = browser(Role.AUDITOR).get("/console/whole").text
    finally:
        with house.services.transaction() as session:
            session.get_one(LogPublicationRow, 1).words = ""
            session.get_one(LogStateRow, 1).size -= 7
    assert "&lt;no&gt; witness can be reached" in told(page, "Why nothing newer is signed")
    assert "Signed by the log. 7 entries came since." in told(page, "Last checkpoint")


def test_a_witness_that_was_named_after_the_last_checkpoint_is_told_as_such(
    browser: Opens, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    known, _ = witness("police.example", "x\n", 0)
    pub = known.private_key.public_key().public_bytes_raw()
    key = verifier_key("police.example/custody", KeyType.COSIGNATURE_V1, pub)
    monkeypatch.setattr(house.services.overview, "_witnesses", (key,))
    page = browser(Role.AUDITOR).get("/console/whole").text
    assert told(page, "police.example/custody").startswith("Not signed")
    assert "signed before a witness was named stays without its line until then" in page
    assert "<table" not in page, "it would scroll sideways on a phone"


def test_the_key_and_the_length_are_those_of_this_log(browser: Opens, house: House) -> None:
    page = browser(Role.AUDITOR).get("/console/whole").text
    key = house.services.keyring.log_signer.key
    assert told(page, "The log.s key") == format_verifier_key(key)
    assert told(page, "The same key, to read out").replace(" ", "").startswith(key.pub.hex())
    assert re.match(r"[\d,]+ entries", told(page, "Length"))
    assert "Signed by the log." in told(page, "Last checkpoint")


def test_an_audit_is_shown_with_what_it_found_and_where_that_stands(
    browser: Opens, house: House
) -> None:
    exhibit = house.exhibit(b"what is looked at")
    house.events(exhibit.id)
    report = house.services.nightly_audit.audit()
    page = browser(Role.AUDITOR).get("/console/whole").text
    assert f"over {report.size:,} entries" in told(page, "Last audit")
    assert told(page, "What it found") == "Whole The log and the database agreed."
    with house.services.transaction() as session:
        attention.call(session, THE_LOG, DIFFERS, "the audit found <this>", at=utc_now())
    try:
        page = browser(Role.AUDITOR).get("/console/whole").text
    finally:
        with house.services.transaction() as session:
            attention.settle(session, THE_LOG, DIFFERS)
    assert "the audit found &lt;this&gt;" in told(page, "A person must look")


def test_a_row_that_says_something_else_than_its_event_is_not_believed(
    browser: Opens, house: House, estate: Estate
) -> None:
    house.services.nightly_audit.audit()
    database = make_url(house.services.addresses.app_url).database or ""
    for change in ("SET failures = 7", "SET findings = '[]'", "SET outcome = 'x'", "SET size = 1"):
        with estate.superuser.connect(database) as superuser:
            kept = superuser.execute("SELECT * FROM log_audit ORDER BY at DESC, id").fetchall()
            superuser.execute(f"UPDATE log_audit {change}".encode())
        page = browser(Role.AUDITOR).get("/console/whole").text
        assert "Not what was recorded" in told(page, "What it found"), change
        with estate.superuser.connect(database) as superuser:
            for id_, _, size, _, outcome, failures, findings, _ in kept:
                superuser.execute(
                    "UPDATE log_audit SET size = %s, outcome = %s, failures = %s, findings = %s "
                    "WHERE id = %s",
                    (size, outcome, failures, json.dumps(findings), id_),
                )
    page = browser(Role.AUDITOR).get("/console/whole").text
    assert "Not what was recorded" not in page


def test_files_that_were_read_again_are_counted_from_their_events(
    browser: Opens, house: House
) -> None:
    exhibit = house.exhibit(b"what is read again")
    for event in FOUND:
        with house.services.transaction() as session:
            house.services.ledger.append(session, exhibit.id, event, CHECKED, at=utc_now())
    house.events(exhibit.id)
    page = browser(Role.AUDITOR).get("/console/whole").text
    assert told(page, "Found whole").startswith("1 time, last ")
    assert told(page, "Found changed or gone").startswith("Failed 1 time, last ")
    assert "/console/custody?event=integrity.failed" in page


def witness(name: str, text: str, at: int) -> tuple[Ed25519NoteSigner, NoteSignature]:
    """Return a witness, and its line under a checkpoint (C2SP tlog-cosignature)."""
    private = Ed25519PrivateKey.generate()
    pub = private.public_key().public_bytes_raw()
    key = verifier_key(name, KeyType.COSIGNATURE_V1, pub)
    signature = at.to_bytes(8) + private.sign(cosignature_text(text, at))
    return Ed25519NoteSigner(name, private), NoteSignature(name, key.keyid, signature)


def test_a_witness_is_named_with_its_time_and_believed_only_by_its_key() -> None:
    log, at = Ed25519NoteSigner("a.example/log", Ed25519PrivateKey.generate()), int(time.time())
    text = "a.example/log\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    known, line = witness("police.example", text, at)
    _, other = witness("stranger.example", text, at)
    pub = known.private_key.public_key().public_bytes_raw()
    key = verifier_key("police.example", KeyType.COSIGNATURE_V1, pub)
    own = sign_note(text, [log]).signatures
    good, foreign = cosigned(SignedNote(text, (*own, line, other)), log.key, [key])
    assert (good.name, good.checked) == ("police.example", True)
    assert good.at == foreign.at == datetime.fromtimestamp(at, UTC)
    assert not foreign.checked
    (absent,) = cosigned(SignedNote(text, own), log.key, [key])
    assert (absent.name, absent.signed, absent.checked) == ("police.example", False, False)
    changed = SignedNote(text.replace("\n1\n", "\n2\n"), (*own, line))
    assert not cosigned(changed, log.key, [key])[0].checked
    short = SignedNote(text, (*own, NoteSignature("x", b"abcd", b"\xff" * 9)))
    assert cosigned(short, log.key, [])[0].at is None


def test_machines_are_told_the_same(web: Web, house: House) -> None:
    report = house.services.nightly_audit.audit()
    told = web.ask("GET", "/log", Role.AUDITOR).json()
    assert told["key"] == format_verifier_key(house.services.keyring.log_signer.key)
    assert (told["audit"]["size"], told["audit"]["outcome"]) == (report.size, "whole")
    assert told["audit"]["as_recorded"] is True
    assert told["checkpoint"]["signed_by_the_log"] is True
    assert (told["timestamp"], told["witnesses"], told["stopped"]) == (None, [], "")
    assert web.ask("GET", "/log", Role.FINANCE).status_code == 403
