"""Pages and commands of reviews: what is due, what one comes to, and who is offered what."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import text

from api.times import utc_now
from evidence.exhibits.references import file_safe
from evidence.people.access import Role
from tests.api.web.visiting import Visitor
from tests.houses import House


@pytest.fixture(scope="module")
def path(house: House) -> str:
    return f"/console/exhibits/{file_safe(house.undecided().reference)}"


def test_governance_classifies_and_reviews_on_pages_that_keep_what_was_typed(
    browser: Callable[..., Visitor], path: str
) -> None:
    governance, auditor = browser(Role.GOVERNANCE), browser(Role.AUDITOR)
    reference = path.rpartition("/")[2].replace("-", "/")
    assert "No exhibit is due for review." in auditor.get("/console/reviews").text
    shown = auditor.get(path).text
    assert "what holds of every exhibit that nobody has put into a class" in shown
    asked = governance.get(f"{path}/review").text
    assert "nobody has put it into a class" in asked
    assert "is in the class" not in asked, "it may have been released long ago"
    assert f'href="{path}/review"' not in shown
    assert f'href="{path}/review"' in governance.get(path).text

    wrong = governance.fill(f"{path}/class", {"reason": "<b>theirs</b>"})
    assert wrong.status_code == 422
    assert "Choose one of the classes" in wrong.text
    assert "&lt;b&gt;theirs&lt;/b&gt;" in wrong.text
    good = {"retention_class": "police", "reason": "theirs"}
    assert governance.fill(f"{path}/class", good).status_code == 303
    assert governance.fill(f"{path}/class", good).status_code == 409
    assert "Given to the police" in auditor.get(path).text

    for until, words in (("", "Enter the day"), ("31/02/2027", "real date"), ("1/1/2020", "come")):
        again = governance.fill(f"{path}/review", {"until": until, "reason": "an appeal"})
        assert (again.status_code, words in again.text) == (422, True)
        assert "an appeal" in again.text
    nothing = governance.fill(f"{path}/review", {"until": "31/05/2027"})
    assert "Enter the reason" in nothing.text
    later = (utc_now() + timedelta(days=300)).date()
    told = {"until": f"{later:%d/%m/%Y}", "reason": "an appeal"}
    assert governance.fill(f"{path}/review", told).status_code == 303
    assert f"{later.day} {later:%B %Y}" in auditor.get(path).text
    assert reference not in auditor.get("/console/reviews").text


def test_what_is_due_waits_for_governance_on_the_first_page(
    browser: Callable[..., Visitor], house: House
) -> None:
    exhibit = house.undecided()
    with house.services.transaction() as session:
        came = exhibit.received_at - timedelta(days=40)
        session.execute(
            text("UPDATE exhibit SET received_at = :at WHERE id = :id"),
            {"at": came, "id": exhibit.id},
        )
    governance, auditor = browser(Role.GOVERNANCE), browser(Role.AUDITOR)
    here = f"/console/exhibits/{file_safe(exhibit.reference)}/review"
    assert "is due for review" in governance.get("/console").text
    assert "is due for review" not in auditor.get("/console").text
    assert here in governance.get("/console/reviews").text
    listed = auditor.get("/console/reviews").text
    assert exhibit.reference in listed
    assert here not in listed
