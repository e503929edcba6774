"""Claims systems: a machine outside submits, follows its own requests, and reaches nothing else."""

import hashlib
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from typing import Any

import pytest
from httpx import Response
from sqlmodel import func, select

from api.routes.systems import filings
from api.web.public.requests.documents import received
from evidence.errors import InvalidError, StateError
from evidence.people.access import ALLOWED, Action, Role, decide
from evidence.requests.documents import incoming
from evidence.requests.documents.kinds import DocumentKind, Verdict
from evidence.requests.states import Path, RequestStep
from evidence.requests.tables import RequestRow
from tests.api.asking import Web
from tests.evidence.requests.documents.papers_filled import PDF, PNG
from tests.evidence.requests.listing import FIELDS, listed
from tests.evidence.requests.requesting import decide as take
from tests.evidence.requests.requesting import filled, request
from tests.houses import House

OWN, OTHER = "jo@insurer.example", "al@solicitor.example"
OURS = frozenset({"organisation", "email"})


@pytest.fixture(scope="module")
def asking(house: House, web: Web) -> Web:
    """Return a client with the tokens of two organisations, each of which asked once before."""
    services, at = house.services, house.services.clock()
    tokens = dict(web.tokens)
    for mailbox, path in ((OWN, Path.INSURER), (OTHER, Path.SOLICITOR)):
        request(house, path, at, email=mailbox, claim_reference="BEFORE-1")
        with services.transaction() as session:
            by = house.subjects[Role.ADMINISTRATOR]
            name = f"Organisation of {mailbox}"
            person = services.requesters.name(session, mailbox, path, name, by=by, at=at)
            tokens[mailbox] = services.tokens.add(session, person, [Role.REQUESTER], by=by, at=at)
    return Web(web.app, tokens, web._client, web._portal)


def answers(house: House, **other: str) -> dict[str, str]:
    given = filled(Path.INSURER, house.services.clock(), **other)
    return {name: said for name, said in given.items() if name not in OURS}


def submit(web: Web, given: Mapping[str, Any], key: str = "1", who: str = OWN) -> Response:
    headers = {"Idempotency-Key": key}
    return web.ask("POST", "/requests", who, json={"answers": given}, headers=headers)


def count(house: House) -> int:
    return house.look(lambda s: s.exec(select(func.count()).select_from(RequestRow)).one())


def test_a_repeated_call_gives_the_same_number(asking: Web, house: House) -> None:
    given = answers(house, claim_reference="CL-1")
    first = submit(asking, given, "a")
    assert first.status_code == 201, first.text
    told = first.json()
    assert (told["state"], told["claim_reference"], told["owed"]) == ("submitted", "CL-1", [])
    before = count(house)
    assert submit(asking, given, "a").json() == told
    assert told["duplicates"] == []
    assert count(house) == before
    other = submit(asking, {**given, "street": "Low Street"}, "a")
    assert (other.status_code, other.json()["field"]) == (422, "Idempotency-Key")
    repeated = submit(asking, given, "b").json()
    again = repeated["urn"]
    assert again != told["urn"]
    assert repeated["duplicates"] == [told["urn"]]
    assert asking.ask("POST", "/requests", OWN, json={"answers": given}).status_code == 422
    events = house.look(lambda s: s.exec(select(RequestRow).where(RequestRow.urn == again)).one())
    names = [name for name, _ in house.events(events.id)]
    assert names == [
        *("request.submitted", "urn.issued", "preservation.requested", "coverage.found")
    ]


def test_what_is_wrong_is_named_field_by_field_and_makes_nothing(asking: Web, house: House) -> None:
    before = count(house)
    wrong = answers(house, claim_reference="", time_to="25:99", email="x@insurer.example")
    answer = submit(asking, {**wrong, "email": "x@insurer.example", "colour": "red"}, "w")
    assert answer.status_code == 422
    problem = answer.json()
    named = [one["field"] for one in problem["errors"]]
    assert named == ["claim_reference", "time_to", "colour", "email"]
    assert problem["field"] == "claim_reference"
    assert "you ask for jo@insurer.example" in problem["errors"][-1]["words"]
    twice = answers(house, incident_date="2026-10-25", time_from="01:10", time_to="01:20")
    assert [one["field"] for one in submit(asking, twice, "w").json()["errors"]] == ["hour"]
    assert submit(asking, {"street": 1}, "w").status_code == 422
    assert count(house) == before


def test_a_machine_follows_its_own_and_never_learns_of_another(asking: Web, house: House) -> None:
    theirs = submit(asking, answers(house), "t", OTHER).json()["urn"]
    mine = submit(asking, answers(house), "m").json()["urn"]
    row = house.look(lambda s: s.exec(select(RequestRow).where(RequestRow.urn == mine)).one())
    take(house, row, RequestStep.COVERED, Role.OPERATOR, house.services.clock())
    (owed,) = asking.ask("GET", f"/requests/own/{mine}", OWN).json()["owed"]
    assert (owed["stage"], owed["pence"]) == ("review", 2500)
    assert owed["pay_at"].startswith(f"{house.services.settings.origin}/pay/")
    urns, path = [], "/requests/own?limit=1"
    while path:
        listed = asking.ask("GET", path, OWN)
        urns += [one["urn"] for one in listed.json()]
        onward = [link for link in listed.headers.get("link", "").split(", ") if "next" in link]
        path = onward[0].split(">")[0].lstrip("<") if onward else ""
    assert mine in urns
    assert len(urns) == len(set(urns)) > 1
    assert theirs not in urns
    hidden, nowhere = (
        asking.ask("GET", f"/requests/own/{urn}", OWN) for urn in (theirs, "BAR-2222-2222-7")
    )
    assert hidden.status_code == 404
    assert hidden.json()["detail"] == f"there is no request {theirs!r}"
    assert nowhere.status_code in (404, 422)
    assert asking.ask("GET", f"/requests/own/{theirs}", Role.OPERATOR).status_code == 403


def test_no_other_call_answers_a_machine_and_each_refusal_is_an_event(
    asking: Web, house: House
) -> None:
    allowed = {action for action in Action if decide(action, [Role.REQUESTER]).allowed}
    assert allowed == {Action.SUBMIT_REQUEST, Action.FOLLOW_REQUEST}
    assert all(ALLOWED[action] == (Role.REQUESTER,) for action in allowed)
    mine = submit(asking, answers(house), "m").json()["urn"]
    before = house.refusals()
    for path in (f"/requests/{mine}", "/requests", "/exhibits", "/releases", "/cameras"):
        assert asking.ask("GET", path, OWN).status_code == 403, path
    assert house.refusals() == before + 5
    refused = submit(asking, answers(house), "s", Role.OPERATOR)
    assert refused.status_code == 403
    assert submit(asking, answers(house), "n", Role.REQUESTER).status_code == 409


def test_who_calls_too_often_waits(
    asking: Web, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filings, "MOST_AN_HOUR", 0)
    answer = submit(asking, answers(house), "z")
    assert answer.status_code == 429
    assert 0 < int(answer.headers["retry-after"]) <= 3600


def test_a_token_ends_and_is_of_a_proven_mailbox_at_work(asking: Web, house: House) -> None:
    services, at = house.services, house.services.clock()
    by = house.subjects[Role.ADMINISTRATOR]
    name = services.requesters.name
    with services.transaction() as session:
        with pytest.raises(StateError, match="no code has proven"):
            name(session, "no@insurer.example", Path.INSURER, "X", by=by, at=at)
        with pytest.raises(InvalidError, match="free mail"):
            name(session, "jo@gmail.com", Path.INSURER, "X", by=by, at=at)
        with pytest.raises(InvalidError, match="a machine asks as"):
            name(session, OWN, Path.POLICE, "X", by=by, at=at)
        person = name(session, OWN, Path.INSURER, "Renamed", by=by, at=at)
        assert name(session, OWN, Path.INSURER, "Renamed", by=by, at=at) == person
        with pytest.raises(InvalidError, match="no role of the council's"):
            services.tokens.add(session, person, [Role.REQUESTER, Role.OPERATOR], by=by, at=at)
        assert services.tokens.holder(session, "Jo Smith") is None
    names = [event for event, _ in house.events(person)]
    assert names.count("requester.named") == 2
    told = house.look(lambda s: services.requesters.of(s, house_subject(house, OWN, asking)))
    assert (told.organisation, told.mailbox) == ("Renamed", OWN)
    soon = at + timedelta(hours=1)
    with services.transaction() as session:
        token = services.tokens.add(session, person, [Role.REQUESTER], by=by, at=at, until=soon)
    assert house.look(lambda s: services.tokens.find(s, token, at=at)) is not None


def house_subject(house: House, who: str, web: Web) -> Any:  # noqa: ANN401 - a Subject
    services = house.services
    return house.look(lambda s: services.tokens.find(s, web.tokens[who], at=services.clock()))


def test_a_list_is_rehearsed_and_taken_over_once(asking: Web, house: House) -> None:
    at, path = house.services.clock(), "/requests/lists"
    content = listed(
        at,
        {"claim_reference": "LIST-1", "street": "Listed Way", "cameras": ""},
        {"claim_reference": "list 1", "street": "Listed Way", "cameras": ""},
        {"claim_reference": "LIST-2"},
    )
    before = count(house)
    found = asking.ask("POST", f"{path}/rehearsals", OWN, content=content)
    assert found.status_code == 200, found.text
    rows = found.json()["requests"]
    assert [(one["line"], one["same_as_line"]) for one in rows] == [(2, None), (4, 2), (6, None)]
    wrong = asking.ask("POST", path, OWN, content=content, params={"rehearsed": "ab" * 32})
    assert wrong.status_code == 409
    assert count(house) == before, "a rehearsal makes nothing"
    given = {"content": content, "params": {"rehearsed": found.json()["digest"]}}
    made = asking.ask("POST", path, OWN, **given)
    assert made.status_code == 201, made.text
    assert count(house) == before + 3
    assert asking.ask("POST", path, OWN, **given).json() == made.json()
    assert count(house) == before + 3, "the same list again makes nothing"
    again = asking.ask("POST", f"{path}/rehearsals", OWN, content=content).json()["requests"]
    assert set(again[0]["duplicates"]) == {one["urn"] for one in made.json()[:2]}
    other = asking.ask("POST", path, OTHER, **given)
    assert other.status_code == 201
    assert {one["urn"] for one in other.json()}.isdisjoint(one["urn"] for one in made.json())
    assert asking.ask("POST", f"{path}/rehearsals", Role.OPERATOR, content=b"x").status_code == 403


def test_a_broken_list_names_each_fault_and_makes_nothing(asking: Web, house: House) -> None:
    at = house.services.clock()
    rows = [{"claim_reference": f"B-{number}"} for number in range(3)]
    rows[1] |= {"time_to": "25:00", "recipient_email": "x@gmail.com"}
    columns = (*FIELDS, "organisation")
    before = count(house)
    broken = listed(at, *rows, columns=columns)
    answer = asking.ask("POST", "/requests/lists/rehearsals", OWN, content=broken)
    assert answer.status_code == 422
    faults = answer.json()["faults"]
    named = [fault.split(":")[0] for fault in faults]
    assert "line 5, column time_to" in named
    assert "line 5, column recipient_email" in named
    assert named.count("line 2, column organisation") == 1, "it is not the token's own"
    digest = hashlib.sha256(broken).hexdigest()
    applied = asking.ask(
        "POST", "/requests/lists", OWN, content=broken, params={"rehearsed": digest}
    )
    assert applied.status_code == 422
    assert count(house) == before


@pytest.mark.parametrize(
    "body",
    [
        b'{"answers": {"street": "\\ud800"}}',
        b'{"answers": {"\\u0000": "\\u0000"}}',
        b'{"answers": {"incident_date": "9999-99-99", "time_from": "\\u0661"}}',
        b'{"answers": {}, "organisation": "Another"}',
        b'{"answers": [], "email": 1}',
        b"\xff\xfe",
        b"",
    ],
    ids=range(7),
)
def test_garbage_is_refused_and_makes_nothing(asking: Web, house: House, body: bytes) -> None:
    before = count(house)
    headers = {"Content-Type": "application/json", "Idempotency-Key": "garbage"}
    answer = asking.ask("POST", "/requests", OWN, content=body, headers=headers)
    assert answer.status_code == 422, answer.text
    odd = {**headers, "Idempotency-Key": b"\xe2\x80\xae"}
    assert asking.ask("POST", "/requests", OWN, content=body, headers=odd).status_code == 422
    assert count(house) == before


def send(
    web: Web,
    urn: str,
    content: bytes | AsyncIterator[bytes],
    kind: str = "consent",
    who: str = OWN,
) -> Response:
    return web.ask("POST", f"/requests/own/{urn}/documents/{kind}", who, content=content)


def told_of(answer: Response, kind: str = "consent") -> tuple[str, str]:
    (one,) = [one for one in answer.json()["documents"] if one["kind"] == kind]
    assert one["needed"]
    return one["standing"], one["why"]


def of_urn(house: House, urn: str) -> RequestRow:
    return house.look(lambda s: s.exec(select(RequestRow).where(RequestRow.urn == urn)).one())


def test_a_machine_sends_documents_and_is_told_what_was_said_of_them(
    asking: Web, house: House
) -> None:
    services, by = house.services, house.subjects[Role.GOVERNANCE]
    mine = submit(asking, answers(house, claim_reference="DOC-1"), "d").json()["urn"]
    assert told_of(asking.ask("GET", f"/requests/own/{mine}", OWN)) == ("not sent", "")
    sent = send(asking, mine, PDF)
    assert sent.status_code == 201, sent.text
    assert told_of(sent) == ("received", "")
    assert told_of(send(asking, mine, PDF)) == ("received", ""), "a call that is made again"
    row = of_urn(house, mine)
    assert [name for name, _ in house.events(row.id)].count("document.received") == 1
    (held,) = house.look(lambda s: services.documents.papers(s, row)).held
    checks, document = services.document_checks, str(held.row.id)
    said: dict[str, Any] = {"by": by, "at": services.clock()}
    with services.transaction() as session:
        checks.look(session, mine, document, **said)
        checks.check(session, mine, document, Verdict.NOT_ACCEPTED, **said, reason="no signature")
        checks.ask(session, mine, DocumentKind.IDENTITY, **said, reason="a passport, please")
    answer = asking.ask("GET", f"/requests/own/{mine}", OWN)
    assert told_of(answer) == ("not accepted", "no signature")
    assert told_of(answer, "identity") == ("asked for", "a passport, please")
    assert told_of(send(asking, mine, PNG)) == ("received", "")
    with services.transaction() as session:
        document = str(services.documents.papers(session, row).held[-1].row.id)
        checks.look(session, mine, document, **said)
        checks.check(session, mine, document, Verdict.ACCEPTED, **said, reason="private words")
    answer = asking.ask("GET", f"/requests/own/{mine}", OWN)
    assert told_of(answer) == ("accepted", "")
    assert "private words" not in answer.text


def test_a_document_that_is_none_or_nobodys_is_refused_and_nothing_kept(
    asking: Web, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    services = house.services
    mine = submit(asking, answers(house, claim_reference="DOC-2"), "e").json()["urn"]
    theirs = submit(asking, answers(house), "f", OTHER).json()["urn"]
    wrong = {
        "empty": send(asking, mine, b""),
        "no document": send(asking, mine, b"MZ" + bytes(100)),
        "half of one": send(asking, mine, PNG[:-4]),
        "of no kind": send(asking, mine, PDF, "passport"),
        "of another path": send(asking, mine, PDF, "authority"),
    }
    for what, answer in wrong.items():
        assert (answer.status_code, answer.json()["field"]) == (422, "document"), what
    nobodys, nowhere = (send(asking, urn, PDF) for urn in (theirs, "BAR-2222-2222-7"))
    assert nobodys.status_code == 404
    assert nobodys.json()["detail"] == f"there is no request {theirs!r}"
    assert nowhere.status_code in (404, 422)
    assert send(asking, mine, PDF, who=Role.OPERATOR).status_code == 403
    take(house, of_urn(house, theirs), RequestStep.WITHDRAWN, Role.OPERATOR, services.clock())
    ended = send(asking, theirs, PDF, who=OTHER)
    assert (ended.status_code, "takes no document" in ended.text) == (409, True)
    rows = [of_urn(house, urn) for urn in (mine, theirs)]
    with services.transaction() as session:
        assert [services.documents.papers(session, row).held for row in rows] == [(), ()]
    monkeypatch.setattr(incoming, "MOST_OF_MAILBOX", 0)
    waits = send(asking, mine, PDF)
    assert (waits.status_code, 0 < int(waits.headers["retry-after"]) <= 3600) == (429, True)


def test_a_document_that_is_too_large_is_counted_as_it_comes(
    asking: Web, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = submit(asking, answers(house, claim_reference="DOC-3"), "g").json()["urn"]
    monkeypatch.setattr(house.services.document_arrivals, "most", 3 << 20)
    read: list[int] = []

    async def coming(pieces: int) -> AsyncIterator[bytes]:
        for number in range(pieces):
            read.append(number)
            yield PDF[:9] + bytes(1 << 20)

    theirs = submit(asking, answers(house), "h", OTHER).json()["urn"]
    assert send(asking, theirs, coming(50)).status_code == 404
    assert read == [], "of a document for somebody else's request nothing is read"
    kept: list[int] = []
    joined = received._joined

    async def watched(pieces: Any) -> bytes:  # noqa: ANN401 - an async generator
        whole = await joined(pieces)
        kept.append(len(whole))
        return whole

    monkeypatch.setattr(received, "_joined", watched)
    large = send(asking, mine, coming(5))
    assert (large.status_code, large.json()["field"]) == (422, "document")
    assert "smaller than 3 MB" in large.json()["detail"]
    assert kept == [], "what is too large is never whole"
    assert send(asking, mine, coming(50)).status_code == 422
    whole = b"".join((PDF[:9], bytes(2 << 20), b"%%EOF"))
    assert send(asking, mine, whole).status_code == 201, "more than other bodies may have"
