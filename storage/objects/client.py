"""Adapter. The S3 client: its settings, its patience, and how it writes what we ask for often.

The client never retries by itself: ``S3.ask`` does, for all operations alike and within one limit.
"""

import base64
import logging
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from threading import Event, Lock
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast
from urllib.parse import urlsplit

import boto3
from botocore.config import Config

from storage.errors import NotFoundError, RefusedError, UnavailableError
from storage.objects.errors import storage_errors
from storage.stored import Found, Retention

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import (
        CreateMultipartUploadRequestTypeDef,
        HeadObjectOutputTypeDef,
        HeadObjectRequestTypeDef,
        PutObjectRequestTypeDef,
    )

_log = logging.getLogger("custos.objects")
_Answer = TypeVar("_Answer")
_MAKING = Lock()
"""A session makes one client at a time; the clients are safe to share."""


class S3Credentials(Protocol):
    """One identity at one S3 endpoint."""

    @property
    def endpoint(self) -> str:
        """URL of the store."""

    @property
    def region(self) -> str:
        """Region that requests are signed for."""

    @property
    def access_key(self) -> str:
        """Name of the key."""

    @property
    def secret_key(self) -> str:
        """The key."""

    @property
    def authority(self) -> str:
        """File with the one authority of the store's certificate (PEM); empty: the machine's."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to go on asking a store that does not answer. All in seconds."""

    limit_s: float = 60.0
    """No new try begins after so long; the last one may take its own timeout on top."""
    first_pause_s: float = 0.2
    longest_pause_s: float = 8.0
    connect_timeout_s: float = 5.0
    read_timeout_s: float = 60.0
    """For one answer: copying a gigabyte inside the store takes seconds, on a busy disk many."""


Whereabouts = Callable[[str, str, str], str]
"""Tells, of a bucket, a key and the version that is on record, the version to ask the store for:
a store gives each version its own name, so what came back from a backup has another one there."""


class S3:
    """One client, safe to share between threads. ``where`` is asked for each version by name."""

    def __init__(
        self,
        access: S3Credentials,
        patience: Patience,
        *,
        endpoint: str | None = None,
        where: Whereabouts | None = None,
    ) -> None:
        self.patience = patience
        with storage_errors("make an S3 client"):
            self.client = _make_client(access, patience, endpoint or access.endpoint)
        if where is not None:
            # One place for every request there is, addresses for browsers among them.
            self.client.meta.events.register("provide-client-params.s3", _translator(where))

    def ask(
        self,
        what: str,
        request: Callable[[], _Answer],
        *,
        needs: str | None = None,
        once: bool = False,
        stop: Event | None = None,
    ) -> _Answer:
        """Make a request, and again while the store does not answer, with growing pauses.

        The pauses double, and each is cut at random by up to a half, so that many clients do not
        come back all at once. ``stop``, once set, ends the tries. An answer without the field that
        it ``needs`` was cut off among its headers, and is none.

        Raises: the storage error that fits; ``UnavailableError`` when patience ends.
        """
        ends = time.monotonic() + (0.0 if once else self.patience.limit_s)
        longest = self.patience.first_pause_s
        while True:
            try:
                return _answer_to(what, request, needs)
            except UnavailableError as error:
                pause = longest * random.uniform(0.5, 1.0)  # noqa: S311 - spreads load, no secret
                if time.monotonic() + pause > ends or (stop is not None and stop.is_set()):
                    raise
                _log.warning("%s; next try in %.1f s", error, pause)
            (stop or Event()).wait(pause)
            longest = min(2 * longest, self.patience.longest_pause_s)

    def head(
        self, bucket: str, key: str, version: str | None = None, *, once: bool = False
    ) -> "HeadObjectOutputTypeDef | None":
        """Ask for what the store knows of a version, or of the latest one. None: there is none."""
        request: HeadObjectRequestTypeDef = {
            "Bucket": bucket,
            "Key": key,
            "ChecksumMode": "ENABLED",
        }
        if version is not None:
            request["VersionId"] = version
        try:
            return self.ask(
                "look for an object",
                lambda: self.client.head_object(**request),
                needs="ContentLength",
                once=once,
            )
        except NotFoundError:
            return None

    def close(self) -> None:
        """Close the connections."""
        self.client.close()


def _translator(where: Whereabouts) -> Callable[..., None]:
    """Return what puts the version that the store knows in the place of the one on record."""

    def translate(params: dict[str, Any], **_: object) -> None:
        if params.get("VersionId"):
            version = where(params["Bucket"], params["Key"], params["VersionId"])
            params["VersionId"] = version
        source = params.get("CopySource")
        if isinstance(source, dict) and source.get("VersionId"):
            version = where(source["Bucket"], source["Key"], source["VersionId"])
            params["CopySource"] = {**source, "VersionId": version}

    return translate


def _answer_to(what: str, request: Callable[[], _Answer], needs: str | None) -> _Answer:
    with storage_errors(what):
        answer = request()
    if needs is not None and needs not in cast("Mapping[str, object]", answer):
        raise UnavailableError(f"{what}: the answer was cut off before {needs}")
    return answer


def _make_client(access: S3Credentials, patience: Patience, endpoint: str) -> "S3Client":
    config = Config(
        signature_version="s3v4",
        s3={"addressing_style": "path", "payload_signing_enabled": _exposed(endpoint)},
        # We send a CRC-32 with every byte that we send, and compare what we read ourselves.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        connect_timeout=patience.connect_timeout_s,
        read_timeout=patience.read_timeout_s,
        retries={"total_max_attempts": 1, "mode": "standard"},
        max_pool_connections=32,
        tcp_keepalive=True,
        # A store that is known by an authority of its own is reached directly, never by a proxy.
        proxies={} if access.authority else None,
    )
    with _MAKING:
        return _session().client(
            "s3",
            endpoint_url=endpoint,
            region_name=access.region,
            aws_access_key_id=access.access_key,
            aws_secret_access_key=access.secret_key,
            verify=access.authority or None,
            config=config,
        )


@cache
def _session() -> "boto3.session.Session":
    """Return what every client is made with: it reads the description of S3, 3 MB, only once."""
    return boto3.session.Session()


def _exposed(endpoint: str) -> bool:
    """Say whether somebody on the way could change a body: then its SHA-256 must be signed.

    TLS sees to that by itself, and nobody stands on the way to this very machine.
    """
    parts = urlsplit(endpoint)
    return parts.scheme != "https" and parts.hostname not in {"127.0.0.1", "::1", "localhost"}


def format_crc32(crc32: int) -> str:
    """Write a CRC-32 as S3 does: base64 of four bytes, the highest first."""
    return base64.b64encode(crc32.to_bytes(4, "big")).decode()


def parse_full_crc32(said: str | None, kind: str | None = None) -> int | None:
    """Read a CRC-32 over a whole object.

    None where the store says none, or only one of the parts' checksums (``COMPOSITE``, ``…-N``).
    """
    if not said or kind == "COMPOSITE" or "-" in said:
        return None
    return int.from_bytes(base64.b64decode(said), "big")


def found_in(answer: "HeadObjectOutputTypeDef") -> Found:
    """Read version, size and CRC-32 out of an answer."""
    crc32 = parse_full_crc32(answer.get("ChecksumCRC32"), answer.get("ChecksumType"))
    return Found(version_in(answer), answer["ContentLength"], crc32)


def version_in(answer: Mapping[str, Any]) -> str:
    """Read the version out of an answer.

    Raises: RefusedError when the bucket keeps none: what cannot be named cannot be proved.
    """
    version = answer.get("VersionId")
    if not version:
        raise RefusedError("the bucket keeps no versions: create it with object lock")
    return str(version)


def set_lock(
    request: "PutObjectRequestTypeDef | CreateMultipartUploadRequestTypeDef",
    retention: Retention,
    now: datetime,
) -> None:
    """Ask for retention with the object itself, so that it is never there without."""
    request["ObjectLockMode"] = retention.mode
    request["ObjectLockRetainUntilDate"] = retention.until(now)
    if retention.legal_hold:  # even to say "off" asks for the right to say "on"
        request["ObjectLockLegalHoldStatus"] = "ON"
