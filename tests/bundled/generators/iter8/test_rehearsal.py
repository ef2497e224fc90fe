"""Mistakes in what only other variants bring in are told while those are not there."""

import pytest

from shadowgate.bundled.generators.iter8.generator import Iter8Generator
from shadowgate.plugin import Report
from shadowgate.plugin.yaml import read_text

POLICY = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: web, labels: {app.kubernetes.io/managed-by: iter8, app.kubernetes.io/component: web}}
data: {spec: "{gvrs: [svc], variants: [[web-1], [web-2]]}"}
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: web-route
  labels: {app.kubernetes.io/managed-by: iter8, app.kubernetes.io/component: iter8/routingpolicy}
data:
  spec: |
    trigger: {owner: web}
    chart: mirror
    values:
      parentRefs: [{kind: Service, name: web}]
      rules:
      - filters: [{type: RequestMirror, requestMirror: {backendRef: {nmae: web-2, port: 80}}}]
        backendRefs: [{name: web-1, port: 80}]
"""
ROUTEMAP = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: web, labels: {iter8.tools/kind: routemap}}
data:
  strSpec: |
    versions: [{resources: [{gvrShort: svc, name: web-1}]}, {resources: [{gvrShort: svc, name: web-2}]}]
    routingTemplates:
      web:
        gvrShort: vs
        template: |
          apiVersion: networking.istio.io/v1
          kind: VirtualService
          metadata: {name: web}
          spec:
            hosts: [web]
            http:
            - route: [{destination: {host: web-1}}]
              {{- if gt (index .Weights 1) 0 }}
              %s
              {{- else }}
              %s
              {{- end }}
"""
FINE = "timeout: 1s"
SECOND = """\
---
{apiVersion: v1, kind: Service, metadata: {name: web-2}, spec: {ports: [{port: 80}]}}
---
apiVersion: v1
kind: Endpoints
metadata: {name: web-2}
subsets: [{addresses: [{ip: 10.0.0.2}], ports: [{port: 80}]}]
"""


def problems(text):
    report = Report()
    for _ in Iter8Generator().generate(read_text(text, "f.yaml", report), report):
        pass
    return [f"{each.position}: {each.path}" for each in report.problems]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            POLICY,
            "f.yaml:18:70: ConfigMap web-route: once all variants are there: "
            "HTTPRoute web: spec.rules[0].filters[0].requestMirror.backendRef",
        ),
        (
            ROUTEMAP % ("miror: {host: web-2}", FINE),
            "f.yaml:19:15: ConfigMap web: once all variants are there: VirtualService web: spec.http[0]",
        ),
        (ROUTEMAP % ("mirror: [", FINE), "f.yaml:23:11: ConfigMap web: once all variants are there"),
    ],
)
def test_what_would_be_wrong_with_all_variants_is_told_while_one_is_not_there(text, expected):
    found = problems(text)
    assert found and found[0] == expected


def test_what_would_be_wrong_with_the_first_alone_is_told_while_all_are_there():
    (found,) = problems(ROUTEMAP % (FINE, "timout: 1s") + SECOND)
    assert found == "f.yaml:21:15: ConfigMap web: once the first variant is alone: VirtualService web: spec.http[0]"


def test_what_is_wrong_now_is_left_to_whoever_reads_the_route():
    assert problems(ROUTEMAP % ("timout: 1s", FINE) + SECOND) == []


def test_what_is_right_is_nothing_to_tell():
    assert problems(ROUTEMAP % ("mirror: {host: web-2}", FINE)) == []
    assert problems(POLICY.replace("nmae", "name")) == []
