"""What the first start of a demonstration makes: tokens of two people, and cameras."""

from dataclasses import replace
from pathlib import Path

from sqlmodel import func, select

from api.running.first_start import fill_register, make_first_tokens
from api.times import utc_now
from evidence.cameras.cameras import Siting
from evidence.cameras.known import read_cameras
from evidence.people.access import Role
from evidence.people.tables import TokenRow
from tests.houses import House


def test_a_demonstration_has_two_people(house: House, tmp_path: Path) -> None:
    services = house.services
    make_first_tokens(services, tmp_path)
    found = {}
    for role in (Role.OPERATOR, Role.RELEASER):
        token = (tmp_path / f"{role}.token").read_text()
        subject = house.look(lambda s, token=token: services.tokens.find(s, token, at=utc_now()))  # type: ignore[misc]
        assert subject is not None
        assert subject.roles == {role}
        found[role] = subject
    assert len({subject.person for subject in found.values()}) == 2


def test_production_has_nobody_before_somebody_is_named(house: House, tmp_path: Path) -> None:
    before = house.look(lambda s: s.exec(select(func.count()).select_from(TokenRow)).one())
    settings = replace(house.settings, production=True)
    make_first_tokens(replace(house.services, settings=settings), tmp_path / "tokens")
    assert not (tmp_path / "tokens").exists()
    assert house.look(lambda s: s.exec(select(func.count()).select_from(TokenRow)).one()) == before


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
