"""Service. What the ledger says that people said of an exhibit, before a package repeats it.

The row of an exhibit is what people work with; whoever can write to the database can change it.
So nothing of it is packed that its events do not say: they are opened, held against what the log
committed to, and compared with the row, its files and the clock's comparison.
"""

from collections.abc import Mapping, Sequence

from sqlmodel import Session

from custody.errors import ProofError
from custody.formats.canonical import JSON, canonical_json
from custody.formats.shapes import differences
from custody.ledger.histories import FoundEvent, Histories, Told
from evidence.exhibits.description import Description, clock_values, parse_description
from evidence.exhibits.exhibits import EXTENDED
from evidence.exhibits.recorded import row_facts
from evidence.exhibits.tables import ExhibitRow
from export.holdings.files import MASTER
from export.holdings.tables import ExhibitFileRow

RECEIVED, DESCRIBED, CORRECTED, COMPARED = (
    "exhibit.received",
    "exhibit.described",
    "exhibit.corrected",
    "clock.checked",
)
STATING = (DESCRIBED, CORRECTED, EXTENDED)
"""The events that state all of an exhibit: the last of them counts."""
_MOST = 1 << 20
"""Events of one exhibit: more than anybody can watch it."""

_Values = Mapping[str, JSON]


class Statements:
    """Reads what is stated of exhibits out of their events."""

    def __init__(self, histories: Histories) -> None:
        self._histories = histories

    def confirmed(
        self, session: Session, exhibit: ExhibitRow, came: Sequence[ExhibitFileRow]
    ) -> Description:
        """Return the latest description of an exhibit, if its row and files say the same.

        ``came`` are the files of its original, players too, in the order of `files_of`.

        Raises:
            ProofError: they do not, or an event is not what the log committed to. A person must
                look: `custos log audit` says more.
        """
        events = self._events(session, exhibit)
        versions = sorted((one for name in STATING for one in events[name]), key=_number)
        files: list[JSON] = [{"sha256": one.sha256, "size": one.size} for one in came]
        masters = [one for one in came if one.kind == MASTER]
        first = events[DESCRIBED][:1]
        if not first or len(events[RECEIVED]) != 1:
            raise ProofError(f"the ledger says nothing of {exhibit.reference}: look at its events")
        latest = versions[-1]["facts"]
        taken = [*_files(events[RECEIVED]), *_files(events[EXTENDED])]
        _compare(exhibit, RECEIVED, {"files": _sorted(files)}, {"files": _sorted(taken)})
        _compare(exhibit, "all of it", row_facts(exhibit, masters), latest)
        clock = parse_description(first[0]["facts"]).clock_check
        stated: list[JSON] = [] if clock is None else [clock_values(clock)]
        compared: list[JSON] = [
            {key: one[key] for key in ("offset_ms", "reference")} for one in events[COMPARED]
        ]
        _compare(exhibit, COMPARED, stated, compared)
        return parse_description(latest)

    def _events(self, session: Session, exhibit: ExhibitRow) -> Mapping[str, list[_Values]]:
        """Return the values of the events that state something, in their order, by their name."""
        found: dict[str, list[FoundEvent]] = {name: [] for name in (RECEIVED, *STATING, COMPARED)}
        for event in self._histories.of(session, exhibit.id, most=_MOST):
            if event.event in found:
                found[event.event].append(event)
        told = self._histories.tell(session, [one for some in found.values() for one in some])
        return {
            name: [_opened(exhibit, event, told[event.id]) for event in some]
            for name, some in found.items()
        }


def _number(values: _Values) -> int:
    number = values["n"]
    assert isinstance(number, int)  # the table of events says so, and the value is what it commits
    return number


def _files(events: Sequence[_Values]) -> list[JSON]:
    """Return the files that some receipts took down."""
    found: list[JSON] = []
    for values in events:
        files = values["files"]
        found += files if isinstance(files, list | tuple) else ()
    return found


def _sorted(files: Sequence[JSON]) -> list[JSON]:
    """Return files in an order that rows and events share: players lie behind the masters there."""
    return sorted(files, key=canonical_json)


def _opened(exhibit: ExhibitRow, event: FoundEvent, told: Sequence[Told]) -> _Values:
    """Return the values of an event.

    Raises:
        ProofError: one was changed in the database, or is gone.
    """
    for one in told:
        if one.altered or one.erased:
            raise ProofError(
                f"{exhibit.reference}: {one.field} of {event.event} "
                f"{'was changed in the database' if one.altered else 'was erased'}: it cannot be "
                "sealed before a person has looked"
            )
    return {one.field: one.value for one in told}


def _compare(exhibit: ExhibitRow, what: str, row: JSON, ledger: JSON) -> None:
    """Demand that the database says what the ledger does.

    Raises:
        ProofError: it names the first field that differs.
    """
    for one in differences(ledger, row):
        raise ProofError(
            f"the database says something else of {exhibit.reference} than the ledger, in "
            f"{one.place or what}: look at it before it is sealed, "
            "`custos log audit` names every difference",
            expected=str(one.old),
            found=str(one.new),
        )
