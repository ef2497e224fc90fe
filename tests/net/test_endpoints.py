"""How endpoints are reached."""

import pytest
from twisted.internet.endpoints import HostnameEndpoint
from twisted.internet.error import DNSLookupError
from twisted.internet.protocol import Factory

from shadowgate.model import Endpoint
from shadowgate.net.endpoints import reach


@pytest.mark.parametrize(("timeout", "seconds"), [(2.5, 2.5), (0, 3600)])
@pytest.mark.parametrize("address", ["10.0.0.1", "2001:db8::1"])
def test_an_address_is_dialled_as_it_is(new_reactor, address, timeout, seconds):
    reactor = new_reactor()
    reach(reactor, Endpoint(address, 80), names=False)(timeout).connect(Factory())
    assert [(host, port, wait) for host, port, _, wait, _ in reactor.tcpClients] == [(address, 80, seconds)]


@pytest.mark.parametrize("address", ["unix:/run/api", "unix:///run/api"])
def test_a_socket_in_the_file_system_is_dialled_by_its_path(new_reactor, address):
    reactor = new_reactor()
    reach(reactor, Endpoint(address))(2).connect(Factory())
    assert [(path, wait) for path, _, wait, _ in reactor.unixClients] == [("/run/api", 2)]


def test_a_name_is_the_systems_to_look_up(new_reactor):
    assert isinstance(reach(new_reactor(), Endpoint("api.test", 80))(2), HostnameEndpoint)


def test_a_name_that_may_not_be_looked_up_fails_in_the_next_turn(new_reactor):
    reactor, failures = new_reactor(), []
    reach(reactor, Endpoint("api.test", 80), names=False)(2).connect(Factory()).addErrback(failures.append)
    assert failures == []
    reactor.settle()
    assert [failure.type for failure in failures] == [DNSLookupError]
    assert "api.test" in failures[0].getErrorMessage()
