"""Asking a client that has closed its side whether it is still there."""

import errno
import socket

import pytest
from attrs import define, field
from twisted.internet.task import Clock

from shadowgate.net.half_closed import ASK, REPLY_SECONDS, ask


@define
class Outbox:
    written: bytes = b""

    def write(self, data):
        self.written += data


@define
class Socket:
    error: int = 0
    options: dict = field(factory=dict)
    family: int = socket.AF_INET

    def fileno(self):
        return 3

    def setsockopt(self, level, name, value):
        self.options[name] = value

    def getsockopt(self, level, name):
        assert (level, name) == (socket.SOL_SOCKET, socket.SO_ERROR)
        return self.error


@define
class Transport:
    socket: object


@pytest.fixture
def asked():
    """Ask over a transport; return what was written, and whether it turned out that nobody is there."""

    def asked(transport):
        clock, outbox, gone = Clock(), Outbox(), []
        ask(transport, outbox, clock, lambda: gone.append(True))
        assert gone == []
        clock.advance(REPLY_SECONDS)
        return outbox.written, bool(gone)

    return asked


def test_one_that_only_listens_is_there(asked):
    assert asked(Transport(Socket())) == (ASK, False)


def test_one_that_has_reset_the_connection_is_gone(asked):
    assert asked(Transport(Socket(errno.EPIPE))) == (ASK, True)


def test_of_one_that_was_closed_meanwhile_nothing_is_asked(asked, closed_socket):
    assert asked(Transport(closed_socket)) == (ASK, False)


def test_what_is_no_socket_cannot_tell(asked):
    assert asked(object()) == (ASK, False)


def test_whoever_cannot_be_sent_anything_is_left_to_the_systems_probes():
    clock, its = Clock(), Socket(errno.EPIPE)
    ask(Transport(its), None, clock, pytest.fail)
    assert clock.getDelayedCalls() == []
    assert its.options[socket.SO_KEEPALIVE] == 1


def test_a_unix_socket_has_nothing_to_probe():
    its = Socket(family=socket.AF_UNIX)
    ask(Transport(its), None, Clock(), pytest.fail)
    assert its.options == {}
