"""Releases that are sealed as one other was: for what comes after the seal, and reads no package.

A sealing costs a third of a second, and each test of links needs a release of its own. Whatever is
about the seal, or unpacks what it delivers, seals for itself.
"""

from sqlalchemy import insert, literal
from sqlmodel import Session, select

from api.times import utc_now
from custody.formats.events import COMMON_FIELDS
from custody.ledger.ledger import Values
from evidence.people.access import Role
from export.release.tables import ReleaseRow
from export.sealing.tables import SealFileRow, SealStepRow
from tests.houses import House

_LAST = "release.checked"
_TOLD = ("release.sealed", "release.assembled")
"""The events of sealing but for the last, which comes with the release's own step."""


class Pattern:
    """What the sealing of one release left, to be had again under the name of another."""

    def __init__(self, house: House, model: ReleaseRow) -> None:
        self._house, self._model = house, model
        self._events: dict[str, Values] = {
            name: {key: value for key, value in values.items() if key not in COMMON_FIELDS}  # type: ignore[misc] # values of an event are JSON
            for name, values in house.events(model.id)
            if name in {*_TOLD, _LAST}
        }

    def seal(self, row: ReleaseRow) -> None:
        """Bring an approved release to where the model is, by the same steps and events."""
        house, services, at = self._house, self._house.services, utc_now()
        by = house.subjects[Role.OPERATOR]
        house.do(Role.OPERATOR, lambda s: services.decisions.start_sealing(s, str(row.id), by=by))
        with services.transaction() as session:
            self._copy(session, row)
            for name in _TOLD:
                services.ledger.append(session, row.id, name, self._events[name], at=at)
            services.decisions.sealed(session, row.id, self._events[_LAST], at=at)

    def _copy(self, session: Session, row: ReleaseRow) -> None:
        """Copy what the steps of the model's sealing have written."""
        for table in (SealStepRow, SealFileRow):
            names = [name for name in table.model_fields if name != "release"]
            copied = select(literal(row.id), *(getattr(table, name) for name in names))
            session.execute(
                insert(table).from_select(
                    ["release", *names], copied.where(table.release == self._model.id)
                )
            )
