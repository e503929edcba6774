"""The house rules that no linter knows: docstrings say the kind, and a list stays true."""

import ast
import re
import tomllib
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from api.cli import COMMANDS
from storage.version import DISTRIBUTION, software

ROOT = Path(__file__).parents[1]
PACKAGES = ("api", "custody", "evidence", "export", "storage")
KINDS = ("Pure.", "Service.", "Adapter.", "Edge.")
LONG, MOST_LONG = 300, 10
"""Lines of a module that is long, and how many such there may not be."""
LONG_FUNCTION = 60
MOST_MODULES = 12
"""In one folder: more are several rooms, or a reader does not find his way in them."""
LARGE_ROOMS = {"export/media"}
"""What has yet to be divided."""
FORBIDDEN_NAMES = {"utils", "helpers", "common", "manager", "base"}


# A thousand tests look at the same files: each is found, and read, once.
@cache
def sources() -> list[Path]:
    return [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def modules() -> dict[str, Path]:
    return {
        ".".join(path.relative_to(ROOT).with_suffix("").parts): path
        for path in sources()
        # Trees of errors, and what Alembic finds by its path, are of no kind.
        if path.name not in ("__init__.py", "errors.py", "env.py") and "versions" not in path.parts
    }


def kind(path: Path) -> str:
    words = ast.get_docstring(parsed(path)) or ""
    return words.split(" ", 1)[0]


@pytest.mark.parametrize("name", sorted(modules()))
def test_a_module_says_of_which_kind_it_is(name: str) -> None:
    assert kind(modules()[name]) in KINDS


def test_the_contract_names_exactly_the_pure_modules() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    listed = next(one for one in contracts if one["name"].startswith("Pure modules"))
    pure = {name for name, path in modules().items() if kind(path) == "Pure."}
    assert set(listed["source_modules"]) == pure


def test_no_module_has_a_name_that_says_nothing() -> None:
    assert not {name.rpartition(".")[2] for name in modules()} & FORBIDDEN_NAMES


def long_ones() -> dict[str, str]:
    """Return the modules that are long, each with its docstring."""
    texts = {
        path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
        for path in (*sources(), *(ROOT / "benchmarks").rglob("*.py"))
    }
    return {
        name: ast.get_docstring(ast.parse(text)) or ""
        for name, text in texts.items()
        if text.count("\n") > LONG
    }


def test_a_long_module_says_why_it_is_and_few_are() -> None:
    assert not [name for name, words in long_ones().items() if f"Over {LONG} lines" not in words]
    assert len(long_ones()) < MOST_LONG


def test_no_function_is_longer_than_a_screen() -> None:
    long = [
        f"{path.relative_to(ROOT)}: {node.name}"
        for path in (*sources(), *(ROOT / "benchmarks").rglob("*.py"))
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or node.lineno) - node.lineno >= LONG_FUNCTION
    ]
    assert not long


def test_what_stands_among_the_commands_is_a_command() -> None:
    rooms = {f"api.cli.{room}" for room in ("house", "proof", "work")}
    among = {name for name in modules() if name.rpartition(".")[0] in rooms}
    assert among == set(COMMANDS.values())


def rooms() -> Counter[str]:
    """Return how many modules stand in each folder; steps of a history are found by no reader."""
    return Counter(
        path.parent.relative_to(ROOT).as_posix()
        for path in (*sources(), *(ROOT / "benchmarks").rglob("*.py"))
        if path.name != "__init__.py" and "versions" not in path.parts
    )


def test_no_room_holds_more_modules_than_a_reader_can_look_over() -> None:
    large = {folder for folder, modules in rooms().items() if modules > MOST_MODULES}
    assert large == LARGE_ROOMS


def test_an_error_has_one_owner() -> None:
    made = [
        node.name
        for path in sources()
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.ClassDef) and node.name.endswith("Error")
    ]
    assert not [name for name, times in Counter(made).items() if times > 1]


def test_the_version_stands_in_one_place_and_every_package_names_it() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    version = settings["project"]["version"]
    again = [path for path in sources() if f'{version}"' in path.read_text(encoding="utf-8")]
    assert not again
    assert f"Custos {version}" == software()
    assert settings["project"]["name"] == DISTRIBUTION


def test_nobody_but_its_owner_asks_for_the_version() -> None:
    asking = [
        path.relative_to(ROOT).as_posix()
        for path in sources()
        if re.search(
            r"importlib\.metadata import .*\bversion\b|metadata\.version",
            path.read_text(encoding="utf-8"),
        )
    ]
    assert asking == ["storage/version.py"]


def state_changes(tree: ast.Module) -> set[str]:
    """Return the lines in which a module may move a release: in what it has a hand on one."""
    names = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("export.release.")
        for alias in node.names
    }
    found = names & {"TRANSITIONS", "ReleaseStep", "transition"}
    if not names & {"ReleaseRow", "ReleaseState", "Releases"}:
        return found
    for node in ast.walk(tree):
        written: list[ast.expr] = []
        if isinstance(node, ast.Assign):
            written = node.targets
        elif isinstance(node, ast.AnnAssign | ast.AugAssign):
            written = [node.target]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.func.attr == "values" and "state" in {word.arg for word in node.keywords}:
                found.add(ast.unparse(node))
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in {"ReleaseRow", "setattr"}:
            found.add(ast.unparse(node))
        for target in written:
            parts = target.elts if isinstance(target, ast.Tuple) else [target]
            if any(isinstance(one, ast.Attribute) and one.attr == "state" for one in parts):
                found.add(ast.unparse(node))
    return found


def test_nobody_but_its_room_moves_a_release() -> None:
    outside = {
        name: found
        for name, path in modules().items()
        if not name.startswith("export.release.") and (found := state_changes(parsed(path)))
    }
    assert not outside


@pytest.mark.parametrize(
    "line",
    [
        "row.state = ReleaseState.SEALED",
        "row.state, row.reason = ReleaseState.REFUSED, 'no'",
        "session.exec(update(ReleaseRow).values(state='sealed'))",
        "setattr(row, 'state', 'sealed')",
        "ReleaseRow(state='sealed')",
        "from export.release.states import transition",
    ],
)
def test_a_move_outside_its_room_would_be_found(line: str) -> None:
    words = f"from export.release.tables import ReleaseRow\n{line}"
    assert state_changes(ast.parse(words))


def test_nobody_but_its_owner_touches_the_rows_of_what_waits_for_a_person() -> None:
    naming = {
        str(path.relative_to(ROOT))
        for folder in (*PACKAGES, "tests", "benchmarks")
        for path in (ROOT / folder).rglob("*.py")
        if re.search(r"\bAttention(?=Row\b)", path.read_text(encoding="utf-8"))
    }
    assert naming == {"evidence/attention.py"}


def test_the_lock_file_names_no_registry_and_hashes_everything() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert "http" not in lock.replace("httpx", "").replace("httptools", "").replace("httpcore", "")
    wanted = [line for line in lock.splitlines() if line and line[0].isalnum()]
    assert wanted
    assert all(line.rstrip().endswith("\\") for line in wanted), "each is followed by its hashes"


SHOWING = ("api.web", "api.routes", "api.views", "api.cli")
"""What shows: it asks services, and no table."""
ASKS = {"add", "delete", "exec", "execute", "get", "get_one", "merge", "scalar", "scalars"}


@cache
def showing() -> dict[str, Path]:
    rooms = tuple(f"{name}." for name in SHOWING)
    return {name: path for name, path in modules().items() if f"{name}.".startswith(rooms)}


def questions(tree: ast.Module) -> list[str]:
    """Return what a module asks the database itself: what it imports for it, and what it calls."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
            found += [name for name in names if name.split(".")[0] in ("sqlalchemy", "sqlmodel")]
        elif isinstance(node, ast.ImportFrom) and node.module:
            from_sql = node.module.split(".")[0] in ("sqlalchemy", "sqlmodel")
            names = [alias.name for alias in node.names]
            found += [name for name in names if from_sql and name != "Session"]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            on = node.func.value
            asked = isinstance(on, ast.Name) and on.id in ("session", "s")
            found += [f"session.{node.func.attr}"] if asked and node.func.attr in ASKS else []
    return found


@pytest.mark.parametrize("name", sorted(showing()))
def test_what_shows_builds_no_sql(name: str) -> None:
    assert questions(parsed(showing()[name])) == []


@pytest.mark.parametrize(
    "code",
    [
        "from sqlmodel import Session, select",
        "import sqlalchemy",
        "from sqlalchemy.orm import aliased",
        "def read(session): return session.get(Row, 1)",
        "work = lambda s: s.exec(wanted)",
    ],
)
def test_sql_in_what_shows_is_found(code: str) -> None:
    assert questions(ast.parse(code))


def test_the_map_names_only_rooms_that_there_are() -> None:
    words = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    named = set(
        re.findall(r"`((?:api|export|evidence|custody|storage|docs|tests)/[\w/.-]+)`", words)
    )
    assert len(named) > 40
    gone = {
        name for name in named if not any((ROOT / f"{name}{end}").exists() for end in ("", ".py"))
    }
    assert not gone


@pytest.mark.parametrize("name", ["threats", "threat-model"])
def test_each_stop_that_is_claimed_names_a_test_that_there_is(name: str) -> None:
    words = (ROOT / f"docs/{name}.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`((?:\w+/)*test_\w+\.py)`", words))
    assert len(named) > 20
    assert not {name for name in named if not (ROOT / "tests" / name).is_file()}


def test_what_an_attack_looks_like_is_said_in_the_words_of_the_code() -> None:
    words = (ROOT / "docs/threat-model.md").read_text(encoding="utf-8")
    told = set(re.findall("“([^”]+)”", words)) - {"Is it whole?", "not found"}
    pages = sorted((ROOT / "api/web/templates").rglob("*.html"))
    # A sentence may be one of several texts that stand one below the other.
    said = "".join(
        re.sub(r'"\s*\n\s*f?"', "", path.read_text(encoding="utf-8"))
        for path in (*sources(), *pages)
    )
    assert len(told) > 20
    assert not {sentence for sentence in told if sentence not in said}
