"""Edge. The ports that people come to: bound once by the supervisor, and handed on.

They stay ours while the process behind one is dead and started again: whoever connects meanwhile
waits, and nobody else on this machine can take the port (docs/adr/0017-doors.md).
"""

import socket
from collections.abc import Mapping, Sequence

from api.demonstration.standins import HOST, KEPT, ensure_ports
from api.running.processes import STAND_INS
from api.running.serving import listen_at
from api.settings.facts import Settings


class Doors:
    """The listening sockets of one supervisor, by the process that they belong to."""

    def __init__(self) -> None:
        self._open: dict[str, tuple[socket.socket, ...]] = {}

    def open_web(self, settings: Settings) -> None:
        """Take the port of the pages.

        Raises:
            SettingsError: somebody else has it.
        """
        words = "name another one with --port, or CUSTOS_PORT"
        self._open["web"] = (listen_at(settings.host, settings.port, words),)

    def open_stand_ins(self, settings: Settings) -> None:
        """Take the ports of the demonstration's stand-ins, in the order of `Ports`.

        Raises:
            SettingsError: somebody else has one; the file that names it is damaged.
        """
        ports = ensure_ports(settings.data)
        words = (
            "stop the program that has it, or remove "
            f"{settings.data / KEPT}: the next start chooses another one"
        )
        for port in (ports.sign_in, ports.mail, ports.payments):
            # Each kept at once, so that `close` finds it if the next one is taken.
            opened = self._open.get(STAND_INS, ())
            self._open[STAND_INS] = (*opened, listen_at(HOST, port, words))

    def of(self, process: str) -> Sequence[int]:
        """Return the numbers of the sockets that ``process`` must be handed."""
        return [door.fileno() for door in self._open.get(process, ())]

    def close(self) -> None:
        """Give every port back. May be called twice."""
        opened: Mapping[str, tuple[socket.socket, ...]] = self._open
        self._open = {}
        for doors in opened.values():
            for door in doors:
                door.close()
