"""The disclosure register: when, to whom, why and how, and a file that no spreadsheet runs."""

import csv
import io
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from sqlmodel import select

from api.times import utc_now
from custody.ledger.tables import CustodyEventRow
from evidence.errors import AccessRefusedError, InvalidError
from evidence.exhibits.tables import ExhibitRow
from evidence.people.access import Role
from export.delivery.packages import Way
from export.delivery.tables import CollectionRow, DownloadRow, ReceiptRow
from export.desk.disclosures import Disclosure, How, Period, parse_period
from export.desk.spreadsheet import COLUMNS, defused, format_register
from export.release.proposals import Delivery
from export.release.releases import label, recipient_of
from export.release.tables import ReleaseRow
from tests.export.release.release_acts import by_link, chosen, hand_off, names_of, revoke, sealed
from tests.houses import House

ENTRY = Disclosure(
    at=datetime(2026, 7, 1, 11, 0, tzinfo=UTC),
    how=How.LINK,
    release="BAR-7K4M-2XQ9-J-R1",
    person="DC Zoë Example",
    email="zoe@barchester.police.example",
    organisation="Barchester Constabulary",
    kind="police",
    why="investigation of a collision,\non the High Street",
    basis="DPA 2018 Sch 2 para 2",
    exhibits=("JS/1 with master", "JS/2 without master"),
    files=6,
    sha256="ab" * 32,
    approved_by=("A. Khan", "B. Jones"),
    taken_by="DC Zoë Example",
    role="recipient",
    detail="",
    receipt=datetime(2026, 12, 1, 11, 0, tzinfo=UTC),
)


@pytest.fixture(scope="module")
def exhibit(house: House) -> ExhibitRow:
    return house.unplayable()


def entries(
    house: House, period: Period | None = None, role: str = Role.GOVERNANCE
) -> list[Disclosure]:
    return house.do(
        role,
        lambda s: list(
            house.services.register.entries(s, period or Period(), by=house.subjects[role])
        ),
    )


def of(house: House, row: ReleaseRow) -> list[Disclosure]:
    return [entry for entry in entries(house) if entry.release == label(row)]


def downloaded(house: House, row: ReleaseRow, at: datetime, *, receipt: bool = False) -> None:
    """Do what the recipient does, as the rows keep it."""
    with house.services.transaction() as session:
        (link,) = house.services.links.of(session, row.id)
        collection = CollectionRow(
            id=UUID(int=link.id.int ^ 1),
            secret_sha256=f"of {link.id}",
            link=link.id,
            started_at=at,
            seen_at=at,
        )
        session.add(collection)
        session.flush()
        download = DownloadRow(
            id=UUID(int=link.id.int ^ 2), collection=collection.id, link=link.id, authorised_at=at
        )
        session.add(download)
        session.flush()
        for number in range(2):
            house.services.packages.mark_left(
                session,
                session.get_one(ReleaseRow, row.id),
                Way.LINK,
                to=recipient_of(session, row),
                role="recipient",
                at=at + timedelta(hours=number),
                download=download.id,
            )
        if receipt:
            session.add(ReceiptRow(collection=collection.id, sha256="", confirmed_at=at))


def test_a_package_that_staff_fetched_is_a_disclosure(house: House, exhibit: ExhibitRow) -> None:
    row = sealed(house, exhibit.reference)
    assert of(house, row) == []
    for role in (Role.OPERATOR, Role.RELEASER):
        house.do(
            role,
            lambda s, role=role: house.services.packages.collect(  # type: ignore[misc]
                s, str(row.id), by=house.subjects[role], at=utc_now()
            ),
        )
    later, entry = of(house, row)
    assert (entry.how, entry.taken_by, entry.role) == (How.STAFF, "Test operator", "operator")
    assert (later.how, later.taken_by, later.role) == (How.STAFF, "Test releaser", "releaser")
    assert (entry.person, entry.organisation) == ("DC Alex Example", "Barchester Constabulary")
    assert (entry.why, entry.basis) == (row.purpose, row.basis)
    assert entry.exhibits == (f"{exhibit.reference} with master",)
    assert entry.files == 1
    assert entry.approved_by == ("Test releaser",)
    package = house.look(lambda s: house.services.packages.package(s, row))
    assert entry.sha256 == package.sha256


def test_a_hand_off_is_a_disclosure_by_its_own_time(house: House, exhibit: ExhibitRow) -> None:
    row = sealed(house, exhibit.reference, delivery=Delivery.HANDOFF)
    handoff = hand_off(house, row)
    (entry,) = of(house, row)
    assert (entry.how, entry.at) == (How.HANDOFF, handoff.at)
    assert entry.detail == "Evidence store, reference E-1"
    assert (entry.taken_by, entry.role) == ("Test operator", "operator")


def test_a_link_that_nobody_followed_is_marked_and_no_disclosure(
    house: House, exhibit: ExhibitRow
) -> None:
    row = by_link(house, exhibit.reference)
    (entry,) = of(house, row)
    assert (entry.how, entry.how.happened) == (How.OFFERED, False)
    revoke(house, row)
    assert [entry.how for entry in of(house, row)] == [How.OFFERED]


def test_each_begun_download_is_a_disclosure_and_its_receipt_stands_beside_it(
    house: House, exhibit: ExhibitRow
) -> None:
    row, now = by_link(house, exhibit.reference), utc_now()
    downloaded(house, row, now, receipt=True)
    later, entry = of(house, row)
    assert (entry.how, entry.at, entry.receipt) == (How.LINK, now, now)
    assert (later.at, later.receipt) == (now + timedelta(hours=1), now)
    assert (entry.taken_by, entry.role) == ("DC Alex Example", "recipient")
    hand_off(house, row)
    assert {(one.how, one.receipt) for one in of(house, row)} == {
        (How.HANDOFF, None),
        (How.LINK, now),
    }


def test_what_was_chosen_is_what_is_told(house: House, exhibit: ExhibitRow) -> None:
    (name,) = names_of(house, exhibit.id, "master")
    row = sealed(house, exhibit.reference, files=chosen(exhibit, name))
    hand_off(house, row)
    (entry,) = of(house, row)
    assert (entry.exhibits, entry.files) == ((f"{exhibit.reference} with master",), 1)


def test_the_newest_stands_first_and_days_are_those_of_the_council(
    house: House, exhibit: ExhibitRow
) -> None:
    row = by_link(house, exhibit.reference)
    # Half past midnight in Barchester, while it is still the day before in Greenwich.
    downloaded(house, row, datetime(2031, 7, 1, 23, 30, tzinfo=UTC))
    everything = entries(house)
    assert [entry.at for entry in everything] == sorted((e.at for e in everything), reverse=True)
    second = date(2031, 7, 2)
    assert {e.release for e in entries(house, Period(second, second))} == {label(row)}
    assert entries(house, Period(second + timedelta(days=1), None)) == []
    first = second - timedelta(days=1)
    assert label(row) not in [e.release for e in entries(house, Period(None, first))]


def test_to_take_it_out_as_a_file_is_an_event_and_to_read_it_is_none(
    house: House, exhibit: ExhibitRow
) -> None:
    row = sealed(house, exhibit.reference)
    hand_off(house, row)
    governance = house.subjects[Role.GOVERNANCE]

    def exported() -> list[dict[str, object]]:
        statement = select(CustodyEventRow.record).where(
            CustodyEventRow.event == "register.exported"
        )
        records = house.look(lambda s: s.exec(statement).all())
        return [values for record in records for _, values in house.events(record)]

    before = exported()
    read = entries(house, Period(date(2026, 1, 1), None))
    assert exported() == before
    period, now = Period(date(2026, 1, 1), None), utc_now()
    taken = house.do(
        Role.GOVERNANCE,
        lambda s: list(house.services.register.export(s, period, by=governance, at=now)),
    )
    assert taken == read
    [event] = [one for one in exported() if one not in before]
    assert event["actor"] == governance.words
    assert (event["role"], event["what"]) == (
        "governance",
        "disclosure register, 2026-01-01 to today",
    )
    with pytest.raises(AccessRefusedError):
        house.do(
            Role.OPERATOR,
            lambda s: list(
                house.services.register.export(s, period, by=house.subjects[Role.OPERATOR], at=now)
            ),
        )


@pytest.mark.parametrize("role", [*Role, "nobody"])
def test_who_may_read_it(house: House, role: str) -> None:
    if role in {Role.GOVERNANCE, Role.AUDITOR, Role.RELEASER}:
        entries(house, role=role)
        return
    with pytest.raises(AccessRefusedError):
        entries(house, role=role)


@pytest.mark.parametrize(
    ("first", "last", "field"),
    [("soon", "", "first"), ("", "2026-02-30", "last"), ("2026-11-21", "2026-11-20", "last")],
)
def test_a_period_that_cannot_be_right_is_refused(first: str, last: str, field: str) -> None:
    with pytest.raises(InvalidError) as refused:
        parse_period(first, last)
    assert refused.value.field == field


def read(text: str) -> list[dict[str, str]]:
    assert text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(text[1:], newline="")))


def test_the_file_is_read_back_as_it_was_written() -> None:
    text = "".join(format_register([ENTRY]))
    (row,) = read(text)
    assert tuple(row) == COLUMNS
    assert row["Date and time"] == "2026-07-01T12:00:00+01:00"
    assert row["Receipt confirmed"] == "2026-12-01T11:00:00+00:00"
    assert row["Person"] == "DC Zoë Example"
    assert row["Why"] == ENTRY.why
    assert row["What"] == "JS/1 with master; JS/2 without master"
    assert row["Approved by"] == "A. Khan; B. Jones"
    assert (row["Taken out by"], row["In the role"]) == ("DC Zoë Example", "recipient")
    assert row["SHA-256 of the package"] == "ab" * 32
    assert (row["Disclosed"], row["How"]) == ("yes", "secure link")
    assert text.count("\r\n") == 2


def test_what_was_only_offered_says_so_in_the_file() -> None:
    (row,) = read("".join(format_register([replace(ENTRY, how=How.OFFERED, receipt=None)])))
    assert (row["Disclosed"], row["Receipt confirmed"]) == ("no", "")
    assert row["How"] == "offered by secure link, not collected"


EVIL = [
    '=HYPERLINK("https://evil.example";"x")',
    "+1+1",
    "-1+1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "  =1",
    "\uff1d1+1",
]


@pytest.mark.parametrize("evil", EVIL)
@pytest.mark.parametrize(
    "field",
    ["person", "organisation", "why", "basis", "email", "detail", "release", "taken_by", "role"],
)
def test_no_cell_is_a_formula(evil: str, field: str) -> None:
    change: dict[str, str] = {field: evil}
    text = "".join(format_register([replace(ENTRY, **change)]))  # type: ignore[arg-type]
    for row in csv.reader(io.StringIO(text[1:], newline="")):
        for cell in row:
            assert cell.lstrip()[:1] not in "=+-@\uff1d" or not cell
    assert defused(evil) == f"'{evil}"


def test_no_cell_hides_or_turns_anything() -> None:
    evil = replace(ENTRY, person="Zo\u202e\u200b\x1b[2J", taken_by="\u2066x")
    (row,) = read("".join(format_register([evil])))
    assert row["Person"] == r"Zo\u202e\u200b\x1b[2J"
    assert row["Taken out by"] == r"\u2066x"


def test_what_is_no_formula_stays_as_it_is() -> None:
    for cell in ("", "DC Example", "a=b", "2026-07-01", "'quoted"):
        assert defused(cell) == cell
