"""The demonstration's server, driven with bytes and a clock."""

import json
from typing import Any

import pytest
from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionLost
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from shadowgate.demo.httpbin import AccessLine, HttpbinSite

NOON = 1_520_424_000.0  # 2018-03-07 12:00 UTC


class Server:
    """One connection to one server."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.clock.advance(NOON)
        self.lines: list[AccessLine] = []
        self.protocol: Any = HttpbinSite(self.clock, self.lines.append).buildProtocol(None)
        self.transport = StringTransport(peerAddress=IPv4Address("TCP", "127.0.0.1", 4711))
        self.protocol.makeConnection(self.transport)

    def ask(self, request: str, *headers: str, body: str = "") -> tuple[int, bytes]:
        fields = ["Host: httpbin:8000", *headers, f"Content-Length: {len(body)}"]
        self.protocol.dataReceived("\r\n".join([f"{request} HTTP/1.1", *fields, "", body]).encode())
        return self.answer()

    def answer(self) -> tuple[int, bytes]:
        head, _, body = self.transport.value().partition(b"\r\n\r\n")
        self.transport.clear()
        return (int(head.split()[1]) if head else 0), body


@pytest.fixture
def server() -> Server:
    return Server()


def json_of(answer: tuple[int, bytes]) -> Any:
    return json.loads(answer[1])


def test_headers_tells_the_host_that_the_client_asked_for(server: Server) -> None:
    assert json_of(server.ask("GET /headers", "X-One: 1"))["headers"] == {
        "Content-Length": "0",
        "Host": "httpbin:8000",
        "X-One": "1",
    }


def test_ip_believes_the_gateway_in_front(server: Server) -> None:
    assert json_of(server.ask("GET /ip", "X-Forwarded-For: 192.0.2.1,192.0.2.2"))["origin"] == "192.0.2.1,192.0.2.2"
    assert json_of(server.ask("GET /ip"))["origin"] == "127.0.0.1"


def test_user_agent(server: Server) -> None:
    assert json_of(server.ask("GET /user-agent", "User-Agent: curl/7.35.0")) == {"user-agent": "curl/7.35.0"}


def test_anything_tells_all_of_a_request(server: Server) -> None:
    told = json_of(server.ask("POST /anything/at/all?a=1&b=2&b=3", body='{"x": [1]}'))
    assert told["method"] == "POST"
    assert told["url"] == "http://httpbin:8000/anything/at/all?a=1&b=2&b=3"
    assert told["args"] == {"a": "1", "b": ["2", "3"]}
    assert told["data"] == '{"x": [1]}'
    assert told["json"] == {"x": [1]}


def test_a_form_is_told_as_one(server: Server) -> None:
    told = json_of(server.ask("POST /post", "Content-Type: application/x-www-form-urlencoded", body="a=1&b="))
    assert told["form"] == {"a": "1", "b": ""}
    assert told["data"] == ""


def test_post_wants_a_post(server: Server) -> None:
    assert server.ask("GET /post")[0] == 405


@pytest.mark.parametrize("status", [200, 204, 418, 503])
def test_status_answers_with_that_status(server: Server, status: int) -> None:
    assert server.ask(f"GET /status/{status}") == (status, b"")


@pytest.mark.parametrize("path", ["/status/99", "/status/600", "/status/x", "/status/", "/bytes/-1"])
def test_what_is_not_a_number_in_range_is_refused(server: Server, path: str) -> None:
    status, body = server.ask(f"GET {path}")
    assert status == 400
    assert b"expected a number" in body


def test_bytes_gives_as_many_and_always_the_same(server: Server) -> None:
    first, again = server.ask("GET /bytes/1000"), server.ask("GET /bytes/1000")
    assert len(first[1]) == 1000
    assert first == again


def test_stream_sends_each_line_in_a_chunk_of_its_own(server: Server) -> None:
    _, body = server.ask("GET /stream/3")
    lines = [json.loads(line) for line in body.split(b"\r\n") if line.startswith(b"{")]
    assert [line["id"] for line in lines] == [0, 1, 2]


def test_an_unknown_path_is_not_found(server: Server) -> None:
    assert server.ask("GET /nowhere")[0] == 404


def test_delay_answers_when_the_time_is_up(server: Server) -> None:
    assert server.ask("GET /delay/2") == (0, b"")
    server.clock.advance(1.9)
    assert server.answer() == (0, b"")
    server.clock.advance(0.2)
    assert server.answer()[0] == 200
    assert [line.status for line in server.lines] == [200]


def test_a_client_that_leaves_takes_its_delayed_answer_along(server: Server) -> None:
    server.ask("GET /delay/2")
    server.protocol.connectionLost(Failure(ConnectionLost()))
    assert server.clock.getDelayedCalls() == []


def test_the_access_line_is_gunicorns(server: Server) -> None:
    _, body = server.ask("GET /headers", "User-Agent: curl/7.35.0")
    (line,) = server.lines
    assert line.host == "httpbin:8000"
    assert str(line) == (
        f'127.0.0.1 - - [07/Mar/2018:12:00:00 +0000] "GET /headers HTTP/1.1" 200 {len(body)} "-" "curl/7.35.0"'
    )
