"""Adapter. Where a published log is read: the bucket that it lies in, `s3://BUCKET[/PREFIX]`.

Loaded by name alone (custody/tree/places.py), for it needs boto3, and who reads files or a web
address does not. Keys, region, address of the store and its certificate are boto3's to find, as for
any S3 tool: `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_REGION`, `AWS_ENDPOINT_URL`,
`AWS_CA_BUNDLE`, or a profile. Where there are no keys, requests are not signed: a bucket may be
open to anybody. Needed is leave to get objects, and to list them for a whole audit.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import boto3
from botocore import UNSIGNED
from botocore.config import Config

from custody.errors import LogAwayError, LogStateError, NotYetError
from custody.tree.places import MAX_CHECKPOINT_BYTES, bounded, most_bytes
from custody.tree.tiles import CHECKPOINT, Tile, format_tile
from storage.errors import NotFoundError, StorageError, UnavailableError
from storage.objects.errors import storage_errors

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class LogInBucket:
    """A log in its bucket (`LogSource`), with every object that lies there."""

    def __init__(self, place: str) -> None:
        """Name the bucket, and what its keys begin with; nothing is asked yet.

        Raises:
            LogStateError: no such place, or what is set for boto3 cannot be.
        """
        parts = urlsplit(place)
        if parts.scheme != "s3" or not parts.netloc or parts.query or parts.fragment:
            raise LogStateError(f"{place} is no bucket of a log: write s3://BUCKET/PREFIX")
        self._place, self._bucket = place.rstrip("/"), parts.netloc
        path = parts.path.strip("/")
        self._prefix = f"{path}/" if path else ""
        with self._answering(place):
            self._client = _client()

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

    def names(self) -> Iterator[str]:
        """Name every object that lies there, in order (`ListedSource`)."""
        pages = self._client.get_paginator("list_objects_v2")
        with self._answering("the list of its objects"):
            for page in pages.paginate(Bucket=self._bucket, Prefix=self._prefix):
                for one in page.get("Contents", []):
                    yield one["Key"].removeprefix(self._prefix)

    def _read(self, name: str, most: int) -> bytes | None:
        """Read one object; None: it is not there."""
        with self._answering(name):
            try:
                with storage_errors("read it"):
                    answer = self._client.get_object(Bucket=self._bucket, Key=self._prefix + name)
                    with answer["Body"] as body:
                        return bounded(body.read(most + 1), name, most)
            except NotFoundError:
                return None

    @contextmanager
    def _answering(self, what: str) -> Iterator[None]:
        """Say what could not be read, and whether to ask again."""
        try:
            with storage_errors("read it"):
                yield
        except UnavailableError as error:
            raise LogAwayError(f"{what} of {self._place} cannot be read: {error}") from error
        except StorageError as error:
            raise LogStateError(f"{what} of {self._place} cannot be read: {error}") from error


def _client() -> "S3Client":
    session = boto3.Session()
    known = session.get_credentials() is not None
    return session.client(
        "s3",
        region_name=session.region_name or "us-east-1",
        config=Config(
            signature_version=None if known else UNSIGNED,
            connect_timeout=5,
            read_timeout=30,
            retries={"total_max_attempts": 4, "mode": "standard"},
            s3={"addressing_style": "path"},  # a store of one's own has no name for each bucket
        ),
    )
