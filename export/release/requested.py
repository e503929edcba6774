"""Service. A release under the number of a request: it agrees with it, or it is refused.

A number that is no request's is a release of its own, as before there were requests.
"""

from collections.abc import Mapping

from sqlmodel import Session

from evidence.errors import InvalidError, StateError
from evidence.exhibits.tables import ExhibitRow
from evidence.requests.recorded import found_exhibits, steps_of
from evidence.requests.states import RELEASABLE, Path, RequestState
from evidence.requests.submissions import Requests
from evidence.requests.tables import RequestRow
from export.release.proposals import NewRelease, ReleaseKind

KIND_OF: Mapping[Path, ReleaseKind] = {
    Path.INSURER: ReleaseKind.INSURER,
    Path.SOLICITOR: ReleaseKind.INSURER,
    Path.AUTHORISED: ReleaseKind.INSURER,
    Path.POLICE: ReleaseKind.POLICE,
    Path.CPS: ReleaseKind.CPS,
    Path.COUNCIL: ReleaseKind.COUNCIL,
}
"""As which kind a release leaves for each path; somebody who asks for themselves has none."""


def require_releasable(row: RequestRow | None) -> None:
    """Demand that a release may be proposed, approved and sealed for this request now.

    Raises:
        StateError: not yet, not any more, or never before there is a redacted copy.
    """
    if row is None:
        return
    if row.path not in KIND_OF:
        raise StateError(
            f"request {row.urn} is a subject access request: it waits for a redacted copy, and "
            "footage that shows other people is never released for it"
        )
    if RequestState(row.state) not in RELEASABLE:
        raise StateError(
            f"request {row.urn} is {row.state.replace('_', ' ')}: nothing can be released for it"
        )


def require_agreement(
    session: Session, requests: Requests, new: NewRelease, exhibits: list[ExhibitRow]
) -> None:
    """Demand that a proposal says what the request under its number says.

    Raises:
        InvalidError: it contradicts the request; names the field.
        StateError: nothing can be released for the request now.
    """
    row = requests.under(session, new.urn) if new.urn else None
    require_releasable(row)
    asked = None if row is None else requests.asked(session, row.id)
    if row is None or asked is None:
        return
    name, email = asked.recipient
    kind = KIND_OF[asked.path]
    for field, said, wanted in (
        ("kind", new.kind.value, kind.value),
        ("recipient_name", new.recipient_name, name),
        ("recipient_email", new.recipient_email, email),
        ("organisation", new.organisation, asked.organisation),
        ("basis", new.basis, asked.basis),
    ):
        if said != wanted:
            words = field.replace("_", " ")
            raise InvalidError(field, f"request {row.urn} says another {words}: {wanted}")
    found = set(found_exhibits(steps_of(session, row.id)))
    other = [exhibit.reference for exhibit in exhibits if exhibit.id not in found]
    if other:
        raise InvalidError(
            "exhibits", f"the review of request {row.urn} did not find {', '.join(other)}"
        )
