"""Where names are looked for."""

import pytest
from attrs import define, field
from twisted.internet.defer import Deferred, fail, succeed
from twisted.names.error import DNSNameError, DNSQueryTimeoutError

from shadowgate.net.resolver import PATIENCE, Searching, make_resolver


@define(eq=False, slots=False)
class FakeResolver:
    """Answers by name with a list of records or an exception; ``asked`` keeps the questions."""

    zone: dict = field(factory=dict)
    asked: list = field(factory=list)

    def query(self, question, timeout):
        name = question.name.name.decode()
        self.asked.append(name)
        answer = self.zone.get(name, DNSNameError())
        return fail(answer) if isinstance(answer, Exception) else succeed((answer, [], []))


@pytest.fixture
def asked():
    fake = FakeResolver()
    fake.search = [b"shop.svc.cluster.local", b"cluster.local."]
    return fake


def look_up(asked, name):
    """Return the answer's records, or the exception."""
    results = []
    asking = Searching(asked).lookupAddress(name)
    asking.addCallbacks(lambda answer: results.append(answer[0]), lambda failure: results.append(failure.value))
    return results[0]


def test_a_name_without_a_dot_is_looked_for_in_every_domain_and_then_as_it_is(asked):
    asked.zone["api"] = ["record"]
    assert look_up(asked, "api") == ["record"]
    assert asked.asked == ["api.shop.svc.cluster.local", "api.cluster.local", "api"]


def test_the_first_domain_that_has_it_is_the_last_one_asked(asked):
    asked.zone["api.shop.svc.cluster.local"] = ["record"]
    assert look_up(asked, "api") == ["record"]
    assert len(asked.asked) == 1


def test_a_name_with_a_dot_is_tried_as_it_is_first(asked):
    asked.zone["api.shop.cluster.local"] = ["record"]
    assert look_up(asked, "api.shop") == ["record"]
    assert asked.asked == ["api.shop", "api.shop.shop.svc.cluster.local", "api.shop.cluster.local"]


def test_a_name_with_a_dot_at_its_end_is_complete(asked):
    assert isinstance(look_up(asked, "api."), DNSNameError)
    assert asked.asked == ["api."]


def test_a_domain_with_other_records_of_that_name_is_passed_over(asked):
    asked.zone = {"api.shop.svc.cluster.local": [], "api.cluster.local": ["record"]}
    assert look_up(asked, "api") == ["record"]


def test_a_server_that_does_not_answer_is_not_asked_for_every_domain(asked):
    asked.zone["api.shop.svc.cluster.local"] = DNSQueryTimeoutError(1)
    assert isinstance(look_up(asked, "api"), DNSQueryTimeoutError)
    assert len(asked.asked) == 1


def test_a_name_that_is_nowhere_is_not_found(asked):
    assert isinstance(look_up(asked, "api"), DNSNameError)


def test_a_domain_of_its_own_is_a_search_of_one():
    asked = FakeResolver()
    asked.search, asked.domain = None, b"test"
    asked.zone["api.test"] = ["record"]
    assert look_up(asked, "api") == ["record"]


def test_without_domains_a_name_is_taken_as_it_is():
    asked = FakeResolver({"api": ["record"]})
    assert look_up(asked, "api") == ["record"]
    assert asked.asked == ["api"]


def test_a_search_that_is_given_up_asks_no_further(asked):
    asked.query = lambda question, timeout: asked.asked.append(question) or Deferred()
    asking = Searching(asked).lookupAddress("api")
    failures = []
    asking.addErrback(failures.append)
    asking.cancel()
    assert len(asked.asked) == len(failures) == 1


def test_servers_that_were_named_are_asked_and_no_domain_is_searched(new_reactor):
    _, asked = make_resolver(new_reactor(), [("192.0.2.1", 5353)]).resolvers
    assert (asked.servers, asked.resolv, asked.timeout) == ([("192.0.2.1", 5353)], None, PATIENCE)


def test_otherwise_it_is_the_systems_that_are_asked(new_reactor):
    _, searching = make_resolver(new_reactor()).resolvers
    assert isinstance(searching, Searching)
    assert (searching._asked.resolv, searching._asked.timeout) == ("/etc/resolv.conf", PATIENCE)
