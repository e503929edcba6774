"""Settings: every default is a demonstration, and production runs with none of its parts."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from api.demonstration.standins import ensure_ports, mail_of, sign_in_of
from api.running.supervisor import prepare
from api.settings import (
    DEMONSTRATION_COUNCIL,
    DEMONSTRATION_SECRET,
    NAMES,
    POLICE_DOMAINS,
    Council,
    Settings,
    SettingsError,
    parse_council,
    read_settings,
    refuse_demonstration,
)
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


SIGN_IN = {
    "CUSTOS_OIDC_ISSUER": "https://login.council.gov.uk/tenant/v2.0",
    "CUSTOS_OIDC_CLIENT": "custos",
    "CUSTOS_OIDC_SECRET": "hunter2-sign-in",
}
SMTP = {
    "CUSTOS_SMTP_URL": "smtp://custos:hunter2-mail@mail.council.gov.uk:587",
    "CUSTOS_MAIL_FROM": "cctv@council.gov.uk",
}
NOTIFY = {
    "CUSTOS_NOTIFY_KEY": "live-11111111-2222-4333-8444-555555555555-"
    "66666666-7777-4888-8999-000000000000",
    "CUSTOS_NOTIFY_TEMPLATE": "template-1",
    "CUSTOS_NOTIFY_CALLBACK_TOKEN": "hunter2-of-twenty-letters-and-more",
}
PUBLIC = {"CUSTOS_PUBLIC_URL": "https://cctv.council.gov.uk"}
OUTWARD = {**PUBLIC, **SIGN_IN, **SMTP}


def production(**more: str) -> Settings:
    return read_settings({"CUSTOS_ENV": "production", **TSA, **OUTWARD, **more})


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


@pytest.mark.parametrize(
    "value", ['"police.uk"', "[]", '["Police.uk"]', '["*"]', "[1]", '["uk"]', "3"]
)
def test_domains_of_the_police_are_listed_or_refused(value: str) -> None:
    text = DEMONSTRATION_COUNCIL[: DEMONSTRATION_COUNCIL.index("[recipients]")]
    assert parse_council(text).police == POLICE_DOMAINS
    listed = f'{text}[recipients]\npolice = ["barset.police.uk"]\n'
    assert parse_council(listed).police == ("barset.police.uk",)
    with pytest.raises(SettingsError):
        parse_council(f"{text}[recipients]\npolice = {value}\n")


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
    ):
        assert name in words
    assert words.count("\n  - ") == 8


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


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"CUSTOS_PUBLIC_URL": ""}, "no public address: set CUSTOS_PUBLIC_URL"),
        ({"CUSTOS_PUBLIC_URL": "http://cctv.council.gov.uk"}, "set CUSTOS_PUBLIC_URL to https"),
        ({"CUSTOS_S3_PUBLIC_URL": "http://s3.council.gov.uk"}, "set CUSTOS_S3_PUBLIC_URL to https"),
        (dict.fromkeys(SIGN_IN, ""), "the test identity provider: set CUSTOS_OIDC_ISSUER"),
        ({"CUSTOS_OIDC_ISSUER": "http://login.council.gov.uk"}, "set CUSTOS_OIDC_ISSUER to https"),
        ({"CUSTOS_OIDC_SECRET": DEMONSTRATION_SECRET}, "set CUSTOS_OIDC_SECRET to yours"),
        (dict.fromkeys(SMTP, ""), "the mail sink: set CUSTOS_SMTP_URL and CUSTOS_MAIL_FROM"),
    ],
)
def test_production_refuses_each_stand_in_by_name(change: dict[str, str], words: str) -> None:
    told = refusal(production(**change))
    assert words in told
    assert told.count("\n  - ") == 1


def test_production_with_notify_needs_no_mail_server() -> None:
    settings = production(**dict.fromkeys(SMTP, ""), **NOTIFY)
    refuse_demonstration(settings, REAL, keys_are_demonstration=False)
    assert settings.mail.notify is not None


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
        (("#12403c", "#12403C"), "look.colour"),
        (("#12403c", "green"), "look.colour"),
        (("#12403c", "#00cc00"), "contrast of 2"),
        (('"cctv@barchester.example"', "7"), "one line"),
        (("01632 960 017", "01632\\n960"), "one line"),
        (("days = 14", "days = 91"), "links.days"),
        (("downloads = 5", "downloads = 0"), "links.downloads"),
        (("downloads = 5", "download = 5"), "links.download"),
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
