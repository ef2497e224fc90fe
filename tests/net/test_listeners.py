"""Ports: new ones are bound beside the old, and the old are closed once the new serve."""

import pytest
from attrs import define, field
from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.defer import succeed

from shadowgate.errors import Position
from shadowgate.model import Listener
from shadowgate.net.listeners import Listeners
from shadowgate.plugin import Report


@define(eq=False)
class House:
    reactor: object
    names: list = field(factory=list)
    listeners: Listeners = field(init=False)

    def __attrs_post_init__(self):
        self.listeners = Listeners(self.reactor, lambda listener: self.names.append(listener.name))

    def open(self, *numbers):
        report = Report()
        self.listeners.open([listener(number) for number in numbers], report)
        return [f"{problem.position} {problem.path}: {problem.message}" for problem in report.problems]


def listener(number, name=""):
    return Listener(name or f"on-{number}", f"tcp:{number}", position=Position("gw.yaml", 3, 7))


@pytest.fixture
def house(new_reactor):
    return House(new_reactor())


def test_each_listener_is_bound_with_a_factory_of_its_name(house):
    assert house.open(80, 81) == []
    assert list(house.reactor.ports) == [80, 81]
    assert house.names == ["on-80", "on-81"]
    assert [name for name, _, _ in house.listeners.addresses] == ["on-80", "on-81"]
    assert len(house.listeners.ports()) == 2


def test_what_is_open_is_not_opened_again(house):
    house.open(80)
    assert house.open(80, 81) == []
    assert list(house.reactor.ports) == [80, 81]


def test_a_port_in_use_is_one_problem_that_says_where_it_was_asked_for(house):
    house.reactor.taken.add(80)
    assert house.open(80) == ["gw.yaml:3:7 listener on-80: cannot listen on tcp:80: Address already in use"]


def test_an_endpoint_that_nobody_understands_is_a_problem(house):
    report = Report()
    house.listeners.open([Listener("x", "tcpp:80")], report)
    assert report.failed
    assert report.problems[0].code == "SG0701"
    assert "tcpp" in str(report.problems[0])


def test_one_that_fails_rolls_back_what_was_bound_with_it_and_nothing_else(house):
    house.open(79)
    house.reactor.taken.add(81)
    assert len(house.open(79, 80, 81, 82)) == 1
    assert list(house.reactor.ports) == [79]
    assert [endpoint for _, endpoint, _ in house.listeners.addresses] == ["tcp:79"]


def test_after_a_failure_it_can_be_tried_again(house):
    house.reactor.taken.add(80)
    house.open(80)
    house.reactor.taken.remove(80)
    assert house.open(80) == []


def test_those_not_wanted_any_more_are_closed(house):
    house.open(80, 81)
    house.listeners.close_others([listener(81)])
    assert list(house.reactor.ports) == [81]


def test_closing_closes_all(house):
    house.open(80, 81)
    closed = []
    house.listeners.close().addCallback(closed.append)
    assert (house.reactor.ports, len(closed)) == ({}, 1)
    assert repr(house.listeners) == "<Listeners none>"


def test_after_the_end_nothing_is_opened_by_a_configuration_that_comes_late(house):
    house.open(80)
    house.listeners.close()
    assert house.open(80, 81) == []
    assert house.reactor.ports == {}


def test_a_socket_of_the_service_manager_is_not_taken_a_second_time():
    names = []
    listeners = Listeners(None, lambda listener: names.append(listener.name), bind=lambda key, factory: succeed(Port()))
    handed = Listener("web", "systemd:domain=INET:name=http")
    for expected in (), (handed.endpoint,):
        report = Report()
        listeners.open([handed], report)
        assert [problem.code for problem in report.problems] == ["SG0701"] * len(expected)
        assert all(expected[0] in problem.message and "once" in problem.message for problem in report.problems)
        listeners.close_others([])
    assert names == ["web"]


class Port:
    """A port that is open."""

    def stopListening(self):
        return None


def test_a_factory_is_made_for_the_listener_with_all_that_is_said_of_it(new_reactor):
    given = []
    declared = Listener("port 80", "tcp:8080", 80)
    Listeners(new_reactor(), given.append).open([declared], Report())
    assert given == [declared]


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        (IPv4Address("TCP", "127.0.0.1", 80), "127.0.0.1:80"),
        (IPv6Address("TCP", "::1", 80), "[::1]:80"),
        (UNIXAddress(b"/run/web"), "unix:/run/web"),
    ],
)
def test_an_address_is_shown_as_it_would_be_written(new_reactor, address, shown):
    class Port:
        backlog = 0

        def getHost(self):
            return address

    listeners = Listeners(new_reactor(), lambda listener: None, lambda key, factory: succeed(Port()))
    listeners.open([listener(80)], Report())
    assert listeners.addresses == (("on-80", "tcp:80", shown),)
