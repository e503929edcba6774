"""`custos log ...` on a log that is published: without a house, and without a server's library."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from api.cli import main
from custody.formats.checkpoint import Checkpoint, parse_checkpoint
from custody.formats.note import Ed25519NoteSigner, format_verifier_key, parse_note
from custody.formats.policy import format_policy
from custody.formats.proof import check_proof, parse_consistency, parse_proof
from custody.formats.trust import format_trust
from custody.published.memory import Memory
from custody.tree.merkle import check_consistency
from tests.custody.ledgers import LOG, NEIGHBOUR, POLICE, WITNESSED, private_key
from tests.custody.published.files import Files, event, flipped, publish
from tests.export.package.test_logged import ENTRIES as PACKAGED
from tests.export.package.test_logged import PAPER

ENTRIES = [event(n) for n in range(600)]
OLD, NEW = publish(ENTRIES[:300]), publish(ENTRIES, (LOG, NEIGHBOUR, POLICE))
OTHER = publish([event(9999), *ENTRIES[1:]])
KEY = format_verifier_key(LOG.key)
OTHER_KEY = format_verifier_key(Ed25519NoteSigner(LOG.name, private_key("other")).key)
_ROOT = Path(__file__).parents[2]
_SERVERS = ["boto3", "sqlmodel", "sqlalchemy", "psycopg", "procrastinate", "fastapi", "av", "numpy"]
_ALONE = f"""
import sys
from api.cli import main
code = main(sys.argv[1:])
loaded = set(sys.modules) & set({_SERVERS})
sys.exit(f"loaded: {{loaded}}" if loaded else code)
"""


class Said:
    """How a command ended."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err


Run = Callable[..., Said]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return what runs `custos log`, in a folder of its own."""
    monkeypatch.chdir(tmp_path)

    def said(*words: object) -> Said:
        capsys.readouterr()
        code = main(["log", *map(str, words)])
        return Said(code, *capsys.readouterr())

    return said


def put(files: Files, folder: Path) -> Path:
    """Write a log into a directory, as it is exported."""
    files.put(folder)
    (folder / "vkey").write_text(KEY + "\n")
    return folder


@pytest.fixture(scope="module")
def new(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return put(NEW, tmp_path_factory.mktemp("new"))


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return put(OLD, tmp_path_factory.mktemp("old"))


class Quiet(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def site(new: Path) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(new)))
    server.daemon_threads = True
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def head(files: Files) -> Checkpoint:
    return parse_checkpoint(parse_note(files.checkpoint()).text)


# --- audit ----------------------------------------------------------------------------------------


def test_a_whole_log_is_audited_from_a_directory_and_from_an_address(
    run: Run, new: Path, site: str
) -> None:
    for place in (new, site):
        said = run("audit", "--from", place, "--key", KEY)
        assert (said.code, said.err) == (0, ""), said.out
        assert "The log is whole. Entries: 600" in said.out
        assert head(NEW).root.hex() in said.out


def test_without_a_key_a_whole_log_is_only_whole_in_itself(run: Run, new: Path) -> None:
    said = run("audit", "--from", new, "--json")
    whole = json.loads(said.out)
    assert (said.code, whole["ok"], whole["signed"]) == (3, True, False)


def test_a_trust_file_and_a_policy_say_whose_word_counts(
    run: Run, new: Path, old: Path, tmp_path: Path
) -> None:
    trust, policy = tmp_path / "trust.json", tmp_path / "policy"
    trust.write_bytes(format_trust(PAPER.council.trust))
    policy.write_bytes(format_policy(WITNESSED))
    assert run("audit", "--from", new, "--trust", trust).code == 0
    assert "witnessed by neighbour, police" in run("audit", "--from", new, "--policy", policy).out
    said = run("audit", "--from", old, "--policy", policy)
    assert said.code == 1
    assert "Too few witnesses" in said.out


def test_a_changed_log_is_refused_and_the_place_named(run: Run, tmp_path: Path) -> None:
    changed = NEW.with_("tile/entries/001", flipped(NEW.held["tile/entries/001"], 9999))
    said = run("audit", "--from", put(changed, tmp_path / "log"), "--key", KEY)
    assert said.code == 1
    assert "tile/entries/001" in said.out
    assert "THE LOG IS NOT WHOLE" in said.out
    (tmp_path / "log" / "more.txt").write_text("stray")
    assert "more.txt" in run("audit", "--from", tmp_path / "log", "--key", KEY).out


@pytest.mark.parametrize("told", ["", KEY], ids=["no key", "key"])
@pytest.mark.parametrize(
    "key",
    [
        OTHER_KEY + "\n",
        KEY,
        KEY + "\n\n",
        KEY[:-8] + "AAAAAAA=\n",
        "\xff",
        "",
        format_verifier_key(NEIGHBOUR.key) + "\n",
    ],
    ids=["another", "no newline", "two lines", "turned", "no text", "empty", "a witness's"],
)
def test_the_key_that_lies_beside_a_log_is_the_one_that_signed_it(
    run: Run, tmp_path: Path, key: str, told: str
) -> None:
    """Whoever takes the directory for another program takes that key, too."""
    folder = put(NEW, tmp_path / "log")
    belief = ["--key", told] if told else []
    assert run("audit", "--from", folder, *belief).code == (0 if told else 3)
    (folder / "vkey").write_text(key, encoding="latin-1")
    said = run("audit", "--from", folder, *belief)
    assert said.code == 1
    assert "This is not the key that signed the checkpoint" in said.out
    assert "[vkey]" in said.out


def test_a_link_beside_a_log_is_named(run: Run, tmp_path: Path) -> None:
    folder = put(NEW, tmp_path / "log")
    (folder / "tile" / "more").symlink_to(tmp_path)
    said = run("audit", "--from", folder, "--key", KEY)
    assert (said.code, "[tile/more]" in said.out) == (1, True)


def test_of_a_checkpoint_that_cannot_be_read_no_size_is_told(run: Run, tmp_path: Path) -> None:
    folder = put(NEW.with_("checkpoint", b"no note"), tmp_path / "log")
    said = run("audit", "--from", folder, "--key", KEY)
    assert said.code == 1
    assert "Entries: 0" not in said.out
    assert "Its entries were not looked at." in said.out


def test_who_states_no_time_is_told_and_no_witness(run: Run, tmp_path: Path) -> None:
    files = publish(ENTRIES[:3], (LOG, replace(POLICE, seconds=0)))
    policy = tmp_path / "policy"
    policy.write_bytes(format_policy(replace(WITNESSED, quorum="none")))
    said = run("audit", "--from", put(files, tmp_path / "log"), "--policy", policy)
    assert said.code == 0
    assert "The cosignature of police states no time" in said.out
    assert "It is not witnessed" in said.out


def test_where_nothing_answers_nothing_is_known(run: Run, tmp_path: Path) -> None:
    for place in (tmp_path / "nowhere", "http://127.0.0.1:9/log"):
        said = run("audit", "--from", place, "--key", KEY)
        assert (said.code, said.out) == (3, "")
        assert said.err.startswith("custos: ")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("audit", "--from", "x", "--against", "y"), "--from looks at what is published alone"),
        (("audit", "--key", KEY), "the house knows its own key"),
        (("audit", "--from", "x", "--key", "no key"), "the key cannot be read"),
        (("audit", "--from", "x", "--trust", "nowhere"), "nowhere cannot be read"),
        (("watch", "x", "--state", "s"), "say by whose key the log counts"),
        (("consistency", "9", "3"), "the smaller size first"),
        (("prove", "JS/1", "--from", "x"), "knows no names"),
        (("prove", "9" * 5000, "--from", "x"), "is no number of entries"),
        (("prove", "0" * 5000 + "9" * 20, "--from", "x"), "is no number of entries"),
        (("audit", "--from", ""), "no log can be read from ''"),
        (("audit", "--from", "x", "--key", ""), "the key cannot be read"),
        (("audit", "--from", "http://[", "--key", KEY), "is no web address of a log"),
        (("audit", "--against", "http://["), "is no web address of a log"),
        (("watch", "http://a.example:x/", "--key", KEY, "--state", "s"), "is no web address"),
        (("watch", "s3://?", "--key", KEY, "--state", "s"), "is no bucket of a log"),
    ],
    ids=[
        *("both", "own key", "no key", "no file", "no belief", "order", "name"),
        *("huge", "long", "no place", "empty key", "address", "against", "watched", "bucket"),
    ],
)
def test_a_command_line_that_cannot_be_followed_is_told(
    run: Run, words: tuple[str, ...], told: str
) -> None:
    said = run(*words)
    assert said.code == 2
    assert told in said.err


@pytest.mark.parametrize("size", ["-1", "1.0", "", "9" * 5000])
def test_a_size_that_is_none_is_told(
    run: Run, capsys: pytest.CaptureFixture[str], size: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        run("consistency", "0", size, "--from", "x")
    assert ended.value.code == 2
    assert "is no number of entries" in capsys.readouterr().err


def test_a_policy_counts_as_a_person_writes_it(
    run: Run, new: Path, old: Path, tmp_path: Path
) -> None:
    """C2SP tlog-policy allows comments, blanks, addresses, and several logs."""
    policy = tmp_path / "witnesses.policy"
    other = format_verifier_key(Ed25519NoteSigner("log.other.example", private_key("other")).key)
    policy.write_text(
        f"# who vouches for whom\n\nlog\t{other}\nlog {KEY}  https://log.barchester.example/\n"
        f"witness police {format_verifier_key(POLICE.key)} https://police.example/w\n"
        "quorum police\n"
    )
    said = run("audit", "--from", new, "--policy", policy)
    assert (said.code, "witnessed by police" in said.out) == (0, True)
    assert "Too few witnesses" in run("audit", "--from", old, "--policy", policy).out
    policy.write_text("quorum none\n")
    said = run("audit", "--from", new, "--policy", policy)
    assert (said.code, "names no log" in said.err) == (2, True)


def test_none_of_it_needs_a_server_s_library(new: Path, tmp_path: Path) -> None:
    words = ("audit", "--from", new, "--key", KEY)
    done = subprocess.run(
        [sys.executable, "-c", _ALONE, "log", *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
        cwd=_ROOT,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert not list(tmp_path.iterdir())


# --- prove and consistency ------------------------------------------------------------------------


def test_an_entry_is_proved_into_files_that_verify(run: Run, new: Path, tmp_path: Path) -> None:
    said = run("prove", 299, "--from", new, "--key", KEY)
    assert said.code == 0
    assert "299.tlog-proof" in said.out
    proof = parse_proof((tmp_path / "299.tlog-proof").read_bytes())
    entry = (tmp_path / "299.entry").read_bytes()
    assert entry == ENTRIES[299]
    assert proof.checkpoint == NEW.checkpoint()
    check_proof(proof, entry, head(NEW))
    assert run("prove", 299, "--from", new, "--key", KEY).code == 0  # the same, once more


def test_no_file_is_written_over(run: Run, new: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.entry").write_text("mine")
    said = run("prove", 1, "--from", new, "--key", KEY, "-o", tmp_path / "mine.tlog-proof")
    assert said.code == 2
    assert "mine.entry is there already" in said.err
    assert not (tmp_path / "mine.tlog-proof").exists()


@pytest.mark.parametrize("out", ["7.entry", "", "nowhere/7.tlog-proof"])
def test_a_proof_goes_where_it_and_its_entry_can_lie(
    run: Run, new: Path, tmp_path: Path, out: str
) -> None:
    said = run("prove", 7, "--from", new, "--key", KEY, "-o", out)
    assert (said.code, said.out) == (2, "")
    assert ("no file for a proof" in said.err) or ("cannot be written" in said.err)
    assert not list(tmp_path.iterdir())


def test_an_entry_that_a_log_does_not_have_is_not_proved(run: Run, new: Path) -> None:
    said = run("prove", 600, "--from", new, "--key", KEY)
    assert (said.code, "none at 600: the last is 599" in said.err) == (2, True)


def test_of_a_log_without_entries_nothing_is_proved(run: Run, tmp_path: Path) -> None:
    said = run("prove", 0, "--from", put(publish([]), tmp_path / "log"), "--key", KEY)
    assert (said.code, "there is nothing to prove yet" in said.err) == (2, True)


def test_a_damaged_tile_is_named_and_nothing_is_written(run: Run, tmp_path: Path) -> None:
    changed = NEW.with_("tile/0/001", flipped(NEW.held["tile/0/001"], 1))
    said = run("prove", 299, "--from", put(changed, tmp_path / "log"), "--key", KEY)
    assert said.code == 1
    assert "tile/0/001" in said.err
    assert not (tmp_path / "299.tlog-proof").exists()


def test_growth_is_proved_between_any_two_sizes(run: Run, new: Path, tmp_path: Path) -> None:
    for size in (0, 1, 300, 600):
        assert run("consistency", size, 600, "--from", new, "--key", KEY).code == 0
        hashes = parse_consistency((tmp_path / f"{size}-600.consistency").read_bytes())
        before = head(publish(ENTRIES[:size]))
        check_consistency(size, 600, before.root, head(NEW).root, hashes)
    assert run("consistency", 1, 601, "--from", new, "--key", KEY).code == 2
    assert run("consistency", 2, 3, "--from", new).code == 3


# --- watch ----------------------------------------------------------------------------------------


def watch(run: Run, place: object, *more: object) -> Said:
    return run("watch", place, "--key", KEY, "--state", "state", *more)


def test_a_log_that_grows_is_watched_in_one_line_each_time(
    run: Run, old: Path, new: Path, site: str, tmp_path: Path
) -> None:
    assert watch(run, old).out == f"{old}: first seen: 300 entries\n"
    assert watch(run, site).out == f"{site}: grown: 600 entries, 300 more than before\n"
    assert (tmp_path / "state").read_bytes() == NEW.checkpoint()
    said = watch(run, new, "--json")
    told: dict[str, Any] = json.loads(said.out)
    assert (said.code, told["outcome"], told["size"]) == (0, "as before", 600)


def test_a_log_that_was_rolled_back_is_refused_and_both_notes_are_kept(
    run: Run, old: Path, new: Path, tmp_path: Path
) -> None:
    watch(run, new)
    said = watch(run, old)
    assert (said.code, said.out) == (1, "")
    assert "rolled back: it had 600 entries, and has 300" in said.err
    assert (tmp_path / "state").read_bytes() == NEW.checkpoint()
    kept = sorted(path.read_bytes() for path in tmp_path.glob("state.*.checkpoint"))
    assert kept == sorted([NEW.checkpoint(), OLD.checkpoint()])


def test_a_log_that_split_is_refused_and_both_notes_are_named(
    run: Run, old: Path, tmp_path: Path
) -> None:
    watch(run, old)
    said = watch(run, put(OTHER, tmp_path / "other"), "--json")
    told = json.loads(said.out)
    assert (said.code, told["ok"], told["outcome"]) == (1, False, "contradicts itself")
    assert "has split" in told["words"]
    assert [Path(name).read_bytes() for name in told["evidence"]] == [
        OLD.checkpoint(),
        OTHER.checkpoint(),
    ]
    assert (tmp_path / "state").read_bytes() == OLD.checkpoint()


def test_a_damaged_tile_is_no_fork_and_nothing_is_remembered(
    run: Run, old: Path, tmp_path: Path
) -> None:
    watch(run, old)
    changed = NEW.with_("tile/1/000.p/2", None)
    said = watch(run, put(changed, tmp_path / "log"))
    assert (said.code, "tile/1/000.p/2 is missing" in said.err) == (1, True)
    assert (tmp_path / "state").read_bytes() == OLD.checkpoint()
    assert not list(tmp_path.glob("state.*.checkpoint"))


def test_a_log_that_is_gone_is_told_from_one_that_never_was(
    run: Run, old: Path, tmp_path: Path
) -> None:
    assert watch(run, tmp_path / "nothing").code == 3
    watch(run, old)
    said = watch(run, tmp_path / "nothing")
    assert (said.code, "a checkpoint of it is remembered" in said.err) == (1, True)
    assert watch(run, "http://127.0.0.1:9/log").code == 3


def test_a_state_that_was_changed_is_no_memory_of_this_log(
    run: Run, old: Path, tmp_path: Path
) -> None:
    (tmp_path / "state").write_bytes(OLD.checkpoint().replace(b"300", b"301"))
    said = watch(run, old)
    assert said.code == 2
    assert "no checkpoint that counts by this key" in said.err


def test_a_second_history_that_nobody_witnessed_is_evidence_all_the_same(
    run: Run, new: Path, tmp_path: Path
) -> None:
    policy = tmp_path / "policy"
    policy.write_bytes(format_policy(WITNESSED))
    words = ("--policy", policy, "--state", "state")
    assert run("watch", new, *words).code == 0
    longer = publish([event(9999), *ENTRIES[1:], *ENTRIES[:9]])
    for files, told in ((OLD, "was rolled back"), (OTHER, "has split"), (longer, "has split")):
        said = run("watch", put(files, tmp_path / told / str(head(files).size)), *words)
        assert (said.code, told in said.err) == (1, True)
        assert files.checkpoint() in [path.read_bytes() for path in tmp_path.glob("state.*.*")]
    (tmp_path / "state").unlink()
    said = run("watch", tmp_path / "has split" / "609", *words)
    assert (said.code, "Too few witnesses" in said.err) == (1, True)
    assert not (tmp_path / "state").exists()


def test_witnesses_that_came_later_are_not_asked_of_what_is_remembered(
    run: Run, old: Path, new: Path, tmp_path: Path
) -> None:
    policy = tmp_path / "policy"
    policy.write_bytes(format_policy(WITNESSED))
    assert watch(run, old).code == 0
    said = run("watch", new, "--policy", policy, "--state", "state")
    assert (said.code, said.err) == (0, "")
    assert "grown: 600 entries, 300 more than before, witnessed by neighbour" in said.out


def test_two_looks_at_once_do_not_undo_each_other(run: Run, old: Path, tmp_path: Path) -> None:
    with Memory(tmp_path / "state").alone():
        said = watch(run, old)
    assert (said.code, "is not over yet" in said.err) == (3, True)


# --- contains -------------------------------------------------------------------------------------


def test_a_package_is_tied_to_the_published_log(run: Run, old: Path, tmp_path: Path) -> None:
    package, trust = tmp_path / "p.zip", tmp_path / "trust.json"
    package.write_bytes(PAPER.zip)
    trust.write_bytes(format_trust(PAPER.council.trust))
    log = put(publish([*PACKAGED, *ENTRIES]), tmp_path / "log")
    said = run("contains", package, "--base", log, "--trust", trust)
    assert said.code == 0, said.out
    assert "The package is of the published log." in said.out
    assert run("contains", package, "--base", log).code == 3
    other = run("contains", package, "--base", old, "--trust", trust, "--json")
    whole = json.loads(other.out)
    assert (other.code, whole["ok"]) == (1, False)
    assert "two logs" in whole["findings"][0]["words"]
    put(publish([*PACKAGED, *ENTRIES]).with_("tile/1/000.p/2", None), tmp_path / "damaged")
    damaged = run("contains", package, "--base", tmp_path / "damaged", "--trust", trust)
    assert (damaged.code, "tile/1/000.p/2 is missing" in damaged.out) == (1, True)
    assert "THE PACKAGE IS NOT PROVED TO BE OF THE PUBLISHED LOG" in damaged.out
    package.write_bytes(b"no package")
    assert run("contains", package, "--base", log).code == 1
