"""Who may do what: a table, written here a second time, by hand."""

import re
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from uuid import UUID

import pytest

from custody.formats.approval import Approval
from evidence.errors import AccessRefusedError
from evidence.people.access import ALLOWED, Action, Decision, Role, Subject, decide
from evidence.people.people import require
from evidence.people.two_people import (
    SECONDED,
    SELF_APPROVED,
    URGENT,
    decide_approval,
    decide_second,
)

O, R, G, U = Role.OPERATOR, Role.RELEASER, Role.GOVERNANCE, Role.AUDITOR  # noqa: E741
EXPECTED: dict[Action, set[Role]] = {
    Action.SHOW_TOKENS: {Role.ADMINISTRATOR},
    Action.ADD_EXHIBIT: {O},
    Action.CORRECT_EXHIBIT: {O, R},
    Action.EXTEND_EXHIBIT: {O},
    Action.SHOW_EXHIBIT: {O, R, G, U},
    Action.RETRY_EXHIBIT: {O, R},
    Action.ACCEPT_EXHIBIT: {O, R},
    Action.SET_ASIDE: {O, R},
    Action.REVIEW_EXHIBIT: {G},
    Action.READ_CUSTODY: {O, R, G, U},
    Action.AUDIT_LOG: {O, R, G, U},
    Action.REPORT_ACCESS: {G, U, Role.ADMINISTRATOR},
    Action.PROPOSE_RELEASE: {O, R},
    Action.APPROVE_RELEASE: {R},
    Action.REFUSE_RELEASE: {R},
    Action.WITHDRAW_RELEASE: {O, R},
    Action.SEAL_RELEASE: {O, R},
    Action.ABANDON_RELEASE: {R},
    Action.ERASE_PAPERS: {G},
    Action.SHOW_RELEASE: {O, R, G, U},
    Action.COLLECT_PACKAGE: {O, R},
    Action.VIEW_FOOTAGE: {O, R},
    Action.PLACE_HOLD: {O, R, G},
    Action.LIFT_HOLD: {R, G},
    Action.REVOKE_RELEASE: {R, G},
    Action.REISSUE_LINK: {O, R},
    Action.RECORD_HANDOFF: {O, R},
    Action.READ_REGISTER: {R, G, U},
    Action.SHOW_MESSAGES: {O, R, G, U},
    Action.SHOW_CAMERAS: {O, R, G, U, Role.ADMINISTRATOR},
    Action.IMPORT_CAMERAS: {G, Role.ADMINISTRATOR},
    Action.MARK_CAMERA: {G, Role.ADMINISTRATOR},
    Action.SHOW_REQUEST: {O, R, G, U},
    Action.PRESERVE_FOOTAGE: {O, R},
    Action.REVIEW_REQUEST: {O, R},
    Action.APPROVE_REQUEST: {R},
    Action.REFUSE_REQUEST: {R, G},
    Action.PAUSE_REQUEST: {G},
    Action.READ_STATISTICS: {G, U},
    Action.CHECK_DOCUMENT: {G},
    Action.WRITE_MESSAGE: {O, R, G},
    Action.SUBMIT_REQUEST: {Role.REQUESTER},
    Action.FOLLOW_REQUEST: {Role.REQUESTER},
    Action.CONFIRM_CLOCK: {Role.ADMINISTRATOR},
    Action.SHOW_FEES: {U, Role.FINANCE},
    Action.REFUND_PAYMENT: {Role.FINANCE},
    Action.SETTLE_DIFFERENCE: {Role.FINANCE},
    Action.SHOW_ACCOUNTS: {G, U, Role.FINANCE},
    Action.OPEN_ACCOUNT: {Role.FINANCE},
    Action.APPROVE_ACCOUNT: {G, Role.FINANCE},
    Action.CLOSE_ACCOUNT: {Role.FINANCE},
    Action.SETTLE_STATEMENT: {Role.FINANCE},
    Action.PROPOSE_DISPOSAL: {O, R, G},
    Action.APPROVE_DISPOSAL: {G},
    Action.END_EPOCH: {Role.ADMINISTRATOR},
    Action.ERASE_PERSON: {R, G},
    Action.APPROVE_ERASURE: {G},
    Action.USE_CONSOLE: {O, R, G, U, Role.FINANCE, Role.ADMINISTRATOR},
}
ANNA, BERT = UUID(int=1), UUID(int=2)
DOCUMENT = Path(__file__).parents[3] / "docs/roles.md"


@pytest.mark.parametrize("role", [*Role, None])
@pytest.mark.parametrize("action", Action)
def test_each_role_may_do_exactly_what_the_table_says(action: Action, role: Role | None) -> None:
    decision = decide(action, [role] if role else [])
    assert decision.allowed == (role in EXPECTED[action])
    assert decision.role == (role if decision.allowed else None)
    assert decision.reason


@pytest.mark.parametrize("action", Action)
def test_two_roles_may_do_what_one_of_them_may(action: Action) -> None:
    for pair in combinations(Role, 2):
        decision = decide(action, pair)
        assert decision.allowed == bool(EXPECTED[action] & set(pair))
        assert decision.role is None or decision.role in EXPECTED[action] & set(pair)


def test_every_action_has_its_row() -> None:
    assert set(ALLOWED) == set(Action) == set(EXPECTED)


def test_the_document_says_the_same() -> None:
    lines = DOCUMENT.read_text(encoding="utf-8").splitlines()
    (header,) = [line for line in lines if line.startswith("| what |")]
    roles = [cell.strip() for cell in header.split("|")[2:-1]]
    for action in Action:
        (row,) = [line for line in lines if f"(`{action}`)" in line]
        cells = [cell.strip() for cell in row.split("|")[2:-1]]
        assert {role for role, cell in zip(roles, cells, strict=True) if cell} == {
            str(role) for role in EXPECTED[action]
        }, action
    assert sorted(roles) == sorted(Role)
    assert len(re.findall(r"\(`\w+\.\w+`\)", "\n".join(lines))) == len(Action)


def test_a_refusal_says_what_is_needed_and_what_there_is() -> None:
    subject = Subject(ANNA, "Anna", frozenset({Role.FINANCE}))
    with pytest.raises(AccessRefusedError, match=r"needs the role operator; .* have finance"):
        require(Action.ADD_EXHIBIT, subject)
    nobody = Subject(ANNA, "Anna", frozenset())
    with pytest.raises(AccessRefusedError, match="have no role"):
        require(Action.ADD_EXHIBIT, nobody)


def test_a_second_person_approves() -> None:
    assert decide_approval(ANNA, BERT, self_approve=False).allowed


def test_nobody_approves_what_they_proposed() -> None:
    decision = decide_approval(ANNA, ANNA, self_approve=False)
    assert not decision.allowed
    assert "second releaser" in decision.reason


def test_a_demonstration_s_self_approval_says_so() -> None:
    decision = decide_approval(ANNA, ANNA, self_approve=True)
    assert decision == Decision(True, SELF_APPROVED, how=Approval.ALONE)


def test_two_people_who_say_self_approve_are_still_two_people() -> None:
    assert decide_approval(ANNA, BERT, self_approve=True).reason == "a second person approves"


def test_where_a_life_is_at_stake_one_person_is_enough_and_a_second_is_due() -> None:
    for approver in (ANNA, BERT):
        decision = decide_approval(ANNA, approver, self_approve=False, due="noon")
        words = f"{URGENT}; a second approval is due by noon"
        assert decision == Decision(True, words, how=Approval.URGENT)


def test_whoever_approved_alone_is_not_the_second_person() -> None:
    assert not decide_second(ANNA, ANNA, late=False).allowed
    assert not decide_second(ANNA, ANNA, late=True).allowed
    confirmed = Decision(True, SECONDED, how=Approval.CONFIRMED)
    assert decide_second(ANNA, BERT, late=False) == confirmed
    late = replace(confirmed, reason=f"{SECONDED}, after it was due")
    assert decide_second(ANNA, BERT, late=True) == late


def test_the_same_name_does_not_make_the_same_person() -> None:
    one, other = (Subject(who, "A. Khan", frozenset()) for who in (ANNA, BERT))
    assert one.words != other.words
