"""The gateways that are compared, each configured to do the same: balance nothing, set the fields that a proxy sets
(``X-Forwarded-For``, ``-Proto``, ``-Host``, ``X-Request-Id``), and write a line of JSON about every request, and about
every copy where they can.

Each runs as it would be deployed, on one core: one worker, keep-alive to upstreams, logs in batches to a file.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import configurations
from attrs import frozen
from backends import GATEWAY_CORE, pinned
from processes import ROOT, accepts, cpu_of_family, family, free_port, memory_of_family

Kind = Mapping[str, str]


@frozen
class Scene:
    """What the gateways are to do.  Ports are of the backends; ``mirrors`` have each a share in percent."""

    primary: int
    mirrors: tuple[tuple[int, int], ...] = ()
    """``(port, percent)``."""
    rules: int = 1
    workers: int = 1


@frozen
class Peer:
    """One kind of gateway.  ``command`` writes what it needs into a folder and returns how it is started on a port.

    ``version`` is how it tells its version.  ``can`` says what it cannot do of a scene, or nothing.
    """

    name: str
    program: str
    version: tuple[str, ...]
    command: Callable[[Scene, Path, int], list[str]]
    cannot: Callable[[Scene], str] = lambda scene: ""
    root: Path = ROOT
    """Where ShadowGate is taken from."""

    @property
    def path(self) -> str | None:
        """Where its program is, beside this interpreter first; None where it is not installed."""
        if not (self.root / "shadowgate").exists():
            return None
        beside = Path(sys.executable).parent / self.program
        return str(beside) if beside.exists() else shutil.which(self.program)


@frozen
class Running:
    """A gateway under test."""

    port: int
    pid: int

    @property
    def cpu(self) -> float:
        return cpu_of_family(self.pid)

    @property
    def memory(self) -> int:
        return memory_of_family(self.pid)

    @property
    def processes(self) -> int:
        return len(family(self.pid))


@contextmanager
def running(peer: Peer, scene: Scene, folder: Path) -> Iterator[Running]:
    """Run a peer on its core; ``folder`` is its own."""
    folder.mkdir()
    port = free_port()
    path = peer.path
    assert path is not None, peer.name
    command = [path, *peer.command(scene, folder, port)]
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen(
            command,
            env={**os.environ, "PYTHONPATH": str(peer.root)},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=folder,
            preexec_fn=pinned(GATEWAY_CORE),
        )
    try:
        try:
            accepts(port, process)
        except OSError:
            raise SystemExit(f"{peer.name} did not start: {(folder / 'output').read_text()[-2000:]}") from None
        yield Running(port, process.pid)
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


# ShadowGate


def _shadowgate(scene: Scene, folder: Path, port: int) -> list[str]:
    primary = f"127.0.0.1:{scene.primary}"
    if scene.rules > 1:
        text = configurations.native(primary)
    else:
        names = [f"mirror-{number}" for number in range(len(scene.mirrors))]
        clusters = {"up": primary} | {
            name: f"127.0.0.1:{port}" for name, (port, _) in zip(names, scene.mirrors, strict=True)
        }
        mirrors = [{"to": name, "percent": share} for name, (_, share) in zip(names, scene.mirrors, strict=True)]
        # JSON is YAML.
        text = json.dumps({"clusters": clusters, "routes": [{"to": "up"} | ({"mirror": mirrors} if mirrors else {})]})
    (folder / "gateway.yaml").write_text(text)
    return [
        *("-m", "shadowgate", "run", "-c", str(folder / "gateway.yaml"), "-l", f"tcp:{port}:interface=127.0.0.1"),
        *("--admin", f"tcp:{free_port()}:interface=127.0.0.1", "--access-log", str(folder / "access.log")),
        *("--workers", str(scene.workers)),
    ]


# Envoy

_ENVOY_LOG = {
    "name": "envoy.access_loggers.file",
    "typed_config": {
        "@type": "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog",
        "log_format": {
            "json_format": {
                "time": "%START_TIME%",
                "request_id": "%REQ(X-REQUEST-ID)%",
                "client": "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%",
                "method": "%REQ(:METHOD)%",
                "host": "%REQ(:AUTHORITY)%",
                "target": "%REQ(:PATH)%",
                "status": "%RESPONSE_CODE%",
                "outcome": "%RESPONSE_FLAGS%",
                "received": "%BYTES_RECEIVED%",
                "sent": "%BYTES_SENT%",
                "duration_ms": "%DURATION%",
                "route": "%ROUTE_NAME%",
                "upstream": "%UPSTREAM_HOST%",
                "attempts": "%UPSTREAM_REQUEST_ATTEMPT_COUNT%",
                "user_agent": "%REQ(USER-AGENT)%",
            }
        },
    },
}


def _envoy(scene: Scene, folder: Path, port: int) -> list[str]:
    log = json.loads(json.dumps(_ENVOY_LOG))
    log["typed_config"]["path"] = str(folder / "access.log")
    names = [f"mirror-{number}" for number in range(len(scene.mirrors))]
    route: dict[str, object] = {"cluster": "up", "timeout": "15s"}
    if scene.mirrors:
        route["request_mirror_policies"] = [
            {
                "cluster": name,
                "runtime_fraction": {"default_value": {"numerator": share, "denominator": "HUNDRED"}},
            }
            for name, (_, share) in zip(names, scene.mirrors, strict=True)
        ]
    if scene.rules > 1:
        hosts = [
            {
                "name": configurations.host(at),
                "domains": [configurations.host(at)],
                "routes": [{"match": match, "route": route} for match in _envoy_matches()],
            }
            for at in range(configurations.HOSTS)
        ]
    else:
        hosts = [{"name": "all", "domains": ["*"], "routes": [{"match": {"prefix": "/"}, "route": route}]}]
    connection_manager = {
        "@type": f"{_FILTERS}.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "bench",
        "use_remote_address": True,
        "access_log": [log],
        "route_config": {
            "virtual_hosts": hosts,
            "request_headers_to_add": [
                {"header": {"key": "x-forwarded-host", "value": "%REQ(:AUTHORITY)%"}, "append_action": _OVERWRITE}
            ],
        },
        "http_filters": [
            {
                "name": "router",
                "typed_config": {"@type": f"{_FILTERS}.http.router.v3.Router"},
            }
        ],
    }
    clusters = [_envoy_cluster("up", scene.primary)]
    clusters += [_envoy_cluster(name, to) for name, (to, _) in zip(names, scene.mirrors, strict=True)]
    bootstrap = {
        "static_resources": {
            "listeners": [
                {
                    "name": "bench",
                    "address": {"socket_address": {"address": "127.0.0.1", "port_value": port}},
                    "filter_chains": [{"filters": [{"name": "http", "typed_config": connection_manager}]}],
                }
            ],
            "clusters": clusters,
        }
    }
    (folder / "envoy.json").write_text(json.dumps(bootstrap))
    return [
        *("-c", str(folder / "envoy.json"), "--concurrency", str(scene.workers), "--disable-hot-restart"),
        *("--log-level", "error"),
    ]


_FILTERS = "type.googleapis.com/envoy.extensions.filters"
_OVERWRITE = "OVERWRITE_IF_EXISTS_OR_ADD"


def _envoy_cluster(name: str, port: int) -> dict[str, object]:
    address = {"socket_address": {"address": "127.0.0.1", "port_value": port}}
    return {
        "name": name,
        "type": "STATIC",
        "connect_timeout": "5s",
        "load_assignment": {
            "cluster_name": name,
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address}}]}],
        },
        # The defaults of 1,024 would be met by the case with 512 connections and mirrors.
        "circuit_breakers": {"thresholds": [{"max_connections": 8192, "max_requests": 8192}]},
    }


def _envoy_matches() -> Iterator[dict[str, object]]:
    for kind, path in configurations.paths():
        if kind == "exact":
            yield {"path": path}
        elif kind == "prefix":
            yield {"prefix": f"{path}/"}
        elif kind == "regex":
            yield {"safe_regex": {"regex": f"{path}/[0-9]+"}}
        elif kind == "header":
            yield {"prefix": path, "headers": [{"name": "x-canary", "string_match": {"exact": "yes"}}]}
        else:
            yield {"prefix": path, "headers": [{"name": ":method", "string_match": {"exact": "GET"}}]}


# nginx

_NGINX = """\
daemon off; worker_processes {workers}; pid {folder}/pid; error_log {folder}/error.log warn;
events {{ worker_connections 16384; }}
http {{
  log_format line escape=json '{{"time":"$time_iso8601","request_id":"$request_id","client":"$remote_addr",'
    '"method":"$request_method","host":"$host","target":"$request_uri","status":$status,'
    '"received":$request_length,"sent":$body_bytes_sent,"duration":$request_time,"upstream":"$upstream_addr",'
    '"user_agent":"$http_user_agent"}}';
  access_log {folder}/access.log line buffer=64k flush=250ms; log_subrequest on;
  keepalive_requests 100000000; keepalive_timeout 600s; tcp_nodelay on;
  client_max_body_size 16m; client_body_buffer_size 2m; server_names_hash_max_size 8192;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host;
  proxy_set_header X-Forwarded-For $remote_addr; proxy_set_header X-Forwarded-Proto $scheme;
  proxy_set_header X-Forwarded-Host $host; proxy_set_header X-Request-Id $request_id;
{upstreams}
{servers}
}}
"""


def _nginx(scene: Scene, folder: Path, port: int) -> list[str]:
    above = [_nginx_upstream("up", scene.primary)]
    beside: list[str] = []
    here = ""
    for number, (mirror, share) in enumerate(scene.mirrors):
        above.append(_nginx_upstream(f"mirror_{number}", mirror))
        drop = ""
        if share < 100:
            above.append(f'  split_clients "${{request_id}}{number}" $sampled_{number} {{ {share}% 1; * ""; }}')
            drop = f'if ($sampled_{number} = "") {{ return 200; }} '
        here += f"mirror /mirror-{number}; "
        target = f"proxy_pass http://mirror_{number}$request_uri;"
        beside.append(f"    location = /mirror-{number} {{ internal; {drop}{target} }}")
    here += "proxy_pass http://up;"
    if scene.rules > 1:
        inside = "\n".join(f"    location {match} {{ {here} }}" for match in _nginx_matches())
        names = map(configurations.host, range(configurations.HOSTS))
        servers = [_nginx_server(str(port), f"    server_name {name};\n{inside}") for name in names]
    else:
        servers = [_nginx_server(f"{port} backlog=4096", "\n".join([f"    location / {{ {here} }}", *beside]))]
    text = _NGINX.format(workers=scene.workers, folder=folder, upstreams="\n".join(above), servers="\n".join(servers))
    (folder / "nginx.conf").write_text(text)
    return ["-c", str(folder / "nginx.conf"), "-p", str(folder), "-e", str(folder / "error.log")]


def _nginx_upstream(name: str, port: int) -> str:
    return f"  upstream {name} {{ server 127.0.0.1:{port}; keepalive 1024; }}"


def _nginx_server(port: str, inside: str) -> str:
    return f"  server {{\n    listen 127.0.0.1:{port};\n{inside}\n  }}"


def _nginx_matches() -> Iterator[str]:
    # What a header or a method decides is an "if" there; the path alone is asked instead, which costs less.
    for kind, path in configurations.paths():
        if kind == "exact":
            yield f"= {path}"
        elif kind == "regex":
            yield f"~ ^{path}/[0-9]+$"
        else:
            yield path if kind != "prefix" else f"{path}/"


# HAProxy

_HAPROXY = """\
global
  nbthread {workers}
  maxconn 8000
  log stdout format raw local0
defaults
  mode http
  log global
  timeout connect 5s
  timeout client 600s
  timeout server 15s
  http-reuse always
  option forwardfor
  unique-id-format %{{+X}}o%ci%cp%fi%fp%Ts%rt%pid
  unique-id-header X-Request-Id
  log-format '{{"time":"%tr","request_id":"%ID","client":"%ci","method":"%HM","target":"%HU","status":%ST,\
"received":%U,"sent":%B,"duration_ms":%Ta,"upstream":"%si:%sp","user_agent":"%[capture.req.hdr(0)]"}}'
frontend bench
  bind 127.0.0.1:{port}
  capture request header User-Agent len 128
  http-request set-header X-Forwarded-Proto http
  http-request set-header X-Forwarded-Host %[req.hdr(host)]
  default_backend up
backend up
  server up 127.0.0.1:{primary}
"""


def _haproxy(scene: Scene, folder: Path, port: int) -> list[str]:
    configuration = folder / "haproxy.cfg"
    configuration.write_text(_HAPROXY.format(workers=scene.workers, port=port, primary=scene.primary))
    return ["-db", "-f", str(configuration)]


def _only_plain(scene: Scene) -> str:
    if scene.mirrors:
        return "it does not mirror"
    return "one rule and one worker only" if scene.rules > 1 or scene.workers > 1 else ""


# twisted.web


def _stock(scene: Scene, folder: Path, port: int) -> list[str]:
    return [str(ROOT / "bench" / "stock_twisted.py"), str(port), str(scene.primary), str(folder / "access.log")]


PYTHON = Path(sys.executable).name
COMPILED = ROOT / "build" / "compiled"
"""Where ``make bench`` puts ShadowGate as it is installed, its request path compiled."""

PEERS = (
    Peer("ShadowGate", PYTHON, ("-m", "shadowgate", "run", "--version"), _shadowgate, root=COMPILED),
    Peer("ShadowGate, pure Python", PYTHON, ("-m", "shadowgate", "run", "--version"), _shadowgate),
    Peer("Envoy", "envoy", ("--version",), _envoy),
    Peer("nginx", "nginx", ("-v",), _nginx),
    Peer("HAProxy", "haproxy", ("-v",), _haproxy, _only_plain),
    Peer("twisted.web", PYTHON, ("-m", "twisted", "--version"), _stock, _only_plain),
)
