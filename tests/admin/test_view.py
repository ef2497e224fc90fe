"""The health of endpoints as ``/config`` shows it, of one process and of several."""

import pytest
from twisted.internet.defer import fail, succeed
from twisted.names import dns

from shadowgate.admin.view import State, health_of, join_health

CONFIG = """
clusters:
  shop:
    endpoints:
      - {address: 10.0.0.1, port: 80, labels: {version: v1}}
      - {address: 10.0.0.2, port: 80, labels: {version: v1}}
    ejection: {consecutive5xx: 1, baseEjection: 60s}
    health: tcp
    subsets: {v1: {version: v1}}
  bare: 10.0.0.3:80
routes: [{hosts: a, to: [shop, shop/v1]}, {hosts: b, to: bare}]
"""
A, B = "10.0.0.1:80", "10.0.0.2:80"


@pytest.fixture
def it(in_memory):
    made = in_memory()
    made.apply(CONFIG)
    return made


def state(it, name, cluster="shop"):
    (live,) = (each for each in it.gateway.registry.clusters if each.name == cluster)
    (found,) = (each for each in live.endpoints if each.name == name)
    return found


def test_of_endpoints_that_nobody_looks_after_there_is_nothing_to_say(it):
    assert health_of(it.gateway.registry) == {"shop": {A: {"healthy": True}, B: {"healthy": True}}}
    *_, bare = (endpoint for cluster in State.of(it.gateway).show()["clusters"] for endpoint in cluster["endpoints"])
    assert "healthy" not in bare


def test_an_endpoint_that_is_out_in_the_cluster_or_in_a_subset_says_why_and_until_when(it):
    one, other = state(it, A, "shop/v1"), state(it, B)
    one.watch.answered(one, 503)
    other.checked.healthy, other.checked.reason = False, "connect_refused"
    shop, _ = State.of(it.gateway).show()["clusters"]
    first, second = shop["endpoints"]
    assert (first["healthy"], first["ejectedFor"], first["ejectedUntil"]) == (False, "consecutive_5xx", 60)
    assert (second["healthy"], second["lastProbe"]) == (False, "connect_refused")


def test_of_several_processes_one_that_has_something_against_an_endpoint_is_enough():
    found = {}
    join_health(found, {"shop": {A: {"healthy": False, "lastProbe": "status 503"}, B: {"healthy": True}}})
    join_health(found, {"shop": {A: {"healthy": True}}, "bare": {B: {"healthy": True}}})
    assert found == {
        "shop": {A: {"healthy": False, "lastProbe": "status 503"}, B: {"healthy": True}},
        "bare": {B: {"healthy": True}},
    }


class Names:
    """Knows one name."""

    def lookupAddress(self, name):
        if name != "api.test":
            return fail(LookupError(name))
        answers = [dns.RRHeader(name, dns.A, ttl=30, payload=dns.Record_A(each)) for each in ("10.0.0.8", "10.0.0.9")]
        return succeed((answers, [], []))

    def lookupIPV6Address(self, name):
        return fail(LookupError(name))


@pytest.mark.parametrize("health", ["", ", health: tcp"])
def test_a_name_shows_the_addresses_that_it_stands_for_with_their_health(in_memory, health):
    it = in_memory(resolver=Names)
    it.apply(f"clusters: {{shop: {{endpoints: [api.test:80, other.test:80]{health}}}}}\nroutes: {{to: shop}}\n")
    if health:
        first = next(each for each in it.gateway.registry.clusters[0].endpoints if each.name == "10.0.0.8:80")
        first.checked.healthy = False
    (shop,) = State.of(it.gateway).show()["clusters"]
    known, unknown = shop["endpoints"]
    well = [{"healthy": False}, {"healthy": True}] if health else [{}, {}]
    assert known["resolved"] == [
        {"address": "10.0.0.8:80", "inFlight": 0, **well[0]},
        {"address": "10.0.0.9:80", "inFlight": 0, **well[1]},
    ]
    assert "resolved" not in unknown
    assert ("healthy" in unknown) is bool(health)


# --- variants ---------------------------------------------------------------------------------------------------------

VARIANTS = """
clusters: {a: 10.0.0.1:80, b: 10.0.0.2:80}
variants: {web: {pattern: mirror, variants: [a, {name: v2, to: b, probes: {file: /nowhere}}]}}
---
apiVersion: shadowgate.io/v1
kind: Availability
metadata: {name: web}
variants: [{name: v2, available: %s, reason: %s}]
"""


def test_the_state_of_variants_is_shown_with_the_reason(in_memory):
    it = in_memory()
    it.apply(VARIANTS % ("false", "gone"))
    assert State.of(it.gateway).show()["variants"] == [
        {
            "application": "web",
            "variants": [
                {"name": "a", "available": True, "weight": 1, "reason": ""},
                {"name": "v2", "available": False, "weight": 0, "reason": "gone"},
            ],
        }
    ]


def test_each_change_of_a_variant_is_an_event(in_memory):
    it = in_memory()
    it.apply(VARIANTS % ("false", "gone"))
    it.reactor.advance(7)
    it.apply(VARIANTS % ("true", '""'))
    assert State.of(it.gateway).show()["events"][-1] == {
        "at": 7,
        "application": "web",
        "variant": "v2",
        "available": True,
        "reason": "all that it is made of is there",
        "weightsBefore": [1, 0],
        "weightsAfter": [1, 100],
    }
