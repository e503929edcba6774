"""Edge. What it is to hand a message to somebody who delivers it, and how that can end.

Four ends, and no other: it was taken; `UnavailableError`: it certainly was not, try again;
`RefusedMailError`: it was not and never will be; `LostMailError`: nobody knows. None of them
carries an address, or words of a server, which like to quote one.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from uuid import UUID

from storage.errors import UnavailableError

_NOT_HERE = "this process was not given what mail is sent with"


@dataclass(frozen=True, slots=True)
class Letter:
    """One message to one person, ready to go."""

    message: UUID
    """Ours: from it comes the Message-ID, or the provider's reference."""
    to: str = field(repr=False)
    subject: str = field(repr=False)
    text: str = field(repr=False)
    html: str = field(repr=False)
    at: datetime


class MailError(Exception):
    """Base of what ends a delivery; its words can be kept and shown."""


class RefusedMailError(MailError):
    """It was not taken, and another attempt would not be either; tell a person."""


class LostMailError(MailError):
    """Nobody knows whether it was taken; never send it again, tell a person."""


class Mailer(Protocol):
    """Hands letters to whoever delivers them."""

    def find(self, message: UUID) -> str | None:
        """Return the name under which a message was taken before; None: it was not, or who knows.

        Raises:
            UnavailableError: whoever delivers does not answer.
        """
        ...

    def send(self, letter: Letter) -> str:
        """Hand over a letter; return the name under which it was taken.

        Raises:
            UnavailableError: it was certainly not taken; safe to retry.
            RefusedMailError, LostMailError: see there.
        """
        ...


class WithheldMailer:
    """Stands where a process was not given what mail is sent with: another one sends it."""

    def find(self, _message: UUID) -> str | None:
        """Refuse.

        Raises:
            UnavailableError: always.
        """
        raise UnavailableError(_NOT_HERE)

    def send(self, _letter: Letter) -> str:
        """Refuse.

        Raises:
            UnavailableError: always; the letter was not taken.
        """
        raise UnavailableError(_NOT_HERE)
