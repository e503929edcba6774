"""What tests of releases do again and again, as people of the staff do it."""

from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from api.times import utc_now
from evidence.exhibits.particulars import NewFile
from evidence.exhibits.states import ExhibitState
from evidence.exhibits.tables import ExhibitRow
from evidence.people.access import Role, Subject
from export.delivery.handoffs import NewHandoff
from export.delivery.tables import HandoffRow
from export.holdings.files import files_of
from export.holdings.masters import Arrived
from export.release.proposals import ChosenFile, Delivery
from export.release.tables import ReleaseRow
from tests.houses import NEW, WANTED, House

INSURER = replace(
    WANTED,
    kind=WANTED.kind.INSURER,
    recipient_email="alex@insurer.example",
    organisation="Barset Insurance",
)


def second_releaser(house: House) -> Subject:
    """Return another releaser than the one of the house."""
    with house.services.transaction() as session:
        person = house.services.people.add(session, "Second Releaser")
        return house.services.people.subject(session, person, (Role.RELEASER,))


def propose(house: House, *names: str, by: str = Role.OPERATOR, **change: Any) -> ReleaseRow:  # noqa: ANN401
    """Propose a release of exhibits; an urgent one goes by link."""
    if change.get("urgent"):
        change.setdefault("delivery", Delivery.LINK)
    new = replace(WANTED, **{"exhibits": names, **change})
    return house.do(
        by,
        lambda s: house.services.proposals.propose(s, new, by=house.subjects[by], at=utc_now()),
    )


def approve(
    house: House,
    row: ReleaseRow,
    by: Subject,
    *,
    at: datetime | None = None,
    **more: Any,  # noqa: ANN401
) -> ReleaseRow:
    """Approve a release."""
    with house.services.transaction() as session:
        return house.services.decisions.approve(
            session, str(row.id), by=by, at=at or utc_now(), **more
        )


def second(
    house: House,
    row: ReleaseRow,
    by: Subject,
    *,
    at: datetime | None = None,
    **more: Any,  # noqa: ANN401
) -> ReleaseRow:
    """Confirm an urgent release."""
    with house.services.transaction() as session:
        return house.services.decisions.second(
            session, str(row.id), by=by, at=at or utc_now(), **more
        )


def revoke(
    house: House, row: ReleaseRow, role: str = Role.RELEASER, reason: str = "a mistake"
) -> ReleaseRow:
    """Take a release back."""
    return house.do(
        role,
        lambda s: house.services.revocations.revoke(
            s, str(row.id), by=house.subjects[role], at=utc_now(), reason=reason
        ),
    )


def hand_off(house: House, row: ReleaseRow, role: str = Role.OPERATOR, **change: str) -> HandoffRow:
    """Record a hand-off."""
    new = replace(NewHandoff("Evidence store", "E-1", "signed for it"), **change)
    return house.do(
        role,
        lambda s: house.services.handoffs.record(
            s, str(row.id), new, by=house.subjects[role], at=utc_now()
        ),
    )


def sealed(house: House, *names: str, **change: Any) -> ReleaseRow:  # noqa: ANN401
    """Propose, approve and seal a release."""
    row = propose(house, *names, **change)
    house.approve(row)
    house.seal(row)
    return again(house, row)


def again(house: House, row: ReleaseRow) -> ReleaseRow:
    """Return a release as it stands now."""
    return house.look(lambda s: s.get_one(ReleaseRow, row.id))


def by_link(house: House, *names: str, **change: Any) -> ReleaseRow:  # noqa: ANN401
    """Seal a release that goes by link, and issue it."""
    row = sealed(house, *names, delivery=Delivery.LINK, **change)
    house.services.links.issue(row.id)
    return again(house, row)


def exhibit_of(house: House, *contents: bytes, decided: bool = True) -> ExhibitRow:
    """Take in several files as one exhibit, look at them, and decide what needs a person."""
    uploads = [
        Arrived(house.store(content), f"clip-{number}.mp4")
        for number, content in enumerate(contents, 1)
    ]
    times = NewFile(NEW.displayed_start, NEW.displayed_end)
    new = replace(NEW, files=tuple(times for _ in contents))
    row = house.do(
        Role.OPERATOR,
        lambda s: house.services.masters.add(
            s, new, uploads, by=house.subjects[Role.OPERATOR], at=utc_now()
        ),
    )
    house.looked_at(row.id)
    looked_at = house.look(lambda s: s.get_one(ExhibitRow, row.id))
    if decided and looked_at.state == ExhibitState.ATTENTION:
        house.accept(row)
    return row


def chosen(row: ExhibitRow, *names: str) -> tuple[ChosenFile, ...]:
    """Choose files of an exhibit by name."""
    return tuple(ChosenFile(row.reference, name) for name in names)


def names_of(house: House, exhibit: UUID, *kinds: str) -> list[str]:
    """Return the names of an exhibit's files of some kinds."""
    return [file.name for file in house.look(lambda s: files_of(s, exhibit, *kinds))]
