"""The command line: what HTTP does, for whoever the token speaks for; and it fails in sentences."""

import io
import json
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from importlib.metadata import distribution, version
from pathlib import Path
from uuid import UUID

import pytest
from PIL import Image
from sqlalchemy import text as statement
from sqlmodel import func, select

from api.cli import COMMANDS, main
from api.cli.parts import requests
from api.cli.work import account
from api.services import Services
from custody.formats.policy import LogPolicy, check_signed
from custody.formats.proof import check_proof, parse_consistency, parse_proof
from custody.ledger.entries import stored_entries
from custody.ledger.ledger import node_reader
from custody.ledger.tables import CustodyEventRow
from custody.tree.merkle import check_consistency, tree_root
from evidence.exhibits.clocks import LONDON
from evidence.people.access import ALLOWED, Role
from evidence.people.tables import TokenRow
from evidence.people.two_people import SELF_APPROVED
from evidence.requests.states import Path as Asking
from evidence.secrets import secret_digest
from tests.custody.published.files import Files, publish
from tests.evidence.fees.invoicing.firms import Firm
from tests.evidence.requests.listing import listed
from tests.evidence.requests.requesting import request
from tests.houses import House, clip, environment
from tests.polling import PATIENCE_S

SUBCOMMANDS = [
    *([command] for command in COMMANDS),
    ["exhibit", "add"],
    ["request", "import"],
    *(["request", what] for what in requests.COMMANDS),
    ["request", "statistics"],
    *(["account", what] for what in account.COMMANDS),
    ["exhibit", "correct"],
    ["exhibit", "extend"],
    ["exhibit", "show"],
    *(["release", what] for what in ("propose", "approve", "refuse", "withdraw", "seal", "show")),
    *(["release", what] for what in ("revoke", "reissue", "handoff", "register", "abandon")),
    *(["log", what] for what in ("audit", "prove", "consistency", "watch", "contains", "export")),
    ["report", "access"],
    *(["witness", what] for what in ("init", "add", "show", "serve")),
    *(["token", what] for what in ("add", "list", "revoke")),
    *(["camera", what] for what in ("import", "list", "mark")),
]
ADD = ["--camera", "BAR-0017", "--from", "2026-11-20 14:03:00", "--to", "2026-11-20 14:03:01"]
PROPOSE = [
    *("--kind", "police", "--recipient", "DC Alex Example", "--email", "alex@police.example"),
    *("--organisation", "Barchester Constabulary", "--purpose", "collision", "--basis", "DPA"),
]


@dataclass(frozen=True)
class Said:
    """How a command ended."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Shell:
    """Runs commands in this process, against the house."""

    house: House
    folder: Path
    capture: pytest.CaptureFixture[str]

    def token(self, role: str) -> str:
        path = self.folder / f"{role}.token"
        path.write_text(self.house.tokens[role] + "\n")
        return str(path)

    def run(self, *words: str, role: str | None = None) -> Said:
        given = [*words, "--data", str(self.house.settings.data)]
        if role is not None:
            given += ["--token-file", self.token(role)]
        return self.bare(*given)

    def bare(self, *words: str) -> Said:
        self.capture.readouterr()
        code = ended_with(words)
        captured = self.capture.readouterr()
        return Said(code, captured.out, captured.err)


def ended_with(words: Sequence[str]) -> int:
    """Run a command; argparse leaves by SystemExit."""
    try:
        return main(words)
    except SystemExit as left:
        return int(str(left.code))


@pytest.fixture
def shell(
    house: House,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Shell:
    for name in ("CUSTOS_TOKEN_FILE", "CUSTOS_DATA", "CUSTOS_ENV"):
        monkeypatch.delenv(name, raising=False)
    # One set of services for all commands: making them takes longer than most commands.
    monkeypatch.setattr("api.cli.terminal.caller.build", lambda *_, **__: house.services)
    monkeypatch.setattr(Services, "close", lambda _: None)
    return Shell(house, tmp_path, capsys)


def file(shell: Shell, content: bytes = b"no clip", name: str = "clip.mp4") -> str:
    path = shell.folder / name
    path.write_bytes(content)
    return str(path)


def add(shell: Shell, ref: str = "CL", *more: str, role: str = Role.OPERATOR) -> Said:
    words = ("exhibit", "add", file(shell), *ADD, "--ref", ref, "--clock-offset", "+1m13s", *more)
    return shell.run(*words, role=role)


def exhibit(shell: Shell) -> str:
    row = shell.house.unplayable()
    return row.reference


def propose(shell: Shell, role: str = Role.OPERATOR, ref: str = "") -> str:
    said = shell.run("release", "propose", "--exhibit", ref or exhibit(shell), *PROPOSE, role=role)
    assert said.code == 0, said.err
    found = re.search(r"Release (\S+) proposed", said.out)
    assert found is not None
    return found[1]


def failed(said: Said, *words: str, code: int = 1) -> None:
    """Expect one sentence on the error stream, and nothing else."""
    assert said.code == code, said
    assert said.out == ""
    assert said.err.startswith("custos: ")
    assert "Traceback" not in said.err
    for word in words:
        assert word in said.err, said.err


# --- what it tells --------------------------------------------------------------------------------


@pytest.mark.parametrize("words", SUBCOMMANDS, ids=" ".join)
def test_every_command_explains_itself(shell: Shell, words: list[str]) -> None:
    said = shell.bare(*words, "--help")
    assert said.code == 0
    assert said.out.startswith(f"usage: custos {words[0]}")
    assert said.err == ""


@pytest.mark.parametrize("words", SUBCOMMANDS, ids=" ".join)
def test_no_option_names_who_acts(shell: Shell, words: list[str]) -> None:
    options = set(re.findall(r"--[a-z-]+", shell.bare(*words, "--help").out))
    assert not options & {
        "--as",
        "--user",
        "--subject",
        "--actor",
        "--by",
        "--person",
        "--role",
    } - ({"--role"} if words[0] == "token" else set())


def test_the_overview_names_every_command(shell: Shell) -> None:
    said = shell.bare("--help")
    assert said.code == 0
    assert all(re.search(rf"^  {command} ", said.out, re.MULTILINE) for command in COMMANDS)
    assert shell.bare().code == 2


def test_the_version_is_the_one_that_is_installed(shell: Shell) -> None:
    assert shell.bare("--version").out == f"custos {version('custos-evidence')}\n"


def test_a_command_that_is_none_is_told_with_those_that_are(shell: Shell) -> None:
    said = shell.bare("reelase")
    assert said.code == 2
    assert "no command 'reelase'" in said.err
    assert "release" in said.err


def test_the_log_is_exported_by_whoever_is_at_the_machine(shell: Shell, tmp_path: Path) -> None:
    folder = tmp_path / "log"
    assert shell.run("log", "export", str(folder)).code == 0
    assert {path.name for path in folder.iterdir()} == {"checkpoint", "tile", "vkey"}
    failed(shell.run("log", "export", str(folder / "vkey" / "x")), "cannot be written", code=2)


# --- foreseeable mistakes -------------------------------------------------------------------------

ACTING: list[list[str]] = [
    ["exhibit", "show"],
    ["release", "show"],
    ["release", "approve", "BAR-7K4M-2XQ9-J-R1"],
    ["log", "audit"],
    ["report", "access"],
    ["request", "list"],
]


@pytest.mark.parametrize("words", ACTING, ids=" ".join)
def test_without_a_token_file_it_says_where_the_first_ones_are(
    shell: Shell, words: list[str]
) -> None:
    failed(shell.run(*words), "--token-file", str(shell.house.settings.tokens), code=2)


@pytest.mark.parametrize("words", ACTING, ids=" ".join)
def test_a_wrong_token_is_told(shell: Shell, words: list[str]) -> None:
    path = file(shell, b"custos_wrong\n", "wrong.token")
    failed(shell.run(*words, "--token-file", path), "not valid here, or was revoked", code=2)


def test_a_token_file_that_is_missing_empty_or_binary_is_told(shell: Shell) -> None:
    failed(shell.run("exhibit", "show", "--token-file", "/nowhere/x"), "cannot be read", code=2)
    failed(shell.run("exhibit", "show", "--token-file", file(shell, b"")), "not valid", code=2)
    binary = file(shell, b"\xff\xfe\x00")
    failed(shell.run("exhibit", "show", "--token-file", binary), "cannot be read", code=2)
    failed(shell.run("exhibit", "show", "--token-file", str(shell.folder)), code=2)


def test_a_token_is_listed_and_revoked(shell: Shell) -> None:
    out = shell.folder / "gone.token"
    made = shell.run("token", "add", "Gone", "--role", "operator", "--days", "3", "--out", str(out))
    assert made.code == 0
    ends = shell.house.services.clock() + timedelta(days=3)
    assert f"until {ends:%Y-%m-%d}" in made.out
    assert shell.run("exhibit", "show", "--token-file", str(out)).code == 0
    [line] = [one for one in shell.run("token", "list").out.splitlines() if "Gone" in one]
    assert "works" in line
    assert f"ends {ends:%Y-%m-%d}" in line
    assert line.endswith("Gone: operator")
    name = line.split()[0]
    assert secret_digest(out.read_text().strip()).startswith(name)
    assert shell.run("token", "revoke", name).code == 0
    failed(shell.run("exhibit", "show", "--token-file", str(out)), "was revoked", code=2)
    failed(shell.run("token", "revoke", name), "revoked already")
    failed(shell.run("token", "revoke", "f" * 12), "there is no token")
    [line] = [one for one in shell.run("token", "list").out.splitlines() if "Gone" in one]
    assert "revoked" in line


def test_a_claims_system_gets_a_token_for_a_mailbox_that_was_proven(shell: Shell) -> None:
    out = shell.folder / "insurer.token"
    words = ("token", "add", "jo@insurer.example", "--role", "requester", "--out", str(out))
    failed(shell.run(*words), "--path and --organisation", code=2)
    whole = (*words, "--path", "insurer", "--organisation", "Example Insurance")
    failed(shell.run(*whole), "no code has proven the mailbox jo@insurer.example")
    request(shell.house, Asking.INSURER, shell.house.services.clock())
    assert shell.run(*whole).code == 0
    services = shell.house.services
    found = shell.house.look(
        lambda s: services.tokens.find(s, out.read_text(), at=services.clock())
    )
    assert found is not None
    assert found.roles == {Role.REQUESTER}
    failed(shell.run("exhibit", "show", "--token-file", str(out)), "needs the role")
    at, acting = services.clock(), ("--token-file", str(out))
    path = file(shell, listed(at, {"claim_reference": "C-1"}, {"claim_reference": "C-2"}), "l.csv")
    rehearsed = shell.run("request", "import", path, *acting)
    assert "2 requests in the list\nNothing was made" in rehearsed.out
    numbers = shell.folder / "numbers.csv"
    applying = ("request", "import", path, "--apply", "--out", str(numbers), *acting)
    made = shell.run(*applying)
    assert made.code == 0
    assert shell.run(*applying).out.splitlines()[3:] == made.out.splitlines()[3:]
    assert numbers.read_text(encoding="utf-8-sig").splitlines()[1].startswith("2,C-1,BAR-")
    path = file(shell, listed(at, {"time_to": "x"}), "l.csv")
    broken = shell.run("request", "import", path, "--apply", *acting)
    assert broken.code == 1
    assert broken.err.startswith("line 2, column time_to: Enter a time")


WHY = ("--reason", "as it should be")
KEPT = ("--camera", "BAR-0017", "--camera", "BAR-0018", "--where", "recorder 3")
WHEN = ("--from", "2026-11-01 00:00:00", "--to", "2099-01-01 00:00:00")
OP, RE, GO = Role.OPERATOR, Role.RELEASER, Role.GOVERNANCE
WORK: list[tuple[Role, tuple[str, ...], str]] = [
    (OP, ("cover", *WHY), "covered. It is reviewable now."),
    (OP, ("preserve", *KEPT, *WHEN), "preservation confirmed. It is reviewable now."),
    (OP, ("review",), "review begun. It is in review now."),
    (OP, ("link", "--incident", "INC-9"), "linked to an incident. It is in review now."),
    (RE, ("unlink", *WHY), "unlinked from its incident. It is in review now."),
    (
        OP,
        ("search", "--result", "nothing else"),
        "preserved footage searched. It is in review now.",
    ),
    (OP, ("review", "--outcome", "found", "--exhibit", "EXHIBIT", *WHY), "found. It is found now."),
    (RE, ("approve", *WHY), "approved in principle. It is releasing now."),
    (GO, ("refuse", "--code", "harm", *WHY), "refused. It is refused now."),
]
SUBJECT: list[tuple[Role, tuple[str, ...], str]] = [
    (GO, ("pause", *WHY), "clock paused. It is submitted now."),
    (GO, ("resume", *WHY), "clock resumed. It is submitted now."),
    (GO, ("ask-document", "--kind", "identity", *WHY), "identity asked for. It is submitted now."),
    (
        GO,
        ("seen", "--kind", "identity", "--how", "in person", *WHY),
        "identity seen in person. It is submitted now.",
    ),
    (OP, ("cover", "--not-covered", *WHY), "not covered. It is not covered now."),
    (OP, ("close", *WHY), "closed. It is closed now."),
]


@pytest.mark.parametrize(
    ("path", "work"), [(Asking.POLICE, WORK), (Asking.SUBJECT, SUBJECT)], ids=["police", "subject"]
)
def test_a_request_is_worked_on_by_commands(
    shell: Shell, path: Asking, work: list[tuple[Role, tuple[str, ...], str]]
) -> None:
    row, reference = request(shell.house, path, shell.house.services.clock()), exhibit(shell)
    for role, (command, *more), told in work:
        words = [reference if word == "EXHIBIT" else word for word in more]
        said = shell.run("request", command, row.urn, *words, role=role)
        assert (said.err, said.out) == ("", f"Request {row.urn}: {told}\n")
        assert said.code == 0
    whole = json.loads(shell.run("request", "show", row.urn, role=OP).out)
    assert whole["urn"] == row.urn
    assert whole["steps"][-1]["event"] == f"request.{whole['state']}"


def test_requests_are_listed_and_what_cannot_be_done_is_told(shell: Shell) -> None:
    row = request(shell.house, Asking.COUNCIL, shell.house.services.clock())
    listed = ("request", "list", "--path", "council", "--words", row.urn)
    [line] = shell.run(*listed, role=Role.AUDITOR).out.splitlines()
    assert line.startswith(f"{row.urn} ")
    assert " submitted " in line
    assert " overwritten 20" in line
    assert shell.run(*listed, "--mine", role=OP).out == ""
    failed(shell.run("request", "close", row.urn, *WHY, role=OP), "it cannot be closed")
    failed(shell.run("request", "approve", row.urn, *WHY, role=OP), "needs the role releaser")
    failed(shell.run("request", "withdraw", row.urn, "--reason", " ", role=OP), "reason is missing")
    failed(shell.run("request", "review", row.urn, *WHY, role=OP), "--outcome", code=2)
    failed(
        shell.run("request", "preserve", row.urn, *KEPT, "--from", "x", "--to", "y", role=OP), "'x'"
    )
    failed(shell.run("request", "show", "BAR-1", role=OP), "BAR-1")
    done = shell.run("request", "withdraw", row.urn, *WHY, role=OP)
    assert done.out == f"Request {row.urn}: withdrawn. It is withdrawn now.\n"


def test_a_token_that_ended_is_told(shell: Shell) -> None:
    out = shell.folder / "ended.token"
    tomorrow = shell.house.services.clock().astimezone(LONDON).date() + timedelta(days=1)
    given = ("token", "add", "Ended", "--role", "operator", "--until", tomorrow.isoformat())
    assert shell.run(*given, "--out", str(out)).code == 0
    with shell.house.services.transaction() as session:
        row = session.get_one(TokenRow, secret_digest(out.read_text().strip()))
        assert row.expires_at.astimezone(LONDON).date() == tomorrow + timedelta(days=1)
        was, row.expires_at = row.expires_at, shell.house.services.clock()
    failed(shell.run("exhibit", "show", "--token-file", str(out)), "this token ended on", code=2)
    with shell.house.services.transaction() as session:
        session.get_one(TokenRow, row.sha256).expires_at = was


@pytest.mark.parametrize(
    "lasting",
    [("--days", "0"), ("--days", "-1"), ("--days", "367"), ("--until", "2001-01-01"),
     ("--until", "soon"), ("--until", "9999-12-31"), ("--days", "99999999999")],
)  # fmt: skip
def test_a_token_lasts_a_year_at_most(shell: Shell, lasting: tuple[str, str]) -> None:
    out = shell.folder / "never.token"
    said = shell.run("token", "add", "X", "--role", "operator", *lasting, "--out", str(out))
    assert said.code != 0
    assert not out.exists()


def test_two_tokens_of_one_name_are_one_person(shell: Shell) -> None:
    people = set()
    for role in ("operator", "releaser"):
        out = shell.folder / f"twice-{role}.token"
        assert shell.run("token", "add", "Twice", "--role", role, "--out", str(out)).code == 0
        with shell.house.services.transaction() as session:
            row = session.get_one(TokenRow, secret_digest(out.read_text().strip()))
            people.add(row.person)
    assert len(people) == 1


def test_the_token_may_be_named_by_the_environment(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUSTOS_TOKEN_FILE", shell.token(Role.AUDITOR))
    assert shell.run("exhibit", "show").code == 0


def test_engines_that_do_not_run_are_told(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    said = shell.bare("exhibit", "show", "--data", str(tmp_path), "--token-file", "x")
    failed(said, "custos up")
    assert list(tmp_path.iterdir()) == []


def test_a_misspelt_setting_is_told(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUSTOS_EVN", "production")
    failed(shell.run("exhibit", "show"), "CUSTOS_EVN")


def test_a_clip_that_is_missing_is_told_and_nothing_is_spent(shell: Shell) -> None:
    words = ("exhibit", "add", "/nowhere/clip.mp4", *ADD, "--ref", "CM", "--clock-offset", "0")
    said = shell.run(*words, role=Role.OPERATOR)
    failed(said, "No such file", "/nowhere/clip.mp4")
    assert "CM/1" in add(shell, "CM").out


def test_a_folder_is_no_clip(shell: Shell) -> None:
    words = ("exhibit", "add", str(shell.folder), *ADD, "--ref", "CL", "--clock-offset", "0")
    said = shell.run(*words, role=Role.OPERATOR)
    assert said.code == 1
    assert str(shell.folder) in said.err


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--clock-offset", "fast"], "no clock offset"),
        (["--from", "yesterday"], "no date and time"),
        (["--from", "2026-10-25 01:30:00", "--to", "2026-10-25 03:30:00"], "happens twice"),
        (["--to", "2026-11-20 14:02:00"], "before it starts"),
        (["--ref", "j/1"], "no exhibit reference"),
        (["--camera", " "], "camera is missing"),
        (["--clock-checked-at", "2199-01-01 00:00:00"], "in the future"),
        (["--exported-at", "soon"], "no date and time"),
        (["--title", "a\x1b[2J"], "U+001B"),
        (["--camera", "\udcff"], "U+DCFF"),
    ],
)
def test_a_value_that_cannot_be_right_is_told(shell: Shell, more: list[str], words: str) -> None:
    said = add(shell, "CL", *more)
    assert said.code == 1
    assert words in said.err
    assert "Traceback" not in said.err


def test_an_option_that_is_missing_is_told(shell: Shell) -> None:
    said = shell.run("exhibit", "add", file(shell), role=Role.OPERATOR)
    assert said.code == 2
    assert "--camera" in said.err


def test_what_is_not_there_is_told(shell: Shell) -> None:
    failed(shell.run("exhibit", "show", "ZZ/404", role=Role.OPERATOR), "no exhibit 'ZZ/404'")
    failed(shell.run("release", "show", "BAR-1", role=Role.OPERATOR), "no release 'BAR-1'")
    said = shell.run("release", "propose", "--exhibit", "ZZ/404", *PROPOSE, role=Role.OPERATOR)
    failed(said, "no exhibit 'ZZ/404'")


def test_what_comes_first_is_told(shell: Shell) -> None:
    release = propose(shell)
    out = str(shell.folder / "package.zip")
    said = shell.run("release", "seal", release, "--out", out, role=Role.OPERATOR)
    failed(said, "must be approved by a second person first")
    assert shell.run("release", "approve", release, role=Role.RELEASER).code == 0
    failed(shell.run("release", "approve", release, role=Role.RELEASER), "is approved")


def test_an_exhibit_that_is_still_worked_on_cannot_be_released_yet(shell: Shell) -> None:
    assert add(shell, "CN/1").code == 0
    said = shell.run("release", "propose", "--exhibit", "CN/1", *PROPOSE, role=Role.OPERATOR)
    failed(said, "still being worked on")


def test_a_file_that_is_there_is_never_written_over(shell: Shell) -> None:
    there = file(shell, b"precious", "package.zip")
    release = propose(shell)
    shell.run("release", "approve", release, role=Role.RELEASER)
    said = shell.run("release", "seal", release, "--out", there, role=Role.OPERATOR)
    failed(said, "is there already")
    said = shell.run("token", "add", "X", "--role", "operator", "--out", there)
    failed(said, "never written over", code=2)
    assert Path(there).read_bytes() == b"precious"


def test_a_proposal_is_edited_in_one_step_and_what_is_not_said_stays(shell: Shell) -> None:
    release = propose(shell)
    edit = ("release", "edit", release, "--reason", "another officer asks")
    urgent = ("--urgent", "--delivery", "link")
    said = shell.run(*edit, "--recipient", "DS Robin Example", *urgent, role=Role.OPERATOR)
    assert said.code == 0, said.err
    made = re.search(r"Release (\S+) proposed in the place of", said.out)
    assert made is not None
    assert made[1] == release.removesuffix("-R1") + "-R2"
    before, now = (
        json.loads(shell.run("release", "show", name, role=Role.OPERATOR).out)
        for name in (release, made[1])
    )
    assert (before["state"], now["state"]) == ("withdrawn", "proposed")
    assert (before["urgent"], now["urgent"]) == (False, True)
    for name in ("exhibits", "kind", "organisation", "purpose", "basis", "with_master"):
        assert now[name] == before[name], name
    failed(shell.run(*edit, role=Role.OPERATOR), "withdrawn")
    calm = ("release", "edit", made[1], "--reason", "over", "--not-urgent", "--without-master")
    failed(shell.run(*calm, role=Role.OPERATOR), "would hold nothing of it")
    assert shell.run(*calm[:-1], role=Role.AUDITOR).code == 1
    assert shell.run(*calm[:-1], role=Role.OPERATOR).code == 0


def test_a_place_that_does_not_exist_is_told_before_anything_is_sealed(shell: Shell) -> None:
    release = propose(shell)
    shell.run("release", "approve", release, role=Role.RELEASER)
    said = shell.run("release", "seal", release, "--out", "/nowhere/p.zip", role=Role.OPERATOR)
    failed(said, "no folder /nowhere", code=2)
    shown = json.loads(shell.run("release", "show", release, role=Role.OPERATOR).out)
    assert shown["state"] == "approved"


def proposed(shell: Shell, *more: str, role: str) -> str:
    """Propose a release of an exhibit's own clip; return its name."""
    ref = exhibit(shell)
    said = shell.run(
        *("release", "propose", "--exhibit", ref, *PROPOSE, "--file", f"{ref}:clip.mp4", *more),
        role=role,
    )
    assert said.code == 0, said.err
    found = re.search(r"Release (\S+) proposed", said.out)
    assert found is not None
    return found[1]


def sealed(shell: Shell, release: str) -> None:
    shell.house.seal(shell.house.look(lambda s: shell.house.services.releases.find(s, release)))


def test_an_urgent_release_is_approved_alone_and_fetched_by_nobody(shell: Shell) -> None:
    release = proposed(shell, "--delivery", "link", "--urgent", role=Role.RELEASER)
    said = shell.run("release", "approve", release, role=Role.RELEASER)
    assert "urgent: threat to life" in said.out
    said = shell.run("release", "approve", release, "--second", role=Role.RELEASER)
    failed(said, "a second person must confirm")
    shown = json.loads(shell.run("release", "show", release, role=Role.OPERATOR).out)
    assert (shown["delivery"], shown["urgent"]) == ("link", True)
    assert [file["name"] for file in shown["files"]] == ["clip.mp4"]
    assert shown["second_due"]
    sealed(shell, release)
    out = str(shell.folder)
    for role in (Role.RELEASER, Role.OPERATOR):
        said = shell.run("release", "seal", release, "--out", out, role=role)
        assert said.code == 1
        assert "until a second releaser confirms it" in said.err
    assert not list(shell.folder.glob("*.zip*"))


def test_a_release_is_handed_over_registered_and_taken_back(shell: Shell) -> None:
    release = proposed(shell, "--delivery", "handoff", role=Role.OPERATOR)
    assert shell.run("release", "approve", release, role=Role.RELEASER).code == 0
    handed = ("release", "handoff", release, "--system", "Store", "--reference", "E-5")
    failed(shell.run(*handed, "--acceptance", "signed", role=Role.OPERATOR), "only a sealed")
    sealed(shell, release)
    assert shell.run(*handed, "--acceptance", "signed", role=Role.OPERATOR).code == 0
    register = shell.folder / "register.csv"
    written = ("release", "register", "--out", str(register))
    assert shell.run(*written, role=Role.GOVERNANCE).code == 0
    assert "Store, reference E-5" in register.read_text("utf-8-sig")
    failed(shell.run(*written, role=Role.GOVERNANCE), "is there already")
    failed(shell.run("release", "reissue", release, role=Role.OPERATOR), "link")
    revoked = shell.run("release", "revoke", release, "--reason", "x", role=Role.GOVERNANCE)
    assert "revoked" in revoked.out


# --- who may do what ------------------------------------------------------------------------------


def test_a_role_that_may_not_is_told_what_it_takes(shell: Shell) -> None:
    failed(shell.run("log", "audit", role=Role.FINANCE), "log.audit needs the role")
    failed(shell.run("exhibit", "show", role="nobody"), "you have no role")


def test_nobody_approves_what_they_proposed_not_even_with_the_role(shell: Shell) -> None:
    release = propose(shell, Role.RELEASER)
    said = shell.run("release", "approve", release, role=Role.RELEASER)
    failed(said, "must not approve it")
    shown = json.loads(shell.run("release", "show", release, role=Role.RELEASER).out)
    assert shown["state"] == "proposed"


def test_a_demonstration_may_approve_itself_and_the_event_says_so(shell: Shell) -> None:
    release = propose(shell, Role.OPERATOR)
    said = shell.run("release", "approve", release, "--self-approve", role=Role.OPERATOR)
    assert said.code == 0, said.err
    assert SELF_APPROVED in said.out
    shown = json.loads(shell.run("release", "show", release, role=Role.OPERATOR).out)
    history = dict(shell.house.events(shown["id"]))
    assert str(history["release.approved"]["reason"]).startswith(SELF_APPROVED)
    assert history["release.approved"]["actor"] == history["release.proposed"]["actor"]
    shell.house.seal(shell.house.look(lambda s: shell.house.services.releases.find(s, release)))
    out = str(shell.folder)
    assert shell.run("release", "seal", release, "--out", out, role=Role.OPERATOR).code == 0
    verdict = shell.bare("verify", f"{out}/{release}.zip")
    assert "self-approved" in verdict.out.lower()


def test_a_refused_release_tells_why(shell: Shell) -> None:
    release = propose(shell)
    said = shell.run("release", "refuse", release, "--reason", "too wide", role=Role.RELEASER)
    assert said.out == f"Release {release} refused: too wide\n"
    failed(shell.run("release", "approve", release, role=Role.RELEASER), "is refused")


def test_a_proposal_is_withdrawn_by_who_proposed_it_and_its_reason_is_told(shell: Shell) -> None:
    release = propose(shell, Role.RELEASER)
    words = ("release", "withdraw", release, "--reason", "wrong person")
    failed(shell.run(*words, role=Role.OPERATOR), "somebody else proposed this release")
    said = shell.run(*words, role=Role.RELEASER)
    assert said.out == f"Release {release} withdrawn: wrong person\n"
    failed(shell.run(*words, role=Role.RELEASER), "is withdrawn")
    shown = json.loads(shell.run("release", "show", release, role=Role.OPERATOR).out)
    assert (shown["state"], shown["reason"]) == ("withdrawn", "wrong person")


def test_a_sealing_is_given_up_with_a_reason_that_is_told(shell: Shell) -> None:
    release = propose(shell)
    words = ("release", "abandon", release, "--reason", "the disk is lost")
    failed(shell.run(*words, role=Role.RELEASER), "is proposed", "no sealing to give up")
    shell.run("release", "approve", release, role=Role.RELEASER)
    releaser = shell.house.subjects[Role.RELEASER]
    shell.house.do(
        Role.RELEASER,
        lambda s: shell.house.services.decisions.start_sealing(s, release, by=releaser),
    )
    failed(shell.run(*words, role=Role.OPERATOR), "needs the role releaser")
    said = shell.run(*words, role=Role.RELEASER)
    assert said.out == f"Sealing of release {release} given up: the release is refused\n"
    shown = json.loads(shell.run("release", "show", release, role=Role.OPERATOR).out)
    assert (shown["state"], shown["reason"]) == ("refused", "the disk is lost")


# --- what it does ---------------------------------------------------------------------------------


def test_a_clip_is_taken_in_with_all_that_was_said(shell: Shell) -> None:
    said = add(
        shell,
        "CO",
        *("--clock-reference", "speaking clock", "--clock-checked-at", "2026-11-20 16:00:00"),
        *("--exported-at", "2026-11-20 16:10:00", "--method", "USB", "--title", "High Street"),
    )
    assert said.code == 0, said.err
    assert said.out.startswith("Exhibit CO/1 received, and locked in the vault.")
    shown = json.loads(shell.run("exhibit", "show", "CO/1", role=Role.AUDITOR).out)
    assert shown["clock_offset_ms"] == 73_000
    assert shown["clock_checked_at"] == "2026-11-20T16:00:00Z"
    assert shown["exported_at"] == "2026-11-20T16:10:00Z"
    assert (shown["title"], shown["method"]) == ("High Street", "USB")
    assert [one["name"] for one in shown["files"]] == ["clip.mp4"]


def test_several_files_each_with_their_times_and_a_clock_that_nobody_checked(
    shell: Shell,
) -> None:
    one, two = file(shell, b"first", "one.mp4"), file(shell, b"second", "two.mp4")
    words = ("exhibit", "add", one, two, "--camera", "BAR-0017", "--ref", "CQ")
    unchecked = ("--clock-offset", "not checked")
    first = ("--each", "2026-11-20 14:03:00", "2026-11-20 14:05:00")
    second = ("--each", "2026-11-20 14:05:10", "2026-11-20 14:07:00", "BAR-0018")
    failed(shell.run(*words, *unchecked, role=Role.OPERATOR), "say of each of the 2 files")
    wrong = (*words, *unchecked, *first, "--each", "2026-11-20 14:05:10")
    failed(shell.run(*wrong, role=Role.OPERATOR), "--each takes a start, an end")
    doubtful = (*words, *unchecked, *first, *second, "--exported-at", "2026-11-20 14:00:00")
    failed(shell.run(*doubtful, role=Role.OPERATOR), "confirm it: exported_early")
    said = shell.run(*doubtful, "--confirm", "exported_early", role=Role.OPERATOR)
    assert said.code == 0, said.err
    shown = json.loads(shell.run("exhibit", "show", "CQ/1", role=Role.AUDITOR).out)
    assert [one["camera"] for one in shown["recordings"]] == ["BAR-0017", "BAR-0018"]
    assert (shown["clock_offset_ms"], shown["corrected_start"]) == (None, None)
    assert shown["confirmed"] == ["exported_early"]


def test_what_is_stated_is_corrected_and_the_rest_stays(shell: Shell) -> None:
    assert add(shell, "CS", "--title", "High Street").code == 0
    words = ("exhibit", "correct", "CS/1", "--camera", "BAR-0018")
    failed(shell.run(*words, "--reason", " ", role=Role.OPERATOR), "reason is missing")
    because = ("--reason", "read off the wrong label")
    failed(shell.run(*words, *because, role=Role.AUDITOR), "needs the role operator or releaser")
    said = shell.run(*words, *because, "--clock-offset", "not checked", role=Role.RELEASER)
    assert said.code == 0, said.err
    shown = json.loads(shell.run("exhibit", "show", "CS/1", role=Role.AUDITOR).out)
    assert (shown["camera"], shown["title"]) == ("BAR-0018", "High Street")
    assert shown["clock_offset_ms"] is None
    failed(shell.run(*words, *because, role=Role.OPERATOR), "described like this already")


def test_what_was_missing_is_added(shell: Shell) -> None:
    ref = exhibit(shell)
    player, more = file(shell, b"MZ", "player.exe"), file(shell, b"more", "more.dav")
    words, because = ("exhibit", "extend", ref), ("--reason", "it was forgotten")
    each = ("--each", "2026-11-20 14:03:20", "2026-11-20 14:04:00", "BAR-0018")
    refused = shell.run(*words, player, *because, role=Role.RELEASER)
    assert (refused.code, refused.out) == (1, "")
    assert "needs the role operator" in refused.err
    uneven = (*words, player, more, *because, *each)
    failed(shell.run(*uneven, role=Role.OPERATOR), "once for each of the 2 files")
    said = shell.run(*words, player, *because, role=Role.OPERATOR)
    assert said.code == 0, said.err
    assert f"Exhibit {ref} has 1 file more" in said.out
    again = shell.run(*words, player, *because, role=Role.OPERATOR)
    assert (again.code, again.out) == (1, "")
    assert f"this file is in {ref} already, as player.exe" in again.err
    assert shell.run(*words, more, *because, *each, role=Role.OPERATOR).code == 0
    shown = json.loads(shell.run("exhibit", "show", ref, role=Role.AUDITOR).out)
    kinds = [one["kind"] for one in shown["files"]]
    assert (kinds.count("master"), kinds.count("player")) == (2, 1)
    assert [one["camera"] for one in shown["recordings"]] == ["BAR-0017", "BAR-0018"]
    assert shown["state"] == "received"


def test_a_picture_of_the_clock_comes_at_intake_or_later(shell: Shell) -> None:
    made = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(made, "PNG")
    screen, wrong = file(shell, made.getvalue(), "s.png"), file(shell, b"no picture", "w.png")
    refused = add(shell, "CV", "--clock-picture", wrong)
    assert (refused.code, refused.out) == (1, "")
    assert "this picture is not taken" in refused.err
    assert add(shell, "CV", "--clock-picture", screen).code == 0
    words = ("exhibit", "correct", "CV/1", "--reason", "a better one", "--clock-picture")
    Image.new("RGB", (8, 8), "blue").save(shell.folder / "t.png")
    said = shell.run(*words, str(shell.folder / "t.png"), role=Role.OPERATOR)
    assert said.code == 0, said.err
    shown = json.loads(shell.run("exhibit", "show", "CV/1", role=Role.AUDITOR).out)
    assert [one["kind"] for one in shown["files"]].count("clock_picture") == 2


def test_a_name_that_is_no_text_is_kept_as_its_bytes(shell: Shell) -> None:
    name = b"caf\xe9.mp4".decode("utf-8", "surrogateescape")
    words = ("exhibit", "add", file(shell, b"x", name), *ADD, "--ref", "CP", "--clock-offset", "0")
    said = shell.run(*words, role=Role.OPERATOR)
    assert said.code == 0, said.err
    assert json.loads(shell.run("exhibit", "show", "CP/1", role=Role.OPERATOR).out)["files"]


def test_exhibits_and_releases_are_listed(shell: Shell) -> None:
    release = propose(shell)
    assert release in shell.run("release", "show", role=Role.OPERATOR).out
    assert add(shell, "CQ").code == 0
    assert re.search(
        r"^CQ/1 +received", shell.run("exhibit", "show", role=Role.OPERATOR).out, re.MULTILINE
    )


def test_a_token_that_is_added_lets_in_and_its_file_is_private(shell: Shell) -> None:
    out = shell.folder / "new.token"
    said = shell.run(
        "token", "add", "Nina", "--role", "operator", "--role", "auditor", "--out", str(out)
    )
    assert (said.code, out.stat().st_mode & 0o777) == (0, 0o600)
    assert out.read_text().strip() not in said.out + said.err
    assert shell.run("exhibit", "show", "--token-file", str(out)).code == 0
    failed(shell.run("token", "add", " ", "--role", "operator", "--out", str(out) + "2"), "missing")
    assert not Path(str(out) + "2").exists()


def test_keys_and_trust_are_public_and_hold_no_secret(shell: Shell) -> None:
    said = shell.run("keys", "show")
    assert said.code == 0
    assert said.out.startswith("DEMONSTRATION KEYS")
    assert "log verifier key" in said.out
    trust = shell.folder / "council.trust.json"
    exported = shell.run("trust", "export", str(trust))
    assert exported.code == 0
    issued = json.loads(trust.read_text())
    assert f"number {issued['number']}, issued {issued['issued']}: " in exported.out
    for text in (said.out, trust.read_text()):
        assert "PRIVATE" not in text
        assert shell.house.services.keyring.event_hmac.hex() not in text
    failed(shell.run("trust", "export", "/nowhere/t.json"), "/nowhere/t.json")


def test_an_audit_is_told_in_a_table_and_to_programs(shell: Shell) -> None:
    shell.house.events(shell.house.exhibit().id)
    table = shell.run("log", "audit", role=Role.AUDITOR)
    assert table.code == 0, table.out
    assert "✓ tree" in table.out
    assert "The log and the database agree." in table.out
    said = shell.run("log", "audit", "--json", role=Role.AUDITOR)
    whole = json.loads(said.out)
    assert (said.code, whole["ok"]) == (0, True)
    assert {one["outcome"] for one in whole["findings"]} <= {"pass", "note"}


def test_a_report_says_who_could_read_what_and_is_an_event(shell: Shell) -> None:
    table = shell.run("report", "access", role=Role.GOVERNANCE)
    assert table.code == 0, table.err
    auditor = shell.house.subjects[Role.AUDITOR]
    assert f"{auditor.name} ({auditor.person}): " in table.out
    assert "worker: " in table.out
    assert "seal.key" in table.out
    assert "whoever owns the database" in table.out
    assert "whoever owns the object store" in table.out
    assert "whoever holds a backup: its names, reasons and footage" in table.out
    assert re.search(r"made \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ, ends \S+Z", table.out)
    whole = json.loads(shell.run("report", "access", "--json", role=Role.AUDITOR).out)
    assert whole["processes"]["sequencer"]["keys"] == ["event-hmac.key", "log.key"]
    assert whole["identities_at_the_object_store"]["disposal"]["bucket"] == "custos-vault"
    assert whole["rights_of_roles"]["auditor"] == sorted(
        action.value for action, roles in ALLOWED.items() if Role.AUDITOR in roles
    )
    held = {(one["person"], one["works"]) for one in whole["tokens"]}
    assert (auditor.name, True) in held
    (given,) = [
        one
        for one in whole["changes_of_roles"]
        if one["subject"] == auditor.words and one["role"] == Role.AUDITOR
    ]
    assert given["actor"].startswith("the tests (")
    for secret in (shell.house.tokens[Role.AUDITOR], shell.house.services.keyring.event_hmac.hex()):
        assert secret not in table.out
    told = select(func.count()).where(CustodyEventRow.event == "report.made")
    assert shell.house.look(lambda s: s.exec(told).one()) == 2
    failed(shell.run("report", "access", role=Role.OPERATOR), "access.report needs the role")


def test_an_audit_that_finds_something_ends_with_1(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("custody.audit.records.MAC_TAG", b"somebody else's\0")
    said = shell.run("log", "audit", role=Role.AUDITOR)
    assert said.code == 1
    assert "✗ events" in said.out
    assert "DO NOT AGREE" in said.out


@pytest.fixture
def published(shell: Shell) -> Files:
    """Return what this house would have published of its log by now."""
    shell.house.events(shell.house.exhibit().id)
    signer = shell.house.services.keyring.log_signer
    entries = shell.house.look(lambda session: [entry for _, entry in stored_entries(session)])
    return publish(entries, (signer,), signer.key.name)


def against(shell: Shell, files: Files) -> Said:
    place = files.put(shell.folder / f"log-{len(list(shell.folder.iterdir()))}")
    return shell.run("log", "audit", "--against", str(place), role=Role.AUDITOR)


def test_the_database_is_held_against_what_is_published(shell: Shell, published: Files) -> None:
    said = against(shell, published)
    assert said.code == 0, said.out
    assert "✓ published" in said.out
    changed = {
        name: publish([b"another", *(b"" for _ in range(255))]).held["tile/entries/000"]
        for name in published.held
        if name.startswith("tile/entries/000")
    }
    said = against(shell, Files({**published.held, **changed}))
    assert said.code == 1
    assert "tile/entries/000" in said.out
    assert "the published files were changed" in said.out


def test_a_database_behind_what_is_published_is_told_to_be_restored(
    shell: Shell, published: Files
) -> None:
    signer = shell.house.services.keyring.log_signer
    entries = [*shell.house.look(lambda s: [one for _, one in stored_entries(s)])]
    ahead = publish([*entries, *(b"later" for _ in range(900))], (signer,), signer.key.name)
    said = against(shell, ahead)
    assert said.code == 1
    assert "custos restore" in said.out
    assert published.held.keys() != ahead.held.keys()


def test_what_somebody_else_published_is_refused_by_our_own_key(shell: Shell) -> None:
    said = against(shell, publish([b"another"]))
    assert said.code == 1
    assert "The checkpoint is of another log." in said.out
    said = against(shell, publish([]).with_("checkpoint", b"nonsense"))
    assert (said.code, "does not end in a blank line" in said.out) == (1, True)
    assert against(shell, publish([]).with_("checkpoint", None)).code == 3


def test_events_are_proved_out_of_the_database(shell: Shell, published: Files) -> None:
    row = shell.house.exhibit()
    events = shell.house.events(row.id)
    out = shell.folder / "proofs"
    said = shell.run("log", "prove", row.reference, "-o", str(out), role=Role.AUDITOR)
    assert said.code == 0, said.err
    proofs = sorted(out.glob("*.tlog-proof"))
    assert len(proofs) == len(events)
    own = LogPolicy(shell.house.services.keyring.log_signer.key)
    for path in proofs:
        proof = parse_proof(path.read_bytes())
        head = check_signed(proof.checkpoint, own).checkpoint
        check_proof(proof, path.with_suffix(".entry").read_bytes(), head)
    first = shell.folder / "first.tlog-proof"
    assert shell.run("log", "prove", "0", "-o", str(first), role=Role.AUDITOR).code == 0
    assert parse_proof(first.read_bytes()).index == 0
    bundle = min(name for name in published.held if name.startswith("tile/entries/000"))
    assert first.with_suffix(".entry").read_bytes() in published.held[bundle]


def test_growth_is_proved_out_of_the_database(shell: Shell, published: Files) -> None:
    out = shell.folder / "grown"
    tiles = [name for name in published.held if name.startswith("tile/0/")]
    assert tiles
    said = shell.run("log", "consistency", "1", "3", "-o", str(out), role=Role.AUDITOR)
    assert said.code == 0, said.err
    old, new = shell.house.look(lambda s: [tree_root(size, node_reader(s)) for size in (1, 3)])
    check_consistency(1, 3, old, new, parse_consistency(out.read_bytes()))


def test_proofs_are_for_those_who_may_read_the_custody_record(shell: Shell) -> None:
    for words in (("prove", "0"), ("consistency", "0", "1")):
        failed(shell.run("log", *words, role=Role.FINANCE), "custody.read needs the role")
    for beyond in ("99999999", str(2**63), "9" * 19):
        failed(shell.run("log", "prove", beyond, role=Role.AUDITOR), "and none at", code=2)
    failed(shell.run("log", "prove", "NO/1", role=Role.AUDITOR), "NO/1")
    said = shell.run("log", "consistency", "0", "99999999", role=Role.AUDITOR)
    failed(said, "it has no size 99999999 yet", code=2)


def test_a_clip_goes_in_and_a_package_comes_out(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()  # with services of its own for each command, as outside of tests
    for name, value in environment(shell.house.services.addresses).items():
        monkeypatch.setenv(name, value)
    footage = clip(tmp_path)
    words = ("exhibit", "add", str(footage), *ADD, "--ref", "CR", "--clock-offset", "0")
    assert shell.run(*words, role=Role.OPERATOR).code == 0
    record = json.loads(shell.run("exhibit", "show", "CR/1", role=Role.OPERATOR).out)["id"]
    shell.house.looked_at(UUID(record))
    assert json.loads(shell.run("exhibit", "show", "CR/1", role=Role.OPERATOR).out)["state"] == (
        "ready"
    )
    release = propose(shell, ref="CR/1")
    shell.run("release", "approve", release, "--reason", "needed", role=Role.RELEASER)
    row = shell.house.look(lambda s: shell.house.services.releases.find(s, release))
    shell.house.seal(row)
    said = shell.run("release", "seal", release, "--out", str(tmp_path), role=Role.OPERATOR)
    assert said.code == 0, said.err
    package, trust = tmp_path / f"{release}.zip", tmp_path / "trust.json"
    assert shell.run("trust", "export", str(trust)).code == 0
    verdict = shell.bare("verify", str(package), "--trust", str(trust), "--strict")
    assert verdict.code == 0, verdict.out
    assert "Original and copy were decoded and compared here" in " ".join(verdict.out.split())
    assert "verified" in verdict.out.lower()
    assert not list(tmp_path.glob("*.part"))


# --- verification needs no server -----------------------------------------------------------------

_ROOT = Path(__file__).parents[2]
_BASE = ("asn1crypto", "cryptography", "rfc3161-client", "rfc8785", "cffi")
"""The dependencies in pyproject.toml, and what these need themselves."""
_ALONE = """
import sys
sys.path += sys.argv[1:3]
def watch(event, _):
    if event.startswith("socket."):
        raise SystemExit("a socket was opened")
sys.addaudithook(watch)
from api.cli import main
sys.exit(main(sys.argv[3:]))
"""


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the base dependencies, and nothing else, to import from."""
    folder = tmp_path_factory.mktemp("base")
    for name in _BASE:
        found = distribution(name)
        for top in {path.parts[0] for path in found.files or () if path.parts[0] != ".."}:
            (folder / top).symlink_to(str(found.locate_file(top)))
    return folder


def alone(base: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command where nothing but the base is installed."""
    return subprocess.run(
        [sys.executable, "-I", "-S", "-c", _ALONE, str(base), str(_ROOT), *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )


def test_a_package_is_verified_where_only_the_base_is_installed_and_no_socket_opens(
    shell: Shell, base: Path, tmp_path: Path
) -> None:
    row = shell.house.propose(shell.house.unplayable().reference)
    shell.house.approve(row)
    shell.house.seal(row)
    release = f"{row.urn}-R{row.number}"
    shell.run("release", "seal", release, "--out", str(tmp_path), role=Role.OPERATOR)
    trust = tmp_path / "trust.json"
    shell.run("trust", "export", str(trust))
    done = alone(base, "verify", str(tmp_path / f"{release}.zip"), "--trust", str(trust))
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_other_commands_say_what_to_install(base: Path) -> None:
    done = alone(base, "exhibit", "show")
    assert done.returncode == 2
    assert "custos-evidence[server]" in done.stderr
    assert "Traceback" not in done.stderr


def test_what_is_no_package_is_told_where_only_the_base_is_installed(
    base: Path, tmp_path: Path
) -> None:
    assert alone(base, "--help").returncode == 0
    path = tmp_path / "p.zip"
    for content in (None, b"no zip"):
        if content is not None:
            path.write_bytes(content)
        done = alone(base, "verify", str(path))
        assert done.returncode == 2, done.stderr
        assert "Traceback" not in done.stderr


CAMERAS = """id,Site description,lat,lon
BAR-0001,High Street,53.1,-2.2
BAR-0002,Station Road,53.2,-2.3
"""


def test_a_list_of_cameras_is_rehearsed_taken_over_and_shown(shell: Shell) -> None:
    path = file(shell, CAMERAS.encode(), "cameras.csv")
    given = ("camera", "import", path, "--map", "location=Site description")
    said = shell.run(*given, role=Role.GOVERNANCE)
    assert (said.code, said.err) == (0, "")
    assert "2 cameras in the list: 2 added" in said.out
    assert "Nothing was changed" in said.out
    assert shell.run("camera", "list", role=Role.OPERATOR).out == ""
    assert "taken over" in shell.run(*given, "--apply", role=Role.ADMINISTRATOR).out
    renumbered = file(shell, CAMERAS.replace("BAR-0002", "1002").encode(), "newer.csv")
    said = shell.run("camera", "import", renumbered, "--apply", role=Role.GOVERNANCE)
    assert "renumbered  1002 (was BAR-0002)" in said.out
    mark = ("camera", "mark", "1002", "--sensitive", "--reason", "covert")
    assert shell.run(*mark, role=Role.GOVERNANCE).code == 0
    lines = shell.run("camera", "list", role=Role.OPERATOR).out.splitlines()
    assert [line.split()[0] for line in lines] == ["1002", "BAR-0001"]
    assert lines[0].endswith("Station Road (before: BAR-0002) [sensitive]")
    said = shell.run("camera", "mark", "1002", "--gone", "--reason", "sold", role=Role.GOVERNANCE)
    assert said.out == "Camera 1002 is gone now\n"
    assert "[gone " in shell.run("camera", "list", role=Role.OPERATOR).out


def test_a_broken_list_of_cameras_is_told_line_by_line(shell: Shell) -> None:
    content = b"id,location,lat,lon\n1,A,53.1,-2.2\n1,B,53.3,-2.2\n2,\x1b[2J,x,-2.2\n"
    said = shell.run("camera", "import", file(shell, content), "--apply", role=Role.GOVERNANCE)
    assert said.code == 1
    [one, other, last] = said.err.splitlines()
    assert one.startswith("line 3, column id: 1 stands on line 2 already")
    assert other.startswith("line 4, column location: location holds the character U+001B")
    assert last == "custos: the list is broken (2 faults): nothing was changed"
    said = shell.run("camera", "import", file(shell, b"x"), role=Role.OPERATOR)
    assert (said.code, "camera.import needs the role governance" in said.err) == (1, True)


def test_reviews_are_listed_and_decided(shell: Shell) -> None:
    exhibit = shell.house.unplayable().reference
    long_ago = (
        "UPDATE exhibit SET received_at = received_at - interval '40 days' WHERE reference = :r"
    )
    with shell.house.services.transaction() as session:
        session.execute(statement(long_ago), {"r": exhibit})
    listing = ("dispose", "review", "list")
    said = shell.run(*listing, role=Role.AUDITOR)
    assert said.out.startswith(f"{exhibit} ")
    assert said.out.endswith(": Taken in and not released (nobody chose it)\n")
    put = ("dispose", "review", "class", exhibit, "police", "--reason", "theirs")
    said = shell.run(*put, role=Role.GOVERNANCE)
    assert said.out.startswith(f"{exhibit} (Given to the police or the prosecution): review on ")
    assert shell.run(*listing, role=Role.AUDITOR).out == ""
    keep = ("dispose", "review", "keep", exhibit, "--reason", "an appeal", "--until")
    assert shell.run(*keep, "2099-02-01", role=Role.GOVERNANCE).out.endswith("1 February 2099.\n")
    said = shell.run(*keep, "2020-02-01", role=Role.GOVERNANCE)
    assert (said.code, "on a day to come" in said.err) == (1, True)
    said = shell.run(*keep, "2099-02-01", role=Role.OPERATOR)
    assert (said.code, "exhibit.review needs the role governance" in said.err) == (1, True)


def test_accounts_and_statements_are_shown_and_settled(
    shell: Shell, house: House, tmp_path: Path
) -> None:
    firm, finance = Firm(house), Role.FINANCE
    opened, row = firm.opened(), firm.charged()
    firm.later(days=20)
    house.services.statements.due(at=firm.at)
    (made,) = firm.statements(opened)
    name = f"S-{made.number:06}"
    assert f"{opened}  open" in shell.run("account", "list", role=finance).out
    assert shell.run("account", "list", "--show", "closed", role=finance).out == ""
    told = json.loads(shell.run("account", "show", str(opened), role=finance).out)
    assert [one["reference"] for one in told["statements"]] == [name]
    before = shell.run("account", "show", str(opened), "--before", name, role=finance)
    assert json.loads(before.out)["statements"] == []
    failed(shell.run("account", "show", "x", role=finance), "custos account list")
    failed(shell.run("account", "list", role=OP), "needs the role")
    told = json.loads(shell.run("account", "statement", name, role=finance).out)
    assert [one["urn"] for one in told["lines"]] == [row.urn]
    sheet = tmp_path / "lines.csv"
    assert shell.run("account", "statement", name, "--csv", str(sheet), role=finance).code == 0
    assert row.urn in sheet.read_text("utf-8")
    paying = ("account", "settle", name, "--remittance", "BACS 4711")
    assert shell.run(*paying, role=finance).out == f"{name}: £25 settled, BACS 4711\n"
    failed(shell.run(*paying, role=finance), "somebody settled this statement before")


def test_statistics_are_taken_out_and_that_is_an_event(shell: Shell) -> None:
    days = ("--first", "2026-01-01", "--last", "2026-12-31")
    told = json.loads(shell.run("request", "statistics", *days, role=Role.GOVERNANCE).out)
    assert (told["first"], told["rounded"]) == ("2026-01-01", False)
    sheet = shell.run("request", "statistics", *days, "--rounded", "--csv", role=Role.AUDITOR).out
    assert "Requests, by who asked" in sheet
    assert "all rounded" in sheet
    failed(shell.run("request", "statistics", *days, role=OP), "needs the role")
    wrong = ("--first", "2026-13-01", "--last", "2026-12-31")
    failed(shell.run("request", "statistics", *wrong, role=Role.AUDITOR), "no date")
