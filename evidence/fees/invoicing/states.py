"""Pure. The states of an invoice account: one person opens it, another one approves it.

PROPOSED ─▶ OPEN ─▶ CLOSED      what was never approved can be closed too
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from uuid import UUID

from evidence.errors import AccessRefusedError
from evidence.people.access import Action
from evidence.people.two_people import decide_account
from evidence.states import move


class AccountState(StrEnum):
    """Whether fees go on an account."""

    PROPOSED = "proposed"
    """Opened by one person; nothing goes on it before a second one has approved."""
    OPEN = "open"
    CLOSED = "closed"
    """For good: nothing more goes on it; what is on it is still stated, credited and settled."""


_WAYS: Mapping[AccountState, frozenset[AccountState]] = MappingProxyType(
    {
        AccountState.PROPOSED: frozenset({AccountState.OPEN, AccountState.CLOSED}),
        AccountState.OPEN: frozenset({AccountState.CLOSED}),
        AccountState.CLOSED: frozenset(),
    }
)


def approved(now: AccountState, opener: UUID, by: UUID) -> AccountState:
    """Return the state of an account that ``by`` approves and ``opener`` opened.

    Raises:
        StateError: it is approved, or closed.
        AccessRefusedError: they are one person.
    """
    then = move("this account", now, AccountState.OPEN, _WAYS)
    decision = decide_account(opener, by)
    if not decision.allowed:
        raise AccessRefusedError(Action.APPROVE_ACCOUNT, decision.reason)
    return then


def closed(now: AccountState) -> AccountState:
    """Return the state of an account that is closed.

    Raises:
        StateError: it is closed.
    """
    return move("this account", now, AccountState.CLOSED, _WAYS)
