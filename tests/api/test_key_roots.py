"""The key that wraps records' keys opens nothing else; what waited under it is not lost."""

import secrets
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from itsdangerous import BadSignature
from sqlmodel import select

from api.running.supervisor import prepare
from api.services import Services
from api.times import utc_now
from api.web.public.signin import _signer
from api.wiring import build
from custody.errors import KeyStoreError
from evidence.mailbox.codes import Gates
from evidence.mailbox.messages import Messages
from evidence.mailbox.tables import MessageRow
from evidence.secrets import make_secret, secret_digest
from export.delivery.letters import DeliveryLetter
from tests.houses import House

PRIVATE = {"token": "a-token", "expires": "2026-12-05T03:05:11Z"}
FILES = ("cookie-hmac.key", "code-hmac.key", "letter-aead.key", "roots.json", "checks.json")
ROOTS = (*FILES, "document-aead.key", "documents.json")


def of_before(services: Services) -> Messages:
    """Return the messages as the version before the roots made them."""
    return Messages(
        services.jobs,
        key=services.keyring.record_kek,
        random=secrets.token_bytes,
        new_id=uuid.uuid4,
    )


def queued(services: Services, messages: Messages, at: datetime) -> MessageRow:
    once = f"test:{uuid.uuid4()}"
    with services.transaction() as session:
        person = services.people.known(session, "a recipient")
        messages.queue(
            session,
            DeliveryLetter.LINK,
            person=person,
            about=uuid.uuid4(),
            once=once,
            private=PRIVATE,
            at=at,
        )
    with services.transaction() as session:
        return session.exec(select(MessageRow).where(MessageRow.once == once)).one()


@pytest.fixture
def older(house: House, tmp_path: Path) -> House:
    """Return the house as it stood before the roots, with a copy of its keys."""
    shutil.copytree(house.settings.keys, tmp_path / "keys")
    for name in ROOTS:
        (tmp_path / "keys" / name).unlink()
    settings = replace(
        house.settings, data=tmp_path, keys=tmp_path / "keys", engines=house.services.addresses
    )
    return replace(house, settings=settings)


@contextmanager
def started(house: House) -> Iterator[Services]:
    """Start this version over it."""
    prepare(house.settings)
    services = build(house.settings, pool_size=2)
    try:
        yield services
    finally:
        services.close()


def test_a_letter_that_waited_over_the_upgrade_still_opens(house: House, older: House) -> None:
    row = queued(house.services, of_before(house.services), utc_now())
    with pytest.raises(KeyStoreError, match="start `custos up` once"):
        build(older.settings)
    with started(older) as services:
        assert services.roots.since > row.queued_at
        assert services.messages.open(row) == PRIVATE
        new = queued(services, services.messages, services.roots.since)
        assert services.messages.open(new) == PRIVATE
    with started(older) as again:
        assert [again.messages.open(one) for one in (row, new)] == [PRIVATE, PRIVATE]


def test_no_later_letter_opens_with_the_key_of_the_records(house: House) -> None:
    services = house.services
    ours = queued(services, services.messages, services.roots.since)
    with pytest.raises(KeyStoreError):
        of_before(services).open(ours)
    forged = queued(services, of_before(services), services.roots.since)
    with pytest.raises(KeyStoreError, match=r"letter-aead\.key"):
        services.messages.open(forged)
    early = queued(services, of_before(services), services.roots.since - timedelta(seconds=1))
    assert services.messages.open(early) == PRIVATE


def test_no_code_is_checked_by_the_key_of_the_records(house: House) -> None:
    now, digest = utc_now(), secret_digest(make_secret(secrets.token_bytes))
    old = Gates(
        house.services.messages, key=house.services.keyring.record_kek, random=secrets.token_bytes
    )
    new = house.services.links._gates
    with house.services.transaction() as session:
        gate = new.open(session, digest, at=now)
        code = new._draw(gate, at=now)
        assert not old.check(gate, code, at=now)
        assert new.check(gate, code, at=now)


def test_no_sign_in_is_signed_by_the_key_of_the_records(house: House) -> None:
    services = house.services
    record_kek = services.keyring.record_kek
    old = replace(services, roots=replace(services.roots, cookies=record_kek))
    kept = _signer(old).dumps({"state": "s"})
    assert _signer(old).loads(kept) == {"state": "s"}
    with pytest.raises(BadSignature):
        _signer(services).loads(kept)
