"""Pure. Where the engines are, and what to show them at the door."""

from dataclasses import dataclass, field

VAULT_BUCKET = "custos-vault"
LOG_BUCKET = "custos-log"
PROBE_BUCKET = "custos-probe"
REGION = "us-east-1"


@dataclass(frozen=True, slots=True)
class S3Access:
    """One identity at one S3 endpoint. Its repr keeps the keys to itself."""

    endpoint: str
    region: str
    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    authority: str = ""
    """The file with the one authority (PEM) that the store's certificate must come from; empty:
    whoever this machine trusts. What is in it is read anew for each connection."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """All that a process of the service needs to reach database and objects.

    ``intake`` may put and read in the vault, ``publisher`` in the log's bucket, ``disposal`` may
    hold and delete in the vault. URLs are SQLAlchemy's and carry passwords: not in the repr.
    """

    owner_url: str = field(repr=False)
    app_url: str = field(repr=False)
    intake: S3Access
    publisher: S3Access
    disposal: S3Access
    vault_bucket: str = VAULT_BUCKET
    log_bucket: str = LOG_BUCKET
    log_prefix: str = ""
    """What the names of the log's objects begin with, if the bucket is not theirs alone."""
