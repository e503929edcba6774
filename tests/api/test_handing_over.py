"""What is handed to a process is what it may have, of every setting that somebody can make."""

from dataclasses import replace
from pathlib import Path

import pytest

from api.builders.outside import _mailer
from api.outbound.mailer import WithheldMailer
from api.outbound.notify import NotifyMailer
from api.running.powers import POWERS, hand_over, take_over
from api.settings.environment import read_settings
from api.settings.facts import Settings
from api.wiring import build
from custody.errors import KeyStoreError
from storage.errors import UnavailableError
from tests.api.settings.given import REAL
from tests.houses import House

NOTIFY = "custos-1a2b3c4d-0000-4000-8000-1234567890ab-5e6f7a8b-0000-4000-8000-ba0987654321"
GIVEN = {
    "CUSTOS_DATABASE_OWNER_URL": "postgresql+psycopg://custos_owner:SECRET-owner@db/custos",
    "CUSTOS_DATABASE_URL": "postgresql+psycopg://custos_app:SECRET-app@db/custos",
    "CUSTOS_S3_ENDPOINT": "https://s3.council.gov.uk",
    "CUSTOS_S3_INTAKE_KEY": "intake",
    "CUSTOS_S3_INTAKE_SECRET": "SECRET-intake",
    "CUSTOS_S3_PUBLISHER_KEY": "publisher",
    "CUSTOS_S3_PUBLISHER_SECRET": "SECRET-publisher",
    "CUSTOS_S3_DISPOSAL_KEY": "disposal",
    "CUSTOS_S3_DISPOSAL_SECRET": "SECRET-disposal",
    "CUSTOS_OIDC_ISSUER": "https://login.council.gov.uk",
    "CUSTOS_OIDC_CLIENT": "custos",
    "CUSTOS_OIDC_SECRET": "SECRET-oidc",
    "CUSTOS_SMTP_URL": "smtps://custos:SECRET-smtp@mail.council.gov.uk:465",
    "CUSTOS_MAIL_FROM": "cctv@council.gov.uk",
    "CUSTOS_PAY_KEY": "SECRET-pay-of-the-account",
    "CUSTOS_PAY_WEBHOOK_SECRET": "SECRET-webhooks-of-the-account",
    "CUSTOS_TSA_URL": "https://tsa.council.gov.uk",
    "CUSTOS_TSA_CHAIN": "/etc/custos/tsa.pem",
}
MAY = {
    "web": {"app", "intake", "oidc", "pay-of-the-account", "webhooks-of-the-account"},
    "worker": {"app", "intake", "disposal", "smtp", "pay-of-the-account"},
    "sequencer": {"app", "publisher"},
    "standins": set[str](),
}


def secrets_in(told: bytes) -> set[str]:
    return {word.split(b"@")[0].split(b'"')[0].decode() for word in told.split(b"SECRET-")[1:]}


@pytest.mark.parametrize("name", POWERS)
@pytest.mark.parametrize("embedded", [False, True])
def test_only_what_it_may_have_is_handed_over(name: str, embedded: bool) -> None:
    settings = read_settings(GIVEN)
    addresses = settings.engines
    if embedded:
        settings = replace(settings, engines=None)
    told = hand_over(name, settings, addresses)
    assert secrets_in(told) == MAY[name]
    taken = take_over(told)
    assert taken.addresses().owner_url == ""
    assert (taken.engines is None) is embedded
    kept = ("data", "keys", "host", "port", "tsa_url", "tsa_chain", "spool", "production", "clamd")
    assert {one: getattr(taken, one) for one in kept} == {
        one: getattr(settings, one) for one in kept
    }
    assert taken.mail.sender == "cctv@council.gov.uk"
    assert taken.mail.smtp_url.endswith("mail.council.gov.uk:465")


def test_the_worker_alone_has_the_key_of_notify() -> None:
    told = {
        **{name: GIVEN[name] for name in GIVEN if "SMTP" not in name and "MAIL" not in name},
        "CUSTOS_NOTIFY_KEY": NOTIFY,
        "CUSTOS_NOTIFY_TEMPLATE": "template",
        "CUSTOS_NOTIFY_CALLBACK_TOKEN": "a token of twenty characters",
    }
    settings = read_settings(told)
    for name in POWERS:
        handed = hand_over(name, settings, settings.engines)
        assert (NOTIFY.encode() in handed) is (name == "worker")
        taken = take_over(handed)
        # The web process is called by Notify, and must know it again.
        assert taken.mail.notify is not None
        assert taken.mail.notify.callback_token == "a token of twenty characters"
        sends = NotifyMailer if name == "worker" else WithheldMailer
        assert isinstance(_mailer(taken, REAL), sends)


def test_a_demonstration_hands_over_nothing_that_it_has_not() -> None:
    settings = read_settings({})
    taken = take_over(hand_over("standins", settings, None))
    assert replace(taken, withheld=frozenset()) == settings


@pytest.fixture
def web(house: House) -> Settings:
    """Return the settings of the web process of this house."""
    return take_over(hand_over("web", house.settings, house.services.addresses))


def test_the_web_process_builds_all_it_serves_with_what_it_has(house: House, web: Settings) -> None:
    services = build(web, pool_size=2)
    assert services.keyring.fingerprints() == house.services.keyring.fingerprints()
    assert services.health.report()["objects"] == "ok"
    with pytest.raises(KeyStoreError, match=r"was not given log\.key"):
        services.keyring.log_signer.sign(b"a checkpoint")
    with pytest.raises(KeyStoreError, match=r"was not given seal\.key"):
        services.keyring.seal_signer.sign_detached(b"a manifest")
    services.close()


def test_who_has_no_key_of_notify_sends_nothing() -> None:
    with pytest.raises(UnavailableError, match="was not given"):
        WithheldMailer().find(None)  # type: ignore[arg-type]


def test_paths_come_back_as_paths(tmp_path: Path) -> None:
    settings = read_settings({"CUSTOS_KEYS": str(tmp_path / 'é " keys')})
    assert take_over(hand_over("web", settings, None)).keys == tmp_path / 'é " keys'
