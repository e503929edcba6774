"""Each message leaves once, or a person hears why not; a kill at any line changes nothing."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlmodel import select

from api.outbound.letters import PATIENCE
from api.outbound.mailer import Letter, LostMailError, Mailer, RefusedMailError
from api.outbound.notify import NotifyMailer
from api.outbound.posting import Posting
from api.times import utc_now
from evidence.attention import calls_to, settle
from evidence.exhibits.tables import ExhibitRow
from evidence.mailbox.codes import CODE_LIFE
from evidence.mailbox.letters import CodeLetter, LetterKind
from evidence.mailbox.messages import JOB_SEND
from evidence.mailbox.tables import MessageRow
from export.delivery.letters import DeliveryLetter
from export.release.notices import ReleaseLetter
from export.release.releases import label
from export.release.tables import ReleaseRow
from storage.errors import UnavailableError
from tests.api.outbound.servers import mail_server, notify_server
from tests.houses import House

TOKEN = {"token": "T" * 43, "expires": "2026-12-05T12:00:00Z"}
CODE = {"code": "12345678", "expires": "2026-12-05T12:00:00Z"}


class KilledError(BaseException):
    """The process ended here."""


@dataclass
class Carrier:
    """A mailer that does as it is told, and keeps what it was given."""

    ends: list[BaseException | str] = field(default_factory=list)
    known: str | None = None
    given: list[Letter] = field(default_factory=list)

    def find(self, message: UUID) -> str | None:
        del message
        return self.known

    def send(self, letter: Letter) -> str:
        self.given.append(letter)
        end = self.ends.pop(0) if self.ends else "<reference>"
        if isinstance(end, BaseException):
            raise end
        return end


@pytest.fixture(scope="module")
def release(house: House) -> ReleaseRow:
    """Return a release to tell somebody of."""
    return house.propose(house.unplayable().reference)


@pytest.fixture
def carrier() -> Carrier:
    return Carrier()


@pytest.fixture(autouse=True)
def calm(house: House, release: ReleaseRow) -> None:
    """Begin each test without a word to staff."""
    with house.services.transaction() as session:
        settle(session, release.id, JOB_SEND)


def posting(house: House, mailer: Mailer, *, clock: Callable[[], datetime] = utc_now) -> Posting:
    services = house.services
    return Posting(
        services.transaction,
        services.messages,
        mailer,
        services.council,
        origin="https://cctv.barchester.example",
        demonstration=True,
        clock=clock,
    )


def queue(
    house: House,
    release: ReleaseRow,
    kind: LetterKind = DeliveryLetter.LINK,
    private: dict[str, str] | None = None,
    *,
    about: UUID | None = None,
) -> UUID:
    once = str(uuid4())
    with house.services.transaction() as session:
        house.services.messages.queue(
            session,
            kind,
            person=release.recipient,
            about=about or release.id,
            once=once,
            private=TOKEN if private is None else private,
            at=utc_now(),
        )
    return house.look(lambda s: s.exec(select(MessageRow.id).where(MessageRow.once == once)).one())


def row(house: House, message: UUID) -> MessageRow:
    return house.look(lambda s: s.get_one(MessageRow, message))


def attention(house: House, record: ReleaseRow | ExhibitRow) -> str | None:
    calls = house.look(lambda s: calls_to(s, record.id))
    return next((call.words for call in calls if call.job == JOB_SEND), None)


def test_a_letter_to_staff_that_does_not_arrive_is_kept_so_and_calls_nobody(
    house: House, release: ReleaseRow, carrier: Carrier
) -> None:
    for kind in (ReleaseLetter.APPROVAL_NEEDED, ReleaseLetter.REFUSED, ReleaseLetter.WITHDRAWN):
        private = {"urgent": ""} if kind is ReleaseLetter.APPROVAL_NEEDED else {}
        message = queue(house, release, kind, private)
        carrier.ends.append(RefusedMailError("no such mailbox"))
        posting(house, carrier).send(message)
        assert row(house, message).state == "refused"
        assert attention(house, release) is None


def test_a_message_leaves_once_and_what_it_said_is_forgotten(
    house: House, release: ReleaseRow, carrier: Carrier
) -> None:
    message = queue(house, release)
    posting(house, carrier).send(message)
    posting(house, carrier).send(message)
    (letter,) = carrier.given
    assert letter.to == "alex@barchester.police.example"
    assert f"https://cctv.barchester.example/collect/{TOKEN['token']}" in letter.text
    assert label(release) in letter.subject
    sent = row(house, message)
    assert (sent.state, sent.reference, sent.sealed) == ("sent", "<reference>", None)
    assert sent.sent_at is not None


def test_a_message_of_nobody_is_no_mistake(house: House, carrier: Carrier) -> None:
    posting(house, carrier).send(uuid4())
    posting(house, carrier).bounced(uuid4(), "the mailbox does not exist")
    assert carrier.given == []


def test_what_was_not_taken_waits_and_leaves_later(
    house: House, release: ReleaseRow, carrier: Carrier
) -> None:
    carrier.ends = [UnavailableError("the mail server does not answer")]
    message = queue(house, release)
    with pytest.raises(UnavailableError):
        posting(house, carrier).send(message)
    waiting = row(house, message)
    assert waiting.state == "queued"
    assert waiting.sealed is not None
    posting(house, carrier).send(message)
    assert row(house, message).state == "sent"
    assert len(carrier.given) == 2


def test_what_was_refused_is_told_to_staff_and_not_tried_again(
    house: House, release: ReleaseRow, carrier: Carrier, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    carrier.ends = [RefusedMailError("the mail server refused the mailbox (550 5.1.1)")]
    message = queue(house, release)
    posting(house, carrier).send(message)
    posting(house, carrier).send(message)
    refused = row(house, message)
    assert (refused.state, refused.sealed) == ("refused", None)
    assert refused.words == "the mail server refused the mailbox (550 5.1.1)"
    assert refused.words in str(attention(house, release))
    assert len(carrier.given) == 1
    assert "alex" not in caplog.text.lower()


def test_what_may_have_arrived_is_told_to_staff_and_never_sent_again(
    house: House, release: ReleaseRow, carrier: Carrier
) -> None:
    carrier.ends = [LostMailError("the connection broke: it may have arrived")]
    message = queue(house, release)
    posting(house, carrier).send(message)
    posting(house, carrier).send(message)
    assert row(house, message).state == "uncertain"
    assert "it may have arrived" in str(attention(house, release))
    assert len(carrier.given) == 1


def test_a_worker_killed_while_it_sends_sends_nothing_twice(
    house: House, release: ReleaseRow, carrier: Carrier
) -> None:
    carrier.ends = [KilledError()]
    message = queue(house, release)
    with pytest.raises(KilledError):
        posting(house, carrier).send(message)
    assert row(house, message).state == "sending"
    posting(house, carrier).send(message)
    assert row(house, message).state == "uncertain"
    assert "may have arrived" in str(attention(house, release))
    assert len(carrier.given) == 1


def test_a_worker_killed_after_the_message_was_taken_is_made_good_where_that_can_be_asked(
    house: House, release: ReleaseRow
) -> None:
    carrier = Carrier(ends=[KilledError()], known="notify-name")
    message = queue(house, release)
    with pytest.raises(KilledError):
        posting(house, carrier).send(message)
    posting(house, carrier).send(message)
    sent = row(house, message)
    assert (sent.state, sent.reference) == ("sent", "notify-name")
    assert attention(house, release) is None
    assert len(carrier.given) == 1


def test_a_code_that_ran_out_is_not_sent_and_troubles_nobody(
    house: House, release: ReleaseRow, carrier: Carrier
) -> None:
    message = queue(house, release, CodeLetter.CODE, CODE)
    posting(house, carrier, clock=lambda: utc_now() + CODE_LIFE).send(message)
    refused = row(house, message)
    assert (refused.state, refused.sealed) == ("refused", None)
    assert refused.words == "the code had run out before it could be sent"
    assert attention(house, release) is None
    assert carrier.given == []


def test_a_code_that_still_works_is_sent(
    house: House, release: ReleaseRow, carrier: Carrier
) -> None:
    message = queue(house, release, CodeLetter.CODE, CODE)
    late = CODE_LIFE - timedelta(seconds=30)
    posting(house, carrier, clock=lambda: utc_now() + late).send(message)
    assert row(house, message).state == "sent"


def test_a_message_that_nobody_takes_for_hours_is_told_to_staff(
    house: House, release: ReleaseRow, carrier: Carrier
) -> None:
    message = queue(house, release)
    posting(house, carrier, clock=lambda: utc_now() + PATIENCE).send(message)
    assert row(house, message).state == "refused"
    assert "for hours" in str(attention(house, release))
    assert carrier.given == []


def test_a_link_of_a_release_that_was_taken_back_does_not_go_out_any_more(
    house: House, carrier: Carrier
) -> None:
    gone = house.propose(house.unplayable().reference)
    message, last = queue(house, gone), queue(house, gone, DeliveryLetter.REVOKED, {})
    with house.services.transaction() as session:
        session.get_one(ReleaseRow, gone.id).state = "revoked"
    posting(house, carrier).send(message)
    posting(house, carrier).send(last)
    assert row(house, message).state == "refused"
    (letter,) = carrier.given
    assert "withdrawn" in letter.subject


def test_a_link_that_went_out_after_all_ends_the_word_to_staff(
    house: House, release: ReleaseRow, carrier: Carrier
) -> None:
    carrier.ends = [RefusedMailError("the mail server refused the mailbox (550)")]
    posting(house, carrier).send(queue(house, release))
    assert attention(house, release) is not None
    posting(house, carrier).send(queue(house, release))
    assert attention(house, release) is None


def test_what_came_back_is_told_to_staff(
    house: House, release: ReleaseRow, carrier: Carrier
) -> None:
    message = queue(house, release)
    desk = posting(house, carrier)
    desk.send(message)
    desk.bounced(message, "the mailbox does not exist, or refuses us")
    came_back = row(house, message)
    assert (came_back.state, came_back.words) == (
        "refused",
        "the mailbox does not exist, or refuses us",
    )
    assert "the mailbox does not exist" in str(attention(house, release))


def test_a_message_goes_over_the_wire(house: House, release: ReleaseRow) -> None:
    with mail_server() as server:
        message = queue(house, release)
        posting(house, server.mailer()).send(message)
        posting(house, server.mailer()).send(message)
        (mail,) = server.mails
    assert mail["Message-ID"] == row(house, message).reference
    plain = mail.get_body(preferencelist=("plain",))
    assert plain is not None
    assert f"/collect/{TOKEN['token']}\r\n" in plain.get_content()


def test_a_letter_about_an_exhibit_goes_over_the_wire(house: House, release: ReleaseRow) -> None:
    exhibit = house.unplayable()
    with mail_server() as server:
        message = queue(house, release, CodeLetter.CODE, CODE, about=exhibit.id)
        posting(house, server.mailer()).send(message)
        (mail,) = server.mails
    assert row(house, message).state == "sent"
    assert mail["Subject"].endswith(f"your code for CCTV exhibit {exhibit.reference}")
    plain = mail.get_body(preferencelist=("plain",))
    assert plain is not None
    said = plain.get_content()
    assert f"Your code for CCTV exhibit {exhibit.reference} is:\r\n\r\n1234 5678\r\n" in said


def test_staff_find_a_lost_letter_about_an_exhibit_at_that_exhibit(
    house: House, release: ReleaseRow, carrier: Carrier
) -> None:
    exhibit = house.unplayable()
    carrier.ends = [RefusedMailError("the mail server refused the mailbox (550)")]
    posting(house, carrier).send(queue(house, release, CodeLetter.CODE, CODE, about=exhibit.id))
    assert "refused the mailbox" in str(attention(house, exhibit))
    assert attention(house, release) is None


def test_a_letter_that_asks_for_what_its_record_does_not_say_is_an_error_and_does_not_leave(
    house: House, release: ReleaseRow, carrier: Carrier
) -> None:
    message = queue(house, release, about=house.unplayable().id)
    with pytest.raises(KeyError, match="organisation"):
        posting(house, carrier).send(message)
    assert (row(house, message).state, carrier.given) == ("queued", [])


def test_a_job_that_runs_twice_reaches_notify_once(house: House, release: ReleaseRow) -> None:
    with notify_server() as server:
        message = queue(house, release)
        server.then = 503
        desk = posting(house, NotifyMailer(server.notify, base_url=server.url))
        with pytest.raises(UnavailableError):
            desk.send(message)
        server.then = "lost"
        desk.send(message)
        desk.send(message)
        assert len(server.taken) == 1
        assert row(house, message).reference == server.taken[str(message)]
