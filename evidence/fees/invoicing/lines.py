"""Pure. What stands on an account: fees, and credits with a minus; and what a statement commits to.

Of what is credited, the VAT is what it makes the VAT of the rest smaller: whatever is credited in
whichever parts, no penny of VAT is left over.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from custody.formats.canonical import JSON, canonical_json, format_time
from evidence.errors import InvalidError
from evidence.fees.prices import pounds, split

_VERSION = 1
_REFERENCE = re.compile(r"S-([0-9]{6,9})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an account, in pence; what is credited is below zero."""

    urn: str
    stage: str
    claim_reference: str
    purchase_order: str
    pence: int
    """VAT included."""
    vat_pence: int
    at: datetime

    @property
    def net_pence(self) -> int:
        """The amount without VAT."""
        return self.pence - self.vat_pence


def credit_vat(left: int, pence: int, vat_basis_points: int) -> int:
    """Return how much of a credit is VAT, of a fee of which ``left`` pence are not credited yet.

    Raises:
        InvalidError: more would be credited than is left, or nothing.
    """
    if not 0 < pence <= left:
        words = f"{pounds(left)} of this fee can be credited: enter that or less"
        raise InvalidError("amount", words if left else "all of this fee was credited already")
    after = split(left - pence, vat_basis_points).vat_pence
    return split(left, vat_basis_points).vat_pence - after


def statement_reference(number: int) -> str:
    """Return how a statement is quoted: S-000001."""
    return f"S-{number:06}"


def parse_statement(reference: str) -> int | None:
    """Return the number of a statement, as it is quoted; None: no statement is quoted so."""
    match = _REFERENCE.fullmatch(reference.strip().upper())
    return None if match is None else int(match[1])


def statement_sha256(number: int, account: UUID, month: date, lines: Sequence[Line]) -> str:
    """Return the digest of a statement's canonical form (RFC 8785), to which its event commits."""
    told: dict[str, JSON] = {
        "version": _VERSION,
        "statement": statement_reference(number),
        "account": str(account),
        "month": month.isoformat()[:7],
        "lines": [_line_json(one) for one in lines],
    }
    return hashlib.sha256(canonical_json(told)).hexdigest()


def _line_json(line: Line) -> dict[str, JSON]:
    return {
        "urn": line.urn,
        "stage": line.stage,
        "claim_reference": line.claim_reference,
        "purchase_order": line.purchase_order,
        "net_pence": line.net_pence,
        "vat_pence": line.vat_pence,
        "pence": line.pence,
        "at": format_time(line.at.replace(microsecond=0)),
    }
