"""Service. What the rows tell of the roles that people have, and of the tokens they act by."""

from sqlmodel import Session

from custody.audit.facts import Step, Tally
from evidence.people.founded import unfounded_roles
from evidence.people.issued import unfounded_tokens


def check_roles(session: Session, tally: Tally) -> None:
    """Name every row with a role that the ledger does not give, and every token it knows not so."""
    for one in unfounded_roles(session):
        tally.fail(
            Step.CLAIMS,
            f"The roles of {one.what} are not the ones that the ledger gives",
            str(one.person),
            expected=", ".join(one.given) or "none",
            found=", ".join(one.found) or "none",
        )
    for token in unfounded_tokens(session):
        tally.fail(
            Step.CLAIMS,
            "A token works, and the ledger says something else of it",
            token.id,
            expected=token.expected,
            found=token.found,
        )
