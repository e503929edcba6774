"""The page of a release shows its events and its messages a page at a time, none twice."""

import html
import re
from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest

from api.times import utc_now
from evidence.mailbox.messages import MessageState
from evidence.mailbox.tables import MessageRow
from evidence.people.access import Role
from export.delivery.letters import DeliveryLetter
from export.desk.story import SHOWN
from export.release.releases import label
from export.release.tables import ReleaseRow
from tests.api.statements import statements
from tests.api.web.console.test_console_releases import seen
from tests.api.web.visiting import Visitor
from tests.export.release.release_acts import propose
from tests.houses import House

Opens = Callable[..., Visitor]
MANY = 2 * SHOWN + 5


@pytest.fixture(scope="module")
def release(house: House) -> ReleaseRow:
    """Return a release with many events and many messages, one each second."""
    row = propose(house, house.unplayable().reference)
    start = utc_now()
    with house.services.transaction() as session:
        for number in range(1, MANY):
            at = start + timedelta(seconds=number)
            house.services.ledger.append(session, row.id, "link.requested", {}, at=at)
        for number in range(MANY):
            session.add(
                MessageRow(
                    id=uuid4(),
                    once=str(uuid4()),
                    kind=DeliveryLetter.LINK.value,
                    person=row.recipient,
                    about=row.id,
                    state=MessageState.REFUSED.value,
                    queued_at=start + timedelta(seconds=number),
                    reference="",
                    words=f"letter number {number:03}",
                )
            )
    return row


def following(page: str, section: str) -> str:
    """Return where the next page of a section is; empty: nowhere."""
    part = page.split(f'id="{section}"')[1].split("<h2", maxsplit=1)[0]
    found = re.search(r'href="([^"]+)" rel="next"', part)
    return html.unescape(found[1]) if found else ""


def walked(visitor: Visitor, path: str, section: str, what: str) -> list[list[str]]:
    pages: list[list[str]] = []
    while path:
        answer = visitor.get(path)
        assert answer.status_code == 200, seen(answer)
        part = answer.text.split(f'id="{section}"')[1].split("<h2")[0]
        pages.append(re.findall(what, part))
        path = following(answer.text, section)
    return pages


def test_events_are_shown_a_page_at_a_time(browser: Opens, release: ReleaseRow) -> None:
    visitor = browser(Role.RELEASER)
    pages = walked(
        visitor, f"/console/releases/{label(release)}", "history", r"datetime=\"([^\"]+)"
    )
    assert [len(one) for one in pages] == [SHOWN, SHOWN, 5]
    moments = [moment for one in pages for moment in one]
    assert moments == sorted(moments, reverse=True)
    assert len(set(moments)) >= MANY - 1
    last = visitor.get(f"/console/releases/{label(release)}?before=5")
    assert "Proposed" in seen(last).split("History, newest first")[1]


def test_messages_are_shown_a_page_at_a_time(browser: Opens, release: ReleaseRow) -> None:
    visitor = browser(Role.RELEASER)
    path = f"/console/releases/{label(release)}"
    pages = walked(visitor, path, "messages", r"letter number (\d+)")
    assert [len(one) for one in pages] == [SHOWN, SHOWN, 5]
    assert [n for one in pages for n in one] == [f"{n:03}" for n in reversed(range(MANY))]


def test_what_is_counted_is_counted_of_all_events(house: House, release: ReleaseRow) -> None:
    by = house.subjects[Role.RELEASER]
    story = house.look(lambda s: house.services.stories.story(s, str(release.id), by=by))
    assert len(story.events) == SHOWN
    assert story.count("link.requested") == MANY - 1
    assert story.count("release.proposed") == 1


def test_a_page_of_many_asks_no_more_than_one_of_few(
    browser: Opens, house: House, release: ReleaseRow
) -> None:
    visitor, few = browser(Role.RELEASER), propose(house, house.unplayable().reference)
    counts = []
    for row in (few, release):
        with statements(house) as asked:
            visitor.get(f"/console/releases/{label(row)}")
        counts.append(len(asked))
    assert counts[0] == counts[1]


@pytest.mark.parametrize(
    "query", ["before=-1", "before=x", f"before={2**64}", "cursor=x", "cursor=older-1-zz", "page=2"]
)
def test_a_place_that_is_none_is_refused(browser: Opens, release: ReleaseRow, query: str) -> None:
    answer = browser(Role.RELEASER).get(f"/console/releases/{label(release)}?{query}")
    assert answer.status_code == 422


def test_a_page_beyond_the_first_event_is_empty(browser: Opens, release: ReleaseRow) -> None:
    answer = browser(Role.RELEASER).get(f"/console/releases/{label(release)}?before=0")
    assert answer.status_code == 200
    assert following(answer.text, "history") == ""
