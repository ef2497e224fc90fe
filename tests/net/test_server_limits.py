"""What a client may not do, how long it may take, and how it is told."""

import pytest

from shadowgate.http.framing import CHUNKED
from shadowgate.model import Limits, Settings
from shadowgate.net.server import HALF_CLOSED_GRACE, LINGER_BYTES, LINGER_SECONDS

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
    assert client.take() == b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx"
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


def test_a_closed_side_may_mean_that_the_client_is_gone_so_it_waits_only_a_moment(it):
    client = it.connect()
    client.send(GET % b"/x")
    client.shut_down()
    it.wait(HALF_CLOSED_GRACE - 0.1)
    assert client.state == "open"
    it.wait(0.4)
    assert client.state == "aborted"


def test_an_answer_that_has_begun_may_take_its_time(it):
    client = it.connect()
    client.send(GET % b"/x")
    it.asked[0].answer(length=CHUNKED, body=b"x", ended=False)
    client.shut_down()
    it.wait(5)
    it.asked[0].receiver.response_end(())
    assert client.take().endswith(b"0\r\n\r\n")
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
