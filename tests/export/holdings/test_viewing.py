"""Each view of footage is one event, belongs to one person, and ends."""

from collections.abc import Mapping
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlmodel import Session, func, select

from api.times import utc_now
from custody.formats.disclosure import open_event, parse_events
from custody.ledger.ledger import Ledger
from evidence.errors import AccessRefusedError, StateError, UnknownError
from evidence.exhibits.tables import ExhibitRow
from evidence.people.access import Role
from export.desk.claims.claims import claims
from export.holdings.files import CONTACT_SHEET, COPY, FRAMES
from export.holdings.tables import ExhibitFileRow, ViewingRow
from export.holdings.views import LASTS, Views
from export.package.format import layout
from export.sealing.steps import SealStore
from storage.columns import stored_columns
from tests.houses import House, clip, digest

NOW = utc_now()


def give(house: House, exhibit: ExhibitRow, kind: str, position: int, content: bytes) -> UUID:
    """Store a file of an exhibit, as the worker does after a copy was compared."""
    stored = house.services.vault.put_stream(f"derived/{uuid4()}", BytesIO(content))
    row = ExhibitFileRow(
        id=uuid4(),
        exhibit=exhibit.id,
        kind=kind,
        position=position,
        name=f"{kind}-{position}",
        stored_at=NOW,
        **stored_columns(stored),
    )
    house.look(lambda session: session.add(row))
    return row.id


@pytest.fixture
def exhibit(house: House) -> ExhibitRow:
    row = house.exhibit()
    give(house, row, COPY, 0, b"the first copy")
    give(house, row, CONTACT_SHEET, 0, b"its contact sheet")
    give(house, row, FRAMES, 0, b"its frames")
    give(house, row, COPY, 1, b"the second copy")
    return row


def open_view(
    house: House, exhibit: ExhibitRow, role: str = Role.OPERATOR, copy: UUID | None = None
) -> UUID:
    return house.do(
        role,
        lambda session: (
            house.services.views.open(
                session, exhibit.reference, copy=copy, by=house.subjects[role], at=NOW
            ).id
        ),
    )


def media(
    house: House,
    viewing: UUID,
    kind: str,
    role: str = Role.OPERATOR,
    after: timedelta = timedelta(),
) -> ExhibitFileRow:
    return house.do(
        role,
        lambda session: house.services.views.media(
            session, viewing, kind, by=house.subjects[role], at=NOW + after
        ),
    )


def viewings(house: House) -> int:
    return house.look(lambda s: s.exec(select(func.count()).select_from(ViewingRow)).one())


def viewed(house: House, exhibit: ExhibitRow) -> list[dict[str, object]]:
    return [values for name, values in house.events(exhibit.id) if name == "exhibit.viewed"]


def test_a_view_is_one_event_that_says_who_and_which_copy(
    house: House, exhibit: ExhibitRow
) -> None:
    viewing = open_view(house, exhibit)
    media(house, viewing, COPY)
    media(house, viewing, COPY)
    media(house, viewing, CONTACT_SHEET)
    (values,) = viewed(house, exhibit)
    assert values["actor"] == house.subjects[Role.OPERATOR].words
    assert values["role"] == "operator"
    assert values["copy"] == digest(b"the first copy")
    open_view(house, exhibit, Role.RELEASER)
    assert [one["role"] for one in viewed(house, exhibit)] == ["operator", "releaser"]


def test_the_copy_that_is_chosen_is_the_one_that_is_recorded_and_shown(
    house: House, exhibit: ExhibitRow
) -> None:
    second = house.look(lambda s: house.services.views.copies(s, exhibit.id))[1]
    viewing = open_view(house, exhibit, copy=second.id)
    assert media(house, viewing, COPY).sha256 == digest(b"the second copy")
    assert viewed(house, exhibit)[-1]["copy"] == digest(b"the second copy")
    with pytest.raises(UnknownError):  # the sheet is of the first copy
        media(house, viewing, CONTACT_SHEET)


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.GOVERNANCE, Role.ADMINISTRATOR, "nobody"])
def test_without_the_role_there_is_no_view_and_a_refusal(
    house: House, exhibit: ExhibitRow, role: str
) -> None:
    viewing, before = open_view(house, exhibit), viewings(house)
    with pytest.raises(AccessRefusedError):
        open_view(house, exhibit, role)
    with pytest.raises(AccessRefusedError):
        media(house, viewing, COPY, role)
    assert viewings(house) == before
    assert len(viewed(house, exhibit)) == 1


def test_nobody_plays_what_somebody_else_opened(house: House, exhibit: ExhibitRow) -> None:
    viewing = open_view(house, exhibit, Role.OPERATOR)
    with pytest.raises(AccessRefusedError, match="somebody else opened this view"):
        media(house, viewing, COPY, Role.RELEASER)


def test_a_view_ends_after_an_hour(house: House, exhibit: ExhibitRow) -> None:
    viewing = open_view(house, exhibit)
    media(house, viewing, COPY, after=LASTS - timedelta(seconds=1))
    with pytest.raises(StateError, match="has ended"):
        media(house, viewing, COPY, after=LASTS)


@pytest.mark.parametrize("kind", ["master", FRAMES, "", "derivation"])
def test_a_view_shows_nothing_but_its_copy_and_contact_sheet(
    house: House, exhibit: ExhibitRow, kind: str
) -> None:
    with pytest.raises(UnknownError):
        media(house, open_view(house, exhibit), kind)


def test_what_is_no_copy_of_the_exhibit_is_not_watched(house: House, exhibit: ExhibitRow) -> None:
    other = house.exhibit()
    master = house.look(
        lambda s: s.exec(
            select(ExhibitFileRow.id).where(
                ExhibitFileRow.exhibit == exhibit.id, ExhibitFileRow.kind == "master"
            )
        ).one()
    )
    foreign = give(house, other, COPY, 0, b"of another exhibit")
    for copy in (master, foreign, uuid4()):
        with pytest.raises(UnknownError):
            open_view(house, exhibit, copy=copy)
    assert viewed(house, exhibit) == []


def test_an_exhibit_without_a_copy_says_so(house: House) -> None:
    with pytest.raises(StateError, match="no working copy"):
        open_view(house, house.exhibit())


def test_a_view_that_never_was_is_unknown(house: House) -> None:
    with pytest.raises(UnknownError):
        media(house, uuid4(), COPY)


def test_an_event_that_cannot_be_written_leaves_no_view(house: House, exhibit: ExhibitRow) -> None:
    class Broken:
        def append(self, *_: object, **__: object) -> None:
            raise ZeroDivisionError

    services, before = house.services, viewings(house)
    views = Views(services.exhibits, Broken(), new_id=uuid4)  # type: ignore[arg-type]
    operator = house.subjects[Role.OPERATOR]
    with pytest.raises(ZeroDivisionError):
        house.do(Role.OPERATOR, lambda s: views.open(s, exhibit.reference, by=operator, at=NOW))
    assert viewings(house) == before


def test_the_audit_is_told_of_every_view(house: House, exhibit: ExhibitRow) -> None:
    open_view(house, exhibit)
    second = house.look(lambda s: house.services.views.copies(s, exhibit.id))[1]
    open_view(house, exhibit, copy=second.id)
    expected = claimed(house, exhibit, "exhibit.viewed")
    logged = {one["copy"] for one in viewed(house, exhibit)}
    assert len(expected) == 2
    assert {one["copy"] for one in expected} == logged


def claimed(house: House, exhibit: ExhibitRow, event: str) -> list[Mapping[str, object]]:
    """Return what the database says that the ledger must hold of an exhibit."""
    found = house.look(lambda s: [one for one in claims(s) if one.record == exhibit.id])
    return [expected.values for expected in found[0].events[event]]


def test_a_view_in_the_midst_of_a_sealing_leaves_a_package_that_is_whole(
    house: House, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    exhibit = house.exhibit(clip(tmp_path).read_bytes())
    house.looked_at(exhibit.id)
    release = house.propose(exhibit.reference)
    house.approve(release)
    read = Ledger.history

    def meanwhile(ledger: Ledger, session: Session, record: UUID, **more: Any) -> Any:  # noqa: ANN401
        found = read(ledger, session, record, **more)
        if record == exhibit.id:
            open_view(house, exhibit)
        return found

    with monkeypatch.context() as patched:
        patched.setattr(Ledger, "history", meanwhile)
        house.seal(release)
    assert len(viewed(house, exhibit)) == 1
    (sealed,) = (values for name, values in house.events(release.id) if name == "release.sealed")
    small = house.look(lambda s: SealStore(release.id).small(s))
    told = [open_event(event) for event in parse_events(small[layout.EVENTS])]
    own = [event["n"] for event in told if event["record"] == str(exhibit.id)]
    heads = sealed["exhibits"]
    assert isinstance(heads, list)
    assert [head["n"] for head in heads] == [own[-1]]
    assert own == list(range(len(own)))
