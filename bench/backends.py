"""Who answers behind the gateways, and who asks: nginx and wrk, both kept on a core that no gateway runs on."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from attrs import frozen
from processes import PATIENCE, accepts, free_port

GATEWAY_CORE, LOAD_CORE = 0, 1
SMALL = "0123456789012345678901234567890123456789"
LARGE_PATH = "/large"
READ_PATH = "/read"
"""Answers once it has read the request's body."""
LARGE_BYTES = 1024 * 1024

_NGINX = """\
daemon off; worker_processes 1; master_process off; pid {folder}/pid; error_log {folder}/error.log warn;
events {{ worker_connections 8192; }}
http {{
  access_log off; keepalive_requests 100000000; keepalive_timeout 600s; tcp_nodelay on; client_max_body_size 16m;
  client_body_temp_path {folder}/body; client_body_buffer_size 2m; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{ default_type text/plain; return 200 "{small}"; }}
    location = {large} {{ alias {folder}/large; }}
    # Behind the whole body: what a mirror does, whose copy goes nowhere, and then what static files say to a POST.
    location = {read} {{ mirror /nowhere; alias {folder}/large; error_page 405 =200 @read; }}
    location = /nowhere {{ internal; return 204; }}
    location @read {{ default_type text/plain; return 200 "{small}"; }}
    location = /requests {{ stub_status; }}
  }}
}}
"""

_SCRIPT = """\
wrk.method = "{method}"
{fields}
{body}
{delay}
{request}
function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    '\\nRESULT {{"requests": %d, "seconds": %f, "errors": %d, "latencies": [[0, 0]',
    summary.requests, summary.duration / 1e6,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
  for at = 1, #latency do
    io.write(string.format(", [%d, %d]", latency(at)))
  end
  io.write("]}}\\n")
end
"""


@frozen
class Asked:
    """What clients send: ``pause`` milliseconds after each answer, on so many connections.

    With ``traced``, each request has a ``traceparent`` of its own; else all of a case are alike.
    """

    path: str = "/"
    method: str = "GET"
    body: int = 0
    fields: Mapping[str, str] = {}
    connections: int = 64
    pause: int = 0
    traced: bool = False


@frozen
class Answers:
    """What came of it.  ``latencies`` tells of each number of microseconds how many answers were whole after it."""

    requests: int
    seconds: float
    errors: int
    latencies: Counter[int]

    @property
    def p50(self) -> float:
        return percentile(self.latencies, 50)

    @property
    def p99(self) -> float:
        return percentile(self.latencies, 99)

    @property
    def p999(self) -> float:
        return percentile(self.latencies, 99.9)


def percentile(latencies: Counter[int], percent: float) -> int:
    """Return the microseconds in which so many percent of the answers were whole."""
    wanted, seen = latencies.total() * percent / 100, 0
    for microseconds in sorted(latencies):
        seen += latencies[microseconds]
        if seen >= wanted:
            return microseconds
    raise ValueError("nothing was answered")


def pinned(core: int) -> Callable[[], None]:
    """Return what keeps a child on a core; to be called in it."""
    return lambda: os.sched_setaffinity(0, {core})


@frozen
class Backend:
    """An nginx that answers every request; ``requests`` is how many it has answered."""

    port: int

    @property
    def requests(self) -> int:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/requests", timeout=PATIENCE) as answer:
            lines = answer.read().decode().splitlines()
        return int(lines[2].split()[2])


@contextmanager
def backend(folder: Path) -> Iterator[Backend]:
    """Run one; ``folder`` is its own."""
    folder.mkdir()
    (folder / "large").write_bytes(b"x" * LARGE_BYTES)
    port = free_port()
    configuration = folder / "nginx.conf"
    configuration.write_text(_NGINX.format(folder=folder, port=port, small=SMALL, large=LARGE_PATH, read=READ_PATH))
    command = ["nginx", "-c", str(configuration), "-p", str(folder), "-e", str(folder / "error.log")]
    process = subprocess.Popen(command, preexec_fn=pinned(LOAD_CORE))
    try:
        accepts(port, process)
        yield Backend(port)
    finally:
        process.terminate()
        process.wait()


_TRACED = """\
local number = 0
function request()
  number = number + 1
  wrk.headers["traceparent"] = string.format("00-%032x-00f067aa0ba902b7-01", number)
  return wrk.format()
end
"""


def ask(port: int, asked: Asked, seconds: int, folder: Path, host: str = "bench.example.com") -> Answers:
    """Put a gateway, or whatever listens there, under load."""
    script = folder / "ask.lua"
    fields = {"Host": host, **asked.fields}
    script.write_text(
        _SCRIPT.format(
            method=asked.method,
            fields="\n".join(f'wrk.headers["{name}"] = "{value}"' for name, value in fields.items()),
            body=f'wrk.body = string.rep("x", {asked.body})' if asked.body else "",
            request=_TRACED if asked.traced else "",
            # From half to three halves of it, or the connections would go on in step.
            delay=f"function delay() return math.random({asked.pause // 2}, {asked.pause * 3 // 2}) end"
            if asked.pause
            else "",
        )
    )
    # More patience than any answer needs that still comes.
    command = ["wrk", "-t1", f"-c{asked.connections}", f"-d{seconds}s", "--timeout", "20s", "-s", str(script)]
    command.append(f"http://127.0.0.1:{port}{asked.path}")
    done = subprocess.run(command, capture_output=True, text=True, check=True, preexec_fn=pinned(LOAD_CORE))
    found = json.loads(done.stdout.partition("RESULT ")[2])
    return Answers(found["requests"], found["seconds"], found["errors"], Counter(dict(found["latencies"])))


def missing(programs: Sequence[str]) -> list[str]:
    return [program for program in programs if shutil.which(program) is None]
