"""Service. Holds links and packages against their events, before anything leaves by them.

Who can write to the database could let a link work again, for longer, by another token, or put
another package in the place of this one. What the ledger says decides: where a row says something
else, nothing leaves, and `custos log audit` names it.
"""

from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

from sqlmodel import Session

from custody.formats.canonical import JSON, format_time
from custody.ledger.histories import FoundEvent, Histories
from evidence.errors import StateError
from export.delivery.tables import LinkRow
from export.release.releases import label, recipient_of
from export.release.tables import ReleaseRow
from export.sealing.steps import SealStore, facts_digest

_MOST: Final = 1 << 20
"""Events of one release: more than anybody can make of it."""
_Said: TypeAlias = tuple[FoundEvent, Mapping[str, JSON]]
"""An event, and what it must say where the database says it too."""
_ENDED: Final = frozenset({"release.revoked", "release.expired"})


class Recorded:
    """Knows what the ledger says of what is about to leave."""

    def __init__(self, histories: Histories) -> None:
        self._histories = histories

    def require_package(self, session: Session, row: ReleaseRow) -> None:
        """Demand that the package of a release is the one that was joined and read back.

        Raises:
            StateError: the database says something else than the ledger: nothing leaves.
        """
        events = self._events(session, row)
        self._require(session, row, _package(session, row, events))

    def require_link(self, session: Session, row: ReleaseRow, link: LinkRow) -> None:
        """Demand that a link is the last one that was issued of its release, and as it was issued.

        Its recipient, its token, its end and its downloads; and that nothing took it back since.

        Raises:
            StateError: the database says something else than the ledger: nothing leaves.
        """
        events = self._events(session, row)
        said = _package(session, row, events)
        ends = [event for event in events if event.event in _ENDED | {"link.issued"}]
        if not ends or ends[-1].event in _ENDED:
            raise _differs(row, "whether its link works")
        issued: Mapping[str, JSON] = {
            "recipient": recipient_of(session, row).words,
            "expires": format_time(link.expires_at.replace(microsecond=0)),
            "token": link.token_sha256,
            "downloads": link.downloads_allowed,
        }
        self._require(session, row, [*said, (ends[-1], issued)])

    def _events(self, session: Session, row: ReleaseRow) -> Sequence[FoundEvent]:
        """Return all events of a release: one that a row names otherwise must not be missed."""
        return self._histories.of(session, row.id, most=_MOST)

    def _require(self, session: Session, row: ReleaseRow, all_said: Sequence[_Said]) -> None:
        """Demand that events are ours, and each says this."""
        told = self._histories.tell(session, [event for event, _ in all_said])
        for event, said in all_said:
            for one in told[event.id]:
                if one.altered or (one.field in said and said[one.field] != one.value):
                    raise _differs(row, f"{one.field} of {event.event}")


def _package(session: Session, row: ReleaseRow, events: Sequence[FoundEvent]) -> list[_Said]:
    """Return the two events of a package's making, and what they must say."""
    joined = SealStore(row.id).joined(session)
    if joined is None:
        raise _differs(row, "whether its package was read back")
    all_said: list[_Said] = []
    for name, said in (
        ("release.assembled", {"facts": facts_digest(joined.archive)}),
        ("release.checked", {"sha256": joined.checked["sha256"], "size": joined.archive["size"]}),
    ):
        found = [event for event in events if event.event == name]
        if len(found) != 1:
            raise _differs(row, name)
        all_said.append((found[0], said))
    return all_said


def _differs(row: ReleaseRow, what: str) -> StateError:
    return StateError(
        f"the database says something else of release {label(row)} than the ledger ({what}): "
        "nothing leaves before a person has looked, `custos log audit` names every difference"
    )
