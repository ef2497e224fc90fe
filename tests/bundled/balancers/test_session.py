"""Sessions: the same place again, whatever comes and goes beside it."""

import re

import pytest
from twisted.internet.task import Clock

from shadowgate.bundled.balancers.session import Session
from shadowgate.errors import ConfigError
from shadowgate.testing import candidates, environment, from_yaml, request, response


class Visitor:
    """A client that keeps the cookie it is given, at a rule with one destination's endpoints or several."""

    def __init__(self, options="cookie: sid", clock=None):
        self.options = options
        self.clock = clock or Clock()
        self.env = environment(self.clock)
        self.headers = {}
        self.set = []

    def visit(self, *endpoints, destinations=(), status=200, scheme="http", **more):
        """Return the names of the destination, if there is a choice, and of the endpoint."""
        head, answer = request(headers={**self.headers, **more}, scheme=scheme), response(status)
        picked = []
        if destinations:
            outer = from_yaml(Session, f"{self.options}\namong: destinations")
            picked.append(outer.compile(candidates(*destinations), self.env)(head).name)
        inner = from_yaml(Session, self.options)
        picked.append(inner.compile(candidates(*endpoints), self.env)(head).name)
        inner.compile_hooks(self.env).on_response(head, answer)
        self.set = [value.decode() for value in answer.headers.get_all(b"set-cookie")]
        for value in self.set:
            self.headers["Cookie"] = value.partition(";")[0]
        if answer.headers.get(b"x-session"):
            self.headers["X-Session"] = answer.headers.get(b"x-session")
        return picked if destinations else picked[0]


def test_a_client_comes_back_to_its_endpoint_and_is_given_no_other_cookie():
    for _ in range(20):
        client = Visitor()
        first = client.visit("a", "b", "c", "d")
        assert len(client.set) == 1
        for _ in range(5):
            assert client.visit("a", "b", "c", "d") == first
            assert client.set == []


def test_it_stays_there_whatever_comes_and_goes():
    client = Visitor()
    first = client.visit("a", "b", "c")
    others = [name for name in "abc" if name != first]
    assert client.visit(first, others[0]) == first
    assert client.visit("x", "y", "z", first) == first
    assert client.set == []


def test_when_its_endpoint_is_gone_it_gets_another_one_and_a_new_session():
    client = Visitor()
    first = client.visit("a", "b")
    (other,) = {"a", "b"} - {first}
    assert client.visit(other) == other
    assert len(client.set) == 1
    assert client.visit("a", "b") == other


def test_it_stays_with_its_destination_even_when_that_has_lost_its_weight():
    client = Visitor()
    before = client.visit("e", destinations=["one", "two"])
    without = [(name, 0 if name == before[0] else 1) for name in ("one", "two")]
    for _ in range(20):
        assert client.visit("e", destinations=without) == before


def test_a_destination_without_endpoints_does_not_keep_it():
    env = environment()
    pick = from_yaml(Session, "cookie: sid\namong: destinations").compile(
        places := candidates(("one", 1), ("two", 0)), env
    )
    client = Visitor()
    client.visit("e", destinations=[("one", 0), ("two", 1)])
    assert pick(request(headers=client.headers)).name == "two"
    places[1].available = False
    assert pick(request(headers=client.headers)).name == "one"


def test_new_clients_go_by_weight():
    seen = [Visitor().visit("e", destinations=[("one", 1), ("two", 0)])[0] for _ in range(20)]
    assert set(seen) == {"one"}


def test_the_same_endpoint_of_another_destination_is_another_session():
    client = Visitor()
    client.visit("e", destinations=["one"])
    assert client.visit("e", destinations=["two"]) == ["two", "e"]
    assert len(client.set) == 1


def test_every_process_understands_the_sessions_of_the_others():
    client = Visitor()
    first = client.visit("a", "b", "c", "d")
    client.env = environment(client.clock, seed=7)
    assert [client.visit("a", "b", "c", "d") for _ in range(5)] == [first] * 5


def test_a_session_of_another_salt_means_nothing():
    client = Visitor("cookie: sid\nsalt: one")
    client.visit("a")
    client.options = "cookie: sid\nsalt: two"
    client.visit("a")
    assert len(client.set) == 1


def test_no_address_can_be_read_from_the_cookie():
    client = Visitor()
    client.visit("10.1.2.3:8080")
    assert re.fullmatch(r"sid=0{16}[0-9a-f]{16}; HttpOnly", client.set[0])


@pytest.mark.parametrize("value", ["", "x", "zz" * 16, "0" * 31, "0" * 50, '"', "0" * 32])
def test_what_is_no_session_of_ours_is_a_client_without_one(value):
    client = Visitor()
    client.headers["Cookie"] = f"sid={value}"
    assert client.visit("a") == "a"
    assert len(client.set) == 1


def test_a_session_ends_when_its_time_is_over_however_much_it_is_used():
    client = Visitor("cookie: sid\ntimeout: 60s")
    client.visit("a")
    for _ in range(5):
        client.clock.advance(11)
        client.visit("a")
        assert client.set == []
    client.clock.advance(5)
    client.visit("a")
    assert len(client.set) == 1


def test_a_session_ends_when_it_is_not_used_for_long_enough():
    client = Visitor("cookie: sid\nidleTimeout: 60s")
    first = client.visit("a", "b", "c", "d")
    for status in (200, 503, 200, 500, 200):
        client.clock.advance(59)
        assert client.visit("a", "b", "c", "d", status=status) == first
        assert len(client.set) == 1, "each use is noted, whatever came of it"
        assert client.visit("a", "b", "c", "d") == first
        assert client.set == [], "once a second is enough"
    other = next(name for name in "abcd" if name != first)
    client.clock.advance(60)
    assert client.visit(other) == other
    assert client.visit("a", "b", "c", "d") == other


def test_use_does_not_make_a_session_longer_than_it_may_be():
    client = Visitor("cookie: sid\ntimeout: 100s\nidleTimeout: 60s")
    client.clock.advance(1000)
    first = client.visit("a", "b")
    (other,) = {"a", "b"} - {first}
    client.clock.advance(50)
    assert client.visit("a", "b") == first
    assert re.fullmatch(r"sid=[0-9a-f]{32}3e8-41a; HttpOnly", client.set[0])
    client.clock.advance(50)
    assert client.visit(other) == other
    assert re.fullmatch(r"sid=[0-9a-f]{32}44c-44c; HttpOnly", client.set[0])


def test_a_session_of_which_nobody_knows_the_last_use_is_none():
    client = Visitor("cookie: sid")
    client.clock.advance(1000)
    client.visit("a")
    client.options = "cookie: sid\nidleTimeout: 60s"
    client.visit("a")
    assert len(client.set) == 1


def test_one_from_the_future_and_one_without_its_time_do_not_count():
    client = Visitor("cookie: sid\ntimeout: 60s")
    client.clock.advance(1000)
    client.visit("a")
    client.clock = Clock()
    client.env = environment(client.clock)
    client.visit("a")
    assert len(client.set) == 1
    client.headers["Cookie"] = client.headers["Cookie"][: len("sid=") + 32]
    client.clock.advance(61)
    client.visit("a")
    assert len(client.set) == 1


def test_the_cookie_has_its_attributes_and_is_secure_where_the_client_is():
    text = "cookie: {name: sid, path: /app, ttl: 1h, attributes: [SameSite=Strict]}"
    client = Visitor(text)
    client.visit("a")
    assert client.set[0].partition(";")[2] == " Max-Age=3600; Path=/app; SameSite=Strict; HttpOnly"
    client = Visitor(text)
    client.visit("a", scheme="https")
    assert client.set[0].endswith("; HttpOnly; Secure")
    client = Visitor(text)
    client.visit("a", **{"X-Forwarded-Proto": "https"})
    assert client.set[0].endswith("; HttpOnly; Secure")


def test_a_session_may_be_in_a_header():
    client = Visitor("header: X-Session")
    first = client.visit("a", "b", "c")
    assert client.set == []
    assert [client.visit("a", "b", "c") for _ in range(10)] == [first] * 10


def test_an_error_begins_no_session():
    client = Visitor()
    client.visit("a", status=503)
    assert client.set == []
    client.visit("a", status=404)
    assert len(client.set) == 1


def test_where_no_endpoint_was_asked_there_is_no_session():
    made, answer = from_yaml(Session, "cookie: sid"), response()
    made.compile_hooks(environment()).on_response(request(), answer)
    assert b"set-cookie" not in answer.headers


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{}", "give exactly one of cookie and header"),
        ("{cookie: a, header: b}", "give exactly one of cookie and header"),
        ("header: connection", "connection cannot be changed"),
        ("{cookie: a, timeout: 10ms}", "a session lasts 1s or longer"),
    ],
)
def test_what_makes_no_session_is_refused(text, sentence):
    with pytest.raises(ConfigError, match=sentence):
        from_yaml(Session, text)
