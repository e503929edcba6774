"""Who witnesses: the policy file that council.toml names, read once, or refused with a reason."""

from pathlib import Path

import pytest

from api.builders.record.witnesses import build_witnesses, log_policy
from api.settings.council import DEMONSTRATION_COUNCIL, parse_council, read_council
from api.settings.environment import read_settings
from api.settings.errors import SettingsError
from api.settings.facts import Settings
from api.settings.witnesses import Witnesses
from custody.formats.note import format_verifier_key
from custody.formats.policy import LogPolicy
from tests.custody.ledgers import LOG, NEIGHBOUR, POLICE

FIRST, SECOND = (format_verifier_key(one.key) for one in (NEIGHBOUR, POLICE))


def settings_with(folder: Path, policy: str | None) -> Settings:
    text = DEMONSTRATION_COUNCIL
    if policy is not None:
        (folder / "their.policy").write_text(policy)
        text += '\n[witnesses]\npolicy = "their.policy"\n'
    (folder / "council.toml").write_text(text)
    return read_settings({}, data=folder)


def test_without_a_policy_the_log_is_alone(tmp_path: Path) -> None:
    settings = settings_with(tmp_path, None)
    council = read_council(settings)
    assert council.witnesses == Witnesses()
    assert log_policy(settings, council, LOG.key) == LogPolicy(LOG.key)
    assert build_witnesses(settings, LOG.key) is None


def test_a_policy_lies_beside_the_council(tmp_path: Path) -> None:
    policy = f"witness a {FIRST} https://a.example/\nwitness b {SECOND}\nquorum a\n"
    settings = settings_with(tmp_path, policy)
    found = log_policy(settings, read_council(settings), LOG.key)
    assert [one.name for one in found.witnesses] == ["a", "b"]
    witnesses = build_witnesses(settings, LOG.key)
    assert witnesses is not None
    assert [one.names for one in witnesses._asked] == [("a",)]
    witnesses.close()


def test_it_is_read_once_in_a_process(tmp_path: Path) -> None:
    settings = settings_with(tmp_path, f"witness a {FIRST} https://a.example/\nquorum a\n")
    council = read_council(settings)
    first = log_policy(settings, council, LOG.key)
    (tmp_path / "their.policy").write_text("quorum none\n")
    assert log_policy(settings, council, LOG.key) == first


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        ("nonsense\n", "their.policy: Line 1"),
        (f"witness a {FIRST}\nquorum a\n", "have no address"),
        (
            f"witness a {FIRST} https://a.example\nwitness b {SECOND}\ngroup g all a b\nquorum g\n",
            "have no address",
        ),
        (f"log {format_verifier_key(LOG.key)}\nquorum none\n", ""),
        (
            "log PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW\nquorum none\n",
            "another key than ours",
        ),
    ],
    ids=["nonsense", "nobody to ask", "too few to ask", "our log", "another log"],
)
def test_a_policy_that_cannot_be_kept_is_refused_before_anything_runs(
    tmp_path: Path, policy: str, words: str
) -> None:
    settings = settings_with(tmp_path, policy)
    council = read_council(settings)
    if not words:
        assert log_policy(settings, council, LOG.key) == LogPolicy(LOG.key)
        return
    with pytest.raises(SettingsError, match=words):
        log_policy(settings, council, LOG.key)


def test_a_policy_that_is_not_there_is_named(tmp_path: Path) -> None:
    settings = settings_with(tmp_path, "quorum none\n")
    (tmp_path / "their.policy").unlink()
    with pytest.raises(SettingsError, match=r"their\.policy cannot be read"):
        log_policy(settings, read_council(settings), LOG.key)


def test_how_long_they_are_waited_for_is_the_councils_own() -> None:
    text = DEMONSTRATION_COUNCIL + '\n[witnesses]\npolicy = "p"\nwait_seconds = 3\n'
    assert parse_council(text).witnesses == Witnesses("p", 3)
