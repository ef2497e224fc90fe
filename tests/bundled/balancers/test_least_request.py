from collections import Counter

from shadowgate.bundled.balancers.least_request import LeastRequest
from shadowgate.testing import candidates, compile_component, environment, request

HEAD = request()


def test_of_two_endpoints_the_less_busy_one_is_always_picked():
    endpoints = candidates("busy", "idle")
    endpoints[0].in_flight = 5
    pick = compile_component(LeastRequest, endpoints)
    assert {pick(HEAD).name for _ in range(200)} == {"idle"}


def test_the_numbers_count_that_hold_when_it_is_asked():
    first, second = endpoints = candidates("first", "second")
    pick = compile_component(LeastRequest, endpoints)
    first.in_flight = 1
    assert pick(HEAD) is second
    second.in_flight = 2
    assert pick(HEAD) is first


def test_the_busiest_of_many_is_never_picked():
    endpoints = candidates("a", "b", "busiest", "c")
    endpoints[2].in_flight = 1
    pick = compile_component(LeastRequest, endpoints)
    assert {pick(HEAD).name for _ in range(500)} == {"a", "b", "c"}


def test_idle_endpoints_are_picked_alike():
    pick = compile_component(LeastRequest, candidates("a", "b", "c", "d"))
    picked = Counter(pick(HEAD).name for _ in range(4000))
    assert all(abs(count - 1000) < 3 * (4000 * 1 / 4 * 3 / 4) ** 0.5 for count in picked.values())


def test_idle_endpoints_of_different_weights_share_by_weight():
    pick = compile_component(LeastRequest, candidates(("a", 1), ("b", 3)))
    assert Counter(pick(HEAD).name for _ in range(400)) == {"a": 100, "b": 300}


def test_a_busy_endpoint_has_its_weight_divided_by_what_it_does():
    endpoints = candidates(("a", 2), ("b", 1))
    endpoints[0].in_flight = 3
    pick = compile_component(LeastRequest, endpoints)
    picked = Counter(pick(HEAD).name for _ in range(300))
    # 2 / (3 + 1) against 1 / (0 + 1); the first turn was due before anyone was asked.
    assert abs(picked["a"] - 100) <= 1


def test_weight_zero_gets_nothing_beside_others():
    pick = compile_component(LeastRequest, candidates(("never", 0), ("a", 1), ("b", 2)))
    assert {pick(HEAD).name for _ in range(100)} == {"a", "b"}


def test_weights_hold_even_where_the_turns_start_anew_every_few_requests():
    endpoints, env = candidates(("a", 95), ("b", 5)), environment()
    picked = Counter()
    for _ in range(3000):
        pick = compile_component(LeastRequest, endpoints, env)
        picked.update(pick(HEAD).name for _ in range(2))
    assert abs(picked["b"] - 300) < 3 * (6000 * 0.05 * 0.95) ** 0.5
