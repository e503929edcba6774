"""Pure. How a release was approved: the closed words of `release.approved` that a verdict needs."""

from enum import StrEnum


class Approval(StrEnum):
    """How one approval came about (docs/formats/ledger.md)."""

    SECOND_PERSON = "second person"
    """By another person than the one who proposed."""
    URGENT = "urgent: one person"
    """Threat to life: one person now, a second one within 24 hours."""
    CONFIRMED = "second approval of an urgent release"
    """By another person than the one who gave the first."""
    ALONE = "self-approved in a demonstration"
    """By the person who proposed; only a demonstration does so."""
