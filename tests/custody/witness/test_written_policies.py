"""A policy as a person writes it, and the one form of it that goes into packages."""

from pathlib import Path

import pytest

from custody.errors import FormatError
from custody.formats.note import format_verifier_key
from custody.formats.policy import format_policy, has_quorum, parse_policy
from custody.witness.policies import read_policy
from tests.custody.ledgers import LOG, NEIGHBOUR, POLICE, PQ_WITNESS, WITNESSED
from tests.custody.vectors import VECTORS, good, named

LOG_KEY, FIRST, SECOND, THIRD = (
    format_verifier_key(one.key) for one in (LOG, NEIGHBOUR, POLICE, PQ_WITNESS)
)
WRITTEN = f"""\
# Who witnesses the log of Barchester.

log {LOG_KEY} https://custody.barchester.example/log
  witness\tneighbour {FIRST}   https://witness.neighbour.example/custody/
witness police {SECOND} http://127.0.0.1:8765
    # of before
witness former {THIRD}
group one-of-two any neighbour police\t
quorum one-of-two
"""


def test_addresses_comments_and_blanks_are_read_and_do_not_go_into_packages() -> None:
    written = read_policy(WRITTEN.encode())
    assert dict(written.addresses) == {
        "neighbour": "https://witness.neighbour.example/custody",
        "police": "http://127.0.0.1:8765",
    }
    policy = written.of(LOG.key)
    assert parse_policy(format_policy(policy)) == policy
    assert [one.name for one in policy.witnesses] == ["neighbour", "police", "former"]
    assert (policy.groups, policy.quorum) == (WITNESSED.groups, WITNESSED.quorum)
    assert not has_quorum(policy, ["former"])


@pytest.mark.parametrize("path", good("policy", ".policy"), ids=named)
def test_what_goes_into_packages_is_read_here_as_well(path: Path) -> None:
    policy = parse_policy(path.read_bytes())
    assert read_policy(path.read_bytes()).of(policy.log) == policy


@pytest.mark.parametrize(
    "name", ["comment", "blank_line", "tab", "two_spaces", "url", "witness_before_log", "two_logs"]
)
def test_what_the_specification_allows_and_packages_do_not_is_read(name: str) -> None:
    data = (VECTORS / f"policy/{name}_fail.policy").read_bytes()
    written = read_policy(data)
    log = written.logs[0]
    assert parse_policy(format_policy(written.of(log))).log == log


def test_a_group_may_stand_between_witnesses() -> None:
    text = f"witness a {FIRST}\ngroup g any a\nwitness b {SECOND}\nquorum g\n"
    policy = read_policy(text.encode()).of(LOG.key)
    assert format_policy(policy).decode().split("\n")[1:] == [
        f"witness a {FIRST}",
        f"witness b {SECOND}",
        "group g any a",
        "quorum g",
        "",
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "one quorum"),
        ("quorum none", "newline"),
        ("quorum none\nquorum none\n", "one quorum"),
        ("quorum somebody\n", "Line 1.*somebody"),
        (f"quorum a\nwitness a {FIRST}\n", "Line 1"),
        (f"group g any a\nwitness a {FIRST}\nquorum g\n", "Line 1"),
        (f"witness a {FIRST}\ngroup g 2 a\nquorum g\n", "asks for 2"),
        (f"witness a {FIRST}\ngroup g any none\nquorum g\n", "Line 2"),
        (f"witness a {FIRST}\nwitness b {FIRST}\nquorum a\n", "twice"),
        (f"witness a {LOG_KEY}\nquorum a\n", "0x04 or 0x06"),
        (f"log {FIRST}\nquorum none\n", "another key than ours"),
        (f"witness a {FIRST} https://w.example x\nquorum a\n", "Line 1.*at most an address"),
        ("witness a\nquorum none\n", "Line 1.*few words"),
        ("witnesses a\nquorum none\n", "begins no line"),
        ("quorum none\r\n", "control"),
        ("quorum none\v\n", "control"),
        (f"witness a {FIRST} http://w.example\nquorum a\n", "on this machine"),
        (f"witness a {FIRST} ftp://w.example\nquorum a\n", "no address"),
        (f"witness a {FIRST} file:///etc/passwd\nquorum a\n", "no address"),
        (f"witness a {FIRST} https://u:p@w.example\nquorum a\n", "user"),
        (f"witness a {FIRST} https://w.example/?a\nquorum a\n", "question"),
        (f"witness a {FIRST} https://w.example:x/\nquorum a\n", "no address"),
        (f"witness a {FIRST} https://[::1\nquorum a\n", "no address"),
        (f"witness a {FIRST} https://w.example:65536\nquorum a\n", "no address"),
        (f"witness a {FIRST} http://127.0.0.1.example\nquorum a\n", "on this machine"),
    ],
)
def test_what_is_wrong_is_told_by_its_line(text: str, words: str) -> None:
    with pytest.raises(FormatError, match=words):
        read_policy(text.encode()).of(LOG.key)


def test_bytes_that_are_no_text_and_a_policy_without_end_are_refused() -> None:
    with pytest.raises(FormatError, match="UTF-8"):
        read_policy(b"# \xff\nquorum none\n")
    with pytest.raises(FormatError, match="at most"):
        read_policy(b"#" * 70_000 + b"\nquorum none\n")
