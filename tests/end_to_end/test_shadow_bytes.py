"""A shadow on the wire beside its primary, held against what Envoy's and Istio's captures show."""

from __future__ import annotations

import re

import pytest

from harness.peers import Peer, answering, peer
from harness.processes import Gateway
from harness.wire import OK, Message, chunked, connect

MIRRORED = """\
clusters: {{httpbin: "{primary}", candidate: "{mirror}"}}
routes: [{{to: httpbin, mirror: {options}}}]
"""

UUID = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")

CAPTURED = (
    b"GET /headers HTTP/1.1\r\n"
    b"host: httpbin:8000\r\n"
    b"user-agent: curl/7.35.0\r\n"
    b"accept: */*\r\n"
    b"x-request-id: 571c0fd6-98d4-4c93-af79-6a2fe2945847\r\n"
    b"x-b3-traceid: 82f3e0a76dcebca2\r\n"
    b"x-b3-spanid: 82f3e0a76dcebca2\r\n"
    b"x-b3-sampled: 0\r\n"
    b"content-length: 0\r\n"
    b"\r\n"
)


def both(gateway: Gateway, request: bytes, options: str = "candidate") -> tuple[Message, Message]:
    """Send a request through a mirroring route; return what the primary and the mirror received."""
    with peer() as primary, peer() as mirror:
        gateway.serve(MIRRORED.format(primary=primary, mirror=mirror, options=options))
        assert gateway.ask(request).status == 200
        return primary.next(), mirror.next()


def differences(primary: Message, shadow: Message) -> dict[bytes, tuple[bytes | None, bytes | None]]:
    names = {name.lower() for name, _ in (*primary.fields, *shadow.fields)}
    return {
        name: (primary.get(name), shadow.get(name)) for name in names if primary.values(name) != shadow.values(name)
    }


def test_a_shadow_differs_from_its_primary_in_what_the_captures_show_and_in_nothing_else(gateway: Gateway):
    primary, shadow = both(gateway, CAPTURED)
    assert primary.start == shadow.start == b"GET /headers HTTP/1.1"
    assert differences(primary, shadow) == {
        b"host": (b"httpbin:8000", b"httpbin-shadow:8000"),
        b"x-envoy-internal": (None, b"true"),
        b"x-forwarded-for": (b"127.0.0.1", b"127.0.0.1,127.0.0.1"),
    }


def test_the_primary_carries_what_the_capture_carries(gateway: Gateway):
    primary, _ = both(gateway, CAPTURED)
    for line in (
        b"host: httpbin:8000",
        b"user-agent: curl/7.35.0",
        b"accept: */*",
        b"x-forwarded-proto: http",
        b"x-request-id: 571c0fd6-98d4-4c93-af79-6a2fe2945847",
        b"x-b3-traceid: 82f3e0a76dcebca2",
        b"x-b3-spanid: 82f3e0a76dcebca2",
        b"x-b3-sampled: 0",
        b"x-forwarded-for: 127.0.0.1",
        b"content-length: 0",
    ):
        name, _, value = line.partition(b": ")
        assert primary.values(name) == [value], line


def test_trace_headers_and_the_request_id_are_those_of_the_primary(gateway: Gateway):
    trace = b"traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\ntracestate: a=1,b=2\r\n"
    primary, shadow = both(gateway, b"GET / HTTP/1.1\r\nHost: httpbin:8000\r\n" + trace + b"\r\n")
    for name in (b"traceparent", b"tracestate", b"x-request-id"):
        assert primary.get(name) is not None
        assert primary.get(name) == shadow.get(name)
    made = primary.get(b"x-request-id")
    assert made is not None and UUID.fullmatch(made)


def test_order_case_and_repetition_of_the_clients_fields_survive_on_both_ways(gateway: Gateway):
    sent = [
        (b"HOST", b"httpbin:8000"),
        (b"X-Second", b"2"),
        (b"x-first", b"1"),
        (b"Cookie", b"a=b; c=d"),
        (b"X-Second", b"2 again"),
        (b"uSeR-aGeNt", b"odd"),
        (b"X-Empty", b""),
    ]
    request = b"GET / HTTP/1.1\r\n" + b"".join(b"%b: %b\r\n" % pair for pair in sent) + b"\r\n"
    primary, shadow = both(gateway, request)
    assert list(primary.fields[: len(sent)]) == sent
    sent[0] = (b"HOST", b"httpbin-shadow:8000")
    assert list(shadow.fields[: len(sent)]) == sent


@pytest.mark.parametrize(
    ("host", "shadowed"),
    [
        ("httpbin:8000", "httpbin-shadow:8000"),
        ("httpbin", "httpbin-shadow"),
        ("httpbin.example.org", "httpbin.example.org-shadow"),
        ("10.0.0.1:80", "10.0.0.1-shadow:80"),
        ("[::1]:8000", "[::1]-shadow:8000"),
        ("[2001:db8::7]", "[2001:db8::7]-shadow"),
    ],
)
def test_the_suffix_stands_before_the_port(gateway: Gateway, host: str, shadowed: str):
    primary, shadow = both(gateway, f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    assert primary.get(b"host") == host.encode()
    assert shadow.get(b"host") == shadowed.encode()


@pytest.mark.parametrize(
    ("options", "shadowed"),
    [
        ("{to: candidate, suffix: -canary}", b"httpbin-canary:8000"),
        ('{to: candidate, suffix: ""}', b"httpbin:8000"),
        ("{to: candidate, host: candidate.test}", b"candidate.test"),
    ],
)
def test_the_suffix_can_be_changed_turned_off_and_replaced_by_a_host(gateway: Gateway, options: str, shadowed: bytes):
    primary, shadow = both(gateway, CAPTURED, options)
    assert primary.get(b"host") == b"httpbin:8000"
    assert shadow.get(b"host") == shadowed


def test_the_suffix_can_be_turned_off_for_all(start_gateway):
    with peer() as primary, peer() as mirror:
        text = MIRRORED.format(primary=primary, mirror=mirror, options="candidate")
        gateway = start_gateway({"a.yaml": text}, "--shadow-suffix", "")
        assert gateway.ask(CAPTURED).status == 200
        assert mirror.next().get(b"host") == b"httpbin:8000"


def test_a_body_of_known_length_goes_to_both_with_its_length(gateway: Gateway):
    head = b"POST /post HTTP/1.1\r\nHost: httpbin:8000\r\nContent-Length: 11\r\n\r\n"
    for seen in both(gateway, head + b"hello world"):
        assert seen.get(b"content-length") == b"11"
        assert seen.get(b"transfer-encoding") is None
        assert seen.body == b"hello world"


def test_a_chunked_body_and_its_trailers_go_to_both(gateway: Gateway):
    head = b"POST /post HTTP/1.1\r\nHost: httpbin:8000\r\nTransfer-Encoding: chunked\r\n\r\n"
    body = chunked(b"one ", b"two ", b"three", trailers=b"X-Checksum: 42\r\n")
    for seen in both(gateway, head + body):
        assert seen.get(b"transfer-encoding") == b"chunked"
        assert seen.body == b"one two three"
        assert seen.trailers == ((b"X-Checksum", b"42"),)


def test_what_belongs_to_one_connection_goes_to_neither(gateway: Gateway):
    hop_by_hop = (
        b"Connection: keep-alive, X-Mine\r\nKeep-Alive: 5\r\nX-Mine: 1\r\nProxy-Connection: x\r\nUpgrade: h2c\r\n"
    )
    for seen in both(gateway, b"GET / HTTP/1.1\r\nHost: httpbin:8000\r\n" + hop_by_hop + b"\r\n"):
        for name in (b"keep-alive", b"x-mine", b"proxy-connection", b"upgrade", b"connection"):
            assert seen.get(name) is None, name


def test_a_client_cannot_pass_itself_off_as_forwarded_or_internal(gateway: Gateway):
    forged = (
        b"X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: evil\r\nX-Envoy-Internal: true\r\n"
    )
    primary, shadow = both(gateway, b"GET / HTTP/1.1\r\nHost: httpbin:8000\r\n" + forged + b"\r\n")
    assert primary.get(b"x-forwarded-for") == b"127.0.0.1"
    assert primary.get(b"x-forwarded-proto") == b"http"
    assert primary.get(b"x-forwarded-host") == b"httpbin:8000"
    assert primary.get(b"x-envoy-internal") is None
    assert shadow.get(b"x-forwarded-for") == b"127.0.0.1,127.0.0.1"


def test_behind_a_trusted_proxy_what_it_says_is_extended(start_gateway):
    with peer() as primary, peer() as mirror:
        text = MIRRORED.format(primary=primary, mirror=mirror, options="candidate")
        gateway = start_gateway({"a.yaml": text}, "--trusted-hops", "1")
        forwarded = b"X-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: shop.test\r\n"
        gateway.ask(b"GET / HTTP/1.1\r\nHost: httpbin:8000\r\n" + forwarded + b"\r\n")
        seen = primary.next()
        assert seen.get(b"x-forwarded-for") == b"192.0.2.7,127.0.0.1"
        assert seen.get(b"x-forwarded-proto") == b"https"
        assert seen.get(b"x-forwarded-host") == b"shop.test"
        assert mirror.next().get(b"x-forwarded-for") == b"192.0.2.7,127.0.0.1,127.0.0.1"


def test_the_copy_is_taken_after_the_routes_rewrites_and_before_the_mirrors_own(gateway: Gateway):
    rules = """\
clusters: {{httpbin: "{primary}", candidate: "{mirror}"}}
routes:
- to:
  - cluster: httpbin
    filters: [{{header-rewrite: {{request: {{set: {{x-destination: "yes"}}}}}}}}]
  filters: [{{header-rewrite: {{request: {{set: {{x-route: "yes"}}, remove: [x-secret]}}}}}}]
  mirror: {{to: candidate, headers: {{set: {{x-mirror: "yes"}}, remove: [authorization]}}}}
"""
    with peer() as primary, peer() as mirror:
        gateway.serve(rules.format(primary=primary, mirror=mirror))
        gateway.ask(b"GET / HTTP/1.1\r\nHost: httpbin:8000\r\nX-Secret: 1\r\nAuthorization: Basic x\r\n\r\n")
        first, shadow = primary.next(), mirror.next()
    for seen in (first, shadow):
        assert (seen.get(b"x-route"), seen.get(b"x-destination"), seen.get(b"x-secret")) == (b"yes", b"yes", None)
    assert (first.get(b"x-mirror"), first.get(b"authorization")) == (None, b"Basic x")
    assert (shadow.get(b"x-mirror"), shadow.get(b"authorization")) == (b"yes", None)


def test_several_mirrors_each_get_one_copy(gateway: Gateway):
    rules = """\
clusters: {{httpbin: "{0}", one: "{1}", two: "{2}"}}
routes: [{{to: httpbin, mirror: [one, two]}}]
"""
    with peer() as primary, peer() as one, peer() as two:
        gateway.serve(rules.format(primary, one, two))
        gateway.ask(CAPTURED)
        ids = {server.next().get(b"x-request-id") for server in (primary, one, two)}
        assert len(ids) == 1
        assert [len(server.requests) for server in (primary, one, two)] == [1, 1, 1]


def test_a_shadow_is_sent_once_though_the_primary_was_tried_twice(gateway: Gateway):
    """The primary closes its idle connection without a word; the GET goes a second time, the shadow does not."""

    def dies_after_one(server: Peer, wire) -> None:
        server.requests.append(wire.request())
        wire.send(OK)
        if server.connections == 1:
            # The second request on this connection meets a reset instead of an answer.
            server.requests.append(wire.request())
            wire.reset()
        else:
            answering(OK)(server, wire)

    with peer(dies_after_one) as primary, peer() as mirror:
        gateway.serve(MIRRORED.format(primary=primary, mirror=mirror, options="candidate"))
        assert [gateway.ask(CAPTURED).status for _ in range(2)] == [200, 200]
        mirror.next(2)
        assert len(primary.requests) == 3
        assert gateway.settled_accounts("candidate", gateway.accounts("candidate").sampled).balanced
        assert len(mirror.requests) == 2


def test_no_shadow_for_answers_that_no_upstream_gave(gateway: Gateway):
    rules = """\
clusters: {{httpbin: "{primary}", nobody: [], candidate: "{mirror}"}}
routes:
- {{match: {{path: {{exact: /said}}}}, filters: [{{respond: {{status: 418}}}}], mirror: candidate, to: httpbin}}
- {{match: {{path: {{exact: /nobody}}}}, to: nobody, mirror: candidate}}
- {{match: {{path: {{exact: /served}}}}, to: httpbin, mirror: candidate}}
"""
    with peer() as primary, peer() as mirror:
        gateway.serve(rules.format(primary=primary, mirror=mirror))
        statuses = []
        for path in ("said", "nobody", "nowhere", "served"):
            statuses.append(gateway.ask(f"GET /{path} HTTP/1.1\r\nHost: h\r\n\r\n".encode()).status)
        assert statuses == [418, 503, 404, 200]
        assert mirror.next().start == b"GET /served HTTP/1.1"
        assert len(mirror.requests) == 1


def test_a_request_over_a_unix_socket_is_mirrored_too(start_gateway, directory):
    path = directory / "listen"
    with peer() as primary, peer() as mirror:
        text = MIRRORED.format(primary=primary, mirror=mirror, options="candidate")
        start_gateway({"a.yaml": text}, "--listen", f"unix:{path}")
        with connect(str(path)) as client:
            client.send(CAPTURED)
            assert client.answer().status == 200
        assert primary.next().body == mirror.next().body == b""
