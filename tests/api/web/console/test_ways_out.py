"""Ways out on pages, over HTTP and at the command line: exhibits and files that were a mistake."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlmodel import col, select

from api.times import utc_now
from api.web.console.intake import files as intake_files
from api.web.console.intake.files import NEW
from evidence import attention
from evidence.errors import AccessRefusedError, InvalidError, StateError, UnknownError
from evidence.exhibits.tables import ExhibitRow
from evidence.people.access import Role
from export.holdings.masters import JOB_EXAMINE
from export.intake.tables import ResumableUploadRow, UploadRow
from export.intake.uploads import UploadState
from tests.api.asking import Web
from tests.api.web.console.test_console_releases import seen
from tests.api.web.console.test_intake_pages import arrived
from tests.api.web.visiting import Visitor, hidden_fields
from tests.houses import House

Opens = Callable[..., Visitor]


def path_of(row: ExhibitRow) -> str:
    return f"/console/exhibits/{row.reference.replace('/', '-')}"


def state(house: House, row: ExhibitRow) -> str:
    return house.look(lambda s: s.get_one(ExhibitRow, row.id).state)


def test_an_exhibit_that_needs_a_person_says_what_can_be_done(browser: Opens, house: House) -> None:
    row, operator = house.undecided(), browser(Role.OPERATOR)
    shown = operator.get(path_of(row))
    for words in ("Needs a person", "What you can do", "Try again", "The master alone is right"):
        assert words in seen(shown)
    assert "once somebody has said that it alone is right" in seen(shown)
    assert "Propose a release" not in seen(shown)
    auditor = seen(browser(Role.AUDITOR).get(path_of(row)))
    assert "Try again" not in auditor
    assert "Set aside" not in auditor


def test_the_master_alone_is_accepted_with_a_reason(browser: Opens, house: House) -> None:
    row, operator = house.undecided(), browser(Role.OPERATOR)
    at = f"{path_of(row)}/acceptance"
    empty = operator.fill(at, {"reason": " \r\n"})
    assert (empty.status_code, "Enter the reason" in seen(empty)) == (422, True)
    done = operator.fill(at, {"reason": "<b>they</b>\r\nhave a player"})
    assert done.headers["location"] == path_of(row)
    page = operator.get(path_of(row))
    assert "<b>they</b>" not in page.text
    for words in ("The master alone is right", "said Test operator", "<b>they</b> have a player"):
        assert words in seen(page)
    assert "What you can do" not in seen(page)
    late = operator.fill(at, {"reason": "again"})
    assert late.status_code == 409
    assert "is master_alone" in seen(late)
    assert "Propose a release" in seen(page)


def test_an_exhibit_is_set_aside_and_listed_apart(browser: Opens, house: House) -> None:
    row, operator = house.undecided(), browser(Role.OPERATOR)
    assert row.reference in seen(operator.get("/console/exhibits"))
    done = operator.fill(f"{path_of(row)}/set-aside", {"reason": "the wrong street"})
    assert done.headers["location"] == path_of(row)
    page = seen(operator.get(path_of(row)))
    for words in ("Set aside", "said Test operator on", "the wrong street"):
        assert words in page
    for words in ("Propose a release", "Try again"):
        assert words not in page
    assert f">{row.reference}<" not in operator.get("/console/exhibits").text
    for query in ("state=set_aside", f"q={row.reference}"):
        assert f">{row.reference}<" in operator.get(f"/console/exhibits?{query}").text
    proposing = operator.get(f"/console/releases/new?q={row.reference}")
    assert f"No exhibit fits “{row.reference}”" in seen(proposing)


def test_an_examination_that_stopped_is_tried_again_from_the_page(
    browser: Opens, house: House
) -> None:
    row, operator = house.exhibit(), browser(Role.OPERATOR)
    assert "This goes on by itself" in seen(operator.get(path_of(row)))
    with house.services.transaction() as session:
        attention.call(session, row.id, JOB_EXAMINE, "out of memory", at=utc_now())
    page = operator.get(path_of(row))
    assert "This goes on by itself" not in seen(page)
    assert "out of memory" in seen(page)
    done = operator.fill(path_of(row), {}, f"{path_of(row)}/retry")
    assert done.headers["location"] == path_of(row)
    assert "This goes on by itself" in seen(operator.get(path_of(row)))
    house.looked_at(row.id)
    again = operator.fill(path_of(row), {}, f"{path_of(row)}/retry")
    assert (again.status_code, state(house, row)) == (303, "received")


def test_what_needs_nothing_cannot_be_tried_again(browser: Opens, house: House) -> None:
    row, operator = house.undecided(), browser(Role.OPERATOR)
    operator.fill(f"{path_of(row)}/acceptance", {"reason": "as it is"})
    answer = operator.fill(NEW, {}, f"{path_of(row)}/retry")
    assert answer.status_code == 409
    assert "there is nothing to try again" in seen(answer)


def test_a_machine_goes_the_same_ways(web: Web, house: House) -> None:
    row = house.undecided()
    at = f"/exhibits/{row.id}"
    for way, role, reason, status, then in (
        ("retry", Role.AUDITOR, "", 403, "attention"),
        ("acceptance", Role.OPERATOR, "", 422, "attention"),
        ("acceptance", Role.OPERATOR, "as it is", 200, "master_alone"),
        ("retry", Role.OPERATOR, "", 409, "master_alone"),
        ("set-aside", Role.RELEASER, "a mistake", 200, "set_aside"),
        ("set-aside", Role.RELEASER, "a mistake", 409, "set_aside"),
    ):
        more = {} if way == "retry" else {"json": {"reason": reason}}
        answer = web.ask("POST", f"{at}/{way}", role, **more)
        assert (answer.status_code, state(house, row)) == (status, then), answer.text
    tried = house.undecided()
    answer = web.ask("POST", f"/exhibits/{tried.id}/retry", Role.OPERATOR)
    assert (answer.status_code, answer.json()["state"]) == (202, "received")
    assert web.ask("POST", f"/exhibits/{uuid4()}/retry", Role.OPERATOR).status_code == 404


# Files that arrived by mistake.


def upload_of(house: House, name: str) -> UploadRow:
    with house.services.transaction() as session:
        row = session.get_one(ResumableUploadRow, UUID(name))
        return session.get_one(UploadRow, row.upload)


def test_a_file_that_was_a_mistake_is_removed_kept_and_on_record(
    browser: Opens, house: House
) -> None:
    operator = browser(Role.OPERATOR)
    name = arrived(house, operator, "<i>wrong</i>.mp4", b"the wrong clip")
    assert "It was a mistake: remove" in seen(operator.get(NEW))
    at = f"{NEW}/remove?file={name}"
    assert "<i>wrong</i>" not in operator.get(at).text
    empty = operator.fill(at, {"reason": " "}, f"{NEW}/remove")
    assert (empty.status_code, "Enter why it was a mistake" in seen(empty)) == (422, True)
    done = operator.fill(at, {"reason": "another\r\ncase"}, f"{NEW}/remove")
    assert done.headers["location"] == NEW
    assert name not in operator.get(NEW).text
    row = upload_of(house, name)
    assert row.removed_by == house.subjects[Role.OPERATOR].person
    assert row.removed_at is not None
    assert row.removed_reason == "another\ncase"
    house.services.vault.verify(row.stored())
    details = operator.get(f"{NEW}/details?file={name}")
    assert (details.status_code, "was removed" in seen(details)) == (422, True)
    twice = operator.post(
        f"{NEW}/remove",
        {"form_token": _token(operator), "file": name, "reason": "again"},
    )
    assert (twice.status_code, "was removed" in seen(twice)) == (422, True)


def _token(visitor: Visitor) -> str:
    return hidden_fields(visitor.get(NEW).text)["form_token"]


def test_what_is_an_exhibit_or_removed_or_unknown_is_not_removed(house: House) -> None:
    intake = house.services.intake
    free, taken = house.store(b"free"), house.exhibit()
    claimed = house.look(
        lambda s: s.exec(select(UploadRow.id).where(UploadRow.exhibit == taken.id)).one()
    )

    def remove(upload: UUID, reason: str = "a mistake", role: str = Role.OPERATOR) -> None:
        with house.services.transaction() as session:
            intake.remove(session, upload, by=house.subjects[role], at=utc_now(), reason=reason)

    for role in (Role.RELEASER, Role.AUDITOR, "nobody"):
        with pytest.raises(AccessRefusedError):
            remove(free, role=role)
    for reason in ("", " ", "x" * 2001):
        with pytest.raises(InvalidError):
            remove(free, reason)
    with pytest.raises(StateError, match="belongs to an exhibit"):
        remove(claimed)
    with pytest.raises(UnknownError):
        remove(uuid4())
    remove(free)
    with pytest.raises(StateError, match="was removed: a mistake"):
        remove(free)
    with pytest.raises(StateError, match="was removed"), house.services.transaction() as session:
        intake.claimable(session, free)


def test_files_that_wait_are_shown_a_page_at_a_time(
    browser: Opens, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake_files, "PAGE", 3)
    start = utc_now() + timedelta(days=1)
    names = [f"page-{number}.mp4" for number in range(7)]
    with house.services.transaction() as session:
        for number, name in enumerate(names):
            session.add(
                ResumableUploadRow(
                    id=uuid4(),
                    person=house.subjects[Role.OPERATOR].person,
                    name=name,
                    length=1,
                    received=1,
                    state=UploadState.COMPLETE,
                    created_at=start + timedelta(seconds=number),
                    expires_at=start + timedelta(days=7),
                )
            )
    operator = browser(Role.OPERATOR)
    page = operator.get(NEW)
    found = [[name for name in names if name in page.text]]
    while 'rel="next"' in page.text and len(found) < 3:
        following = page.text.split('rel="next"')[0].rpartition('href="')[2].split('"')[0]
        page = operator.get(following.replace("&amp;", "&"))
        found.append([name for name in names if name in page.text])
    assert found == [names[4:], names[1:4], names[:1]]
    with house.services.transaction() as session:
        for row in session.exec(
            select(ResumableUploadRow).where(col(ResumableUploadRow.name).in_(names))
        ):
            session.delete(row)
