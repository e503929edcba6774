"""Service. What the rows tell of the roles that people have."""

from sqlmodel import Session

from custody.audit.facts import Step, Tally
from evidence.people.founded import unfounded_roles


def check_roles(session: Session, tally: Tally) -> None:
    """Name every row with a role that the ledger does not give."""
    for one in unfounded_roles(session):
        tally.fail(
            Step.CLAIMS,
            f"The roles of {one.what} are not the ones that the ledger gives",
            str(one.person),
            expected=", ".join(one.given) or "none",
            found=", ".join(one.found) or "none",
        )
