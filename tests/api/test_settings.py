"""Settings: every default is a demonstration, and production runs with none of its parts."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from api.settings import (
    DEMONSTRATION_COUNCIL,
    NAMES,
    Council,
    Settings,
    SettingsError,
    parse_council,
    read_settings,
    refuse_demonstration,
)
from api.supervisor import prepare
from api.wiring import build, ensure_council
from custody.errors import KeyStoreError
from custody.keyring import load_or_make_demonstration

ROOT = Path(__file__).parents[2]
REAL = Council("Real Council", "REA", "custody.council.gov.uk/log", False, 31)
TSA = {"CUSTOS_TSA_URL": "https://tsa.council.gov.uk", "CUSTOS_TSA_CHAIN": "/etc/tsa.pem"}
OUTSIDE = {
    "CUSTOS_DATABASE_OWNER_URL": "postgresql+psycopg://owner@db/custos",
    "CUSTOS_DATABASE_URL": "postgresql+psycopg://app@db/custos",
    "CUSTOS_S3_ENDPOINT": "https://s3.council.gov.uk",
    "CUSTOS_S3_INTAKE_KEY": "ik",
    "CUSTOS_S3_INTAKE_SECRET": "is",
    "CUSTOS_S3_PUBLISHER_KEY": "pk",
    "CUSTOS_S3_PUBLISHER_SECRET": "ps",
    "CUSTOS_S3_DISPOSAL_KEY": "dk",
    "CUSTOS_S3_DISPOSAL_SECRET": "ds",
}


def production(**more: str) -> Settings:
    return read_settings({"CUSTOS_ENV": "production", **TSA, **more})


def refusal(settings: Settings, council: Council = REAL, *, keys: bool = False) -> str:
    with pytest.raises(SettingsError) as refused:
        refuse_demonstration(settings, council, keys_are_demonstration=keys)
    return str(refused.value)


def test_nothing_configured_is_a_demonstration_on_this_machine_only(tmp_path: Path) -> None:
    settings = read_settings({}, data=tmp_path)
    assert not settings.production
    assert (settings.host, settings.port, settings.engines) == ("127.0.0.1", 8000, None)
    assert settings.keys == tmp_path / "keys"
    assert settings.council_file == tmp_path / "council.toml"
    assert settings.tokens == tmp_path / "tokens"


def test_production_with_parts_of_its_own_is_let_through() -> None:
    refuse_demonstration(production(), REAL, keys_are_demonstration=False)


def test_a_demonstration_may_use_every_demonstration_part() -> None:
    council = parse_council(DEMONSTRATION_COUNCIL)
    refuse_demonstration(read_settings({}), council, keys_are_demonstration=True)


def test_production_refuses_the_demonstration_council_by_name() -> None:
    assert "Real Council" in refusal(production(), replace(REAL, demonstration=True))


def test_production_refuses_demonstration_keys() -> None:
    assert "CUSTOS_KEYS" in refusal(production(), keys=True)


def test_production_refuses_the_test_time_authority() -> None:
    settings = read_settings({"CUSTOS_ENV": "production"})
    assert "CUSTOS_TSA_URL and CUSTOS_TSA_CHAIN" in refusal(settings)


@pytest.mark.parametrize(
    "origin",
    [
        parse_council(DEMONSTRATION_COUNCIL).origin,
        "log.test",
        "localhost:8000/log",
        "LOG.EXAMPLE/x",
    ],
)
def test_production_refuses_an_origin_that_nobody_owns(origin: str) -> None:
    assert "log.origin" in refusal(production(), replace(REAL, origin=origin))


def test_an_origin_that_only_looks_invented_is_let_through() -> None:
    council = replace(REAL, origin="example.council.gov.uk/test")
    refuse_demonstration(production(), council, keys_are_demonstration=False)


def test_production_names_all_that_is_wrong_at_once() -> None:
    settings = read_settings({"CUSTOS_ENV": "production"})
    words = refusal(settings, parse_council(DEMONSTRATION_COUNCIL), keys=True)
    for name in ("CUSTOS_COUNCIL", "CUSTOS_KEYS", "CUSTOS_TSA_URL", "log.origin"):
        assert name in words
    assert words.count("\n  - ") == 4


def test_production_makes_no_council_and_no_keys_by_itself(tmp_path: Path) -> None:
    settings = read_settings({"CUSTOS_ENV": "production", **TSA}, data=tmp_path)
    with pytest.raises(SettingsError, match=r"council\.toml cannot be read"):
        ensure_council(settings)
    settings.council_file.write_text(DEMONSTRATION_COUNCIL)
    with pytest.raises(KeyStoreError):
        prepare(settings)
    assert [path.name for path in tmp_path.iterdir()] == ["council.toml"]


def test_an_environment_of_another_name_is_refused() -> None:
    with pytest.raises(SettingsError, match="CUSTOS_ENV is 'prod'"):
        read_settings({"CUSTOS_ENV": "prod"})


def test_a_misspelt_setting_is_refused_and_not_taken_for_a_demonstration() -> None:
    with pytest.raises(SettingsError, match="CUSTOS_EVN"):
        read_settings({"CUSTOS_EVN": "production"})


def test_other_programs_variables_are_none_of_our_business() -> None:
    assert not read_settings({"HOME": "/root", "MY_CUSTOS_ENV": "production"}).production


def test_an_empty_variable_counts_as_not_set(tmp_path: Path) -> None:
    empty = dict.fromkeys(NAMES, "")
    assert read_settings(empty, data=tmp_path) == read_settings({}, data=tmp_path)


@pytest.mark.parametrize("alone", TSA)
def test_half_a_time_authority_is_refused(alone: str) -> None:
    with pytest.raises(SettingsError, match="belong together"):
        read_settings({alone: TSA[alone]})


@pytest.mark.parametrize("port", ["0", "65536", "-1", "eighty", "8 0", "٨٠٠٠", "1e3"])
def test_what_is_no_port_is_refused(port: str) -> None:
    with pytest.raises(SettingsError, match="CUSTOS_PORT"):
        read_settings({"CUSTOS_PORT": port})


def test_the_command_line_wins_over_the_environment(tmp_path: Path) -> None:
    environ = {"CUSTOS_DATA": "/elsewhere", "CUSTOS_PORT": "9000"}
    settings = read_settings(environ, data=tmp_path, port=9001)
    assert (settings.data, settings.port) == (tmp_path, 9001)


def test_outside_engines_are_used_as_they_are_given() -> None:
    engines = read_settings(OUTSIDE).engines
    assert engines is not None
    assert engines.owner_url.endswith("owner@db/custos")
    assert engines.disposal.secret_key == "ds"
    assert (engines.vault_bucket, engines.intake.region) == ("custos-vault", "us-east-1")


@pytest.mark.parametrize("missing", OUTSIDE)
def test_outside_engines_are_given_whole_or_not_at_all(missing: str) -> None:
    rest = {name: value for name, value in OUTSIDE.items() if name != missing}
    with pytest.raises(SettingsError, match=missing):
        read_settings(rest)


def test_no_setting_shows_a_secret_when_it_is_printed() -> None:
    shown = repr(read_settings({**OUTSIDE, "CUSTOS_DATABASE_URL": "postgresql://a:hunter2@db/c"}))
    assert "hunter2" not in shown
    assert "'ds'" not in shown


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (('= "BAR"', '= "bar"'), "urn_prefix"),
        (('= "BAR"', "= 7"), "texts"),
        (("Barchester Council", "Barchester\\nCouncil"), "one line"),
        (("days = 31", "days = 0"), "retention.days"),
        (("days = 31", "days = true"), "retention.days"),
        (("days = 31", "days = 99999999"), "retention.days"),
        (("days = 31", "day = 31"), "retention.day"),
        (("demonstration = true", "demo = true"), "no demo"),
        (("demonstration = true", "demonstration = 'no'"), "true or false"),
        (("custody.barchester.example/log", "https://custody.example/log"), "log.origin"),
        (("custody.barchester.example/log", "two words"), "log.origin"),
        (("origin =", "origins ="), "cannot be read"),
        (("[log]", "log"), "cannot be read"),
        (("[log]", "log = 3\n[logs]"), "cannot be read"),
    ],
)
def test_a_council_file_with_a_mistake_is_refused(change: tuple[str, str], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        parse_council(DEMONSTRATION_COUNCIL.replace(*change))


def test_every_setting_is_described() -> None:
    described = (ROOT / "docs/configuration.md").read_text(encoding="utf-8")
    assert [name for name in sorted(NAMES) if f"`{name}`" not in described] == []


def test_production_with_nothing_made_yet_names_all_that_is_missing() -> None:
    settings = read_settings({"CUSTOS_ENV": "production"})
    with pytest.raises(SettingsError) as refused:
        refuse_demonstration(settings, None, keys_are_demonstration=None)
    for name in ("CUSTOS_COUNCIL", "CUSTOS_KEYS", "CUSTOS_TSA_URL"):
        assert name in str(refused.value)


def test_production_refuses_an_authority_that_calls_itself_a_test() -> None:
    with pytest.raises(SettingsError, match="calls itself a test"):
        refuse_demonstration(
            production(), REAL, keys_are_demonstration=False, authority_is_test=True
        )


def test_keys_of_another_log_are_refused(tmp_path: Path) -> None:
    settings = read_settings({}, data=tmp_path)
    now = datetime(2026, 11, 21, tzinfo=UTC)
    load_or_make_demonstration(settings.keys, council="B", origin="other.example/log", now=now)
    settings.council_file.write_text(DEMONSTRATION_COUNCIL, encoding="utf-8")
    with pytest.raises(SettingsError, match="a log never changes its name"):
        build(settings)
