"""``shadowgate check``: what it prints for people and for programs, and what it fails on."""

import json

import pytest

from shadowgate.cli import main

WARNED = (
    "clusters: {v1: '127.0.0.1:8001'}\nroutes:\n- {to: v1, mirror: v1}\n- {to: v1, hosts: a.example, mirror: nobody}\n"
)
WRONG = """\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: web, namespace: shop}
spec:
  hosts: [web.example]
  http:
  - route: [{destination: {host: web.example}}]
    mirorr: {host: copy.example}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {ports: [{port: eighty}]}
---
kind: [
"""


@pytest.fixture
def check(tmp_path, capsys):
    """Check texts, each as a file of its own: exit status, standard output with the folder left out."""

    def run(*texts, options=()):
        paths = []
        for letter, text in zip("abc", texts, strict=False):
            paths.append(tmp_path / f"{letter}.yaml")
            paths[-1].write_text(text)
        with pytest.raises(SystemExit) as left:
            main(["check", *options, *map(str, paths)])
        return left.value.code, capsys.readouterr().out.replace(f"{tmp_path}/", "")

    return run


def test_problems_are_sorted_by_file_and_line(check):
    status, out = check(WARNED, WRONG)
    places = [line.split(":")[:2] for line in out.splitlines()[:-1]]
    assert status == 1
    assert places == [["a.yaml", "3"], ["a.yaml", "4"], ["b.yaml", "8"], ["b.yaml", "13"], ["b.yaml", "16"]]
    assert out.endswith("\n3 errors, 2 warnings\n")


@pytest.mark.parametrize(
    ("text", "options", "status"),
    [
        (WARNED, (), 0),
        (WARNED, ("--fail-on", "error"), 0),
        (WARNED, ("--fail-on", "warning"), 1),
        (WARNED, ("--fail-on=warning", "-o", "json"), 1),
        (WRONG, ("--fail-on", "error"), 1),
        ("clusters: {v1: '127.0.0.1:8001'}\nroutes: {to: v1}\n", ("--fail-on", "warning"), 0),
    ],
)
def test_what_it_fails_on_can_be_chosen(check, text, options, status):
    assert check(text, options=options)[0] == status


@pytest.mark.parametrize("options", [("--fail-on", "info"), ("-o", "yaml"), ("--output=",)])
def test_a_value_that_an_option_does_not_have_is_a_wrong_command_line(check, options):
    assert check(WARNED, options=options) == (2, "")


def test_options_may_stand_behind_the_paths(check, tmp_path):
    assert json.loads(check(WARNED, options=(str(tmp_path / "a.yaml"), "-o", "json"))[1])


def test_a_program_gets_every_part_of_a_problem(check):
    _, out = check(WRONG, options=("-o", "json"))
    assert json.loads(out)[1] == {
        "code": "SG0017",
        "severity": "error",
        "object": {"kind": "Service", "namespace": "default", "name": "web"},
        "file": "a.yaml",
        "line": 13,
        "column": 23,
        "path": "Service web: spec.ports[0].port",
        "message": "write a whole number in decimal digits",
        "found": '"eighty"',
        "expected": "",
    }


def test_a_problem_belongs_to_the_document_that_it_stands_in(check):
    problems = json.loads(check(WRONG, options=("-o", "json"))[1])
    assert problems[0]["object"] == {"kind": "VirtualService", "namespace": "shop", "name": "web"}
    assert "did you mean" in problems[0]["message"]


def test_what_is_no_document_is_about_no_object(check):
    problems = json.loads(check(WRONG, options=("-o", "json"))[1])
    assert (problems[2]["code"], problems[2]["object"]) == ("SG0006", None)


def test_a_document_without_a_name_is_no_object(check):
    assert {problem["object"] for problem in json.loads(check(WARNED, options=("-o", "json"))[1])} == {None}


def test_nothing_to_tell_is_an_empty_list(check):
    assert check("{}", options=("-o", "json")) == (0, "[]\n")


GATEWAY = """\
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {name: ours}
spec: {controllerName: shadowgate.io/gateway-controller}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: web}
spec: {gatewayClassName: ours, listeners: [{name: http, port: 80, protocol: HTTP}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: api}
spec: {parentRefs: [{name: wed}], rules: [{backendRefs: [{name: nobody, port: 80}]}]}
"""


def test_conditions_are_summed_up_after_the_problems(check):
    status, out = check(GATEWAY)
    assert status == 0
    assert out.splitlines() == [
        'a.yaml:14:21: warning [SG0860]: HTTPRoute api: there is no Gateway default/wed, did you mean "default/web"?; '
        "it is not attached",
        "a.yaml:14:58: warning [SG0870]: HTTPRoute api: there is no Service default/nobody; its share of the requests "
        "is answered 500",
        "GatewayClass ours: Accepted",
        "Gateway default/web: Accepted, Programmed",
        "  listener http: Accepted, ResolvedRefs, Programmed; 0 routes",
        "HTTPRoute default/api:",
        "  Gateway default/wed: not Accepted (NoMatchingParent), not ResolvedRefs (BackendNotFound)",
        "0 errors, 2 warnings",
    ]
