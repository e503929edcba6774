"""Edge. Settings read from the environment: each name, and what can be right for it."""

import ipaddress
import re
from collections.abc import Mapping
from pathlib import Path

from api.settings.errors import SettingsError
from api.settings.facts import Mail, Notify, Pay, Settings, SignIn
from storage.embedded.addresses import Addresses, S3Access

DEFAULT_DATA = Path("custos-data")
NAMES = frozenset(
    [
        "CUSTOS_CLAMD",
        "CUSTOS_COUNCIL",
        "CUSTOS_DATA",
        "CUSTOS_DATABASE_OWNER_URL",
        "CUSTOS_DATABASE_URL",
        "CUSTOS_ENV",
        "CUSTOS_HOST",
        "CUSTOS_KEYS",
        "CUSTOS_MAIL_FROM",
        "CUSTOS_NOTIFY_CALLBACK_TOKEN",
        "CUSTOS_NOTIFY_KEY",
        "CUSTOS_NOTIFY_TEMPLATE",
        "CUSTOS_OIDC_CLIENT",
        "CUSTOS_OIDC_ISSUER",
        "CUSTOS_OIDC_ROLES_CLAIM",
        "CUSTOS_OIDC_SECRET",
        "CUSTOS_PAY_KEY",
        "CUSTOS_PAY_WEBHOOK_SECRET",
        "CUSTOS_PORT",
        "CUSTOS_PROXIES",
        "CUSTOS_PUBLIC_URL",
        "CUSTOS_S3_CA",
        "CUSTOS_S3_DISPOSAL_KEY",
        "CUSTOS_S3_DISPOSAL_SECRET",
        "CUSTOS_S3_ENDPOINT",
        "CUSTOS_S3_INTAKE_KEY",
        "CUSTOS_S3_INTAKE_SECRET",
        "CUSTOS_S3_LOG_BUCKET",
        "CUSTOS_S3_LOG_PREFIX",
        "CUSTOS_S3_PUBLIC_URL",
        "CUSTOS_S3_PUBLISHER_KEY",
        "CUSTOS_S3_PUBLISHER_SECRET",
        "CUSTOS_S3_REGION",
        "CUSTOS_S3_VAULT_BUCKET",
        "CUSTOS_SANDBOX_WITHOUT",
        "CUSTOS_SMTP_URL",
        "CUSTOS_SPOOL",
        "CUSTOS_TIME_SERVER",
        "CUSTOS_TOKEN_FILE",
        "CUSTOS_TSA_CHAIN",
        "CUSTOS_TSA_URL",
        "CUSTOS_WEBHOOKS_LOCAL",
    ]
)
"""Every variable that there is; docs/configuration.md says what each does."""
_ORIGIN = re.compile(r"https?://[a-z0-9.-]+(:[0-9]{1,5})?")
_HOST = re.compile(r"[a-z0-9.-]+", re.IGNORECASE)
_NTP_PORT = 123
_ADDRESS = re.compile(r"[!-;=?A-~]+@[a-z0-9.-]+", re.IGNORECASE)
_SMTP = re.compile(r"smtps?://([!-.0-?A-~]+@)?[a-z0-9.\[\]:-]+/?", re.IGNORECASE)
_NOTIFY_KEY = re.compile(r"-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(-[0-9a-f]+){5}$")
_PAY_KEY = re.compile(r"[!-~]{20,}")
_SHORTEST_TOKEN = 20


def read_settings(
    environ: Mapping[str, str], *, data: Path | None = None, port: int | None = None
) -> Settings:
    """Read the settings; ``data`` and ``port`` come from the command line and win.

    Raises:
        SettingsError: a value cannot be right, or half of a pair is missing.
    """
    environ = _known(environ)
    kind = environ.get("CUSTOS_ENV", "demonstration")
    if kind not in ("demonstration", "production"):
        raise SettingsError(f"CUSTOS_ENV is {kind!r}: set it to production, or leave it out")
    folder = (data or Path(environ.get("CUSTOS_DATA", str(DEFAULT_DATA)))).absolute()
    chain = environ.get("CUSTOS_TSA_CHAIN")
    tsa_url = environ.get("CUSTOS_TSA_URL", "")
    if bool(chain) != bool(tsa_url):
        raise SettingsError("CUSTOS_TSA_URL and CUSTOS_TSA_CHAIN belong together: set both")
    return Settings(
        production=kind == "production",
        data=folder,
        host=environ.get("CUSTOS_HOST", "127.0.0.1"),
        port=port if port is not None else _port(environ.get("CUSTOS_PORT", "8000")),
        engines=_outside_engines(environ),
        tsa_url=tsa_url,
        tsa_chain=Path(chain) if chain else None,
        keys=Path(environ.get("CUSTOS_KEYS", str(folder / "keys"))),
        council_file=Path(environ.get("CUSTOS_COUNCIL", str(folder / "council.toml"))),
        public_url=_origin("CUSTOS_PUBLIC_URL", environ),
        sign_in=_sign_in(environ),
        mail=_mail(environ),
        pay=_pay(environ),
        time_server=_time_server(environ.get("CUSTOS_TIME_SERVER", "")),
        clamd=environ.get("CUSTOS_CLAMD", ""),
        s3_public_url=_origin("CUSTOS_S3_PUBLIC_URL", environ),
        proxies=_proxies(environ.get("CUSTOS_PROXIES", "")),
        webhooks_local=_truth("CUSTOS_WEBHOOKS_LOCAL", environ),
        sandbox_without=_listed(environ.get("CUSTOS_SANDBOX_WITHOUT", "")),
        spool=Path(environ.get("CUSTOS_SPOOL", str(folder / "spool"))),
    )


def _truth(name: str, environ: Mapping[str, str]) -> bool:
    said = environ.get(name, "no")
    if said not in ("yes", "no"):
        raise SettingsError(f"{name}={said!r}: write yes or no")
    return said == "yes"


def _known(environ: Mapping[str, str]) -> dict[str, str]:
    """Return our variables that are set to something; a misspelt one would be a demonstration."""
    ours = {name: value for name, value in environ.items() if name.startswith("CUSTOS_")}
    unknown = sorted(ours.keys() - NAMES)
    if unknown:
        raise SettingsError(
            f"there is no setting {', '.join(unknown)}: docs/configuration.md names them all"
        )
    return {name: value for name, value in ours.items() if value.strip()}


def _origin(name: str, environ: Mapping[str, str]) -> str:
    url = environ.get(name, "").rstrip("/")
    if url and not _ORIGIN.fullmatch(url):
        raise SettingsError(f"{name} is {url!r}: give scheme and host, such as https://cctv.gov.uk")
    return url


def _port(text: str, name: str = "CUSTOS_PORT") -> int:
    if not (text.isascii() and text.isdecimal()) or not 0 < int(text) < 65536:  # noqa: PLR2004 - the ports there are
        raise SettingsError(f"{name} is {text!r}: give a number from 1 to 65535")
    return int(text)


def _time_server(text: str) -> tuple[str, int] | None:
    if not text:
        return None
    host, colon, port = text.partition(":")
    if not _HOST.fullmatch(host):
        raise SettingsError(
            f"CUSTOS_TIME_SERVER is {text!r}: give a name or an address, such as ntp.council.gov.uk"
        )
    return host, _port(port, "the port of CUSTOS_TIME_SERVER") if colon else _NTP_PORT


def _listed(text: str) -> tuple[str, ...]:
    """Return the parts of a text between commas."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _proxies(text: str) -> tuple[str, ...]:
    """Return addresses and networks; everybody is none: who asks could then call themselves all."""
    for part in (proxies := _listed(text)):
        try:
            network = ipaddress.ip_network(part)
        except ValueError:
            network = None
        if network is None or network.prefixlen == 0:
            raise SettingsError(
                f"CUSTOS_PROXIES has {part!r}: name the addresses or networks of your reverse "
                "proxies, such as 10.1.2.3 or 10.1.2.0/28, with commas between them"
            )
    return proxies


def _together(environ: Mapping[str, str], *names: str) -> bool:
    """Tell whether all of ``names`` are set; some without the others is a mistake."""
    there = [name for name in names if environ.get(name)]
    if there and len(there) < len(names):
        raise SettingsError(f"{', '.join(names)} belong together: set all of them")
    return bool(there)


def _sign_in(environ: Mapping[str, str]) -> SignIn | None:
    names = ("CUSTOS_OIDC_ISSUER", "CUSTOS_OIDC_CLIENT", "CUSTOS_OIDC_SECRET")
    if not _together(environ, *names):
        return None
    issuer, client, secret = (environ[name] for name in names)
    return SignIn(issuer, client, secret, environ.get("CUSTOS_OIDC_ROLES_CLAIM", "roles"))


def _mail(environ: Mapping[str, str]) -> Mail:
    notify = None
    names = ("CUSTOS_NOTIFY_KEY", "CUSTOS_NOTIFY_TEMPLATE", "CUSTOS_NOTIFY_CALLBACK_TOKEN")
    if _together(environ, *names):
        notify = Notify(*(environ[name] for name in names))
        _check_notify(notify)
    smtp = _together(environ, "CUSTOS_SMTP_URL", "CUSTOS_MAIL_FROM")
    if smtp and notify:
        raise SettingsError("CUSTOS_SMTP_URL and CUSTOS_NOTIFY_KEY are two ways to send: set one")
    sender, url = environ.get("CUSTOS_MAIL_FROM", ""), environ.get("CUSTOS_SMTP_URL", "")
    if smtp and not _ADDRESS.fullmatch(sender):
        raise SettingsError("CUSTOS_MAIL_FROM is one address, such as cctv@council.gov.uk")
    if smtp and not _SMTP.fullmatch(url):
        # Not repeated here: it may hold a password.
        raise SettingsError(
            "CUSTOS_SMTP_URL cannot be read: give smtp://user:password@host:587, or smtps://"
        )
    return Mail(sender=sender, smtp_url=url, notify=notify)


def _check_notify(notify: Notify) -> None:
    if not _NOTIFY_KEY.search(notify.key):
        raise SettingsError("CUSTOS_NOTIFY_KEY is no key of GOV.UK Notify: give all of it")
    if len(notify.callback_token) < _SHORTEST_TOKEN:
        raise SettingsError(
            "CUSTOS_NOTIFY_CALLBACK_TOKEN can be guessed: give at least "
            f"{_SHORTEST_TOKEN} characters, drawn at random"
        )


def _pay(environ: Mapping[str, str]) -> Pay | None:
    if not _together(environ, "CUSTOS_PAY_KEY", "CUSTOS_PAY_WEBHOOK_SECRET"):
        return None
    pay = Pay(environ["CUSTOS_PAY_KEY"], environ["CUSTOS_PAY_WEBHOOK_SECRET"])
    if not _PAY_KEY.fullmatch(pay.key):
        raise SettingsError("CUSTOS_PAY_KEY is no key of GOV.UK Pay: give all of it")
    if len(pay.webhook_secret) < _SHORTEST_TOKEN:
        raise SettingsError(
            "CUSTOS_PAY_WEBHOOK_SECRET is not the signing secret of a webhook at GOV.UK Pay: "
            "give all of it"
        )
    if pay.key.startswith("api_live_") and environ.get("CUSTOS_ENV") != "production":
        raise SettingsError("CUSTOS_PAY_KEY takes real money: a demonstration must not")
    return pay


def _outside_engines(environ: Mapping[str, str]) -> Addresses | None:
    names = {name for name in environ if name.startswith(("CUSTOS_S3_", "CUSTOS_DATABASE_"))}
    names.discard("CUSTOS_S3_PUBLIC_URL")
    if not names:
        return None

    def need(name: str) -> str:
        value = environ.get(name)
        if not value:
            raise SettingsError(
                f"{name} is missing: outside engines need all of CUSTOS_DATABASE_* and CUSTOS_S3_* "
                "(docs/configuration.md), or none of them"
            )
        return value

    def access(identity: str) -> S3Access:
        return S3Access(
            endpoint=need("CUSTOS_S3_ENDPOINT"),
            region=environ.get("CUSTOS_S3_REGION", "us-east-1"),
            access_key=need(f"CUSTOS_S3_{identity}_KEY"),
            secret_key=need(f"CUSTOS_S3_{identity}_SECRET"),
            authority=environ.get("CUSTOS_S3_CA", ""),
        )

    return Addresses(
        owner_url=need("CUSTOS_DATABASE_OWNER_URL"),
        app_url=need("CUSTOS_DATABASE_URL"),
        intake=access("INTAKE"),
        publisher=access("PUBLISHER"),
        disposal=access("DISPOSAL"),
        vault_bucket=environ.get("CUSTOS_S3_VAULT_BUCKET", "custos-vault"),
        log_bucket=environ.get("CUSTOS_S3_LOG_BUCKET", "custos-log"),
        log_prefix=environ.get("CUSTOS_S3_LOG_PREFIX", ""),
    )
