"""What lies in ``deploy/`` fits the gateway: its flags exist, its configurations can be served, its times go together.

The steps of the image are run here without an engine (marked ``wheel``, as they build one): they must lead to an
installation that somebody without rights can run and nobody can write to.
"""

import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic, sleep

import pytest
import yaml
from twisted.internet.task import Clock

from shadowgate import cli
from shadowgate.compiler.build import compile_configuration
from shadowgate.config.catalog import Catalog
from shadowgate.config.pipeline import load
from shadowgate.gateway import Gateway
from shadowgate.plugin import Report
from shadowgate.plugin.yaml import read_text

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"
SERVICE = DEPLOY / "systemd" / "shadowgate.service"
SOCKET = DEPLOY / "systemd" / "socket-activation" / "shadowgate.socket"
DROP_IN = DEPLOY / "systemd" / "socket-activation" / "shadowgate.service.d" / "socket.conf"
CONTAINERFILE = DEPLOY / "container" / "Containerfile"
COMPOSE = DEPLOY / "compose" / "compose.yaml"
KUBERNETES = DEPLOY / "kubernetes" / "shadowgate.yaml"
PREFIX = "/opt/shadowgate"
NOBODY = 65532
DEADLINE = 60.0

KEYS = {
    "Unit": {"Description", "After", "Wants", "Requires"},
    "Install": {"WantedBy"},
    "Socket": {"FileDescriptorName", "ListenStream", "Backlog", "NoDelay"},
    "Service": {
        *("Type", "NotifyAccess", "ExecStart", "ExecReload", "KillMode", "TimeoutStopSec", "WatchdogSec", "Restart"),
        *("RestartSec", "LimitNOFILE", "TasksMax", "DynamicUser", "AmbientCapabilities", "CapabilityBoundingSet"),
        *("NoNewPrivileges", "UMask", "ProtectSystem", "ProtectHome", "PrivateTmp", "ConfigurationDirectory"),
        *("LogsDirectory", "RuntimeDirectory", "PrivateDevices", "ProtectClock", "ProtectControlGroups"),
        *("ProtectHostname", "ProtectKernelLogs", "ProtectKernelModules", "ProtectKernelTunables", "ProtectProc"),
        *("ProcSubset", "RemoveIPC", "RestrictAddressFamilies", "RestrictNamespaces", "RestrictRealtime"),
        *("RestrictSUIDSGID", "LockPersonality", "SystemCallArchitectures", "SystemCallFilter"),
        "SystemCallErrorNumber",
    },
}
"""Keys of systemd.unit(5), .exec(5), .service(5), .socket(5), .kill(5) that were looked up; others may be misspelt."""


def unit(path):
    """Return a unit file as ``{section: [(key, value)]}``; an empty value is kept, as it clears what came before."""
    sections = {}
    for line in re.sub(r"\\\n\s*", " ", path.read_text()).splitlines():
        if line.startswith("["):
            entries = sections.setdefault(line.strip("[]"), [])
        elif line and not line.startswith(("#", ";")):
            key, equals, value = line.partition("=")
            assert equals, line
            entries.append((key, value))
    return sections


def values(path, section, key):
    found = []
    for name, value in unit(path)[section]:
        if name == key:
            found = [*found, value] if value else []
    return found


def instructions(name):
    """Return the arguments of one instruction of the Containerfile, each time it is there."""
    text = re.sub(r"\\\n\s*", " ", CONTAINERFILE.read_text())
    return [line.partition(" ")[2].strip() for line in text.splitlines() if line.partition(" ")[0] == name]


def manifests(kind):
    return [each for each in yaml.safe_load_all(KUBERNETES.read_text()) if each["kind"] == kind]


def pod():
    (deployment,) = manifests("Deployment")
    return deployment["spec"]["template"]["spec"]


def image_arguments():
    return yaml.safe_load(instructions("CMD")[-1])


def container():
    (found,) = pod()["containers"]
    return found


def service_arguments(path):
    (start,) = values(path, "Service", "ExecStart")
    program, *arguments = shlex.split(start)
    assert program == f"{PREFIX}/bin/shadowgate"
    return arguments


COMMAND_LINES = {
    "service": service_arguments(SERVICE),
    "socket activation": service_arguments(DROP_IN),
    "reload": shlex.split(values(SERVICE, "Service", "ExecReload")[0])[1:],
    "image": [*yaml.safe_load(instructions("ENTRYPOINT")[0])[1:], *image_arguments()],
    "kubernetes": ["run", *container()["args"]],
}


@pytest.mark.parametrize("arguments", COMMAND_LINES.values(), ids=COMMAND_LINES)
def test_every_command_line_is_one_of_ours(arguments):
    options = cli.Options()
    options.parseOptions(arguments)
    assert options.subCommand == arguments[0]


@pytest.mark.parametrize("path", [SERVICE, SOCKET, DROP_IN], ids=lambda path: path.name)
def test_units_have_keys_that_there_are_each_of_them_once(path):
    for section, entries in unit(path).items():
        names = [name for name, _ in entries]
        assert set(names) <= KEYS[section]
        once = [name for name, value in entries if value and name not in ("ExecReload", "SystemCallFilter")]
        assert len(once) == len(set(once))


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd here to ask")
@pytest.mark.parametrize("activated", [False, True], ids=["its own port", "socket activation"])
def test_systemd_finds_nothing_wrong_with_the_units(tmp_path, activated):
    program = tmp_path / "shadowgate"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    units = {SERVICE: tmp_path / SERVICE.name}
    if activated:
        (tmp_path / DROP_IN.parent.name).mkdir()
        units |= {SOCKET: tmp_path / SOCKET.name, DROP_IN: tmp_path / DROP_IN.parent.name / DROP_IN.name}
    for source, copy in units.items():
        copy.write_text(source.read_text().replace(f"{PREFIX}/bin/shadowgate", str(program)))
    named = [str(copy) for copy in units.values() if copy.suffix in (".service", ".socket")]
    environment = {**os.environ, "SYSTEMD_UNIT_PATH": f"{tmp_path}:"}
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *named], capture_output=True, text=True, env=environment, timeout=60
    )
    said = [line for line in done.stderr.splitlines() if str(tmp_path) in line or "shadowgate" in line]
    assert said == []


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd here to ask")
def test_systemd_thinks_little_of_the_damage_that_it_could_do():
    # In tenths, as it counts: 100 is a service without any bound.
    command = ["systemd-analyze", "security", "--offline=yes", "--no-pager", "--threshold=20", str(SERVICE)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    if "--offline" in done.stderr:
        pytest.skip("this systemd judges only what runs")
    assert done.returncode == 0, done.stdout


def test_the_service_gets_the_socket_under_the_name_that_it_asks_for():
    (name,) = values(SOCKET, "Socket", "FileDescriptorName")
    arguments = service_arguments(DROP_IN)
    assert arguments[arguments.index("--listen") + 1] == f"systemd:domain=INET:name={name}"
    assert SOCKET.stem == SERVICE.stem
    # With a port of IPv6 the domain would be another.
    (stream,) = values(SOCKET, "Socket", "ListenStream")
    assert re.fullmatch(r"[0-9.]+:[0-9]+", stream)


def drain_timeout(arguments):
    options = cli.Options()
    options.parseOptions(arguments)
    return options.subOptions["drain-timeout"]


def test_nobody_is_killed_before_the_drain_is_over():
    assert float(values(SERVICE, "Service", "TimeoutStopSec")[0]) > drain_timeout(COMMAND_LINES["service"])
    grace = yaml.safe_load(COMPOSE.read_text())["services"]["gateway"]["stop_grace_period"]
    assert float(grace.removesuffix("s")) > drain_timeout(COMMAND_LINES["image"])
    pause = container()["lifecycle"]["preStop"]["exec"]["command"]
    (seconds,) = re.findall(r"sleep\((\d+)\)", pause[-1])
    assert pod()["terminationGracePeriodSeconds"] > float(seconds) + drain_timeout(COMMAND_LINES["kubernetes"])


def problems_of(text):
    report = Report()
    catalog = Catalog.discover()
    loaded = load(read_text(text, "gateway.yaml", report), report.problems, catalog)
    gateway = Gateway(Clock(), catalog)
    compile_configuration(loaded.configuration, catalog, gateway.settings, gateway.registry, gateway.env, loaded.report)
    return [str(problem) for problem in loaded.report.problems]


def test_configurations_that_come_along_can_be_served():
    (config_map,) = manifests("ConfigMap")
    texts = [*config_map["data"].values(), *(path.read_text() for path in (DEPLOY / "compose" / "conf").iterdir())]
    assert len(texts) == 2
    assert [problems_of(text) for text in texts] == [[], []]


def test_the_manifests_go_together():
    (deployment,), (service,), (config_map,) = manifests("Deployment"), manifests("Service"), manifests("ConfigMap")
    (budget,) = manifests("PodDisruptionBudget")
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    selectors = [
        service["spec"]["selector"],
        *(each["spec"]["selector"]["matchLabels"] for each in (deployment, budget)),
    ]
    assert all(selector.items() <= labels.items() for selector in selectors)
    ports = {port["name"]: port["containerPort"] for port in container()["ports"]}
    assert service["spec"]["ports"][0]["targetPort"] in ports
    arguments = container()["args"]
    assert f"--listen=tcp:{ports['http']}" in arguments and f"--admin=tcp:{ports['admin']}" in arguments
    for probe, path in (("readinessProbe", "/ready"), ("livenessProbe", "/live"), ("startupProbe", "/ready")):
        assert container()[probe]["httpGet"] == {"path": path, "port": "admin"}
    volumes = {volume["name"]: volume for volume in pod()["volumes"]}
    mounts = {mount["mountPath"]: mount for mount in container()["volumeMounts"]}
    assert volumes.keys() == {mount["name"] for mount in mounts.values()}
    assert not any("subPath" in mount for mount in mounts.values())
    configuration = volumes[mounts["/etc/shadowgate"]["name"]]["configMap"]["name"]
    assert configuration == config_map["metadata"]["name"] and "--config=/etc/shadowgate" in arguments
    assert any(f"--admin-token-file={path}/" in each for each in arguments for path in mounts)


@pytest.mark.parametrize("where", ["kubernetes", "compose", "image"])
def test_nobody_runs_with_rights_or_on_files_that_can_be_changed(where):
    if where == "kubernetes":
        rights = container()["securityContext"]
        assert pod()["securityContext"]["runAsNonRoot"] is True and pod()["securityContext"]["runAsUser"] == NOBODY
        assert rights == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
    elif where == "compose":
        gateway = yaml.safe_load(COMPOSE.read_text())["services"]["gateway"]
        assert (gateway["read_only"], gateway["cap_drop"]) == (True, ["ALL"])
        assert gateway["volumes"] == ["./conf:/etc/shadowgate:ro"]
        assert (COMPOSE.parent / gateway["build"]["context"]).resolve() == ROOT
        assert ROOT / gateway["build"]["dockerfile"] == CONTAINERFILE
    else:
        assert instructions("USER") == [f"{NOBODY}:{NOBODY}"]


# The image


def context(into):
    """Copy what an engine would be given: what its list of exceptions names."""
    ignored = Path(f"{CONTAINERFILE}.dockerignore").read_text().splitlines()
    assert ignored[0] == "*"
    for name in (line[1:] for line in ignored if line.startswith("!")):
        source, target = ROOT / name, into / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", "dropin.cache"))
        else:
            shutil.copy(source, target)


@pytest.fixture(scope="module")
def image():
    """Return the directory that the image's steps have installed into, as the image's last stage has it."""
    with TemporaryDirectory(prefix="shadowgate-image-") as name:
        place = Path(name)
        place.chmod(0o755)
        source, prefix, wheels = place / "src", place / "opt", place / "wheels"
        context(source)
        environment = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "VIRTUAL_ENV")}
        # Compiled or not, it is the same image; tests/test_wheel.py compiles.
        environment["SHADOWGATE_COMPILE"] = "0"
        for step in instructions("RUN"):
            if step.startswith("apt-get"):
                continue  # what may be needed to build is there, or not to be had by whoever runs this
            script = step.replace(PREFIX, str(prefix)).replace("/wheels", str(wheels))
            script = re.sub(r"^python ", f"{shlex.quote(sys.executable)} ", script)
            done = subprocess.run(
                ["sh", "-ec", script], cwd=source, env=environment, capture_output=True, text=True, timeout=600
            )
            assert done.returncode == 0, f"{script}\n{done.stdout}{done.stderr}"
        (copied,) = [each.split() for each in instructions("COPY") if each.endswith(f"{PREFIX}/probe.py")]
        shutil.copy(source / copied[0], prefix / "probe.py")
        for path in [prefix, *prefix.rglob("*")]:
            if not path.is_symlink():
                # Layers may keep whole seconds only.
                seconds = int(path.stat().st_mtime)
                os.utime(path, (seconds, seconds))
                path.chmod(path.stat().st_mode & ~0o222)
        yield prefix
        for path in [prefix, *prefix.rglob("*")]:
            if path.is_dir():
                path.chmod(0o755)


def as_nobody(command, **given):
    """Start a process without rights: as somebody else, or at least without root's, where this is root."""
    if os.geteuid() == 0:
        interpreter = Path(sys._base_executable).resolve()
        if all(path.stat().st_mode & 0o001 for path in (interpreter, *interpreter.parents)):
            given |= {"user": NOBODY, "group": NOBODY, "extra_groups": []}
        elif shutil.which("setpriv"):
            # Nobody else gets to this interpreter.
            command = ["setpriv", "--bounding-set=-all", "--inh-caps=-all", *command]
        else:
            pytest.skip("only root gets to this interpreter, and there is no setpriv to take its rights")
    return subprocess.Popen(command, cwd="/", stdin=subprocess.DEVNULL, **given)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def running(prefix, admin):
    """Run the image's command on a configuration and free ports; give the process and the file that it writes to."""
    with TemporaryDirectory(prefix="shadowgate-conf-") as name:
        conf, log = Path(name) / "conf", Path(name) / "log"
        conf.mkdir()
        (conf / "gateway.yaml").write_text("routes: [{name: here, filters: {respond: {body: here}}}]\n")
        for path in (Path(name), conf):
            path.chmod(0o755)
        arguments = [
            part.replace("/etc/shadowgate", str(conf)).replace("tcp:8000", f"tcp:{free_port()}:interface=127.0.0.1")
            for part in image_arguments()
        ]
        with log.open("wb") as output:
            process = as_nobody(
                [prefix / "bin" / "shadowgate", "run", *arguments, "--admin", f"tcp:{admin}:interface=127.0.0.1"],
                env={"PATH": os.environ["PATH"], "PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "1"},
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            yield process, log
        finally:
            process.kill()
            process.wait()


def healthy(prefix, admin):
    (check,) = instructions("HEALTHCHECK")
    command = yaml.safe_load(check.partition("CMD ")[2])
    command = [part.replace(PREFIX, str(prefix)).replace(":9900", f":{admin}") for part in command]
    assert command[0] == "python"
    return as_nobody([prefix / "bin" / "python", *command[1:]], stderr=subprocess.DEVNULL).wait(DEADLINE) == 0


@pytest.mark.wheel
def test_the_image_runs_without_rights_on_files_that_it_cannot_change(image):
    admin = free_port()
    before = {path: path.lstat().st_mtime_ns for path in image.rglob("*")}
    assert not healthy(image, admin)
    with running(image, admin) as (process, log):
        deadline = monotonic() + DEADLINE
        while not healthy(image, admin):
            assert process.poll() is None and monotonic() < deadline, log.read_text()
            sleep(0.1)
        process.send_signal(signal.SIGTERM)
        assert process.wait(DEADLINE) == 0
        said = log.read_text()
    assert "plugin cache" not in said and "Traceback" not in said, said
    assert {path: path.lstat().st_mtime_ns for path in image.rglob("*")} == before


@pytest.mark.wheel
def test_the_image_has_the_gateway_and_nothing_to_build_or_test_it_with(image):
    python = image / "bin" / "python"
    done = subprocess.run([python, "-m", "pip", "list", "--format=freeze"], capture_output=True, text=True, timeout=60)
    names = {line.partition("==")[0].lower() for line in done.stdout.splitlines()}
    assert {"shadowgate", "twisted"} <= names
    assert not names & {"pytest", "hypothesis", "mypy", "ruff", "sphinx", "gunicorn"}
