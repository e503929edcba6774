"""Edge. What can be configured, read once from the environment; every default is a demonstration.

`refuse_demonstration` is the one place that knows what production must not run with.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
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
"""


NAMES = frozenset(
    [
        "CUSTOS_COUNCIL",
        "CUSTOS_DATA",
        "CUSTOS_DATABASE_OWNER_URL",
        "CUSTOS_DATABASE_URL",
        "CUSTOS_ENV",
        "CUSTOS_HOST",
        "CUSTOS_KEYS",
        "CUSTOS_PORT",
        "CUSTOS_S3_DISPOSAL_KEY",
        "CUSTOS_S3_DISPOSAL_SECRET",
        "CUSTOS_S3_ENDPOINT",
        "CUSTOS_S3_INTAKE_KEY",
        "CUSTOS_S3_INTAKE_SECRET",
        "CUSTOS_S3_LOG_BUCKET",
        "CUSTOS_S3_PUBLISHER_KEY",
        "CUSTOS_S3_PUBLISHER_SECRET",
        "CUSTOS_S3_REGION",
        "CUSTOS_S3_VAULT_BUCKET",
        "CUSTOS_TOKEN_FILE",
        "CUSTOS_TSA_CHAIN",
        "CUSTOS_TSA_URL",
    ]
)
"""Every variable that there is; docs/configuration.md says what each does."""
MOST_DAYS = 36_500
_PREFIX = re.compile("[A-Z]{2,5}")
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
        )
    except (tomllib.TOMLDecodeError, KeyError, TypeError, AttributeError) as error:
        raise SettingsError(f"council.toml cannot be read: {error!r}") from error
    _check_keys(table)
    _check_council(council)
    return council


def _check_keys(table: Mapping[str, Any]) -> None:
    """Refuse a misspelt key: its default would hold, and nobody would notice."""
    allowed = {"name", "urn_prefix", "demonstration", "log", "retention"}
    unknown = {*(table.keys() - allowed)}
    for part, own in (("log", {"origin"}), ("retention", {"days"})):
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
    days: object = council.retention_days
    if not isinstance(days, int) or isinstance(days, bool) or not 0 < days <= MOST_DAYS:
        raise SettingsError(f"council.toml: retention.days is a number from 1 to {MOST_DAYS}")
    try:
        require_origin(council.origin)
    except FormatError as error:
        raise SettingsError(f"council.toml: log.origin cannot be used: {error}") from error


def _wrong_with(council: Council) -> list[str]:
    wrong = []
    if council.demonstration:
        wrong.append(f"the demonstration council {council.name}: set CUSTOS_COUNCIL to your file")
    if _INVENTED.search(council.origin.partition("/")[0].partition(":")[0].lower()):
        wrong.append(
            f"the log's origin {council.origin}, a name that nobody owns: set log.origin in your "
            "council.toml to a name below your own domain, once and for ever"
        )
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
    if wrong:
        raise SettingsError(
            "CUSTOS_ENV=production, and these parts are missing or for demonstration only:\n  - "
            + "\n  - ".join(wrong)
        )
