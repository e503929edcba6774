"""Edge. What only the first start of a demonstration does: two tokens, and its cameras."""

from pathlib import Path

from api import demonstration
from api.services import Services
from evidence.cameras.register import NewList
from evidence.people.access import Role
from storage.embedded.directory import private_directory
from storage.wholefiles import write_whole

FIRST = {
    Role.OPERATOR: "Demonstration operator",
    Role.RELEASER: "Demonstration releaser",
}
"""Whom the tokens of a demonstration speak for: two people, so that one of them can approve."""
SET_UP = "Custos, at its first start"
CAMERAS = Path(demonstration.__file__).with_name("barchester-cameras.csv")
"""The cameras of the fictional council: its streets lie on an empty moor."""


def make_first_tokens(services: Services, folder: Path) -> None:
    """Make the operator's and the releaser's token, each in a file of its own, mode 0600.

    In production none: a command makes each, for a person with a name (`custos token add`).
    A crash between the commit and the file leaves a token that nobody knows; the next start
    makes another one.
    """
    if not services.demonstration:
        return
    private_directory(folder)
    for role, demonstrated in FIRST.items():
        path = folder / f"{role}.token"
        if path.exists():
            continue
        with services.transaction() as session:
            by = services.people.subject(session, services.people.known(session, SET_UP), ())
            person = services.people.add(session, demonstrated)
            token = services.tokens.add(session, person, (role,), by=by, at=services.clock())
        write_whole(path, token + "\n")


def fill_register(services: Services) -> None:
    """Give a demonstration its cameras, as any list is taken over; once, and nobody else's."""
    if not services.demonstration:
        return
    new = NewList(CAMERAS.read_bytes(), CAMERAS.name, {}, source="fictional", licence="Apache-2.0")
    with services.transaction() as session:
        if not services.cameras.is_empty(session):
            return
        person = services.people.known(session, SET_UP)
        by = services.people.subject(session, person, (Role.ADMINISTRATOR,))
        at = services.clock()
        found = services.cameras.rehearse(session, new, by=by, at=at)
        services.cameras.apply(session, new, found.digest, by=by, at=at)
