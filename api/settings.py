"""Edge. What can be configured, read once from the environment; every default is a demonstration.

`refuse_demonstration` is the one place that knows what production must not run with.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from custody.checkpoint import require_origin
from custody.errors import FormatError
from storage.embedded.engines import Addresses, S3Access

DEFAULT_DATA = Path("custos-data")
DEMONSTRATION_COUNCIL = """\
# Who runs this Custos. The origin names the ledger for ever: it is fixed at the first start.
name = "Barchester Council"
urn_prefix = "BAR"
demonstration = true

[log]
origin = "custody.barchester.example/log"

[retention]
days = 31

[contact]
email = "cctv@barchester.example"
telephone = "01632 960 017"

[look]
colour = "#12403c"

[links]
days = 14
downloads = 5

[recipients]
police = ["police.uk", "cps.gov.uk", "nca.gov.uk", "police.example", "cps.example"]
"""


_TABLES = {
    "log": {"origin"},
    "retention": {"days"},
    "contact": {"email", "telephone"},
    "look": {"colour"},
    "links": {"days", "downloads"},
    "recipients": {"police"},
}
"""The tables of council.toml, and what each may hold."""
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
        "CUSTOS_PORT",
        "CUSTOS_PUBLIC_URL",
        "CUSTOS_S3_DISPOSAL_KEY",
        "CUSTOS_S3_DISPOSAL_SECRET",
        "CUSTOS_S3_ENDPOINT",
        "CUSTOS_S3_INTAKE_KEY",
        "CUSTOS_S3_INTAKE_SECRET",
        "CUSTOS_S3_LOG_BUCKET",
        "CUSTOS_S3_PUBLIC_URL",
        "CUSTOS_S3_PUBLISHER_KEY",
        "CUSTOS_S3_PUBLISHER_SECRET",
        "CUSTOS_S3_REGION",
        "CUSTOS_S3_VAULT_BUCKET",
        "CUSTOS_SMTP_URL",
        "CUSTOS_SPOOL",
        "CUSTOS_TOKEN_FILE",
        "CUSTOS_TSA_CHAIN",
        "CUSTOS_TSA_URL",
    ]
)
"""Every variable that there is; docs/configuration.md says what each does."""
MOST_DAYS = 36_500
DEFAULT_COLOUR = "#12403c"
POLICE_DOMAINS = ("police.uk", "cps.gov.uk", "nca.gov.uk")
"""Every force has its domain below police.uk, pnn.police.uk among them."""
DEMONSTRATION_SECRET = "custos-demonstration"  # noqa: S105 - refused in production
_PREFIX = re.compile("[A-Z]{2,5}")
_ORIGIN = re.compile(r"https?://[a-z0-9.-]+(:[0-9]{1,5})?")
_COLOUR = re.compile("#[0-9a-f]{6}")
_HOST = re.compile(r"([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z0-9-]+")
_ADDRESS = re.compile(r"[!-;=?A-~]+@[a-z0-9.-]+", re.IGNORECASE)
_SMTP = re.compile(r"smtps?://([!-.0-?A-~]+@)?[a-z0-9.\[\]:-]+/?", re.IGNORECASE)
_NOTIFY_KEY = re.compile(r"-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(-[0-9a-f]+){5}$")
_SHORTEST_TOKEN = 20
_LEAST_CONTRAST = 4.5
_INVENTED = re.compile(r"(^|\.)(example|test|invalid|localhost)$")
"""Names that nobody can own (RFC 2606, section 2)."""


class SettingsError(Exception):
    """A setting is missing or cannot be right; the message names it and says what to set."""


@dataclass(frozen=True, slots=True)
class Council:
    """The council, from council.toml."""

    name: str
    urn_prefix: str
    origin: str
    demonstration: bool
    retention_days: int
    email: str = ""
    """Where people ask, on every page and in every message."""
    telephone: str = ""
    colour: str = DEFAULT_COLOUR
    """Of the header; white text must be readable on it (WCAG 2.2, 1.4.3)."""
    link_days: int = 14
    downloads: int = 5
    """How often one link may be downloaded; resuming is no new download."""
    police: tuple[str, ...] = POLICE_DOMAINS
    """To these domains, and what is below them, go links for the police and the prosecution."""


@dataclass(frozen=True, slots=True)
class SignIn:
    """The identity provider of the staff (OpenID Connect Discovery 1.0)."""

    issuer: str
    client: str
    secret: str = field(repr=False)
    roles_claim: str = "roles"


@dataclass(frozen=True, slots=True)
class Notify:
    """GOV.UK Notify: one template with ((subject)) and ((body))."""

    key: str = field(repr=False)
    template: str
    callback_token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Mail:
    """How messages leave: an SMTP server, or GOV.UK Notify; neither: the demonstration's sink."""

    sender: str = ""
    smtp_url: str = field(default="", repr=False)
    """smtp://user:password@host:port, or smtps://; STARTTLS is required but on loopback."""
    notify: Notify | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that the environment may say."""

    production: bool
    data: Path
    host: str
    port: int
    engines: Addresses | None
    """Engines that somebody else runs; None: the embedded ones."""
    tsa_url: str
    tsa_chain: Path | None
    keys: Path
    council_file: Path
    public_url: str = ""
    """Where browsers reach us: the only origin that links are ever made of."""
    sign_in: SignIn | None = None
    """None: the demonstration's own provider."""
    mail: Mail = Mail()
    clamd: str = ""
    """The malware scanner's socket: a path, or host:port."""
    s3_public_url: str = ""
    """Where browsers reach the object store; empty: they do not, and packages stream through us."""
    spool: Path = Path()
    """Where uploads wait until they are whole."""

    @property
    def origin(self) -> str:
        """The origin of our pages (RFC 6454): what links begin with, and what forms come from."""
        return self.public_url or f"http://{self.host}:{self.port}"

    @property
    def secure(self) -> bool:
        """Whether browsers reach us over TLS."""
        return self.origin.startswith("https://")

    @property
    def tokens(self) -> Path:
        """The folder of the tokens that the first start makes."""
        return self.data / "tokens"

    @property
    def scratch(self) -> Path:
        """The folder in which footage is looked at; emptied at each start."""
        return self.data / "scratch"


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
        clamd=environ.get("CUSTOS_CLAMD", ""),
        s3_public_url=_origin("CUSTOS_S3_PUBLIC_URL", environ),
        spool=Path(environ.get("CUSTOS_SPOOL", str(folder / "spool"))),
    )


def _origin(name: str, environ: Mapping[str, str]) -> str:
    url = environ.get(name, "").rstrip("/")
    if url and not _ORIGIN.fullmatch(url):
        raise SettingsError(f"{name} is {url!r}: give scheme and host, such as https://cctv.gov.uk")
    return url


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


def _known(environ: Mapping[str, str]) -> dict[str, str]:
    """Return our variables that are set to something; a misspelt one would be a demonstration."""
    ours = {name: value for name, value in environ.items() if name.startswith("CUSTOS_")}
    unknown = sorted(ours.keys() - NAMES)
    if unknown:
        raise SettingsError(
            f"there is no setting {', '.join(unknown)}: docs/configuration.md names them all"
        )
    return {name: value for name, value in ours.items() if value.strip()}


def _port(text: str) -> int:
    if not (text.isascii() and text.isdecimal()) or not 0 < int(text) < 65536:  # noqa: PLR2004 - the ports there are
        raise SettingsError(f"CUSTOS_PORT is {text!r}: give a number from 1 to 65535")
    return int(text)


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
        )

    return Addresses(
        owner_url=need("CUSTOS_DATABASE_OWNER_URL"),
        app_url=need("CUSTOS_DATABASE_URL"),
        intake=access("INTAKE"),
        publisher=access("PUBLISHER"),
        disposal=access("DISPOSAL"),
        vault_bucket=environ.get("CUSTOS_S3_VAULT_BUCKET", "custos-vault"),
        log_bucket=environ.get("CUSTOS_S3_LOG_BUCKET", "custos-log"),
    )


def parse_council(text: str) -> Council:
    """Read council.toml.

    Raises:
        SettingsError: it is not TOML, or a name is missing or of the wrong type.
    """
    try:
        table = tomllib.loads(text)
        council = Council(
            name=table["name"],
            urn_prefix=table["urn_prefix"],
            origin=table["log"]["origin"],
            demonstration=table.get("demonstration", False),
            retention_days=table.get("retention", {}).get("days", 31),
            email=table.get("contact", {}).get("email", ""),
            telephone=table.get("contact", {}).get("telephone", ""),
            colour=table.get("look", {}).get("colour", DEFAULT_COLOUR),
            link_days=table.get("links", {}).get("days", 14),
            downloads=table.get("links", {}).get("downloads", 5),
            police=tuple(table.get("recipients", {}).get("police", POLICE_DOMAINS)),
        )
    except (tomllib.TOMLDecodeError, KeyError, TypeError, AttributeError) as error:
        raise SettingsError(f"council.toml cannot be read: {error!r}") from error
    _check_keys(table)
    _check_council(council)
    return council


def _check_keys(table: Mapping[str, Any]) -> None:
    """Refuse a misspelt key: its default would hold, and nobody would notice."""
    unknown = {*(table.keys() - {"name", "urn_prefix", "demonstration", *_TABLES})}
    for part, own in _TABLES.items():
        unknown |= {f"{part}.{key}" for key in table.get(part, {}).keys() - own}
    if unknown:
        raise SettingsError(f"council.toml has no {', '.join(sorted(unknown))}")


def _check_council(council: Council) -> None:
    texts: tuple[object, ...] = (council.name, council.urn_prefix, council.origin)
    if not all(isinstance(value, str) and value.strip() for value in texts):
        raise SettingsError("council.toml: name, urn_prefix and log.origin must be texts")
    if not council.name.isprintable():
        raise SettingsError("council.toml: name must be one line of plain text")
    if not _PREFIX.fullmatch(council.urn_prefix):
        raise SettingsError("council.toml: urn_prefix is two to five capital letters, such as BAR")
    if not isinstance(council.demonstration, bool):
        raise SettingsError("council.toml: demonstration is true or false")
    numbers: tuple[tuple[str, object, int], ...] = (
        ("retention.days", council.retention_days, MOST_DAYS),
        ("links.days", council.link_days, 90),
        ("links.downloads", council.downloads, 100),
    )
    for name, number, most in numbers:
        if not isinstance(number, int) or isinstance(number, bool) or not 0 < number <= most:
            raise SettingsError(f"council.toml: {name} is a number from 1 to {most}")
    _check_look(council)
    _check_recipients(council)
    try:
        require_origin(council.origin)
    except FormatError as error:
        raise SettingsError(f"council.toml: log.origin cannot be used: {error}") from error


def _check_recipients(council: Council) -> None:
    domains: tuple[object, ...] = council.police
    if not domains or not all(isinstance(one, str) and _HOST.fullmatch(one) for one in domains):
        raise SettingsError(
            'council.toml: recipients.police lists domains, such as ["police.uk", "cps.gov.uk"]'
        )


def _check_look(council: Council) -> None:
    texts: tuple[object, ...] = (council.email, council.telephone, council.colour)
    if not all(isinstance(text, str) and text.isprintable() for text in texts):
        raise SettingsError("council.toml: contact and look hold texts of one line")
    if not _COLOUR.fullmatch(council.colour):
        raise SettingsError('council.toml: look.colour is written "#12403c"')
    if (contrast := _contrast_with_white(council.colour)) < _LEAST_CONTRAST:
        raise SettingsError(
            f"council.toml: white text on look.colour {council.colour} has a contrast of "
            f"{contrast:.1f} to 1; people need at least {_LEAST_CONTRAST} to 1: choose a darker one"
        )


def _contrast_with_white(colour: str) -> float:
    """Return the contrast ratio (WCAG 2.2, "relative luminance" and "contrast ratio")."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4  # noqa: PLR2004 - sRGB
        for part in parts
    )
    return 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05)


def _wrong_with(council: Council) -> list[str]:
    wrong = []
    if council.demonstration:
        wrong.append(f"the demonstration council {council.name}: set CUSTOS_COUNCIL to your file")
    if _INVENTED.search(council.origin.partition("/")[0].partition(":")[0].lower()):
        wrong.append(
            f"the log's origin {council.origin}, a name that nobody owns: set log.origin in your "
            "council.toml to a name below your own domain, once and for ever"
        )
    invented = [domain for domain in council.police if _INVENTED.search(domain)]
    if invented:
        wrong.append(
            f"links for the police to {', '.join(invented)}, which nobody owns: set "
            "recipients.police in your council.toml"
        )
    return wrong


def _wrong_outside(settings: Settings) -> list[str]:
    """Return what is wrong with how people and messages reach us."""
    wrong = []
    if not settings.public_url:
        wrong.append("no public address: set CUSTOS_PUBLIC_URL to the https address of the pages")
    elif not settings.secure:
        wrong.append(f"{settings.public_url} is plain HTTP: set CUSTOS_PUBLIC_URL to https")
    if settings.s3_public_url.startswith("http:"):
        wrong.append(f"{settings.s3_public_url} is plain HTTP: set CUSTOS_S3_PUBLIC_URL to https")
    if settings.sign_in is None:
        wrong.append("the test identity provider: set CUSTOS_OIDC_ISSUER, _CLIENT and _SECRET")
    elif not settings.sign_in.issuer.startswith("https://"):
        wrong.append(f"{settings.sign_in.issuer} is plain HTTP: set CUSTOS_OIDC_ISSUER to https")
    elif settings.sign_in.secret == DEMONSTRATION_SECRET:
        wrong.append("the demonstration's own client secret: set CUSTOS_OIDC_SECRET to yours")
    if not settings.mail.smtp_url and settings.mail.notify is None:
        wrong.append("the mail sink: set CUSTOS_SMTP_URL and CUSTOS_MAIL_FROM, or CUSTOS_NOTIFY_*")
    return wrong


def refuse_demonstration(
    settings: Settings,
    council: Council | None,
    *,
    keys_are_demonstration: bool | None,
    authority_is_test: bool = False,
) -> None:
    """Refuse a production start that would use a part made for demonstration, or lacks one.

    ``council`` and ``keys_are_demonstration`` are None where there are none yet.

    Raises:
        SettingsError: names each such part, and the setting that replaces it.
    """
    if not settings.production:
        return
    wrong = []
    if council is None:
        wrong.append(f"no council ({settings.council_file} is not there): set CUSTOS_COUNCIL")
    else:
        wrong += _wrong_with(council)
    if keys_are_demonstration is None:
        wrong.append(
            f"no keys ({settings.keys} is not there): set CUSTOS_KEYS to a folder of yours"
        )
    elif keys_are_demonstration:
        wrong.append("demonstration keys: set CUSTOS_KEYS to a folder with keys of your own")
    if not settings.tsa_url:
        wrong.append("the local test time authority: set CUSTOS_TSA_URL and CUSTOS_TSA_CHAIN")
    elif authority_is_test:
        wrong.append("a time authority that calls itself a test: set CUSTOS_TSA_URL and its chain")
    wrong += _wrong_outside(settings)
    if wrong:
        raise SettingsError(
            "CUSTOS_ENV=production, and these parts are missing or for demonstration only:\n  - "
            + "\n  - ".join(wrong)
        )
