"""Pure. What somebody proposes to release, and what must be right about it first."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from uuid import UUID

from evidence.errors import InvalidError
from evidence.mailbox.addresses import check_address, check_reachable
from evidence.wording import check_words

MOST_LINK_DAYS = 90
_NAME, _TEXT = 200, 2000
_FILE = re.compile(r"(?P<exhibit>[^:]{1,200}):(?P<name>.{1,500})")


class ReleaseKind(StrEnum):
    """Who asks, which decides what a package opens and whether the master goes by default."""

    POLICE = "police"
    CPS = "cps"
    COUNCIL = "council"
    INSURER = "insurer"


class Delivery(StrEnum):
    """How the package reaches its recipient."""

    LINK = "link"
    """A link to our page, to one named mailbox."""
    HANDOFF = "handoff"
    """Another way, recorded by whoever hands it over."""
    NONE = "none"
    """Somebody of the staff, or a machine, fetches it."""


WITH_MASTER = frozenset({ReleaseKind.POLICE, ReleaseKind.CPS, ReleaseKind.COUNCIL})
"""The kinds that are given the master unless the proposer says otherwise."""

_OFFICIAL = frozenset({ReleaseKind.POLICE, ReleaseKind.CPS})
"""The kinds whose links go to the domains that the council lists."""


@dataclass(frozen=True, slots=True)
class ChosenFile:
    """A file that goes, by the exhibit's reference and its own name."""

    exhibit: str
    name: str

    def __str__(self) -> str:
        """Return it as forms and command lines write it."""
        return f"{self.exhibit}:{self.name}"


def parse_chosen(text: str) -> ChosenFile:
    """Read ``JS/1:clip.mp4``.

    Raises:
        InvalidError: it is not of that form.
    """
    match = _FILE.fullmatch(text)
    if match is None:
        raise InvalidError("files", "name each file by its exhibit, such as JS/1:JS-1-CP1.mp4")
    return ChosenFile(match["exhibit"], match["name"])


@dataclass(frozen=True, slots=True)
class NewRelease:
    """What is proposed: which exhibits, to whom, on which legal basis and for what."""

    exhibits: tuple[str, ...]
    kind: ReleaseKind
    recipient_name: str
    recipient_email: str
    organisation: str
    purpose: str
    basis: str
    with_master: bool | None = None
    urn: str = ""
    delivery: Delivery = Delivery.NONE
    files: tuple[ChosenFile, ...] = ()
    """Masters and working copies; empty: every file of the kinds that go."""
    link_days: int | None = None
    """How long the link works; None: as long as the council says."""
    urgent: bool = False
    """A life is at stake: one approver now, a second within 24 hours."""
    id: UUID | None = None
    """Its identifier, if the caller chose one: a form that is sent twice proposes once."""


def check_proposal(
    new: NewRelease, *, police_domains: Sequence[str], free: Collection[str] = (), link_days: int
) -> NewRelease:
    """Return what was said, in plain words, with the council's own period where none was said.

    Raises:
        InvalidError: a value cannot be right; names the field.
    """
    days = link_days if new.link_days is None else new.link_days
    if not 1 <= days <= MOST_LINK_DAYS:
        raise InvalidError("link_days", f"a link works for 1 to {MOST_LINK_DAYS} days")
    if new.urgent and new.kind is not ReleaseKind.POLICE:
        raise InvalidError("urgent", "only a release to the police can be urgent: threat to life")
    if new.urgent and new.delivery is not Delivery.LINK:
        raise InvalidError(
            "delivery",
            "an urgent release, which one person alone may approve, goes by link to a mailbox of "
            "the police, and no other way",
        )
    checked = replace(
        new,
        recipient_name=check_words("recipient_name", new.recipient_name, most=_NAME),
        organisation=check_words("organisation", new.organisation, most=_NAME),
        recipient_email=check_address(new.recipient_email),
        purpose=check_words("purpose", new.purpose, most=_TEXT, lines=True),
        basis=check_words("basis", new.basis, most=_TEXT, lines=True),
        link_days=days,
    )
    if new.delivery is Delivery.LINK:
        domains = police_domains if new.kind in _OFFICIAL else None
        check_reachable(checked.recipient_email, domains=domains, free=free)
    return checked
