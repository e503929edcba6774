"""Ports of houses that start at the same moment are all different, or drawn from one block."""

import socket

import pytest

from storage.embedded.settings import PORT_NAMES, make_settings


def test_two_houses_that_draw_at_once_share_all_ports_or_none() -> None:
    drawn = [frozenset(make_settings().ports.values()) for _ in range(200)]
    assert all(len(ports) == len(PORT_NAMES) for ports in drawn)
    assert all(one == other or not one & other for one in drawn for other in drawn)
    assert len(set(drawn)) > 100


def test_a_block_with_a_port_that_somebody_has_is_not_drawn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    blocks = iter([7, 7, 8])
    monkeypatch.setattr("storage.embedded.settings.secrets.randbelow", lambda _: next(blocks))
    first = make_settings().ports
    with socket.create_server(("127.0.0.1", first["filer"])):
        second = make_settings().ports
    assert not {*first.values()} & {*second.values()}
    assert next(blocks, None) is None
