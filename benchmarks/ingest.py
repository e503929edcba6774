"""Edge. Ingest against a bare boto3 upload of the same file to the same SeaweedFS.

Ours hashes with SHA-256 and CRC-32 on the way, has the store compare every part and the whole,
and locks what it puts. The bar says what that may cost.
"""

import os
import secrets
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import boto3
from botocore.config import Config

from storage.embedded.addresses import Addresses
from storage.embedded.engines import Engines
from storage.objects.store import ObjectStore, Retention

MIB = 1024 * 1024
SIZE = 512 * MIB
ROUNDS = 5
BAR = 0.8


def run(addresses: Addresses) -> list[tuple[str, float, str]]:
    """Measure, and return name, ratio of median times (bare / ours) and the bar it must meet."""
    with tempfile.TemporaryDirectory(prefix="custos-bench-") as folder:
        clip = Path(folder) / "clip"
        _write_noise(clip)
        bare, ours = _bare(addresses), _ours(addresses)
        times: list[tuple[float, float]] = []
        for number in range(ROUNDS):
            times.append((_time(bare, clip), _time(ours, clip)))
            print(f"  round {number + 1}: bare {times[-1][0]:.2f} s, ours {times[-1][1]:.2f} s")
    ratio = median(first for first, _ in times) / median(second for _, second in times)
    return [(f"ingest of {SIZE // MIB} MiB, bare boto3 / ours", ratio, f">= {BAR}")]


def _write_noise(path: Path) -> None:
    with path.open("wb") as file:
        for _ in range(SIZE // MIB):
            file.write(os.urandom(MIB))


def _bare(addresses: Addresses) -> Callable[[Path], None]:
    access = addresses.intake
    client = boto3.client(
        "s3",
        endpoint_url=access.endpoint,
        region_name=access.region,
        aws_access_key_id=access.access_key,
        aws_secret_access_key=access.secret_key,
        verify=access.authority or None,
        config=Config(s3={"addressing_style": "path"}),
    )

    def put(clip: Path) -> None:
        with clip.open("rb") as file:
            client.upload_fileobj(file, addresses.vault_bucket, f"bench/{secrets.token_hex(16)}")

    return put


def _ours(addresses: Addresses) -> Callable[[Path], None]:
    store = ObjectStore(
        addresses.intake,
        addresses.vault_bucket,
        retention=Retention(days=1),
        clock=lambda: datetime.now(UTC),
    )

    def put(clip: Path) -> None:
        with clip.open("rb") as file:
            store.put_stream(f"bench/{secrets.token_hex(16)}", file, size=SIZE)

    return put


def _time(put: Callable[[Path], None], clip: Path) -> float:
    begun = time.perf_counter()
    put(clip)
    return time.perf_counter() - begun


def main() -> int:
    """Start engines of its own, measure, print, and say by the exit code whether the bar is met."""
    with (
        tempfile.TemporaryDirectory(prefix="custos-bench-") as data,
        Engines.start(Path(data)) as engines,
    ):
        results = run(engines.addresses)
    for name, ratio, bar in results:
        print(f"{name}: {ratio:.2f} (bar {bar})")
    return 0 if all(ratio >= BAR for _, ratio, _ in results) else 1


if __name__ == "__main__":
    sys.exit(main())
