"""Iter8's ConfigMaps made into routes: what the routes look like, and where their parts stand."""

import pytest

from shadowgate.bundled.generators.iter8.generator import Iter8Generator
from shadowgate.errors import Position
from shadowgate.plugin import Mapping, Report, Sequence
from shadowgate.plugin.yaml import read_text

SUBJECT = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: web
  labels:
    app.kubernetes.io/managed-by: iter8
    app.kubernetes.io/component: web
data:
  spec: |
    gvrs: [svc]
    variants:
    - [web-1]
    - [web-2]
"""
POLICY = """\
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: web-route
  labels:
    app.kubernetes.io/managed-by: iter8
    app.kubernetes.io/component: iter8/routingpolicy
data:
  spec: |
    trigger:
      owner: web
      update: variant/2
    chart: mirror
    values:
      parentRefs:
      - {kind: Service, name: web, port: 8000}
      rules:
      - filters:
        - type: RequestMirror
          requestMirror:
            backendRef: {name: web-2, port: 80}
        backendRefs:
        - {name: web-1, port: 80}
"""


def service(name, address="", annotations=""):
    yield f"---\n{{apiVersion: v1, kind: Service, metadata: {{name: {name}, annotations: {{{annotations}}}}},"
    yield " spec: {ports: [{port: 80}]}}\n"
    if address:
        yield f"---\n{{apiVersion: v1, kind: Endpoints, metadata: {{name: {name}}},"
        yield f" subsets: [{{addresses: [{{ip: {address}}}], ports: [{{port: 80}}]}}]}}\n"


def generated(*texts):
    report = Report()
    documents = read_text("".join(texts), "f.yaml", report)
    made = tuple(Iter8Generator().generate(documents, report))
    assert not report.failed, report.problems
    return {document.kind: document for document in made}


def plain(node):
    if isinstance(node, Mapping):
        return {key.text: plain(value) for key, value in node.entries}
    if isinstance(node, Sequence):
        return [plain(item) for item in node]
    return node.text


def route(*texts):
    return plain(generated(SUBJECT, POLICY, *texts)["HTTPRoute"].root)


def test_a_route_is_the_values_in_their_order_under_the_owners_name():
    found = route(*service("web-1", "10.0.0.1"), *service("web-2", "10.0.0.2"))
    assert found == {
        "apiVersion": "gateway.networking.k8s.io/v1beta1",
        "kind": "HTTPRoute",
        "metadata": {"name": "web"},
        "spec": {
            "parentRefs": [{"kind": "Service", "name": "web", "port": "8000"}],
            "rules": [
                {
                    "filters": [
                        {"type": "RequestMirror", "requestMirror": {"backendRef": {"name": "web-2", "port": "80"}}}
                    ],
                    "backendRefs": [{"name": "web-1", "port": "80"}],
                }
            ],
        },
    }
    assert list(found["spec"]["rules"][0]) == ["filters", "backendRefs"]


@pytest.mark.parametrize("second", ["", "".join(service("web-2"))], ids=["without its service", "without an endpoint"])
def test_the_filters_are_gone_while_the_second_variant_is_not_there(second):
    found = route(*service("web-1", "10.0.0.1"), second)
    assert found["spec"]["rules"] == [{"backendRefs": [{"name": "web-1", "port": "80"}]}]


def test_every_part_of_a_route_stands_where_it_was_written():
    document = generated(SUBJECT, POLICY, *service("web-2", "10.0.0.2"))["HTTPRoute"]
    assert document.position == Position("f.yaml", 15, 1)
    spec = document.root.get("spec")
    (rule,) = spec.get("rules")
    (backend,) = rule.get("backendRefs")
    lines = (SUBJECT + POLICY).splitlines()
    for node, text in ((spec, "parentRefs"), (rule, "filters"), (backend, "{name: web-1")):
        assert lines[node.position.line - 1][node.position.column - 1 :].startswith(text)


def test_a_routes_namespace_is_the_policys_where_that_is_said():
    inside = ("metadata:\n  name", "metadata:\n  namespace: shop\n  name")
    documents = generated(SUBJECT.replace(*inside), POLICY.replace(*inside))
    assert plain(documents["HTTPRoute"].root.get("metadata")) == {"name": "web", "namespace": "shop"}
    assert documents["Availability"].namespace == "shop"


def test_objects_of_another_namespace_are_not_a_variants():
    elsewhere = "".join(service("web-2", "10.0.0.2")).replace("{name: web-2", "{namespace: other, name: web-2")
    assert "filters" not in route(elsewhere)["spec"]["rules"][0]


def test_the_state_of_a_subject_is_a_document_of_its_own():
    found = plain(generated(SUBJECT, *service("web-1", "10.0.0.1"))["Availability"].root)
    assert found["metadata"] == {"name": "web", "namespace": "default"}
    assert found["variants"] == [
        {"name": "variant/1", "available": "true", "reason": "", "weight": "1"},
        {
            "name": "variant/2",
            "available": "false",
            "reason": "there is no Service default/web-2",
            "weight": "0",
        },
    ]


def test_a_policy_without_its_subject_makes_no_route():
    report = Report()
    assert tuple(Iter8Generator().generate(read_text(POLICY, "f.yaml", report), report)) == ()
    assert [problem.severity for problem in report.problems] == ["warning"]


def test_other_filters_come_and_go_with_the_section_that_they_stand_in():
    policy = POLICY.replace(
        "- type: RequestMirror", "- {type: URLRewrite, urlRewrite: {hostname: a}}\n        - type: RequestMirror"
    )
    with_both = plain(generated(SUBJECT, policy, *service("web-2", "10.0.0.2"))["HTTPRoute"].root)
    assert [each["type"] for each in with_both["spec"]["rules"][0]["filters"]] == ["URLRewrite", "RequestMirror"]
    without = plain(generated(SUBJECT, policy)["HTTPRoute"].root)
    assert "filters" not in without["spec"]["rules"][0]


def test_an_annotated_weight_takes_the_place_of_a_percentage_and_of_a_fraction():
    for share in ("percent: 5", "fraction: {numerator: 1}"):
        policy = POLICY.replace("backendRef: {name: web-2, port: 80}", f"{{{share}, backendRef: {{name: web-2}}}}")
        second = service("web-2", "10.0.0.2", 'iter8.tools/weight: "140"')
        found = plain(generated(SUBJECT, policy, *second)["HTTPRoute"].root)
        mirror = found["spec"]["rules"][0]["filters"][0]["requestMirror"]
        assert mirror == {"percent": "100", "backendRef": {"name": "web-2"}}


def test_an_external_name_is_there_without_endpoints():
    text = "{apiVersion: v1, kind: Service, metadata: {name: web-2}, spec: {type: ExternalName, externalName: a.test}}"
    assert "filters" in route(f"---\n{text}\n")["spec"]["rules"][0]
