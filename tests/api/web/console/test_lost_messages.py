"""A message that may not have arrived is settled by a person, with one button, and sent by none."""

from collections.abc import Callable
from uuid import UUID, uuid4

import pytest
from sqlmodel import select

from api.times import utc_now
from evidence import attention
from evidence.mailbox.messages import JOB_SEND
from evidence.mailbox.tables import MessageRow
from evidence.people.access import Role
from export.delivery.letters import DeliveryLetter
from export.release.releases import label
from export.release.tables import ReleaseRow
from tests.api.web.console.test_console_releases import seen
from tests.api.web.visiting import Visitor
from tests.export.release.release_acts import propose
from tests.houses import House

Opens = Callable[..., Visitor]
BUTTON = "Settle the messages that did not arrive"


@pytest.fixture
def release(house: House) -> ReleaseRow:
    return propose(house, house.unplayable().reference)


def lost(house: House, release: ReleaseRow, *, refused: bool = False) -> UUID:
    """Have a letter about a release whose fate nobody knows, or that was refused."""
    messages, once = house.services.messages, f"test:{uuid4()}"
    with house.services.transaction() as session:
        messages.queue(
            session,
            DeliveryLetter.LINK_ENDED,
            person=release.recipient,
            about=release.id,
            once=once,
            private={},
            at=utc_now(),
        )
        row = session.exec(select(MessageRow).where(MessageRow.once == once)).one()
        end = messages.refused if refused else messages.uncertain
        end(session, row.id, words="the connection was lost")
        attention.call(session, release.id, JOB_SEND, "it may not have arrived", at=utc_now())
        return row.id


def letter(house: House, message: UUID) -> MessageRow:
    return house.look(lambda s: s.get_one(MessageRow, message))


def test_one_button_settles_it_and_says_no_more_than_is_known(
    house: House, release: ReleaseRow, browser: Opens
) -> None:
    messages, at = [lost(house, release), lost(house, release, refused=True)], label(release)
    operator, page = browser(Role.OPERATOR), f"/console/releases/{at}"
    desk = operator.get("/console").text
    assert f'action="{page}/messages"' in desk
    assert "<button" not in browser(Role.AUDITOR).get("/console").text.partition("<main")[2]
    assert BUTTON in operator.get(page).text
    done = operator.fill("/console", {}, to=f"{page}/messages")
    assert done.headers["location"] == f"{page}?done=settled"
    after = operator.get(done.headers["location"])
    assert BUTTON not in after.text
    assert seen(after).count("Test operator settled it") == 2
    assert "Not known" in seen(after)
    states = [letter(house, message) for message in messages]
    assert [row.state for row in states] == ["uncertain", "refused"]
    assert {row.settled_by for row in states} == {house.subjects[Role.OPERATOR].person}
    assert not house.look(lambda s: attention.calls_to(s, release.id))
    assert f"{at}</a>: the connection was lost" not in operator.get("/console").text


def test_what_is_settled_is_not_settled_again(
    house: House, release: ReleaseRow, browser: Opens
) -> None:
    operator, page = browser(Role.OPERATOR), f"/console/releases/{label(release)}"
    nothing = operator.fill("/sign-out", {}, to=f"{page}/messages")
    assert nothing.status_code == 409
    assert "waits to be looked at" in seen(nothing)
    message = lost(house, release)
    operator.fill(page, {}, to=f"{page}/messages")
    first = letter(house, message).settled_at
    assert operator.fill("/sign-out", {}, to=f"{page}/messages").status_code == 409
    assert letter(house, message).settled_at == first


def test_a_bounce_after_that_waits_for_a_person_again(
    house: House, release: ReleaseRow, browser: Opens
) -> None:
    message = lost(house, release)
    operator, page = browser(Role.OPERATOR), f"/console/releases/{label(release)}"
    operator.fill(page, {}, to=f"{page}/messages")
    house.services.posting.bounced(message, "the mailbox is full")
    assert letter(house, message).settled_at is None
    assert BUTTON in operator.get(page).text


def test_who_may_not_issue_links_settles_nothing(
    house: House, release: ReleaseRow, browser: Opens
) -> None:
    message = lost(house, release)
    auditor, page = browser(Role.AUDITOR), f"/console/releases/{label(release)}"
    assert BUTTON not in auditor.get(page).text
    assert auditor.fill("/sign-out", {}, to=f"{page}/messages").status_code == 403
    assert letter(house, message).settled_at is None
