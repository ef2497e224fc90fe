"""What the service manager hears, and when."""

import socket

import pytest

from shadowgate.notify import LOOK, Announcer, Manager, announce

ONE = "clusters: {v1: 127.0.0.1:8001}\nroutes: {name: all, to: v1}\n"


class Heard(Manager):
    """A manager that keeps what it is told."""

    def __init__(self, watchdog=False):
        super().__init__("", watchdog)
        self.all = []

    def tell(self, *assignments):
        self.all.append(assignments)

    def take(self):
        taken, self.all = self.all, []
        return taken


def fire(reactor, phase, event):
    for act, given, named in reactor.triggers[phase][event]:
        act(*given, **named)


@pytest.fixture
def it(in_memory):
    return in_memory(listen=["tcp:8000"])


def test_ready_is_told_once_and_only_when_it_serves(it):
    manager = Heard()
    announcer = Announcer(it.gateway, manager)
    announcer.look()
    assert manager.take() == []
    it.apply(ONE)
    announcer.look()
    announcer.look()
    assert manager.take() == [("READY=1", "STATUS=generation 1 in service")]


def test_the_status_follows_the_configuration(it):
    manager = Heard()
    announcer = Announcer(it.gateway, manager)
    it.apply(ONE)
    announcer.look()
    manager.take()
    it.offer("routes: [{to: v1, mirorr: v1}]\n")
    announcer.look()
    assert manager.take() == [("STATUS=generation 1 in service; the configuration read last has errors",)]
    it.offer(ONE.replace("all", "other"))
    announcer.look()
    assert manager.take() == [("STATUS=generation 2 in service",)]


def test_a_watchdog_hears_from_every_turn_it_asked_for(it):
    manager = Heard(watchdog=True)
    announcer = Announcer(it.gateway, manager)
    announcer.look()
    announcer.look()
    assert manager.take() == [("WATCHDOG=1",), ("WATCHDOG=1",)]


def test_it_looks_while_the_reactor_runs_and_says_when_it_ends(it):
    manager = Heard()
    it.apply(ONE)
    Announcer(it.gateway, manager).start(it.reactor)
    assert manager.take() == []
    fire(it.reactor, "after", "startup")
    assert [told[0] for told in manager.take()] == ["READY=1"]
    it.offer(ONE.replace("all", "other"))
    it.reactor.advance(LOOK)
    assert manager.take() == [("STATUS=generation 2 in service",)]
    fire(it.reactor, "before", "shutdown")
    assert manager.take() == [("STOPPING=1", "STATUS=draining")]


@pytest.mark.parametrize("abstract", [False, True])
def test_the_environment_names_the_socket_and_children_do_not_inherit_it(tmp_path, abstract):
    name = f"@shadowgate-{tmp_path.name}" if abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind("\0" + name[1:] if abstract else name)
        manager.settimeout(10)
        environment = {"NOTIFY_SOCKET": name, "WATCHDOG_USEC": "1", "WATCHDOG_PID": "1", "HOME": "/"}
        told = Manager.from_environment(environment)
        assert environment == {"HOME": "/"}
        assert told.watchdog
        told.tell("READY=1", "STATUS=x")
        assert manager.recv(100) == b"READY=1\nSTATUS=x"


def test_a_manager_that_is_gone_disturbs_nobody(tmp_path):
    Manager(str(tmp_path / "nobody")).tell("READY=1")


@pytest.mark.parametrize("environment", [{}, {"NOTIFY_SOCKET": ""}, {"NOTIFY_SOCKET": "vsock:2:1"}])
def test_without_a_socket_nothing_is_arranged(it, environment):
    announce(it.gateway, None, environment)
    assert "NOTIFY_SOCKET" not in environment
