"""Health checks on the wire, against a reactor that only remembers."""

import pytest
from attrs import define, field
from twisted.internet.error import ConnectionDone, ConnectionRefusedError
from twisted.internet.testing import MemoryReactorClock
from twisted.python.failure import Failure

from shadowgate.http.framing import WireLimits
from shadowgate.model import Endpoint, HealthCheck
from shadowgate.net.probe import Prober

HTTP = HealthCheck(path="/healthz", timeout=2.0)
TCP = HealthCheck(timeout=2.0)
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@define(eq=False)
class House:
    new_wire: type
    reactor: MemoryReactorClock = field(factory=MemoryReactorClock)
    told: list = field(factory=list)
    wire: object = None
    protocol: object = None

    def probe(self, check=HTTP, endpoint=None):
        probe = Prober(self.reactor, WireLimits())(endpoint or Endpoint("10.0.0.1", 80), check, self.told.append)
        assert self.told == [] and not self.reactor.tcpClients, "nothing happens before it returns"
        self.reactor.advance(0)
        return probe

    def accept(self):
        factory = self.reactor.tcpClients[-1][2]
        self.protocol, self.wire = factory.buildProtocol(None), self.new_wire()
        self.protocol.makeConnection(self.wire)

    def answer(self, data):
        self.accept()
        self.protocol.dataReceived(data)

    def over(self):
        """Whether nothing is left: no call, no connection."""
        return not self.reactor.getDelayedCalls() and (self.wire is None or self.wire.state != "open")


@pytest.fixture
def house(new_wire):
    return House(new_wire)


def test_a_page_is_asked_for_on_a_connection_of_its_own(house):
    house.probe()
    assert house.reactor.tcpClients[-1][:2] == ("10.0.0.1", 80)
    house.accept()
    assert house.wire.take() == (
        b"GET /healthz HTTP/1.1\r\nHost: 10.0.0.1:80\r\nUser-Agent: shadowgate-health-check\r\n\r\n"
    )
    house.protocol.dataReceived(OK)
    assert house.told == [""] and house.over() and house.wire.state == "closed"


def test_host_port_and_headers_can_be_said(house):
    house.probe(HealthCheck(path="/", host="shop.test", headers=(("x-probe", "1"),), port=8081))
    assert house.reactor.tcpClients[-1][:2] == ("10.0.0.1", 8081)
    house.accept()
    sent = house.wire.take()
    assert b"\r\nHost: shop.test\r\n" in sent and b"\r\nx-probe: 1\r\n" in sent


def test_an_answer_with_another_status_is_a_bad_one(house):
    house.probe()
    house.answer(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n")
    assert house.told == ["status 503"] and house.over()


def test_statuses_that_are_good_can_be_said(house):
    house.probe(HealthCheck(path="/", expected=((404, 404),)))
    house.answer(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
    assert house.told == [""]


def test_the_status_is_enough_and_a_long_body_is_not_read(house):
    house.probe()
    house.answer(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nxxx")
    assert house.told == [""] and house.over() and house.wire.state == "aborted"


def test_interim_answers_are_not_the_answer(house):
    house.probe()
    house.answer(b"HTTP/1.1 102 Processing\r\n\r\n")
    assert house.told == []
    house.protocol.dataReceived(OK)
    assert house.told == [""]


def test_what_is_no_http_is_a_bad_answer(house):
    house.probe()
    house.answer(b"SSH-2.0\r\n\r\n")
    assert house.told == ["bad_answer"] and house.over()


def test_a_connection_that_ends_without_an_answer_is_bad(house):
    house.probe()
    house.accept()
    house.protocol.connectionLost(Failure(ConnectionDone()))
    assert house.told == ["upstream_closed"]


@pytest.mark.parametrize("check", [HTTP, TCP])
def test_a_connection_that_cannot_be_made_is_bad(house, check):
    house.probe(check)
    factory = house.reactor.tcpClients[-1][2]
    factory.clientConnectionFailed(None, Failure(ConnectionRefusedError()))
    assert house.told == ["connect_refused"] and house.over()


def test_over_tcp_a_connection_is_enough_and_is_closed_politely(house):
    house.probe(TCP)
    house.accept()
    assert (house.told, house.wire.take(), house.wire.state) == ([""], b"", "closed")
    assert house.over()


def test_connection_and_answer_have_one_time_together(house):
    house.probe()
    house.reactor.advance(1.5)
    house.accept()
    house.reactor.advance(0.5)
    assert house.told == ["no answer in time"] and house.over() and house.wire.state == "aborted"


def test_a_connection_that_takes_too_long_is_given_up(house):
    house.probe(TCP)
    connector = house.reactor.connectors[-1]
    house.reactor.advance(2)
    assert house.told == ["no connection in time"]
    assert connector.stoppedConnecting
    assert house.over()


@pytest.mark.parametrize("when", ["before it starts", "connecting", "asking"])
def test_a_probe_that_is_cancelled_tells_nothing_and_leaves_nothing(house, when):
    if when == "before it starts":
        Prober(house.reactor, WireLimits())(Endpoint("10.0.0.1", 80), HTTP, house.told.append).cancel()
    else:
        probe = house.probe()
        if when == "asking":
            house.accept()
        probe.cancel()
    house.reactor.advance(5)
    assert house.told == [] and house.over()


def test_a_unix_socket_is_asked_as_localhost(house):
    house.probe(endpoint=Endpoint("unix:/run/api"))
    address, factory = house.reactor.unixClients[-1][:2]
    house.protocol, house.wire = factory.buildProtocol(None), house.new_wire()
    house.protocol.makeConnection(house.wire)
    assert address == "/run/api" and b"\r\nHost: localhost\r\n" in house.wire.take()


def test_it_says_what_it_does(house):
    probe = house.probe()
    assert repr(probe) == "<WireProbe 10.0.0.1:80, under way>"
    probe.cancel()
    assert repr(probe) == "<WireProbe 10.0.0.1:80, over>"
