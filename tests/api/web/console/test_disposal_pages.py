"""Staff see where disposals stand, and take out the certificate of each that is done."""

from collections.abc import Callable
from uuid import UUID

from sqlmodel import select

from api.times import utc_now
from evidence import attention
from evidence.exhibits.references import file_safe
from evidence.people.access import Role
from export.disposal.tables import DisposalRow
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
    home = browser(Role.GOVERNANCE).get("/console").text
    assert "disposal of an exhibit stopped half way" in home
    assert '<span class="custos-said">a hold</span>' in home
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


def test_one_proposes_and_another_decides_on_pages(
    browser: Callable[..., Visitor], house: House
) -> None:
    exhibit = house.unplayable()
    path = f"/console/exhibits/{file_safe(exhibit.reference)}"
    governance, operator = browser(Role.GOVERNANCE), browser(Role.OPERATOR)
    assert f'href="{path}/disposal"' in operator.get(path).text
    assert "Enter the reason" in operator.fill(f"{path}/disposal", {"early": "yes"}).text
    kept = operator.fill(f"{path}/disposal", {"reason": "<i>over</i>"})
    assert (kept.status_code, "the store keeps it until" in kept.text) == (409, True)
    assert "&lt;i&gt;over&lt;/i&gt;" in kept.text

    def propose(visitor: Visitor) -> str:
        said = {"reason": "its time is over", "early": "yes"}
        assert visitor.fill(f"{path}/disposal", said).status_code == 303
        wanted = select(DisposalRow).where(
            DisposalRow.exhibit == exhibit.id, DisposalRow.refused_reason == ""
        )
        row = house.look(lambda s: s.exec(wanted).one())
        return f"/console/disposals/{row.id}"

    here = propose(operator)
    assert operator.get(f"{here}/approval").status_code == 403
    assert "Take it back" in operator.get("/console/disposals").text
    assert f"{here}/approval" in governance.get("/console/disposals").text
    assert "Enter the reason" in governance.fill(f"{here}/refusal", {}).text
    assert governance.fill(f"{here}/refusal", {"reason": "an appeal"}).status_code == 303
    assert governance.fill(f"{here}/refusal", {"reason": "an appeal"}).status_code == 409

    own = propose(governance)
    assert f"{own}/approval" not in governance.get("/console/disposals").text
    refused = governance.fill(f"{own}/approval", {})
    assert refused.status_code == 403
    assert operator.fill(f"{own}/refusal", {"reason": "not theirs"}).status_code == 403
    assert governance.fill(f"{own}/refusal", {"reason": "a mistake"}).status_code == 303

    last = propose(operator)
    assert "before its time" in governance.get(f"{last}/approval").text
    assert governance.fill(f"{last}/approval", {}).status_code == 303
    row = house.look(lambda s: s.get_one(DisposalRow, UUID(last.rpartition("/")[2])))
    assert row.decided_by == house.subjects[Role.GOVERNANCE].person
