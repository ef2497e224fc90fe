"""The configurations of the soak: two that take turns while clients are there, one to rest with, and a broken one.

Timeouts are short, so that what hangs is over when the clients' patience is.
"""

from __future__ import annotations

from attrs import frozen


@frozen
class Servers:
    """Who is where; ``nobody`` is a port that is closed."""

    steady: int
    flapping: tuple[int, int]
    candidate: int
    hostile: int
    nobody: int


BOUNDED = "{timeout: 3s, connect: 1s, in_flight: 20, breaker_failures: 5, breaker_pause: 300ms, buffer: 256KiB}"
"""What a mirror that fails may cost: every one of its bounds is met now and then."""

AMPLE = "{timeout: 15s, in_flight: 4096, buffer: 8MiB, budget: 512MiB}"
"""What a mirror that works may cost: none of its bounds is met, so that each of its shadows must arrive."""

REST = "routes: [{name: rest, filters: {respond: {body: resting}}}]\n"
BROKEN = "routes: [{name: broken, to: nobody-of-this-name, mirorr: 1}\n"


def busy(servers: Servers, other: bool) -> str:
    """Return a configuration that serves everything.

    Both mean the same to clients; in the ``other`` one the rules stand in another order, the shares, the balancers, the
    labels and some names differ.
    """
    balancer = "least-request" if other else "round-robin"
    routes = [_steady(other), _flapping(other)]
    if other:
        routes.reverse()
    return f"""\
clusters:
  steady:
    endpoints: [{{address: 127.0.0.1, port: {servers.steady}, labels: {{version: {balancer}}}}}]
    balancer: {balancer}
  candidate: 127.0.0.1:{servers.candidate}
  hostile: 127.0.0.1:{servers.hostile}
  nobody: 127.0.0.1:{servers.nobody}
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {{name: flapping}}
spec:
  hosts: [flapping]
  ports: [{{number: 80, name: http, protocol: HTTP}}]
  resolution: STATIC
  endpoints:
  - {{address: 127.0.0.1, ports: {{http: {servers.flapping[0]}}}}}
  - {{address: 127.0.0.1, ports: {{http: {servers.flapping[1]}}}}}
{"".join(routes)}"""


def _steady(other: bool) -> str:
    changing = "doubtful" if other else "passing"
    return f"""\
---
routes:
  - name: steady
    hosts: steady
    rules:
      - name: faults
        match: [{{path: {{prefix: /fault}}}}, {{path: {{prefix: /early}}}}]
        to: steady
        timeouts: {{response: 5s, idle: 5s}}
        mirror: {{to: hostile, name: hostile, limits: {BOUNDED}}}
      - name: steady
        to: steady
        timeouts: {{response: 5s, idle: 5s}}
        mirror:
          - {{to: candidate, name: candidate, limits: {AMPLE}}}
          - {{to: hostile, name: hostile, limits: {BOUNDED}}}
          - {{to: nobody, name: nobody, percent: {60 if other else 20}, limits: {BOUNDED}}}
          - {{to: hostile, name: {changing}, percent: 5, limits: {BOUNDED}}}
"""


def _flapping(other: bool) -> str:
    return f"""\
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {{name: flapping}}
spec:
  host: flapping
  trafficPolicy:
    connectionPool:
      tcp: {{maxConnections: 500, connectTimeout: 1s}}
      http: {{maxRequestsPerConnection: {7 if other else 30}, idleTimeout: {"1s" if other else "400ms"}}}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {{name: flapping}}
spec:
  hosts: [flapping]
  http:
  - name: flapping
    timeout: 15s
    retries: {{attempts: {5 if other else 4}, perTryTimeout: 1s, retryOn: "gateway-error,reset,connect-failure"}}
    route: [{{destination: {{host: flapping}}}}]
"""
