"""What probes of variants ask: endpoints, names and files, each told once."""

import pytest
from attrs import define, field
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.error import ConnectionRefusedError
from twisted.internet.testing import MemoryReactorClock
from twisted.names import dns
from twisted.names.error import DNSNameError
from twisted.python.failure import Failure

from shadowgate.http.framing import WireLimits
from shadowgate.model import Endpoint, HealthCheck, Probe
from shadowgate.net.presence_probe import MOST_ENDPOINTS, PresenceProber
from shadowgate.testing import environment

CHECK = HealthCheck(timeout=2.0)
HTTP = HealthCheck(path="/version", timeout=2.0, expected_headers=(("X-Version", "v2"),))
HERE = Endpoint("10.0.0.1", 80)


@define(eq=False)
class Names:
    """A resolver that knows what a test says."""

    four: Deferred = field(factory=lambda: fail(DNSNameError()))
    six: Deferred = field(factory=lambda: fail(DNSNameError()))

    def lookupAddress(self, name):
        return self.four

    def lookupIPV6Address(self, name):
        return self.six

    def lookupService(self, name):
        raise AssertionError("nobody asks for services")


def records(*payloads):
    return succeed(([dns.RRHeader(b"v2.test", each.TYPE, payload=each) for each in payloads], [], []))


@define(eq=False)
class House:
    new_wire: type
    names: Names = field(factory=Names)
    reactor: MemoryReactorClock = field(factory=MemoryReactorClock)
    told: list = field(factory=list)

    def ask(self, probe, *endpoints):
        prober = PresenceProber(environment(self.reactor), WireLimits(), self.names)
        asking = prober(probe, endpoints, self.told.append)
        assert self.told == [], "nothing is told before it returns"
        self.reactor.advance(0)
        return asking

    def answer(self, number, data=None):
        factory = self.reactor.tcpClients[number][2]
        if data is None:
            factory.clientConnectionFailed(None, Failure(ConnectionRefusedError()))
            return
        protocol = factory.buildProtocol(None)
        protocol.makeConnection(self.new_wire())
        protocol.dataReceived(data)

    def quiet(self):
        return not self.reactor.getDelayedCalls()


@pytest.fixture
def house(new_wire):
    return House(new_wire)


def answer(status=200, *headers):
    lines = [b"HTTP/1.1 %d X" % status, *headers, b"Content-Length: 0", b"", b""]
    return b"\r\n".join(lines)


@pytest.mark.parametrize(
    ("data", "wrong"),
    [
        (answer(200, b"X-Version: v2"), ""),
        (answer(200, b"x-version: v1"), 'X-Version is "v1"'),
        (answer(200), "X-Version is missing"),
        (answer(503, b"X-Version: v2"), "status 503"),
    ],
)
def test_a_page_has_its_status_and_its_version(house, data, wrong):
    house.ask(Probe("http", HTTP, endpoint=HERE))
    house.answer(0, data)
    assert house.told == [wrong] and house.quiet()


def test_a_port_that_refuses_is_not_there(house):
    house.ask(Probe("tcp", CHECK, endpoint=HERE))
    house.answer(0)
    assert house.told == ["connect_refused"] and house.quiet()


def test_an_address_of_its_own_goes_before_the_clusters_endpoints(house):
    house.ask(Probe("tcp", CHECK, endpoint=HERE), Endpoint("10.0.0.2", 80))
    assert [client[0] for client in house.reactor.tcpClients] == ["10.0.0.1"]


def test_of_several_endpoints_one_that_is_well_is_enough(house):
    house.ask(Probe("tcp", CHECK), HERE, Endpoint("10.0.0.2", 80), Endpoint("10.0.0.3", 80))
    house.answer(0)
    assert house.told == []
    house.answer(1, b"")
    assert house.told == [""] and house.quiet(), "the third one is not waited for"


def test_when_none_is_well_the_last_reason_is_told(house):
    house.ask(Probe("tcp", CHECK), HERE, Endpoint("10.0.0.2", 80))
    house.answer(0)
    house.reactor.advance(2)
    assert house.told == ["no connection in time"] and house.quiet()


def test_no_more_than_so_many_endpoints_are_asked(house):
    house.ask(Probe("tcp", CHECK), *(Endpoint(f"10.0.1.{number}", 80) for number in range(MOST_ENDPOINTS + 5)))
    assert len(house.reactor.tcpClients) == MOST_ENDPOINTS


def test_without_an_endpoint_nobody_can_be_there(house):
    house.ask(Probe("tcp", CHECK))
    assert house.told == ["there is no endpoint to ask"] and house.quiet()


def test_a_name_is_there_with_an_address_of_either_kind(house):
    for house.names in (
        Names(records(dns.Record_A("10.0.0.1"))),
        Names(six=records(dns.Record_AAAA("::1"))),
        Names(records(dns.Record_CNAME(b"other.test")), records(dns.Record_AAAA("::1"))),
    ):
        house.told.clear()
        house.ask(Probe("dns", CHECK, target="v2.test"))
        assert house.told == [""] and house.quiet()


def test_a_name_without_an_address_is_not(house):
    house.names = Names(records(dns.Record_CNAME(b"other.test")))
    house.ask(Probe("dns", CHECK, target="v2.test"))
    assert house.told == ["it stands for no address"] and house.quiet()


def test_a_name_server_that_takes_too_long_is_not_waited_for(house):
    late = Deferred()
    house.names = Names(late)
    house.ask(Probe("dns", CHECK, target="v2.test"))
    house.reactor.advance(2)
    assert house.told == ["no answer in time"]
    late.callback(([], [], []))
    assert house.told == ["no answer in time"] and house.quiet()


def test_a_file_is_there_or_not(house, tmp_path):
    path = tmp_path / "ready"
    house.ask(Probe("file", CHECK, target=str(path)))
    path.touch()
    house.told, before = [], house.told
    house.ask(Probe("file", CHECK, target=str(path)))
    assert (before, house.told) == (["it does not exist"], [""]) and house.quiet()


def test_a_resolver_that_fails_badly_is_a_reason_as_well(house):
    class Broken(Names):
        def lookupAddress(self, name):
            raise ValueError("no servers")

    house.names = Broken()
    house.ask(Probe("dns", CHECK, target="v2.test"))
    assert house.told == ["no servers"] and house.quiet()


@pytest.mark.parametrize(
    "probe",
    [Probe("tcp", CHECK), Probe("tcp", CHECK, endpoint=HERE), Probe("dns", CHECK, target="a"), Probe("file", CHECK)],
    ids=["nobody", "tcp", "dns", "file"],
)
def test_a_cancelled_question_tells_nothing(house, probe):
    prober = PresenceProber(environment(house.reactor), WireLimits(), house.names)
    prober(probe, (), house.told.append).cancel()
    house.reactor.advance(0)
    house.names = Names(Deferred())
    asking = house.ask(probe, HERE)
    asking.cancel()
    house.reactor.advance(5)
    assert house.quiet() and (not house.told or probe.kind == "file")
