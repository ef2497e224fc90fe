"""One client's connection: requests in, answers out, in order, and when it is kept or closed."""

import pytest

from shadowgate.http.framing import CHUNKED, UNTIL_CLOSE
from shadowgate.runtime.outcomes import UPSTREAM_CLOSED
from shadowgate.testing import response

GET = b"GET %b HTTP/1.1\r\nHost: a\r\n\r\n"


def bodies(written):
    """The bodies of answers that a filter gave, in the order in which they came."""
    return [part.partition(b"\r\n\r\n")[2] for part in written.split(b"HTTP/1.1 ")[1:]]


@pytest.fixture
def it(served):
    return served()


def test_a_request_is_answered(it):
    client = it.connect()
    client.send(GET % b"/now")
    date = b"Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n"  # RFC 9110 section 6.6.1: of what the gateway answers itself
    assert client.take() == b"HTTP/1.1 200 OK\r\n" + date + b"Content-Length: 4\r\n\r\n/now"
    assert client.state == "open"


def test_a_request_may_come_byte_by_byte(it):
    client = it.connect()
    client.send(*[bytes([byte]) for byte in b"PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"])
    (asked,) = it.asked
    assert (asked.body, asked.calls) == (b"abc", ["head", "end"])


@pytest.mark.parametrize("cut", range(1, 90, 7))
def test_a_chunked_request_does_not_depend_on_how_it_was_cut(it, cut):
    client = it.connect()
    text = (
        b"PUT /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1;x=y\r\nc\r\n0\r\nX-T: 1\r\n\r\n"
    )
    client.send(text[:cut], text[cut:])
    (asked,) = it.asked
    assert asked.body == b"abc"
    assert asked.calls[-1] == "end [(b'X-T', b'1')]"


def test_pipelined_requests_with_answers_at_once_are_answered_in_order(it):
    client = it.connect()
    client.send(b"".join(GET % (b"/now%d" % number) for number in range(5)))
    assert bodies(client.take()) == [b"/now0", b"/now1", b"/now2", b"/now3", b"/now4"]


def test_pipelined_requests_wait_for_the_answers_before_them(it):
    client = it.connect()
    client.send(GET % b"/first" + GET % b"/now" + GET % b"/second" + GET % b"/now2")
    assert [one.head.target for one in it.asked] == [b"/first"]
    assert client.take() == b""
    it.asked[0].answer(body=b"one")
    assert bodies(client.take()) == [b"one", b"/now"]
    assert [one.head.target for one in it.asked] == [b"/first", b"/second"]
    it.asked[1].answer(body=b"two")
    assert bodies(client.take()) == [b"two", b"/now2"]
    assert it.stats.connections == 1


def test_a_pipelined_request_behind_a_body_begins_after_it(it):
    client = it.connect()
    client.send(b"PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc" + GET % b"/now")
    assert it.asked[0].body == b"abc"
    it.asked[0].answer(body=b"x")
    assert bodies(client.take()) == [b"x", b"/now"]


def test_a_head_says_where_it_came_from(it):
    client = it.connect()
    client.send(GET % b"/x")
    head = it.asked[0].head
    assert (head.peer, head.local, head.listener, head.scheme) == ("192.0.2.1", "198.51.100.1", "default", b"http")


# Keep-alive


@pytest.mark.parametrize(
    ("version", "connection", "kept", "told"),
    [
        (b"1.1", b"", True, None),
        (b"1.1", b"keep-alive", True, None),
        (b"1.1", b"close", False, b"close"),
        (b"1.1", b"Close, x-y", False, b"close"),
        (b"1.0", b"", False, b"close"),
        (b"1.0", b"keep-alive", True, b"keep-alive"),
        (b"1.0", b"Keep-Alive", True, b"keep-alive"),
        (b"1.0", b"close", False, b"close"),
    ],
)
def test_the_connection_is_kept_as_its_version_and_the_client_say(it, version, connection, kept, told):
    client = it.connect()
    field = b"Connection: %b\r\n" % connection if connection else b""
    client.send(b"GET /now HTTP/%b\r\nHost: a\r\n%b\r\n" % (version, field))
    written = client.take()
    assert client.state == ("open" if kept else "closed")
    lines = [line for line in written.split(b"\r\n") if line.startswith(b"Connection")]
    assert lines == ([] if told is None else [b"Connection: " + told])


def test_nothing_that_follows_a_close_is_executed(it):
    client = it.connect()
    client.send(b"GET /now1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" + GET % b"/now2" + GET % b"/x")
    assert bodies(client.take()) == [b"/now1"]
    client.send(GET % b"/y")
    assert client.take() == b""
    assert it.asked == []
    assert client.state == "half closed"


def test_nothing_that_follows_a_close_is_executed_after_a_late_answer(it):
    client = it.connect()
    client.send(b"GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" + GET % b"/y")
    it.asked[0].answer(body=b"x")
    assert len(it.asked) == 1


# Framing of answers, and their date

DATED = b"date: Thu, 01 Jan 1970 00:00:00 GMT\r\n"
"""What an answer is given that has none (RFC 9110 section 6.6.1)."""


def test_an_answer_keeps_its_date_or_is_given_one(it):
    client = it.connect()
    dates = []
    for at, headers in enumerate([(), [(b"Date", b"Fri, 20 Nov 2026 12:00:00 GMT")], ()]):
        client.send(GET % b"/x")
        it.asked[at].answer(headers=headers)
        dates += [line for line in client.take().split(b"\r\n") if line.lower().startswith(b"date:")]
        it.wait(1)
    assert dates == [DATED[:-2], b"Date: Fri, 20 Nov 2026 12:00:00 GMT", b"date: Thu, 01 Jan 1970 00:00:02 GMT"]


@pytest.mark.parametrize("length", [CHUNKED, UNTIL_CLOSE])
def test_an_answer_of_unknown_length_is_chunked_for_a_1_1_client(it, length):
    client = it.connect()
    client.send(GET % b"/x")
    it.asked[0].answer(length=length, body=b"ab", ended=False)
    it.asked[0].receiver.response_data(b"cde")
    it.asked[0].receiver.response_end([(b"X-T", b"1")])
    head, _, body = client.take().partition(b"\r\n\r\n")
    assert head == b"HTTP/1.1 200 OK\r\n" + DATED + b"Transfer-Encoding: chunked"
    assert body == b"2\r\nab\r\n3\r\ncde\r\n0\r\nX-T: 1\r\n\r\n"
    assert client.state == "open"


@pytest.mark.parametrize("length", [CHUNKED, UNTIL_CLOSE])
@pytest.mark.parametrize("ended", [True, False])
def test_an_answer_of_unknown_length_ends_with_the_connection_for_a_1_0_client(it, length, ended):
    client = it.connect()
    client.send(b"GET /x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
    it.asked[0].answer(length=length, body=b"abc", ended=ended)
    if not ended:
        it.asked[0].receiver.response_data(b"de")
        it.asked[0].receiver.response_end([(b"X-T", b"1")])
    head = b"HTTP/1.1 200 OK\r\n" + DATED + b"Connection: close\r\n\r\n"
    assert client.take() == head + b"abc" + (b"" if ended else b"de")
    assert client.state == "closed"


def test_an_answer_of_unknown_length_in_one_piece_is_ended(it):
    client = it.connect()
    client.send(GET % b"/x")
    it.asked[0].answer(length=CHUNKED, body=b"ab")
    assert client.take().endswith(b"\r\n\r\n2\r\nab\r\n0\r\n\r\n")


@pytest.mark.parametrize(("request_line", "status"), [(b"HEAD", 200), (b"GET", 204), (b"GET", 304)])
def test_answers_without_a_body_have_none(it, no_body, request_line, status):
    client = it.connect()
    client.send(request_line + b" /x HTTP/1.1\r\nHost: a\r\n\r\n")
    it.asked[0].answer(status, length=no_body, headers=[(b"X-A", b"1")])
    written = client.take()
    assert written.startswith(b"HTTP/1.1 %d " % status)
    assert written.endswith(b"\r\nX-A: 1\r\n" + DATED + b"\r\n")
    assert client.state == "open"


def test_interim_answers_are_for_1_1_clients(it):
    for version, expected in ((b"1.1", b"HTTP/1.1 103 Early Hints\r\n\r\n"), (b"1.0", b"")):
        client = it.connect()
        client.send(b"GET /x HTTP/%b\r\nHost: a\r\n\r\n" % version)
        it.asked[-1].receiver.informational(response(103))
        assert client.take() == expected


@pytest.mark.parametrize(
    ("version", "length", "state", "seen"),
    [
        (b"1.1", 9, "closed", b"Content-Length: 9\r\n\r\nabc"),
        (b"1.1", CHUNKED, "closed", b"chunked\r\n\r\n3\r\nabc\r\n"),
        (b"1.0", CHUNKED, "aborted", b"close\r\n\r\nabc"),
    ],
)
def test_an_answer_that_is_cut_looks_cut(it, version, length, state, seen):
    client = it.connect()
    client.send(b"GET /x HTTP/%b\r\nHost: a\r\n\r\n" % version + GET % b"/y")
    it.asked[0].answer(length=length, body=b"abc", ended=False)
    it.asked[0].receiver.response_failed(UPSTREAM_CLOSED)
    assert client.take().endswith(seen)
    assert client.state == state
    assert len(it.asked) == 1


def test_a_plugins_line_break_in_a_head_never_reaches_the_wire(served):
    def split(head, response):
        response.headers.set(b"X-A", b"1\r\n\r\nHTTP/1.1 200 OK")

    it = served(hooks={"on_response": (("bad", split),)})
    client = it.connect()
    client.send(GET % b"/x" + GET % b"/now")
    it.asked[0].answer(body=b"x")
    assert client.take() == b""
    assert client.state == "aborted"
    assert it.stats.plugin_failures == {"response head": 1}


# Counting


def test_connections_are_counted(it):
    first = it.connect()
    it.connect()
    first.leave()
    assert (it.stats.connections, it.stats.connections_open, len(it.factory.side.connections)) == (2, 1, 1)


def test_a_client_that_leaves_ends_its_exchange(it):
    client = it.connect()
    client.send(GET % b"/x" + GET % b"/y")
    client.leave()
    assert it.asked[0].calls[-1] == "abort"
    assert [record.outcome for record in it.log.records] == ["client_gone"]


# Draining


def test_draining_closes_idle_connections_and_the_others_after_their_answer(it):
    idle, busy = it.connect(), it.connect()
    busy.send(GET % b"/x")
    it.core.draining = True
    it.factory.drain()
    assert (idle.state, busy.state) == ("closed", "open")
    it.asked[0].answer(body=b"x")
    assert b"Connection: close" in busy.take()
    assert busy.state == "closed"
