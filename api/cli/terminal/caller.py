"""Edge. What the commands that act share: where the service is, and on whose behalf."""

import argparse
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from sqlmodel import Session

from api.acts import Decision, decide
from api.cli.terminal.acting import add_acting, add_data
from api.cli.terminal.errors import UsageError
from api.services import Services
from api.settings.environment import read_settings
from api.settings.facts import Settings
from api.wiring import build
from evidence.errors import TokenEndedError
from evidence.people.access import Role, Subject

Row = TypeVar("Row")
_MAKE = "custos token add NAME --role ROLE --out FILE makes one"

__all__ = [
    "add_acting",
    "add_data",
    "decided",
    "machine_owner",
    "services_of",
    "settings_of",
    "subject_of",
    "token_path",
]


def settings_of(given: argparse.Namespace, *, port: int | None = None) -> Settings:
    """Return the settings, the command line's first."""
    return read_settings(os.environ, data=given.data, port=port)


@contextmanager
def services_of(given: argparse.Namespace) -> Iterator[Services]:
    """Build the services for one command."""
    services = build(settings_of(given), pool_size=2)
    try:
        yield services
    finally:
        services.close()


def token_path(given: argparse.Namespace) -> str | Path | None:
    """Return the file of the token of whoever acts, if one is named."""
    return given.token_file or os.environ.get("CUSTOS_TOKEN_FILE")


def machine_owner(services: Services, session: Session, *roles: Role) -> Subject:
    """Return whoever owns the data directory, and so may do without a token what makes tokens."""
    name = f"user {os.geteuid()} of the machine that Custos runs on"
    return services.people.subject(session, services.people.known(session, name), roles)


def subject_of(given: argparse.Namespace, services: Services) -> Subject:
    """Return who acts: whoever the token in the file speaks for.

    Raises:
        UsageError: no file was named, it cannot be read, or its token is not (any more) valid.
    """
    folder = services.settings.tokens
    path = token_path(given)
    if not path:
        made = f"the first start made some in {folder}" if services.demonstration else _MAKE
        raise UsageError(f"say who acts: --token-file FILE ({made})")
    try:
        text = Path(path).read_text(encoding="ascii")
    except OSError as error:
        raise UsageError(f"the token file {path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"the token file {path} cannot be read: it holds no text") from error
    with services.transaction() as session:
        try:
            subject = services.tokens.find(session, text, at=services.clock())
        except TokenEndedError as error:
            raise UsageError(f"{path}: {error}") from error
    if subject is None:
        raise UsageError(f"the token in {path} is not valid here, or was revoked")
    return subject


def decided(
    services: Services, subject: Subject, decision: Decision[Row], name: str, reason: str
) -> Row:
    """Take a decision about an exhibit or a release; return its row as it stands then."""
    return decide(services, subject, decision, name, reason, lambda _, row: row)
