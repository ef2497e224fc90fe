"""The access log as a file, and the sockets that clients and the admin API come in by."""

from __future__ import annotations

import signal
import socket
from pathlib import Path

from harness.peers import peer, refused
from harness.processes import RUN, Child
from harness.waiting import until
from harness.wire import connect, get

GOOD = 'clusters: {{upstream: "{0}"}}\nroutes: [{{to: upstream}}]\n'
LISTEN = "tcp:0:interface=127.0.0.1"


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_the_access_log_goes_on_in_a_new_file_after_a_rotation(start_gateway):
    with peer() as upstream:
        gateway = start_gateway({"a.yaml": GOOD.format(upstream)})
        rotated = gateway.access_path.with_suffix(".1")
        assert gateway.ask(get("/before")).status == 200
        until(lambda: gateway.access(), "the first line")
        gateway.access_path.rename(rotated)
        assert gateway.ask(get("/between")).status == 200
        until(lambda: len(gateway.access(rotated)) == 2, "the second line, in the file that was moved")
        gateway.signal(signal.SIGUSR1)
        until(gateway.access_path.exists, "the new file")
        assert gateway.ask(get("/after")).status == 200
        until(lambda: gateway.access(), "the first line of the new file")
        assert [line["target"] for line in gateway.access(rotated)] == ["/before", "/between"]
        assert [line["target"] for line in gateway.access()] == ["/after"]


def test_access_lines_go_to_standard_output_or_nowhere(start_gateway):
    with peer() as upstream:
        gateway = start_gateway({"a.yaml": GOOD.format(upstream)}, "--access-log", "-")
        gateway.ask(get("/on-stdout"))
        until(lambda: '"target":"/on-stdout"' in gateway.said, lambda: gateway.said)
        assert not gateway.access_path.exists()


def test_no_access_log(start_gateway):
    with peer() as upstream:
        gateway = start_gateway({"a.yaml": GOOD.format(upstream)}, "--access-log", "none")
        gateway.ask(get("/unwritten"))
        assert gateway.stop() == 0
        assert "/unwritten" not in gateway.said
        assert not gateway.access_path.exists()


def test_waiting_access_lines_are_written_before_the_end(start_gateway):
    with peer() as upstream:
        gateway = start_gateway({"a.yaml": GOOD.format(upstream)})
        gateway.ask(get("/last-words"))
        assert gateway.stop() == 0
        assert [line["target"] for line in gateway.access()] == ["/last-words"]


def test_a_header_cannot_forge_an_access_line(start_gateway):
    with peer() as upstream:
        gateway = start_gateway({"a.yaml": GOOD.format(upstream)})
        gateway.ask(get("/%0a", "h", 'User-Agent: "}\\n{"kind":"request"\u2028'))
        (line,) = until(gateway.access, "the line")
        assert line["target"] == "/%0a"


def test_the_admin_api_can_be_on_tcp_or_nowhere(directory: Path):
    with peer() as upstream:
        (directory / "a.yaml").write_text(GOOD.format(upstream))
        admin_port, port = refused(), refused()
        listen = ("--access-log", "none", "-l", f"tcp:{port}:interface=127.0.0.1")
        for admin, open_ports in ((f"tcp:{admin_port}:interface=127.0.0.1", {port, admin_port}), ("none", {port})):
            child = Child([*RUN, "-c", str(directory / "a.yaml"), *listen, "--admin", admin], directory / "said")
            try:
                until(lambda: is_open(port), lambda c=child: c.said)
                with connect(("127.0.0.1", port)) as client:
                    client.send(get("/"))
                    assert client.answer().status == 200
                assert {one for one in (port, admin_port) if is_open(one)} == open_ports
            finally:
                assert child.stop() == 0


def test_several_listen_options(start_gateway, directory: Path):
    with peer() as upstream:
        unix = f"unix:{directory / 'web'}"
        gateway = start_gateway({"a.yaml": GOOD.format(upstream)}, "--listen", unix, "--listen", LISTEN)
        shown = [listener["address"] for listener in gateway.config()["listeners"]]
        assert shown[0] == unix
        for address in (str(directory / "web"), ("127.0.0.1", int(shown[1].removeprefix("127.0.0.1:")))):
            with connect(address) as client:
                client.send(get("/"))
                assert client.answer().status == 200


def test_listeners_of_the_configuration_open_and_close_with_it(start_gateway):
    bound = GOOD + "listeners: [{{name: extra, endpoint: '{1}'}}]\n"
    with peer() as upstream:
        gateway = start_gateway({"configuration.yaml": GOOD.format(upstream)})
        port = refused()
        gateway.serve(bound.format(upstream, f"tcp:{port}:interface=127.0.0.1"))
        assert is_open(port)
        with connect(("127.0.0.1", port)) as kept:
            kept.send(get("/"))
            assert kept.answer().status == 200
            gateway.serve(GOOD.format(upstream))
            until(lambda: not is_open(port), "the port's end")
            kept.send(get("/"))
            assert kept.answer().status == 200, "a client that was there keeps its connection"
