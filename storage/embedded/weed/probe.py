"""Adapter. Whether the object store really takes and gives objects now."""

import secrets

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from storage.embedded.addresses import S3Access
from storage.errors import UnavailableError

_KEY = "probe"


class Probe:
    """Puts and reads one small object in a bucket of its own, without a lock: nothing piles up."""

    def __init__(self, access: S3Access, bucket: str) -> None:
        self._bucket = bucket
        self._client = boto3.client(
            "s3",
            endpoint_url=access.endpoint,
            region_name=access.region,
            aws_access_key_id=access.access_key,
            aws_secret_access_key=access.secret_key,
            verify=access.authority or None,
            config=Config(
                proxies={},
                connect_timeout=2,
                read_timeout=10,
                retries={"total_max_attempts": 1},
                s3={"addressing_style": "path"},
            ),
        )

    def check(self) -> None:
        """Put an object and read it back.

        An answer to a listing proves little: after a crash the store lists objects for a while
        that it cannot read yet.

        Raises:
            UnavailableError: the store does not answer, or gave other bytes.
        """
        put = secrets.token_bytes(16)
        try:
            self._client.put_object(Bucket=self._bucket, Key=_KEY, Body=put)
            answer = self._client.get_object(Bucket=self._bucket, Key=_KEY)
            with answer["Body"] as body:
                got = body.read()
        except (BotoCoreError, ClientError) as error:
            raise UnavailableError(f"the object store does not answer: {error}") from error
        if got != put:
            raise UnavailableError("the object store gave other bytes than it was given")

    def close(self) -> None:
        """Close the connections."""
        self._client.close()
