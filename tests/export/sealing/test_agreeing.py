"""Nothing is sealed of a release whose rows, or whose exhibits' rows, the ledger does not know."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from psycopg import Connection
from sqlalchemy import make_url

from custody.errors import ProofError
from evidence.exhibits.tables import ExhibitRow
from evidence.people.access import Role
from export.release.tables import ReleaseRow
from export.sealing.steps import SealStep, SealStore
from tests.houses import Estate, House

CHANGES = {
    # Each undoes itself when it is made twice.
    "release.proposed": (
        "UPDATE release SET urn = reverse(urn)",
        "UPDATE release SET number = 3 - number",
        "UPDATE release SET link_days = -link_days",
        "UPDATE release SET delivery = reverse(delivery)",
        "UPDATE release SET purpose = reverse(purpose)",
        "UPDATE release SET organisation = reverse(organisation)",
        "UPDATE release SET with_master = NOT with_master",
        "UPDATE person SET email = reverse(email) WHERE id IN (SELECT recipient FROM release)",
    ),
    "release.approved": ("UPDATE release SET reason = reverse(reason)",),
    "exhibit.stored": (
        "UPDATE exhibit_file SET name = reverse(name)",
        "UPDATE exhibit_file SET key = reverse(key)",
        "UPDATE exhibit_file SET version = reverse(version)",
        "UPDATE exhibit_file SET crc32 = 4294967295 - crc32",
        """UPDATE exhibit SET findings = CASE jsonb_typeof(findings) WHEN 'array'
        THEN jsonb_build_object('was', findings) ELSE findings -> 'was' END""",
    ),
}


@contextmanager
def changed(superuser: Connection, change: str) -> Iterator[None]:
    superuser.execute(change.encode())
    try:
        yield
    finally:
        superuser.execute(change.encode())


@pytest.fixture
def superuser(estate: Estate, house: House) -> Iterator[Connection]:
    assert house.settings.engines is not None
    name = make_url(house.settings.engines.app_url).database or ""
    with estate.superuser.connect(name) as connection:
        yield connection


def steps(house: House, release: ReleaseRow) -> list[SealStep]:
    store = SealStore(release.id)
    with house.services.transaction() as session:
        return [one for one in SealStep if store.facts(session, one) is not None]


def test_a_changed_row_stops_the_sealing_before_it_begins_and_before_anything_is_signed(
    house: House, superuser: Connection, exhibit: ExhibitRow
) -> None:
    release = house.propose(exhibit.reference)
    house.approve(release)
    sealing, operator = house.services.sealing, house.subjects[Role.OPERATOR]
    house.do(
        Role.OPERATOR,
        lambda s: house.services.decisions.start_sealing(s, str(release.id), by=operator),
    )
    house.events(release.id)
    every = [(place, change) for place, some in CHANGES.items() for change in some]
    for place, change in every:
        with (
            changed(superuser, change),
            pytest.raises(ProofError, match=rf"{place}|uploads that it was made of"),
        ):
            sealing.seal(release.id)
    assert steps(house, release) == []
    for step in (SealStep.PAYLOAD, SealStep.CUSTODY):
        sealing.steps[step](SealStore(release.id))
    for place, change in every:
        with (
            changed(superuser, change),
            pytest.raises(ProofError, match=rf"{place}|uploads that it was made of"),
        ):
            sealing.seal(release.id)
    moved = "UPDATE custody_event SET at = '2100-01-01'::timestamptz - (at - '2000-01-01')"
    with (
        changed(superuser, moved),
        pytest.raises(ProofError, match="was changed in the database"),
    ):
        sealing.seal(release.id)
    assert steps(house, release) == [SealStep.PAYLOAD, SealStep.CUSTODY]
    sealing.seal(release.id)
    assert [name for name, _ in house.events(release.id)][-1] == "release.checked"
