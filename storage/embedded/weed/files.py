"""Adapter. The configuration of SeaweedFS: command line, security.toml, filer.toml."""

from collections.abc import Mapping
from pathlib import Path

from storage.embedded.settings import ADMIN_GRPC_OFFSET, Settings

OBJECTS = "../objects"
"""Where the volumes are, from the directory of the configuration."""
_JWT = ("jwt.signing", "jwt.signing.read", "jwt.filer_signing", "jwt.filer_signing.read")
_GRPC = (
    "master", "volume", "filer", "s3", "admin", "worker", "mq", "msg_broker", "msg_agent", "client",
)  # fmt: skip
_HTTPS = ("master", "volume", "filer", "admin")


def command_line(weed: str, settings: Settings, sockets: Path) -> list[str]:
    """Return the command that runs all of SeaweedFS in one process, closed to everybody else.

    It works in its configuration's directory, and every path is relative to that: a comma in a
    path would split it in two.
    """
    port = settings.ports
    options = {
        "dir": OBJECTS,
        "ip": "127.0.0.1",  # its default is the machine's address in the network
        "ip.bind": "127.0.0.1",  # its default is every interface
        "disableHttp": "true",  # master and filer would hand out tokens, and delete buckets
        "master.telemetry": "false",
        "master.port": port["master"],
        "master.port.grpc": port["master_grpc"],
        "master.volumeSizeLimitMB": 1024,
        "volume.port": port["volume"],
        "volume.port.grpc": port["volume_grpc"],
        "volume.id": "volume-1",  # stays when the store is spread over machines
        "volume.max": 0,
        "volume.preStopSeconds": 0,
        "filer.port": port["filer"],
        "filer.port.grpc": port["filer_grpc"],
        "filer.localSocket": sockets / "filer.sock",
        "s3.port": port["s3"],
        # Whoever takes the port of a killed store cannot show this: and is sent nothing.
        "s3.cert.file": "node.crt",
        "s3.key.file": "node.key",
        "s3.port.grpc": port["s3_grpc"],
        "s3.localSocket": sockets / "s3.sock",
        "s3.config": "s3.json",
        "s3.iam": "false",
        "s3.port.iceberg": 0,
        "s3.port.lance": 0,
        "s3.autoCreateBucket": "false",
        "s3.allowDeleteBucketNotEmpty": "false",
        "admin.port": port["admin"],
        "admin.port.grpc": port["admin"] + ADMIN_GRPC_OFFSET,
        "admin.ui": "false",
        "webdav": "false",
    }
    return [weed, "-logtostderr=true", "mini", *(f"-{name}={it}" for name, it in options.items())]


def format_security(jwt_keys: Mapping[str, str]) -> str:
    """Write ``security.toml``: signed tokens between the parts, and certificates for every call."""
    tables = [f'[{name}]\nkey = "{jwt_keys[name]}"\nexpires_after_seconds = 60\n' for name in _JWT]
    tables.append("[access]\nui = false\n")
    tables.append("[filer.expose_directory_metadata]\nenabled = false\n")
    tables.append('[grpc]\nca = "ca.crt"\n')
    node = 'cert = "node.crt"\nkey = "node.key"\n'
    tables += [f"[grpc.{part}]\n{node}" for part in _GRPC]
    # The same for the pieces of objects, which go from one part to another by HTTP.
    tables += [f'[https.{part}]\n{node}ca = "ca.crt"\n' for part in _HTTPS]
    tables.append(f'[https.client]\nenabled = true\n{node}ca = "ca.crt"\n')
    return "\n".join(tables)


def jwt_names() -> tuple[str, ...]:
    """Return the names of the keys that `format_security` wants."""
    return _JWT


def format_filer(sockets: Path, port: int, password: str) -> str:
    """Write ``filer.toml``: the objects' metadata lie in PostgreSQL.

    In the store's own database they are never synced, and a power cut loses what was acknowledged.
    """
    return f'''[leveldb2]
enabled = false

[postgres2]
enabled = true
createTable = """CREATE TABLE IF NOT EXISTS "%s" (dirhash BIGINT, name VARCHAR(65535), \
directory VARCHAR(65535), meta bytea, PRIMARY KEY (dirhash, name));"""
hostname = "{sockets}"
port = {port}
username = "weed"
password = "{password}"
database = "weed"
schema = ""
sslmode = "disable"
connection_max_idle = 10
connection_max_open = 20
connection_max_lifetime_seconds = 300
enableUpsert = true
upsertQuery = """INSERT INTO "%[1]s" (dirhash,name,directory,meta) VALUES($1,$2,$3,$4) \
ON CONFLICT (dirhash,name) DO UPDATE SET directory=EXCLUDED.directory, meta=EXCLUDED.meta"""
'''
