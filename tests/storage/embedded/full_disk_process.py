"""Engines on a small disk that fills up: `python -m tests.storage.embedded.full_disk_process DISK`.

Prints one line for each thing that was seen; ends with 0 when all was as it must be.
"""

import os
import signal
import sys
import time
from pathlib import Path

import boto3
from sqlalchemy import create_engine, text

from storage import room
from storage.embedded import reserve
from storage.embedded.engines import ROOM, Engines
from storage.embedded.settings import Settings
from storage.embedded.weed import files, server
from storage.errors import NoRoomError

SMALL = 64 << 20
PATIENCE_S = 240


def fill(disk: Path) -> None:
    """Take all room that there is, to the last page."""
    with (disk / "filler").open("ab", buffering=0) as filler:
        for size in (1 << 20, 4096):
            while True:
                try:
                    if filler.write(b"\1" * size) < size:
                        break
                except OSError:
                    break


def small_volumes(weed: str, settings: Settings, sockets: Path) -> list[str]:
    """Let the store share a small disk among volumes, as it does a large one."""
    whole = "-master.volumeSizeLimitMB="
    line = files.command_line(weed, settings, sockets)
    return [f"{whole}16" if word.startswith(whole) else word for word in line]


def until_well(engines: Engines) -> None:
    """Mend as the supervisor does, until both engines answer."""
    deadline = time.monotonic() + PATIENCE_S
    while set(engines.health().values()) != {"ok"}:
        assert time.monotonic() < deadline, engines.health()
        engines.mend()
        time.sleep(0.2)


def main(disk: Path) -> None:
    room.KEPT = reserve.KEPT = SMALL  # type: ignore[attr-defined]
    server.command_line = small_volumes  # type: ignore[attr-defined]
    with Engines.start(disk / "data", say=print) as engines:
        database = create_engine(engines.addresses.owner_url)
        access = engines.addresses.intake
        store = boto3.client(
            "s3",
            endpoint_url=access.endpoint,
            region_name=access.region,
            aws_access_key_id=access.access_key,
            aws_secret_access_key=access.secret_key,
            verify=access.authority,
        )
        with database.begin() as session:
            session.execute(text("CREATE TABLE kept (n integer)"))
            session.execute(text("INSERT INTO kept SELECT generate_series(1, 100)"))
        vault = engines.addresses.vault_bucket
        store.put_object(Bucket=vault, Key="kept", Body=b"footage" * 1000)
        assert (disk / "data" / "reserve").exists()
        fill(disk)
        try:
            room.Room(disk / "data").require(1)
        except NoRoomError as error:
            sys.stdout.write(f"intake: {error}\n")
        else:
            raise AssertionError("there is no room, and intake goes on")
        assert engines.mend() == ()
        assert not (disk / "data" / "reserve").exists()
        for child in (engines._postgres.child, engines._weed.child):
            assert child.pid is not None
            os.kill(child.pid, signal.SIGKILL)
        until_well(engines)
        database.dispose()  # its connections ended with the server
        with database.begin() as session:
            assert session.execute(text("SELECT sum(n) FROM kept")).scalar() == 5050
            session.execute(text("INSERT INTO kept VALUES (101)"))  # a revocation, say
        found = store.get_object(Bucket=vault, Key="kept")["Body"].read()
        assert found == b"footage" * 1000
        sys.stdout.write("both engines were killed on the full disk, and work\n")
        (disk / "filler").unlink()
        assert engines.mend() == (ROOM,)
        assert (disk / "data" / "reserve").exists()
        room.Room(disk / "data").require(1)
        sys.stdout.write("there is room again\n")
        database.dispose()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
