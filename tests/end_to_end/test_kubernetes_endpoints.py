"""Kubernetes' own documents as endpoints: what the tutorials' Service stands for, with pods that a file describes.

The seeds' Service leads from port 8000 to targetPort 80; here the target is a port that httpbin really has.
"""

from __future__ import annotations

import pytest

from harness.peers import answering, peer
from harness.processes import Gateway
from harness.wire import get

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
    targetPort: {port}
  selector:
    app: httpbin
"""

SLICE = """\
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata:
  name: httpbin-abcde
  labels:
    kubernetes.io/service-name: httpbin
addressType: IPv4
ports:
- {{name: http, port: {port}, protocol: TCP}}
endpoints:
- addresses: [127.0.0.1]
  conditions: {{ready: true}}
"""

ENDPOINTS = """\
apiVersion: v1
kind: Endpoints
metadata:
  name: httpbin
subsets:
- addresses:
  - ip: 127.0.0.1
  ports:
  - {{name: http, port: {port}, protocol: TCP}}
"""

POD = """\
apiVersion: v1
kind: Pod
metadata:
  name: httpbin-{version}-abc
  labels:
    app: httpbin
    version: {version}
spec:
  containers:
  - name: httpbin
    ports:
    - containerPort: {port}
status:
  phase: Running
  podIP: {address}
"""

RULES = """\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata:
  name: httpbin
spec:
  hosts: [httpbin]
  http:
  - route:
    - destination: {host: httpbin, subset: v1}
    mirror: {host: httpbin, subset: v2}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata:
  name: httpbin
spec:
  host: httpbin
  subsets:
  - {name: v1, labels: {version: v1}}
  - {name: v2, labels: {version: v2}}
"""


@pytest.mark.parametrize("endpoints", [SLICE, ENDPOINTS, POD], ids=["EndpointSlice", "Endpoints", "Pod"])
def test_a_service_is_served_by_the_endpoints_of(gateway: Gateway, endpoints: str):
    with peer() as upstream:
        text = endpoints.format(port=upstream.port, version="v1", address="127.0.0.1")
        gateway.serve(SERVICE.format(port=upstream.port) + "---\n" + text)
        assert gateway.ask(get("/headers")).body == b"ok"
        assert upstream.next().get(b"host") == b"httpbin:8000"


def test_a_service_answers_to_all_of_its_names(gateway: Gateway):
    with peer() as upstream:
        gateway.serve(SERVICE.format(port=upstream.port) + "---\n" + SLICE.format(port=upstream.port))
        for name in ("httpbin", "httpbin.default", "httpbin.default.svc", "httpbin.default.svc.cluster.local"):
            assert gateway.ask(get("/", name)).status == 200, name
            assert gateway.ask(get("/", f"{name}:8000")).status == 200, name
        assert gateway.ask(get("/", "other")).status == 404


def test_pods_of_two_versions_are_subsets_that_mirror(gateway: Gateway):
    """Both pods have the port that the Service leads to, so that they differ by address: all of 127/8 is loopback."""
    with peer() as v1, listening_elsewhere(v1.port) as v2:
        pods = [
            POD.format(version="v1", port=v1.port, address="127.0.0.1"),
            POD.format(version="v2", port=v1.port, address="127.0.0.2"),
        ]
        gateway.serve("---\n".join([SERVICE.format(port=v1.port), *pods, RULES]))
        assert gateway.ask(get("/headers")).body == b"ok"
        assert v1.next().get(b"host") == b"httpbin:8000"
        assert v2.next().get(b"host") == b"httpbin-shadow:8000"
        assert (len(v1.requests), len(v2.requests)) == (1, 1)


def listening_elsewhere(port: int):
    return peer(answering(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), ("127.0.0.2", port))


def test_kinds_of_no_use_are_passed_over_and_unknown_ones_warned_of(gateway: Gateway):
    others = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: httpbin-v1}
spec: {replicas: 1}
---
apiVersion: example.org/v1
kind: Wombat
metadata: {name: willy}
"""
    with peer() as upstream:
        port = upstream.port
        gateway.serve("---\n".join([SERVICE.format(port=port), SLICE.format(port=port), others]))
        assert gateway.ask(get("/")).status == 200
    problems = gateway.config()["problems"]
    severities = {name: [p["severity"] for p in problems if name in str(p)] for name in ("Deployment", "Wombat")}
    assert severities == {"Deployment": ["info"], "Wombat": ["warning"]}
