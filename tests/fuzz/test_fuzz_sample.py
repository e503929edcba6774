"""A sample of `make fuzz`, and proof that the fuzzer finds what it looks for."""

import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

from custody.errors import FormatError
from tests.fuzz import cases
from tests.fuzz.mutations import ANY, DER, JSON, TEXT, ZIP, Mutation, mutate

ROOT = Path(__file__).parents[2]


def test_a_sample_of_cases_holds(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz", "--rounds", "150", "--seed", "7", "--keep", tmp_path],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "150 cases" in done.stdout


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> cases.World:
    return cases.make_world(tmp_path_factory.mktemp("fuzz"))


def test_a_verifier_that_stumbles_is_found(
    world: cases.World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stumble(_: object) -> object:
        raise ValueError

    monkeypatch.setattr("export.package.verify.verify.open_package", stumble)
    with pytest.raises(cases.FuzzError, match="stumbled"):
        cases.changed_archive(world, Random(1))  # noqa: S311 - no secret


@pytest.mark.parametrize(
    "case", [cases.changed_archive, cases.changed_file, cases.changed_name, cases.checked]
)
def test_a_verifier_that_overlooks_a_change_is_found(
    world: cases.World, case: cases.Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cases, "_judge", lambda *_: "intact")
    monkeypatch.setattr(cases, "check_signature", lambda *_, **__: ())
    with pytest.raises(cases.FuzzError, match=r"is called intact|signature passed"):
        case(world, Random(1))  # noqa: S311 - no secret


def test_a_parser_that_raises_what_nobody_expects_is_found() -> None:
    def parse(_: bytes) -> None:
        raise ValueError

    def refuse(_: bytes) -> None:
        raise FormatError("no")

    cases._parse(refuse, b"")
    with pytest.raises(cases.FuzzError, match="raised ValueError"):
        cases._parse(parse, b"")


@pytest.mark.parametrize("mutations", [ANY, TEXT, JSON, DER, ZIP])
def test_a_seed_gives_the_same_changes(mutations: tuple[Mutation, ...]) -> None:
    for n in range(200):
        for data in (b"", b"x", b'{"a":[1,"b"]}\n', b"PK\x01\x02" + bytes(60)):
            one = mutate(Random(n), data, mutations)  # noqa: S311 - no secret
            assert one == mutate(Random(n), data, mutations)  # noqa: S311 - no secret
