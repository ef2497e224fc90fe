"""As many connections as there may be, and those that came last."""

from twisted.internet.protocol import Factory, Protocol
from twisted.internet.testing import StringTransport

from shadowgate.admin.crowd import Crowd


class Transport(StringTransport):
    aborted = False

    def abortConnection(self):
        self.aborted = True


def come(crowd):
    protocol, transport = crowd.buildProtocol(None), Transport()
    protocol.makeConnection(transport)
    return protocol, transport


def test_the_oldest_makes_room_for_the_next():
    crowd = Crowd(Factory.forProtocol(Protocol), 2)
    (_, first), (_, second), (_, third), (_, fourth) = (come(crowd) for _ in range(4))
    assert [each.aborted for each in (first, second, third, fourth)] == [True, True, False, False]
    assert repr(crowd) == "<Crowd, 2 of at most 2 connections>"


def test_whoever_leaves_makes_room_as_well():
    crowd = Crowd(Factory.forProtocol(Protocol), 2)
    (one, _), (_, other) = come(crowd), come(crowd)
    one.connectionLost(None)
    come(crowd)
    assert not other.aborted


def test_whoever_was_closed_to_make_room_is_not_counted_when_it_is_gone():
    crowd = Crowd(Factory.forProtocol(Protocol), 1)
    (one, _), (_, other) = come(crowd), come(crowd)
    one.connectionLost(None)
    assert not other.aborted
    assert repr(crowd) == "<Crowd, 1 of at most 1 connections>"
