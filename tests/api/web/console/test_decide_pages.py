"""A releaser decides by looking, and the ledger says at which versions."""

import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from api.times import utc_now
from evidence.exhibits.tables import ExhibitRow
from evidence.people.access import Role
from export.holdings.files import COPY, files_of
from export.holdings.tables import ExhibitFileRow
from export.holdings.views import LASTS
from export.media.sample import make_sample
from export.release.looking import shown_words
from export.release.releases import label
from export.release.tables import ReleaseRow
from tests.api.web.console.test_console_releases import seen
from tests.api.web.visiting import Visitor
from tests.export.release.release_acts import (
    INSURER,
    approve,
    exhibit_of,
    propose,
    second_releaser,
)
from tests.houses import NEW, House, clip

Opens = Callable[..., Visitor]


@pytest.fixture(scope="module")
def exhibit(house: House) -> ExhibitRow:
    """Return an exhibit that plays."""
    content = clip(house.settings.data).read_bytes()
    row = house.exhibit(content, replace(NEW, title="<b>High</b> Street"))
    house.looked_at(row.id)
    return house.look(lambda s: s.get_one(ExhibitRow, row.id))


@pytest.fixture(scope="module")
def copy(house: House, exhibit: ExhibitRow) -> ExhibitFileRow:
    (row,) = house.look(lambda s: files_of(s, exhibit.id, COPY))
    return row


def decision_of(row: ReleaseRow) -> str:
    return f"/console/releases/{label(row)}/decision"


def test_the_page_shows_camera_times_findings_what_goes_and_what_stays(
    browser: Opens, house: House, exhibit: ExhibitRow
) -> None:
    release = propose(house, exhibit.reference, kind=INSURER.kind)
    page = browser(Role.RELEASER).get(decision_of(release))
    for words in (
        "BAR-0017",
        "<b>High</b> Street",
        "Time on the recording 20 November 2026, 2:03:00 pm GMT to",
        "Corrected time 20 November 2026, 2:01:47 pm GMT to",
        "73 seconds fast, against: speaking clock",
        "What was found",
        "Goes AA-",
        "Stays with the council clip.mp4 Master, as it was received,",
    ):
        assert words in seen(page), words
    assert "<b>High</b>" not in page.text
    assert 'contact-sheet.jpg"' not in page.text
    assert "Show the pictures" in seen(page)
    whole = propose(house, exhibit.reference)
    assert "Stays with the council Nothing" in seen(browser(Role.RELEASER).get(decision_of(whole)))


def test_each_file_of_an_exhibit_shows_its_own_stills(browser: Opens, house: House) -> None:
    other = house.settings.data / "other.mp4"
    make_sample(other, seconds=1, first_at=utc_now(), size=(176, 144))
    row = exhibit_of(house, clip(house.settings.data).read_bytes(), other.read_bytes())
    release, releaser = propose(house, row.reference), browser(Role.RELEASER)
    at, page = decision_of(release), f"/console/exhibits/{row.reference.replace('/', '-')}"
    assert "custos-sheet" not in releaser.get(page).text
    releaser.fill(at, {}, at.replace("decision", "pictures"))
    shown = [releaser.get(one).text for one in (at, page)]
    for text in shown:
        sources = re.findall(r'<img class="custos-sheet" src="([^"]+)"', text)
        pictures = {releaser.get(source).content for source in sources}
        assert (len(sources), len(pictures)) == (2, 2)
    assert "custos-sheet" not in browser(Role.OPERATOR).get(page).text
    assert "custos-sheet" not in browser(Role.AUDITOR).get(page).text


def test_what_was_found_in_what_cannot_play_stands_there_too(browser: Opens, house: House) -> None:
    row = house.unplayable()
    release = propose(house, row.reference)
    page = browser(Role.RELEASER).get(decision_of(release))
    assert "It has no working copy, so there are no pictures to show" in seen(page)
    assert "Show the pictures" not in seen(page)
    (finding, *_) = house.look(lambda s: s.get_one(ExhibitRow, row.id)).findings
    assert finding["words"] in seen(page)


def test_pictures_are_shown_in_views_on_record_and_the_approval_names_them(
    browser: Opens, house: House, exhibit: ExhibitRow, copy: ExhibitFileRow
) -> None:
    release, releaser = propose(house, exhibit.reference), browser(Role.RELEASER)
    at = decision_of(release)
    before = [name for name, _ in house.events(exhibit.id)].count("exhibit.viewed")
    done = releaser.fill(at, {}, at.replace("decision", "pictures"))
    assert done.headers["location"] == at
    page = releaser.get(at)
    address = page.text.split('<img class="custos-sheet" src="')[1].split('"')[0]
    picture = releaser.get(address)
    assert (picture.status_code, picture.headers["content-type"]) == (200, "image/jpeg")
    assert browser(Role.OPERATOR).get(address).status_code == 403
    viewed = [v for name, v in house.events(exhibit.id) if name == "exhibit.viewed"]
    assert len(viewed) == before + 1
    assert (viewed[-1]["copy"], viewed[-1]["role"]) == (copy.sha256, "releaser")
    # Loaded again, or asked for again, it is the same view.
    releaser.fill(at, {}, at.replace("decision", "pictures"))
    assert [name for name, _ in house.events(exhibit.id)].count("exhibit.viewed") == before + 1
    sent = releaser.fill(at, {"reason": "necessary"}, at.replace("decision", "approval"))
    assert sent.status_code == 303, seen(sent)
    words = (
        "a second person approves; necessary; shown before the decision: "
        f"{copy.name} (SHA-256 {copy.sha256})"
    )
    name, values = house.events(release.id)[-1]
    assert (name, values["reason"]) == ("release.approved", words)


def test_only_what_was_shown_to_who_approves_and_lately_is_named(
    house: House, exhibit: ExhibitRow, copy: ExhibitFileRow
) -> None:
    services, looker, other = house.services, second_releaser(house), second_releaser(house)
    release = propose(house, exhibit.reference)
    with services.transaction() as session:
        services.views.open(session, exhibit.reference, copy=copy.id, by=looker, at=utc_now())

    def named(person: object, later: object) -> str:
        return house.look(
            lambda s: shown_words(s, services.releases, release, person=person, at=later)  # type: ignore[arg-type]
        )

    assert copy.sha256 in named(looker.person, utc_now())
    assert named(looker.person, utc_now() + LASTS) == ""
    assert named(other.person, utc_now()) == ""
    assert approve(house, release, other).reason == "a second person approves"


def test_the_second_approval_of_an_urgent_release_names_what_was_shown_too(
    house: House, exhibit: ExhibitRow, copy: ExhibitFileRow
) -> None:
    services, looker = house.services, second_releaser(house)
    release = propose(house, exhibit.reference, urgent=True)
    approve(house, release, house.subjects[Role.RELEASER])
    with services.transaction() as session:
        services.views.open(session, exhibit.reference, copy=copy.id, by=looker, at=utc_now())
    with services.transaction() as session:
        services.decisions.second(session, str(release.id), by=looker, at=utc_now())
    assert copy.sha256 in str(house.events(release.id)[-1][1]["reason"])


def test_who_may_see_no_footage_is_shown_none(
    browser: Opens, house: House, exhibit: ExhibitRow
) -> None:
    release = propose(house, exhibit.reference)
    auditor = browser(Role.AUDITOR)
    assert auditor.get(decision_of(release)).status_code == 403
    path = decision_of(release).replace("decision", "pictures")
    assert auditor.fill("/console", {}, path).status_code == 403
