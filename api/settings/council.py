"""Edge. The council, read from council.toml; a demonstration's first start writes one."""

import re
import tomllib
from collections.abc import Mapping
from decimal import Decimal
from math import isfinite
from typing import Any

from api.settings.errors import SettingsError
from api.settings.facts import APPEAL, DEFAULT_COLOUR, POLICE_DOMAINS, Council, Settings
from api.settings.log import read_log
from api.settings.retention import read_retention
from api.settings.rules import check_council, check_keys
from api.settings.street_map import read_street_map
from api.settings.transparency import read_transparency
from api.settings.witnesses import read_witnesses
from evidence.fees.prices import USUAL, WHOLE, Tariff
from evidence.requests.clocks import DayKind
from evidence.requests.links.numbers import read_numbers

DEMONSTRATION_COUNCIL = """\
# Who runs this Custos. The origin names the ledger for ever: it is fixed at the first start.
name = "Barchester Council"
urn_prefix = "BAR"
demonstration = true

[log]
origin = "custody.barchester.example/log"

[retention]
days = 31

[fixity]
days = 90

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
free = []

[requests]
answer_days = 5
count = "calendar"
unpaid_days = 28
erase_days = 365

[fees]
review = 2500
release = 7500
vat_percent = 20
vat_number = "GB 000 0000 00"

[documents]
most_mb = 10
days_after_check = 7
longest_days = 90
[statistics]
suppress_below = 5
mean_from = 20
"""
MOST_PENCE = 10_000_000
"""What GOV.UK Pay takes in one payment."""
_VAT_NUMBER = re.compile("[A-Z0-9 ]{0,20}")


def read_council(settings: Settings) -> Council:
    """Read council.toml, or say how to make one.

    Raises:
        SettingsError: there is none, or it cannot be read.
    """
    try:
        return parse_council(settings.council_file.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(
            f"{settings.council_file} cannot be read ({error.strerror}): start with "
            "`custos up` first, or set CUSTOS_COUNCIL"
        ) from error


def ensure_council(settings: Settings) -> Council:
    """Read council.toml, after writing the demonstration's if there is none."""
    if not settings.council_file.exists() and not settings.production:
        settings.council_file.write_text(DEMONSTRATION_COUNCIL, encoding="utf-8")
    return read_council(settings)


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
            stamp_hours=table["log"].get("stamp_hours", 24),
            read_days=table.get("fixity", {}).get("days", 90),
            email=table.get("contact", {}).get("email", ""),
            telephone=table.get("contact", {}).get("telephone", ""),
            colour=table.get("look", {}).get("colour", DEFAULT_COLOUR),
            link_days=table.get("links", {}).get("days", 14),
            downloads=table.get("links", {}).get("downloads", 5),
            camera_points=table.get("cameras", {}).get("points", True),
            police=tuple(table.get("recipients", {}).get("police", POLICE_DOMAINS)),
            free=tuple(table.get("recipients", {}).get("free", ())),
            answer_days=table.get("requests", {}).get("answer_days", 5),
            answer_count=DayKind(table.get("requests", {}).get("count", DayKind.CALENDAR)),
            unpaid_days=table.get("requests", {}).get("unpaid_days", 28),
            erase_days=table.get("requests", {}).get("erase_days", 365),
            appeal=table.get("requests", {}).get("appeal", APPEAL),
            document_mb=table.get("documents", {}).get("most_mb", 10),
            document_days=table.get("documents", {}).get("days_after_check", 7),
            document_longest_days=table.get("documents", {}).get("longest_days", 90),
            register_decides=table.get("requests", {}).get("register_decides", False),
            incidents=read_numbers(
                table.get("requests", {}).get("incident_pattern", ""),
                table.get("requests", {}).get("incident_example", ""),
            ),
            fees=_tariff(table.get("fees", {})),
            retention=read_retention(table),
            told=read_transparency(table),
            streets=read_street_map(table),
            witnesses=read_witnesses(table),
            log=read_log(table),
        )
    except (tomllib.TOMLDecodeError, KeyError, TypeError, AttributeError, ValueError) as error:
        raise SettingsError(f"council.toml cannot be read: {error!r}") from error
    check_keys(table)
    check_council(council)
    return council


def _tariff(table: Mapping[str, Any]) -> Tariff:
    """Read what is charged: whole pence, and VAT in per cent, of which 17.5 is one, too."""
    amounts = {name: table.get(name, getattr(USUAL, name)) for name in ("review", "release")}
    for name, pence in amounts.items():
        if not isinstance(pence, int) or isinstance(pence, bool) or not 0 <= pence <= MOST_PENCE:
            raise SettingsError(
                f"council.toml: fees.{name} is in pence, including VAT: from 0 to {MOST_PENCE}"
            )
    percent, number = table.get("vat_percent", 20), table.get("vat_number", "")
    right = type(percent) in (int, float) and isfinite(percent)
    points = Decimal(str(percent)) * 100 if right else Decimal(-1)
    if not 0 <= points <= WHOLE or points != int(points):
        raise SettingsError("council.toml: fees.vat_percent is a number from 0 to 100, such as 20")
    if not isinstance(number, str) or not _VAT_NUMBER.fullmatch(number):
        raise SettingsError(
            'council.toml: fees.vat_number is written as on an invoice, such as "GB 123 4567 89"'
        )
    return Tariff(**amounts, vat_basis_points=int(points), vat_number=number)
