"""A marked person goes the whole way, and leaves no mark where nothing could be erased.

Ledger entries, object keys, logs and jobs are kept for ever, copied and shown around: no name,
address, mailbox or free text may stand there. The plain rows, from which they can be erased, are
where the marks must be; otherwise this test would look for nothing.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from anyio.from_thread import start_blocking_portal
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient
from mypy_boto3_s3 import S3Client
from sqlalchemy import text
from sqlmodel import Session

from api.times import utc_now
from evidence.people.access import Role
from export.release.proposals import Delivery
from storage.embedded.engines import S3Access
from tests.api.web.collect.recipients import Mailbox, accept, come_in, download_address
from tests.api.web.visiting import Visitor
from tests.houses import NEW, WANTED, House

MARK, ADDRESS = "Quuxington", "203.0.113.77"
MARKS = (MARK, MARK.lower(), ADDRESS)


@contextmanager
def marked_visitor(app: FastAPI, house: House) -> Iterator[Visitor]:
    """Open a browser that comes from the marked address and says a marked name."""
    transport = ASGITransport(app, raise_app_exceptions=False, client=(ADDRESS, 4711))
    headers = {"User-Agent": f"{MARK}-browser/1.0", "X-Forwarded-For": ADDRESS}
    with start_blocking_portal() as portal:
        client = AsyncClient(transport=transport, base_url=house.settings.origin, headers=headers)
        with portal.wrap_async_context_manager(client):
            yield Visitor(house, client, portal)


@pytest.fixture(scope="module")
def walked(app: FastAPI, house: House) -> tuple[House, str]:
    """Let everything happen to the marked person; return the house, and what was logged."""
    with logged() as lines:
        walk(app, house)
    return house, "\n".join(lines)


@contextmanager
def logged() -> Iterator[list[str]]:
    """Collect what the processes write into their logs: see `api.running.processes.main`."""
    lines: list[str] = []

    class Keeping(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            # The client is ours here, and no part of the service.
            if record.name != "httpx":
                lines.append(self.format(record))

    root, handler = logging.getLogger(), Keeping(logging.INFO)
    before = root.level
    root.setLevel(logging.INFO)
    root.addHandler(handler)
    try:
        yield lines
    finally:
        root.removeHandler(handler)
        root.setLevel(before)


def walk(app: FastAPI, house: House) -> None:
    """Take in, hold, propose, approve, seal, collect, mistype, revoke: all of it marked."""
    services, operator = house.services, house.subjects[Role.OPERATOR]
    exhibit = house.exhibit(
        f"{MARK} no clip".encode(),
        replace(
            NEW,
            camera=f"{MARK} Street",
            title=f"{MARK} on the pavement",
            method=f"by {MARK}",
            clock_reference=f"the watch of {MARK}",
        ),
        name=f"{MARK}.mp4",
    )
    house.looked_at(exhibit.id)
    house.accept(exhibit)
    house.do(
        Role.OPERATOR,
        lambda s: services.holds.place(
            s, str(exhibit.id), by=operator, at=utc_now(), reason=f"asked by {MARK}"
        ),
    )
    services.holds.apply(exhibit.id)
    wanted = replace(
        WANTED,
        exhibits=(exhibit.reference,),
        recipient_name=f"Zebedee {MARK}",
        recipient_email=f"zebedee.{MARK.lower()}@barchester.police.example",
        organisation=f"{MARK} Constabulary",
        purpose=f"what {MARK} did",
        basis=f"{MARK} Act",
        delivery=Delivery.LINK,
    )
    release = house.do(
        Role.OPERATOR,
        lambda s: services.proposals.propose(s, wanted, by=operator, at=utc_now()),
    )
    house.approve(release)
    house.seal(release)
    box = Mailbox(house, release)
    with marked_visitor(app, house) as visitor:
        token = box.link()
        visitor.post(f"/collect/{token}/enter", {"code": MARK})
        visitor.post(f"/collect/{MARK}/code")
        come_in(visitor, box, token)
        accept(visitor)
        package = visitor.get(download_address(visitor))
        assert package.status_code == 200
        visitor.fill("/collect", {"sha256": MARK}, to="/collect/receipt")
        visitor.get(f"/nowhere/{MARK}")
    releaser = house.subjects[Role.RELEASER]
    house.do(
        Role.RELEASER,
        lambda s: services.revocations.revoke(
            s, str(release.id), by=releaser, at=utc_now(), reason=f"{MARK} asked"
        ),
    )


def test_the_marks_are_where_they_can_be_erased(walked: tuple[House, str]) -> None:
    house, _ = walked
    rows = "SELECT name || email FROM person UNION SELECT purpose FROM release"
    found = house.look(lambda s: s.connection().scalars(text(rows)).all())
    assert any(MARK in one for one in found)


def test_no_ledger_entry_names_anybody(walked: tuple[House, str]) -> None:
    house, _ = walked
    for query in ("SELECT entry FROM custody_event", "SELECT entry FROM log_entry"):
        entries = house.look(partial(_scalars, query))
        assert len(entries) > 10
        assert not any(mark.encode() in bytes(entry) for entry in entries for mark in MARKS)


def test_no_object_key_names_anybody(
    walked: tuple[House, str], s3: Callable[[S3Access], S3Client]
) -> None:
    house, _ = walked
    client, keys = s3(house.services.addresses.disposal), []
    for page in client.get_paginator("list_object_versions").paginate(
        Bucket=house.services.addresses.vault_bucket
    ):
        keys += [one["Key"] for one in page.get("Versions", ())]
    assert len(keys) >= 2
    assert not any(mark in key for key in keys for mark in MARKS)


def test_no_log_and_no_job_names_anybody(walked: tuple[House, str]) -> None:
    house, logged = walked
    jobs = house.look(partial(_scalars, "SELECT args::text FROM procrastinate_jobs"))
    assert jobs
    for said in (logged, *jobs):
        assert not any(mark in said for mark in MARKS)


def _scalars(query: str, session: Session) -> list[Any]:
    return list(session.connection().scalars(text(query)).all())
