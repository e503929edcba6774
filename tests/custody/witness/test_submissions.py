"""What a log submits: one form, and nothing cut or changed passes as another."""

from dataclasses import replace

import pytest

from custody.errors import FormatError, ProofError
from custody.formats.checkpoint import format_checkpoint
from custody.formats.note import format_note, sign_note
from custody.witness.answers import Answer, Status, parse_lines, parse_size, say_lines, say_size
from custody.witness.decisions import Refusal, decide
from custody.witness.requests import MAX_BYTES, format_submission, parse_submission
from tests.custody.ledgers import LOG, NEIGHBOUR, POLICE, PQ_WITNESS
from tests.custody.vectors import flips, truncations
from tests.custody.witness.logs import log_of, submission

LOG_OF_9 = log_of(9)
WHOLE = submission(LOG_OF_9, 5)
SPEC = (
    "old 20852014\n"
    "PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\n"
    "jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=\n"
    "5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=\n"
    "/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=\n"
    "\n"
    "example.com/behind-the-sofa\n"
    "20852163\n"
    "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    "\n"
    "\u2014 example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/"
    "Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
    "\u2014 example.com/behind-the-sofa opLqBQsREYCgu6xQkYQwJr9fo45a62DN9EdmHXnZdXNqlcVGlCum2Wks+49"
    "/V6265UEjw6QUXTS5Rovnzv++qbSzm9Q=\n"
)
"""The example of C2SP tlog-witness."""


def test_the_example_of_the_specification_is_read_and_written_back() -> None:
    data = SPEC.encode()
    read = parse_submission(data)
    assert (read.old, len(read.hashes), read.checkpoint.size) == (20852014, 4, 20852163)
    assert len(read.note.signatures) == 2
    assert format_submission(read.old, read.hashes, format_note(read.note)) == data


def test_no_part_and_no_flipped_bit_of_a_submission_is_cosigned() -> None:
    held = LOG_OF_9.checkpoint(5)
    assert decide(held, [LOG.key], parse_submission(WHOLE)) == LOG_OF_9.checkpoint()
    for changed in [*truncations(WHOLE), *flips(WHOLE)]:
        try:
            read = parse_submission(changed)
        except FormatError:
            continue
        assert isinstance(decide(held, [LOG.key], read), Refusal)


@pytest.mark.parametrize(
    "head",
    [
        "old 05\n\n",
        "old +5\n\n",
        "old -1\n\n",
        "old  5\n\n",
        "old 5 \n\n",
        "Old 5\n\n",
        "old\n\n",
        "old 9223372036854775808\n\n",
        "old \u0665\n\n",
        "5\n\n",
        "\n\n",
        "old 5\r\n\n",
        "old 5\nAAAA\n\n",
        "old 5\n\n\n",
        "old 5\n" + "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n" * 64 + "\n",
        "old 5\n",
        "",
    ],
)
def test_another_form_is_refused(head: str) -> None:
    note = LOG_OF_9.note()
    with pytest.raises(FormatError):
        parse_submission(head.encode() + note)


def test_what_is_too_long_is_not_looked_at() -> None:
    with pytest.raises(FormatError, match="at most"):
        parse_submission(WHOLE + b"x" * MAX_BYTES)


def test_a_proof_of_63_hashes_is_read() -> None:
    body = format_submission(1, [bytes(32)] * 63, LOG_OF_9.note())
    assert len(parse_submission(body).hashes) == 63


def test_lines_are_read_as_they_were_answered() -> None:
    note = parse_submission(SPEC.encode()).note
    answer = say_lines(note)
    assert (answer.status, answer.body) == (Status.OK, SPEC.split("\n\n")[2].encode())


def test_only_lines_of_known_keys_are_taken() -> None:
    text = format_checkpoint(LOG_OF_9.checkpoint())
    answer = say_lines(sign_note(text, [POLICE, NEIGHBOUR, PQ_WITNESS]))
    lines = parse_lines(answer, text, [PQ_WITNESS.key, NEIGHBOUR.key])
    assert [line.name for line in lines] == [NEIGHBOUR.name, PQ_WITNESS.name]
    with pytest.raises(ProofError, match="No known key"):
        parse_lines(answer, text, [LOG.key])


def test_a_line_over_another_checkpoint_is_refused() -> None:
    text, other = (format_checkpoint(LOG_OF_9.checkpoint(size)) for size in (9, 8))
    with pytest.raises(ProofError, match="does not fit"):
        parse_lines(say_lines(sign_note(other, [NEIGHBOUR])), text, [NEIGHBOUR.key])
    smuggled = Answer(200, f"{text}\n".encode() + say_lines(sign_note(text, [NEIGHBOUR])).body)
    with pytest.raises(FormatError, match="more than"):
        parse_lines(smuggled, text, [NEIGHBOUR.key])


def test_a_cosignature_of_no_time_says_too_little() -> None:
    text = format_checkpoint(LOG_OF_9.checkpoint())
    answer = say_lines(sign_note(text, [replace(PQ_WITNESS, seconds=0)]))
    with pytest.raises(FormatError, match="when"):
        parse_lines(answer, text, [PQ_WITNESS.key])


def test_a_size_is_read_and_nothing_else_is() -> None:
    assert parse_size(say_size(17)) == 17
    assert parse_size(Answer(409, b"17\n", "Text/X.TLog.Size; charset=utf-8")) == 17
    assert parse_size(Answer(409, b"17\n", "text/plain")) is None
    for body in (b"", b"17", b"017\n", b"17\n\n", b"\xff\n", b"-1\n"):
        with pytest.raises(FormatError):
            parse_size(Answer(409, body, "text/x.tlog.size"))
