"""Large configurations as text: many rules over many hosts, and many prefixes on one host.

A ``version`` goes into a header of the answers, so that a client sees which configuration it met.
"""

from __future__ import annotations

from collections.abc import Iterator

HOSTS = 1_000
RULES_PER_HOST = 10
PREFIXES = 1_000

_DOCUMENT = "---\n"
_KINDS = ("exact", "prefix", "regex", "header", "method")


def host(number: int) -> str:
    return f"host-{number}.example.com"


def one_rule(upstream: str) -> str:
    return f'clusters: {{up: "{upstream}"}}\nroutes: [{{to: up}}]\n'


def prefixes(upstream: str, number: int = PREFIXES) -> str:
    """One host with nothing but plain prefixes, none of which is inside another."""
    rules = "".join(f"    - {{match: {{path: {{prefix: /service-{at:04}/}}}}, to: up}}\n" for at in range(number))
    return f'clusters: {{up: "{upstream}"}}\nroutes:\n  - hosts: [{host(0)}]\n    rules:\n{rules}'


def native(upstream: str, version: int | None = None) -> str:
    rules = "".join(_native_rules(version))
    routes = "".join(f"  - hosts: [{host(at)}]\n    rules:\n{rules}" for at in range(HOSTS))
    return f'clusters: {{up: "{upstream}"}}\nroutes:\n{routes}'


def _native_rules(version: int | None) -> Iterator[str]:
    conditions = {
        "exact": "path: {{exact: {0}}}",
        "prefix": "path: {{prefix: {0}/}}",
        "regex": "path: {{regex: '{0}/[0-9]+'}}",
        "header": "path: {{prefix: {0}}}, headers: {{x-canary: 'yes'}}",
        "method": "path: {{prefix: {0}}}, method: GET",
    }
    header = f"{{header-rewrite: {{response: {{set: {{x-version: '{version}'}}}}}}}}"
    filters = "" if version is None else f", filters: {header}"
    for kind, path in paths():
        yield f"      - {{match: {{{conditions[kind].format(path)}}}, to: up{filters}}}\n"


def istio(upstream: str, version: int = 0) -> str:
    """As a mesh would have it: for each host a service with two versions, their rules, and who gets which share."""
    address, _, port = upstream.rpartition(":")
    return _DOCUMENT.join(
        text for at in range(HOSTS) for text in (_service(at, address, port), _subsets(at), _virtual(at, version))
    )


def _service(number: int, address: str, port: str) -> str:
    return f"""\
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {{name: service-{number}, namespace: shop}}
spec:
  hosts: [service-{number}.shop.svc.cluster.local]
  location: MESH_INTERNAL
  resolution: STATIC
  ports:
  - {{number: 80, name: http, protocol: HTTP, targetPort: {port}}}
  endpoints:
  - {{address: {address}, labels: {{version: v1}}}}
  - {{address: 127.0.0.2, labels: {{version: v2}}}}
"""


def _subsets(number: int) -> str:
    return f"""\
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {{name: service-{number}, namespace: shop}}
spec:
  host: service-{number}.shop.svc.cluster.local
  trafficPolicy:
    loadBalancer: {{simple: ROUND_ROBIN}}
  subsets:
  - {{name: v1, labels: {{version: v1}}}}
  - {{name: v2, labels: {{version: v2}}}}
"""


def _virtual(number: int, version: int) -> str:
    conditions = {
        "exact": "uri: {{exact: {0}}}",
        "prefix": "uri: {{prefix: {0}/}}",
        "regex": "uri: {{regex: '{0}/[0-9]+'}}",
        "header": "uri: {{prefix: {0}}}\n      headers: {{x-canary: {{exact: 'yes'}}}}",
        "method": "uri: {{prefix: {0}}}\n      method: {{exact: GET}}",
    }
    rules = "".join(
        f"""\
  - name: rule-{at}
    match:
    - {conditions[kind].format(path)}
    route:
    - destination: {{host: service-{number}.shop.svc.cluster.local, subset: v1}}
      weight: 90
    - destination: {{host: service-{number}.shop.svc.cluster.local, subset: v2}}
      weight: 10
    headers:
      response:
        set: {{x-version: "{version}"}}
    timeout: 5s
"""
        for at, (kind, path) in enumerate(paths())
    )
    return f"""\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata:
  name: virtual-{number}
  namespace: shop
spec:
  hosts:
  - {host(number)}
  http:
{rules}"""


def paths() -> Iterator[tuple[str, str]]:
    """Yield the kind of condition and the path of each rule of a host."""
    for at in range(RULES_PER_HOST):
        yield _KINDS[at % len(_KINDS)], f"/api/v1/part-{at:04}"


def matching_paths() -> list[str]:
    """Return a path for each rule of a host that a plain GET can meet."""
    return [path if kind == "exact" else f"{path}/7" for kind, path in paths() if kind != "header"]
