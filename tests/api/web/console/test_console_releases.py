"""Releases in the console: proposed, decided and followed, each by who may, in plain words."""

import html
import re
from collections.abc import Callable

import pytest
from httpx import Response
from sqlmodel import select

from api.times import utc_now
from custody.ledger.tables import LogPublicationRow
from evidence import attention
from evidence.exhibits.tables import ExhibitRow
from evidence.mailbox.messages import MessageState
from evidence.mailbox.tables import MessageRow
from evidence.people.access import Role, Subject
from export.release.decisions import JOB_SEAL
from export.release.proposals import Delivery
from export.release.releases import label
from storage.database import named_lock
from storage.jobs import job_key
from tests.api.web.visiting import Visitor, hidden_fields
from tests.export.release.release_acts import (
    again,
    approve,
    by_link,
    hand_off,
    propose,
    sealed,
    second_releaser,
)
from tests.houses import House, digest

Opens = Callable[..., Visitor]
TYPED = {
    "recipient_name": "DC Alex Example",
    "organisation": "Barchester Constabulary",
    "recipient_email": "alex@barchester.police.example",
    "purpose": "investigation of a collision\r\non the High Street",
    "basis": "crime",
    "delivery": "link",
    "link_days": "7",
}


@pytest.fixture(scope="module")
def exhibit(house: House) -> ExhibitRow:
    return house.unplayable()


@pytest.fixture(scope="module")
def other(house: House) -> Subject:
    return second_releaser(house)


def seen(answer: Response) -> str:
    """Return what a page says, in one line of words."""
    text = re.sub(r"<(script|style|head).*?</\1>", " ", answer.text, flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", text)).split())


def details(exhibit: ExhibitRow, kind: str = "police") -> str:
    reference = exhibit.reference.replace("/", "-")
    return f"/console/releases/new?exhibit={reference}&kind={kind}&step=details"


def typed(page: Response, **change: object) -> dict[str, object]:
    """Return a filled form: what the page carries along, what is ticked, and what is typed."""
    ticked = re.findall(r'name="file" type="checkbox" value="([^"]+)" checked', page.text)
    exhibits = re.findall(r'<input type="hidden" name="exhibit" value="([^"]*)"', page.text)
    hidden = {**hidden_fields(page.text), "exhibit": exhibits, "file": ticked}
    return {**hidden, **TYPED, **change}


def carried(page: Response, action: str) -> dict[str, object]:
    """Return the hidden fields of the form that goes to ``action``."""
    (form,) = re.findall(rf'<form action="{action}".*?</form>', page.text, flags=re.DOTALL)
    fields: dict[str, object] = {}
    for name, value in re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form):
        fields.setdefault(name, [])
        said = fields[name]
        assert isinstance(said, list)
        said.append(html.unescape(value))
    return fields


def proposed_by_hand(visitor: Visitor, exhibit: ExhibitRow, **change: object) -> str:
    """Propose a release as the pages lead; return its name."""
    form = visitor.get(details(exhibit))
    check = visitor.post("/console/releases/new/check", typed(form, **change))
    assert check.status_code == 200, seen(check)
    done = visitor.post("/console/releases", carried(check, "/console/releases"))
    assert done.status_code == 303, seen(done)
    return done.headers["location"].removeprefix("/console/releases/").partition("?")[0]


# Proposing.


def test_a_release_is_proposed_page_by_page(
    browser: Opens, house: House, exhibit: ExhibitRow
) -> None:
    operator = browser(Role.OPERATOR)
    begun = operator.get(f"/console/releases/new?exhibit={exhibit.reference.replace('/', '-')}")
    assert f'value="{exhibit.reference}" checked' in begun.text
    form = operator.get(details(exhibit))
    check = operator.post("/console/releases/new/check", typed(form))
    assert "Check your answers" in seen(check)
    for words in ("DC Alex Example", "clip.mp4", "works for 7 days", "Is in the package"):
        assert words in seen(check)
    done = operator.post("/console/releases", carried(check, "/console/releases"))
    page = operator.get(done.headers["location"])
    assert "A second person must approve it now" in seen(page)
    name = done.headers["location"].removeprefix("/console/releases/").partition("?")[0]
    row = house.look(lambda s: house.services.releases.find(s, name))
    assert (row.delivery, row.link_days, row.with_master) == ("link", 7, True)
    assert row.purpose == "investigation of a collision\non the High Street"
    assert row.basis.startswith("Data Protection Act 2018, Schedule 2, paragraph 2")
    # Sent twice, as an impatient person does, it is proposed once.
    twice = operator.post("/console/releases", carried(check, "/console/releases"))
    assert twice.headers["location"] == done.headers["location"]
    assert [name for name, _ in house.events(row.id)] == ["release.proposed"]


def test_answers_can_be_changed_and_nothing_that_was_typed_is_lost(
    browser: Opens, exhibit: ExhibitRow
) -> None:
    operator = browser(Role.OPERATOR)
    evil = '"><script>alert(1)</script>'
    form = operator.get(details(exhibit))
    sent = typed(form, basis="other", basis_other="a court order", organisation=evil)
    check = operator.post("/console/releases/new/check", sent)
    assert evil not in check.text
    changed = operator.post(
        "/console/releases/new/change", carried(check, "/console/releases/new/change")
    )
    assert changed.status_code == 200
    assert evil not in changed.text
    assert evil in html.unescape(changed.text)
    assert "a court order" in changed.text
    again_typed = typed(changed)
    assert again_typed["proposal"]
    assert again_typed["file"] == sent["file"]


def test_all_that_is_missing_is_said_at_once_and_at_its_field(
    browser: Opens, exhibit: ExhibitRow
) -> None:
    operator = browser(Role.OPERATOR)
    form = operator.get(details(exhibit))
    empty = dict.fromkeys(TYPED, "")
    answer = operator.post("/console/releases/new/check", typed(form, **{**empty, "file": []}))
    assert answer.status_code == 422
    assert "<title>Error: Propose a release" in answer.text
    for name in ("recipient_name", "organisation", "recipient_email", "purpose", "basis", "files"):
        assert f'href="#{name}"' in answer.text
        assert f'id="{name}' in answer.text
        assert f'id="{name}-error"' in answer.text


@pytest.mark.parametrize(
    ("kind", "email", "words"),
    [
        ("insurer", "alex@gmail.com", "free mail"),
        ("police", "alex@insurer.example", "no domain of the police"),
        ("cps", "alex@hotmail.com", "no domain of the police"),
        ("council", "älex@barchester.example", "plain letters a to z"),
    ],
)
def test_an_address_that_gets_no_link_is_said_at_its_field(
    browser: Opens, exhibit: ExhibitRow, kind: str, email: str, words: str
) -> None:
    operator = browser(Role.OPERATOR)
    form = operator.get(details(exhibit, kind))
    files = re.findall(r'name="file" type="checkbox" value="([^"]+)"', form.text)
    answer = operator.post(
        "/console/releases/new/check", typed(form, recipient_email=email, file=files)
    )
    assert answer.status_code == 422
    assert words in seen(answer)
    assert 'href="#recipient_email"' in answer.text
    assert email in html.unescape(answer.text)


def test_a_mailbox_of_a_team_is_questioned_and_not_refused(
    browser: Opens, exhibit: ExhibitRow
) -> None:
    operator = browser(Role.OPERATOR)
    form = operator.get(details(exhibit))
    answer = operator.post(
        "/console/releases/new/check",
        typed(form, recipient_email="info@barchester.police.example"),
    )
    assert answer.status_code == 200
    assert "several people read" in seen(answer)


def test_masters_are_ticked_for_the_police_and_not_for_insurers(
    browser: Opens, exhibit: ExhibitRow
) -> None:
    operator = browser(Role.OPERATOR)
    assert typed(operator.get(details(exhibit)))["file"]
    assert typed(operator.get(details(exhibit, "insurer")))["file"] == []


def test_who_asks_and_for_what_comes_first(browser: Opens) -> None:
    operator = browser(Role.OPERATOR)
    answer = operator.get("/console/releases/new?step=details")
    assert answer.status_code == 422
    assert "Select who asks for the footage" in seen(answer)
    assert "Select at least one exhibit" in seen(answer)
    strange = operator.get("/console/releases/new?step=details&exhibit=ZZ-404&kind=police")
    assert "What is released, and who asks?" in seen(strange)


@pytest.mark.parametrize(
    "change",
    [
        {"proposal": "no identifier"},
        {"file": ["nonsense"]},
        {"link_days": "soon"},
        {"link_days": "0"},
        {"delivery": "pigeon"},
        {"urn": "BAR-7K4M-2XQ9-K"},
        {"organisation": "a\u202eb"},
        {"kind": "stranger"},
    ],
)
def test_what_no_page_of_ours_sends_is_refused_with_words(
    browser: Opens, exhibit: ExhibitRow, change: dict[str, object]
) -> None:
    operator = browser(Role.OPERATOR)
    form = operator.get(details(exhibit))
    for path in ("/console/releases/new/check", "/console/releases"):
        answer = operator.post(path, typed(form, **change))
        assert answer.status_code in (200, 422)
        assert "Check your answers" not in seen(answer)
        assert answer.headers["content-type"].startswith("text/html")


# Deciding.


def test_a_second_person_approves_and_sealing_starts_at_once(
    browser: Opens, house: House, exhibit: ExhibitRow
) -> None:
    name = proposed_by_hand(browser(Role.OPERATOR), exhibit)
    releaser = browser(Role.RELEASER)
    path = f"/console/releases/{name}"
    assert "It waits for your approval" in seen(releaser.get(path))
    done = releaser.fill(f"{path}/decision", {"reason": "necessary"}, to=f"{path}/approval")
    assert done.status_code == 303
    row = house.look(lambda s: house.services.releases.find(s, name))
    assert (row.state, row.reason) == ("sealing", "a second person approves; necessary")
    page = releaser.get(done.headers["location"])
    assert "0 of 8 steps are done" in seen(page)
    house.services.sealing.seal(row.id)
    house.services.links.issue(row.id)
    words = seen(releaser.get(path))
    assert "has a link and has not downloaded the package yet" in words
    assert "Link issued" in words


def test_the_proposer_sees_why_they_cannot_approve(
    browser: Opens, house: House, exhibit: ExhibitRow
) -> None:
    row = propose(house, exhibit.reference, by=Role.RELEASER)
    path = f"/console/releases/{label(row)}"
    releaser = browser(Role.RELEASER)
    assert "You proposed this release, so you cannot approve it" in seen(releaser.get(path))
    deciding = releaser.get(f"{path}/decision")
    assert "Approve and seal" not in seen(deciding)
    answer = releaser.post(f"{path}/approval", hidden_fields(deciding.text))
    assert answer.status_code == 403
    assert again(house, row).state == "proposed"
    assert "Only a releaser can approve" in seen(browser(Role.OPERATOR).get(path))


def test_a_refusal_needs_a_reason_and_keeps_what_was_typed(
    browser: Opens, house: House, exhibit: ExhibitRow
) -> None:
    row = propose(house, exhibit.reference)
    path = f"/console/releases/{label(row)}"
    releaser = browser(Role.RELEASER)
    answer = releaser.fill(f"{path}/decision", {"reason": " "}, to=f"{path}/refusal")
    assert answer.status_code == 422
    assert "Enter why it is refused" in seen(answer)
    long = releaser.fill(f"{path}/decision", {"reason": "x" * 2001}, to=f"{path}/refusal")
    assert "x" * 2001 in long.text
    done = releaser.fill(f"{path}/decision", {"reason": "too wide"}, to=f"{path}/refusal")
    assert done.status_code == 303
    assert again(house, row).reason == "too wide"
    assert "nothing left the house: too wide" in seen(releaser.get(path))


def test_who_comes_too_late_is_told_how_it_stands(
    browser: Opens, house: House, exhibit: ExhibitRow, other: Subject
) -> None:
    row = propose(house, exhibit.reference)
    path = f"/console/releases/{label(row)}"
    releaser = browser(Role.RELEASER)
    form = hidden_fields(releaser.get(f"{path}/decision").text)
    approve(house, row, other, seal=True)
    for action in ("approval", "refusal"):
        late = releaser.post(f"{path}/{action}", {**form, "reason": "no"})
        assert late.status_code == 409
        assert "This cannot be done now" in seen(late)
        assert "is sealing" in seen(late)
    assert releaser.get(f"{path}/decision").status_code == 303
    assert [name for name, _ in house.events(row.id)] == ["release.proposed", "release.approved"]


def test_an_urgent_release_is_approved_alone_and_confirmed_by_the_next(
    browser: Opens, house: House, exhibit: ExhibitRow, other: Subject
) -> None:
    name = proposed_by_hand(browser(Role.RELEASER), exhibit, urgent="yes")
    path = f"/console/releases/{name}"
    releaser = browser(Role.RELEASER)
    assert "You can approve this alone" in seen(releaser.get(f"{path}/decision"))
    done = releaser.fill(f"{path}/decision", {"reason": "hostage"}, to=f"{path}/approval")
    page = seen(releaser.get(done.headers["location"]))
    assert "A second person must confirm it within 24 hours" in page
    row = house.look(lambda s: house.services.releases.find(s, name))
    house.services.sealing.seal(row.id)
    shown = releaser.get(path)
    assert "You gave the first approval" in seen(shown)
    assert "Nobody of the council fetches it" in seen(shown)
    assert "Download the package" not in seen(shown)
    refused = releaser.fill("/sign-out", {}, to=f"{path}/package")
    assert refused.status_code == 403
    assert "until a second releaser confirms it" in seen(refused)
    answer = releaser.post(
        f"{path}/second-approval", hidden_fields(releaser.get(f"{path}/decision").text)
    )
    assert answer.status_code == 403
    assert name in releaser.get("/console/releases?show=waiting").text
    house.subjects["second releaser"] = other
    confirming = browser("second releaser")
    assert "Review and confirm" in seen(confirming.get(path))
    done = confirming.fill(f"{path}/decision", {}, to=f"{path}/second-approval")
    assert done.status_code == 303
    assert again(house, row).seconded_by == other.person
    fetched = releaser.fill(path, {}, to=f"{path}/package")
    assert fetched.headers["content-type"] == "application/zip"
    assert name not in releaser.get("/console/releases?show=waiting").text


# What becomes of it.


def test_to_revoke_asks_why_and_ends_the_link(
    browser: Opens, house: House, exhibit: ExhibitRow
) -> None:
    row = by_link(house, exhibit.reference)
    path = f"/console/releases/{label(row)}"
    governance = browser(Role.GOVERNANCE)
    asked = governance.fill(f"{path}/revocation", {"reason": ""})
    assert asked.status_code == 422
    assert "Enter why it is revoked" in seen(asked)
    assert governance.fill(f"{path}/revocation", {"reason": "wrong force"}).status_code == 303
    page = seen(governance.get(path))
    assert "No link of it works any more" in page
    assert "Ended" in page
    assert governance.get(f"{path}/revocation").status_code == 303


def test_to_issue_again_ends_the_link_before_and_costs_nothing(
    browser: Opens, house: House, exhibit: ExhibitRow
) -> None:
    row = by_link(house, exhibit.reference)
    path = f"/console/releases/{label(row)}"
    operator = browser(Role.OPERATOR)
    assert "There is no second fee" in seen(operator.get(path))
    assert operator.fill(path, {}, to=f"{path}/link").status_code == 303
    first, following = house.look(lambda s: house.services.links.of(s, row.id))
    assert first.revoked_at is not None
    assert following.revoked_at is None


def test_a_hand_off_is_recorded_and_shown(
    browser: Opens, house: House, exhibit: ExhibitRow
) -> None:
    row = sealed(house, exhibit.reference, delivery=Delivery.HANDOFF)
    path = f"/console/releases/{label(row)}"
    operator = browser(Role.OPERATOR)
    wrong = operator.fill(f"{path}/handoff", {"system": "Evidence store"})
    assert wrong.status_code == 422
    assert 'value="Evidence store"' in wrong.text
    assert 'href="#reference"' in wrong.text
    assert 'href="#acceptance"' in wrong.text
    form = {"system": "Evidence store", "reference": "E-77", "acceptance": "signed\r\nby PC 1"}
    assert operator.fill(f"{path}/handoff", form).status_code == 303
    page = seen(operator.get(path))
    assert "E-77" in page
    assert "signed by PC 1" in page


def test_staff_fetch_the_package_by_a_form_and_never_by_a_link(
    browser: Opens, house: House, exhibit: ExhibitRow
) -> None:
    row = sealed(house, exhibit.reference)
    path = f"/console/releases/{label(row)}"
    operator = browser(Role.OPERATOR)
    assert operator.get(f"{path}/package").status_code == 405
    assert again(house, row).collected_at is None
    answer = operator.fill(path, {}, to=f"{path}/package")
    package = house.look(lambda s: house.services.packages.package(s, row))
    assert digest(answer.content) == package.sha256
    assert answer.headers["content-disposition"] == f'attachment; filename="{label(row)}.zip"'
    assert again(house, row).taken_by == house.subjects[Role.OPERATOR].person
    assert "First fetched by staff" in seen(operator.get(path))
    unsealed = propose(house, exhibit.reference)
    refused = operator.fill(path, {}, to=f"/console/releases/{label(unsealed)}/package")
    assert refused.status_code == 409


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (MessageState.REFUSED, "Check the address with the recipient by telephone"),
        (MessageState.UNCERTAIN, "ask the recipient"),
        (MessageState.SENT, "Sent"),
    ],
)
def test_a_message_that_did_not_arrive_says_what_to_do(
    browser: Opens, house: House, exhibit: ExhibitRow, state: MessageState, words: str
) -> None:
    row = by_link(house, exhibit.reference)
    with house.services.transaction() as session:
        message = session.exec(select(MessageRow).where(MessageRow.about == row.id)).one()
        message.state = state
        if state is MessageState.SENT:
            message.sent_at = utc_now()
    assert words in seen(browser(Role.AUDITOR).get(f"/console/releases/{label(row)}"))


def test_a_sealing_that_waits_for_the_log_says_for_what(
    browser: Opens, house: House, exhibit: ExhibitRow
) -> None:
    row = propose(house, exhibit.reference)
    approve(house, row, house.subjects[Role.RELEASER], seal=True)
    with house.services.transaction() as session:
        session.get_one(LogPublicationRow, 1).words = "no witness can be reached"
    try:
        page = browser(Role.OPERATOR).get(f"/console/releases/{label(row)}")
    finally:
        with house.services.transaction() as session:
            session.get_one(LogPublicationRow, 1).words = ""
    assert "the sealing waits for it" in seen(page)
    assert "no witness can be reached" in seen(page)


def test_a_stopped_sealing_says_so_and_can_be_tried_again(
    browser: Opens, house: House, exhibit: ExhibitRow
) -> None:
    row = propose(house, exhibit.reference)
    approve(house, row, house.subjects[Role.RELEASER], seal=True)
    with house.services.transaction() as session:
        attention.call(session, row.id, "release.seal", "bytes differ", at=utc_now())
    path = f"/console/releases/{label(row)}"
    operator = browser(Role.OPERATOR)
    page = operator.get(path)
    assert "bytes differ" in seen(page)
    assert "data-follow" not in page.text
    assert operator.fill(path, {}, to=f"{path}/seal").status_code == 303


def test_a_stopped_sealing_is_given_up_by_a_releaser_who_says_why(
    browser: Opens, house: House, exhibit: ExhibitRow
) -> None:
    row = propose(house, exhibit.reference)
    approve(house, row, house.subjects[Role.RELEASER], seal=True)
    with house.services.transaction() as session:
        attention.call(session, row.id, JOB_SEAL, "bytes differ", at=utc_now())
    path = f"/console/releases/{label(row)}"
    form = f"{path}/abandonment"
    assert form not in browser(Role.OPERATOR).get(path).text
    releaser = browser(Role.RELEASER)
    assert form in releaser.get(path).text
    page = seen(releaser.get(form))
    assert "bytes differ" in page
    assert "The release is refused there" in page
    asked = releaser.fill(form, {"reason": " "})
    assert asked.status_code == 422
    assert "Enter why it is given up" in seen(asked)
    done = releaser.fill(form, {"reason": "the disk\r\nis lost"})
    page = seen(releaser.get(done.headers["location"]))
    assert "The sealing is given up. Nothing of this release will leave the house." in page
    assert "It was refused, and nothing left the house" in page
    assert "bytes differ" not in page
    assert again(house, row).reason == "the disk\nis lost"
    # There is nothing more to give up: the form leads to the release.
    assert releaser.get(form).headers["location"] == path


def test_a_sealing_that_a_worker_is_at_is_not_given_up_and_the_page_says_so(
    browser: Opens, house: House, exhibit: ExhibitRow
) -> None:
    row = propose(house, exhibit.reference)
    approve(house, row, house.subjects[Role.RELEASER], seal=True)
    form = f"/console/releases/{label(row)}/abandonment"
    with named_lock(house.services.engine, job_key(JOB_SEAL, str(row.id))) as held:
        assert held is not None
        late = browser(Role.RELEASER).fill(form, {"reason": "too slow"})
    assert late.status_code == 409
    assert "is just being sealed" in seen(late)
    assert again(house, row).state == "sealing"


# The list.


def test_the_list_is_searched_by_name_organisation_and_reference(
    browser: Opens, house: House, exhibit: ExhibitRow
) -> None:
    row = propose(
        house, exhibit.reference, recipient_name="PC Zuleika 100%", organisation="Force_One"
    )
    decoy = propose(house, exhibit.reference, organisation="ForceXOne")
    auditor = browser(Role.AUDITOR)
    for words in ("zuleika", "100%25", "force_one", "zuleika+force_one", label(row)):
        page = auditor.get(f"/console/releases?q={words}")
        assert label(row) in page.text, words
        assert label(decoy) not in page.text, words
    assert "No release fits" in seen(auditor.get("/console/releases?q=nobody+of+this+name"))
    assert label(row) not in auditor.get("/console/releases?show=ended&q=zuleika").text
    assert label(row) in auditor.get("/console/releases?show=waiting&q=zuleika").text


def test_the_list_comes_in_pages(browser: Opens, house: House, exhibit: ExhibitRow) -> None:
    rows = [propose(house, exhibit.reference, organisation="Pagely Ltd") for _ in range(21)]
    auditor = browser(Role.AUDITOR)
    first = auditor.get("/console/releases?q=Pagely")
    (older,) = re.findall(r'href="([^"]+)" rel="next"', first.text)
    second = auditor.get(html.unescape(older))
    assert label(rows[-1]) in first.text
    assert label(rows[0]) in second.text
    assert label(rows[0]) not in first.text
    assert "21 releases" in seen(first)
    assert 'rel="next"' in first.text
    assert 'rel="next"' not in second.text


@pytest.mark.parametrize("path", ["", "/decision", "/revocation", "/handoff"])
def test_what_is_not_there_is_a_page_that_says_so(browser: Opens, path: str) -> None:
    answer = browser(Role.RELEASER).get(f"/console/releases/BAR-7K4M-2XQ9-J-R1{path}")
    assert answer.status_code == 404


# The register.


def test_the_register_is_read_and_taken_along_as_a_file(
    browser: Opens, house: House, exhibit: ExhibitRow
) -> None:
    row = sealed(house, exhibit.reference, organisation="=1+1 Ltd")
    hand_off(house, row, reference="R-9")
    governance = browser(Role.GOVERNANCE)
    page = governance.get("/console/register")
    assert label(row) in page.text
    assert "Hand-off: Evidence store, reference R-9" in seen(page)
    file = governance.get("/console/register.csv")
    assert file.headers["content-type"].startswith("text/csv")
    assert file.headers["content-disposition"] == 'attachment; filename="disclosure-register.csv"'
    assert file.content.startswith(b"\xef\xbb\xbf")
    assert "'=1+1 Ltd" in file.text
    assert ",=1+1" not in file.text
    none = governance.get("/console/register?first=2001-01-01&last=2001-01-02")
    assert "Nothing was disclosed in this period" in seen(none)
    named = governance.get("/console/register.csv?first=2001-01-01%0d%0a&last=2001-01-02")
    assert (
        'filename="disclosure-register-2001-01-01-2001-01-02.csv"'
        in (named.headers["content-disposition"])
    )


def test_a_day_that_is_none_is_said_at_its_field(browser: Opens) -> None:
    answer = browser(Role.GOVERNANCE).get("/console/register?first=soon")
    assert answer.status_code == 422
    assert 'href="#first"' in answer.text
    assert browser(Role.GOVERNANCE).get("/console/register.csv?first=soon").status_code == 422


def test_forms_are_refused_without_their_token(
    browser: Opens, house: House, exhibit: ExhibitRow
) -> None:
    row = propose(house, exhibit.reference)
    releaser = browser(Role.RELEASER)
    path = f"/console/releases/{label(row)}"
    for action in ("approval", "refusal", "second-approval", "seal", "link", "package"):
        assert releaser.post(f"{path}/{action}", {"reason": "x"}).status_code == 403
    assert again(house, row).state == "proposed"
