"""What a client may not do, how long it may take, and how it is told."""

import errno
from socket import AF_INET, SO_KEEPALIVE

import pytest

from shadowgate.http.framing import CHUNKED, WireLimits
from shadowgate.model import Limits, Settings
from shadowgate.net.half_closed import ASK, HALF_CLOSED_GRACE, REPLY_SECONDS
from shadowgate.net.server import LINGER_BYTES
from shadowgate.net.server_side import LINGER_SECONDS, ServerSide

GET = b"GET %b HTTP/1.1\r\nHost: a\r\n\r\n"
PUT = b"PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n"


@pytest.fixture
def it(served):
    return served(Settings(limits=Limits(header_timeout=10, keepalive_timeout=20)))


# Refusals


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\nHost: a\n\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        (b"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
        (b"CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n", 405),
        (b"GET /" + b"x" * 17000, 414),
    ],
)
def test_what_is_no_request_is_refused_and_nothing_behind_it_is_looked_at(it, sent, status):
    client = it.connect()
    client.send(sent + GET % b"/x")
    client.send(GET % b"/y")
    written = client.take()
    assert written.startswith(b"HTTP/1.1 %d " % status)
    assert b"Connection: close" in written
    assert b"\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\n" in written
    assert written.count(b"\r\n\r\n") == 1
    assert client.state == "half closed"
    assert it.asked == []
    assert it.stats.refused == {str(status): 1}
    assert [(who, code) for who, code, _ in it.log.refusals] == [("192.0.2.1", status)]
    assert it.core.in_flight == 0


def test_a_refusal_comes_after_the_answers_that_were_due(it):
    client = it.connect()
    client.send(GET % b"/x" + b"nonsense\r\n\r\n")
    assert client.take() == b""
    it.asked[0].answer(body=b"x")
    written = client.take()
    assert written.index(b"200 OK") < written.index(b"400 Bad Request")


def test_a_body_that_turns_out_broken_is_a_400_and_no_whole_request(it):
    client = it.connect()
    client.send(b"PUT /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n")
    client.send(b"zz\r\n" + GET % b"/y")
    assert client.take().startswith(b"HTTP/1.1 400 ")
    assert client.state == "half closed"
    assert it.asked[0].calls == ["head", "abort"]
    assert len(it.asked) == 1


def test_a_body_that_breaks_under_an_answer_cuts_it(it):
    client = it.connect()
    client.send(b"PUT /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n")
    it.asked[0].answer(length=CHUNKED, body=b"x", ended=False)
    client.send(b"zz\r\n")
    client.send(b"more")
    assert not client.take().endswith(b"0\r\n\r\n")
    assert client.state == "closed"


# Early answers


def test_an_answer_before_the_end_of_its_request_is_given_and_the_rest_dropped(it):
    client = it.connect()
    client.send(PUT % 100 + b"abc")
    it.asked[0].answer(413, body=b"too big")
    written = client.take()
    assert written.startswith(b"HTTP/1.1 413 ")
    assert b"Connection: close" in written
    assert client.state == "half closed"
    client.send(b"x" * 97 + GET % b"/y")
    assert client.take() == b""
    assert len(it.asked) == 1


def test_a_client_that_then_closes_is_closed(it):
    client = it.connect()
    client.send(PUT % 100)
    it.asked[0].answer(413)
    client.shut_down()
    assert client.state == "closed"


def test_a_client_that_then_goes_on_is_cut_off_after_a_while(it):
    client = it.connect()
    client.send(PUT % 100)
    it.asked[0].answer(413)
    it.wait(LINGER_SECONDS - 0.2)
    assert client.state == "half closed"
    it.wait(0.4)
    assert client.state == "aborted"


def test_or_after_so_many_bytes(it):
    client = it.connect()
    client.send(PUT % 10**9)
    it.asked[0].answer(413)
    client.send(b"x" * LINGER_BYTES)
    assert client.state == "half closed"
    client.send(b"x")
    assert client.state == "aborted"


# Time


def test_a_connection_on_which_nothing_comes_is_closed_without_a_word(it):
    client = it.connect()
    it.wait(11)
    assert (client.take(), client.state) == (b"", "closed")
    assert it.stats.refused == {}


def test_a_head_that_is_not_complete_in_time_is_a_408_however_it_trickles(it):
    client = it.connect()
    for byte in b"GET / HTTP/1.1":
        client.send(bytes([byte]))
        it.wait(0.8)
    assert client.take().startswith(b"HTTP/1.1 408 ")
    assert client.state == "half closed"
    assert it.stats.refused == {"408": 1}


def test_a_second_head_has_its_own_time(it):
    client = it.connect()
    client.send(GET % b"/now")
    client.take()
    it.wait(15)
    client.send(b"GET")
    it.wait(9)
    assert client.state == "open"
    it.wait(2)
    assert client.take().startswith(b"HTTP/1.1 408 ")


def test_an_idle_connection_is_closed_without_a_word(it):
    client = it.connect()
    client.send(GET % b"/now")
    client.take()
    it.wait(19)
    assert client.state == "open"
    it.wait(2)
    assert (client.take(), client.state) == (b"", "closed")


def test_a_connection_that_waits_for_its_answer_is_not_idle(it):
    client = it.connect()
    client.send(GET % b"/x")
    it.wait(30)
    assert client.state == "open"


def test_a_client_that_never_reads_the_end_is_cut_off(it):
    client = it.connect()
    client.send(b"GET /now HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    assert client.state == "closed"
    it.wait(21)
    assert client.state == "aborted"


def test_a_connection_that_is_gone_leaves_no_timeout(it):
    for sent in (b"", b"GET", GET % b"/now", GET % b"/x"):
        client = it.connect()
        client.send(sent)
        client.leave()
    for seconds in (10, 20, HALF_CLOSED_GRACE, LINGER_SECONDS, 60, 300):
        assert len(it.core.timers.lane(seconds)) == 0


# Half-closed clients


def test_a_client_that_has_closed_its_side_gets_its_answer(it):
    client = it.connect()
    client.send(GET % b"/x")
    client.shut_down()
    it.asked[0].answer(body=b"x")
    assert client.take().startswith(b"HTTP/1.1 200 OK\r\n")
    assert client.state == "closed"


def test_it_gets_the_answers_to_all_that_it_has_asked(it):
    client = it.connect()
    client.send(GET % b"/x" + GET % b"/now" + GET % b"/y" + b"GET /incompl")
    client.shut_down()
    it.asked[0].answer(body=b"x")
    it.asked[1].answer(body=b"y")
    assert client.take().count(b"200 OK") == 3
    assert client.state == "closed"


def test_a_client_that_closed_its_side_between_requests_is_closed(it):
    client = it.connect()
    client.send(GET % b"/now")
    client.shut_down()
    assert client.state == "closed"


def test_a_client_that_closed_its_side_in_the_middle_of_a_request_is_gone(it):
    client = it.connect()
    client.send(PUT % 9 + b"abc")
    client.shut_down()
    assert client.state == "aborted"


class Socket:
    """All that is asked of a socket whose peer may have reset it."""

    family = AF_INET

    def __init__(self, error):
        self.error = error
        self.options = {}

    def setsockopt(self, level, name, value):
        self.options[name] = value

    def fileno(self):
        return 3

    def getsockopt(self, level, name):
        return self.error


def test_a_closed_side_may_mean_that_the_client_is_gone_so_it_is_asked_after_a_moment(it):
    client = it.connect()
    client.wire.socket = Socket(errno.EPIPE)
    client.send(GET % b"/x")
    client.shut_down()
    it.wait(HALF_CLOSED_GRACE - 0.1)
    assert (client.take(), client.state) == (b"", "open")
    it.wait(0.2)
    assert client.take() == ASK
    it.wait(REPLY_SECONDS)
    assert client.state == "aborted"


def test_one_that_does_not_refuse_what_it_is_sent_gets_its_answer_however_late(it):
    client = it.connect()
    client.wire.socket = Socket(0)
    client.send(GET % b"/x")
    client.shut_down()
    it.wait(20)
    it.asked[0].answer(body=b"x")
    assert client.take().startswith(ASK + b"HTTP/1.1 200 OK\r\n")
    assert client.state == "closed"


def test_a_client_of_1_0_cannot_be_asked_and_gets_its_answer_however_late(it):
    client = it.connect()
    client.wire.socket = Socket(0)
    client.send(b"GET /x HTTP/1.0\r\nHost: a\r\n\r\n")
    client.shut_down()
    it.wait(20)
    assert (client.take(), client.state) == (b"", "open")
    it.asked[0].answer(body=b"x")
    assert client.take().endswith(b"Connection: close\r\n\r\nx")
    assert client.state == "closed"


def test_the_system_is_told_to_find_out_whether_it_is_still_there(it):
    client = it.connect()
    client.wire.socket = Socket(0)
    client.send(b"GET /x HTTP/1.0\r\nHost: a\r\n\r\n")
    client.shut_down()
    it.wait(HALF_CLOSED_GRACE - 0.1)
    assert client.wire.socket.options == {}
    it.wait(0.2)
    assert client.wire.socket.options[SO_KEEPALIVE] == 1
    client.wire.socket.error = errno.ECONNRESET
    it.wait(HALF_CLOSED_GRACE + 0.1)
    assert client.state == "aborted"
    client.leave()
    assert it.asked[0].calls[-1] == "abort"


@pytest.mark.parametrize("begins", ["before", "after"])
def test_an_answer_that_has_begun_may_take_its_time_as_long_as_something_comes(it, begins):
    client = it.connect()
    client.send(GET % b"/x")
    if begins == "after":
        client.shut_down()
    it.asked[0].answer(length=CHUNKED, body=b"x", ended=False)
    if begins == "before":
        client.shut_down()
    for _ in range(8):
        it.wait(HALF_CLOSED_GRACE - 0.1)
        it.asked[0].receiver.response_data(b"x")
    it.asked[0].receiver.response_end(())
    assert client.take().endswith(b"0\r\n\r\n")
    assert client.state == "closed"


@pytest.mark.parametrize("begins", ["before", "after"])
def test_a_silent_answer_goes_on_until_the_client_has_refused_it(it, begins):
    client = it.connect()
    client.wire.socket = Socket(0)
    client.send(GET % b"/x")
    if begins == "after":
        client.shut_down()
    it.asked[0].answer(length=CHUNKED, body=b"x", ended=False)
    if begins == "before":
        client.shut_down()
    it.wait(20)
    assert client.state == "open"
    client.wire.socket.error = errno.ECONNRESET
    it.wait(HALF_CLOSED_GRACE + 0.2)
    assert client.state == "aborted"
    client.leave()
    assert it.asked[0].calls[-1] == "abort"


def test_a_client_that_has_closed_its_side_may_read_slowly(it):
    client = it.connect()
    client.send(GET % b"/x")
    it.asked[0].answer(length=CHUNKED, body=b"x", ended=False)
    client.read_slowly()
    client.shut_down()
    it.wait(20)
    assert client.state == "open"
    client.read_on()
    it.asked[0].receiver.response_end(())
    assert client.state == "closed"


# Memory


def test_no_more_waits_for_its_turn_than_the_buffer_holds(served):
    it = served(Settings(limits=Limits(buffer=100)))
    client = it.connect()
    client.send(GET % b"/x")
    client.send(GET % b"/now" * 3)
    assert client.wire.producerState == "producing"
    client.send(GET % b"/now" * 3)
    assert client.wire.producerState == "paused"
    it.asked[0].answer()
    assert client.wire.producerState == "producing"
    assert client.take().count(b"200 OK") == 7


def test_a_client_that_does_not_read_its_answers_gets_no_further_ones(served):
    it = served(Settings(limits=Limits(buffer=100)))
    client = it.connect()
    client.send(GET % b"/x" + GET % b"/now1")
    client.read_slowly()
    it.asked[0].answer(body=b"x")
    assert client.take().count(b"200 OK") == 1
    client.send(GET % b"/now2" * 5)
    assert client.take() == b""
    assert client.wire.producerState == "paused"
    client.read_on()
    assert client.take().count(b"200 OK") == 6
    assert client.wire.producerState == "producing"


def test_a_client_that_reads_slowly_pauses_its_upstream(it):
    client = it.connect()
    client.send(GET % b"/x")
    it.asked[0].answer(length=CHUNKED, body=b"x", ended=False)
    client.read_slowly()
    client.read_on()
    assert it.asked[0].calls[-2:] == ["pause", "resume"]


def test_an_upstream_that_reads_slowly_pauses_its_client(it):
    client = it.connect()
    client.send(PUT % 9 + b"abc")
    it.asked[0].receiver.request_full()
    assert client.wire.producerState == "paused"
    it.asked[0].receiver.request_drained()
    assert client.wire.producerState == "producing"


def turn(it):
    """Let the reactor do what it was asked to do next, and nothing of what that asks for."""
    call = min(it.clock.calls, key=lambda call: call.time)
    assert call.time <= it.clock.seconds()
    it.clock.calls.remove(call)
    call.func()


def test_a_client_gets_so_many_answers_before_it_is_the_others_turn(served):
    it = served(Settings(limits=Limits(pipelined=3)))
    client = it.connect()
    client.send(GET % b"/now" * 8)
    assert client.take().count(b"200 OK") == 3
    client.send(GET % b"/now")
    assert client.take() == b""
    for _ in range(2):
        turn(it)
        assert client.take().count(b"200 OK") == 3
    it.clock.advance(0)
    assert (client.take(), client.state) == (b"", "open")


def test_while_it_waits_for_its_turn_no_more_is_read_than_the_buffer_holds(served):
    it = served(Settings(limits=Limits(pipelined=1, buffer=50)))
    client = it.connect()
    client.send(GET % b"/now" * 4)
    assert client.wire.producerState == "paused"
    turn(it)
    assert client.wire.producerState == "paused"
    turn(it)
    assert client.wire.producerState == "producing"


def test_a_client_that_closes_its_side_meanwhile_gets_all_its_answers(served):
    it = served(Settings(limits=Limits(pipelined=1)))
    client = it.connect()
    client.send(GET % b"/now" * 3)
    client.shut_down()
    assert client.state == "open"
    it.clock.advance(0)
    it.clock.advance(0)
    assert (client.take().count(b"200 OK"), client.state) == (3, "closed")


def test_one_that_leaves_meanwhile_is_forgotten(served):
    it = served(Settings(limits=Limits(pipelined=1)))
    client = it.connect()
    client.send(GET % b"/now" * 2)
    client.take()
    client.leave()
    it.clock.advance(0)
    assert client.take() == b""


# Size


@pytest.fixture
def small(served):
    """Bodies of at most ten bytes."""
    it = served()
    it.factory.side = ServerSide.of(it.core, "default", WireLimits(body_bytes=10))
    return it


CHUNKED_PUT = b"PUT /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize("expect", [b"", b"Expect: 100-continue\r\n"])
def test_a_body_that_says_it_is_too_large_is_refused_at_its_head(small, expect):
    client = small.connect()
    client.send((PUT % 11).replace(b"\r\n\r\n", b"\r\n" + expect + b"\r\n"))
    written = client.take()
    assert written.startswith(b"HTTP/1.1 413 ")
    assert b" 100 " not in written
    assert client.state == "half closed"
    client.send(b"x" * 11 + GET % b"/y")
    assert small.asked == []
    assert small.stats.refused == {"413": 1}


@pytest.mark.parametrize("sent", [PUT % 10 + b"x" * 10, CHUNKED_PUT + b"5\r\nhello\r\n5\r\nworld\r\n0\r\n\r\n"])
def test_a_body_of_exactly_the_bound_is_served(small, sent):
    client = small.connect()
    client.send(sent)
    assert len(small.asked[0].body) == 10
    assert small.asked[0].calls[-1] == "end"
    small.asked[0].answer()
    assert client.take().startswith(b"HTTP/1.1 200 ")


def test_a_chunked_body_is_refused_at_the_size_that_exceeds_the_bound(small):
    client = small.connect()
    client.send(CHUNKED_PUT)
    client.send(b"6\r\nhello!\r\n")
    assert client.take() == b""
    client.send(b"5\r\n")
    assert client.take().startswith(b"HTTP/1.1 413 ")
    (asked,) = small.asked
    assert (asked.body, asked.calls) == (b"hello!", ["head", "abort"])
    assert small.stats.refused == {"413": 1}


def test_one_that_came_with_its_head_never_became_a_request(small):
    client = small.connect()
    client.send(CHUNKED_PUT + b"b\r\nhello world\r\n0\r\n\r\n")
    assert client.take().startswith(b"HTTP/1.1 413 ")
    assert small.asked == []


def test_trailers_that_are_too_large_are_a_431(served):
    it = served()
    it.factory.side = ServerSide.of(it.core, "default", WireLimits(trailer_bytes=10))
    client = it.connect()
    client.send(CHUNKED_PUT)
    client.send(b"0\r\nX-Long: value\r\n")
    assert client.take().startswith(b"HTTP/1.1 431 ")
    assert it.asked[0].calls == ["head", "abort"]


def test_the_last_request_of_a_connection_is_told_so(served):
    it = served(Settings(limits=Limits(requests_per_connection=2)))
    client = it.connect()
    client.send(GET % b"/now" * 3)
    written = client.take()
    assert (written.count(b"200 OK"), written.count(b"Connection: close")) == (2, 1)
    assert client.state == "half closed"


# Speed


@pytest.fixture
def paced(served):
    """A hundred bytes a second, after ten seconds."""
    return served(Settings(limits=Limits(header_rate=100, body_rate=100, rate_grace=10, header_timeout=60)))


def trickle(it, client, size, seconds):
    for _ in range(seconds):
        client.send(b"x" * size)
        it.wait(1)


def test_a_head_that_trickles_is_a_408(paced):
    client = paced.connect()
    client.send(b"GET /")
    trickle(paced, client, 90, 9)
    assert client.take() == b""
    trickle(paced, client, 90, 2)
    assert client.take().startswith(b"HTTP/1.1 408 ")
    assert paced.stats.refused == {"408": 1}


def test_one_that_comes_fast_enough_has_the_whole_time(paced):
    client = paced.connect()
    client.send(b"GET /")
    trickle(paced, client, 110, 30)
    client.send(b" HTTP/1.1\r\nHost: a\r\n\r\n")
    assert len(paced.asked) == 1


def test_an_idle_connection_is_not_slow(paced):
    client = paced.connect()
    client.send(GET % b"/now")
    client.take()
    paced.wait(50)
    assert client.state == "open"


@pytest.mark.parametrize("head", [PUT % 10**6, CHUNKED_PUT])
def test_a_body_that_trickles_is_a_408_and_no_whole_request(paced, head):
    client = paced.connect()
    client.send(head)
    for _ in range(11):
        client.send(b"5a\r\n" + b"x" * 86 + b"\r\n" if head == CHUNKED_PUT and not _ else b"")
        paced.wait(1)
    assert client.take().startswith(b"HTTP/1.1 408 ")
    assert paced.asked[0].calls == ["head", "abort"]


def test_the_time_in_which_the_gateway_does_not_read_does_not_count(paced):
    client = paced.connect()
    client.send(PUT % 10**6 + b"x" * 10)
    paced.asked[0].receiver.request_full()
    paced.wait(40)
    paced.asked[0].receiver.request_drained()
    paced.wait(9)
    assert client.take() == b""
    paced.wait(2)
    assert client.take().startswith(b"HTTP/1.1 408 ")


def test_who_waits_for_a_100_is_not_slow_until_it_sends(paced):
    client = paced.connect()
    client.send((PUT % 10**6).replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n"))
    paced.wait(40)
    assert client.take() == b""
    client.send(b"x")
    paced.wait(11)
    assert client.take().startswith(b"HTTP/1.1 408 ")


def test_a_body_whose_answer_has_begun_may_take_its_time(paced):
    client = paced.connect()
    client.send(PUT % 10**6)
    paced.asked[0].answer(length=CHUNKED, body=b"x", ended=False)
    client.send(b"x")
    paced.wait(40)
    assert client.state == "open"


def test_a_message_that_is_complete_leaves_nothing_to_measure(paced):
    client = paced.connect()
    client.send(PUT % 3)
    client.send(b"abc")
    paced.wait(40)
    assert client.state == "open"
    assert len(paced.core.timers.lane(10)) == 0


def test_rates_can_be_off(served):
    it = served(Settings(limits=Limits(header_rate=0, body_rate=0, rate_grace=10)))
    client = it.connect()
    client.send(PUT % 100 + b"x")
    other = it.connect()
    other.send(b"GET")
    it.wait(20)
    assert (client.take(), other.take()) == (b"", b"")


# Who comes in


def test_clients_of_one_address_beyond_their_share_are_closed_at_once(served, new_wire):
    it = served(Settings(limits=Limits(connections_per_client=1)))
    client = it.connect()
    for state in ("closed", "open"):
        wire = new_wire()
        it.factory.buildProtocol(client.wire.getPeer()).makeConnection(wire)
        assert wire.state == state
        if state == "closed":
            client.leave()


# The last recipient


@pytest.mark.parametrize("left", [b"1", b"007"])
def test_a_request_with_hops_left_goes_on_with_one_less(it, left):
    client = it.connect()
    client.send(b"OPTIONS /x HTTP/1.1\r\nHost: a\r\nMax-Forwards: " + left + b"\r\n\r\n")
    assert it.asked[0].head.headers.get(b"max-forwards") == b"%d" % (int(left) - 1)


def test_options_without_any_left_is_answered_here(it):
    client = it.connect()
    client.send(b"OPTIONS * HTTP/1.1\r\nHost: a\r\nMax-Forwards: 0\r\n\r\n" + GET % b"/x")
    written = client.take()
    assert written.startswith(b"HTTP/1.1 200 OK\r\nAllow: GET, HEAD, ")
    assert (it.asked, client.state) == ([], "half closed")


def test_trace_without_any_left_is_not_echoed(it):
    client = it.connect()
    client.send(b"TRACE /x HTTP/1.1\r\nHost: a\r\nMax-Forwards: 0\r\nCookie: secret\r\n\r\n")
    written = client.take()
    assert written.startswith(b"HTTP/1.1 405 ")
    assert b"\r\nAllow: GET, " in written
    assert b"secret" not in written
    assert it.asked == []


def test_other_methods_may_say_what_they_like(it):
    client = it.connect()
    client.send(b"GET /x HTTP/1.1\r\nHost: a\r\nMax-Forwards: 0\r\n\r\n")
    assert it.asked[0].head.headers.get(b"max-forwards") == b"0"


@pytest.mark.parametrize("field", [b"Max-Forwards: x", b"Max-Forwards: -1", b"Max-Forwards: 1\r\nMax-Forwards: 1"])
def test_a_number_of_hops_that_is_none_is_refused(it, field):
    client = it.connect()
    client.send(b"TRACE /x HTTP/1.1\r\nHost: a\r\n" + field + b"\r\n\r\n")
    assert client.take().startswith(b"HTTP/1.1 400 ")
    assert it.asked == []


def test_a_method_that_is_not_served_is_told_which_are(it):
    client = it.connect()
    client.send(b"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n")
    assert b"\r\nAllow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS\r\n" in client.take()
