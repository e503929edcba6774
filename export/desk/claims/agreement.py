"""Service. Holds a release and its exhibits against their events, as the audit holds every record.

What is sealed, and what leaves by a link, is what the ledger says: who changed a row in the
database is stopped here, and not only named by the next audit.
"""

from collections.abc import Iterator, Mapping, Sequence
from uuid import UUID

from sqlmodel import Session, col, select

from custody.audit.claims import compare
from custody.audit.facts import Claim, KeptEvent, Span, Tally
from custody.check.finding import Outcome
from custody.errors import ProofError
from custody.formats.canonical import canonical_json
from custody.ledger.histories import Histories
from export.desk.claims.exhibits import exhibits
from export.desk.claims.leaving.releases import releases
from export.release.tables import ReleaseExhibitRow

_MOST = 1 << 20
"""Events of one record: more than anybody can make of it."""


class Agreement:
    """Knows whether the rows of a release say what its events say."""

    def __init__(self, histories: Histories) -> None:
        self._histories = histories

    def require(self, session: Session, release: UUID) -> None:
        """Demand that every row of a release, and of the exhibits that it carries, agrees.

        The transaction must see one moment only (`custody.audit.streams.take_snapshot`), or what
        somebody does meanwhile would look like a change.

        Raises:
            ProofError: one does not, or an event is not what the log committed to. A person must
                look: `custos log audit` names every difference.
        """
        tally = Tally()
        for claim in self._claims(session, release):
            compare(tally, claim, claim.kind, self.events(session, claim.record))
        for finding in tally.close():
            if finding.outcome is Outcome.FAIL:
                raise ProofError(
                    f"{finding.words.removesuffix('.')} ({finding.subject}): nothing is sealed "
                    "before a person has looked, `custos log audit` names every difference",
                    expected=finding.expected,
                    found=finding.found,
                )

    def _claims(self, session: Session, release: UUID) -> Iterator[Claim]:
        yield from releases(session, Span(release, release))
        carried = select(ReleaseExhibitRow.exhibit).where(ReleaseExhibitRow.release == release)
        for exhibit in session.exec(carried.order_by(col(ReleaseExhibitRow.exhibit))):
            yield from exhibits(session, Span(exhibit, exhibit))

    def events(self, session: Session, record: UUID) -> Mapping[str, Sequence[KeptEvent]]:
        """Return the events of a record by their names, with the values that are not erased.

        Raises:
            ProofError: an event, or a value of one, was changed in the database.
        """
        found = self._histories.of(session, record, most=_MOST)
        told = self._histories.tell(session, found)
        events: dict[str, list[KeptEvent]] = {}
        for event in found:
            for one in told[event.id]:
                if one.altered:
                    raise ProofError(f"{one.field} of {event.event} was changed in the database")
            values = {
                one.field: canonical_json(one.value).decode()
                for one in told[event.id]
                if not one.erased
            }
            kept = KeptEvent(str(event.id), event.event, event.n, event.at, values)
            events.setdefault(event.event, []).append(kept)
        return events
