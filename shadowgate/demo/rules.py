"""The configuration that the demonstration serves: Istio's mirroring task, with a ServiceEntry for the endpoints."""

from __future__ import annotations

from pathlib import Path

SERVICES = """\
# Where httpbin runs.  In a cluster this is what a Service and its EndpointSlices say.
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata:
  name: httpbin
spec:
  hosts:
    - httpbin
  ports:
    - number: 8000
      name: http
      protocol: HTTP
  resolution: STATIC
  endpoints:
    - address: 127.0.0.1
      ports:
        http: {v1}
      labels:
        version: v1
    - address: 127.0.0.1
      ports:
        http: {v2}
      labels:
        version: v2
"""

RULES = """\
# All traffic goes to v1, and a copy of every request to v2.
# Try it: set the value of mirrorPercentage to 50 and save; it is in service within two seconds.
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata:
  name: httpbin
spec:
  hosts:
    - httpbin
  http:
    - route:
        - destination:
            host: httpbin
            subset: v1
          weight: 100
      mirror:
        host: httpbin
        subset: v2
      mirrorPercentage:
        value: 100
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata:
  name: httpbin
spec:
  host: httpbin
  subsets:
    - name: v1
      labels:
        version: v1
    - name: v2
      labels:
        version: v2
"""


def write_rules(directory: Path, v1: int, v2: int) -> Path:
    """Write both files for servers on these ports; return the one that a reader would edit."""
    (directory / "services.yaml").write_text(SERVICES.format(v1=v1, v2=v2))
    rules = directory / "rules.yaml"
    rules.write_text(RULES)
    return rules
