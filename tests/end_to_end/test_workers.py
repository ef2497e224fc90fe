"""Several processes on the same sockets: to clients they are one gateway, and none of them is missed when it ends."""

from __future__ import annotations

import os
import signal
import socket
from collections import Counter
from contextlib import suppress
from pathlib import Path
from threading import Thread

import pytest

from harness.peers import Peer, peer, silent
from harness.processes import RUN, TWISTD, Child, Gateway
from harness.waiting import until
from harness.wire import OK, Wire, connect, get

TO = 'clusters: {{upstream: "{0}"}}\nroutes: [{{to: upstream}}]\n'
TWO = ("--workers", "2")
COMMANDS = pytest.mark.parametrize("command", [RUN, TWISTD], ids=["shadowgate run", "twistd shadowgate"])


def answer_of(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body


def workers(gateway: Gateway) -> list[dict]:
    return gateway.config()["workers"]


def pids(gateway: Gateway) -> list[int]:
    return [worker["pid"] for worker in workers(gateway)]


def lives(pid: int) -> bool:
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def still_writing_to(gateway: Gateway, moved: Path) -> list[int]:
    """Return the workers that have the old log open."""
    return [pid for pid in pids(gateway) if moved in open_files(pid)]


def open_files(pid: int) -> set[Path]:
    found = set()
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(OSError):
            found.add(link.readlink())
    return found


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Held:
    """An upstream that answers when it is told to."""

    def __init__(self) -> None:
        self.go = False

    def __call__(self, server: Peer, wire: Wire) -> None:
        while (request := wire.request()) is not None:
            server.requests.append(request)
            until(lambda: self.go, "word to answer")
            wire.send(OK)


class Client(Thread):
    """Asks again and again on a connection of its own each time; ``failures`` holds what was not a good answer."""

    def __init__(self, port: int) -> None:
        super().__init__(daemon=True)
        self.port = port
        self.answers: list[bytes] = []
        self.refused: list[object] = []
        self.broken: list[object] = []
        self.going = True
        self.start()

    def run(self) -> None:
        while self.going:
            try:
                wire = connect(("127.0.0.1", self.port))
            except OSError as failure:
                self.refused.append(failure)
                continue
            with wire:
                try:
                    wire.send(get("/", "a", "Connection: close"))
                    answer = wire.answer()
                    assert answer.status == 200, answer
                    self.answers.append(answer.body)
                except Exception as failure:
                    self.broken.append(failure)

    def stop(self) -> None:
        self.going = False
        self.join(30)
        assert not self.is_alive()


@COMMANDS
def test_all_workers_serve_and_end_in_good_order(start_gateway, command):
    with peer() as upstream:
        gateway = start_gateway({"a.yaml": TO.format(upstream)}, *TWO, command=command)
        clients = []

        def all_have_some() -> bool:
            # Who of two idle ones is the quicker is the kernel's business, and can be the same one for a while.
            clients.extend(gateway.connect() for _ in range(20))
            for client in clients[-20:]:
                client.send(get("/"))
                assert client.answer().status == 200
            return all(worker["connections"] for worker in workers(gateway))

        until(all_have_some, gateway.config)
        shown = workers(gateway)
        assert sum(worker["connections"] for worker in shown) == len(clients)
        assert all(worker["ready"] and worker["generation"] == 1 for worker in shown)
        for path in ("/", "/live", "/ready", "/metrics", "/config", "/config/dump", "/explain?url=http://a/"):
            assert gateway.admin(path).status == 200, path
        started = pids(gateway)
        for client in clients:
            client.close()
        assert gateway.stop() == (0 if command is RUN else -signal.SIGTERM)
        assert not any(map(lives, started))
        assert "Traceback" not in gateway.said


def test_a_worker_that_is_killed_under_load_is_replaced_and_no_connection_is_refused(start_gateway):
    with peer() as upstream:
        gateway = start_gateway({"a.yaml": TO.format(upstream)}, *TWO)
        clients = [Client(gateway.port) for _ in range(4)]
        for times in range(1, 4):
            before = pids(gateway)
            os.kill(before[times % 2], signal.SIGKILL)
            until(lambda b=before: None not in pids(gateway) and set(pids(gateway)) != set(b), gateway.config)
            until(lambda: all(worker["ready"] for worker in workers(gateway)), gateway.config)
            assert gateway.admin("/ready").status == 200
        for client in clients:
            client.stop()
            assert client.refused == []
            assert client.answers
        # What the killed ones had accepted breaks with them: at most all that four clients have under way.
        assert sum(len(client.broken) for client in clients) <= 3 * 4
        assert gateway.metric("shadowgate_worker_restarts_total") == 3
        assert gateway.metric("shadowgate_worker_up") == 2
        assert "killed by signal 9" in gateway.said


def test_a_killed_workers_counts_stay(start_gateway):
    with peer() as upstream:
        gateway = start_gateway({"a.yaml": TO.format(upstream)}, *TWO)
        for _ in range(30):
            assert gateway.ask(get("/", "a", "Connection: close")).status == 200
        assert gateway.metric("shadowgate_requests_total") == 30
        for pid in pids(gateway):
            os.kill(pid, signal.SIGKILL)
        until(lambda: gateway.metric("shadowgate_worker_restarts_total") == 2, gateway.config)
        until(lambda: all(worker["ready"] for worker in workers(gateway)), gateway.config)
        assert gateway.metric("shadowgate_requests_total") == 30
        assert gateway.ask(get("/", "a", "Connection: close")).status == 200
        until(lambda: gateway.metric("shadowgate_requests_total") == 31, "the last one's count")


def test_counts_of_all_workers_add_up(start_gateway):
    asked = 200
    with peer() as upstream, peer() as candidate:
        gateway = start_gateway(
            {
                "a.yaml": f'clusters: {{one: "{upstream}", two: "{candidate}"}}\n'
                "routes: [{name: all, to: one, mirror: {to: two, name: copy}}]\n"
            },
            *TWO,
        )
        clients = [gateway.connect() for _ in range(10)]
        for number in range(asked):
            client = clients[number % 10]
            client.send(get("/"))
            assert client.answer().status == 200
        accounts = gateway.settled_accounts("copy", asked)
        assert accounts.completed == {"2xx": asked}
        assert gateway.metric("shadowgate_requests_total", route="all", **{"class": "2xx"}) == asked
        assert gateway.metric("shadowgate_request_duration_seconds_count", route="all") == asked
        assert gateway.metric("shadowgate_request_duration_seconds_bucket", route="all", le="+Inf") == asked
        assert gateway.metric("shadowgate_connections_open") == 10
        assert gateway.metric("shadowgate_config_generation") == 1
        for client in clients:
            client.close()
        gateway.stop()
        kinds = Counter(line["kind"] for line in gateway.access())
        assert kinds == {"request": asked, "shadow": asked}


def test_a_new_configuration_reaches_all_at_once(start_gateway):
    with peer(answer_of(b"one")) as one, peer(answer_of(b"two")) as two:
        gateway = start_gateway({"configuration.yaml": TO.format(one)}, *TWO)
        clients = [gateway.connect() for _ in range(12)]
        busy = [Client(gateway.port) for _ in range(2)]
        for number in range(6):
            upstream, body = ((two, b"two"), (one, b"one"))[number % 2]
            gateway.serve(TO.format(upstream))
            for client in clients:
                client.send(get("/"))
            assert {client.answer().body for client in clients} == {body}
            assert {worker["generation"] for worker in workers(gateway)} == {number + 2}
        for client in busy:
            client.stop()
            assert (client.refused, client.broken) == ([], [])
            assert set(client.answers) == {b"one", b"two"}


def test_a_broken_change_is_refused_once_for_all(start_gateway):
    with peer() as upstream:
        gateway = start_gateway({"configuration.yaml": TO.format(upstream)}, *TWO)
        gateway.write("configuration.yaml", "rutes: 1\n")
        gateway.signal(signal.SIGHUP)
        until(lambda: not gateway.config()["last_load_ok"], gateway.config)
        shown = gateway.config()
        assert shown["generation"] == 1
        assert [problem["position"] for problem in shown["problems"] if problem["severity"] == "error"] == [
            f"{gateway.configuration}/configuration.yaml:1:1"
        ]
        assert gateway.said.count('did you mean "routes"') == 1
        assert gateway.metric("shadowgate_config_last_reload_successful") == 0
        assert gateway.ask(get("/")).status == 200
        gateway.write("configuration.yaml", TO.format(upstream))
        gateway.signal(signal.SIGHUP)
        until(lambda: gateway.config()["last_load_ok"], gateway.config)
        assert gateway.config()["generation"] == 2
        assert gateway.config()["problems"] == []


def test_listeners_come_and_go_with_the_configuration(start_gateway):
    with peer() as upstream, socket.create_server(("127.0.0.1", 0)) as free:
        gateway = start_gateway({"configuration.yaml": TO.format(upstream)}, *TWO)
        port = free.getsockname()[1]
        free.close()
        gateway.serve(TO.format(upstream) + f"listeners: tcp:{port}:interface=127.0.0.1\n")
        for _ in range(10):
            with connect(("127.0.0.1", port)) as client:
                client.send(get("/"))
                assert client.answer().status == 200
        gateway.serve(TO.format(upstream))
        assert not is_open(port)
        assert "Traceback" not in gateway.said


def test_a_port_of_a_new_configuration_that_is_taken_refuses_it(start_gateway):
    with peer() as upstream, socket.create_server(("127.0.0.1", 0)) as taken:
        gateway = start_gateway({"configuration.yaml": TO.format(upstream)}, *TWO)
        endpoint = f"tcp:{taken.getsockname()[1]}:interface=127.0.0.1"
        gateway.write("configuration.yaml", TO.format(upstream) + f"listeners: {endpoint}\n")
        gateway.signal(signal.SIGHUP)
        until(lambda: not gateway.config()["last_load_ok"], gateway.config)
        assert f"cannot listen on {endpoint}" in gateway.said
        assert gateway.config()["generation"] == 1
        assert gateway.ask(get("/")).status == 200


def test_a_unix_socket_stays_whatever_becomes_of_a_worker(start_gateway, directory: Path):
    path = directory / "gate"
    with peer() as upstream:
        gateway = start_gateway({"a.yaml": TO.format(upstream)}, *TWO, "--listen", f"unix:{path}:mode=600")
        assert path.stat().st_mode & 0o777 == 0o600
        for times in range(1, 5):
            os.kill(pids(gateway)[times % 2], (signal.SIGTERM, signal.SIGKILL)[times // 3])
            until(lambda n=times: gateway.metric("shadowgate_worker_restarts_total") == n, gateway.config)
            until(lambda: gateway.metric("shadowgate_worker_up") == 2, gateway.config)
            with connect(str(path)) as client:
                client.send(get("/"))
                assert client.answer().status == 200
        assert path.stat().st_mode & 0o777 == 0o600
        assert gateway.stop() == 0
        assert not path.exists()


def test_all_go_on_in_a_new_log(start_gateway):
    with peer() as upstream:
        gateway = start_gateway({"a.yaml": TO.format(upstream)}, *TWO)
        clients = [gateway.connect() for _ in range(20)]
        moved = gateway.access_path.with_suffix(".1")

        def ask(target: str) -> None:
            for client in clients:
                client.send(get(target))
                client.answer()

        ask("/before")
        gateway.access_path.rename(moved)
        gateway.signal(signal.SIGUSR1)
        until(gateway.access_path.exists, "the new log")
        until(lambda: len(gateway.access(moved)) == 20, "the old lines in the old log")
        # The log is reopened by a thread of its own, in each worker.
        until(lambda: not still_writing_to(gateway, moved), "the old log's end")
        ask("/after")
        for client in clients:
            client.close()
        gateway.stop()
        assert [line["target"] for line in gateway.access(moved)] == ["/before"] * 20
        assert [line["target"] for line in gateway.access()] == ["/after"] * 20


def test_a_worker_that_comes_later_writes_to_the_new_log_as_well(start_gateway):
    with peer() as upstream:
        gateway = start_gateway({"a.yaml": TO.format(upstream)}, *TWO)
        moved = gateway.access_path.with_suffix(".1")
        gateway.access_path.rename(moved)
        gateway.signal(signal.SIGUSR1)
        until(lambda: not still_writing_to(gateway, moved), "the old log's end")
        for times in range(1, 3):
            os.kill(pids(gateway)[0], signal.SIGKILL)
            until(lambda n=times: gateway.metric("shadowgate_worker_restarts_total") == n, gateway.config)
            until(lambda: gateway.metric("shadowgate_worker_up") == 2, gateway.config)
        for _ in range(20):
            assert gateway.ask(get("/after")).status == 200
        gateway.stop()
        assert moved.read_text() == ""
        assert [line["target"] for line in gateway.access()] == ["/after"] * 20


def test_a_log_that_cannot_be_opened_again_is_told_and_the_old_one_goes_on(start_gateway, directory: Path):
    logs, moved = directory / "logs", directory / "moved"
    logs.mkdir()
    with peer() as upstream:
        gateway = start_gateway({"a.yaml": TO.format(upstream)}, *TWO, "--access-log", str(logs / "access.log"))
        logs.rename(moved)
        gateway.signal(signal.SIGUSR1)
        until(lambda: "cannot open" in gateway.said, lambda: gateway.said)
        os.kill(pids(gateway)[0], signal.SIGKILL)
        until(lambda: gateway.metric("shadowgate_worker_restarts_total") == 1, gateway.config)
        until(lambda: gateway.metric("shadowgate_worker_up") == 2, gateway.config)
        for _ in range(20):
            assert gateway.ask(get("/after")).status == 200
        gateway.stop()
        assert f"cannot open {logs / 'access.log'} again" in gateway.said
        assert [line["target"] for line in gateway.access(moved / "access.log")] == ["/after"] * 20


def test_lines_on_standard_output_are_whole(start_gateway):
    asked = 2000
    with peer() as upstream:
        gateway = start_gateway({"a.yaml": TO.format(upstream)}, *TWO, "--access-log", "-")
        clients = [gateway.connect() for _ in range(8)]
        for number in range(asked // 8):
            for client in clients:
                client.send(get(f"/{number}/{'x' * 300}"))
            for client in clients:
                assert client.answer().status == 200
        for client in clients:
            client.close()
        gateway.stop()
        lines = [line for line in gateway.said.splitlines() if line.startswith("{")]
        assert len(lines) == asked
        assert all(line.endswith("}") and line.count('"kind"') == 1 for line in lines)


def test_requests_under_way_are_finished_before_it_ends(start_gateway):
    held = Held()
    with peer(held) as upstream:
        gateway = start_gateway({"a.yaml": TO.format(upstream)}, *TWO)
        port, started = gateway.port, pids(gateway)
        busy = [gateway.connect() for _ in range(8)]
        for client in busy:
            client.send(get("/"))
        until(lambda: len(upstream.requests) == 8, "the requests")
        gateway.signal(signal.SIGTERM)
        until(lambda: not is_open(port), "the port's end")
        assert gateway.admin("/ready").status == 503
        assert gateway.metric("shadowgate_ready") == 0
        assert gateway.metric("shadowgate_requests_in_flight") == 8
        held.go = True
        for client in busy:
            answer = client.answer()
            assert (answer.status, answer.get(b"connection")) == (200, b"close")
        assert gateway.ended() == 0
        assert not any(map(lives, started))
        assert len(gateway.access()) == 8
        assert "Traceback" not in gateway.said


def test_workers_wait_no_longer_than_the_drain_timeout(start_gateway):
    with peer(silent) as upstream:
        gateway = start_gateway({"a.yaml": TO.format(upstream)}, *TWO, "--drain-timeout", "0.3")
        with gateway.connect() as client:
            client.send(get("/"))
            until(lambda: upstream.received, "the request")
            gateway.signal(signal.SIGTERM)
            assert client.answer().status == 503
            assert client.ended()
        assert gateway.ended() == 0


@pytest.mark.parametrize("count", ["1", "2"])
@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_ends_it_at_once(start_gateway, count: str, second: signal.Signals):
    with peer(silent) as upstream:
        gateway = start_gateway({"a.yaml": TO.format(upstream)}, "--workers", count, "--drain-timeout", "1000")
        with gateway.connect() as client:
            client.send(get("/"))
            until(lambda: upstream.received, "the request")
            gateway.signal(signal.SIGTERM)
            until(lambda: gateway.admin("/ready").status == 503, "draining")
            assert gateway.process.poll() is None
            gateway.signal(second)
            if count == "1":  # several are not asked for a last word
                assert client.answer().status == 503
            assert client.ended()
        assert gateway.ended() == 0
        assert "Traceback" not in gateway.said


def test_an_interrupt_of_the_whole_group_ends_it_in_good_order(start_gateway):
    held = Held()
    with peer(held) as upstream:
        gateway = start_gateway({"a.yaml": TO.format(upstream)}, *TWO)
        with gateway.connect() as client:
            client.send(get("/"))
            upstream.next()
            for pid in [*pids(gateway), gateway.process.pid]:
                os.kill(pid, signal.SIGINT)
            until(lambda: gateway.admin("/ready").status == 503, "draining")
            held.go = True
            assert client.answer().status == 200
        assert gateway.ended() == 0


def test_workers_whose_supervisor_is_gone_finish_and_go(start_gateway):
    held = Held()
    with peer(held) as upstream:
        gateway = start_gateway({"a.yaml": TO.format(upstream)}, *TWO)
        port, started = gateway.port, pids(gateway)
        with gateway.connect() as client:
            client.send(get("/"))
            upstream.next()
            gateway.signal(signal.SIGKILL)
            gateway.ended()
            until(lambda: not is_open(port), "the port's end")
            until(lambda: sum(map(lives, started)) == 1, "the end of the idle one")
            held.go = True
            assert client.answer().status == 200
        until(lambda: not any(map(lives, started)), "the end of the busy one")


def test_a_worker_told_to_end_finishes_and_is_replaced(start_gateway):
    held = Held()
    with peer(held) as upstream:
        gateway = start_gateway({"a.yaml": TO.format(upstream)}, *TWO)
        with gateway.connect() as client:
            client.send(get("/"))
            upstream.next()
            (busy,) = [worker for worker in workers(gateway) if worker["in_flight"]]
            os.kill(busy["pid"], signal.SIGTERM)
            held.go = True
            assert client.answer().status == 200
        until(lambda: busy["pid"] not in pids(gateway) and None not in pids(gateway), gateway.config)
        assert "Traceback" not in gateway.said


def test_a_port_in_use_is_told_in_one_line(directory: Path):
    (directory / "a.yaml").write_text(TO.format("127.0.0.1:1"))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        endpoint = f"tcp:{taken.getsockname()[1]}:interface=127.0.0.1"
        arguments = ["-c", directory / "a.yaml", "-l", endpoint, "--admin", "none", "--access-log", "none"]
        child = Child([*RUN, *TWO, *arguments], directory / "said")
        assert child.ended() == 1
    lines = [line for line in child.said.splitlines() if f"cannot listen on {endpoint}" in line]
    assert len(lines) == 1 and "in use" in lines[0], child.said
    assert "Traceback" not in child.said
