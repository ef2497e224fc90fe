"""The health of endpoints as ``/config`` shows it, of one process and of several."""

import pytest

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
