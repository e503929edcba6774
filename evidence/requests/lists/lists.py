"""Service. A list of requests: rehearsed, and then taken over as it was rehearsed, or not at all.

All of it stands in one transaction. Each row has a key of its own, the list's digest and its line
(`evidence/requests/systems/filings`): the same list again makes nothing, and tells the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from sqlmodel import Session

from evidence.cameras.lists.sheets import Fault
from evidence.errors import AnswersError, StateError
from evidence.requests.asked import Asked
from evidence.requests.duplicates.duplicates import Duplicates
from evidence.requests.duplicates.likeness import claim_words, is_same_place
from evidence.requests.lists.listed import ListedAnswers, MadeRequest, broken, read_answers
from evidence.requests.questions.paths import FORMS
from evidence.requests.systems.filings import Filings
from evidence.requests.systems.requesters import Requester
from evidence.requests.tables import RequestRow


@dataclass(frozen=True, slots=True)
class RehearsedRequest:
    """A request that a list would make."""

    row: ListedAnswers
    asked: Asked
    again: tuple[str, ...]
    """The numbers of their own open requests for the same."""
    like: int | None
    """An earlier line of the list that asks for the same."""


@dataclass(frozen=True, slots=True)
class RehearsedList:
    """What a list would make."""

    digest: str
    """What names this rehearsal: to take the list over, it is sent back."""
    requests: tuple[RehearsedRequest, ...]


class RequestLists:
    """Takes lists of requests."""

    def __init__(self, filings: Filings, duplicates: Duplicates) -> None:
        self._filings = filings
        self._duplicates = duplicates

    def rehearse(
        self, session: Session, content: bytes, requester: Requester, *, at: datetime
    ) -> RehearsedList:
        """Say what a list would make; makes nothing.

        Raises:
            BrokenListError: names line and column of each fault, and what to do.
        """
        found = self._read(content, requester, at)
        return RehearsedList(
            _digest(content),
            tuple(
                RehearsedRequest(
                    row,
                    asked,
                    self._before(session, asked, requester),
                    next((one.line for one, other in found[:place] if _alike(other, asked)), None),
                )
                for place, (row, asked) in enumerate(found)
            ),
        )

    def apply(
        self,
        session: Session,
        content: bytes,
        rehearsed: str,
        requester: Requester,
        *,
        at: datetime,
    ) -> Sequence[MadeRequest]:
        """Make the requests of a list that was rehearsed; again: return those that it made.

        Raises:
            BrokenListError: it has faults by now; nothing was made.
            StateError: another list was rehearsed.
        """
        digest = _digest(content)
        if rehearsed != digest:
            raise StateError("this is not the list that was rehearsed: have it checked once more")
        made: list[tuple[ListedAnswers, RequestRow]] = [
            (row, self._filings.keep(session, row.answers, _key(digest, row), requester, at=at))
            for row, _ in self._read(content, requester, at)
        ]
        return [
            MadeRequest(row.line, row.answers.get("claim_reference", ""), request.urn)
            for row, request in made
        ]

    def _read(
        self, content: bytes, requester: Requester, at: datetime
    ) -> list[tuple[ListedAnswers, Asked]]:
        found: list[tuple[ListedAnswers, Asked]] = []
        faults: list[Fault] = []
        for row in read_answers(content, FORMS[requester.path]):
            try:
                found.append((row, self._filings.asked(row.answers, requester, at=at)))
            except AnswersError as error:
                faults += [row.fault(name, words) for name, words in error.errors.items()]
        if faults:
            raise broken(*faults)
        return found

    def _before(self, session: Session, asked: Asked, requester: Requester) -> tuple[str, ...]:
        rows = self._duplicates.own(
            session, asked, requester.mailbox, but=UUID(int=0), person=requester.person
        )
        return tuple(row.urn for row in rows)


def _alike(one: Asked, other: Asked) -> bool:
    same = claim_words(one) == claim_words(other) and is_same_place(one, other)
    return same and one.start < other.end and other.start < one.end


def _digest(content: bytes) -> str:
    return sha256(content).hexdigest()


def _key(digest: str, row: ListedAnswers) -> str:
    return f"line {row.line} of the list {digest}"
