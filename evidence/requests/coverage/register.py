"""Service. Asks the register of cameras about a request, and writes down what it said.

Only the public cameras are asked, as for everybody who checks a place: what is found, and how long
that takes, is the same whether there are others or not.
"""

from datetime import datetime

from sqlmodel import Session

from custody.ledger.ledger import Ledger
from evidence.cameras.coverage import Found
from evidence.cameras.public import PublicCameras
from evidence.requests.asked import Asked
from evidence.requests.coverage.findings import FOUND, found_json, sought_in
from evidence.requests.recorded import record_step
from evidence.requests.tables import RequestRow


class CoverageRegister:
    """Says of a request which public cameras may have captured it."""

    def __init__(self, ledger: Ledger, cameras: PublicCameras, *, decides: bool) -> None:
        """``decides``: whether the council lets it say yes without a person; never no."""
        self._ledger = ledger
        self._cameras = cameras
        self._decides = decides

    def look_up(
        self, session: Session, row: RequestRow, asked: Asked, *, at: datetime
    ) -> Found | None:
        """Write down what the register says; return it if that decides the request.

        It does where the council allows it, one place or a point is meant, a public camera may have
        captured it, and its footage is still there. It never says no: a person who knows every
        camera does.
        """
        found = self._cameras.look_up(session, sought_in(asked))
        record_step(
            session, self._ledger, row.id, FOUND, {"facts": found_json(found)}, by=None, at=at
        )
        kept = at < row.overwrite_due_at
        return found if self._decides and kept and found.decides else None
