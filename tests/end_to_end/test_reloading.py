"""Configurations that change while clients are served: no request is lost, and each keeps what it began with."""

from __future__ import annotations

import signal
from threading import Thread

import pytest

from harness.peers import Peer, peer
from harness.processes import Gateway
from harness.waiting import until
from harness.wire import Wire, connect, get

TO = 'clusters: {{one: "{0}", two: "{1}"}}\nroutes: [{{to: {2}, mirror: {{to: {3}, name: other}}}}]\n'
ONE = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\none"
TWO = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\ntwo"


class Client:
    """Asks again and again in a thread of its own; ``failures`` holds what was not a good answer."""

    def __init__(self, gateway: Gateway) -> None:
        self.answers: list[bytes] = []
        self.failures: list[object] = []
        self.going = True
        self._wire = gateway.connect()
        self._thread = Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while self.going:
            try:
                self._wire.send(get("/", method="POST", body=b"x" * 1000))
                answer = self._wire.answer()
            except Exception as failure:
                self.failures.append(failure)
                return
            if answer.status != 200:
                self.failures.append(answer)
            self.answers.append(answer.body)

    def stop(self) -> None:
        self.going = False
        self._thread.join(30)
        assert not self._thread.is_alive()
        self._wire.close()


def test_no_request_is_lost_while_configurations_come_and_go(gateway: Gateway):
    with peer(ONE) as one, peer(TWO) as two:
        gateway.serve(TO.format(one, two, "one", "two"))
        clients = [Client(gateway) for _ in range(4)]
        for number in range(20):
            names = ("one", "two") if number % 2 else ("two", "one")
            gateway.serve(TO.format(one, two, *names))
            seen = [len(client.answers) for client in clients]
            until(
                lambda s=seen: all(c.failures or len(c.answers) > n for c, n in zip(clients, s, strict=True)),
                "the next answers",
            )
        for client in clients:
            client.stop()
            assert client.failures == []
            assert set(client.answers) == {b"one", b"two"}
        asked = sum(len(client.answers) for client in clients)
        accounts = gateway.settled_accounts("other", asked)
        assert accounts.completed == {"2xx": asked}


def test_a_request_under_way_ends_by_the_configuration_that_it_began_with(gateway: Gateway):
    go = []

    def holds(server: Peer, wire: Wire) -> None:
        while (request := wire.request()) is not None:
            server.requests.append(request)
            until(lambda: go, "the new configuration")
            wire.send(ONE)

    with peer(holds) as one, peer(TWO) as two:
        gateway.serve(f'clusters: {{one: "{one}"}}\nroutes: [{{to: one}}]\n')
        with gateway.connect() as client:
            client.send(get("/"))
            one.next()
            gateway.serve(f'clusters: {{two: "{two}"}}\nroutes: [{{to: two}}]\n')
            go.append(True)
            assert client.answer().body == b"one"
            client.send(get("/"))
            assert client.answer().body == b"two"
        until(lambda: one.ended, "the end of a connection that nothing uses any more")


def test_a_hangup_signal_without_a_change_changes_nothing(gateway: Gateway):
    with peer(ONE) as one:
        gateway.serve(f'clusters: {{one: "{one}"}}\nroutes: [{{to: one}}]\n')
        before = gateway.config()["generation"]
        with gateway.connect() as client:
            for _ in range(5):
                gateway.signal(signal.SIGHUP)
                client.send(get("/"))
                assert client.answer().body == b"one"
        assert one.connections == 1
        until(lambda: "the configuration has not changed" in gateway.said, lambda: gateway.said)
        assert gateway.config()["generation"] == before
        assert gateway.config()["last_load_ok"]


LISTENING = """\
listeners: {{name: web, endpoint: "tcp:{0}:interface=127.0.0.1"}}
clusters: {{to: "{1}"}}
routes: {{to: to}}
"""


@pytest.mark.parametrize("arguments", [(), ("--workers", "2")], ids=["alone", "workers"])
def test_a_listener_can_get_another_endpoint_on_the_same_port(start_gateway, arguments: tuple[str, ...]):
    with peer(ONE) as one, peer(TWO) as two:
        gateway = start_gateway({"configuration.yaml": LISTENING.format(0, one)}, *arguments)
        (web,) = (each for each in gateway.config()["listeners"] if each["name"] == "web")
        number = int(web["address"].rpartition(":")[2])
        gateway.serve(LISTENING.format(number, two))
        with connect(("127.0.0.1", number)) as client:
            client.send(get("/"))
            assert client.answer().body == b"two"
        (web,) = (each for each in gateway.config()["listeners"] if each["name"] == "web")
        assert web["endpoint"] == f"tcp:{number}:interface=127.0.0.1"
