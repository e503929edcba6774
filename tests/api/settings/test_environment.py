"""Every default is a demonstration, and what cannot be right is refused by name."""

from pathlib import Path

import pytest

from api.demonstration.standins import ensure_ports, mail_of, pay_of, sign_in_of
from api.settings.environment import NAMES, read_settings
from api.settings.errors import SettingsError
from tests.api.settings.given import NOTIFY, OUTSIDE, PAY, SIGN_IN, SMTP, TSA, production

ROOT = Path(__file__).parents[3]


def test_nothing_configured_is_a_demonstration_on_this_machine_only(tmp_path: Path) -> None:
    settings = read_settings({}, data=tmp_path)
    assert not settings.production
    assert (settings.host, settings.port, settings.engines) == ("127.0.0.1", 8000, None)
    assert settings.keys == tmp_path / "keys"
    assert settings.council_file == tmp_path / "council.toml"
    assert settings.tokens == tmp_path / "tokens"


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


def test_two_ways_to_send_are_refused() -> None:
    with pytest.raises(SettingsError, match="two ways to send"):
        read_settings({**SMTP, **NOTIFY})


@pytest.mark.parametrize("group", [SIGN_IN, SMTP, NOTIFY], ids=["sign-in", "smtp", "notify"])
def test_half_of_what_belongs_together_is_refused(group: dict[str, str]) -> None:
    for missing in group:
        rest = {name: value for name, value in group.items() if name != missing}
        with pytest.raises(SettingsError, match="belong together"):
            read_settings(rest)


@pytest.mark.parametrize(
    "change",
    [
        {"CUSTOS_PUBLIC_URL": "cctv.council.gov.uk"},
        {"CUSTOS_PUBLIC_URL": "https://cctv.council.gov.uk/custos"},
        {"CUSTOS_PUBLIC_URL": "https://user@cctv.council.gov.uk"},
        {"CUSTOS_PUBLIC_URL": "https://CCTV.council.gov.uk"},
        {"CUSTOS_S3_PUBLIC_URL": "s3.council.gov.uk"},
        {**SMTP, "CUSTOS_SMTP_URL": "mail.council.gov.uk:25"},
        {**SMTP, "CUSTOS_SMTP_URL": "http://mail.council.gov.uk"},
        {**SMTP, "CUSTOS_MAIL_FROM": "CCTV <cctv@council.gov.uk>"},
        {**SMTP, "CUSTOS_MAIL_FROM": "a@b.uk,c@d.uk"},
        {**SMTP, "CUSTOS_MAIL_FROM": "a@b.uk\nBcc: c@d.uk"},
        {**NOTIFY, "CUSTOS_NOTIFY_KEY": "66666666-7777-4888-8999-000000000000"},
        {**NOTIFY, "CUSTOS_NOTIFY_CALLBACK_TOKEN": "short"},
        {**PAY, "CUSTOS_PAY_KEY": "short"},
        {**PAY, "CUSTOS_PAY_KEY": "api_test_with a space in it"},
        {**PAY, "CUSTOS_PAY_WEBHOOK_SECRET": "short"},
        {**PAY, "CUSTOS_ENV": "demonstration"},
    ],
    ids=lambda change: "=".join([*change.items()][-1])[:60],
)
def test_what_cannot_be_right_is_refused_by_name(change: dict[str, str]) -> None:
    with pytest.raises(SettingsError) as refused:
        read_settings(change)
    assert any(name in str(refused.value) for name in change)
    assert "hunter2" not in str(refused.value)


def test_the_public_address_is_all_that_links_begin_with() -> None:
    assert read_settings({}).origin == "http://127.0.0.1:8000"
    assert not read_settings({}).secure
    settings = read_settings({"CUSTOS_PUBLIC_URL": "https://cctv.council.gov.uk/"})
    assert (settings.origin, settings.secure) == ("https://cctv.council.gov.uk", True)


def test_a_demonstration_signs_in_and_sends_through_its_own_stand_ins(tmp_path: Path) -> None:
    settings = read_settings({}, data=tmp_path)
    with pytest.raises(SettingsError, match="start with `custos up` first"):
        sign_in_of(settings)
    ports = ensure_ports(tmp_path)
    assert sign_in_of(settings).issuer == f"http://127.0.0.1:{ports.sign_in}"
    assert mail_of(settings).smtp_url == f"smtp://127.0.0.1:{ports.mail}"
    assert pay_of(settings).api == f"http://127.0.0.1:{ports.payments}"


def test_no_setting_sends_payments_to_another_host() -> None:
    pay = pay_of(production())
    assert pay.api == "https://publicapi.payments.service.gov.uk"
    assert pay.pages == "https://www.payments.service.gov.uk"
    assert not [name for name in NAMES if name.startswith("CUSTOS_PAY") and "URL" in name]
    assert pay_of(production(**dict.fromkeys(PAY, ""))).key == ""


def test_a_demonstration_may_use_a_real_provider_and_a_real_mail_server(tmp_path: Path) -> None:
    settings = read_settings({**SIGN_IN, **SMTP}, data=tmp_path)
    assert sign_in_of(settings) == settings.sign_in
    assert mail_of(settings) == settings.mail


def test_no_setting_shows_a_secret_when_it_is_printed() -> None:
    for group in (SIGN_IN, SMTP, NOTIFY):
        assert "hunter2" not in repr(read_settings(group))
    assert "66666666" not in repr(read_settings(NOTIFY))
    shown = repr(read_settings({**OUTSIDE, "CUSTOS_DATABASE_URL": "postgresql://a:hunter2@db/c"}))
    assert "hunter2" not in shown
    assert "'ds'" not in shown


def test_every_setting_is_described() -> None:
    described = (ROOT / "docs/configuration.md").read_text(encoding="utf-8")
    assert [name for name in sorted(NAMES) if f"`{name}`" not in described] == []
