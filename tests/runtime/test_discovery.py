"""What names stand for: address and service records, the lifetimes of answers, and resolvers that fail."""

import pytest
from attrs import define, field
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import Clock
from twisted.logger import LogLevel, globalLogPublisher
from twisted.names import dns
from twisted.names.error import DNSNameError, DNSQueryTimeoutError

from shadowgate.model import Endpoint
from shadowgate.runtime.discovery import AFTER_FAILURE, LONGEST, SHORTEST, Discovery, is_name

KINDS = {"A": dns.Record_A, "AAAA": dns.Record_AAAA, "CNAME": dns.Record_CNAME}


def record(kind, value, ttl=30, *rest):
    payload = dns.Record_SRV(*rest, value) if kind == "SRV" else KINDS[kind](value)
    return dns.RRHeader("name", payload.TYPE, ttl=ttl, payload=payload)


def srv(target, priority=0, weight=1, port=8080, ttl=30):
    return record("SRV", target, ttl, priority, weight, port)


@define(eq=False)
class FakeResolver:
    """Answers from ``zone`` by name and kind: records, an exception, or a Deferred; ``asked`` keeps the questions."""

    zone: dict = field(factory=dict)
    asked: list = field(factory=list)

    def _look_up(self, name, kind):
        self.asked.append(f"{name} {kind}")
        answer = self.zone.get((name, kind), DNSNameError("no such name"))
        if isinstance(answer, Deferred):
            return answer
        if isinstance(answer, Exception):
            return fail(answer)
        return succeed((answer, [], []))

    def lookupAddress(self, name):
        return self._look_up(name, "A")

    def lookupIPV6Address(self, name):
        return self._look_up(name, "AAAA")

    def lookupService(self, name):
        return self._look_up(name, "SRV")


@define(eq=False)
class Looking:
    """A discovery of one endpoint, its resolver and its clock; ``changes`` counts what its watcher was told."""

    endpoint: Endpoint = field(factory=lambda: Endpoint("api.test", 80))
    service: bool = False
    resolver: FakeResolver = field(factory=FakeResolver)
    clock: Clock = field(factory=Clock)
    changes: int = 0
    discovery: Discovery = field(init=False)

    def __attrs_post_init__(self):
        self.discovery = Discovery(self.endpoint, self.service, self.resolver, self.clock)

    def answer(self, kind, *records, name=None):
        self.resolver.zone[name or self.endpoint.address, kind] = list(records)

    def fails(self, kind, wrong=None, name=None):
        self.resolver.zone[name or self.endpoint.address, kind] = wrong or DNSNameError("no such name")

    def changed(self):
        self.changes += 1

    def watch(self):
        self.discovery.watch(self.changed)
        return self

    @property
    def found(self):
        return [str(endpoint) for endpoint in self.discovery.endpoints]

    def asks_after(self, seconds):
        """Whether the next question comes after so many seconds and not before."""
        before = len(self.resolver.asked)
        self.clock.advance(seconds - 0.01)
        early = len(self.resolver.asked) > before
        self.clock.advance(0.02)
        return not early and len(self.resolver.asked) > before


@pytest.fixture
def it():
    return Looking()


@pytest.fixture
def service():
    return Looking(Endpoint("_http._tcp.api.test", labels={"v": "1"}, locality="eu"), service=True)


@pytest.fixture
def logged():
    events = []
    globalLogPublisher.addObserver(events.append)
    yield lambda level: [event for event in events if event["log_level"] is level]
    globalLogPublisher.removeObserver(events.append)


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("api.test", True),
        ("localhost", True),
        ("_http._tcp.api.test", True),
        ("10.0.0.1", False),
        ("::1", False),
        ("unix:/run/api", False),
    ],
)
def test_a_name_is_what_has_to_be_looked_up(address, name):
    assert is_name(address) is name


# Address records


def test_before_the_first_answer_the_name_itself_is_the_endpoint(it):
    it.resolver.zone["api.test", "A"] = Deferred()
    assert it.watch().found == ["api.test:80"]
    assert it.changes == 0


def test_nothing_is_asked_until_somebody_watches(it):
    it.clock.advance(1000)
    assert not it.resolver.asked


def test_every_address_is_an_endpoint_like_the_named_one():
    it = Looking(Endpoint("api.test", 80, {"v": "1"}, 3, "eu/north"))
    it.answer("A", record("A", "10.0.0.2"), record("A", "10.0.0.1"))
    it.watch()
    assert it.discovery.endpoints == (
        Endpoint("10.0.0.1", 80, {"v": "1"}, 3, "eu/north"),
        Endpoint("10.0.0.2", 80, {"v": "1"}, 3, "eu/north"),
    )
    assert it.changes == 1


def test_an_address_that_stands_twice_is_one_endpoint(it):
    it.answer("A", record("A", "10.0.0.1"), record("A", "10.0.0.1"))
    assert it.watch().found == ["10.0.0.1:80"]


def test_where_there_are_ipv4_addresses_nobody_asks_for_others(it):
    it.answer("A", record("A", "127.0.0.1"))
    it.answer("AAAA", record("AAAA", "::1"))
    assert it.watch().found == ["127.0.0.1:80"]
    assert it.resolver.asked == ["api.test A"]


@pytest.mark.parametrize("four", [[], DNSNameError(), DNSQueryTimeoutError(1)], ids=["none", "no name", "no answer"])
def test_ipv6_addresses_are_taken_where_there_are_no_others(it, four):
    it.resolver.zone["api.test", "A"] = four
    it.answer("AAAA", record("AAAA", "2001:db8::1"))
    assert it.watch().found == ["[2001:db8::1]:80"]


def test_records_of_another_kind_are_no_addresses(it):
    it.answer("A", record("CNAME", "other.test"), record("A", "10.0.0.1"))
    assert it.watch().found == ["10.0.0.1:80"]


# Lifetimes


def test_it_asks_again_when_the_first_address_is_too_old(it):
    it.answer("A", record("A", "10.0.0.1", ttl=60), record("A", "10.0.0.2", ttl=20))
    it.watch()
    assert it.asks_after(20)


def test_an_alias_may_be_shorter_lived_than_its_address(it):
    it.answer("A", record("CNAME", "other.test", ttl=5), record("A", "10.0.0.1", ttl=3600))
    it.watch()
    assert it.asks_after(5)


@pytest.mark.parametrize(("ttl", "seconds"), [(0, SHORTEST), (86_400, LONGEST)])
def test_a_lifetime_has_bounds(it, ttl, seconds):
    it.answer("A", record("A", "10.0.0.1", ttl=ttl))
    it.watch()
    assert it.asks_after(seconds)


def test_changes_are_followed_and_told(it):
    it.answer("A", record("A", "10.0.0.1"))
    it.watch()
    it.answer("A", record("A", "10.0.0.2"), record("A", "10.0.0.3"))
    it.clock.advance(30)
    assert it.found == ["10.0.0.2:80", "10.0.0.3:80"]
    assert it.changes == 2


def test_the_same_addresses_in_another_order_are_no_change(it):
    it.answer("A", record("A", "10.0.0.1"), record("A", "10.0.0.2"))
    it.watch()
    it.answer("A", record("A", "10.0.0.2"), record("A", "10.0.0.1"))
    it.clock.advance(30)
    assert it.changes == 1
    assert it.asks_after(30)


# Failures


def test_a_failure_keeps_the_last_answer_and_asks_again_soon(it):
    it.answer("A", record("A", "10.0.0.1"))
    it.watch()
    it.fails("A", DNSQueryTimeoutError(1))
    it.clock.advance(30)
    assert it.found == ["10.0.0.1:80"]
    assert it.changes == 1
    it.answer("A", record("A", "10.0.0.2"))
    assert it.asks_after(AFTER_FAILURE)
    assert it.found == ["10.0.0.2:80"]


def test_an_answer_without_addresses_is_a_failure(it):
    it.answer("A", record("A", "10.0.0.1"))
    it.watch()
    it.answer("A")
    it.clock.advance(30)
    assert it.found == ["10.0.0.1:80"]


def test_a_failure_is_told_once_and_so_is_its_end(it, logged):
    it.fails("A", DNSNameError("no such name"))
    it.watch()
    it.clock.pump([AFTER_FAILURE] * 5)
    (warning,) = logged(LogLevel.warn)
    assert (warning["name"], warning["reason"]) == ("api.test", "no such name")
    assert len(it.resolver.asked) == 12
    it.answer("A", record("A", "10.0.0.1"))
    it.clock.advance(AFTER_FAILURE)
    assert [event["name"] for event in logged(LogLevel.info)] == ["api.test"]


class Picky(FakeResolver):
    def _look_up(self, name, kind):
        raise UnicodeError("label empty or too long")


def test_what_cannot_be_asked_at_all_is_a_failure():
    it = Looking(Endpoint("api..test", 80), resolver=Picky()).watch()
    assert it.found == ["api..test:80"]
    assert it.clock.getDelayedCalls()


# Service records


def test_a_service_is_the_addresses_of_its_targets_with_their_ports(service):
    service.answer("SRV", srv("a.test", port=8001, weight=10), srv("b.test", port=8002, weight=30))
    service.answer("A", record("A", "10.0.0.1"), name="a.test")
    service.answer("A", record("A", "10.0.0.2"), name="b.test")
    service.watch()
    assert service.discovery.endpoints == (
        Endpoint("10.0.0.1", 8001, {"v": "1"}, 10, "eu"),
        Endpoint("10.0.0.2", 8002, {"v": "1"}, 30, "eu"),
    )
    assert service.changes == 1


def test_only_the_first_priority_counts(service):
    service.answer("SRV", srv("b.test", priority=20), srv("a.test", priority=10))
    service.answer("A", record("A", "10.0.0.1"), name="a.test")
    assert service.watch().found == ["10.0.0.1:8080"]
    assert "b.test A" not in service.resolver.asked


def test_the_addresses_of_a_target_share_its_weight(service):
    service.answer("SRV", srv("one.test", weight=10), srv("two.test", weight=10))
    service.answer("A", record("A", "10.0.0.1"), name="one.test")
    service.answer("A", record("A", "10.0.0.2"), record("A", "10.0.0.3"), name="two.test")
    service.watch()
    assert [endpoint.weight for endpoint in service.discovery.endpoints] == [20, 10, 10]


def test_a_target_without_weight_still_has_a_little(service):
    service.answer("SRV", srv("a.test", weight=0))
    service.answer("A", record("A", "10.0.0.1"), name="a.test")
    service.watch()
    assert service.discovery.endpoints[0].weight == 1


@pytest.mark.parametrize(("service_ttl", "address_ttl", "seconds"), [(10, 60, 10), (60, 10, 10)])
def test_a_service_is_as_short_lived_as_anything_it_is_made_of(service, service_ttl, address_ttl, seconds):
    service.answer("SRV", srv("a.test", ttl=service_ttl))
    service.answer("A", record("A", "10.0.0.1", ttl=address_ttl), name="a.test")
    service.watch()
    assert service.asks_after(seconds)


def test_a_target_without_address_is_left_out_and_asked_for_soon(service):
    service.answer("SRV", srv("a.test"), srv("gone.test"))
    service.answer("A", record("A", "10.0.0.1"), name="a.test")
    assert service.watch().found == ["10.0.0.1:8080"]
    service.answer("A", record("A", "10.0.0.2"), name="gone.test")
    assert service.asks_after(AFTER_FAILURE)
    assert service.found == ["10.0.0.1:8080", "10.0.0.2:8080"]


@pytest.mark.parametrize(
    "records",
    [[], [srv(b"")], [srv("gone.test")], [record("A", "10.0.0.9")]],
    ids=["none", "the root", "no address", "A"],
)
def test_a_service_without_anybody_is_a_failure(service, records):
    service.answer("SRV", srv("a.test"))
    service.answer("A", record("A", "10.0.0.1"), name="a.test")
    service.watch()
    service.answer("SRV", *records)
    service.clock.advance(30)
    assert service.found == ["10.0.0.1:8080"]
    assert service.asks_after(AFTER_FAILURE)


# Watchers and the end


def test_a_second_watcher_asks_nothing_new(it):
    it.answer("A", record("A", "10.0.0.1"))
    it.watch()
    told = []
    it.discovery.watch(lambda: told.append(1))
    assert len(it.resolver.asked) == 1
    it.answer("A", record("A", "10.0.0.2"))
    it.clock.advance(30)
    assert (it.changes, told) == (2, [1])


def test_a_watcher_that_comes_during_a_question_asks_nothing_new(it):
    # The first question is over at once, the second one is not.
    it.resolver.zone["api.test", "AAAA"] = Deferred()
    it.watch()
    it.discovery.watch(lambda: None)
    assert it.resolver.asked == ["api.test A", "api.test AAAA"]


def test_who_watches_no_more_is_told_no_more(it):
    it.answer("A", record("A", "10.0.0.1"))
    it.watch()
    it.discovery.unwatch(it.changed)
    it.discovery.unwatch(it.changed)
    it.answer("A", record("A", "10.0.0.2"))
    it.clock.advance(30)
    assert it.changes == 1


def test_a_watcher_may_leave_while_it_is_told(it):
    it.answer("A", record("A", "10.0.0.1"))
    it.discovery.watch(lambda: it.discovery.unwatch(it.changed))
    it.watch()
    it.answer("A", record("A", "10.0.0.2"))
    it.clock.advance(30)
    assert it.found == ["10.0.0.2:80"]


def test_after_its_end_it_asks_no_more(it):
    it.answer("A", record("A", "10.0.0.1"))
    it.watch()
    it.discovery.stop()
    it.watch()
    assert not it.clock.getDelayedCalls()
    assert len(it.resolver.asked) == 1


@pytest.mark.parametrize("kind", ["A", "AAAA"])
def test_its_end_gives_up_the_question_under_way(it, kind, logged):
    given_up = []
    it.resolver.zone["api.test", kind] = Deferred(given_up.append)
    it.watch()
    asked = list(it.resolver.asked)
    it.discovery.stop()
    assert len(given_up) == 1
    assert it.resolver.asked == asked
    assert not it.clock.getDelayedCalls()
    assert not logged(LogLevel.warn)


def test_its_end_gives_up_the_questions_for_targets(service):
    given_up = []
    service.answer("SRV", srv("a.test"), srv("b.test"), srv("c.test"))
    service.answer("A", record("A", "10.0.0.1"), name="a.test")
    for name in ("b.test", "c.test"):
        service.resolver.zone[name, "A"] = Deferred(given_up.append)
    service.watch()
    service.discovery.stop()
    assert len(given_up) == 2
    assert service.changes == 0
    assert not service.clock.getDelayedCalls()


def test_it_says_what_it_is(it):
    assert repr(it.discovery) == "<Discovery api.test, 1 endpoints>"
