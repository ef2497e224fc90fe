"""What requests and connections leave behind is freed at once: nothing is left to the cyclic collector.

While that looks at every object of a process, no request is served, and it looks when enough circles are left.  A
tunnel is one, for as many requests as it stands for.
"""

import pytest
from twisted.internet.error import ConnectionRefusedError
from twisted.python.failure import Failure

from shadowgate.net.outbox import BufferedOutbox

RULES = """
clusters: {v1: 127.0.0.1:8001, v2: 127.0.0.1:8002}
routes:
  - {match: {path: {prefix: /reply}}, filters: [{respond: {status: 204}}]}
  - {match: {path: {prefix: /mirrored}}, to: v1, mirror: v2}
  - {to: v1}
"""
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


class Story:
    """One client of a gateway, with its upstreams, from its coming to its leaving."""

    def __init__(self, it):
        self.it = it
        self.client = it.client()
        self.upstreams = []

    def ask(self, line, fields=b"", body=b""):
        self.client.send(line + b" HTTP/1.1\r\nHost: a.example\r\n" + fields + b"\r\n" + body)

    def accept(self):
        while self.it.reactor.tcpClients:
            self.upstreams.append(self.it.upstream())
        self.it.reactor.settle()

    def answer(self, data=ANSWER):
        self.accept()
        for upstream in self.upstreams:
            upstream.send(data)

    def end(self):
        for upstream in self.upstreams:
            upstream.leave()
        self.client.leave()
        self.it.reactor.settle()


def a_request(story):
    story.ask(b"GET /x")
    story.answer()


def several_requests_of_one_kind(story):
    for _ in range(4):
        story.ask(b"GET /mirrored", b"Accept: */*\r\n")
        story.answer()


def a_body_with_a_length(story):
    story.ask(b"POST /mirrored", b"Content-Length: 4\r\n", b"abcd")
    story.answer()


def a_body_in_chunks(story):
    story.ask(b"POST /mirrored", b"Transfer-Encoding: chunked\r\n", b"4\r\nabcd\r\n")
    story.accept()
    story.client.send(b"0\r\n\r\n")
    story.answer(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-End: 1\r\n\r\n")


def an_answer_that_ends_with_its_connection(story):
    story.ask(b"GET /x")
    story.answer(b"HTTP/1.0 200 OK\r\n\r\nhello")
    story.upstreams.pop().leave()


def a_client_that_leaves_before_its_answer(story):
    story.ask(b"GET /mirrored")
    story.accept()
    story.client.leave()


def a_client_that_leaves_before_its_request_is_whole(story):
    story.ask(b"POST /mirrored", b"Content-Length: 9\r\n", b"abcd")
    story.accept()
    story.client.leave()


def an_upstream_that_leaves_before_it_answers(story):
    story.ask(b"POST /mirrored", b"Content-Length: 4\r\n", b"abcd")
    story.accept()
    for upstream in story.upstreams:
        upstream.leave()
    story.upstreams.clear()


def an_upstream_that_cannot_be_reached(story):
    story.ask(b"GET /mirrored")
    while story.it.reactor.tcpClients:
        factory = story.it.reactor.tcpClients.pop()[2]
        factory.clientConnectionFailed(None, Failure(ConnectionRefusedError()))
    story.it.reactor.settle()


def an_answer_of_the_gateways_own(story):
    story.ask(b"GET /reply")


def a_request_that_is_refused(story):
    story.ask(b"GET /x y")


STORIES = [
    a_request,
    several_requests_of_one_kind,
    a_body_with_a_length,
    a_body_in_chunks,
    an_answer_that_ends_with_its_connection,
    a_client_that_leaves_before_its_answer,
    a_client_that_leaves_before_its_request_is_whole,
    an_upstream_that_leaves_before_it_answers,
    an_upstream_that_cannot_be_reached,
    an_answer_of_the_gateways_own,
    a_request_that_is_refused,
]


def whole(it, tell):
    story = Story(it)
    tell(story)
    story.end()


@pytest.fixture
def it(in_memory):
    it = in_memory(listen=["tcp:8000"])
    it.apply(RULES)
    it.gateway.listen()
    yield it
    it.gateway.close()


@pytest.mark.parametrize("tell", STORIES, ids=lambda tell: tell.__name__.replace("_", " "))
def test_nothing_is_left_to_the_collector_by(it, left_to_the_collector, tell):
    whole(it, tell)  # what is made once and kept
    assert left_to_the_collector(lambda: whole(it, tell)) == {}
    assert it.gateway.core.in_flight == 0


def test_what_is_left_would_be_found(left_to_the_collector, new_wire):
    def leave():
        outbox = BufferedOutbox(new_wire(), None)
        outbox.owner = outbox

    assert left_to_the_collector(leave) == {"BufferedOutbox": 1}
