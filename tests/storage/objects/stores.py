"""Object stores for tests: the real SeaweedFS, seen by one identity or another."""

import secrets
from datetime import UTC, datetime
from functools import cache

import boto3
from botocore.config import Config
from mypy_boto3_s3 import S3Client

from storage.embedded.addresses import S3Access
from storage.objects.store import ObjectStore, Patience, Retention

DAY = Retention(days=1)
MIB = 1 << 20
HASTY = Patience(limit_s=1.0, first_pause_s=0.05, longest_pause_s=0.2, read_timeout_s=10)
PATIENT = Patience()
"""As in production: whoever waits so long was not hasty, however busy the machine."""


def now() -> datetime:
    return datetime.now(UTC)


def store(
    access: S3Access,
    bucket: str,
    *,
    retention: Retention | None = DAY,
    patience: Patience = HASTY,
    public_url: str | None = None,
) -> ObjectStore:
    return ObjectStore(
        access, bucket, retention=retention, clock=now, patience=patience, public_url=public_url
    )


def key() -> str:
    return f"test/{secrets.token_hex(16)}"


@cache
def client(access: S3Access) -> S3Client:
    """Speak S3 without anything of ours in between."""
    return boto3.client(
        "s3",
        endpoint_url=access.endpoint,
        region_name=access.region,
        aws_access_key_id=access.access_key,
        aws_secret_access_key=access.secret_key,
        verify=access.authority or None,
        config=Config(s3={"addressing_style": "path"}),
    )


def versions(speaker: S3Client, bucket: str, key: str) -> list[str]:
    answer = speaker.list_object_versions(Bucket=bucket, Prefix=key)
    return [version["VersionId"] for version in answer.get("Versions", [])]


def open_uploads(speaker: S3Client, bucket: str, key: str) -> list[str]:
    answer = speaker.list_multipart_uploads(Bucket=bucket, Prefix=key)
    return [upload["UploadId"] for upload in answer.get("Uploads", [])]
