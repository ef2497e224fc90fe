"""The gateway as a Twisted service: ports, sources, signals, and an orderly end."""

import signal

import pytest

from shadowgate.admin.access import Access
from shadowgate.net.sink import LineSink
from shadowgate.service import GatewayService, say

ONE = "clusters: {v1: 127.0.0.1:8001}\nroutes: {name: all, to: v1}\n"
TWO = ONE.replace("all", "other")
GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


@pytest.fixture
def handlers(monkeypatch):
    """The signal handlers that were set, in place of the process's own."""
    found = {}
    monkeypatch.setattr(signal, "signal", found.__setitem__)
    return found


@pytest.fixture
def path(tmp_path):
    """A configuration's file."""
    made = tmp_path / "gw.yaml"
    made.write_text(ONE)
    return made


@pytest.fixture
def made(in_memory, path, handlers):
    """Make a service on one file: ``made(admin=..., sink=...)``."""

    def make(**given):
        it = in_memory(listen=["tcp:8000"])
        it.service = GatewayService(it.gateway, it.reactor, [str(path)], **given)
        return it

    return make


@pytest.fixture
def running(made):
    it = made(admin=Access("tcp:9900"))
    it.service.load()
    it.service.privilegedStartService()
    it.service.startService()
    yield it
    it.service.stopService()


def route_names(it):
    return [rule.route for rule in it.gateway.snapshot.rules]


def test_a_service_loads_then_binds_then_serves(made):
    it = made(admin=Access("tcp:9900"))
    it.service.load()
    assert route_names(it) == ["all"]
    assert it.reactor.ports == {}
    it.service.privilegedStartService()
    assert list(it.reactor.ports) == [8000, 9900]


def test_no_admin_port_where_none_is_wanted(made):
    it = made()
    it.service.load()
    it.service.privilegedStartService()
    assert list(it.reactor.ports) == [8000]


def test_a_wrong_configuration_at_the_start_is_one_line_a_problem_and_status_1(made, path, capsys):
    path.write_text("clusters: {v1: nonsense}\nroutes: {too: v1}\n")
    with pytest.raises(SystemExit) as left:
        made().service.load()
    assert left.value.code == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) >= 2
    assert all(line.startswith(f"{path}:") and ": error" in line for line in lines)


def test_a_file_that_is_not_there_is_a_problem(made, path, capsys):
    path.unlink()
    with pytest.raises(SystemExit):
        made().service.load()
    assert str(path) in capsys.readouterr().err


def test_warnings_at_the_start_are_said_once_and_it_serves(made, path, capsys):
    path.write_text(ONE.replace("to: v1", "to: v1, mirror: nobody"))
    it = made()
    it.service.load()
    assert "warning" in capsys.readouterr().err
    assert it.gateway.ready


@pytest.mark.parametrize("taken", [8000, 9900])
def test_a_port_in_use_at_the_start_is_one_line_and_status_1(made, capsys, taken):
    it = made(admin=Access("tcp:9900"))
    it.reactor.taken.add(taken)
    it.service.load()
    with pytest.raises(SystemExit) as left:
        it.service.privilegedStartService()
    assert left.value.code == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert f"cannot listen on tcp:{taken}: Address already in use" in line


def test_a_change_of_a_file_is_in_service_within_two_seconds(running, path):
    running.reactor.wait(1)
    path.write_text(TWO)
    running.reactor.wait(2)
    assert route_names(running) == ["other"]


def test_a_broken_change_keeps_the_last_good_configuration(running, path):
    path.write_text("routes: [")
    running.reactor.wait(2)
    assert route_names(running) == ["all"]
    assert not running.gateway.last_load_ok


def test_sighup_reloads_at_once_in_a_turn_of_the_reactor(running, path, handlers):
    path.write_text(TWO)
    handlers[signal.SIGHUP](signal.SIGHUP, None)
    assert route_names(running) == ["all"]
    running.reactor.settle()
    assert route_names(running) == ["other"]


def test_a_signal_that_comes_while_the_configuration_is_read_acts_once_it_serves(made, path, handlers):
    it = made()
    it.service.load()
    path.write_text(TWO)
    handlers[signal.SIGHUP](signal.SIGHUP, None)
    assert signal.SIGUSR1 in handlers
    it.service.privilegedStartService()
    it.service.startService()
    it.reactor.settle()
    assert route_names(it) == ["other"]
    it.service.stopService()


def test_sigusr1_goes_on_in_a_new_log(made, tmp_path, handlers):
    log = tmp_path / "access.log"
    it = made(sink=LineSink(str(log)))
    it.gateway.core.access_log._write = it.service.sink.write
    it.service.load()
    it.service.privilegedStartService()
    it.service.startService()
    it.gateway.core.access_log.refused("one", 400, "x")
    log.rename(tmp_path / "access.log.1")
    handlers[signal.SIGUSR1](signal.SIGUSR1, None)
    it.reactor.settle()
    it.gateway.core.access_log.refused("two", 400, "x")
    it.service.stopService()
    assert '"one"' in (tmp_path / "access.log.1").read_text()
    assert '"two"' in log.read_text()
    assert '"one"' not in log.read_text()


def test_stopping_closes_the_ports_at_once_and_waits_for_answers(running):
    client = running.client()
    client.send(GET)
    upstream = running.upstream()
    done = []
    running.service.stopService().addCallback(done.append)
    assert 8000 not in running.reactor.ports
    assert 9900 in running.reactor.ports  # /ready says that it is draining
    running.reactor.wait(1)
    assert done == []
    upstream.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    client.leave()
    running.reactor.wait(1)
    assert len(done) == 1
    assert running.reactor.ports == {}


def test_what_takes_too_long_is_ended(made):
    it = made(drain_timeout=5)
    it.service.load()
    it.service.privilegedStartService()
    it.service.startService()
    client = it.client()
    client.send(GET)
    done = []
    it.service.stopService().addCallback(done.append)
    it.reactor.wait(4)
    assert client.state == "open"
    it.reactor.wait(2)
    assert client.take().startswith(b"HTTP/1.1 503 ")
    assert client.state == "closed"
    assert len(done) == 1


@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_ends_what_is_under_way_at_once(running, handlers, second):
    client = running.client()
    client.send(GET)
    assert second not in handlers
    done = []
    running.service.stopService().addCallback(done.append)
    handlers[second](second, None)
    running.reactor.settle()
    assert client.take().startswith(b"HTTP/1.1 503 ")
    assert client.state == "closed"
    assert len(done) == 1
    handlers[second](second, None)
    running.reactor.settle()


def test_a_stopped_service_follows_its_files_no_more(running, path):
    running.service.stopService()
    path.write_text(TWO)
    running.reactor.wait(5)
    assert route_names(running) == ["all"]


def test_problems_are_said_one_a_line(in_memory):
    it = in_memory()
    it.apply(ONE.replace("to: v1", "to: v1, mirror: nobody"))
    said = []
    say(it.gateway.problems, said.append)
    assert len(said) == len(it.gateway.problems)
    assert all(line.endswith("\n") and line.count("\n") == 1 for line in said)
