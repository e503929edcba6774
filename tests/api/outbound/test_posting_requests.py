"""Letters about requests: to a mailbox that is nobody's yet, and to who asked, by their name."""

from uuid import UUID

from sqlmodel import col, select

from api.times import utc_now
from evidence.mailbox.codes import token_subject
from evidence.mailbox.tables import MessageRow
from evidence.requests.states import Path
from evidence.secrets import secret_digest
from tests.api.outbound.test_posting import Carrier, posting
from tests.evidence.requests.requesting import code_of, fill, filled, preserve, request
from tests.houses import House


def waiting(house: House, about: UUID) -> list[MessageRow]:
    rows = select(MessageRow).where(MessageRow.about == about).order_by(col(MessageRow.kind))
    return list(house.look(lambda s: s.exec(rows).all()))


def test_the_code_goes_to_the_typed_mailbox_and_nothing_of_it_stays(house: House) -> None:
    at, carrier = utc_now(), Carrier()
    given = filled(Path.INSURER, at, email="letter@insurer.example")
    secret = fill(house, Path.INSURER, at, given)
    with house.services.transaction() as session:
        house.services.drafts.ask_code(session, secret, network="192.0.2.7", at=at)
    code = code_of(house, secret)
    (row,) = waiting(house, token_subject(secret_digest(secret)))
    posting(house, carrier).send(row.id)
    (letter,) = carrier.given
    assert letter.to == "letter@insurer.example"
    assert f"{code[:4]} {code[4:]}" in letter.text
    (row,) = waiting(house, row.about)
    assert (row.state, row.sealed, row.person) == ("sent", None, None)


def test_who_asked_is_told_the_number_and_gets_the_receipt(house: House) -> None:
    at, carrier = utc_now().replace(microsecond=0), Carrier()
    made = request(house, Path.INSURER, at, email="receipt@insurer.example")
    preserve(house, made, at)
    for row in waiting(house, made.id):
        posting(house, carrier).send(row.id)
    receipt, number = carrier.given
    assert {letter.to for letter in carrier.given} == {"receipt@insurer.example"}
    assert all(made.urn in letter.subject for letter in carrier.given)
    assert "Dear Jo Smith" in number.text
    assert "is preserved" in receipt.subject
    assert "/requests/status" in receipt.text
