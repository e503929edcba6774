"""A database that ends a connection in the middle of anything: 503, and when to come back."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import pytest
from httpx import Response
from sqlalchemy import Connection, event

from api.web.console.intake.files import FILES, NEW
from evidence.people.access import Role
from tests.api.asking import Web
from tests.api.routes.test_routes import EXHIBIT, RELEASE
from tests.api.web.visiting import Visitor, hidden_fields
from tests.houses import Estate, House
from tests.polling import poll

Opens = Callable[..., Visitor]
TUS = {
    "Tus-Resumable": "1.0.0",
    "Upload-Length": "1",
    "Upload-Metadata": "filename YQ==",
    "Content-Type": "application/offset+octet-stream",
}


@dataclass(eq=False)
class Killer:
    """Ends the connection of this house that has just done its n-th statement."""

    estate: Estate
    house: House
    after: int = 0
    statements: list[str] = field(default_factory=list)

    def __call__(
        self,
        connection: Connection,
        _cursor: object,
        statement: str,
        *_: object,
    ) -> None:
        if not threading.current_thread().name.startswith("AnyIO"):
            return  # the sequencer's
        self.statements.append(statement)
        if len(self.statements) == self.after:
            driver = connection.connection.driver_connection
            assert driver is not None
            self.kill(driver.info.backend_pid)

    def kill(self, backend: int) -> None:
        with self.estate.superuser.connect("postgres") as other:
            other.execute("SELECT pg_terminate_backend(%s)", [backend])
            there = "SELECT 1 FROM pg_stat_activity WHERE pid = %s"
            poll(lambda: other.execute(there, [backend]).fetchone() is None)


@pytest.fixture
def killer(estate: Estate, house: House) -> Iterator[Killer]:
    made = Killer(estate, house)
    event.listen(house.services.engine, "after_cursor_execute", made)
    yield made
    event.remove(house.services.engine, "after_cursor_execute", made)


def at_each_statement(killer: Killer, ask: Callable[[], Response]) -> None:
    """Ask again and again, killed after the first statement, after the second, to the last."""
    killer.after = 0
    killer.statements.clear()
    usual = ask().status_code
    assert usual < 500
    count = len(killer.statements)
    assert count
    bad = []
    for number in range(1, count + 1):
        killer.after = number
        killer.statements.clear()
        answer = ask()
        if answer.status_code < 500:
            continue
        if answer.status_code != 503 or int(answer.headers["retry-after"]) <= 0:
            bad.append((number, answer.status_code, killer.statements[-1][:60]))
    assert not bad


@dataclass
class Asked:
    """What is asked of the service, each as somebody who may."""

    web: Web
    release: str
    exhibit: str

    def ask(self, method: str, path: str, role: Role = Role.OPERATOR, **more: Any) -> Response:  # noqa: ANN401 - what httpx takes
        return self.web.ask(method, path, role, **more)

    def a_list(self) -> Response:
        return self.ask("GET", "/exhibits")

    def an_exhibit(self) -> Response:
        return self.ask("GET", f"/exhibits/{self.exhibit}")

    def a_release(self) -> Response:
        return self.ask("GET", f"/releases/{self.release}")

    def a_refusal(self) -> Response:
        return self.ask("GET", "/exhibits", Role.ADMINISTRATOR)

    def an_upload(self) -> Response:
        return self.ask("POST", "/uploads", content=b"x")

    def a_resumable_upload(self) -> Response:
        return self.ask("POST", "/resumable", content=b"x", headers=TUS)

    def a_new_exhibit(self) -> Response:
        upload = self.an_upload()
        if upload.is_error:
            return upload
        files = [{"upload": upload.json()["upload"], "name": "a.mp4"}]
        return self.ask("POST", "/exhibits", json={**EXHIBIT, "files": files})

    def a_new_release(self) -> Response:
        return self.ask("POST", "/releases", json={**RELEASE, "exhibits": [self.exhibit]})

    def an_approval(self) -> Response:
        return self.ask("POST", f"/releases/{self.release}/approval", Role.RELEASER, json={})

    def an_order_to_seal(self) -> Response:
        return self.ask("POST", f"/releases/{self.release}/seal")


@pytest.fixture(scope="module")
def release(house: House) -> tuple[str, str]:
    exhibit = house.unplayable()
    return str(house.propose(exhibit.reference).id), str(exhibit.id)


@pytest.mark.parametrize("what", [name for name in vars(Asked) if name.startswith(("a_", "an_"))])
def test_a_call_is_told_when_to_come_back(
    web: Web, killer: Killer, release: tuple[str, str], what: str
) -> None:
    at_each_statement(killer, getattr(Asked(web, *release), what))


def console(operator: Visitor, path: str) -> Callable[[], Response]:
    return lambda: operator.get(path)


@pytest.mark.parametrize("path", ["/console", "/console/exhibits", "/console/register", NEW])
def test_a_page_is_told_when_to_come_back(browser: Opens, killer: Killer, path: str) -> None:
    role = Role.GOVERNANCE if path.endswith("register") else Role.OPERATOR
    at_each_statement(killer, console(browser(role), path))


def test_a_form_is_told_when_to_come_back(browser: Opens, killer: Killer) -> None:
    operator = browser(Role.OPERATOR)
    token = hidden_fields(operator.get(NEW).text)["form_token"]
    form, files = {"form_token": token}, {"file": ("a.mp4", b"x", "video/mp4")}
    at_each_statement(killer, lambda: operator.post(FILES, form, files=files))


@pytest.mark.parametrize("path", ["code", "enter"])
def test_a_recipient_is_told_when_to_come_back(browser: Opens, killer: Killer, path: str) -> None:
    visitor = browser()
    at_each_statement(killer, lambda: visitor.post(f"/collect/{uuid4().hex}/{path}"))
