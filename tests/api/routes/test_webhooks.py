"""What becomes of a claims system's requests is told to it: signed, in order, tried for days."""

import hashlib
import hmac
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlmodel import select

from evidence.people.access import Role, Subject
from evidence.people.tokens import token_name
from evidence.requests.notices.tables import ChangeRow
from evidence.requests.notices.targets import Target
from evidence.requests.notices.webhooks import (
    FORMER,
    GIVE_UP,
    KEPT_CALLS,
    SIGNATURE,
    Answered,
    Webhooks,
)
from evidence.requests.states import Path, RequestStep
from evidence.requests.tables import RequestRow
from tests.api.asking import Web
from tests.evidence.requests.requesting import decide, request
from tests.houses import House

URL = "https://claims.example/custos"


@dataclass
class System:
    """A claims system that takes what it is told, or does not."""

    house: House
    subject: Subject
    token: str
    at: datetime
    well: bool = True
    heard: list[tuple[dict[str, Any], Mapping[str, str], bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        services = self.house.services
        self.webhooks = Webhooks(
            services.transaction,
            services.jobs,
            self.post,
            root=services.roots.codes,
            local=False,
            new_id=uuid.uuid4,
            clock=lambda: self.at,
        )

    def post(self, target: Target, body: bytes, headers: Mapping[str, str]) -> Answered:
        assert target.host == "claims.example"
        self.heard.append((json.loads(body), headers, body))
        return Answered(self.well, "it answered 200" if self.well else "it answered 500")

    def set(self) -> str:
        with self.house.services.transaction() as session:
            return self.webhooks.set(session, URL, by=self.subject, at=self.at)

    def call(self) -> list[int]:
        """Let the job run; return the numbers that it told."""
        self.heard.clear()
        self.webhooks.call(self.subject.person)
        return [said["number"] for said, _, _ in self.heard]

    def ask(self) -> RequestRow:
        return request(self.house, Path.INSURER, self.at, email=self.subject.name)


@pytest.fixture
def system(house: House) -> System:
    """Return the system of a mailbox of its own, which asked once before."""
    services, at = house.services, house.services.clock().replace(microsecond=0)
    mailbox = f"s{uuid.uuid4().hex}@insurer.example"
    request(house, Path.INSURER, at, email=mailbox)
    with services.transaction() as session:
        by = house.subjects[Role.ADMINISTRATOR]
        name = services.requesters.name
        person = name(session, mailbox, Path.INSURER, "Example Insurance", by=by, at=at)
        token = services.tokens.add(session, person, [Role.REQUESTER], by=by, at=at)
    return System(house, Subject(person, mailbox, frozenset({Role.REQUESTER})), token, at)


def is_signed(system: System, secret: str) -> bool:
    _, headers, body = system.heard[0]
    moment, *macs = headers[SIGNATURE].split(",")
    said = f"{moment.removeprefix('t=')}.".encode() + body
    expected = "v1=" + hmac.digest(secret.encode(), said, hashlib.sha256).hex()
    return expected in macs


def test_each_change_is_told_once_signed_and_says_nothing_of_anybody(system: System) -> None:
    secret = system.set()
    row = system.ask()
    decide(system.house, row, RequestStep.COVERED, Role.OPERATOR, system.at)
    assert system.call() == [1, 2]
    told = [said for said, _, _ in system.heard]
    assert [one["state"] for one in told] == ["submitted", "review_due"]
    assert set(told[0]) == {"number", "urn", "state", "at"}
    assert told[0]["urn"] == row.urn
    assert is_signed(system, secret)
    assert not is_signed(system, secret[:-1] + "x")
    assert system.call() == []


def test_what_is_not_taken_is_tried_later_in_its_order_and_given_up_after_days(
    system: System,
) -> None:
    system.set()
    system.ask()
    system.ask()
    system.well = False
    assert system.call() == [1]
    assert system.call() == [], "it is not time yet"
    pauses = []
    began = system.at
    while True:
        row = found(system)
        if row.next_at is None:
            break
        pauses.append(row.next_at - system.at)
        system.at = row.next_at
        with system.house.services.transaction() as session:
            system.webhooks.due(session, at=system.at)
        assert system.call() == [1]
    assert pauses[:3] == [timedelta(minutes=1), timedelta(minutes=2), timedelta(minutes=4)]
    assert max(pauses) == timedelta(hours=6)
    assert found(system).stopped_at == system.at >= began + GIVE_UP
    services = system.house.services
    assert system.house.look(lambda s: services.webhooks.stopped(s, system.subject.person))
    system.ask()
    assert system.call() == []
    system.well = True
    system.set()
    assert system.call() == [1, 2, 3], "what was given up goes on, and nothing is missed"


def found(system: System) -> Any:  # noqa: ANN401 - a WebhookRow
    return system.house.look(lambda s: system.webhooks.find(s, by=system.subject)).row


def test_a_new_secret_is_signed_with_beside_the_former_for_a_day(system: System) -> None:
    former = system.set()
    secret = system.set()
    assert former != secret
    system.ask()
    system.call()
    assert is_signed(system, former)
    assert is_signed(system, secret)
    system.at += FORMER
    system.ask()
    system.call()
    assert not is_signed(system, former)
    assert is_signed(system, secret)


def test_a_process_that_ends_at_a_call_leaves_it_to_the_next(system: System) -> None:
    system.set()
    system.ask()
    with system.house.services.transaction() as session:
        begun = system.webhooks._next(session, system.subject.person, system.at)
    assert begun is not None
    assert system.call() == [], "somebody is at it"
    system.at += timedelta(minutes=1)
    assert system.call() == [1]


def test_nothing_is_told_to_a_system_without_a_token_that_works(system: System) -> None:
    services = system.house.services
    system.set()
    system.ask()
    with services.transaction() as session:
        by = system.house.subjects[Role.ADMINISTRATOR]
        services.tokens.revoke(session, token_name(system.token), by=by, at=system.at)
    assert system.call() == []


def test_only_the_last_calls_are_kept(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evidence.requests.notices.webhooks.KEPT_CALLS", 2)
    assert KEPT_CALLS == 50
    system.set()
    for _ in range(3):
        system.ask()
    assert system.call() == [1, 2, 3]
    calls = system.house.look(lambda s: system.webhooks.find(s, by=system.subject)).calls
    assert sorted(one.number for one in calls) == [2, 3]


def test_who_is_no_claims_system_is_followed_by_nobody(house: House) -> None:
    row = request(house, Path.SUBJECT, house.services.clock(), email="pat@gmail.com")
    changes = select(ChangeRow).where(ChangeRow.request == row.id)
    assert house.look(lambda s: s.exec(changes).all()) == []


def test_a_machine_sets_its_webhook_and_reads_what_it_missed(web: Web, system: System) -> None:
    asking = Web(web.app, {**web.tokens, "own": system.token}, web._client, web._portal)
    path = "/requests/webhook"
    assert asking.ask("GET", path, "own").status_code == 404
    refused = asking.ask("PUT", path, "own", json={"url": "http://localhost:1/"})
    assert (refused.status_code, refused.json()["field"]) == (422, "url")
    made = asking.ask("PUT", path, "own", json={"url": URL})
    assert made.status_code == 200, made.text
    assert made.json()["secret"].startswith("whsec_")
    assert "secret" not in asking.ask("GET", path, "own").json()
    row = system.ask()
    system.ask()
    first = asking.ask("GET", "/requests/changes?limit=1", "own")
    assert first.json()[0]["urn"] == row.urn
    rest = asking.ask("GET", first.headers["link"].split(">")[0].lstrip("<"), "own").json()
    assert [one["number"] for one in rest] == [2]
    assert asking.ask("GET", "/requests/changes?after=2", "own").json() == []
    system.call()
    shown = asking.ask("GET", path, "own").json()
    assert shown["told"] == 2
    assert [one["taken"] for one in shown["calls"]] == [True, True]
    assert asking.ask("PUT", path, Role.OPERATOR, json={"url": URL}).status_code == 403
    assert asking.ask("GET", "/requests/changes", Role.OPERATOR).status_code == 403
    assert asking.ask("DELETE", path, "own").status_code == 204
    assert asking.ask("GET", path, "own").status_code == 404


def test_a_secret_that_was_given_up_never_comes_back(system: System) -> None:
    secrets = {system.set(), system.set()}
    with system.house.services.transaction() as session:
        system.webhooks.remove(session, by=system.subject)
    secrets |= {system.set(), system.set()}
    assert len(secrets) == 4


def test_who_is_called_elsewhere_meanwhile_is_told_there(system: System) -> None:
    system.set()
    system.ask()
    with system.house.services.transaction() as session:
        begun = system.webhooks._next(session, system.subject.person, system.at)
    assert begun is not None
    system.at += timedelta(seconds=1)
    system.set()
    with system.house.services.transaction() as session:
        answered = Answered(True, "it answered 200")
        person = system.subject.person
        assert system.webhooks._answered(session, person, begun, answered, system.at)
    assert system.call() == [1], "the system that was set since has it, too"


def test_an_address_that_may_not_be_called_any_more_stops_it(system: System) -> None:
    system.webhooks._local = True
    with system.house.services.transaction() as session:
        system.webhooks.set(session, "http://localhost:1/", by=system.subject, at=system.at)
    system.ask()
    system.webhooks._local = False
    assert system.call() == []
    assert found(system).stopped_at == system.at
