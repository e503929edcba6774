"""Pure. What a fee costs: pence including VAT, and how much of it is VAT, exactly.

A VAT invoice shows the tax to the penny. Of an amount that includes it, the tax is the fraction
rate / (100 + rate) (VAT Notice 700, section 7.3), rounded to the nearest penny, half of one up; net
and tax always add up to what was paid.
"""

from dataclasses import dataclass
from enum import StrEnum

WHOLE = 10_000
"""Basis points in one: 20 % are 2,000."""


class Stage(StrEnum):
    """What a fee pays for. The second is asked for only once footage is found and approved."""

    REVIEW = "review"
    RELEASE = "release"


@dataclass(frozen=True, slots=True)
class Price:
    """What is paid, and which part of it is VAT."""

    pence: int
    vat_pence: int
    vat_basis_points: int

    @property
    def net_pence(self) -> int:
        """The amount without VAT."""
        return self.pence - self.vat_pence


@dataclass(frozen=True, slots=True)
class Tariff:
    """What a council charges, from council.toml; 0 pence: nothing."""

    review: int = 2500
    release: int = 7500
    vat_basis_points: int = 2000
    vat_number: str = ""
    """As it stands on receipts; empty: the council has not said it."""

    def price(self, stage: Stage) -> Price:
        """Return what a stage costs."""
        pence = self.review if stage is Stage.REVIEW else self.release
        return split(pence, self.vat_basis_points)


USUAL = Tariff()
"""What a council charges that says nothing else."""


def split(pence: int, vat_basis_points: int) -> Price:
    """Return a price of so many pence, VAT included."""
    over = WHOLE + vat_basis_points
    return Price(pence, (2 * pence * vat_basis_points + over) // (2 * over), vat_basis_points)


def pounds(pence: int) -> str:
    """Return an amount as people write it: £25, £20.83."""
    whole, rest = divmod(abs(pence), 100)
    text = f"{whole:,}.{rest:02}" if rest else f"{whole:,}"
    return f"{'-' if pence < 0 else ''}£{text}"


def parse_pounds(text: str) -> int | None:
    """Return how many pence somebody typed: 25, £25 or 20.83; None: no amount."""
    whole, point, rest = text.strip().removeprefix("£").replace(",", "").partition(".")
    digits = whole + rest
    if not (digits.isascii() and digits.isdecimal()) or not whole or len(whole) > 6:  # noqa: PLR2004 - below a million pounds
        return None
    if point and len(rest) != 2:  # noqa: PLR2004 - pence
        return None
    return int(whole) * 100 + (int(rest) if rest else 0)
