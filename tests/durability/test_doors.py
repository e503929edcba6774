"""The ports that people come to stay ours: while processes are killed, and while they come back."""

import signal
import socket
from pathlib import Path

import httpx
import psutil
import pytest

from api.demonstration.standins import HOST, Ports, ensure_ports, read_ports
from api.running.doors import Doors
from api.running.processes import STAND_INS
from api.settings.environment import read_settings
from api.settings.errors import SettingsError
from tests.durability.ups import Up
from tests.polling import poll
from tests.servers import free_port


def process(up: Up, name: str) -> psutil.Process:
    """Return the process of this name that `custos up` started."""
    for child in psutil.Process(up.process.pid).children():
        words = child.cmdline()
        if words[1:4] == ["-m", "api.running.processes", name]:
            return child
    raise AssertionError(f"no process {name} runs")


def runs_again(up: Up, name: str, killed: psutil.Process) -> bool:
    try:
        return process(up, name).pid != killed.pid
    except (AssertionError, psutil.NoSuchProcess):
        return False


def refused(port: int) -> bool:
    """Try to take a port, by every way that another user of this machine has."""
    for option in (None, socket.SO_REUSEADDR, socket.SO_REUSEPORT):
        for host in (HOST, "0.0.0.0"):  # noqa: S104 - whoever steals a port takes every address
            with socket.socket() as thief:
                if option is not None:
                    thief.setsockopt(socket.SOL_SOCKET, option, 1)
                try:
                    thief.bind((host, port))
                    thief.listen()
                except OSError:
                    continue
                return False
    return True


@pytest.mark.parametrize(
    ("name", "which"), [("web", "web"), (STAND_INS, "sign_in"), (STAND_INS, "mail")]
)
def test_nobody_takes_the_port_of_a_process_that_was_killed(up: Up, name: str, which: str) -> None:
    ports = read_ports(up.data)
    port = up.settings.port if which == "web" else getattr(ports, which)
    killed = process(up, name)
    killed.send_signal(signal.SIGSTOP)
    assert refused(port)
    killed.kill()

    def comes_back() -> bool:
        assert refused(port), "for a moment the port was free"
        return runs_again(up, name, killed)

    poll(comes_back)
    assert refused(port)


def test_who_asks_while_the_web_process_is_away_waits_for_the_next_one(up: Up) -> None:
    killed = process(up, "web")
    killed.kill()
    poll(lambda: not psutil.pid_exists(killed.pid) or killed.status() == psutil.STATUS_ZOMBIE)
    answer = httpx.get(f"http://127.0.0.1:{up.settings.port}/healthz", timeout=60)
    assert answer.json() == {"web": "ok"}
    assert runs_again(up, "web", killed)


def test_no_engine_and_no_other_process_holds_a_door(up: Up) -> None:
    """Whoever held one could answer at it."""
    listeners = {"web": {up.settings.port}, STAND_INS: {*vars_of(read_ports(up.data))}}
    poll(lambda: all(process(up, name) for name in ("web", "worker", "sequencer", STAND_INS)))
    ours = {up.settings.port, *vars_of(read_ports(up.data))}
    for child in psutil.Process(up.process.pid).children(recursive=True):
        words = child.cmdline()
        name = words[3] if words[2:3] == ["api.running.processes"] else ""
        held = {
            one.laddr.port
            for one in child.net_connections("inet")
            if one.status == psutil.CONN_LISTEN
        }
        assert held & ours == listeners.get(name, set()), words


def vars_of(ports: Ports) -> tuple[int, ...]:
    return ports.sign_in, ports.mail, ports.payments


def test_a_house_that_was_killed_has_its_doors_again_at_once(up: Up) -> None:
    before = process(up, "web")
    up.kill()
    up.start()
    assert httpx.get(f"http://127.0.0.1:{up.settings.port}/healthz", timeout=60).is_success
    assert not psutil.pid_exists(before.pid) or before.status() == psutil.STATUS_ZOMBIE


def test_a_web_port_that_is_taken_is_a_sentence(tmp_path: Path) -> None:
    doors = Doors()
    with socket.create_server((HOST, 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SettingsError, match=f"port {port} on 127.0.0.1 cannot be used.*--port"):
            doors.open_web(read_settings({}, data=tmp_path, port=port))
    assert doors.of("web") == []


@pytest.mark.parametrize("which", ["sign_in", "mail", "payments"])
def test_a_stand_ins_port_that_is_taken_is_a_sentence(tmp_path: Path, which: str) -> None:
    settings, doors = read_settings({}, data=tmp_path, port=free_port()), Doors()
    ports = ensure_ports(tmp_path)
    with (
        socket.create_server((HOST, getattr(ports, which))),
        pytest.raises(SettingsError, match=rf"{getattr(ports, which)} on .*standins\.json"),
    ):
        doors.open_stand_ins(settings)
    doors.close()
    doors.open_stand_ins(settings)  # nothing of the first try is left
    assert len(doors.of(STAND_INS)) == 3
    doors.close()
    doors.close()
    socket.create_server((HOST, ports.sign_in)).close()
