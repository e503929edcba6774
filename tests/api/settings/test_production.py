"""Production runs with no part of a demonstration, and names all of them at once."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from api.running import supervisor
from api.running.supervisor import prepare
from api.settings.council import DEMONSTRATION_COUNCIL, ensure_council, parse_council
from api.settings.environment import read_settings
from api.settings.errors import SettingsError
from api.settings.facts import Council, Settings
from api.settings.production import (
    DEMONSTRATION_SECRET,
    refuse_demonstration,
    refuse_unprotected,
)
from api.wiring import build
from custody.errors import KeyStoreError
from custody.keys.keyring import load_or_make_demonstration
from evidence.fees.prices import Tariff
from tests.api.settings.given import (
    NOTIFY,
    OUTSIDE,
    OUTWARD,
    PAY,
    REAL,
    SIGN_IN,
    SMTP,
    TSA,
    production,
)


def refusal(settings: Settings, council: Council = REAL, *, keys: bool = False) -> str:
    with pytest.raises(SettingsError) as refused:
        refuse_demonstration(settings, council, keys_are_demonstration=keys)
    return str(refused.value)


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
    settings = read_settings({"CUSTOS_ENV": "production", **OUTWARD})
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
    for name in (
        "CUSTOS_COUNCIL",
        "CUSTOS_KEYS",
        "CUSTOS_TSA_URL",
        "log.origin",
        "recipients.police",
        "CUSTOS_PUBLIC_URL",
        "CUSTOS_OIDC_ISSUER",
        "CUSTOS_SMTP_URL",
        "CUSTOS_PAY_KEY",
    ):
        assert name in words
    assert words.count("\n  - ") == 9


def test_production_makes_no_council_and_no_keys_by_itself(tmp_path: Path) -> None:
    settings = read_settings({"CUSTOS_ENV": "production", **TSA}, data=tmp_path)
    with pytest.raises(SettingsError, match=r"council\.toml cannot be read"):
        ensure_council(settings)
    settings.council_file.write_text(DEMONSTRATION_COUNCIL)
    with pytest.raises(KeyStoreError):
        prepare(settings)
    assert [path.name for path in tmp_path.iterdir()] == ["council.toml"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"CUSTOS_PUBLIC_URL": ""}, "no public address: set CUSTOS_PUBLIC_URL"),
        ({"CUSTOS_PUBLIC_URL": "http://cctv.council.gov.uk"}, "set CUSTOS_PUBLIC_URL to https"),
        ({"CUSTOS_S3_PUBLIC_URL": "http://s3.council.gov.uk"}, "set CUSTOS_S3_PUBLIC_URL to https"),
        ({**OUTSIDE, "CUSTOS_S3_ENDPOINT": "http://s3:9000"}, "set CUSTOS_S3_ENDPOINT to https"),
        (dict.fromkeys(SIGN_IN, ""), "the test identity provider: set CUSTOS_OIDC_ISSUER"),
        ({"CUSTOS_OIDC_ISSUER": "http://login.council.gov.uk"}, "set CUSTOS_OIDC_ISSUER to https"),
        ({"CUSTOS_OIDC_SECRET": DEMONSTRATION_SECRET}, "set CUSTOS_OIDC_SECRET to yours"),
        (dict.fromkeys(PAY, ""), "the payment stand-in: set CUSTOS_PAY_KEY"),
        ({"CUSTOS_PAY_KEY": "api_test_of_twenty_letters"}, "takes no real money"),
        (dict.fromkeys(SMTP, ""), "the mail sink: set CUSTOS_SMTP_URL and CUSTOS_MAIL_FROM"),
    ],
)
def test_production_refuses_each_stand_in_by_name(change: dict[str, str], words: str) -> None:
    told = refusal(production(**change))
    assert words in told
    assert told.count("\n  - ") == 1


def test_production_that_charges_nothing_needs_nobody_to_take_payments() -> None:
    free = replace(REAL, fees=Tariff(review=0, release=0))
    refuse_demonstration(production(**dict.fromkeys(PAY, "")), free, keys_are_demonstration=False)


def test_production_with_notify_needs_no_mail_server() -> None:
    settings = production(**dict.fromkeys(SMTP, ""), **NOTIFY)
    refuse_demonstration(settings, REAL, keys_are_demonstration=False)
    assert settings.mail.notify is not None


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


MISSING = (
    "user namespace (Operation not permitted)",
    "file access limits (Landlock: Function not implemented)",
    "limit on the number of processes (needs a user namespace)",
)


def test_production_does_not_start_without_the_sandbox_s_protections() -> None:
    with pytest.raises(SettingsError) as refused:
        refuse_unprotected(production(), MISSING)
    assert all(words in str(refused.value) for words in MISSING)
    # What it says to set, lets it start.
    named = str(refused.value).rpartition('CUSTOS_SANDBOX_WITHOUT="')[2].rstrip('"')
    refuse_unprotected(production(CUSTOS_SANDBOX_WITHOUT=named), MISSING)
    refuse_unprotected(production(), ())
    refuse_unprotected(read_settings({}), MISSING)


@pytest.mark.parametrize(
    "named",
    ["user namespace", "all", "*", "file access limits, user namespace", "namespace", "limit on"],
)
def test_only_what_was_named_whole_may_be_missing(named: str) -> None:
    with pytest.raises(SettingsError, match="limit on the number of processes"):
        refuse_unprotected(production(CUSTOS_SANDBOX_WITHOUT=named), MISSING)


def test_a_production_start_asks_the_sandbox_before_anything_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "refuse_stand_ins", lambda _settings: None)
    monkeypatch.setattr(supervisor, "protections", lambda: MISSING)
    settings = replace(production(), data=tmp_path / "data")
    with (
        pytest.raises(SettingsError, match="does not give all of its protections"),
        supervisor.Supervisor(settings, (), lambda _words: None),
    ):
        pytest.fail("it started")
    assert not settings.data.exists()
