"""A published log is read from its bucket with nothing but what any S3 tool is told."""

from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest
from mypy_boto3_s3 import S3Client

from api.cli import main
from custody.errors import LogAwayError, LogStateError, NotYetError, PlaceError
from custody.formats.note import format_verifier_key
from custody.formats.proof import parse_proof
from custody.tree.buckets import LogInBucket
from custody.tree.places import MAX_CHECKPOINT_BYTES, log_at
from custody.tree.tiles import ListedSource, Tile
from storage.embedded.engines import Engines, S3Access
from tests.custody.ledgers import LOG
from tests.custody.published.files import event, flipped, publish
from tests.servers import free_port

TILE = Tile(0, 1_234, 3)
NAME = "tile/0/x001/234.p/3"


@pytest.fixture(autouse=True)
def told(engines: Engines, monkeypatch: pytest.MonkeyPatch) -> S3Access:
    """Tell boto3 of the store as its manual says."""
    access = engines.addresses.publisher
    said = {
        "AWS_ACCESS_KEY_ID": access.access_key,
        "AWS_SECRET_ACCESS_KEY": access.secret_key,
        "AWS_ENDPOINT_URL": access.endpoint,
        "AWS_REGION": access.region,
        "AWS_CA_BUNDLE": access.authority,
    }
    for name, value in said.items():
        monkeypatch.setenv(name, value)
    return access


@pytest.fixture
def place(
    engines: Engines, s3: Callable[[S3Access], S3Client], told: S3Access
) -> tuple[str, Callable[[str, bytes], None]]:
    """Return where a log lies, and what puts an object there."""
    bucket, prefix, client = engines.addresses.log_bucket, f"place-{uuid4().hex}", s3(told)

    def put(name: str, data: bytes) -> None:
        client.put_object(Bucket=bucket, Key=f"{prefix}/{name}", Body=data)

    put("checkpoint", b"a note")
    put(NAME, bytes(96))
    return f"s3://{bucket}/{prefix}", put


def test_a_log_is_read_whole_and_listed(place: tuple[str, object]) -> None:
    for where in (place[0], f"{place[0]}/"):
        log = log_at(where)
        assert log.checkpoint() == b"a note"
        assert log.read(TILE) == bytes(96)
        assert isinstance(log, ListedSource)
        assert list(log.names()) == ["checkpoint", NAME]


def test_what_is_missing_is_named_with_its_place(place: tuple[str, object]) -> None:
    with pytest.raises(LogStateError, match="tile/entries/000 is missing in s3://"):
        log_at(place[0]).read(Tile(None, 0))
    with pytest.raises(NotYetError, match="there is no log in s3://"):
        log_at(f"{place[0]}-elsewhere").checkpoint()


def test_no_more_is_read_than_an_object_may_have(
    place: tuple[str, Callable[[str, bytes], None]],
) -> None:
    where, put = place
    put("tile/0/007.p/1", bytes(33))
    put("checkpoint", bytes(MAX_CHECKPOINT_BYTES + 1))
    with pytest.raises(LogStateError, match=r"tile/0/007.p/1 is longer than the 32 bytes"):
        log_at(where).read(Tile(0, 7, 1))
    with pytest.raises(LogStateError, match="longer"):
        log_at(where).checkpoint()


def test_a_store_that_does_not_answer_may_be_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"https://127.0.0.1:{free_port()}")
    with pytest.raises(LogAwayError, match="checkpoint of s3://a-log cannot be read"):
        log_at("s3://a-log").checkpoint()


@pytest.mark.parametrize("wrong", ["AWS_SECRET_ACCESS_KEY", "nobody"])
def test_a_store_that_refuses_says_nothing_against_the_log(
    place: tuple[str, object], monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    """A monitor whose keys have run out must not say that the log is wrong."""
    if wrong == "nobody":
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.delenv(name)
    else:
        monkeypatch.setenv(wrong, "another")
    with pytest.raises(LogAwayError, match="the store says"):
        log_at(place[0]).checkpoint()
    with pytest.raises(LogAwayError, match="the store says"):
        log_at(place[0]).read(TILE)


def test_a_bucket_that_is_none_is_not_one_without_a_log() -> None:
    with pytest.raises(LogAwayError, match="cannot be read"):
        log_at("s3://no-such-bucket/log").checkpoint()


def test_the_region_is_the_one_that_was_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    monkeypatch.setenv("AWS_REGION", "eu-west-2")
    log = log_at("s3://a-log")
    assert isinstance(log, LogInBucket)
    assert log.region == "eu-west-2"


@pytest.mark.parametrize(
    ("name", "value"),
    [("AWS_ENDPOINT_URL", "garbage"), ("AWS_PROFILE", "nobody's"), ("AWS_REGION", "a b")],
)
def test_what_boto3_cannot_be_told_is_said_before_anything_is_asked(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(PlaceError, match="Look at the variables that begin with AWS_"):
        log_at("s3://a-log")


def test_an_object_in_place_of_a_folder_has_a_name(
    place: tuple[str, Callable[[str, bytes], None]],
) -> None:
    where, put = place
    put("inner/", b"")
    log = log_at(f"{where}/inner")
    assert isinstance(log, ListedSource)
    (name,) = log.names()
    assert name.endswith("/inner/")


def test_the_commands_take_a_bucket_for_a_place(
    place: tuple[str, Callable[[str, bytes], None]],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    where, put = place
    entries = [event(n) for n in range(300)]
    # What the place holds of another log, and what nobody published, is found by the whole audit.
    for name, data in publish(entries).held.items():
        put(name, data)
    key = f"--key={format_verifier_key(LOG.key)}"
    assert main(["log", "audit", "--from", where, key]) == 1
    assert NAME in capsys.readouterr().out
    assert main(["log", "prove", "7", "--from", where, key, "--out", str(tmp_path / "7")]) == 0
    assert parse_proof((tmp_path / "7").read_bytes()).index == 7
    put("tile/entries/000", flipped(publish(entries).held["tile/entries/000"], 99))
    assert main(["log", "audit", "--from", where, key]) == 1
    assert "tile/entries/000" in capsys.readouterr().out


@pytest.mark.parametrize("where", ["s3://", "s3:///log", "s3://a-log/?x=1", "s3://a b", "s3://["])
def test_what_is_no_bucket_is_refused(where: str) -> None:
    with pytest.raises(PlaceError, match="no bucket of a log"):
        log_at(where)
