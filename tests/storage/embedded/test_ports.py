"""A house has its ports to itself from the moment it draws them."""

import socket
from pathlib import Path

import pytest

from storage.embedded.directory import DataDirectory
from storage.embedded.engines import Engines
from storage.embedded.settings import PORT_NAMES, HeldPorts, is_free, read_settings


def test_houses_that_draw_at_once_share_no_port() -> None:
    held = [HeldPorts() for _ in range(50)]
    try:
        drawn = [port for ports in held for port in ports.ports.values()]
        assert len(drawn) == len(set(drawn)) == 50 * len(PORT_NAMES)
    finally:
        for ports in held:
            ports.let_go()


def test_a_block_with_a_port_that_somebody_has_is_not_drawn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    blocks = iter([7, 7, 8])
    monkeypatch.setattr("storage.embedded.settings.secrets.randbelow", lambda _: next(blocks))
    first = HeldPorts()
    first.let_go()
    with socket.create_server(("127.0.0.1", first.ports["filer"])):
        second = HeldPorts()
    second.let_go()
    assert not {*first.ports.values()} & {*second.ports.values()}
    assert next(blocks, None) is None
    assert all(is_free(port) for port in first.ports.values())


def test_nobody_takes_a_port_while_the_first_start_makes_the_database(tmp_path: Path) -> None:
    directory = DataDirectory(tmp_path / "data")
    directory.take()
    engines = Engines(directory, lambda _: None)
    ports = read_settings(directory.settings).listening()
    assert not any(is_free(port) for port in ports)
    engines.stop()
    assert all(is_free(port) for port in ports)
