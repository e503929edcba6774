"""What the demonstration shows of requests: one in each state, brought there by the services."""

from dataclasses import replace

import pytest
from sqlmodel import select

from api.cli.parts.shown.asking import REQUESTS, Askers
from api.cli.parts.shown.forms import filled
from evidence.people.access import Role
from evidence.requests.questions.checks import check_form
from evidence.requests.questions.paths import FORMS
from evidence.requests.states import ENDS, Path, RequestState
from evidence.requests.tables import RequestRow
from export.release.proposals import Delivery
from tests.api.payments.described import desk
from tests.evidence.fees.tills import Till
from tests.evidence.requests.forms_filled import NOW, RULES
from tests.evidence.requests.test_request_service import audited
from tests.houses import House

S = RequestState


@pytest.mark.parametrize("path", Path)
def test_each_form_is_filled_in_as_people_must(path: Path) -> None:
    given = filled(
        path, incident_date="2026-11-20", authorised_on="2026-11-20", street="High Street"
    )
    assert check_form(FORMS[path], given, replace(RULES, now=NOW)).errors == {}


def test_there_is_a_request_in_each_state_and_the_audit_finds_nothing(
    house: House,
) -> None:
    services = house.services
    exhibit = house.unplayable()
    with desk(services.clock().replace(microsecond=0)) as opened:
        till = Till(house, opened, follows=services.request_decisions.fee_paid)
        paying = replace(services, payments=till.payments)
        people = (house.subjects[one] for one in (Role.OPERATOR, Role.RELEASER, Role.GOVERNANCE))
        askers = Askers(paying, *people, pay=opened.pay)
        waiting = askers.ask(exhibit.reference)
    assert set(waiting) == {S.RELEASED, S.COLLECTED}
    for then, row in waiting.items():
        new = replace(
            askers.release_of(row, exhibit.reference), delivery=Delivery.NONE, with_master=True
        )
        by = house.subjects[Role.OPERATOR]
        release = house.do(
            Role.OPERATOR,
            lambda s: services.proposals.propose(s, new, by=by, at=services.clock()),  # noqa: B023 - at once
        )
        house.approve(release)
        house.seal(release)
        if then is S.COLLECTED:
            house.do(
                Role.OPERATOR,
                lambda s: services.packages.collect(s, str(release.id), by=by, at=services.clock()),  # noqa: B023 - at once
            )
    rows = house.look(lambda s: s.exec(select(RequestRow)).all())
    assert {row.state for row in rows} == set(S)
    assert len(rows) == len(REQUESTS)
    open_ones = [row for row in rows if row.state not in ENDS]
    assert len({row.overwrite_due_at.date() for row in open_ones}) > 8, "their clocks differ"
    assert audited(house) == []
