"""A link, a code and a package leave only as the ledger says that they were made."""

from collections.abc import Callable, Iterator

import pytest
from psycopg import Connection
from sqlalchemy import make_url

from evidence.errors import StateError
from evidence.people.access import Role
from export.delivery.collections import HeldBackError
from export.release.tables import ReleaseRow
from tests.export.delivery.linking import TERMS, Desk
from tests.houses import Estate, House

CHANGES = (
    # Each undoes itself when it is made twice.
    "UPDATE link SET expires_at = '2100-01-01'::timestamptz - (expires_at - '2000-01-01')",
    "UPDATE link SET downloads_allowed = 9 - downloads_allowed",
    "UPDATE release SET organisation = reverse(organisation)",
    "UPDATE person SET email = reverse(email) WHERE id IN (SELECT recipient FROM release)",
    *(
        f"UPDATE seal_step SET facts = jsonb_set(facts, '{{{name}}}', "  # noqa: S608
        f"to_jsonb(reverse(facts ->> '{name}'))) WHERE step = '{step}'"
        for step, name in (("archive", "version"), ("archive", "key"), ("check", "sha256"))
    ),
)


@pytest.fixture
def superuser(estate: Estate, house: House) -> Iterator[Connection]:
    assert house.settings.engines is not None
    name = make_url(house.settings.engines.app_url).database or ""
    with estate.superuser.connect(name) as connection:
        yield connection


def test_what_the_ledger_says_of_a_link_decides_whatever_its_row_says(
    house: House, superuser: Connection, desk: Desk, release: ReleaseRow, token: str
) -> None:
    secret = desk.past(release, token)
    desk.accept(secret, TERMS)

    def refused(what: Callable[[], object]) -> None:
        with pytest.raises(HeldBackError, match="The council looks at this package again"):
            what()

    def every(*, what: Callable[[], object]) -> None:
        for change in CHANGES:
            superuser.execute(change.encode())
            refused(what)
            superuser.execute(change.encode())

    every(what=lambda: desk.authorise(secret))
    download = desk.authorise(secret)
    every(what=lambda: desk.package(secret, download.id))
    assert desk.package(secret, download.id)
    # No code goes to an address that nobody proposed.
    superuser.execute(CHANGES[3].encode())
    desk.ask(token)
    before = len(desk.names(release.id))
    with pytest.raises(StateError, match=r"recipient of link\.issued"):
        desk.work(token)
    superuser.execute(CHANGES[3].encode())
    assert len(desk.names(release.id)) == before
    # Staff, too, take nothing out that lies elsewhere than the ledger says.
    operator, packages = house.subjects[Role.OPERATOR], house.services.packages
    for change in CHANGES[4:]:
        superuser.execute(change.encode())
        with pytest.raises(StateError, match=r"facts of release\.assembled|sha256 of release\.che"):
            house.do(Role.OPERATOR, lambda s: packages.find(s, str(release.id), by=operator))
        superuser.execute(change.encode())
    # What was taken back stays taken back, though the rows say that it never was.
    house.do(
        Role.RELEASER,
        lambda s: house.services.revocations.revoke(
            s,
            str(release.id),
            by=house.subjects[Role.RELEASER],
            at=house.services.clock(),
            reason="sent to the wrong person",
        ),
    )
    superuser.execute("UPDATE link SET revoked_at = NULL")
    superuser.execute("UPDATE release SET state = 'sealed', ended_at = NULL, ended_by = NULL")
    refused(lambda: desk.package(secret, download.id))
