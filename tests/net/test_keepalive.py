"""TCP keep-alive: what the kernel is told."""

import socket

import pytest

from shadowgate.model import TcpKeepalive
from shadowgate.net.keepalive import keep_alive


class Handle:
    """A socket that remembers its options."""

    def __init__(self, family):
        self.family = family
        self.options = {}

    def setsockopt(self, level, option, value):
        self.options[level, option] = value


class Transport:
    def __init__(self, family=socket.AF_INET):
        self.handle = Handle(family)

    def getHandle(self):
        return self.handle


def said(keepalive, family=socket.AF_INET):
    transport = Transport(family)
    keep_alive(transport, keepalive)
    return transport.handle.options


ON = {(socket.SOL_SOCKET, socket.SO_KEEPALIVE): 1}


def test_all_three_numbers_are_set_in_whole_seconds_and_one_at_least():
    assert said(TcpKeepalive(probes=3, time=60.5, interval=0.001)) == {
        **ON,
        (socket.IPPROTO_TCP, socket.TCP_KEEPCNT): 3,
        (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE): 61,
        (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL): 1,
    }


def test_what_is_not_said_stays_the_systems_own():
    assert said(TcpKeepalive(), socket.AF_INET6) == ON


def test_an_option_that_the_system_does_not_have_is_passed_over(monkeypatch):
    monkeypatch.delattr(socket, "TCP_KEEPIDLE")
    assert said(TcpKeepalive(time=60)) == ON


@pytest.mark.parametrize("transport", [Transport(socket.AF_UNIX), object()])
def test_what_is_no_tcp_connection_is_left_alone(transport):
    keep_alive(transport, TcpKeepalive(probes=3))
    assert getattr(transport, "handle", Handle(0)).options == {}
