"""Staff see where disposals stand, and take out the certificate of each that is done."""

from collections.abc import Callable

from api.times import utc_now
from evidence import attention
from evidence.people.access import Role
from tests.api.web.visiting import Visitor
from tests.houses import House


def test_the_list_says_where_each_stands_and_gives_its_certificate(
    browser: Callable[..., Visitor], house: House
) -> None:
    auditor = browser(Role.AUDITOR)
    assert "No disposal was proposed yet." in auditor.get("/console/disposals").text
    disposals, rows = house.services.disposals, []
    by, deciding = house.subjects[Role.OPERATOR], house.subjects[Role.GOVERNANCE]
    for basis in ("<b>its time is over</b>", "taken in by mistake"):
        exhibit = house.unplayable()
        with house.services.transaction() as session:
            said = disposals.propose(
                session, exhibit.reference, basis=basis, early=True, by=by, at=utc_now()
            )
            rows.append(said.id)
    with house.services.transaction() as session:
        disposals.approve(session, str(rows[0]), by=deciding, at=utc_now())
        attention.call(session, rows[1], "exhibit.dispose", "a hold", at=utc_now())
    disposals.run(rows[0])
    shown = auditor.get("/console/disposals").text
    assert "It stopped" in shown
    assert "&lt;b&gt;its time is over&lt;/b&gt;" in shown
    assert "Done" in shown
    assert "None yet" in shown
    file = auditor.get(f"/console/disposals/{rows[0]}/certificate.json")
    assert file.json()["disposal"] == str(rows[0])
    assert "attachment" in file.headers["content-disposition"]
    assert auditor.get(f"/console/disposals/{rows[1]}/certificate.json").status_code == 409
    assert auditor.get("/console/exhibits/AA-1").status_code in {409, 404}
