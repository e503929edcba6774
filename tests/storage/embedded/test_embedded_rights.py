"""Each identity can do its work in the real engines, and nothing that another one is for."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from botocore.exceptions import ClientError
from mypy_boto3_s3 import S3Client
from sqlalchemy import create_engine, text

from storage.embedded.engines import Addresses, Engines, S3Access
from storage.embedded.settings import read_settings

Connect = Callable[[S3Access], S3Client]


@dataclass(frozen=True, slots=True)
class Locked:
    """One locked object in the vault."""

    key: str
    version: str
    until: datetime
    content: bytes


@pytest.fixture
def locked(addresses: Addresses, s3: Connect) -> Locked:
    until = datetime.now(UTC).replace(microsecond=0) + timedelta(days=2)
    key, content = f"master/{uuid.uuid4()}", b"what the camera saw"
    put = s3(addresses.intake).put_object(
        Bucket=addresses.vault_bucket,
        Key=key,
        Body=content,
        IfNoneMatch="*",
        ObjectLockMode="GOVERNANCE",
        ObjectLockRetainUntilDate=until,
    )
    return Locked(key, put["VersionId"], until, content)


def content_of(client: S3Client, bucket: str, it: Locked) -> bytes:
    return client.get_object(Bucket=bucket, Key=it.key, VersionId=it.version)["Body"].read()


def test_intake_puts_under_a_lock_and_reads_back(
    addresses: Addresses, s3: Connect, locked: Locked
) -> None:
    intake, vault = s3(addresses.intake), addresses.vault_bucket
    assert content_of(intake, vault, locked) == locked.content
    found = intake.get_object_retention(Bucket=vault, Key=locked.key)["Retention"]
    assert (found["Mode"], found["RetainUntilDate"]) == ("GOVERNANCE", locked.until)


def test_intake_joins_objects_inside_the_store(
    addresses: Addresses, s3: Connect, locked: Locked
) -> None:
    intake, vault, key = s3(addresses.intake), addresses.vault_bucket, f"package/{uuid.uuid4()}"
    upload = intake.create_multipart_upload(
        Bucket=vault,
        Key=key,
        ObjectLockMode="GOVERNANCE",
        ObjectLockRetainUntilDate=locked.until,
    )["UploadId"]
    first = intake.upload_part(
        Bucket=vault, Key=key, UploadId=upload, PartNumber=1, Body=bytes(5 << 20)
    )["ETag"]
    second = intake.upload_part_copy(
        Bucket=vault,
        Key=key,
        UploadId=upload,
        PartNumber=2,
        CopySource={"Bucket": vault, "Key": locked.key, "VersionId": locked.version},
    )["CopyPartResult"]["ETag"]
    intake.complete_multipart_upload(
        Bucket=vault,
        Key=key,
        UploadId=upload,
        MultipartUpload={
            "Parts": [{"PartNumber": 1, "ETag": first}, {"PartNumber": 2, "ETag": second}]
        },
    )
    got = intake.get_object(Bucket=vault, Key=key)["Body"].read()
    assert got == bytes(5 << 20) + locked.content
    found = intake.get_object_retention(Bucket=vault, Key=key)["Retention"]
    assert found["RetainUntilDate"] == locked.until


Attempt = Callable[[S3Client, Addresses, Locked], object]

NOT_FOR_INTAKE: dict[str, Attempt] = {
    "delete the version": lambda s, a, it: s.delete_object(
        Bucket=a.vault_bucket, Key=it.key, VersionId=it.version
    ),
    "delete it past the lock": lambda s, a, it: s.delete_object(
        Bucket=a.vault_bucket, Key=it.key, VersionId=it.version, BypassGovernanceRetention=True
    ),
    "hide it behind a delete marker": lambda s, a, it: s.delete_object(
        Bucket=a.vault_bucket, Key=it.key
    ),
    "shorten the lock": lambda s, a, it: s.put_object_retention(
        Bucket=a.vault_bucket,
        Key=it.key,
        VersionId=it.version,
        BypassGovernanceRetention=True,
        Retention={"Mode": "GOVERNANCE", "RetainUntilDate": it.until - timedelta(days=1)},
    ),
    "place a hold": lambda s, a, it: s.put_object_legal_hold(
        Bucket=a.vault_bucket, Key=it.key, VersionId=it.version, LegalHold={"Status": "ON"}
    ),
    "make a bucket": lambda s, _, __: s.create_bucket(Bucket="another-bucket"),
    "remove the bucket": lambda s, a, _: s.delete_bucket(Bucket=a.vault_bucket),
    "stop keeping versions": lambda s, a, _: s.put_bucket_versioning(
        Bucket=a.vault_bucket, VersioningConfiguration={"Status": "Suspended"}
    ),
    "let objects expire": lambda s, a, _: s.put_bucket_lifecycle_configuration(
        Bucket=a.vault_bucket,
        LifecycleConfiguration={
            "Rules": [
                {
                    "ID": "x",
                    "Status": "Enabled",
                    "Filter": {"Prefix": ""},
                    "Expiration": {"Days": 1},
                }
            ]
        },
    ),
    "open the bucket": lambda s, a, _: s.put_bucket_policy(Bucket=a.vault_bucket, Policy="{}"),
    "look into the log": lambda s, a, _: s.list_objects_v2(Bucket=a.log_bucket),
    "write into the log": lambda s, a, _: s.put_object(Bucket=a.log_bucket, Key="x", Body=b"x"),
}


@pytest.mark.parametrize("attempt", NOT_FOR_INTAKE.values(), ids=NOT_FOR_INTAKE.keys())
def test_intake_may_not(
    attempt: Attempt, addresses: Addresses, s3: Connect, locked: Locked
) -> None:
    intake = s3(addresses.intake)
    with pytest.raises(ClientError, match="AccessDenied"):
        attempt(intake, addresses, locked)
    assert content_of(intake, addresses.vault_bucket, locked) == locked.content


def test_intake_deletes_nothing_by_the_dozen(
    addresses: Addresses, s3: Connect, locked: Locked
) -> None:
    intake, vault = s3(addresses.intake), addresses.vault_bucket
    answer = intake.delete_objects(
        Bucket=vault,
        BypassGovernanceRetention=True,
        Delete={"Objects": [{"Key": locked.key, "VersionId": locked.version}]},
    )
    assert [error["Code"] for error in answer["Errors"]] == ["AccessDenied"]
    assert content_of(intake, vault, locked) == locked.content


def test_the_publisher_writes_the_log_once_and_reads_it(addresses: Addresses, s3: Connect) -> None:
    publisher, key = s3(addresses.publisher), f"tile/{uuid.uuid4()}"
    publisher.put_object(Bucket=addresses.log_bucket, Key=key, Body=b"tile", IfNoneMatch="*")
    with pytest.raises(ClientError, match="PreconditionFailed"):
        publisher.put_object(Bucket=addresses.log_bucket, Key=key, Body=b"other", IfNoneMatch="*")
    assert publisher.get_object(Bucket=addresses.log_bucket, Key=key)["Body"].read() == b"tile"


NOT_FOR_THE_PUBLISHER: dict[str, Attempt] = {
    "read the vault": lambda s, a, it: s.get_object(Bucket=a.vault_bucket, Key=it.key),
    "write into the vault": lambda s, a, it: s.put_object(
        Bucket=a.vault_bucket, Key=it.key, Body=b"x"
    ),
    "list the vault": lambda s, a, _: s.list_objects_v2(Bucket=a.vault_bucket),
    "delete from the log": lambda s, a, it: s.delete_object(Bucket=a.log_bucket, Key=it.key),
}


@pytest.mark.parametrize(
    "attempt", NOT_FOR_THE_PUBLISHER.values(), ids=NOT_FOR_THE_PUBLISHER.keys()
)
def test_the_publisher_may_not(
    attempt: Attempt, addresses: Addresses, s3: Connect, locked: Locked
) -> None:
    with pytest.raises(ClientError, match="AccessDenied"):
        attempt(s3(addresses.publisher), addresses, locked)


def test_disposal_deletes_past_the_lock_but_never_under_a_hold(
    addresses: Addresses, s3: Connect, locked: Locked
) -> None:
    disposal, vault = s3(addresses.disposal), addresses.vault_bucket

    def hold(status: str) -> None:
        disposal.put_object_legal_hold(
            Bucket=vault,
            Key=locked.key,
            VersionId=locked.version,
            LegalHold={"Status": "ON" if status == "ON" else "OFF"},
        )

    def delete(*, bypass: bool) -> None:
        disposal.delete_object(
            Bucket=vault,
            Key=locked.key,
            VersionId=locked.version,
            BypassGovernanceRetention=bypass,
        )

    hold("ON")
    with pytest.raises(ClientError, match="AccessDenied"):
        delete(bypass=True)
    hold("OFF")
    with pytest.raises(ClientError, match="AccessDenied"):
        delete(bypass=False)
    assert content_of(disposal, vault, locked) == locked.content
    delete(bypass=True)
    with pytest.raises(ClientError, match="NoSuchVersion"):
        content_of(disposal, vault, locked)


def test_disposal_writes_nothing_and_does_not_see_the_log(
    addresses: Addresses, s3: Connect
) -> None:
    disposal = s3(addresses.disposal)
    with pytest.raises(ClientError, match="AccessDenied"):
        disposal.put_object(Bucket=addresses.vault_bucket, Key="x", Body=b"x")
    with pytest.raises(ClientError, match="AccessDenied"):
        disposal.list_objects_v2(Bucket=addresses.log_bucket)


def test_the_service_role_owns_nothing_and_makes_nothing(addresses: Addresses) -> None:
    owner, app = create_engine(addresses.owner_url), create_engine(addresses.app_url)
    try:
        with owner.begin() as connection:
            connection.execute(text("CREATE TABLE rights_test (n int)"))
            connection.execute(text("GRANT SELECT ON rights_test TO custos_app"))
        with app.connect() as connection:
            assert connection.execute(text("SELECT count(*) FROM rights_test")).scalar() == 0
        for words in (
            "CREATE TABLE mine (n int)",
            "CREATE TEMP TABLE mine (n int)",
            "CREATE SCHEMA mine",
            "INSERT INTO rights_test VALUES (1)",
            "DROP TABLE rights_test",
            "SELECT pg_read_file('/etc/passwd')",
            "SET ROLE custos_owner",
        ):
            with app.connect() as connection, pytest.raises(Exception, match=r"denied|must be"):
                connection.execute(text(words))
    finally:
        with owner.begin() as connection:
            connection.execute(text("DROP TABLE IF EXISTS rights_test"))
        owner.dispose()
        app.dispose()


@pytest.mark.parametrize("role", ["custos_app", "custos_owner", "weed", "postgres"])
def test_the_database_asks_every_role_for_its_password(engines: Engines, role: str) -> None:
    where = str(engines._directory.sockets)
    database = {"weed": "weed", "postgres": "postgres"}.get(role, "custos")
    with pytest.raises(psycopg.OperationalError, match="no password supplied"):
        psycopg.connect(host=where, user=role, dbname=database, port=5432)
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(host=where, user=role, dbname=database, port=5432, password="guessed")


@pytest.mark.parametrize(
    ("role", "database"),
    [
        ("custos_app", "weed"),
        ("custos_owner", "weed"),
        ("weed", "custos"),
        ("custos_app", "postgres"),
    ],
)
def test_a_role_enters_no_other_database(engines: Engines, role: str, database: str) -> None:
    password = read_settings(engines._directory.settings).passwords[role]
    where = str(engines._directory.sockets)
    with pytest.raises(psycopg.OperationalError, match="rejects connection"):
        psycopg.connect(host=where, user=role, dbname=database, port=5432, password=password)
