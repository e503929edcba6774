"""Who is on the same machine and has no credentials destroys nothing, by any way we know of.

Each of these ways destroyed a locked object, or made an administrator, in an engine with default
settings.
"""

import socket
import ssl
import subprocess
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest
from mypy_boto3_s3 import S3Client

from storage.embedded.engines import Addresses, Engines, S3Access
from storage.embedded.settings import ADMIN_GRPC_OFFSET, Settings, read_settings
from storage.embedded.weed.certificates import NodeCertificate, issue_node_certificate
from storage.embedded.weed.server import _binary

Connect = Callable[[S3Access], S3Client]
CONTENT = b"what the camera saw"
SHUT = {401, 403, 404, 405}
GRPC = ("master_grpc", "volume_grpc", "filer_grpc", "s3_grpc", "admin_grpc")


@pytest.fixture
def settings(engines: Engines) -> Settings:
    return read_settings(engines._directory.settings)


@pytest.fixture
def key(addresses: Addresses, s3: Connect) -> str:
    key = f"master/{uuid.uuid4()}"
    s3(addresses.intake).put_object(
        Bucket=addresses.vault_bucket,
        Key=key,
        Body=CONTENT,
        ObjectLockMode="COMPLIANCE",
        ObjectLockRetainUntilDate=datetime.now(UTC) + timedelta(days=2),
    )
    return key


@pytest.fixture
def still_there(addresses: Addresses, s3: Connect, key: str) -> Callable[[], None]:
    def check() -> None:
        answer = s3(addresses.intake).get_object(Bucket=addresses.vault_bucket, Key=key)
        assert answer["Body"].read() == CONTENT

    return check


@pytest.fixture
def certified(engines: Engines) -> ssl.SSLContext:
    """Show the certificate by which the parts know each other, as no stranger can."""
    context = ssl.create_default_context(cafile=engines.addresses.intake.authority)
    node = engines._directory.weed
    context.load_cert_chain(node / "node.crt", node / "node.key")
    return context


def ask(port: int, path: str, method: str = "GET", *, as_whom: ssl.SSLContext | None = None) -> int:
    """Ask over TLS, as a stranger who believes any certificate; 0: nobody speaks with us."""
    context = as_whom or ssl._create_unverified_context()  # noqa: S323 - a stranger trusts anybody
    request = urllib.request.Request(f"https://127.0.0.1:{port}{path}", method=method)
    try:
        with urllib.request.urlopen(request, timeout=10, context=context) as answer:  # noqa: S310 - https
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code
    except OSError:
        return 0


def ask_plainly(port: int, path: str) -> int:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def file_id(engines: Engines, content: bytes) -> str:
    """Find the volume server's name for the newest piece of data that holds ``content``."""
    for volume in engines._directory.objects.glob("custos-vault_*.dat"):
        raw = volume.read_bytes()
        found = raw.rfind(content)
        if found > 0:
            # A needle is cookie (4 bytes), id (8), size (4), size of the data (4), data.
            cookie, needle = raw[found - 20 : found - 16], raw[found - 16 : found - 8]
            number = volume.stem.rpartition("_")[2]
            return f"{number},{needle.lstrip(bytes(1)).hex()}{cookie.hex()}"
    raise AssertionError("the object's bytes are in no volume")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/buckets/custos-vault/"),
        ("POST", "/etc/iam/identities/evil.json"),
        ("DELETE", "/buckets/custos-vault/{key}.versions?recursive=true"),
        ("DELETE", "/buckets/custos-vault?recursive=true&ignoreRecursiveError=true"),
    ],
)
def test_the_filer_answers_nobody_over_http(
    settings: Settings,
    key: str,
    certified: ssl.SSLContext,
    still_there: Callable[[], None],
    method: str,
    path: str,
) -> None:
    port, path = settings.ports["filer"], path.format(key=key)
    assert ask(port, path, method) == 0
    # Nor whoever had our certificate: HTTP is off there.
    assert ask(port, path, method, as_whom=certified) in SHUT
    still_there()


@pytest.mark.parametrize(
    "path",
    [
        "/dir/lookup?fileId=1,01",
        "/dir/assign",
        "/col/delete?collection=custos-vault",
        "/vol/vacuum?garbageThreshold=0.001",
        "/submit",
    ],
)
def test_the_master_hands_out_no_token_and_deletes_no_bucket(
    settings: Settings, certified: ssl.SSLContext, still_there: Callable[[], None], path: str
) -> None:
    assert ask(settings.ports["master"], path) == 0
    assert ask(settings.ports["master"], path, as_whom=certified) in SHUT
    still_there()


@pytest.mark.parametrize("method", ["GET", "DELETE", "POST"])
def test_the_volume_gives_and_takes_nothing_without_a_token(
    engines: Engines,
    settings: Settings,
    certified: ssl.SSLContext,
    still_there: Callable[[], None],
    method: str,
) -> None:
    name = file_id(engines, CONTENT)
    assert ask(settings.ports["volume"], f"/{name}", method) == 0
    assert ask(settings.ports["volume"], f"/{name}", method, as_whom=certified) == 401
    still_there()


def test_the_store_answers_no_stranger(addresses: Addresses, settings: Settings, key: str) -> None:
    port = settings.ports["s3"]
    for path in ("/", f"/{addresses.vault_bucket}/", f"/{addresses.vault_bucket}/{key}"):
        assert ask(port, path) == 403, path
        assert ask(port, path, "DELETE") in SHUT, path
    assert ask(settings.ports["admin"], "/") == 0


@pytest.mark.parametrize("part", ["s3", "volume", "filer", "master", "admin"])
def test_no_part_speaks_plainly(settings: Settings, part: str) -> None:
    """400: "Client sent an HTTP request to an HTTPS server", and nothing else."""
    for path in ("/", "/status", "/healthz"):
        assert ask_plainly(settings.ports[part], path) == 400


def test_the_administrators_shell_needs_our_certificate(
    engines: Engines, settings: Settings, still_there: Callable[[], None], tmp_path: Path
) -> None:
    port = settings.ports
    command = [
        _binary(),
        "shell",
        f"-master=127.0.0.1:{port['master']}.{port['master_grpc']}",
        f"-filer=127.0.0.1:{port['filer']}.{port['filer_grpc']}",
    ]
    shells: list[subprocess.Popen[bytes]] = []
    for words in (
        "fs.rm -r -f /buckets/custos-vault",
        "s3.configure -user=evil -access_key=e -secret_key=e -actions=Admin -apply",
        "lock\ncollection.delete -collection=custos-vault -apply\nunlock",
        "s3.bucket.delete -name=custos-vault",
    ):
        script = tmp_path / str(len(shells))
        script.write_text(words + "\n")
        with script.open() as source:
            environment = {"HOME": str(tmp_path), "TMPDIR": str(tmp_path)}
            shells.append(
                subprocess.Popen(
                    command,
                    cwd=tmp_path,
                    env=environment,
                    stdin=source,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                )
            )
    assert "custos-vault" in engines._weed.shell("s3.bucket.list")  # with it: at once
    for shell in shells:
        # Without it the shell asks again and again, until it is stopped.
        with pytest.raises(subprocess.TimeoutExpired):
            shell.wait(1)
        shell.kill()
        shell.wait()
    still_there()


def _shakes_hands(port: int, shown: NodeCertificate | None, keep: Path) -> bool:
    """Tell whether a gRPC server speaks to a caller who shows this certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])
    if shown is not None:
        (keep / "shown.pem").write_bytes(shown.certificate + shown.key)
        context.load_cert_chain(keep / "shown.pem")
    with socket.create_connection(("127.0.0.1", port), 10) as plain:
        try:
            with context.wrap_socket(plain) as secure:
                # With TLS 1.3 the refusal comes after the caller's half: instead of its settings.
                secure.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(3) + b"\4" + bytes(5))
                return bool(secure.recv(1))
        except (ssl.SSLError, ConnectionResetError):
            return False


@pytest.mark.parametrize("name", GRPC)
def test_no_part_speaks_to_a_caller_without_our_certificate(
    engines: Engines, settings: Settings, tmp_path: Path, name: str
) -> None:
    ports = dict(settings.ports, admin_grpc=settings.ports["admin"] + ADMIN_GRPC_OFFSET)
    configuration = engines._directory.weed
    ours = NodeCertificate(
        authority=b"",
        certificate=(configuration / "node.crt").read_bytes(),
        key=(configuration / "node.key").read_bytes(),
    )
    assert _shakes_hands(ports[name], ours, tmp_path)
    assert not _shakes_hands(ports[name], None, tmp_path)
    assert not _shakes_hands(ports[name], issue_node_certificate(datetime.now(UTC)), tmp_path)


def test_nothing_listens_but_on_the_loopback_interface(
    engines: Engines, settings: Settings
) -> None:
    assert engines._postgres.child.pid
    assert engines._weed.child.pid
    database = psutil.Process(engines._postgres.child.pid).net_connections("inet")
    assert [it.laddr for it in database if it.status == psutil.CONN_LISTEN] == []
    store = psutil.Process(engines._weed.child.pid).net_connections("inet")
    listening = {(it.laddr.ip, it.laddr.port) for it in store if it.status == psutil.CONN_LISTEN}
    assert listening <= {("127.0.0.1", port) for port in settings.listening()}
    assert ("127.0.0.1", settings.ports["s3"]) in listening


def test_the_store_reports_to_nobody(engines: Engines) -> None:
    assert engines._weed.child.pid
    outside = [
        it.raddr
        for it in psutil.Process(engines._weed.child.pid).net_connections("inet")
        if it.status != psutil.CONN_LISTEN and it.raddr.ip != "127.0.0.1"
    ]
    assert outside == []
    assert "-master.telemetry=false" in psutil.Process(engines._weed.child.pid).cmdline()
