"""Pure. Who may do what: every decision has a reason, and every edge asks here.

Roles as in docs/roles.md. An action is a verb on a noun; what is not in the table is refused.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from custody.formats.approval import Approval


class Role(StrEnum):
    """What a member of staff, or a machine, is trusted with."""

    OPERATOR = "operator"
    RELEASER = "releaser"
    FINANCE = "finance"
    GOVERNANCE = "governance"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"
    REQUESTER = "requester"
    """A machine of an organisation that asks for footage: by a token alone, and beside no other."""


STAFF = frozenset(Role) - {Role.REQUESTER}
"""The roles that somebody of the council can have."""


class Action(StrEnum):
    """What can be done."""

    ADD_EXHIBIT = "exhibit.add"
    CORRECT_EXHIBIT = "exhibit.correct"
    EXTEND_EXHIBIT = "exhibit.extend"
    SHOW_EXHIBIT = "exhibit.show"
    RETRY_EXHIBIT = "exhibit.retry"
    ACCEPT_EXHIBIT = "exhibit.accept"
    SET_ASIDE = "exhibit.set_aside"
    REVIEW_EXHIBIT = "exhibit.review"
    READ_CUSTODY = "custody.read"
    AUDIT_LOG = "log.audit"
    REPORT_ACCESS = "access.report"
    PROPOSE_RELEASE = "release.propose"
    APPROVE_RELEASE = "release.approve"
    REFUSE_RELEASE = "release.refuse"
    WITHDRAW_RELEASE = "release.withdraw"
    SEAL_RELEASE = "release.seal"
    ABANDON_RELEASE = "release.abandon"
    ERASE_PAPERS = "release.erase_papers"
    SHOW_RELEASE = "release.show"
    COLLECT_PACKAGE = "release.collect"
    VIEW_FOOTAGE = "exhibit.view"
    PLACE_HOLD = "hold.place"
    LIFT_HOLD = "hold.lift"
    REVOKE_RELEASE = "release.revoke"
    REISSUE_LINK = "link.reissue"
    RECORD_HANDOFF = "handoff.record"
    READ_REGISTER = "register.read"
    READ_STATISTICS = "statistics.read"
    SHOW_MESSAGES = "message.show"
    SHOW_CAMERAS = "camera.show"
    IMPORT_CAMERAS = "camera.import"
    MARK_CAMERA = "camera.mark"
    CONFIRM_CLOCK = "clock.confirm"
    SHOW_TOKENS = "token.show"
    SHOW_REQUEST = "request.show"
    PRESERVE_FOOTAGE = "request.preserve"
    REVIEW_REQUEST = "request.review"
    APPROVE_REQUEST = "request.approve"
    REFUSE_REQUEST = "request.refuse"
    PAUSE_REQUEST = "request.pause"
    CHECK_DOCUMENT = "document.check"
    WRITE_MESSAGE = "request.write"
    SUBMIT_REQUEST = "request.submit"
    FOLLOW_REQUEST = "request.follow"
    SHOW_FEES = "fee.show"
    REFUND_PAYMENT = "payment.refund"
    SETTLE_DIFFERENCE = "difference.settle"
    SHOW_ACCOUNTS = "account.show"
    OPEN_ACCOUNT = "account.open"
    APPROVE_ACCOUNT = "account.approve"
    CLOSE_ACCOUNT = "account.close"
    SETTLE_STATEMENT = "statement.settle"
    PROPOSE_DISPOSAL = "disposal.propose"
    APPROVE_DISPOSAL = "disposal.approve"
    END_EPOCH = "epoch.end"
    ERASE_PERSON = "person.erase"
    APPROVE_ERASURE = "erasure.approve"
    USE_CONSOLE = "console.use"


_STAFF = (Role.OPERATOR, Role.RELEASER)
_READERS = (*_STAFF, Role.GOVERNANCE, Role.AUDITOR)

ALLOWED: dict[Action, tuple[Role, ...]] = {
    Action.ADD_EXHIBIT: (Role.OPERATOR,),
    Action.CORRECT_EXHIBIT: _STAFF,
    # As taking it in: what is added is as much evidence as what came first.
    Action.EXTEND_EXHIBIT: (Role.OPERATOR,),
    Action.SHOW_EXHIBIT: _READERS,
    Action.RETRY_EXHIBIT: _STAFF,
    Action.ACCEPT_EXHIBIT: _STAFF,
    Action.SET_ASIDE: _STAFF,
    # How long personal data is kept is for who answers for it.
    Action.REVIEW_EXHIBIT: (Role.GOVERNANCE,),
    Action.READ_CUSTODY: _READERS,
    Action.AUDIT_LOG: _READERS,
    # It names everybody of the staff: for who answers for personal data, who checks, who sets up.
    Action.REPORT_ACCESS: (Role.GOVERNANCE, Role.AUDITOR, Role.ADMINISTRATOR),
    Action.PROPOSE_RELEASE: _STAFF,
    Action.APPROVE_RELEASE: (Role.RELEASER,),
    Action.REFUSE_RELEASE: (Role.RELEASER,),
    # Who did not propose it must be a releaser: see `decide_withdrawal`.
    Action.WITHDRAW_RELEASE: _STAFF,
    Action.SEAL_RELEASE: _STAFF,
    # It ends a release as a refusal does, or a revocation.
    Action.ABANDON_RELEASE: (Role.RELEASER,),
    # Who answers for personal data, and does not release.
    Action.ERASE_PAPERS: (Role.GOVERNANCE,),
    Action.SHOW_RELEASE: _READERS,
    # A package holds footage: an auditor reads everything about custody, and no footage.
    Action.COLLECT_PACKAGE: _STAFF,
    Action.VIEW_FOOTAGE: _STAFF,
    Action.PLACE_HOLD: (Role.OPERATOR, Role.RELEASER, Role.GOVERNANCE),
    # What a hold keeps, one operator in a hurry must not let go.
    Action.LIFT_HOLD: (Role.RELEASER, Role.GOVERNANCE),
    Action.REVOKE_RELEASE: (Role.RELEASER, Role.GOVERNANCE),
    Action.REISSUE_LINK: _STAFF,
    Action.RECORD_HANDOFF: _STAFF,
    Action.READ_REGISTER: (Role.GOVERNANCE, Role.AUDITOR, Role.RELEASER),
    # Who answers for what is told of the council, and whoever checks it.
    Action.READ_STATISTICS: (Role.GOVERNANCE, Role.AUDITOR),
    Action.SHOW_MESSAGES: _READERS,
    # The whole register, with what the public is not told of.
    Action.SHOW_CAMERAS: (*_READERS, Role.ADMINISTRATOR),
    # Who answers for what the public is told of the cameras, and who sets the service up.
    Action.IMPORT_CAMERAS: (Role.GOVERNANCE, Role.ADMINISTRATOR),
    Action.MARK_CAMERA: (Role.GOVERNANCE, Role.ADMINISTRATOR),
    # Everything is recorded by the clock: whoever runs the machine vouches for it.
    Action.CONFIRM_CLOCK: (Role.ADMINISTRATOR,),
    # Whoever runs the machine makes them, and is reminded before one ends.
    Action.SHOW_TOKENS: (Role.ADMINISTRATOR,),
    Action.SHOW_REQUEST: _READERS,
    Action.PRESERVE_FOOTAGE: _STAFF,
    # Covered or not, begun, what was found, withdrawn for who asked, closed.
    Action.REVIEW_REQUEST: _STAFF,
    # Who reviewed it cannot: see `decide_in_principle`.
    Action.APPROVE_REQUEST: (Role.RELEASER,),
    Action.REFUSE_REQUEST: (Role.RELEASER, Role.GOVERNANCE),
    # The clock of a subject access request is of who answers for personal data.
    Action.PAUSE_REQUEST: (Role.GOVERNANCE,),
    # Copies of passports: one role, who answers for personal data, and releases nothing.
    Action.CHECK_DOCUMENT: (Role.GOVERNANCE,),
    # Who deals with a request writes to whoever asked, and reads what they answer.
    Action.WRITE_MESSAGE: (*_STAFF, Role.GOVERNANCE),
    # Of their own organisation, and no other's: see `evidence/requests/systems`.
    Action.SUBMIT_REQUEST: (Role.REQUESTER,),
    Action.FOLLOW_REQUEST: (Role.REQUESTER,),
    # Fees are part of the custody chain, of which an auditor reads everything.
    Action.SHOW_FEES: (Role.FINANCE, Role.AUDITOR),
    Action.REFUND_PAYMENT: (Role.FINANCE,),
    Action.SETTLE_DIFFERENCE: (Role.FINANCE,),
    # Who approves one sees it; many councils have one person for all of finance.
    Action.SHOW_ACCOUNTS: (Role.FINANCE, Role.AUDITOR, Role.GOVERNANCE),
    Action.OPEN_ACCOUNT: (Role.FINANCE,),
    # Who opened it cannot: see `decide_account`.
    Action.APPROVE_ACCOUNT: (Role.FINANCE, Role.GOVERNANCE),
    Action.CLOSE_ACCOUNT: (Role.FINANCE,),
    Action.SETTLE_STATEMENT: (Role.FINANCE,),
    Action.PROPOSE_DISPOSAL: (*_STAFF, Role.GOVERNANCE),
    # Who answers for personal data, and releases nothing.
    Action.APPROVE_DISPOSAL: (Role.GOVERNANCE,),
    # Whoever runs the machine holds the files of the keys.
    Action.END_EPOCH: (Role.ADMINISTRATOR,),
    # Who finds and asks need not be who answers for personal data; who approves is.
    Action.ERASE_PERSON: (Role.GOVERNANCE, Role.RELEASER),
    Action.APPROVE_ERASURE: (Role.GOVERNANCE,),
    Action.USE_CONSOLE: tuple(role for role in Role if role in STAFF),
}


@dataclass(frozen=True, slots=True)
class Subject:
    """Somebody who acts: one person or machine, and the roles they hold now."""

    person: UUID
    name: str
    roles: frozenset[Role]

    @property
    def words(self) -> str:
        """What the ledger commits to, under this person's own key."""
        return f"{self.name} ({self.person})"


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether an action is allowed, why, and in which role it is done."""

    allowed: bool
    reason: str
    role: Role | None = None
    how: Approval | None = None
    """Of an approval that is allowed: how it came about."""


def decide(action: Action, roles: Iterable[Role]) -> Decision:
    """Decide whether somebody with ``roles`` may do ``action``."""
    held = frozenset(roles)
    for role in ALLOWED[action]:
        if role in held:
            return Decision(True, f"{role} may do {action}", role)
    needed = " or ".join(ALLOWED[action])
    has = ", ".join(sorted(held)) or "no role"
    return Decision(False, f"{action} needs the role {needed}; you have {has}")
