"""Service. A proposal that is taken back before anybody decided, or proposed anew in its place.

To edit a proposal is both in one transaction: what was proposed stays on record as it was, and the
two releases name each other.
"""

from dataclasses import replace
from datetime import datetime

from sqlmodel import Session

from custody.ledger.ledger import Ledger
from evidence.errors import AccessRefusedError, InvalidError
from evidence.people.access import Action, Role, Subject
from evidence.people.people import require
from evidence.people.two_people import decide_withdrawal
from export.release.contents import chosen_of
from export.release.notices import Notices, ReleaseLetter
from export.release.proposals import Delivery, NewRelease, ReleaseKind
from export.release.proposing.submissions import Proposals
from export.release.releases import Releases, label
from export.release.states import ReleaseState, ReleaseStep, transition
from export.release.steps import by_whom, needed_reason, take_step
from export.release.tables import ReleaseRow


class Withdrawals:
    """Takes proposals back, and writes down who did and why."""

    def __init__(
        self, ledger: Ledger, releases: Releases, proposals: Proposals, notices: Notices
    ) -> None:
        self._ledger = ledger
        self._releases = releases
        self._proposals = proposals
        self._notices = notices

    def withdraw(
        self, session: Session, name: str, *, by: Subject, at: datetime, reason: str
    ) -> ReleaseRow:
        """Withdraw a proposal of one's own, or any of them as a releaser.

        Raises:
            AccessRefusedError, InvalidError, UnknownError: nothing was recorded.
            StateError: it is decided already.
        """
        require(Action.WITHDRAW_RELEASE, by)
        said = needed_reason(reason)
        row = self._releases.find(session, name, lock=True)
        self._withdraw(session, row, by, said, at)
        return row

    def proposed(self, session: Session, name: str, *, by: Subject) -> NewRelease:
        """Return what a proposal says, to be changed and proposed in its place.

        Raises:
            AccessRefusedError, InvalidError, UnknownError: there is none that ``by`` may edit.
        """
        require(Action.WITHDRAW_RELEASE, by)
        row = self._releases.find(session, name)
        _role(row, by)
        recipient = self._releases.recipient(session, row)
        exhibits = self._releases.exhibits(session, row.id)
        return NewRelease(
            exhibits=tuple(exhibit.reference for exhibit in exhibits),
            kind=ReleaseKind(row.kind),
            recipient_name=recipient.name,
            recipient_email=recipient.email,
            organisation=row.organisation,
            purpose=row.purpose,
            basis=row.basis,
            with_master=row.with_master,
            urn=row.urn,
            delivery=Delivery(row.delivery),
            files=chosen_of(session, row, exhibits),
            link_days=row.link_days,
            urgent=row.urgent,
        )

    def replace(
        self,
        session: Session,
        name: str,
        new: NewRelease,
        *,
        by: Subject,
        at: datetime,
        reason: str,
    ) -> ReleaseRow:
        """Withdraw a proposal and propose ``new`` in its place; return what is proposed now.

        It keeps its reference number, unless ``new`` names another. Sent twice under the
        identifier of ``new``, it is done once.

        Raises:
            AccessRefusedError, InvalidError, UnknownError: nothing was recorded.
            StateError: it is decided already, or ``new`` cannot be proposed.
        """
        require(Action.WITHDRAW_RELEASE, by)
        said = needed_reason(reason)
        old = self._releases.find(session, name, lock=True)
        known = None if new.id is None else session.get(ReleaseRow, new.id)
        if known is not None and known.replaces == old.id and known.proposed_by == by.person:
            return known
        if known is not None:
            raise InvalidError("id", "there is a release of this identifier already")
        _role(old, by)
        # Before anything is proposed: what is decided already is not edited.
        transition(f"release {label(old)}", ReleaseState(old.state), ReleaseStep.WITHDRAWN)
        new = replace(new, urn=new.urn or old.urn)
        made = self._proposals.propose(session, new, by=by, at=at, replaces=old.id)
        self._withdraw(session, old, by, f"proposed again as {label(made)}; {said}", at)
        session.flush()
        return made

    def _withdraw(
        self, session: Session, row: ReleaseRow, by: Subject, reason: str, at: datetime
    ) -> None:
        values = by_whom(by, _role(row, by), reason)
        take_step(self._ledger, session, row, ReleaseStep.WITHDRAWN, values, at)
        row.ended_by, row.ended_at, row.ended_reason = by.person, at, reason
        self._notices.ended(session, row, ReleaseLetter.WITHDRAWN, by=by.person, at=at)


def _role(row: ReleaseRow, by: Subject) -> Role:
    """Return the role in which somebody withdraws a proposal."""
    decision = decide_withdrawal(row.proposed_by, by)
    if not decision.allowed or decision.role is None:
        raise AccessRefusedError(Action.WITHDRAW_RELEASE, decision.reason)
    return decision.role
