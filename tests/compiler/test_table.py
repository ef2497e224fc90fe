"""The route table: the host's rules, and the listener's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowgate.compiler.build import run_steps
from shadowgate.compiler.paths import compile_paths
from shadowgate.compiler.snapshot import Entry
from shadowgate.compiler.table import compile_hosts, compile_listeners, host_key
from shadowgate.model import PathMatch
from shadowgate.testing import request

# What a table finds is opaque to it, so here rules are names.


# Hosts


@pytest.mark.parametrize(
    ("authority", "key"),
    [
        (b"Example.COM:80", b"example.com"),
        (b"example.com.", b"example.com"),
        (b"[2001:DB8::1]:80", b"[2001:db8::1]"),
        (b"[::1]", b"[::1]"),
        (b"", b""),
    ],
)
def test_the_key_of_a_host(authority, key):
    assert host_key(authority) == key


def answer(name):
    return lambda head: name


@pytest.fixture
def hosts():
    names = ["a.test", "*.test", "*.b.test", "[::1]", "*"]
    return compile_hosts({name: answer(name) for name in names})


@pytest.mark.parametrize(
    ("authority", "expected"),
    [
        ("a.test", "a.test"),
        ("A.TEST:8000", "a.test"),
        ("a.test.", "a.test"),
        ("x.test", "*.test"),
        ("x.y.test", "*.test"),
        ("x.b.test:1", "*.b.test"),
        ("b.test", "*.test"),
        ("test", "*"),
        ("[::1]:80", "[::1]"),
        ("[::2]:80", "*"),
        ("other", "*"),
        ("", "*"),
    ],
)
def test_exact_names_go_before_the_longest_suffix_before_all(hosts, authority, expected):
    head = request(authority=authority)
    assert hosts(head) == expected
    assert hosts(head) == expected  # remembered


def test_a_host_that_nothing_covers_has_no_rule():
    assert compile_hosts({"a.test": answer("a")})(request(authority="b.test")) is None
    assert compile_hosts({})(request()) is None


def test_an_exact_hosts_table_is_the_only_one_that_is_asked():
    find = compile_hosts({"a.test": answer(None), "*": answer("all")})
    assert find(request(authority="a.test")) is None


names = st.lists(st.sampled_from("ab"), min_size=1, max_size=4).map(".".join)
patterns = st.one_of(names, names.map("*.{}".format), st.just("*"))


@given(st.sets(patterns), names)
def test_hosts_are_found_as_by_trying_the_best_first(given_patterns, host):
    covering = [each for each in given_patterns if each in ("*", host) or (each[0] == "*" and host.endswith(each[1:]))]
    expected = max(covering, key=lambda each: (each[0] != "*", len(each)), default=None)
    assert compile_hosts({each: answer(each) for each in given_patterns})(request(authority=host)) == expected


def test_a_host_of_many_labels_costs_no_more_than_the_longest_wildcard_has():
    class Host(bytes):
        """Counts how often it is cut up."""

        cuts = 0

        def lower(self):
            return self

        def partition(self, at):
            return self, b"", b""

        def rstrip(self, what):
            return self

        def rsplit(self, at, most):
            self.cuts = most
            return super().rsplit(at, most)

    host = Host(b"x." * 1000 + b"b.test")
    find = compile_hosts({"*.a.test": answer("a"), "*.test": answer("test")})
    head = request()
    head.authority = host
    assert find(head) == "test"
    assert host.cuts == 2


# Listeners


def test_a_listener_with_routes_of_its_own_has_its_own_table():
    find = compile_listeners({"inner": answer("inner")}, answer("everywhere"))
    assert find(request(listener="inner")) == "inner"
    assert find(request(listener="other")) == "everywhere"


# What a look-up costs, counted in conditions asked.


def test_of_ten_thousand_rules_over_a_thousand_hosts_those_of_one_host_are_asked_at_most():
    asked = []

    def condition(name):
        return lambda head: asked.append(name)

    def rules(name):
        for rank in range(10):
            yield Entry(rank, PathMatch("prefix", f"/{rank}"), (condition(name),), name, None, None, None)
        yield Entry(10, None, (), name, None, None, None)

    names = [f"{kind}host-{number}.test" for number in range(500) for kind in ("", "*.")]
    find = compile_hosts({name: run_steps(compile_paths(rules(name))) for name in names})
    for authority, name in [("host-321.test:8000", "host-321.test"), ("x.host-321.test", "*.host-321.test")]:
        asked.clear()
        assert find(request(target="/7/a", authority=authority)) == name
        assert asked == [name]
