"""``twistd shadowgate``: options in, service out."""

import inspect
import re
import signal

import pytest
from attrs import fields
from twisted.python.usage import UsageError
from twisted.scripts._twistd_unix import ServerOptions

from shadowgate.config.limits import read_timeout
from shadowgate.model import Limits, Timeouts
from shadowgate.service import GatewayService
from shadowgate.tap import DEFAULT_ADMIN, Options, logs_to_stdout, make_service
from shadowgate.workers.supervisor import Supervisor

CONFIG = "clusters: {v1: 127.0.0.1:8001}\nroutes: {name: all, to: v1}\n"


@pytest.fixture
def path(tmp_path):
    made = tmp_path / "gw.yaml"
    made.write_text(CONFIG)
    return str(made)


def options(*arguments):
    made = Options()
    made.parseOptions(list(arguments))
    return made


@pytest.fixture
def service(path, new_reactor, monkeypatch):
    """Make a service from a command line on the configuration's file; signals stay with whoever runs the tests."""

    sinks = []
    monkeypatch.setattr(signal, "signal", lambda number, handler: None)

    def make(*arguments, log="none"):
        made = make_service(options("--config", path, "--access-log", str(log), *arguments), new_reactor())
        made.reactor.settle()
        if getattr(made, "sink", None) is not None:  # a supervisor writes no access lines itself
            sinks.append(made.sink)
        return made

    yield make
    for sink in sinks:
        sink.stop()


def test_a_gateway_that_nobody_can_tell_anything_needs_a_configuration():
    with pytest.raises(UsageError, match="--config PATH"):
        options("--admin", "none")


@pytest.mark.parametrize("workers", ["1", "2"])
def test_one_that_can_be_told_waits_and_says_so(new_reactor, capsys, workers):
    made = make_service(options("--workers", workers, "--access-log", "none"), new_reactor())
    assert not made.store.durable
    assert capsys.readouterr().err == (
        f"shadowgate: neither --config nor --store: waits for objects at the admin API, {DEFAULT_ADMIN}, "
        "and keeps them in memory only\n"
    )


def test_one_that_has_a_configuration_says_nothing_of_that(service, capsys):
    service()
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("name", ["--config", "-c"])
def test_paths_are_absolute_because_twistd_may_change_its_directory(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    assert options(name, "a.yaml", name, "b")["config"] == [str(tmp_path / "a.yaml"), str(tmp_path / "b")]


def test_options_may_be_given_several_times_and_shortly():
    made = options("-c", "/a", "-l", "tcp:1", "--listen", "unix:/x")
    assert made["listen"] == ["tcp:1", "unix:/x"]


def test_no_two_command_lines_share_their_lists():
    options("-c", "/a", "-l", "tcp:1")
    assert options("-c", "/b")["listen"] == []


def test_defaults():
    made = options("-c", "/a")
    assert made["admin"] == DEFAULT_ADMIN == "tcp:9900:interface=127.0.0.1"
    assert made["access-log"] == "-"
    settings = made.settings
    assert (settings.trusted_hops, settings.server, settings.via, settings.shadow_suffix) == (0, "", "", None)


def test_settings_are_as_given():
    made = options("-c", "/a", "--trusted-hops", "1", "--server-header", "s", "--via", "v", "--shadow-suffix", "")
    settings = made.settings
    assert (settings.trusted_hops, settings.server, settings.via, settings.shadow_suffix) == (1, "s", "v", "")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [((), ("websocket",)), (("WebSocket, chat/2",), ("websocket", "chat/2")), (("none",), ())],
)
def test_upgrades_are_a_list_of_protocols(arguments, expected):
    given = ["--upgrades", *arguments] if arguments else []
    assert options("-c", "/a", *given).settings.upgrades == expected


@pytest.mark.parametrize("protocols", ["h2c", "websocket,h2", "HTTP/2", "https", "TLS/1.0", "web socket", "", "a,,b"])
def test_what_can_be_no_tunnel_is_a_usage_error(protocols):
    with pytest.raises(UsageError, match=r"never becomes a tunnel|is not the name of a protocol"):
        options("-c", "/a", "--upgrades", protocols)


def test_a_number_that_is_none_is_a_usage_error():
    with pytest.raises(UsageError):
        options("-c", "/a", "--trusted-hops", "many")


def test_the_service_has_its_configuration_loaded(service):
    made = service("--drain-timeout", "7")
    assert made.gateway.ready
    assert (made.drain_timeout, made.admin.endpoint, made.sink) == (7, DEFAULT_ADMIN, None)


@pytest.mark.parametrize(("arguments", "ports"), [([], [8000]), (["-l", "tcp:81", "-l", "tcp:82"], [81, 82])])
def test_it_listens_where_it_was_told_or_on_port_8000(service, arguments, ports):
    made = service("--admin", "none", *arguments)
    made.privilegedStartService()
    assert list(made.reactor.ports) == ports


def test_a_configuration_with_listeners_needs_no_default(service, path):
    with open(path, "a") as file:
        file.write("listeners: tcp:8443\n")
    made = service("--admin", "none")
    made.privilegedStartService()
    assert list(made.reactor.ports) == [8443]


def test_an_access_log_goes_to_its_path(service, tmp_path):
    log = tmp_path / "access.log"
    made = service(log=log)
    assert made.sink.path == str(log)
    assert log.exists()


def test_an_access_log_that_cannot_be_opened_is_one_sentence(service, tmp_path):
    with pytest.raises(SystemExit, match=r"^shadowgate: cannot write the access log .*: No such file or directory$"):
        service(log=tmp_path / "no" / "log")


@pytest.mark.parametrize("arguments", [["-n"], ["--nodaemon"], ["-n", "-l-"], ["-n", "--logfile", "-"]])
def test_twistd_in_the_foreground_logs_to_standard_output(arguments):
    assert logs_to_stdout(twistd_options(arguments))


@pytest.mark.parametrize("arguments", [[], ["-n", "-l", "file"], ["-n", "--syslog"], ["-n", "--logger", "os.getpid"]])
def test_twistd_elsewhere_logs_to_something_else(arguments):
    assert not logs_to_stdout(twistd_options(arguments))


def twistd_options(arguments):
    made = ServerOptions()
    made.parseOptions(arguments)
    return made


def test_lost_lines_are_counted(service, tmp_path):
    made = service(log=tmp_path / "log")
    made.sink._refused += 3
    assert made.gateway.stats.log_lines_lost() == 3


def test_a_wrong_configuration_leaves_with_status_1(service, path, capsys):
    with open(path, "a") as file:
        file.write("rutes: 1\n")
    with pytest.raises(SystemExit) as left:
        service()
    assert left.value.code == 1
    assert 'did you mean "routes"' in capsys.readouterr().err


def test_one_process_is_the_default(service):
    assert options("-c", "/a")["workers"] == 1
    assert isinstance(service("--workers", "1"), GatewayService)


def test_several_processes_have_a_supervisor_with_its_configuration_loaded(service):
    made = service("--workers", "3", "--drain-timeout", "7", "-l", "tcp:81")
    assert isinstance(made, Supervisor)
    assert (made.count, made.drain_timeout, made.snapshot.generation) == (3, 7, 1)
    assert made.configurations.listen == ("tcp:81",)
    assert made.unready() == "0 of 3 workers have started"


def test_auto_is_one_process_for_each_core(monkeypatch):
    monkeypatch.setattr("os.sched_getaffinity", lambda pid: {0, 2, 5})
    assert options("-c", "/a", "--workers", "auto")["workers"] == 3


@pytest.mark.parametrize("number", ["0", "-1", "many", "1025", "1.5"])
def test_a_number_of_processes_that_makes_no_sense_is_a_usage_error(number):
    with pytest.raises(UsageError):
        options("-c", "/a", "--workers", number)


def test_a_wrong_configuration_ends_several_processes_before_they_start(service, path, capsys):
    with open(path, "a") as file:
        file.write("rutes: 1\n")
    with pytest.raises(SystemExit):
        service("--workers", "2")
    assert f"{path}:3:1: error" in capsys.readouterr().err


# Limits and the admin API


def test_limits_are_as_given_and_otherwise_the_defaults():
    limits = options("-c", "/a", "--limit", "header-bytes=32KiB", "--limit", "body-rate=0").settings.limits
    assert limits == Limits(header_bytes=32 * 1024, body_rate=0)
    assert options("-c", "/a").settings.limits == Limits()


def test_a_limit_that_is_none_is_a_usage_error():
    with pytest.raises(UsageError, match=r"--limit header-byte=1: .*did you mean \"header-bytes\"\?"):
        options("-c", "/a", "--limit", "header-byte=1")


def test_timeouts_are_as_given_and_otherwise_the_defaults():
    given = options("-c", "/a", "--timeout", "response=0", "--timeout", "idle=1m30s").settings.timeouts
    assert given == Timeouts(response=0.0, idle=90.0)


def test_the_help_tells_the_timeouts_that_hold_where_nothing_is_said():
    (told,) = re.findall(r"Default: (connect=.*?);", inspect.getdoc(Options.opt_timeout))
    assert Timeouts(**dict(map(read_timeout, told.split(", ")))) == Timeouts()
    assert told.count("=") == len(fields(Timeouts))


def test_a_timeout_that_is_none_is_a_usage_error():
    with pytest.raises(UsageError, match=r"--timeout respons=1s: .*did you mean \"response\"\?"):
        options("-c", "/a", "--timeout", "respons=1s")


def test_all_limits_are_listed_on_request(capsys):
    with pytest.raises(SystemExit) as left:
        options("--help-limits")
    assert left.value.code == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(fields(Limits))
    assert lines[1].split()[:2] == ["header-bytes", "64KiB"]


def test_an_admin_api_that_strangers_could_ask_is_one_sentence(service):
    with pytest.raises(SystemExit, match=r"^shadowgate: the admin API on tcp:9900 could be asked by other machines: "):
        service("--admin", "tcp:9900")


def test_it_is_served_with_a_token(service, tmp_path):
    token = tmp_path / "token"
    token.write_text("open-sesame\n")
    made = service("--admin", "tcp:9900", "--admin-token-file", str(token))
    assert (made.admin.endpoint, made.admin.token) == ("tcp:9900", b"open-sesame")


def test_ports_of_the_configuration_are_opened_where_the_command_line_says():
    settings = options("-c", "/a", "--bind", "::1", "--map-port", "80=8080", "--map-port", "443=0").settings
    assert (settings.bind, settings.port_map) == ("::1", {80: 8080, 443: 0})


def test_without_a_word_they_are_opened_as_they_are_declared_on_every_address():
    settings = options("-c", "/a").settings
    assert (settings.bind, settings.port_map) == ("", {})


@pytest.mark.parametrize(
    "arguments",
    [
        ("--bind", "localhost"),
        ("--bind", ""),
        ("--map-port", "80"),
        ("--map-port", "80:8080"),
        ("--map-port", "=8080"),
        ("--map-port", "0=8080"),
        ("--map-port", "80=70000"),
        ("--map-port", "-1=80"),
    ],
)
def test_what_is_no_address_and_no_port_is_a_usage_error(arguments):
    with pytest.raises(UsageError, match=r"is not an IP address|write two ports, such as 80=8080"):
        options("-c", "/a", *arguments)


# The store of applied objects


@pytest.mark.parametrize("workers", ["1", "2"])
def test_applied_objects_are_kept_where_the_command_line_says(service, tmp_path, workers):
    made = service("--store", str(tmp_path / "store"), "--workers", workers)
    assert made.store.durable
    assert (tmp_path / "store").is_dir()
    made.store.close()


def test_without_a_store_they_are_in_memory(service):
    assert not service().store.durable


def test_a_store_is_enough_of_a_configuration(new_reactor, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made = make_service(options("--store", "kept", "--access-log", "none"), new_reactor())
    assert (tmp_path / "kept").is_dir()
    assert made.gateway.ready
    made.store.close()


def test_what_the_store_has_kept_is_in_the_first_configuration(service, tmp_path):
    kept = tmp_path / "store/core/Service/default"
    kept.mkdir(parents=True)
    (kept / "web.yaml").write_text(
        "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {ports: [{port: 80}]}\n"
    )
    made = service("--store", str(tmp_path / "store"))
    assert [cluster.name for cluster in made.gateway.snapshot.configuration.clusters][1:] == [
        "web.default.svc.cluster.local"
    ]
    made.store.close()


def test_a_store_of_somebody_elses_is_one_sentence(service, tmp_path):
    store = str(tmp_path / "store")
    first = service("--store", store)
    with pytest.raises(SystemExit) as left:
        service("--store", store)
    assert str(left.value).startswith(f"shadowgate: the store {store} belongs to another gateway")
    first.store.close()


def test_a_file_of_the_store_that_cannot_be_read_ends_the_start_with_its_name(service, tmp_path, capsys):
    (tmp_path / "store").mkdir()
    (tmp_path / "store/torn.yaml").write_text("a: [")
    with pytest.raises(SystemExit) as left:
        service("--store", str(tmp_path / "store"))
    assert left.value.code == 1
    assert f"{tmp_path}/store/torn.yaml:1:1: error [SG1008]" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("option", "text", "shown"),
    [
        ("--drain-timeout", "-5", "-5"),
        ("--trusted-hops", "x", "x"),
        ("--via", "a\nb", r"'a\nb'"),
        ("--name-server", "ns", "ns"),
        ("--store", "", ""),
        ("--config", "", ""),
        ("--admin-token-file", "", ""),
    ],
)
def test_a_value_that_makes_no_sense_is_told_on_one_line_with_its_option(option, text, shown):
    with pytest.raises(UsageError) as refused:
        options("-c", "/a", option, text)
    assert str(refused.value).startswith(f"{option} {shown}: write ")
    assert str(refused.value).isprintable()
