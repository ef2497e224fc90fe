"""Iter8's mirroring tutorial, step by step, with shadowgate where it has kubectl, and the real httpbin.

The YAML is the tutorial's own, letter by letter.  What a cluster would find out by itself, where the pods of a Service
are, is applied as an EndpointSlice for each.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

import pytest
import yaml
from attrs import define, field, frozen

from harness.processes import Gateway, Httpbin
from harness.waiting import settled, until
from harness.wire import get

V1_DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: httpbin-v1
  labels:
    iter8.tools/detect: true
spec:
  replicas: 1
  selector:
    matchLabels:
      app: httpbin
      version: v1
  template:
    metadata:
      labels:
        app: httpbin
        version: v1
    spec:
      containers:
      - image: docker.io/kennethreitz/httpbin
        imagePullPolicy: IfNotPresent
        name: httpbin
        command: ["gunicorn", "--access-logfile", "-", "-b", "0.0.0.0:80", "httpbin:app"]
        ports:
        - containerPort: 80
"""

V1_SERVICE = """\
apiVersion: v1
kind: Service
metadata:
  name: httpbin-v1
  labels:
    iter8.tools/detect: true
spec:
  ports:
  - port: 80
    name: http
  selector:
    app: httpbin
    version: v1
"""

SERVICE = """\
apiVersion: v1
kind: Service
metadata:
  name: httpbin
  labels:
    app: httpbin
spec:
  ports:
  - name: http
    port: 8000
    targetPort: 80
  selector:
    app: httpbin
"""

SUBJECT = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: httpbin
  labels:
    app.kubernetes.io/managed-by: iter8    
    app.kubernetes.io/component: httpbin
data:
  spec: |
    gvrs: [svc, deploy]
    variants: 
    - [httpbin-v1, httpbin-v1]
    - [httpbin-v2, httpbin-v2]
immutable: true
"""  # noqa: W291 - as the tutorial has it

POLICY = """\
apiVersion: v1
kind: ConfigMap
metadata:
  // name of the routingpolicy
  name: httpbin-route
  labels:
    # standard Iter8 labels applied on routingpolicies
    app.kubernetes.io/managed-by: iter8   
    app.kubernetes.io/component: iter8/routingpolicy
data:
  spec: |
    trigger:
      # routing resources are owned by httpbin
      owner: httpbin
      # routing resources are updated based on the state of variant 2
      update: variant/2
    repo: https://iter8-tools.github.io/iter8
    chart: mirror
    version: 0.14.x 
    values:
      parentRefs:
      - kind: Service
        name: httpbin
        port: 8000
      rules:
      # the filters section will be dynamically included in the routing resource
      # depending upon whether variant 2 exists or not
      # rest of the values will be included as they are
      - filters:
        - type: RequestMirror
          requestMirror:
            backendRef:
              name: httpbin-v2
              port: 80
        backendRefs:
        - name: httpbin-v1
          port: 80
immutable: true
"""  # noqa: W291 - as the tutorial has it

V2_DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: httpbin-v2
  labels:
    iter8.tools/detect: true
spec:
  replicas: 1
  selector:
    matchLabels:
      app: httpbin
      version: v2
  template:
    metadata:
      labels:
        app: httpbin
        version: v2
    spec:
      containers:
      - image: docker.io/kennethreitz/httpbin
        imagePullPolicy: IfNotPresent
        name: httpbin
        command: ["gunicorn", "--access-logfile", "-", "-b", "0.0.0.0:80", "httpbin:app"]
        ports:
        - containerPort: 80
"""

V2_SERVICE = """\
apiVersion: v1
kind: Service
metadata:
  name: httpbin-v2
  labels:
    iter8.tools/detect: true
spec:
  ports:
  - port: 80
    name: http
  selector:
    app: httpbin
    version: v2
"""

WITHOUT_FILTER = """\
apiVersion: gateway.networking.k8s.io/v1beta1
kind: HTTPRoute
metadata:
  name: httpbin
spec:
  parentRefs:
  - kind: Service
    name: httpbin
    port: 8000
  rules:
  - backendRefs:
    - name: httpbin-v1
      port: 80
"""

WITH_FILTER = """\
apiVersion: gateway.networking.k8s.io/v1beta1
kind: HTTPRoute
metadata:
  name: httpbin
spec:
  parentRefs:
  - kind: Service
    name: httpbin
    port: 8000
  rules:
  - filters:
    - type: RequestMirror
      requestMirror:
        backendRef:
          name: httpbin-v2
          port: 80
    backendRefs:
    - name: httpbin-v1
      port: 80
"""

COMMENT = "// name of the routingpolicy"

ENDPOINTS = """\
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata:
  name: httpbin-{version}
  labels: {{kubernetes.io/service-name: httpbin-{version}}}
addressType: IPv4
endpoints: [{{addresses: [127.0.0.1]}}]
ports: [{{name: http, port: {port}}}]
"""


@frozen
class Commands:
    """The command line, against one gateway; it answers what was said on either channel."""

    gateway: Gateway

    def __call__(self, words: str, given: str = "", status: int = 0) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "shadowgate", *words.split()],
            input=given,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env={**os.environ, "SHADOWGATE_ADMIN": f"unix:{self.gateway.admin_path}"},
        )
        assert done.returncode == status, (done.stdout, done.stderr)
        return done.stdout if status == 0 else done.stderr

    def route(self) -> dict[str, object]:
        """Return the routing resource without what only a server adds."""
        found = yaml.safe_load(self("get httproute/httpbin -o yaml"))
        found.pop("status")
        found["metadata"].pop("namespace", None)
        return dict(found)


@define(eq=False)
class Load:
    """A client that asks again and again until it is told to stop."""

    gateway: Gateway
    statuses: list[int] = field(factory=list)
    over: Event = field(factory=Event)

    def run(self) -> None:
        while not self.over.is_set():
            self.statuses.append(self.gateway.ask(get("/headers", "httpbin:8000", "Connection: close")).status)


@contextmanager
def load(gateway: Gateway) -> Iterator[Load]:
    running = Load(gateway)
    thread = Thread(target=running.run)
    thread.start()
    try:
        yield running
    finally:
        running.over.set()
        thread.join()


@pytest.fixture
def v2(directory: Path) -> Iterator[Httpbin]:
    """A second version of one's own, to be ended in the middle."""
    version = Httpbin("v2", directory)
    try:
        version.wait_ready()
        yield version
    finally:
        version.stop()


def asked(httpbin: Httpbin) -> int:
    """How many requests of the tutorial it has seen."""
    return sum("GET /headers " in line for line in httpbin.lines())


def shadows(gateway: Gateway) -> list[tuple[str, int]]:
    """What became of each copy, as the access log has it."""
    return [(line["outcome"], line["status"]) for line in gateway.access() if line["kind"] == "shadow"]


@pytest.mark.parametrize("workers", [(), ("--workers", "2")], ids=["one process", "two workers"])
def test_the_tutorial(
    start_gateway: Callable[..., Gateway],
    httpbins: tuple[Httpbin, Httpbin],
    v2: Httpbin,
    directory: Path,
    workers: tuple[str, ...],
) -> None:
    v1, _ = httpbins
    gateway = start_gateway({}, "--store", str(directory / "store"), *workers)
    run = Commands(gateway)
    seen = asked(v1)

    # Deploy app
    assert run("create -f -", V1_DEPLOYMENT) == "deployment.apps/httpbin-v1 created\n"
    assert run("apply -f -", V1_SERVICE) == "service/httpbin-v1 created\n"
    run("apply -f -", ENDPOINTS.format(version="v1", port=v1.port))
    assert run("create -f -", SERVICE) == "service/httpbin created\n"
    assert run("create -f -", SUBJECT) == "configmap/httpbin created\n"
    refused = run("apply -f -", POLICY, status=1)
    line = POLICY.splitlines().index(f"  {COMMENT}") + 1
    assert f"<stdin>:{line}:3: error" in refused
    assert "YAML comments start with #, not with //" in refused
    assert "httpbin-route" not in run("get cm")
    assert run("apply -f -", POLICY.replace("//", "#", 1)) == "configmap/httpbin-route created\n"

    # Inspect routing resource
    assert run.route() == yaml.safe_load(WITHOUT_FILTER)

    # Deploy variant 2: its objects alone are not enough, somebody has to answer
    assert run("create -f -", V2_DEPLOYMENT) == "deployment.apps/httpbin-v2 created\n"
    assert run("apply -f -", V2_SERVICE) == "service/httpbin-v2 created\n"
    assert run.route() == yaml.safe_load(WITHOUT_FILTER)
    run("apply -f -", ENDPOINTS.format(version="v2", port=v2.port))

    # Inspect updated routing resource
    found = run.route()
    assert found == yaml.safe_load(WITH_FILTER)
    assert list(found["spec"]["rules"][0]) == ["filters", "backendRefs"]  # type: ignore[index]

    # Generate load and inspect logs
    answer = gateway.ask(get("/headers", "httpbin:8000", "Connection: close"))
    assert answer.status == 200 and b'"Host": "httpbin:8000"' in answer.body
    # Both write their line once they have answered.
    until(lambda: asked(v2) == 1, lambda: v2.said)
    until(lambda: asked(v1) == seen + 1, lambda: v1.said)
    assert '"GET /headers HTTP/1.1" 200' in v1.lines()[-1] and '"GET /headers HTTP/1.1" 200' in v2.lines()[-1]

    # Delete variant 2 and inspect again: once the command has answered, nothing more is sent there
    with load(gateway) as client:
        until(lambda: len(client.statuses) > 20, "some load")
        deleted = run("delete deploy/httpbin-v2 svc/httpbin-v2")
        copies = settled(lambda: len(shadows(gateway)), quiet=1.5)
        v2.stop()
        count = len(client.statuses)
        until(lambda: len(client.statuses) > count + 20, "more load")
    assert deleted == 'deployment.apps "httpbin-v2" deleted\nservice "httpbin-v2" deleted\n'
    assert set(client.statuses) == {200}
    assert settled(lambda: asked(v2)) == copies
    assert shadows(gateway) == [("completed", 200)] * copies
    assert run.route() == yaml.safe_load(WITHOUT_FILTER)

    # What has happened is told
    events = [
        (each["variant"], each["available"], each["weightsBefore"], each["weightsAfter"])
        for each in gateway.config()["events"]
        if each["variant"] == "variant/2"
    ]
    assert events == [("variant/2", True, [1, 0], [1, 1]), ("variant/2", False, [1, 1], [1, 0])]
    assert gateway.metric("shadowgate_variant_changes_total", variant="variant/2") == 2
    assert gateway.metric("shadowgate_variant_weight", variant="variant/2") == 0
    line = (
        "variant/2 of httpbin is not available any more: there is no Service default/httpbin-v2; weights 1, 1 -> 1, 0"
    )
    assert gateway.said.count(line) == 1

    # Cleanup
    run("delete deploy/httpbin-v1 svc/httpbin-v1")
    run("delete svc/httpbin cm/httpbin cm/httpbin-route")
    assert "httproute" in run("get httproute/httpbin", status=1)
