"""Every error of the S3 client becomes one of ours, and patience ends."""

import http.client
import inspect
import threading
from collections.abc import Iterator

import pytest
import urllib3.exceptions
from botocore import exceptions as boto
from botocore.parsers import ResponseParserError

from storage.embedded.addresses import S3Access
from storage.errors import (
    ConflictError,
    CorruptError,
    NotFoundError,
    RefusedError,
    StorageError,
    UnavailableError,
)
from storage.objects import client as s3_client
from storage.objects.client import S3, Patience
from storage.objects.errors import S3_ERRORS, kind_of, storage_errors
from tests.storage.objects.stores import HASTY

ACCESS = S3Access("http://127.0.0.1:9", "us-east-1", "key", "secret")


def said(code: str, status: int) -> boto.ClientError:
    return boto.ClientError(
        {
            "Error": {"Code": code, "Message": "words of the store"},
            "ResponseMetadata": {
                "HTTPStatusCode": status,
                "RequestId": "1",
                "HostId": "",
                "HTTPHeaders": {},
                "RetryAttempts": 0,
            },
        },
        "PutObject",
    )


def classes() -> list[type[Exception]]:
    return [
        found
        for _, found in inspect.getmembers(boto, inspect.isclass)
        if issubclass(found, Exception) and not issubclass(found, Warning)
    ]


@pytest.mark.parametrize("kind", classes(), ids=lambda kind: kind.__name__)
def test_every_error_of_botocore_becomes_ours(kind: type[Exception]) -> None:
    if issubclass(kind, boto.ClientError):
        error: Exception = kind({"Error": {"Code": "InternalError"}}, "PutObject")
    else:
        error = kind.__new__(kind)
        Exception.__init__(error, "words")

    with pytest.raises(StorageError, match="try something"), storage_errors("try something"):
        raise error


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("NoSuchKey", 404, NotFoundError),
        ("NoSuchVersion", 404, NotFoundError),
        ("NoSuchUpload", 404, NotFoundError),
        ("404", 404, NotFoundError),  # all that HEAD says
        ("NoSuchBucket", 404, RefusedError),
        ("PreconditionFailed", 412, ConflictError),
        ("412", 412, ConflictError),
        ("BadDigest", 400, CorruptError),
        ("XAmzContentSHA256Mismatch", 400, CorruptError),
        ("InvalidPart", 400, CorruptError),
        ("ConditionalRequestConflict", 409, UnavailableError),
        ("SlowDown", 503, UnavailableError),
        ("InternalError", 500, UnavailableError),
        ("RequestTimeout", 400, UnavailableError),
        ("Something new", 502, UnavailableError),
        ("Something new", 429, UnavailableError),
        ("NotImplemented", 501, RefusedError),
        ("AccessDenied", 403, RefusedError),
        ("403", 403, RefusedError),
        ("InvalidRequest", 400, RefusedError),
        ("InvalidRange", 416, RefusedError),
        ("SignatureDoesNotMatch", 403, RefusedError),
        ("RequestTimeTooSkewed", 403, RefusedError),
        ("EntityTooSmall", 400, RefusedError),
        ("PermanentRedirect", 301, RefusedError),
    ],
)
def test_what_the_store_says_is_told_apart(
    code: str, status: int, kind: type[StorageError]
) -> None:
    assert kind_of(said(code, status)) is kind
    with pytest.raises(kind, match=f"put an object.*{code}"), storage_errors("put an object"):
        raise said(code, status)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (boto.EndpointConnectionError(endpoint_url="x"), UnavailableError),
        (boto.ConnectTimeoutError(endpoint_url="x"), UnavailableError),
        (boto.ReadTimeoutError(endpoint_url="x"), UnavailableError),
        (boto.ConnectionClosedError(endpoint_url="x"), UnavailableError),
        (boto.ResponseStreamingError(error="x"), UnavailableError),
        (boto.IncompleteReadError(actual_bytes=1, expected_bytes=2), UnavailableError),
        (boto.SSLError(endpoint_url="x", error=OSError("y")), UnavailableError),
        (boto.NoCredentialsError(), RefusedError),
        (boto.ParamValidationError(report="x"), RefusedError),
        (boto.FlexibleChecksumError(error_msg="x"), CorruptError),
        (ResponseParserError("not XML"), UnavailableError),
        (urllib3.exceptions.ProtocolError("broken"), UnavailableError),
        (ConnectionResetError("reset"), UnavailableError),
        (ValueError('Invalid timestamp "S"'), UnavailableError),
    ],
)
def test_what_happens_on_the_way_is_told_apart(error: Exception, kind: type[StorageError]) -> None:
    assert kind_of(error) is kind
    assert isinstance(error, S3_ERRORS)


def test_an_error_of_ours_is_not_dressed_up_as_the_stores() -> None:
    with pytest.raises(ZeroDivisionError), storage_errors("count"):
        raise ZeroDivisionError
    assert not issubclass(http.client.HTTPException, S3_ERRORS), "botocore wraps these itself"


@pytest.fixture
def s3() -> Iterator[S3]:
    found = S3(ACCESS, HASTY)
    yield found
    found.close()


class Flaky:
    """Does not answer some times, then does."""

    def __init__(self, failures: int, code: str = "SlowDown", status: int = 503) -> None:
        self.asked = 0
        self._failures, self._error = failures, said(code, status)

    def __call__(self) -> dict[str, str]:
        self.asked += 1
        if self.asked <= self._failures:
            raise self._error
        return {"ETag": "x"}


def test_a_store_that_answers_late_is_asked_again(s3: S3) -> None:
    flaky = Flaky(3)

    assert s3.ask("try", flaky, needs="ETag") == {"ETag": "x"}
    assert flaky.asked == 4


@pytest.mark.parametrize(
    ("code", "status"), [("AccessDenied", 403), ("NoSuchKey", 404), ("BadDigest", 400)]
)
def test_what_trying_again_does_not_help_is_tried_once(s3: S3, code: str, status: int) -> None:
    flaky = Flaky(1, code, status)

    with pytest.raises(StorageError, match=code):
        s3.ask("try", flaky)
    assert flaky.asked == 1


def test_who_asks_once_asks_once(s3: S3) -> None:
    flaky = Flaky(1)
    with pytest.raises(UnavailableError, match="SlowDown"):
        s3.ask("try", flaky, once=True)
    assert flaky.asked == 1


def test_an_answer_that_was_cut_off_is_none(s3: S3) -> None:
    with pytest.raises(UnavailableError, match="cut off before UploadId"):
        s3.ask("try", Flaky(0), needs="UploadId", once=True)


def test_nobody_tries_on_once_the_upload_has_failed(s3: S3) -> None:
    stop, flaky = threading.Event(), Flaky(1)
    stop.set()
    with pytest.raises(UnavailableError):
        s3.ask("try", flaky, stop=stop)
    assert flaky.asked == 1


class Watch:
    """A clock that only pauses move; it stands in for time and for the event that waits."""

    def __init__(self) -> None:
        self.now = 0.0
        self.pauses: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def __call__(self) -> "Watch":
        return self

    def wait(self, pause: float) -> None:
        self.pauses.append(pause)
        self.now += pause


def test_pauses_double_up_to_a_limit_vary_and_end(monkeypatch: pytest.MonkeyPatch) -> None:
    watch, patience = Watch(), Patience()
    monkeypatch.setattr(s3_client, "time", watch)
    monkeypatch.setattr(s3_client, "Event", watch)
    patient = S3(ACCESS, patience)

    with pytest.raises(UnavailableError):
        patient.ask("try", Flaky(1000))

    most = [min(0.2 * 2**n, 8.0) for n in range(len(watch.pauses))]
    assert all(top / 2 <= pause <= top for pause, top in zip(watch.pauses, most, strict=True))
    assert len({pause / top for pause, top in zip(watch.pauses, most, strict=True)}) > 1
    assert 60 - 8 <= watch.now <= 60
    patient.close()


@pytest.mark.parametrize(
    ("endpoint", "signed"),
    [
        ("http://127.0.0.1:8333", False),
        ("http://[::1]:8333", False),
        ("https://s3.example.org", False),
        ("http://s3.example.org", True),
        ("http://127.0.0.1.example.org", True),
    ],
)
def test_bodies_are_signed_where_somebody_could_change_them(endpoint: str, signed: bool) -> None:
    found = S3(S3Access(endpoint, "us-east-1", "key", "secret"), HASTY)

    settings = vars(found.client.meta.config)["s3"]
    assert settings["payload_signing_enabled"] is signed
    found.close()
