"""A house of before goes on in this version: nothing of it is lost, and its packages verify."""

import argparse
import gzip
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import select

from api.cli import verify
from api.cli.log import audit_log
from custody.audit.facts import AuditReport
from custody.errors import NotYetError
from custody.tables import OutboxRow
from evidence.mailbox.tables import MessageRow
from evidence.people.access import Role
from export.release.states import ReleaseState
from tests.houses import Estate, House, house_in, patiently

BEFORE = Path(__file__).parents[1] / "vectors" / "before"
FACTS: dict[str, Any] = json.loads((BEFORE / "facts.json").read_text())


@pytest.fixture(scope="module")
def house(estate: Estate, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Start this version on the database, the keys and the council of before."""
    folder = tmp_path_factory.mktemp("before")
    dump = gzip.decompress((BEFORE / "database.sql.gz").read_bytes()).decode()
    with estate.plot(folder, dump=dump) as settings:
        shutil.copy(BEFORE / "council.toml", settings.council_file)
        shutil.copytree(BEFORE / "keys", settings.keys)
        for path in (settings.keys, *settings.keys.iterdir()):
            path.chmod(0o700 if path.is_dir() else 0o600)  # a checkout knows no such rights
        with house_in(settings) as built:
            yield built


def agreed(house: House) -> AuditReport:
    """Audit the log once every event has its place in it."""
    with house.services.transaction() as session:
        if session.exec(select(OutboxRow).limit(1)).first() is not None:
            raise NotYetError("events wait for their place in the log")
    return audit_log(house.services, house.subjects[Role.AUDITOR])


def test_the_log_and_the_database_agree(house: House) -> None:
    report = patiently(lambda: agreed(house))
    assert not report.failed, [finding.words for finding in report.findings]
    assert report.size > 20


def test_who_had_a_token_still_has_it(house: House) -> None:
    for role in Role:
        token = FACTS["tokens"][role.value]
        with house.services.transaction() as session:
            subject = house.services.tokens.find(session, token)
        assert subject is not None
        assert subject.roles == {role}


def test_a_letter_that_waited_can_still_be_opened(house: House) -> None:
    (letter,) = FACTS["letters"]
    row = house.look(lambda s: s.get_one(MessageRow, UUID(letter["id"])))
    assert house.services.messages.open(row) == letter["says"]


def test_a_release_that_waited_can_be_approved(house: House) -> None:
    proposed = house.look(lambda s: house.services.releases.find(s, FACTS["proposed"]))
    assert proposed.state == ReleaseState.PROPOSED
    house.approve(proposed)
    after = house.look(lambda s: house.services.releases.find(s, FACTS["proposed"]))
    assert after.state == ReleaseState.APPROVED


def test_its_package_is_from_before_the_first_format_and_told_so(
    capsys: pytest.CaptureFixture[str],
) -> None:
    parser = argparse.ArgumentParser()
    verify.add_arguments(parser)
    assert verify.run(parser.parse_args([str(BEFORE / "package.zip")])) == 2
    out = " ".join(capsys.readouterr().out.split())
    assert "made by a version of Custos before the first format of packages" in out
    assert "UNREADABLE" in out


def test_its_trust_file_has_no_number_and_is_told_so(capsys: pytest.CaptureFixture[str]) -> None:
    parser = argparse.ArgumentParser()
    verify.add_arguments(parser)
    trust = BEFORE / "council.trust.json"
    assert verify.run(parser.parse_args([str(BEFORE / "package.zip"), "--trust", str(trust)])) == 2
    assert "has no number and no date" in capsys.readouterr().err
