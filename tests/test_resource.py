"""The gateway mounted in a twisted.web Site: the same exchange behind it."""

import pytest
from attrs import evolve
from twisted.web.resource import IResource, Resource
from twisted.web.server import Site
from zope.interface.verify import verifyObject

from shadowgate.resource import GatewayResource

CONFIG = """
clusters: {v1: 127.0.0.1:8001, v2: 127.0.0.1:8002}
routes:
  - name: all
    to: v1
    mirror: v2
    filters:
      - header-rewrite: {response: {set: {X-Route: all}}}
"""
HEAD = b"Host: a:8000\r\n"


@pytest.fixture
def it(in_memory):
    """A gateway, how a client connects to the site that it is mounted in at ``/api``, and the resource."""
    made = in_memory()
    made.apply(CONFIG)
    root = Resource()
    resource = GatewayResource(made.gateway)
    root.putChild(b"api", resource)
    site = Site(root, reactor=made.reactor)

    return made, lambda: made.connect(site), resource


@pytest.fixture
def gateway(it):
    return it[0]


@pytest.fixture
def client(it):
    return it[1]()


def payload(answer):
    return answer.partition(b"\r\n\r\n")[2]


def test_it_is_a_resource_without_children(it):
    resource = it[2]
    verifyObject(IResource, resource)
    assert resource.getChildWithDefault(b"x", None) is resource
    with pytest.raises(TypeError, match="its routes decide"):
        resource.putChild(b"x", Resource())


def test_requests_below_the_mount_are_routed_mirrored_and_answered(gateway, client):
    client.send(b"GET /api/x?y HTTP/1.1\r\n" + HEAD + b"X-Own: 1\r\n\r\n")
    v1 = gateway.upstream()
    sent = v1.take()
    assert sent.startswith(b"GET /api/x?y HTTP/1.1\r\n")
    assert b"Host: a:8000\r\n" in sent
    assert b"X-Own: 1\r\n" in sent
    v2 = gateway.upstream()
    assert b"Host: a-shadow:8000\r\n" in v2.take()
    v1.send(b"HTTP/1.1 201 Made\r\nServer: v1\r\nContent-Length: 2\r\nX-B: 1\r\n\r\nok")
    answer = client.take()
    assert answer.startswith(b"HTTP/1.1 201 Made\r\n")
    assert payload(answer) == b"ok"
    for line in (b"X-B: 1", b"X-Route: all", b"Content-Length: 2"):
        assert line.lower() + b"\r\n" in answer.lower()
    assert answer.lower().count(b"server:") == 1
    assert gateway.gateway.core.in_flight == 0


def test_routes_know_the_mount_as_a_listener(gateway, client):
    heads = []
    gateway.gateway.core.prepare = lambda head: heads.append(head) or b"id"
    client.send(b"GET /api HTTP/1.0\r\n\r\n")
    (head,) = heads
    assert (head.listener, head.version, head.authority, head.scheme) == ("mounted", 10, b"v1", b"http")


# twisted.web's own page for what is not there.
@pytest.mark.filterwarnings("ignore:twisted.web.resource._UnsafeNoResource:DeprecationWarning")
def test_paths_outside_the_mount_are_the_sites(gateway, client):
    client.send(b"GET /other HTTP/1.1\r\n" + HEAD + b"\r\n")
    assert client.take().startswith(b"HTTP/1.1 404 ")
    assert gateway.dialled == []


@pytest.mark.parametrize("size", [0, 1, 200_000])
def test_a_body_goes_whole(gateway, client, size):
    body = b"x" * size
    client.send(b"PUT /api HTTP/1.1\r\n" + HEAD + b"Content-Length: %d\r\n\r\n" % size + body)
    v1 = gateway.upstream()
    sent = v1.take()
    assert payload(sent) == body
    assert b"Content-Length: %d\r\n" % size in sent
    assert payload(gateway.upstream().take()) == body


def test_a_chunked_body_stays_one(gateway, client):
    client.send(b"PUT /api HTTP/1.1\r\n" + HEAD + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")
    sent = gateway.upstream().take()
    assert b"Transfer-Encoding: chunked" in sent
    assert payload(sent) == b"3\r\nabc\r\n0\r\n\r\n"


def test_a_body_waits_while_the_upstream_is_full(gateway, client):
    client.send(b"PUT /api HTTP/1.1\r\n" + HEAD + b"Content-Length: 200000\r\n\r\n" + b"x" * 200_000)
    v1 = gateway.upstream(room=1000)
    first = payload(v1.take())
    assert 0 < len(first) < 200_000
    v1.wire.producer.resumeProducing()
    assert len(first) + len(v1.take()) == 200_000


def test_hop_by_hop_fields_stay_at_their_hop(gateway, client):
    client.send(b"GET /api HTTP/1.1\r\n" + HEAD + b"Connection: X-Hop\r\nX-Hop: 1\r\nKeep-Alive: 5\r\nTE: gzip\r\n\r\n")
    sent = gateway.upstream().take()
    for name in (b"X-Hop", b"Keep-Alive", b"TE:", b"Connection"):
        assert name.lower() not in sent.lower()


def test_an_upgrade_is_an_ordinary_request(gateway, client):
    client.send(b"GET /api HTTP/1.1\r\n" + HEAD + b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
    upstream = gateway.upstream()
    assert b"pgrade" not in upstream.take()
    upstream.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    assert payload(client.take()) == b"ok"


def test_an_answer_of_unknown_length_streams(gateway, client):
    client.send(b"GET /api HTTP/1.1\r\n" + HEAD + b"\r\n")
    v1 = gateway.upstream()
    v1.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n")
    assert payload(client.take()) == b"2\r\nab\r\n"
    v1.send(b"1\r\nc\r\n0\r\n\r\n")
    assert client.take() == b"1\r\nc\r\n0\r\n\r\n"


def test_a_slow_client_pauses_the_upstream(gateway, client):
    client.send(b"GET /api HTTP/1.1\r\n" + HEAD + b"\r\n")
    v1 = gateway.upstream()
    v1.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc")
    client.wire.producer.pauseProducing()
    assert v1.wire.producerState == "paused"
    client.wire.producer.resumeProducing()
    assert v1.wire.producerState == "producing"


def test_head_has_a_length_and_no_body(gateway, client):
    client.send(b"HEAD /api HTTP/1.1\r\n" + HEAD + b"\r\n")
    gateway.upstream().send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")
    answer = client.take()
    assert b"content-length: 5\r\n" in answer.lower()
    assert payload(answer) == b""


@pytest.mark.parametrize("status", [204, 304])
def test_no_body_where_there_is_none(gateway, client, status):
    client.send(b"GET /api HTTP/1.1\r\n" + HEAD + b"\r\n")
    gateway.upstream().send(b"HTTP/1.1 %d X\r\n\r\n" % status)
    answer = client.take()
    assert answer.startswith(b"HTTP/1.1 %d " % status)
    assert payload(answer) == b""
    assert b"chunked" not in answer


def test_a_refusal_is_answered_in_the_same_way(gateway, client):
    gateway.apply("clusters: {v1: 127.0.0.1:8001}\nroutes: {hosts: b, to: v1}\n")
    client.send(b"GET /api HTTP/1.1\r\n" + HEAD + b"\r\n")
    answer = client.take()
    assert answer.startswith(b"HTTP/1.1 404 ")
    assert payload(answer).startswith(b"no_route:")


def test_an_answer_that_is_cut_looks_cut(gateway, client):
    client.send(b"GET /api HTTP/1.0\r\n" + HEAD + b"\r\n")
    v1 = gateway.upstream()
    v1.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n")
    v1.leave()
    assert client.state == "aborted"


def test_a_client_that_leaves_ends_its_exchange(gateway, client):
    client.send(b"GET /api HTTP/1.1\r\n" + HEAD + b"\r\n")
    v1 = gateway.upstream()
    client.leave()
    assert v1.state == "aborted"
    assert gateway.gateway.core.in_flight == 0


@pytest.mark.parametrize(
    ("status", "request_", "reason"),
    [
        (400, b"GET /api HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", b"more than one Host"),
        (400, b"GET /api HTTP/1.1\r\n\r\n", b"no Host in an HTTP/1.1 request"),
        (400, b"GET /api HTTP/1.1\r\nHost: a b@c\r\n\r\n", b"Host is not a valid authority"),
        (400, b"GET /api/#x HTTP/1.1\r\nHost: a\r\n\r\n", b"a fragment in the request target"),
        (405, b"TRACE /api HTTP/1.1\r\nHost: a\r\nMax-Forwards: 0\r\n\r\n", b"TRACE is not answered here"),
        (413, b"PUT /api HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nabcde", b"the body is too large"),
        (
            413,
            b"PUT /api HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n",
            b"the body is too large",
        ),
        (417, b"PUT /api HTTP/1.1\r\nHost: a\r\nExpect: more\r\nContent-Length: 1\r\n\r\na", b"an expectation other"),
    ],
)
def test_what_a_listener_would_refuse_is_refused_here_too(gateway, client, status, request_, reason):
    gateway.gateway.wire_limits = evolve(gateway.gateway.wire_limits, body_bytes=4)
    client.send(request_)
    answer = client.take().removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 %d " % status)
    assert payload(answer).startswith(b"bad_request: " + reason)
    assert gateway.dialled == []
    assert gateway.gateway.stats.refused == {str(status): 1}


def test_forwards_are_counted_as_at_a_listener(gateway, client):
    client.send(b"OPTIONS /api HTTP/1.1\r\n" + HEAD + b"Max-Forwards: 0\r\n\r\n")
    answer = client.take()
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"\r\nAllow: GET, HEAD, POST, " in answer
    assert gateway.dialled == []


def test_a_twin_of_a_field_that_the_gateway_sets_is_dropped(gateway, client):
    client.send(b"GET /api HTTP/1.1\r\n" + HEAD + b"X_Forwarded_For: 192.0.2.7\r\nX_Own: 1\r\n\r\n")
    sent = gateway.upstream().take().lower()
    assert b"192.0.2.7" not in sent
    assert b"x_own: 1\r\n" in sent


def test_nobody_is_asked_to_continue_a_body_that_is_here(gateway, client):
    client.send(b"PUT /api HTTP/1.1\r\n" + HEAD + b"Expect: 100-continue\r\nContent-Length: 1\r\n\r\na")
    assert client.take().startswith(b"HTTP/1.1 100 ")
    sent = gateway.upstream().take()
    assert b"xpect" not in sent
    assert payload(sent) == b"a"


def test_a_method_that_is_not_served_is_told_which_are(in_memory):
    made = in_memory()
    made.apply(CONFIG)
    client = made.connect(Site(GatewayResource(made.gateway), reactor=made.reactor))
    client.send(b"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n")
    answer = client.take()
    assert answer.startswith(b"HTTP/1.1 405 ")
    assert b"\r\nAllow: GET, HEAD, POST, " in answer
    assert made.dialled == []
