"""What the gateway says of itself and of the client in a request's head."""

import re
from random import Random

import pytest

from shadowgate.http.framing import WireLimits
from shadowgate.http.request_parser import RequestParser
from shadowgate.model import Settings
from shadowgate.runtime.forwarding import address_shadow, compile_forwarding, request_id
from shadowgate.testing import request

UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
SPOOFED = [
    ("X-Forwarded-For", "203.0.113.9"),
    ("X-Forwarded-Proto", "https"),
    ("X-Forwarded-Host", "evil"),
    ("X-Envoy-Internal", "true"),
]


def prepared(head, **settings):
    identity = compile_forwarding(Settings(**settings), Random(1))(head)
    return head.headers, identity


def test_a_clients_own_words_are_replaced_where_nobody_is_trusted():
    headers, _ = prepared(request(headers=SPOOFED, authority="a:8"))
    assert headers.get_all(b"x-forwarded-for") == [b"192.0.2.1"]
    assert headers.get_all(b"x-forwarded-proto") == [b"http"]
    assert headers.get_all(b"x-forwarded-host") == [b"a:8"]
    assert b"x-envoy-internal" not in headers


@pytest.mark.parametrize(
    "name",
    ["Forwarded", "X-Forwarded-Port", "X-Forwarded-Client-Cert", "x-envoy-external-address", "X-Envoy-Original-Path"],
)
def test_what_only_a_proxy_may_say_is_dropped_unless_one_is_trusted(name):
    said = [("Accept", "*/*"), (name, "a"), (name.lower(), "b"), ("X-Real", "c")]
    headers, _ = prepared(request(headers=said))
    assert name.lower().encode() not in headers
    assert (headers.get(b"accept"), headers.get(b"x-real")) == (b"*/*", b"c")
    believed, _ = prepared(request(headers=said), trusted_hops=1)
    assert believed.get_all(name.lower().encode()) == [b"a", b"b"]


def test_repeated_lines_do_not_slip_through():
    headers, _ = prepared(request(headers=[("X-Forwarded-For", "1"), ("x-forwarded-for", "2")]))
    assert headers.get_all(b"x-forwarded-for") == [b"192.0.2.1"]


def test_a_trusted_proxy_is_believed_and_its_address_appended():
    headers, _ = prepared(request(headers=SPOOFED), trusted_hops=1)
    assert headers.get_all(b"x-forwarded-for") == [b"203.0.113.9,192.0.2.1"]
    assert headers.get(b"x-forwarded-proto") == b"https"
    assert headers.get(b"x-forwarded-host") == b"evil"


def test_a_trusted_proxy_that_says_nothing_is_completed():
    headers, _ = prepared(request(authority="a:8", scheme="https"), trusted_hops=1)
    assert headers.get(b"x-forwarded-for") == b"192.0.2.1"
    assert headers.get(b"x-forwarded-proto") == b"https"
    assert headers.get(b"x-forwarded-host") == b"a:8"


@pytest.mark.parametrize("hops", [0, 1])
def test_no_forwarded_host_is_made_up_for_a_client_that_named_none(hops):
    headers, _ = prepared(request(authority=b"", version=10), trusted_hops=hops)
    assert b"x-forwarded-host" not in headers


@pytest.mark.parametrize("given", [b"abc", b"x" * 128])
@pytest.mark.parametrize("hops", [0, 1])
def test_a_request_id_is_kept(given, hops):
    headers, identity = prepared(request(headers={"X-Request-Id": given}), trusted_hops=hops)
    assert identity == given
    assert headers.get_all(b"x-request-id") == [given]


@pytest.mark.parametrize("given", [[], [b""], [b"x" * 129], [b"\xff"], [b"a", b"b"]])
def test_a_request_id_is_made_where_there_is_no_usable_one(given):
    headers, identity = prepared(request(headers=[("X-Request-Id", one) for one in given]))
    assert headers.get_all(b"x-request-id") == [identity]
    assert re.fullmatch(UUID, identity.decode())


def test_request_ids_are_version_4_uuids_and_differ():
    random = Random(7)
    made = {request_id(random) for _ in range(100)}
    assert len(made) == 100
    assert all(re.fullmatch(UUID, one.decode()) for one in made)


@pytest.mark.parametrize(("version", "expected"), [(11, b"1.1 sg"), (10, b"1.0 sg")])
def test_via_tells_the_version_that_was_received(version, expected):
    headers, _ = prepared(request(headers={"Via": "1.1 first"}, version=version), via="sg")
    assert headers.get_all(b"via") == [b"1.1 first", expected]


def test_no_via_unless_the_gateway_has_a_name():
    headers, _ = prepared(request())
    assert b"via" not in headers


def test_order_and_case_of_everything_else_survive():
    pairs = [("Host", "a"), ("X-B", "1"), ("x-a", "2"), ("X-B", "3")]
    headers, _ = prepared(request(headers=pairs))
    assert [pair for pair in headers if not pair[0].lower().startswith((b"x-forwarded", b"x-request"))] == [
        (name.encode(), value.encode()) for name, value in pairs
    ]


@pytest.mark.parametrize(
    ("seen", "expected"),
    [([], b"198.51.100.1"), ([("X-Forwarded-For", "a"), ("X-Forwarded-For", "b")], b"a,b,198.51.100.1")],
)
def test_a_shadow_has_been_forwarded_once_more_and_is_internal(seen, expected):
    head = request(headers=seen)
    address_shadow(head, None)
    assert head.headers.get_all(b"x-forwarded-for") == [expected]
    assert head.headers.get(b"x-envoy-internal") == b"true"


@pytest.mark.parametrize(
    ("hops", "seen", "client"),
    [
        (1, b"203.0.113.9", "203.0.113.9"),
        (1, b"198.51.100.1, 203.0.113.9", "203.0.113.9"),
        (2, b"198.51.100.1, 203.0.113.9", "198.51.100.1"),
        (3, b"198.51.100.1, 203.0.113.9", "198.51.100.1"),
        (1, b"unknown", "192.0.2.1"),
        (0, b"203.0.113.9", "192.0.2.1"),
    ],
)
def test_the_client_is_whom_the_outermost_trusted_proxy_saw(hops, seen, client):
    head = request(headers={"x-forwarded-for": seen.decode()}, peer="192.0.2.1")
    compile_forwarding(Settings(trusted_hops=hops), Random(0))(head)
    assert head.peer == client


@pytest.mark.parametrize(
    ("given", "normal"), [("/old/../d/%69n?q=%69", "/d/in?q=%69"), ("/%69n", "/in"), ("/a/..", "/"), ("/a\\b", "/a/b")]
)
def test_a_path_is_normalised_only_where_that_was_asked_for(given, normal):
    for asked, target in ((False, given), (True, normal)):
        head = request(target=given)
        compile_forwarding(Settings(normalize_path=asked), Random(0))(head)
        assert head.target == target.encode()


# Requests of one connection that have their fields in common


def requests_of(fields, count=4):
    """Read so many requests with these fields from one connection, and prepare each."""
    parser = RequestParser(WireLimits(), scheme=b"http", peer="192.0.2.1", local="198.51.100.1", listener="default")
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields)
    for at in range(count):
        yield parser.feed(f"GET /{at} HTTP/1.1\r\nHost: a:8\r\n{lines}\r\n".encode()).head


@pytest.mark.parametrize("settings", [{}, {"trusted_hops": 1}, {"via": "gate"}], ids=str)
@pytest.mark.parametrize(
    "fields",
    [
        [],
        SPOOFED,
        [("X-Request-Id", "kept")],
        [("X-Request-Id", "x" * 200)],
        [("Via", "1.1 other")],
        [("X-A", "1"), ("x-a", "2")],
        [("X-Forwarded-For", "203.0.113.9, 203.0.113.10")],
    ],
    ids=str,
)
def test_what_repeats_is_prepared_and_addressed_like_what_is_new(fields, settings):
    prepare = compile_forwarding(Settings(**settings), Random(1))

    def told(head):
        identity = prepare(head)
        pairs = [(name, value if value != identity else b"ID") for name, value in head.headers]
        shadow = head.copy()
        address_shadow(shadow, b"a-shadow:8")
        copied = [(name, value if value != identity else b"ID") for name, value in shadow.headers]
        return sorted(pairs), sorted(copied), head.peer, head.authority, shadow.authority, identity.count(b"-")

    (new,) = (told(head) for head in requests_of(fields, count=1))
    assert [told(head) for head in requests_of(fields)] == [new] * 4


def test_each_request_that_repeats_has_an_id_of_its_own_which_its_shadow_shares():
    prepare = compile_forwarding(Settings(), Random(1))
    seen = set()
    for head in requests_of([], count=5):
        identity = prepare(head)
        shadow = head.copy()
        address_shadow(shadow, None)
        assert head.headers.get_all(b"x-request-id") == shadow.headers.get_all(b"x-request-id") == [identity]
        seen.add(identity)
    assert len(seen) == 5


def test_mirrors_of_one_request_do_not_see_each_others_hosts():
    prepare = compile_forwarding(Settings(), Random(1))
    for head in requests_of([]):
        prepare(head)
        for host in (b"one", b"two", None):
            shadow = head.copy()
            address_shadow(shadow, host)
            assert (shadow.authority, shadow.headers.get(b"host")) == (host or b"a:8",) * 2
        assert head.headers.get(b"host") == b"a:8"
