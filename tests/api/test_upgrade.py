"""What a version before the first format left is told so, and left as it is."""

import argparse
import gzip
from pathlib import Path

import psycopg
import pytest

from api.cli.proof import verify
from api.running.supervisor import prepare
from api.settings.errors import SettingsError
from tests.houses import Estate, house_in

BEFORE = Path(__file__).parents[1] / "vectors" / "before"


def test_its_database_is_refused_and_nothing_of_it_is_changed(
    estate: Estate, tmp_path: Path
) -> None:
    dump = gzip.decompress((BEFORE / "database.sql.gz").read_bytes()).decode()
    with estate.plot(tmp_path, dump=dump) as settings:
        assert settings.engines is not None
        with pytest.raises(SettingsError, match="before the first format"):
            prepare(settings)
        url = settings.engines.owner_url.replace("postgresql+psycopg", "postgresql")
        with psycopg.connect(url) as connection:
            [version] = connection.execute("SELECT version_num FROM alembic_version").fetchall()
            [events] = connection.execute("SELECT count(*) FROM custody_event").fetchall()
            connection.execute("SELECT clock, taken_in FROM exhibit")
    assert version[0] < "0004"
    assert events[0] > 20


def test_events_that_say_too_little_of_their_rows_are_refused_and_left(
    estate: Estate, tmp_path: Path
) -> None:
    with estate.plot(tmp_path) as settings:
        with house_in(settings):
            pass  # its first start writes events
        assert settings.engines is not None
        url = settings.engines.owner_url.replace("postgresql+psycopg", "postgresql")
        with psycopg.connect(url) as connection:
            connection.execute("UPDATE alembic_version SET version_num = '0006'")
        with pytest.raises(SettingsError, match="say less than this one demands"):
            prepare(settings)
        with psycopg.connect(url) as connection:
            found = connection.execute("SELECT version_num FROM alembic_version").fetchall()
    assert found == [("0006",)]


def test_its_package_is_told_so(capsys: pytest.CaptureFixture[str]) -> None:
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
