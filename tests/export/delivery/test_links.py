"""A link leads its one recipient from the mailbox to the receipt; the ledger knows each step."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlmodel import Session

from evidence.errors import AccessRefusedError, StateError, UnknownError
from evidence.exhibits.tables import ExhibitRow
from evidence.mailbox.codes import Standing
from evidence.mailbox.letters import CodeLetter
from evidence.mailbox.messages import JOB_SEND
from evidence.people.access import Role
from evidence.secrets import secret_digest
from export.delivery import alive
from export.delivery.alive import downloads_of
from export.delivery.collections import MOST_BEGUN
from export.delivery.letters import DeliveryLetter
from export.delivery.tables import DownloadRow, LinkRow
from export.release.decisions import JOB_ISSUE
from export.release.tables import ReleaseRow
from tests.export.delivery.linking import TERMS, Desk, at_once, minutes, person, sealed
from tests.houses import House


def events(house: House, release: ReleaseRow) -> list[str]:
    """Return what happened after the package was found whole."""
    names = [name for name, _ in house.events(release.id)]
    return names[names.index("release.checked") + 1 :]


def values(house: House, release: ReleaseRow, event: str) -> list[dict[str, object]]:
    return [found for name, found in house.events(release.id) if name == event]


def test_sealing_defers_the_link_of_what_goes_by_link_and_of_nothing_else(
    desk: Desk, house: House, exhibit: ExhibitRow, unlinked: ReleaseRow
) -> None:
    assert desk.jobs(JOB_ISSUE, unlinked.id) == 1
    other = house.propose(exhibit.reference)
    house.approve(other)
    house.seal(other)
    assert desk.jobs(JOB_ISSUE, other.id) == 0
    desk.links.issue(other.id)
    assert not desk.do(lambda session: desk.links.of(session, other.id))


def test_a_link_is_issued_once_however_often_its_job_runs(
    desk: Desk, house: House, unlinked: ReleaseRow
) -> None:
    for _ in range(3):
        desk.links.issue(unlinked.id)
    link = desk.link(unlinked)
    assert link.number == 1
    assert link.expires_at == desk.now + timedelta(days=14)
    assert events(house, unlinked) == ["link.issued"]
    (message,) = desk.messages(unlinked, DeliveryLetter.LINK)
    assert (message.person, message.once) == (unlinked.recipient, f"link:{link.id}")
    assert desk.jobs(JOB_SEND, message.id) == 1
    (issued,) = values(house, unlinked, "link.issued")
    who = person(house, unlinked)
    assert issued["recipient"] == (f"{who.name} <{who.email}>, {unlinked.organisation} ({who.id})")
    assert issued["expires"] == desk.mail(unlinked, DeliveryLetter.LINK)[0]["expires"]


def test_two_workers_issue_one_link(desk: Desk, unlinked: ReleaseRow) -> None:
    results = at_once(*[lambda: desk.links.issue(unlinked.id)] * 2)
    assert results == [None, None]
    assert desk.count(unlinked, "link.issued") == 1
    assert len(desk.messages(unlinked, DeliveryLetter.LINK)) == 1


def test_the_mail_has_the_token_and_the_row_its_digest(
    desk: Desk, release: ReleaseRow, token: str
) -> None:
    assert len(token) == 43
    assert desk.link(release).token_sha256 == secret_digest(token)


def test_the_whole_way_is_in_the_ledger_step_by_step(
    desk: Desk, house: House, release: ReleaseRow, token: str, exhibit: ExhibitRow
) -> None:
    secret = desk.agreed(release, token)
    download = desk.authorise(secret)
    assert desk.state(release).collected_at is None
    desk.download(secret, download.id)
    shown = desk.collection(secret)
    assert shown is not None
    assert desk.confirm(secret, shown.package.sha256)
    assert events(house, release) == [
        "link.issued",
        "link.requested",
        "code.sent",
        "code.accepted",
        "terms.accepted",
        "download.authorised",
        "receipt.confirmed",
    ]
    assert values(house, release, "terms.accepted")[0]["terms"] == TERMS
    authorised = values(house, release, "download.authorised")[0]
    assert authorised["session"] == str(shown.collection) == str(download.collection)
    assert values(house, release, "receipt.confirmed")[0]["sha256"] == shown.package.sha256
    assert desk.state(release).collected_at == desk.now
    released = [found for name, found in house.events(exhibit.id) if name == "exhibit.released"]
    assert str(release.id) in [found["release"] for found in released]


def test_the_pages_past_the_code_show_what_it_is(
    desk: Desk, house: House, release: ReleaseRow, token: str
) -> None:
    shown = desk.collection(desk.past(release, token))
    assert shown is not None
    assert shown.label == f"{release.urn}-R{release.number}"
    assert shown.recipient == person(house, release).name
    assert shown.organisation == release.organisation
    assert shown.expires_at == desk.link(release).expires_at
    assert (shown.downloads_left, shown.downloads, shown.receipt) == (2, (), None)
    assert (shown.terms_sha256, shown.terms_at) == ("", None)
    seal = values(house, release, "release.sealed")[0]["seal"]
    assert shown.seal == seal
    content = b"".join(house.services.vault.open(shown.package.key, shown.package.version))
    assert len(content) == shown.package.size


def test_terms_come_before_the_download_and_count_once(
    desk: Desk, house: House, release: ReleaseRow, token: str
) -> None:
    secret = desk.past(release, token)
    with pytest.raises(StateError, match="Accept the terms first"):
        desk.authorise(secret)
    for _ in range(3):
        desk.accept(secret)
    desk.accept(secret, "cd" * 32)
    assert [found["terms"] for found in values(house, release, "terms.accepted")] == [
        TERMS,
        "cd" * 32,
    ]


def test_a_download_is_resumed_without_counting_again_and_then_none_is_left(
    desk: Desk, release: ReleaseRow, token: str
) -> None:
    secret = desk.agreed(release, token)
    first = desk.authorise(secret)
    for _ in range(20):
        desk.package(secret, first.id)
    shown = desk.collection(secret)
    assert shown is not None
    assert (shown.downloads_left, shown.downloads) == (1, (first.id,))
    other, third = desk.agreed(release, token), desk.agreed(release, token)
    second = desk.authorise(other)
    assert desk.package(secret, first.id) == desk.package(other, second.id)
    with pytest.raises(StateError, match="No download is left"):
        desk.authorise(third)
    assert desk.count(release, "download.authorised") == 2


def test_each_begun_download_is_an_event_and_a_resumed_one_is_none(
    desk: Desk, house: House, release: ReleaseRow, token: str, exhibit: ExhibitRow
) -> None:
    def left() -> list[dict[str, object]]:
        return [
            found
            for name, found in house.events(exhibit.id)
            if name == "exhibit.released" and found["release"] == str(release.id)
        ]

    secret = desk.agreed(release, token)
    download = desk.authorise(secret).id
    desk.download(secret, download, resumed=True)
    assert len(left()) == 1
    for _ in range(3):
        desk.download(secret, download, resumed=True)
    assert len(left()) == 1
    other = desk.agreed(release, token)
    with pytest.raises(UnknownError):
        desk.download(other, download)
    desk.download(other, desk.authorise(other).id, resumed=True)
    assert len(left()) == 2
    assert {str(one["role"]) for one in left()} == {"recipient"}
    # Nobody outside writes into the ledger at will.
    for _ in range(MOST_BEGUN - 1):
        desk.download(secret, download)
    with pytest.raises(StateError, match="ask for a new code"):
        desk.download(secret, download)
    desk.download(secret, download, resumed=True)
    assert len(left()) == MOST_BEGUN + 1


def test_one_browser_s_button_pressed_twice_is_one_download(
    desk: Desk, release: ReleaseRow, token: str
) -> None:
    secret = desk.agreed(release, token)
    both = at_once(lambda: desk.authorise(secret), lambda: desk.authorise(secret))
    made = {one.id for one in both if isinstance(one, DownloadRow)}
    assert made == {desk.authorise(secret).id}, both
    assert desk.count(release, "download.authorised") == 1


def test_of_two_browsers_exactly_one_gets_the_last_download(
    desk: Desk, release: ReleaseRow, token: str
) -> None:
    desk.authorise(desk.agreed(release, token))
    one, other = desk.agreed(release, token), desk.agreed(release, token)
    results = at_once(lambda: desk.authorise(one), lambda: desk.authorise(other))
    refused = [result for result in results if isinstance(result, StateError)]
    assert len(refused) == 1, results
    assert "No download is left" in str(refused[0])
    assert len(desk.do(lambda session: downloads_of(session, desk.link(release).id))) == 2
    assert desk.count(release, "download.authorised") == 2


def test_a_browser_resumes_only_its_own_downloads(
    desk: Desk, release: ReleaseRow, token: str
) -> None:
    one, other = desk.agreed(release, token), desk.agreed(release, token)
    download = desk.authorise(one)
    with pytest.raises(UnknownError):
        desk.package(other, download.id)
    with pytest.raises(UnknownError):
        desk.package(one, uuid4())


def test_a_receipt_is_one_event_and_only_for_the_right_digest_of_what_was_downloaded(
    desk: Desk, release: ReleaseRow, token: str
) -> None:
    secret = desk.agreed(release, token)
    shown = desk.collection(secret)
    assert shown is not None
    with pytest.raises(StateError, match="Download the package first"):
        desk.confirm(secret, shown.package.sha256)
    desk.authorise(secret)
    for wrong in ("", "0" * 64, "\udcff", shown.package.sha256[:-1], "x" * 10_000):
        assert not desk.confirm(secret, wrong)
    assert desk.count(release, "receipt.confirmed") == 0
    results = at_once(*[lambda: desk.confirm(secret, shown.package.sha256)] * 2)
    assert results == [True, True]
    assert desk.confirm(secret, f" {shown.package.sha256.upper()}\n")
    assert desk.count(release, "receipt.confirmed") == 1
    after = desk.collection(secret)
    assert after is not None
    assert after.receipt is not None


def test_a_code_is_used_up_by_entering_it(desk: Desk, release: ReleaseRow, token: str) -> None:
    code = desk.code(release, token)
    first = desk.enter(token, code)
    assert isinstance(first, str)
    again = desk.enter(token, code)
    assert isinstance(again, Standing)
    assert again.state == "wrong"
    assert desk.count(release, "code.accepted") == 1


def test_two_browsers_with_one_code_are_one_collection(
    desk: Desk, release: ReleaseRow, token: str
) -> None:
    code = desk.code(release, token)
    results = at_once(*[lambda: desk.enter(token, code)] * 2)
    assert sorted(type(result).__name__ for result in results) == ["Standing", "str"]


def test_each_collection_has_a_new_secret(desk: Desk, release: ReleaseRow, token: str) -> None:
    one, other = desk.past(release, token), desk.past(release, token)
    assert one != other
    assert len(one) == 43


@pytest.mark.parametrize("secret", ["", "x", "\udcff", "é" * 5000, "A" * 43])
def test_an_unknown_secret_opens_nothing(desk: Desk, secret: str) -> None:
    assert desk.collection(secret) is None
    with pytest.raises(StateError, match="This collection is over"):
        desk.authorise(secret)
    with pytest.raises(StateError, match="This collection is over"):
        desk.package(secret, uuid4())
    desk.do(lambda session: desk.collections.leave(session, secret, at=desk.now))


def test_an_hour_of_doing_nothing_closes_the_pages_but_not_a_download_that_goes_on(
    desk: Desk, release: ReleaseRow, token: str
) -> None:
    secret = desk.agreed(release, token)
    download = desk.authorise(secret)
    desk.later(minutes(59.9))
    assert desk.collection(secret) is not None
    desk.later(minutes(60))
    assert desk.collection(secret) is None
    with pytest.raises(StateError):
        desk.authorise(secret)
    digest = desk.package(secret, download.id)
    assert desk.confirm(secret, digest)


def test_after_twelve_hours_a_collection_is_over_however_busy(
    desk: Desk, release: ReleaseRow, token: str
) -> None:
    secret = desk.agreed(release, token)
    download = desk.authorise(secret)
    for _ in range(12):
        desk.later(minutes(59))
        assert desk.collection(secret) is not None
    desk.later(minutes(11.9))
    desk.package(secret, download.id)
    desk.later(minutes(0.1))
    assert desk.collection(secret) is None
    with pytest.raises(StateError):
        desk.package(secret, download.id)
    with pytest.raises(StateError):
        desk.confirm(secret, "0" * 64)


def test_who_leaves_is_out_and_so_are_their_downloads(
    desk: Desk, release: ReleaseRow, token: str
) -> None:
    secret = desk.agreed(release, token)
    download = desk.authorise(secret)
    desk.do(lambda session: desk.collections.leave(session, secret, at=desk.now))
    assert desk.collection(secret) is None
    with pytest.raises(StateError):
        desk.package(secret, download.id)


def test_who_leaves_at_that_very_moment_is_out_too(
    desk: Desk, release: ReleaseRow, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The collection is looked at, and left before its link is locked."""
    secret = desk.agreed(release, token)
    real = alive.lock_link

    def late(session: Session, link: UUID) -> LinkRow:
        desk.do(lambda other: desk.collections.leave(other, secret, at=desk.now))
        return real(session, link)

    monkeypatch.setattr(alive, "lock_link", late)
    with pytest.raises(StateError, match="This collection is over"):
        desk.authorise(secret)


@pytest.mark.parametrize("end", ["revoked", "expired", "reissued"])
def test_with_its_link_a_collection_ends_at_once(
    desk: Desk, release: ReleaseRow, token: str, end: str
) -> None:
    desk.now = desk.link(release).expires_at - minutes(10)
    secret = desk.agreed(release, token)
    download = desk.authorise(secret)
    desk.package(secret, download.id)
    if end == "revoked":
        desk.revoke(release)
    elif end == "reissued":
        desk.reissue(release)
    else:
        desk.now = desk.link(release).expires_at - timedelta(microseconds=1)
        desk.package(secret, download.id)
        desk.later(timedelta(microseconds=1))
    assert desk.collection(secret) is None
    with pytest.raises(StateError):
        desk.package(secret, download.id)
    with pytest.raises(StateError):
        desk.authorise(secret)
    with pytest.raises(StateError):
        desk.confirm(secret, "0" * 64)


def test_a_reissued_link_has_a_new_token_all_its_downloads_and_no_second_fee(
    desk: Desk, release: ReleaseRow, token: str
) -> None:
    secret = desk.agreed(release, token)
    desk.authorise(secret)
    desk.authorise(desk.agreed(release, token))
    desk.later(timedelta(days=1))
    link = desk.reissue(release)
    assert (link.number, link.downloads_allowed) == (2, 2)
    assert link.expires_at == desk.now + timedelta(days=14)
    fresh = desk.token(release)
    assert fresh != token
    first, second = desk.do(lambda session: desk.links.of(session, release.id))
    assert (first.revoked_at, second.revoked_at) == (desk.now, None)
    shown = desk.collection(desk.past(release, fresh))
    assert shown is not None
    assert shown.downloads_left == 2
    assert desk.count(release, "link.issued") == 2


def test_mail_of_the_earlier_link_that_waits_is_not_sent_after_a_reissue(
    desk: Desk, house: House, release: ReleaseRow, token: str
) -> None:
    desk.code(release, token)
    desk.later(timedelta(days=1))
    desk.reissue(release)
    first, second = desk.messages(release, DeliveryLetter.LINK)
    (code,) = desk.messages(release, CodeLetter.CODE)
    assert (first.state, first.sealed, code.state) == ("refused", None, "refused")
    assert second.state == "queued"
    begin = house.services.messages.begin
    assert desk.do(lambda session: begin(session, first.id)) is None
    assert desk.do(lambda session: begin(session, second.id)) is not None


def test_the_issue_job_that_comes_after_a_reissue_does_nothing(
    desk: Desk, unlinked: ReleaseRow
) -> None:
    assert desk.reissue(unlinked).number == 1
    desk.links.issue(unlinked.id)
    assert desk.count(unlinked, "link.issued") == 1


def test_who_may_not_reissue_does_not(desk: Desk, release: ReleaseRow, token: str) -> None:
    for role in (Role.AUDITOR, Role.FINANCE, Role.GOVERNANCE, Role.ADMINISTRATOR, "nobody"):
        with pytest.raises(AccessRefusedError):
            desk.reissue(release, role)
    assert desk.token(release) == token


def test_only_what_is_sealed_and_goes_by_link_is_reissued(
    desk: Desk, house: House, exhibit: ExhibitRow, release: ReleaseRow
) -> None:
    by_hand = house.propose(exhibit.reference)
    with pytest.raises(StateError, match="does not go by link"):
        desk.reissue(by_hand)
    desk.do(lambda s: setattr(s.get_one(ReleaseRow, release.id), "state", "revoked"))
    with pytest.raises(StateError, match="is revoked"):
        desk.reissue(release)


def test_a_release_for_three_days_has_a_link_for_three_days(
    desk: Desk, house: House, exhibit: ExhibitRow
) -> None:
    short = sealed(house, exhibit.reference, link_days=3)
    desk.links.issue(short.id)
    assert desk.link(short).expires_at == desk.now + timedelta(days=3)
