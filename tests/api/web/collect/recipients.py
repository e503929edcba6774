"""A recipient: has a mailbox, gets a link, and walks as far as a test wants."""

from dataclasses import dataclass, replace
from uuid import UUID

from httpx import Response
from sqlmodel import col, select

from api.times import utc_now
from evidence.exhibits.tables import ExhibitRow
from evidence.mailbox.codes import token_subject
from evidence.mailbox.letters import CodeLetter, LetterKind
from evidence.mailbox.tables import MessageRow
from evidence.people.access import Role
from evidence.secrets import secret_digest
from export.delivery.letters import DeliveryLetter
from export.delivery.tables import LinkRow
from export.release.proposals import Delivery, ReleaseKind
from export.release.tables import ReleaseRow
from tests.api.web.visiting import Visitor, hidden_fields
from tests.houses import WANTED, House
from tests.patterns import Pattern

UNKNOWN = "kB3xZ0cJ8l1mQpR5tUvWyA2dEfGhIjKlMnOpQrStUvW"
"""A token that looks like ours, and that nobody was ever given."""


@dataclass
class Mailbox:
    """What arrives for the recipient of one sealed release."""

    house: House
    release: ReleaseRow

    def link(self) -> str:
        """Have a new link issued; return its token. The links before are over by that."""
        house, release = self.house, self.release
        operator = house.subjects[Role.OPERATOR]
        house.do(
            Role.OPERATOR,
            lambda session: house.services.links.reissue(
                session, str(release.id), by=operator, at=utc_now()
            ),
        )
        return self._newest(DeliveryLetter.LINK)["token"]

    def code(self, token: str) -> str:
        """Return the code that was asked for, once the worker did its part."""
        self.work(token)
        return self._newest(CodeLetter.CODE)["code"]

    def work(self, token: str) -> None:
        """Do what the worker does after a code was asked for."""
        self.house.services.links.send_code(token_subject(secret_digest(token)))

    def has(self, kind: LetterKind) -> int:
        """Tell how many messages of a kind there are."""
        return len(self._all(kind))

    def change(self, token: str, **columns: object) -> None:
        """Change the row of a link, as time or a member of staff would."""
        with self.house.services.transaction() as session:
            statement = select(LinkRow).where(LinkRow.token_sha256 == secret_digest(token))
            row = session.exec(statement).one()
            for name, value in columns.items():
                setattr(row, name, value)

    def _all(self, kind: LetterKind) -> list[MessageRow]:
        statement = (
            select(MessageRow)
            .where(MessageRow.about == self.release.id, MessageRow.kind == kind.value)
            .order_by(col(MessageRow.queued_at).desc())
        )
        return list(self.house.look(lambda session: session.exec(statement).all()))

    def _newest(self, kind: LetterKind) -> dict[str, str]:
        return dict(self.house.services.messages.open(self._all(kind)[0]))


def mailbox(
    house: House,
    organisation: str = "Barchester Constabulary",
    exhibit: ExhibitRow | None = None,
    pattern: Pattern | None = None,
) -> Mailbox:
    """Seal a release of an exhibit (a small one) that goes by link; return its mailbox.

    With a pattern nothing is made: it is as sealed as the pattern's model is.
    """
    exhibit = exhibit or house.unplayable()
    wanted = replace(
        WANTED,
        kind=ReleaseKind.POLICE,
        exhibits=(exhibit.reference,),
        organisation=organisation,
        delivery=Delivery.LINK,
    )
    operator = house.subjects[Role.OPERATOR]
    release = house.do(
        Role.OPERATOR,
        lambda session: house.services.proposals.propose(
            session, wanted, by=operator, at=utc_now()
        ),
    )
    house.approve(release)
    if pattern is None:
        house.seal(release)
    else:
        pattern.seal(release)
    return Mailbox(house, release)


def ask(visitor: Visitor, token: str) -> Response:
    """Press "Send me a code"."""
    return visitor.post(f"/collect/{token}/code")


def enter(visitor: Visitor, token: str, code: str) -> Response:
    """Send a code."""
    return visitor.post(f"/collect/{token}/enter", {"code": code})


def come_in(visitor: Visitor, box: Mailbox, token: str) -> None:
    """Go past the code."""
    ask(visitor, token)
    answer = enter(visitor, token, box.code(token))
    assert answer.headers.get("location") == "/collect", answer.text


def accept(visitor: Visitor) -> Response:
    """Accept the terms that the page shows."""
    return visitor.fill("/collect", {"accept": "yes"}, to="/collect/terms")


def download_address(visitor: Visitor) -> str:
    """Press "Download"; return the address that it leads to."""
    answer = visitor.fill("/collect", {}, to="/collect/download")
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def form_token(visitor: Visitor) -> str:
    """Return what the forms of this browser carry."""
    return hidden_fields(visitor.get("/collect").text)["form_token"]


def at_the_package(visitor: Visitor, box: Mailbox) -> str:
    """Go all the way to an authorised download; return its address."""
    come_in(visitor, box, box.link())
    accept(visitor)
    return download_address(visitor)


def name_of(address: str) -> tuple[UUID, str]:
    """Return what stands in a download's address."""
    *_, download, name = address.split("/")
    return UUID(download), name
