"""Releases: proposed by one person, approved by another, and never without their events."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from evidence.errors import AccessRefusedError, InvalidError, StateError, UnknownError
from evidence.exhibits.references import parse_urn
from evidence.exhibits.tables import ExhibitRow
from evidence.people.access import Role, Subject
from evidence.people.two_people import SELF_APPROVED
from export.release.contents import released_kinds
from export.release.decisions import Decisions
from export.release.notices import Notices
from export.release.proposals import NewRelease, ReleaseKind
from export.release.tables import ReleaseRow
from tests.houses import WANTED, House


@pytest.fixture(scope="module")
def exhibit(house: House) -> ExhibitRow:
    return house.unplayable()


def propose(
    house: House,
    exhibit: ExhibitRow,
    role: str = Role.OPERATOR,
    **change: Any,  # noqa: ANN401
) -> ReleaseRow:
    wanted: NewRelease = replace(WANTED, **{"exhibits": (exhibit.reference,), **change})
    return house.do(
        role,
        lambda session: house.services.proposals.propose(
            session, wanted, by=house.subjects[role], at=house.services.clock()
        ),
    )


def approve(
    house: House,
    row: ReleaseRow,
    by: Subject,
    *,
    via: Decisions | None = None,
    **more: Any,  # noqa: ANN401
) -> ReleaseRow:
    decisions = via or house.services.decisions
    with house.services.transaction() as session:
        return decisions.approve(session, str(row.id), by=by, at=house.services.clock(), **more)


def refuse(house: House, row: ReleaseRow, reason: str = "too wide") -> ReleaseRow:
    return house.do(
        Role.RELEASER,
        lambda session: house.services.decisions.refuse(
            session,
            str(row.id),
            by=house.subjects[Role.RELEASER],
            at=house.services.clock(),
            reason=reason,
        ),
    )


def start(house: House, row: ReleaseRow) -> ReleaseRow:
    return house.do(
        Role.OPERATOR,
        lambda session: house.services.decisions.start_sealing(
            session, str(row.id), by=house.subjects[Role.OPERATOR]
        ),
    )


def test_what_is_proposed_is_committed_to(house: House, exhibit: ExhibitRow) -> None:
    row = propose(house, exhibit, purpose="collision\non the High Street")
    ((name, values),) = house.events(row.id)
    assert name == "release.proposed"
    assert values["exhibits"] == [str(exhibit.id)]
    assert (values["kind"], values["basis"]) == ("police", row.basis)
    assert values["purpose"] == "collision\non the High Street"
    assert values["recipient"] == (
        "DC Alex Example <alex@barchester.police.example>, Barchester Constabulary "
        f"({row.recipient})"
    )
    assert len(list(values["files"])) == 1  # type: ignore[call-overload]
    assert parse_urn(row.urn) == row.urn
    assert row.number == 1


def test_the_next_release_under_a_urn_gets_the_next_number(
    house: House, exhibit: ExhibitRow
) -> None:
    urn = propose(house, exhibit).urn
    typed = urn.lower().replace("-", " ")
    assert [propose(house, exhibit, urn=typed).number for _ in range(2)] == [2, 3]


def test_a_urn_with_a_typing_error_is_refused(house: House, exhibit: ExhibitRow) -> None:
    with pytest.raises(InvalidError, match="typing error"):
        propose(house, exhibit, urn="BAR-7K4M-2XQ9-K")


@pytest.mark.parametrize("kind", ReleaseKind)
def test_police_cps_and_council_are_given_the_master_unless_somebody_says_otherwise(
    house: House, exhibit: ExhibitRow, kind: ReleaseKind
) -> None:
    if kind is ReleaseKind.INSURER:
        with pytest.raises(StateError, match="would hold nothing of it"):
            propose(house, exhibit, kind=kind)
        assert propose(house, exhibit, kind=kind, with_master=True).with_master
    else:
        assert propose(house, exhibit, kind=kind).with_master


def test_without_the_master_no_master_is_among_the_files() -> None:
    assert "master" not in released_kinds(with_master=False)
    assert released_kinds(with_master=True) - released_kinds(with_master=False) == {
        "master",
        "player",
    }


@pytest.mark.parametrize(
    ("change", "field"),
    [
        *(({name: " "}, name) for name in ("recipient_name", "organisation", "purpose", "basis")),
        *(
            ({"recipient_email": email}, "recipient_email")
            for email in (
                "",
                "alex",
                "@b.example",
                "alex@localhost",
                "alex@b.example, eve@c.example",
                "alex@b.example@c.example",
                "Alex <alex@b.example>",
                "alex@b.example\r\nBcc: eve@c.example",
                "a b@c.example",
            )
        ),
        ({"organisation": "a\x00b"}, "organisation"),
        ({"purpose": "x" * 2001}, "purpose"),
        ({"exhibits": ()}, "exhibits"),
    ],
)
def test_a_value_that_cannot_be_right_is_named(
    house: House, exhibit: ExhibitRow, change: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidError) as refused:
        propose(house, exhibit, **change)
    assert refused.value.field == field


def test_an_exhibit_is_released_once_by_whatever_name_it_is_called(
    house: House, exhibit: ExhibitRow
) -> None:
    for names in ((exhibit.reference,) * 2, (exhibit.reference, str(exhibit.id))):
        with pytest.raises(InvalidError, match="once"):
            propose(house, exhibit, exhibits=names)


def test_an_exhibit_that_is_worked_on_must_be_waited_for(house: House) -> None:
    with pytest.raises(StateError, match="still being worked on"):
        propose(house, house.exhibit())


def test_an_exhibit_that_is_not_there_cannot_be_released(house: House, exhibit: ExhibitRow) -> None:
    with pytest.raises(UnknownError):
        propose(house, exhibit, exhibits=("ZZ/404",))


def test_a_second_person_approves_and_the_event_says_why(house: House, exhibit: ExhibitRow) -> None:
    row = approve(
        house, propose(house, exhibit), house.subjects[Role.RELEASER], reason=" necessary "
    )
    assert (row.state, row.reason) == ("approved", "a second person approves; necessary")
    assert row.approved_by == house.subjects[Role.RELEASER].person
    _, (name, values) = house.events(row.id)
    assert (name, values["reason"], values["role"]) == ("release.approved", row.reason, "releaser")


def test_nobody_approves_what_they_proposed_whatever_their_roles(
    house: House, exhibit: ExhibitRow
) -> None:
    row = propose(house, exhibit, Role.RELEASER)
    everything = replace(house.subjects[Role.RELEASER], roles=frozenset(Role))
    with pytest.raises(AccessRefusedError, match="must not approve it"):
        approve(house, row, everything)
    assert house.events(row.id)[-1][0] == "release.proposed"


def test_a_demonstration_s_proposer_may_approve_and_the_reason_begins_so(
    house: House, exhibit: ExhibitRow
) -> None:
    row = approve(
        house,
        propose(house, exhibit),
        house.subjects[Role.OPERATOR],
        self_approve=True,
        reason="alone",
    )
    assert row.reason == f"{SELF_APPROVED}; alone"


def test_to_approve_oneself_is_no_way_around_the_role(house: House, exhibit: ExhibitRow) -> None:
    row = propose(house, exhibit)
    second = replace(house.subjects[Role.OPERATOR], person=uuid4())
    for subject in (second, house.subjects[Role.AUDITOR], house.subjects["nobody"]):
        with pytest.raises(AccessRefusedError):
            approve(house, row, subject, self_approve=True)
    approved = approve(house, row, house.subjects[Role.RELEASER], self_approve=True)
    assert approved.reason == "a second person approves"


def test_production_knows_no_self_approval(house: House, exhibit: ExhibitRow) -> None:
    services = house.services
    strict = Decisions(
        services.ledger,
        services.releases,
        services.people,
        services.jobs,
        Notices(services.messages),
        services.request_decisions,
        services.requests,
        may_self_approve=False,
    )
    row = propose(house, exhibit, Role.RELEASER)
    with pytest.raises(AccessRefusedError, match="only a demonstration"):
        approve(house, row, house.subjects[Role.RELEASER], via=strict, self_approve=True)


def test_a_refusal_needs_a_reason(house: House, exhibit: ExhibitRow) -> None:
    row = propose(house, exhibit)
    with pytest.raises(InvalidError, match="reason is missing"):
        refuse(house, row, " ")
    assert refuse(house, row).state == "refused"
    _, (name, values) = house.events(row.id)
    assert (name, values["reason"]) == ("release.refused", "too wide")


def test_what_was_approved_can_still_be_refused_before_it_is_sealed(
    house: House, exhibit: ExhibitRow
) -> None:
    row = propose(house, exhibit)
    house.approve(row)
    assert refuse(house, row, "withdrawn by the force").state == "refused"
    with pytest.raises(StateError, match="is refused"):
        start(house, row)


@pytest.mark.parametrize("then", [refuse, lambda house, row: house.approve(row), start])
def test_what_was_refused_stays_refused(
    house: House, exhibit: ExhibitRow, then: Callable[[House, ReleaseRow], object]
) -> None:
    row = propose(house, exhibit)
    refuse(house, row)
    with pytest.raises(StateError, match="is refused"):
        then(house, row)
    assert len(house.events(row.id)) == 2


def test_sealing_waits_for_approval_and_may_be_asked_for_again(
    house: House, exhibit: ExhibitRow
) -> None:
    row = propose(house, exhibit)
    with pytest.raises(StateError, match="approved by a second person first"):
        start(house, row)
    house.approve(row)
    assert start(house, row).state == start(house, row).state == "sealing"
    with pytest.raises(StateError, match="is sealing"):
        refuse(house, row)


@pytest.mark.parametrize(
    "name", ["BAR-7K4M-2XQ9-J-R1", "BAR-7K4M-2XQ9-J-R" + "9" * 7, "x", "0" * 32]
)
def test_what_is_not_there_is_unknown(house: House, name: str) -> None:
    with pytest.raises(UnknownError, match="no release"):
        house.look(lambda s: house.services.releases.find(s, name))


def test_a_release_is_found_by_its_name_in_any_case_and_by_its_identifier(
    house: House, exhibit: ExhibitRow
) -> None:
    row = propose(house, exhibit)
    for name in (f"{row.urn}-R1", f" {row.urn}-r1 ".lower(), str(row.id)):
        with house.services.transaction() as session:
            assert house.services.releases.find(session, name).id == row.id
