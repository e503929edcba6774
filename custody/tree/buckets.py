"""Adapter. Where a published log is read: the bucket that it lies in, `s3://BUCKET[/PREFIX]`.

Loaded by name alone (custody/tree/places.py), for it needs boto3, and who reads files or a web
address does not. Keys, region, address of the store and its certificate are boto3's to find, as for
any S3 tool: `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_REGION`, `AWS_ENDPOINT_URL`,
`AWS_CA_BUNDLE`, or a profile. Where there are no keys, requests are not signed: a bucket may be
open to anybody. Needed is leave to get objects, and to list them for a whole audit.
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import boto3
from botocore import UNSIGNED
from botocore.config import Config

from custody.errors import LogAwayError, LogStateError, NotYetError, PlaceError
from custody.tree.places import MAX_CHECKPOINT_BYTES, MAX_KEY_BYTES, bounded, most_bytes
from custody.tree.tiles import CHECKPOINT, KEY_FILE, Tile, format_tile
from storage.errors import CorruptError, NotFoundError, StorageError
from storage.objects.errors import storage_errors

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_PLACE = re.compile(r"s3://(?P<bucket>[A-Za-z0-9._-]{3,255})(?P<path>(/[^?#\x00-\x1f]*)?)")


class LogInBucket:
    """A log in its bucket (`LogSource`), with every object that lies there."""

    def __init__(self, place: str) -> None:
        """Name the bucket, and what its keys begin with; nothing is asked yet.

        Raises:
            PlaceError: no such place, or what is set for boto3 cannot be.
        """
        if (parts := _PLACE.fullmatch(place)) is None:
            raise PlaceError(f"{place} is no bucket of a log: write s3://BUCKET/PREFIX")
        self._place, self._bucket = place.rstrip("/"), parts["bucket"]
        path = parts["path"].strip("/")
        self._prefix = f"{path}/" if path else ""
        try:
            with storage_errors("S3"):
                self._client = _client()
        except StorageError as error:
            raise PlaceError(
                f"{place} cannot be asked for: {error}. Look at the variables that begin with AWS_"
            ) from error

    @property
    def region(self) -> str:
        """For which region requests are signed."""
        return self._client.meta.region_name

    def checkpoint(self) -> bytes:
        """Return the newest signed checkpoint (`LogSource`)."""
        data = self._read(CHECKPOINT, MAX_CHECKPOINT_BYTES)
        if data is None:
            raise NotYetError(f"there is no log in {self._place}: it holds no 'checkpoint'")
        return data

    def read(self, tile: Tile) -> bytes:
        """Return one object (`LogSource`)."""
        data = self._read(format_tile(tile), most_bytes(tile))
        if data is None:
            raise LogStateError(f"{format_tile(tile)} is missing in {self._place}")
        return data

    def vkey(self) -> bytes:
        """Return the object of the log's verifier key (`ListedSource`)."""
        data = self._read(KEY_FILE, MAX_KEY_BYTES)
        if data is None:
            raise LogStateError(f"{KEY_FILE} is missing in {self._place}")
        return data

    def names(self) -> Iterator[str]:
        """Name every object that lies there, in order (`ListedSource`)."""
        pages = self._client.get_paginator("list_objects_v2")
        with self._answering("the list of its objects"):
            for page in pages.paginate(Bucket=self._bucket, Prefix=self._prefix):
                for one in page.get("Contents", []):
                    # Some tools put an object of the prefix's own name, as if it were a folder.
                    yield one["Key"].removeprefix(self._prefix) or one["Key"]

    def _read(self, name: str, most: int) -> bytes | None:
        """Read one object; None: it is not there."""
        with self._answering(name):
            try:
                with storage_errors("S3"):
                    answer = self._client.get_object(Bucket=self._bucket, Key=self._prefix + name)
                    with answer["Body"] as body:
                        return bounded(body.read(most + 1), name, most)
            except NotFoundError:
                return None

    @contextmanager
    def _answering(self, what: str) -> Iterator[None]:
        """Say what could not be read; a store that refuses says as little of the log as none."""
        words = f"{what} of {self._place} cannot be read"
        try:
            with storage_errors("S3"):
                yield
        except CorruptError as error:
            raise LogStateError(f"{words}: {error}") from error
        except StorageError as error:
            raise LogAwayError(f"{words}: {error}") from error


def _client() -> "S3Client":
    session = boto3.Session()
    known = session.get_credentials() is not None
    return session.client(
        "s3",
        # boto3 alone among tools for S3 reads no AWS_REGION.
        region_name=os.environ.get("AWS_REGION") or session.region_name or "us-east-1",
        config=Config(
            signature_version=None if known else UNSIGNED,
            connect_timeout=5,
            read_timeout=30,
            retries={"total_max_attempts": 4, "mode": "standard"},
            s3={"addressing_style": "path"},  # a store of one's own has no name for each bucket
        ),
    )
