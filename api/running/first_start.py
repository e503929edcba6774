"""Edge. What only the first start does: two tokens, so that somebody can begin."""

from pathlib import Path

from api.wiring import Services
from evidence.people.access import Role
from storage.embedded.directory import private_directory, write_private

FIRST = {
    Role.OPERATOR: "Demonstration operator",
    Role.RELEASER: "Demonstration releaser",
}
SET_UP = "Custos, at its first start"


def make_first_tokens(services: Services, folder: Path) -> None:
    """Make the operator's and the releaser's token, each in a file of its own, mode 0600.

    A crash between the commit and the file leaves a token that nobody knows; the next start
    makes another one.
    """
    private_directory(folder)
    for role, name in FIRST.items():
        path = folder / f"{role}.token"
        if path.exists():
            continue
        with services.transaction() as session:
            by = services.people.subject(session, services.people.known(session, SET_UP), ())
            person = services.people.add(session, name)
            token = services.tokens.add(session, person, (role,), by=by, at=services.clock())
        write_private(path, token + "\n")
