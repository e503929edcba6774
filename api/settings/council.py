"""Edge. The council, read from council.toml; a demonstration's first start writes one."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from math import isfinite
from typing import Any

from api.settings.errors import SettingsError
from api.settings.facts import Settings
from api.settings.transparency import USUALLY_TOLD, Transparency, read_transparency
from custody.checkpoint import require_origin
from custody.errors import FormatError
from evidence.fees.prices import USUAL, WHOLE, Tariff
from evidence.requests.clocks import DayKind
from evidence.requests.links.numbers import ANY_NUMBER, IncidentNumbers, read_numbers

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
MOST_DAYS = 36_500
LEAST_KEPT = 28
"""Days for which what is personal of a request stays after its end, whatever a council says."""
MOST_PENCE = 10_000_000
"""What GOV.UK Pay takes in one payment."""
DEFAULT_COLOUR = "#12403c"
APPEAL = (
    "You can ask for this decision to be looked at again by somebody who did not make it: answer "
    "this message within 28 days, and give the reference. If you are still not content, you can "
    "complain to the Local Government and Social Care Ombudsman."
)
"""What everybody is told who is refused, unless the council has words of its own."""
POLICE_DOMAINS = ("police.uk", "cps.gov.uk", "nca.gov.uk")
"""Every force has its domain below police.uk, pnn.police.uk among them."""
_TABLES = {
    "log": {"origin"},
    "retention": {"days"},
    "contact": {"email", "telephone"},
    "look": {"colour"},
    "links": {"days", "downloads"},
    "recipients": {"police", "free"},
    "documents": {"most_mb", "days_after_check", "longest_days"},
    "requests": {"answer_days", "count", "unpaid_days", "erase_days", "appeal"}
    | {"register_decides", "incident_pattern", "incident_example"},
    "fees": {"review", "release", "vat_percent", "vat_number"},
    "cameras": {"points"},
    "statistics": {"suppress_below", "mean_from"},
    "transparency": {"purposes"},
}
"""The tables of council.toml, and what each may hold."""
_PREFIX = re.compile("[A-Z]{2,5}")
_COLOUR = re.compile("#[0-9a-f]{6}")
_HOST = re.compile(r"([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z0-9-]+")
_VAT_NUMBER = re.compile("[A-Z0-9 ]{0,20}")
_LEAST_CONTRAST = 4.5
_MOST_APPEAL = 2000


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
    camera_points: bool = True
    """Whether the public is told where exactly the public cameras are."""
    police: tuple[str, ...] = POLICE_DOMAINS
    """To these domains, and what is below them, go links for the police and the prosecution."""
    free: tuple[str, ...] = ()
    """Domains that this council counts as free mail, beside those that Custos knows."""
    answer_days: int = 5
    """Within so many days of its receipt every request is answered."""
    answer_count: DayKind = DayKind.CALENDAR
    unpaid_days: int = 28
    """After so many days a request expires whose fee is not paid."""
    erase_days: int = 365
    """So many days after its end what is personal of a request is erased."""
    appeal: str = APPEAL
    document_mb: int = 10
    """How large one document of a request may be, in MiB."""
    document_days: int = 7
    """So many days after its check a document is deleted."""
    document_longest_days: int = 90
    """So many days after it came a document is deleted, whoever did or did not check it."""
    register_decides: bool = False
    """Whether the register of cameras may say, without a person, that some cover a request."""
    incidents: IncidentNumbers = ANY_NUMBER
    """How the numbers of the council's incident system look."""
    fees: Tariff = USUAL
    told: Transparency = USUALLY_TOLD


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
            told=read_transparency(table),
        )
    except (tomllib.TOMLDecodeError, KeyError, TypeError, AttributeError, ValueError) as error:
        raise SettingsError(f"council.toml cannot be read: {error!r}") from error
    _check_keys(table)
    _check_council(council)
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
    for name, said in (
        ("demonstration", council.demonstration),
        ("cameras.points", council.camera_points),
        ("requests.register_decides", council.register_decides),
    ):
        if not isinstance(said, bool):
            raise SettingsError(f"council.toml: {name} is true or false")
    numbers: tuple[tuple[str, object, int], ...] = (
        ("retention.days", council.retention_days, MOST_DAYS),
        ("links.days", council.link_days, 90),
        ("links.downloads", council.downloads, 100),
        ("requests.answer_days", council.answer_days, 100),
        ("requests.unpaid_days", council.unpaid_days, 365),
        ("documents.most_mb", council.document_mb, 25),
        ("documents.days_after_check", council.document_days, 365),
        ("documents.longest_days", council.document_longest_days, 365),
    )
    for name, number, most in numbers:
        if not isinstance(number, int) or isinstance(number, bool) or not 0 < number <= most:
            raise SettingsError(f"council.toml: {name} is a number from 1 to {most}")
    days: object = council.erase_days
    if not isinstance(days, int) or isinstance(days, bool) or not LEAST_KEPT <= days <= MOST_DAYS:
        raise SettingsError(
            f"council.toml: requests.erase_days is a number from {LEAST_KEPT} to {MOST_DAYS}: for "
            f"{LEAST_KEPT} days whoever is refused may ask that it is looked at again"
        )
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
    free: tuple[object, ...] = council.free
    if not all(isinstance(one, str) and _HOST.fullmatch(one) for one in free):
        raise SettingsError(
            'council.toml: recipients.free lists domains, such as ["mailbox.example"]'
        )
    appeal: object = council.appeal
    if not isinstance(appeal, str) or not 0 < len(appeal) <= _MOST_APPEAL:
        raise SettingsError(
            f"council.toml: requests.appeal is a text of at most {_MOST_APPEAL} characters"
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
