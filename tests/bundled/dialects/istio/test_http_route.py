"""One rule: what it says in the model; every field and check as YAML is in tests/cases/istio."""

import pytest

from shadowgate.bundled.dialects.istio.http_route import HTTPRoute
from shadowgate.bundled.dialects.scope import Scope
from shadowgate.errors import NOWHERE
from shadowgate.plugin import Report, read
from shadowgate.plugin.yaml import read_text

TO = "route: [{destination: {host: web}}]"


def translate(rule):
    report = Report()
    (document,) = read_text(f"rule: {{{rule}}}", "a.yaml", report)
    route = read(HTTPRoute, document.root.get("rule"), report)
    found = None if route is None else route.translate(Scope(report, "", "shop", NOWHERE))
    return found, [problem.code for problem in report.problems if problem.severity != "info"]


@pytest.mark.parametrize(("text", "seconds"), [("1ms", 0.001), ("2.5s", 2.5), ("1m30s", 90)])
def test_the_timeout_is_for_the_whole_request(text, seconds):
    rule, _ = translate(f"timeout: {text}, {TO}")
    assert (rule.timeout, rule.timeouts) == (seconds, None)


@pytest.mark.parametrize("text", ["0s", "999us", "1.5ms"])
def test_a_timeout_is_a_whole_number_of_milliseconds(text):
    assert translate(f"timeout: {text}, {TO}") == (None, ["SG0120"])


def test_a_rule_that_forwards_is_tried_again_by_default():
    rule, _ = translate(TO)
    assert (rule.retry.name, rule.retry.options) == ("retry", None)
    assert translate("directResponse: {status: 200}")[0].retry is None


def test_no_attempts_are_no_retries():
    assert translate(f"retries: {{attempts: 0}}, {TO}")[0].retry is None


def test_a_try_has_a_timeout_of_its_own():
    rule, _ = translate(f"retries: {{attempts: 1, perTryTimeout: 500ms}}, {TO}")
    assert (rule.timeout, rule.attempt_timeout) == (None, 0.5)


def test_filters_stand_in_the_order_of_a_mesh_whatever_the_order_of_the_keys():
    rule, _ = translate(
        "rewrite: {uri: /, authority: a.example}, headers: {request: {set: {x-a: b}}}, "
        "fault: {abort: {httpStatus: 500, percentage: {value: 1}}}, corsPolicy: {}, " + TO
    )
    assert [(use.key, use.name) for use in rule.filters] == [
        ("corsPolicy", "cors"),
        ("fault", "fault"),
        ("headers", "header-rewrite"),
        ("rewrite", "path-rewrite"),
        ("rewrite", "header-rewrite"),
    ]


def test_what_was_said_is_noted_for_delegation():
    rule, _ = translate(
        f"headers: {{}}, corsPolicy: {{}}, retries: {{attempts: 0}}, timeout: 1s, mirror: {{host: b}}, {TO}"
    )
    assert rule.said == ("corsPolicy", "headers", "retry", "timeout", "mirrors")
    assert translate(TO)[0].said == ()


def test_a_rule_none_of_whose_matches_can_hold_is_no_rule():
    assert translate(f"match: [{{sourceNamespace: a}}], {TO}") == (None, ["SG0126"])
    rule, _ = translate(f"match: [{{sourceNamespace: a}}, {{uri: {{prefix: /b}}}}], {TO}")
    assert [match.path.value for match in rule.matches] == ["/b"]


def test_the_rules_host_goes_before_that_of_a_destination():
    at_destination = "route: [{destination: {host: web}, headers: {request: {set: {Host: b.example, x-a: b}}}}]"
    rule, _ = translate(at_destination)
    assert rule.destinations[0].filters[0].options == {"request": {"set": {"Host": "b.example", "x-a": "b"}}}
    rule, _ = translate("rewrite: {authority: a.example}, " + at_destination)
    assert rule.destinations[0].filters[0].options == {"request": {"set": {"x-a": "b"}}}


@pytest.mark.parametrize(
    ("size", "codes"), [(100 * 1024, []), (100 * 1024 + 1, ["SG0135"]), (1024 * 1024 + 1, ["SG0134"])]
)
def test_the_body_of_a_direct_response_is_bounded(size, codes):
    assert translate(f"directResponse: {{status: 200, body: {{string: {'a' * size}}}}}")[1] == codes
