"""Whatever stops the work on an exhibit, a person finds it with ways out, and no path of ours."""

import pytest

from api.running.worker import _give_up
from evidence import attention
from evidence.exhibits.states import ExhibitState
from evidence.exhibits.tables import ExhibitRow
from evidence.people.access import Role
from export.holdings.copies import JOB_DERIVE
from export.holdings.masters import JOB_EXAMINE
from export.media import sandbox
from export.media.sandbox import Ran
from tests.houses import House, clip, patiently

PATH = "/home/council/custos/export/media/examine.py"
DEFECTS = (
    OverflowError(f"Python int too large to convert to C long: {PATH}"),
    OSError(22, "Invalid argument", PATH),
    sandbox.broke("the examination", Ran("exit", 1, f'Traceback\n  File "{PATH}"', 0, ())),
)


def state(house: House, row: ExhibitRow) -> str:
    return house.look(lambda s: s.get_one(ExhibitRow, row.id).state)


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: type(defect).__name__)
def test_an_examination_that_broke_down_is_a_finding_and_can_be_repeated(
    house: House, defect: Exception
) -> None:
    row = house.exhibit(b"no clip at all")
    _give_up(house.services, JOB_EXAMINE, str(row.id), defect)
    found = house.look(lambda s: s.get_one(ExhibitRow, row.id))
    assert found.state == ExhibitState.ATTENTION
    assert [finding["code"] for finding in found.findings] == ["not-examined"]
    (call,) = house.look(lambda s: attention.calls_to(s, row.id))
    assert "broke down" in call.words
    assert not {"Traceback", "/home", "line"} & set(call.words.replace('"', " ").split())
    assert PATH not in call.words

    operator = house.subjects[Role.OPERATOR]
    house.do(
        Role.OPERATOR,
        lambda s: house.services.remedies.retry(
            s, row.reference, by=operator, at=house.services.clock()
        ),
    )
    assert state(house, row) == ExhibitState.RECEIVED
    house.services.copies.examine(row.id)
    again = house.look(lambda s: s.get_one(ExhibitRow, row.id))
    assert [finding["code"] for finding in again.findings] == ["no-video"]


def test_its_master_can_be_released_alone(house: House) -> None:
    row = house.exhibit(b"no clip at all")
    _give_up(house.services, JOB_EXAMINE, str(row.id), DEFECTS[0])
    patiently(lambda: house.services.stamps.stamp(row.id))
    operator = house.subjects[Role.OPERATOR]
    house.do(
        Role.OPERATOR,
        lambda s: house.services.remedies.accept(
            s, row.reference, by=operator, at=house.services.clock(), reason="seen in its player"
        ),
    )
    release = house.propose(row.reference)
    house.approve(release)
    house.seal(release)


def test_a_copy_that_broke_down_is_a_finding_and_can_be_repeated(
    house: House, tmp_path_factory: pytest.TempPathFactory
) -> None:
    row = house.exhibit(clip(tmp_path_factory.getbasetemp()).read_bytes())
    house.services.copies.examine(row.id)
    _give_up(house.services, JOB_DERIVE, str(row.id), DEFECTS[1])
    assert state(house, row) == ExhibitState.ATTENTION
    operator = house.subjects[Role.OPERATOR]
    house.do(
        Role.OPERATOR,
        lambda s: house.services.remedies.retry(
            s, row.reference, by=operator, at=house.services.clock()
        ),
    )
    house.services.copies.derive(row.id)
    assert state(house, row) == ExhibitState.READY
