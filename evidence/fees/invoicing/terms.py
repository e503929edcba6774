"""Pure. What is agreed with a firm that pays monthly, as the event of its account commits to it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from custody.errors import ShapeError
from custody.formats.canonical import JSON
from evidence.errors import InvalidError
from evidence.fees.prices import pounds
from evidence.mailbox.addresses import check_company_domain
from evidence.wording import check_words

USUAL_DAYS = 30
_MOST_NAME, _MOST_REFERENCE, _MOST_ADDRESS = 200, 60, 500
_MOST_DOMAINS, _MOST_DAYS, MOST_LIMIT = 20, 90, 100_000_00
_KEYS = frozenset({"version", "organisation", "domains", "reference", "address", "days", "limit"})
_VERSION = 1


@dataclass(frozen=True, slots=True)
class Terms:
    """Who pays, how, and how much of it may be open."""

    organisation: str
    domains: tuple[str, ...]
    """Exactly these: whoever asks from a mailbox of a part of one is somebody else."""
    reference: str
    """The firm's own, for its invoices."""
    address: str
    """Where statements go, on paper or by mail."""
    days: int = USUAL_DAYS
    """After a statement was made, until it must be settled."""
    limit_pence: int | None = None
    """How much may be on account and not settled; None: no limit."""


def check_terms(terms: Terms, *, free: Collection[str]) -> Terms:
    """Return terms as they are recorded; ``free`` is what the council counts as free mail.

    Raises:
        InvalidError: something is missing or cannot be; names the field.
    """
    domains = tuple(
        dict.fromkeys(check_company_domain("domains", one, free=free) for one in terms.domains)
    )
    if not 0 < len(domains) <= _MOST_DOMAINS:
        raise InvalidError("domains", f"enter 1 to {_MOST_DOMAINS} domains, one a line")
    if not 0 < terms.days <= _MOST_DAYS:
        raise InvalidError("days", f"enter a number of days from 1 to {_MOST_DAYS}")
    if terms.limit_pence is not None and not 0 < terms.limit_pence <= MOST_LIMIT:
        raise InvalidError("limit", f"enter a limit of up to {pounds(MOST_LIMIT)}, or none")
    return replace(
        terms,
        organisation=check_words("organisation", terms.organisation, most=_MOST_NAME),
        domains=domains,
        reference=check_words("reference", terms.reference, most=_MOST_REFERENCE),
        address=check_words("address", terms.address, most=_MOST_ADDRESS, lines=True),
    )


def terms_json(terms: Terms) -> dict[str, JSON]:
    """Return terms as `account.opened` commits to them."""
    return {
        "version": _VERSION,
        "organisation": terms.organisation,
        "domains": list(terms.domains),
        "reference": terms.reference,
        "address": terms.address,
        "days": terms.days,
        "limit": terms.limit_pence,
    }


def parse_terms(value: object) -> Terms:
    """Read what the event commits to.

    Raises:
        ShapeError: it is not of that form.
    """
    if not isinstance(value, Mapping) or set(value) != _KEYS or value["version"] != _VERSION:
        raise ShapeError("these are not the terms of an account", subject="terms")
    words = [value[name] for name in ("organisation", "reference", "address")]
    domains, days, limit = value["domains"], value["days"], value["limit"]
    if (
        not all(isinstance(one, str) for one in words)
        or not isinstance(domains, list)
        or not all(isinstance(one, str) for one in domains)
        or not isinstance(days, int)
        or not isinstance(limit, int | None)
    ):
        raise ShapeError("a value of another type is expected here", subject="terms")
    organisation, reference, address = words
    return Terms(organisation, tuple(domains), reference, address, days, limit)
