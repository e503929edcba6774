"""Adapter. Every error of the S3 client as one of ours. The tables below are the whole rule."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import urllib3.exceptions
from boto3.exceptions import Boto3Error
from botocore import exceptions as boto
from botocore.parsers import ResponseParserError

from storage.errors import (
    ConflictError,
    CorruptError,
    NotFoundError,
    RefusedError,
    StorageError,
    UnavailableError,
)

_KIND_OF_CODE: Mapping[str, type[StorageError]] = {
    "NoSuchKey": NotFoundError,
    "NoSuchVersion": NotFoundError,
    "NoSuchUpload": NotFoundError,
    "NoSuchObjectLockConfiguration": NotFoundError,
    "NoSuchBucket": RefusedError,  # a setting is wrong; no object is missing
    "PreconditionFailed": ConflictError,
    "BadDigest": CorruptError,
    "XAmzContentSHA256Mismatch": CorruptError,
    "XAmzContentChecksumMismatch": CorruptError,
    "InvalidPart": CorruptError,
    "ConditionalRequestConflict": UnavailableError,  # S3 asks to try again
    "OperationAborted": UnavailableError,
    "IncompleteBody": UnavailableError,
    "RequestTimeout": UnavailableError,
    "Throttling": UnavailableError,
    "ThrottlingException": UnavailableError,
    "RequestLimitExceeded": UnavailableError,
    "NotImplemented": RefusedError,
}
_KIND_OF_STATUS: Mapping[int, type[StorageError]] = {
    404: NotFoundError,
    408: UnavailableError,
    409: ConflictError,
    412: ConflictError,
    429: UnavailableError,
    501: RefusedError,
}
_KIND_OF_CLASS: Mapping[type[BaseException], type[StorageError]] = {
    # An error is what the first of its classes here says, in the order of its ancestry.
    boto.HTTPClientError: UnavailableError,  # with timeouts, TLS and closed connections
    boto.ConnectionError: UnavailableError,
    boto.ResponseStreamingError: UnavailableError,
    boto.IncompleteReadError: UnavailableError,
    boto.ChecksumError: CorruptError,
    boto.FlexibleChecksumError: CorruptError,
    boto.BotoCoreError: RefusedError,  # settings, credentials, parameters
    boto.UndefinedModelAttributeError: RefusedError,
    Boto3Error: RefusedError,
    ResponseParserError: UnavailableError,  # something between us and the store answered
    urllib3.exceptions.HTTPError: UnavailableError,
    OSError: UnavailableError,
    ValueError: UnavailableError,  # botocore reads a date out of half a header
}
S3_ERRORS: tuple[type[BaseException], ...] = (boto.ClientError, *_KIND_OF_CLASS)
"""All that a call of the client, or reading a body, raises for reasons outside this program."""


def kind_of(error: BaseException) -> type[StorageError]:
    """Choose the storage error that says what an error of the client means."""
    if isinstance(error, boto.ClientError):
        code = error.response.get("Error", {}).get("Code", "")
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        by_status = UnavailableError if status >= 500 else RefusedError  # noqa: PLR2004 - HTTP
        return _KIND_OF_CODE.get(code) or _KIND_OF_STATUS.get(status) or by_status
    for ancestor in type(error).__mro__:
        if ancestor in _KIND_OF_CLASS:
            return _KIND_OF_CLASS[ancestor]
    return RefusedError


def as_storage_error(what: str, error: BaseException) -> StorageError:
    """Turn an error of the client into ours; ``what`` says what was tried."""
    words = f"{type(error).__name__}: {error}"
    if isinstance(error, boto.ClientError):
        said = error.response.get("Error", {})
        words = f"the store says {said.get('Code', '?')}: {said.get('Message', '')}".rstrip(": ")
    kind = kind_of(error)
    if kind is CorruptError:
        return CorruptError(what, expected="the digest that goes with the bytes", found=words)
    return kind(f"{what}: {words}")


@contextmanager
def storage_errors(what: str) -> Iterator[None]:
    """Raise errors of the client as ours."""
    try:
        yield
    except S3_ERRORS as error:
        raise as_storage_error(what, error) from error
