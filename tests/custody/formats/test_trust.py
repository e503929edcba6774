import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from custody.errors import FormatError
from custody.formats.canonical import JSON, canonical_json
from custody.formats.note import KeyType, format_verifier_key, verifier_key
from custody.formats.signatures.witnessing import Witnessing
from custody.formats.trust import Issue, SealPin, Trust, format_trust, parse_trust
from custody.keys.keyring import load_or_make_demonstration
from tests.custody.ledgers import PQ_WITNESS

NOW = datetime(2026, 11, 21, 3, 5, 11, tzinfo=UTC)
SCHEMA = Path(__file__).parents[3] / "docs/formats/trust.schema.json"


@pytest.fixture(scope="module")
def trust(tmp_path_factory: pytest.TempPathFactory) -> Trust:
    keyring = load_or_make_demonstration(
        tmp_path_factory.mktemp("trust") / "keys",
        council="Barchester Council",
        origin="log.example/barchester",
        now=NOW,
    )
    assert keyring.test_authority is not None
    own = keyring.trust((keyring.test_authority.root,))
    pub = keyring.log_signer.key.pub
    witness = format_verifier_key(verifier_key("witness.example", KeyType.COSIGNATURE_V1, pub))
    revoked = SealPin(b"\x07" * 32, NOW, NOW + timedelta(days=9), NOW + timedelta(days=3))
    return Trust(
        own.council,
        own.demonstration,
        (*own.seals, revoked),
        own.roots,
        own.tsa_roots,
        own.logs,
        (witness,),
        1,
        Issue(7, NOW),
    )


def changed(trust: Trust, **fields: JSON) -> bytes:
    value = json.loads(format_trust(trust))
    for name, item in fields.items():
        value[name] = item
    return canonical_json(value) + b"\n"


def test_a_trust_file_is_read_back_and_written_the_same(trust: Trust) -> None:
    data = format_trust(trust)
    assert parse_trust(data) == trust
    assert format_trust(parse_trust(data)) == data
    assert data.endswith(b"}\n")


def test_no_cut_trust_file_is_read(trust: Trust) -> None:
    data = format_trust(trust)
    for end in range(len(data)):
        with pytest.raises(FormatError):
            parse_trust(data[:end])


@pytest.mark.filterwarnings("ignore:Attribute's length must be:UserWarning")  # cryptography's own
def test_a_changed_byte_is_refused_or_says_something_else(trust: Trust) -> None:
    data = format_trust(trust)
    for at in range(len(data)):
        altered = bytearray(data)
        altered[at] ^= 1 << (at % 8)
        try:
            assert parse_trust(bytes(altered)) != trust
        except FormatError:
            continue


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"v": 2}, "version 1"),
        ({"v": True}, "version 1"),
        ({"council": " "}, "no council"),
        ({"council": 7}, "must be text"),
        ({"demonstration": 1}, "true or false"),
        ({"seals": []}, "no seal key"),
        ({"seals": {}}, "must be a list"),
        ({"seals": [{"spki_sha256": "00"}]}, "exactly its own fields"),
        ({"roots": []}, "no root"),
        ({"roots": ["-----BEGIN CERTIFICATE-----\n"]}, "certificates in PEM"),
        ({"tsa_roots": []}, "no time authority's root"),
        ({"logs": []}, "no log key"),
        ({"logs": ["log.example+00000000+AAAA"]}, "verifier key"),
        ({"number": 0}, "counts from 1"),
        ({"number": True}, "whole number"),
        ({"number": "7"}, "whole number"),
        ({"number": 2**53}, "counts from 1|integer|number"),
        ({"issued": None}, "time|text"),
        ({"issued": "2026-11-21"}, "time"),
        ({"issued": "2026-11-21T03:05:11+00:00"}, "time"),
        ({"quorum": 2}, "quorum"),
        ({"quorum": -1}, "quorum"),
        ({"quorum": True}, "whole number"),
        ({"extra": 1}, "extra"),
    ],
)
def test_what_no_trust_file_may_say_is_named(
    trust: Trust, fields: dict[str, JSON], words: str
) -> None:
    with pytest.raises(FormatError, match=words):
        parse_trust(changed(trust, **fields))


def test_a_missing_field_is_named(trust: Trust) -> None:
    value = json.loads(format_trust(trust))
    del value["tsa_roots"]
    with pytest.raises(FormatError, match="tsa_roots"):
        parse_trust(canonical_json(value) + b"\n")


def test_names_given_twice_are_refused(trust: Trust) -> None:
    value = json.loads(format_trust(trust))
    for name in ("seals", "roots", "tsa_roots", "logs", "witnesses"):
        with pytest.raises(FormatError, match="twice"):
            parse_trust(changed(trust, **{name: value[name] * 2}))


def test_a_witness_is_no_log_and_a_log_no_witness(trust: Trust) -> None:
    with pytest.raises(FormatError, match="not of the type"):
        parse_trust(changed(trust, logs=list(trust.witnesses)))
    with pytest.raises(FormatError, match="not of the type"):
        parse_trust(changed(trust, witnesses=list(trust.logs)))


def test_two_certificates_in_the_place_of_one_root_are_refused(trust: Trust) -> None:
    both = (trust.roots[0] + trust.tsa_roots[0]).decode()
    with pytest.raises(FormatError, match="one certificate"):
        parse_trust(changed(trust, roots=[both]))


def test_a_seal_that_ends_before_it_begins_is_refused(trust: Trust) -> None:
    (seal, _) = json.loads(format_trust(trust))["seals"]
    turned = {**seal, "from": seal["to"], "to": seal["from"]}
    with pytest.raises(FormatError, match="before it ends"):
        parse_trust(changed(trust, seals=[turned]))


def test_spaces_and_other_orders_are_not_canonical(trust: Trust) -> None:
    value = json.loads(format_trust(trust))
    for data in (json.dumps(value, indent=1), json.dumps(value)):
        with pytest.raises(FormatError):
            parse_trust(data.encode() + b"\n")


def test_a_trust_file_is_not_written_before_it_is_issued(trust: Trust) -> None:
    with pytest.raises(FormatError, match="issued"):
        format_trust(replace(trust, issue=None))


@pytest.mark.parametrize("given", [["00"], ["zz" * 32], "00", None, ["11" * 32] * 2])
def test_a_thumbprint_that_is_none_is_refused(trust: Trust, given: JSON) -> None:
    (seal, _) = json.loads(format_trust(trust))["seals"]
    with pytest.raises(FormatError):
        parse_trust(changed(trust, seals=[{**seal, "certificates": given}]))


def test_the_schema_names_the_same_fields(trust: Trust) -> None:
    schema = json.loads(SCHEMA.read_bytes())
    value = json.loads(format_trust(trust))
    assert set(schema["properties"]) == {*schema["required"], "witnessing"}
    assert set(schema["required"]) == set(value)
    seal = schema["properties"]["seals"]["items"]
    assert set(seal["properties"]) == set(seal["required"]) == set(value["seals"][0])


ERAS = (
    Witnessing(NOW, (), 0),
    Witnessing(NOW + timedelta(days=30), ("WITNESS",), 1),
)


def since_then(trust: Trust) -> Trust:
    return replace(
        trust, witnessing=(ERAS[0], Witnessing(ERAS[1].since, trust.witnesses, trust.quorum))
    )


def test_who_witnesses_since_when_is_read_back(trust: Trust) -> None:
    whole = since_then(trust)
    assert parse_trust(format_trust(whole)) == whole
    named = json.loads(format_trust(whole))["witnessing"][1]
    known = json.loads(SCHEMA.read_bytes())["properties"]["witnessing"]["items"]
    assert set(named) == set(known["required"]) == set(known["properties"])


@pytest.mark.parametrize(
    ("days", "quorum"), [(-1, 0), (0, 0), (29, 0), (30, 1), (400, 1), (None, 1)]
)
def test_the_quorum_goes_by_the_stamped_time(trust: Trust, days: int | None, quorum: int) -> None:
    at = None if days is None else NOW + timedelta(days=days)
    assert since_then(trust).witnessed_at(at)[1] == quorum
    assert trust.witnessed_at(at)[1] == 1


@pytest.mark.parametrize(
    "given",
    [
        [],
        None,
        [{"since": "2026-11-21T12:00:00Z", "witnesses": [], "quorum": 0}],
        [{"since": "2026-11-21T12:00:00Z", "witnesses": ["x"], "quorum": 1}],
        [{"since": "yesterday", "witnesses": [], "quorum": 0}],
        [{"since": "2026-11-21T12:00:00Z", "witnesses": []}],
    ],
)
def test_a_history_of_witnesses_that_cannot_be_is_refused(trust: Trust, given: JSON) -> None:
    with pytest.raises(FormatError):
        parse_trust(changed(trust, witnessing=given))


def test_a_history_of_witnesses_does_not_go_back(trust: Trust) -> None:
    first, last = since_then(trust).witnessing
    with pytest.raises(FormatError, match="oldest"):
        replace(trust, witnessing=(replace(last, quorum=0), replace(last, since=first.since)))


def test_a_post_quantum_witness_may_be_named(trust: Trust) -> None:
    key = format_verifier_key(PQ_WITNESS.key)
    assert replace(trust, witnesses=(key,)).witnesses == (key,)
