"""Requests of which everything personal is planted with one odd word."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from psycopg import sql
from sqlalchemy import make_url
from sqlmodel import select

from evidence import attention
from evidence.cameras.coverage import Covering, Found, FoundBy
from evidence.exhibits.tables import ExhibitRow
from evidence.fees.differences import What
from evidence.fees.prices import Stage
from evidence.fees.tables import DifferenceRow
from evidence.people.access import Role, Subject
from evidence.people.people import as_person
from evidence.requests.coverage.findings import FOUND, found_json
from evidence.requests.documents.kinds import DocumentKind, SeenHow, Verdict
from evidence.requests.recorded import record_step, requester_of
from evidence.requests.states import Path, RequestStep, ReviewOutcome
from evidence.requests.tables import RequestRow
from export.feedback.answers import Answer, Helped
from export.release.proposals import NewRelease, ReleaseKind
from export.release.tables import ReleaseRow
from tests.api.payments.described import desk
from tests.evidence.fees.tills import Till
from tests.evidence.requests.documents.papers_filled import PDF, PNG
from tests.evidence.requests.requesting import (
    decide,
    fill,
    filled,
    prove,
    request,
    review,
    submit,
)
from tests.houses import Estate, House

ODD = "qzxv"
PLANTED = {
    "contact_name": f"{ODD} Smith",
    "job_title": f"{ODD} handler",
    "organisation": f"{ODD} Insurance",
    "address": f"1 {ODD} Street",
    "email": f"{ODD}.jo@insurer.example",
    "policyholder": f"{ODD} Holder",
    "claim_reference": f"CL-{ODD}",
    "street": f"{ODD} Road",
    "landmark": f"the {ODD} bakery",
    "description": f"A lorry hits {ODD}.",
    "other_vehicles": f"XY12 {ODD}",
    "vehicle_colour": f"{ODD} blue",
    "recipient_name": f"Sam {ODD}",
    "recipient_email": f"{ODD}.sam@insurer.example",
}
MACHINE = "claims@insurer.example"
"""Of a claims system, which stays known: its mailbox and its organisation are not odd."""


def plant(house: House, at: datetime) -> RequestRow:
    """Ask, pay, write, correct, look after it, withdraw: with the odd word in every text."""
    services = house.services
    secret = fill(house, Path.INSURER, at, filled(Path.INSURER, at, **PLANTED))
    prove(house, secret, at)
    row = submit(house, secret, at)
    before = house.look(lambda s: services.requests.asked(s, row.id))
    assert before is not None
    asked = replace(before, answers={**before.answers, "vehicle_make": f"{ODD} car"})
    with services.transaction() as session:
        services.request_decisions.correct(session, row.id, asked, at=at)
        services.drafts.correct(session, row.id, asked, PLANTED["email"], at=at)
        services.visits.begin(session, row.urn, network="192.0.2.77", at=at)
    decide(house, row, RequestStep.COVERED, Role.OPERATOR, at, f"BAR-0017 sees {ODD}")
    plant_money(house, row, at)
    plant_work(house, row, at)
    plant_papers(house, row, at)
    talk, by = services.correspondence, house.subjects[Role.OPERATOR]
    with services.transaction() as session:
        talk.send(session, row.urn, f"Was it {ODD}?", by=by, at=at)
        talk.answer(session, row.id, f"It was {ODD}.", at=at)
        decisions = services.request_decisions
        decisions.withdraw_own(session, row.id, at=at, reason=f"{ODD} has settled")
        talk.send(session, row.urn, f"Good luck, {ODD}.", by=by, at=at)
        attention.call(session, row.id, "test", f"look at {ODD}", at=at)
    return house.look(lambda s: s.get_one(RequestRow, row.id))


def plant_money(house: House, row: RequestRow, at: datetime) -> None:
    """Have one fee paid and given back in part, one waived, a difference settled: odd reasons."""
    services, finance = house.services, house.subjects[Role.FINANCE]
    with desk(at) as opened:
        till = Till(house, opened, follows=services.request_decisions.fee_paid)
        fee = house.look(lambda s: services.fees.of_stage(s, row.id, Stage.REVIEW))
        assert fee is not None
        opened.pay(till.payments.start(fee.id))
        till.payments.check(fee.id)
        with services.transaction() as session:
            till.orders.order(session, fee.id, 500, by=finance, at=at, reason=f"{ODD} asked")
            till.fees.waive(session, row.id, row.urn, Stage.RELEASE, reason=f"for {ODD}", at=at)
            till.differences.find(session, What.UNSETTLED, "p", f"{ODD}?", fee=fee.id, at=at)
            found = session.exec(select(DifferenceRow.id).where(DifferenceRow.fee == fee.id)).one()
            till.differences.settle(session, found, by=finance, at=at, reason=f"{ODD} paid cash")
        till.payments.settle(fee.id)
        till.payments.settle(fee.id)


def plant_work(house: House, row: RequestRow, at: datetime) -> None:
    """Link an incident and take it back, search what is preserved, look cameras up: odd words."""
    services, by = house.services, house.subjects[Role.OPERATOR]
    covering = Covering(f"{ODD}-1", f"{ODD} Road", 12, None)
    found = Found(FoundBy.PLACE, (f"{ODD} Road",), (covering,), (f"{ODD}-2",), "ab" * 32)
    with services.transaction() as session:
        links, decisions = services.request_links, services.request_decisions
        links.link_incident(session, row.urn, f"INC-{ODD}", by=by, at=at)
        links.unlink_incident(session, row.urn, by=by, at=at, reason=f"not {ODD}")
        links.link_incident(session, row.urn, f"INC-2-{ODD}", by=by, at=at)
        decisions.search_preserved(session, row.urn, by=by, at=at, result=f"nothing of {ODD}")
        told: Any = {"facts": found_json(found)}
        record_step(session, services.ledger, row.id, FOUND, told, by=None, at=at)


def plant_papers(house: House, row: RequestRow, at: datetime) -> None:
    """Have documents checked, deleted, asked for, seen, and one never looked at: odd reasons."""
    services, by = house.services, house.subjects[Role.GOVERNANCE]
    checks, consent, identity = services.document_checks, *list(DocumentKind)[:2]
    said: dict[str, Any] = {"by": by, "at": at, "reason": f"of {ODD}"}
    with services.transaction() as session:
        for kind, data in ((consent, PDF), (identity, PDF), (identity, PNG)):
            came = replace(services.document_arrivals.take(data), scan=f"{ODD}: clean")
            services.documents.receive(session, row.id, kind, came, at=at)
        held = services.documents.papers(session, row).held  # in any order: they came at once
        first, second, _ = sorted(held, key=lambda one: (one.row.kind, one.row.type))
        for one, verdict in ((first, Verdict.ACCEPTED), (second, Verdict.NOT_ACCEPTED)):
            checks.look(session, row.urn, str(one.row.id), by=by, at=at)
            checks.check(session, row.urn, str(one.row.id), verdict, **said)
        checks.delete(session, row.urn, str(second.row.id), **said)
        checks.ask(session, row.urn, identity, **said)
        checks.see(session, row.urn, identity, SeenHow.BY_POST, **said)


def plant_duplicate(house: House, at: datetime) -> RequestRow:
    """Ask for the same by a claims system, with an odd key; send a document, and withdraw."""
    services, admin = house.services, house.subjects[Role.ADMINISTRATOR]
    request(house, Path.INSURER, at, email=MACHINE)  # proves the mailbox
    own = {"organisation", "email"}
    given = filled(Path.INSURER, at, **PLANTED)
    given = {name: said for name, said in given.items() if name not in own}
    with services.transaction() as session:
        person = services.requesters.name(
            session, MACHINE, Path.INSURER, "Claims Insurance", by=admin, at=at
        )
        by = Subject(person, MACHINE, frozenset({Role.REQUESTER}))
        row = services.filings.file(session, given, f"key {ODD}", by=by, at=at)
        session.flush()
        session.expunge(row)
    plant_papers(house, row, at)
    with services.transaction() as session:
        services.request_decisions.withdraw_own(session, row.id, at=at, reason=f"{ODD} again")
    return row


def plant_answer(house: House, exhibit: ExhibitRow, at: datetime) -> tuple[RequestRow, ReleaseRow]:
    """Release what a team of the council asked for; have it say with odd words that it helped."""
    services, operator = house.services, house.subjects[Role.OPERATOR]
    row = request(house, Path.COUNCIL, at, email="helped@council.example")
    decide(house, row, RequestStep.COVERED, Role.OPERATOR, at)
    review(house, row, ReviewOutcome.FOUND, at, exhibit)
    decide(house, row, RequestStep.APPROVED, Role.RELEASER, at)
    asked = house.look(lambda s: services.requests.asked(s, row.id))
    assert asked is not None
    name, email = asked.recipient
    new = NewRelease(
        exhibits=(exhibit.reference,),
        kind=ReleaseKind.COUNCIL,
        recipient_name=name,
        recipient_email=email,
        organisation=asked.organisation,
        purpose=asked.purpose,
        basis=asked.basis,
        with_master=True,
        urn=row.urn,
    )
    release = house.do(
        Role.OPERATOR, lambda s: services.proposals.propose(s, new, by=operator, at=at)
    )
    house.approve(release)
    house.seal(release)
    house.do(
        Role.OPERATOR,
        lambda s: services.packages.collect(s, str(release.id), by=operator, at=services.clock()),
    )
    say(house, row, release, f"{ODD} was there")
    decide(house, row, RequestStep.CLOSED, Role.OPERATOR, services.clock())
    return row, release


def say(house: House, row: RequestRow, release: ReleaseRow, words: str) -> None:
    """Say of a release that it helped, as whoever asked for it."""
    services = house.services
    with services.transaction() as session:
        by = as_person(requester_of(session, row))
        services.feedback.answer(
            session,
            release.id,
            Answer(Helped.IDENTIFIED, words),
            by=by,
            role="requester",
            at=services.clock(),
        )


def found_in(house: House, estate: Estate) -> dict[str, int]:
    """Return in how many rows of which table the odd word stands, in any column, as text."""
    database = make_url(house.settings.engines.app_url if house.settings.engines else "").database
    found: dict[str, int] = {}
    with estate.superuser.connect(database or "") as connection:
        columns = connection.execute(
            "SELECT quote_ident(table_schema) || '.' || quote_ident(table_name), column_name, "
            "data_type FROM information_schema.columns WHERE table_schema NOT IN "
            "('pg_catalog', 'information_schema') ORDER BY 1, 2"
        ).fetchall()
        for table in sorted({name for name, _, _ in columns}):
            wanted = [sql.SQL("t::text ILIKE {}").format(f"%{ODD}%")]
            wanted += [
                sql.SQL("encode({}, 'escape') ILIKE {}").format(sql.Identifier(column), f"%{ODD}%")
                for name, column, kind in columns
                if name == table and kind == "bytea"
            ]
            count = connection.execute(
                sql.SQL("SELECT count(*) FROM {} t WHERE {}").format(
                    sql.SQL(table), sql.SQL(" OR ").join(wanted)
                )
            ).fetchone()
            if count and count[0]:
                found[table.removeprefix("public.")] = count[0]
    return found
