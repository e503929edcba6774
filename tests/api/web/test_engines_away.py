"""When the database is away, whoever asks reads a page that says what to do; nothing is done."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from tempfile import SpooledTemporaryFile
from typing import NoReturn

import pytest
from sqlmodel import Session

from api.app import create_app
from api.web.collect.gate import cookie_name as collecting_cookie
from evidence.mailbox.letters import CodeLetter
from evidence.people.access import Role
from storage.errors import UnavailableError
from tests.api.web.collect.recipients import Mailbox, mailbox
from tests.api.web.visiting import Visitor, visiting
from tests.houses import House

TOKEN = "kB3xZ0cJ8l1mQpR5tUvWyA2dEfGhIjKlMnOpQrStUvW"
RECIPIENT = [
    ("POST", f"/collect/{TOKEN}/code"),
    ("GET", f"/collect/{TOKEN}/enter"),
    ("POST", f"/collect/{TOKEN}/enter"),
    ("GET", "/collect"),
    ("POST", "/collect/terms"),
    ("POST", "/collect/download"),
    ("POST", "/collect/receipt"),
]
STAFF = [
    ("GET", "/console"),
    ("GET", "/console/exhibits"),
    ("GET", "/console/exhibits/new"),
    ("GET", "/console/releases"),
    ("POST", "/console/releases"),
    ("GET", "/console/register"),
    ("GET", "/console/custody"),
]


@contextmanager
def away() -> Iterator[Session]:
    """Fail as a transaction does while PostgreSQL is stopped."""

    def fail() -> NoReturn:
        raise UnavailableError("the database does not answer")

    fail()
    yield Session()


@pytest.fixture(scope="module")
def box(house: House) -> Mailbox:
    """Return the mailbox of somebody whose release waits for them."""
    return mailbox(house)


@pytest.fixture
def stranded(house: House) -> Iterator[Visitor]:
    """Open a browser of somebody signed in, and past a code, at a service without a database."""
    app = create_app(replace(house.services, transaction=away))
    with visiting(app, house) as visitor:
        visitor.sign_in(Role.OPERATOR)
        visitor.cookies.set(collecting_cookie(house.services), "a secret")
        yield visitor


@pytest.mark.parametrize(("method", "path"), [*RECIPIENT, *STAFF])
def test_a_page_says_that_it_is_away_and_that_nothing_was_lost(
    stranded: Visitor, method: str, path: str
) -> None:
    answer = stranded.get(path) if method == "GET" else stranded.post(path)
    assert answer.status_code == 503
    assert "Sorry, the service is unavailable" in answer.text
    assert "Nothing was lost." in answer.text
    assert answer.headers["retry-after"] == "30"
    assert "database does not answer" not in answer.text


def test_the_link_s_own_page_needs_no_database(stranded: Visitor) -> None:
    answer = stranded.get(f"/collect/{TOKEN}")
    assert answer.status_code == 200
    assert "Send me a code" in answer.text


def test_a_code_asked_for_while_it_is_away_is_not_sent_later(
    stranded: Visitor, box: Mailbox
) -> None:
    token = box.link()
    assert stranded.post(f"/collect/{token}/code").status_code == 503
    box.work(token)
    assert box.has(CodeLetter.CODE) == 0


def test_a_register_that_was_not_read_to_its_end_leaves_no_file_behind(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    files: list[SpooledTemporaryFile[bytes]] = []

    def noted(max_size: int) -> SpooledTemporaryFile[bytes]:
        files.append(SpooledTemporaryFile(max_size))  # noqa: SIM115 - whoever sends it closes it
        return files[-1]

    @contextmanager
    def ends_badly() -> Iterator[Session]:
        with house.services.transaction() as session:
            yield session
        if files:
            raise UnavailableError("the connection was lost")

    monkeypatch.setattr("api.web.console.register.SpooledTemporaryFile", noted)
    app = create_app(replace(house.services, transaction=ends_badly))
    with visiting(app, house) as visitor:
        visitor.sign_in(Role.GOVERNANCE)
        answer = visitor.get("/console/register.csv")
    assert answer.status_code == 503
    assert [file.closed for file in files] == [True]
