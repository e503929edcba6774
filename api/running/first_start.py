"""Edge. What only the first start does: two tokens, so that somebody can begin."""

from pathlib import Path

from api.wiring import Services
from evidence.people.access import Role
from storage.embedded.directory import private_directory, write_private

FIRST = {
    Role.OPERATOR: "Demonstration operator",
    Role.RELEASER: "Demonstration releaser",
}
"""Whom the tokens of a demonstration speak for: two people, so that one of them can approve."""
ONE_PERSON = "Whoever started Custos first"
"""Whom they speak for in production: who reads both files is one person, and approves as one."""
SET_UP = "Custos, at its first start"


def make_first_tokens(services: Services, folder: Path) -> None:
    """Make the operator's and the releaser's token, each in a file of its own, mode 0600.

    A crash between the commit and the file leaves a token that nobody knows; the next start
    makes another one.
    """
    private_directory(folder)
    for role, demonstrated in FIRST.items():
        path = folder / f"{role}.token"
        if path.exists():
            continue
        with services.transaction() as session:
            by = services.people.subject(session, services.people.known(session, SET_UP), ())
            if services.demonstration:
                person = services.people.add(session, demonstrated)
            else:
                known = services.tokens.holder(session, ONE_PERSON)
                person = known or services.people.add(session, ONE_PERSON)
            token = services.tokens.add(session, person, (role,), by=by, at=services.clock())
        write_private(path, token + "\n")
