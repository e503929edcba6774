"""Pure. What makes two requests alike: claim, organisation, and the place that is meant.

Claims and organisations are compared as they are indexed, letter for letter once what people type
one way or the other is taken off. Of the few that share one of them and a time, places are compared
by their cameras, or by words whose spelling is forgiven.
"""

import re
import unicodedata

from evidence.cameras.coverage import alike, plain
from evidence.requests.asked import Asked

_SAME = 87.0
"""Of 100: "Hgh Street" is High Street, and High Road is not."""


def claim_words(asked: Asked) -> str:
    """Return the claim or case that somebody asks for, as it is compared; empty: none is named."""
    said = asked.said("claim_reference") or asked.said("case_reference")
    return re.sub(r"[\W_]", "", unicodedata.normalize("NFKC", said).casefold())


def organisation_words(asked: Asked, mailbox: str) -> str:
    """Return for whom somebody asks, as it is compared: a name, at the domain that was proven.

    Whoever writes the name of another firm is another firm.
    """
    return f"{mailbox.rpartition('@')[2]} {plain(asked.organisation)}"


def is_same_place(one: Asked, other: Asked) -> bool:
    """Tell whether two requests name a camera in common, or mean one street."""
    if {plain(name) for name in one.cameras} & {plain(name) for name in other.cameras}:
        return True
    here, there = plain(one.said("street")), plain(other.said("street"))
    if not here or not there:
        return False
    return here == there or max(alike(here, there), alike(there, here)) >= _SAME
