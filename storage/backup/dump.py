"""Adapter. A database written into one file and read back: pg_dump and pg_restore, as its owner.

The file is PostgreSQL's custom format, compressed. It holds tables, rows, indexes, triggers and who
may do what, and no role and no password: these belong to the engines, which have their own.
"""

import os
import subprocess
from pathlib import Path

from sqlalchemy import make_url

from storage.embedded.launch import launcher
from storage.embedded.postgres import binary
from storage.errors import StorageError

_SHOWN = 2000


def dump(owner_url: str, path: Path, *, snapshot: str) -> None:
    """Write what a snapshot of the database holds into a file that is not there yet.

    ``snapshot`` is exported by a transaction that is open until this returns.

    Raises:
        StorageError: it was not written whole; what is there of it is worth nothing.
    """
    _run("pg_dump", owner_url, "--format=custom", f"--snapshot={snapshot}", f"--file={path}")


def restore(owner_url: str, path: Path) -> None:
    """Read a dump back into an empty database, in one transaction: all of it, or nothing.

    Raises:
        StorageError: nothing was restored.
    """
    database = make_url(owner_url).database
    options = ("--single-transaction", "--exit-on-error", "--no-owner", f"--dbname={database}")
    _run("pg_restore", owner_url, *options, str(path))


def _run(tool: str, owner_url: str, *options: str) -> None:
    """Run one of PostgreSQL's tools to its end; it ends with us."""
    command = [*launcher(None), binary(tool), "--no-password", *options]
    try:
        done = subprocess.run(
            command,
            env=_environment(owner_url),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            check=False,
        )
    except OSError as error:
        raise StorageError(f"{tool} cannot be run: {error.strerror}") from error
    if done.returncode:
        said = _first_line(done.stderr.decode("utf-8", "replace"))
        raise StorageError(f"{tool} ended with code {done.returncode}: {said}")


def _first_line(said: str) -> str:
    """Return the first error: the lines after it may repeat a row's values."""
    lines = [line for line in said.splitlines() if line.strip()]
    return (lines[0] if lines else "it said nothing")[:_SHOWN]


def _environment(owner_url: str) -> dict[str, str]:
    """Say to libpq whom to ask, where nobody sees it: a command line is read by everybody."""
    url = make_url(owner_url)
    said = {
        "PGHOST": url.host,
        "PGPORT": str(url.port) if url.port else None,
        "PGUSER": url.username,
        "PGPASSWORD": url.password if url.password is None else str(url.password),
        "PGDATABASE": url.database,
    }
    names = {
        "host": "PGHOST",
        "port": "PGPORT",
        "sslmode": "PGSSLMODE",
        "sslrootcert": "PGSSLROOTCERT",
    }
    said |= {names[name]: str(value) for name, value in url.query.items() if name in names}
    known = {name: value for name, value in said.items() if value}
    return {"PATH": os.defpath, "LANG": "C", "TZ": "UTC", **known}
