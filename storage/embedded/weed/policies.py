"""Pure. Who may do what in the object store: one named policy for each identity.

Named policies only. The store's coarse action "Write" would also delete versions and set
lifecycles, and refuse puts with a lock.
"""

import json
from collections.abc import Mapping, Sequence

from storage.embedded.addresses import LOG_BUCKET, PROBE_BUCKET, VAULT_BUCKET

_LOOK = ("s3:ListBucket", "s3:ListBucketVersions", "s3:GetBucketLocation", "s3:GetBucketVersioning")
_LOCK_STATE = ("s3:GetBucketObjectLockConfiguration",)
_READ = ("s3:GetObject", "s3:GetObjectVersion", "s3:GetObjectAttributes")
_READ_LOCK = ("s3:GetObjectRetention", "s3:GetObjectLegalHold")
_PUT_LOCKED = ("s3:PutObject", "s3:PutObjectRetention")
_MULTIPART = ("s3:AbortMultipartUpload", "s3:ListMultipartUploadParts")

_PASSING = ("*.p/*", "*checkpoint")
"""What the log's bucket holds for a while: tiles that are not full, and the newest checkpoint."""

_RIGHTS: Mapping[str, tuple[str, tuple[str, ...], tuple[str, ...]]] = {
    # identity: bucket, rights on its objects, rights on the bucket itself
    "intake": (
        VAULT_BUCKET,
        (*_PUT_LOCKED, *_READ, *_READ_LOCK, *_MULTIPART),
        (*_LOOK, *_LOCK_STATE, "s3:ListBucketMultipartUploads"),
    ),
    "publisher": (
        LOG_BUCKET,
        (*_PUT_LOCKED, *_READ, *_READ_LOCK),
        (*_LOOK, *_LOCK_STATE),
    ),
    "disposal": (
        VAULT_BUCKET,
        (
            *_READ,
            *_READ_LOCK,
            "s3:PutObjectLegalHold",
            "s3:DeleteObject",
            "s3:DeleteObjectVersion",
            "s3:BypassGovernanceRetention",
        ),
        (*_LOOK, *_LOCK_STATE),
    ),
    "probe": (PROBE_BUCKET, ("s3:PutObject", "s3:GetObject"), ()),
}


_CLEARS: Mapping[str, tuple[str, ...]] = {"publisher": _PASSING}
"""Objects, by patterns, whose versions an identity may delete: beside locks, and never past one."""


def _policy(
    bucket: str, on_objects: Sequence[str], on_bucket: Sequence[str], clears: Sequence[str] = ()
) -> str:
    statements = [
        {"Effect": "Allow", "Resource": [f"arn:aws:s3:::{bucket}/*"], "Action": list(on_objects)}
    ]
    if clears:
        named = [f"arn:aws:s3:::{bucket}/{pattern}" for pattern in clears]
        deletes = ["s3:DeleteObject", "s3:DeleteObjectVersion"]
        statements.append({"Effect": "Allow", "Resource": named, "Action": deletes})
    if on_bucket:
        statements.append(
            {"Effect": "Allow", "Resource": [f"arn:aws:s3:::{bucket}"], "Action": list(on_bucket)}
        )
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def format_identities(keys: Mapping[str, tuple[str, str]]) -> str:
    """Write ``s3.json``: the identities with their keys, and no administrator among them."""
    identities = [
        {
            "name": name,
            "credentials": [{"accessKey": access, "secretKey": secret}],
            "policyNames": [name],
        }
        for name, (access, secret) in keys.items()
    ]
    policies = [
        {
            "name": name,
            "content": _policy(bucket, on_objects, on_bucket, _CLEARS.get(name, ())),
        }
        for name, (bucket, on_objects, on_bucket) in _RIGHTS.items()
    ]
    return json.dumps({"identities": identities, "policies": policies}, indent=1) + "\n"
