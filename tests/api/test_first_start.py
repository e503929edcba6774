"""What a first start makes: tokens of two people or of one, and a demonstration's cameras."""

from dataclasses import replace
from pathlib import Path

import pytest
from sqlmodel import Session

from api.acts import act
from api.running.first_start import fill_register, make_first_tokens
from api.times import utc_now
from api.wiring import Services
from evidence.cameras.cameras import Siting
from evidence.cameras.known import read_cameras
from evidence.errors import AccessRefusedError
from evidence.people.access import Role, Subject
from export.release.tables import ReleaseRow
from tests.houses import WANTED, House


def started(
    house: House, folder: Path, *, production: bool
) -> tuple[Services, dict[Role, Subject]]:
    """Start for the first time; return who the files speak for."""
    settings = replace(house.settings, production=production)
    services = replace(house.services, settings=settings)
    make_first_tokens(services, folder)
    found = {}
    for role in (Role.OPERATOR, Role.RELEASER):
        token = (folder / f"{role}.token").read_text()
        subject = house.look(lambda s, token=token: services.tokens.find(s, token, at=utc_now()))  # type: ignore[misc]
        assert subject is not None
        assert subject.roles == {role}
        found[role] = subject
    return services, found


def proposed(services: Services, by: Subject, exhibit: str) -> ReleaseRow:
    new = replace(WANTED, exhibits=(exhibit,))
    return act(services, by, lambda s: services.proposals.propose(s, new, by=by, at=utc_now()))


def test_a_demonstration_has_two_people(house: House, tmp_path: Path) -> None:
    _, found = started(house, tmp_path, production=False)
    assert len({subject.person for subject in found.values()}) == 2


def test_who_reads_the_files_of_production_is_no_second_person(
    house: House, tmp_path: Path
) -> None:
    services, found = started(house, tmp_path, production=True)
    operator, releaser = found[Role.OPERATOR], found[Role.RELEASER]
    assert operator.person == releaser.person
    row = proposed(services, operator, house.unplayable().reference)

    def approve(session: Session) -> ReleaseRow:
        return services.decisions.approve(session, str(row.id), by=releaser, at=utc_now())

    with pytest.raises(AccessRefusedError, match="must not approve it"):
        act(services, releaser, approve)
    # A file that was lost is made anew, and still of the same person.
    (tmp_path / "releaser.token").unlink()
    _, again = started(house, tmp_path, production=True)
    assert {subject.person for subject in again.values()} == {operator.person}


def test_a_demonstration_has_cameras_and_production_has_none_of_ours(house: House) -> None:
    settings = replace(house.settings, production=True)
    fill_register(replace(house.services, settings=settings))
    assert house.look(read_cameras) == []
    fill_register(house.services)
    fill_register(house.services)
    cameras = [one.camera for one in house.look(read_cameras)]
    assert len(cameras) == 25
    assert sum(camera.sensitive for camera in cameras) == 2
    assert {camera.siting for camera in cameras} == set(Siting) - {Siting.NOT_STATED}
    assert any(camera.views for camera in cameras)
