"""The demonstration's mailbox: what the sink took, shown as text, and never in production."""

import smtplib
from collections.abc import Callable, Iterator
from dataclasses import replace
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import pytest

from api.app import create_app
from api.demonstration.standins import mail_folder, read_ports
from tests.api.web.standing import stand_ins
from tests.api.web.visiting import Visitor, visiting
from tests.houses import House

Opens = Callable[..., Visitor]


@pytest.fixture(scope="module", autouse=True)
def standing(house: House) -> Iterator[Path]:
    """Run the demonstration's own sink; return its log."""
    with stand_ins(house.settings) as log:
        yield log


def mail(text: str, subject: str = "Barchester Council: your code", html: str = "") -> EmailMessage:
    made = EmailMessage(policy=SMTP)
    made["From"] = "cctv@barchester.example"
    made["To"] = "alex@insurer.example"
    made["Subject"] = subject
    made.set_content(text)
    if html:
        made.add_alternative(html, subtype="html")
    return made


def send(house: House, raw: bytes) -> None:
    with smtplib.SMTP("127.0.0.1", read_ports(house.settings.data).mail) as server:
        server.sendmail("cctv@barchester.example", ["alex@insurer.example"], raw)


def newest(house: House) -> str:
    return max(path.stem for path in mail_folder(house.settings).glob("*.eml"))


def shown(house: House, browser: Opens) -> str:
    answer = browser().get(f"/demonstration/mail/{newest(house)}")
    assert answer.status_code == 200
    return str(answer.text)


def test_what_was_sent_is_listed_newest_first(house: House, browser: Opens) -> None:
    send(house, mail("one", subject="The first").as_bytes())
    send(house, mail("two", subject="The second").as_bytes())
    page = browser().get("/demonstration/mail").text
    assert page.index("The second") < page.index("The first")
    assert "alex@insurer.example" in page


def test_a_mail_is_shown_with_its_links_to_us_and_no_others(house: House, browser: Opens) -> None:
    ours = f"{house.settings.origin}/collect/{'T' * 42}-"
    text = f"Open {ours}\n\nor https://evil.example/x or {house.settings.origin}.evil.example/y\n"
    send(house, mail(text, html=f'<a href="{ours}">x</a>').as_bytes())
    page = shown(house, browser)
    assert f'href="{ours}"' in page
    assert page.count("/collect/") == 3
    assert 'href="https://evil' not in page
    assert f'href="{house.settings.origin}.evil' not in page
    assert "text/plain, text/html" in page


def test_what_a_mail_says_is_text_and_never_markup(house: House, browser: Opens) -> None:
    hostile = '<script>alert(1)</script><img src="https://evil.example/a.png">'
    send(house, mail(hostile, subject=hostile, html=hostile).as_bytes())
    for page in (shown(house, browser), browser().get("/demonstration/mail").text):
        assert "<script>alert" not in page
        assert "<img" not in page
        assert "&lt;script&gt;alert(1)" in page


@pytest.mark.parametrize(
    "raw",
    [
        b"\r\n",
        b"no header at all",
        b"Subject: \xff\xfe\r\nFrom: \r\n\r\n\xff\r\n",
        b"Content-Type: text/plain; charset=nonsense\r\n\r\n\xff\r\n",
        b"Content-Type: multipart/mixed\r\n\r\nx\r\n",
        b"Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!\r\n",
        b"To: =?utf-8?q?=E2=80=AE?= <a@b.example>\r\nSubject: =?x?q?y?=\r\n\r\nx\r\n",
    ],
)
def test_a_mail_that_is_none_is_shown_all_the_same(
    house: House, browser: Opens, raw: bytes
) -> None:
    send(house, raw)
    shown(house, browser)
    assert browser().get("/demonstration/mail").status_code == 200


def test_a_mail_is_nobody_else_s_to_read_on_this_machine(house: House) -> None:
    send(house, mail("secret").as_bytes())
    folder = mail_folder(house.settings)
    assert folder.stat().st_mode & 0o777 == 0o700
    for path in folder.iterdir():
        assert path.suffix == ".eml"
        assert path.stat().st_mode & 0o777 == 0o600


def test_the_sink_logs_nothing_of_a_mail(house: House, standing: Path) -> None:
    send(house, mail("planted-words", subject="planted-subject").as_bytes())
    said = standing.read_text()
    assert "planted" not in said
    assert "insurer.example" not in said


@pytest.mark.parametrize(
    "name", ["x", "..", "%2e%2e%2fcouncil", "1" * 20, f"{'1' * 20}-{'a' * 8}", "../council.toml"]
)
def test_nothing_else_is_read(browser: Opens, name: str) -> None:
    assert browser().get(f"/demonstration/mail/{name}").status_code in (404, 422)


def test_production_has_no_such_page(house: House) -> None:
    send(house, mail("secret").as_bytes())
    services = replace(house.services, settings=replace(house.settings, production=True))
    with visiting(create_app(services), house) as visitor:
        for path in ("/demonstration/mail", f"/demonstration/mail/{newest(house)}"):
            answer = visitor.get(path)
            assert answer.status_code == 404
            assert "secret" not in answer.text
