"""Rules: timeouts, retries, sessions, and those that go nowhere."""

import pytest

TO_A = "backendRefs: [{name: a, port: 80}]"


@pytest.mark.parametrize(
    ("text", "whole", "attempt"),
    [
        ("{}", None, None),
        ("{request: 1m30s}", 90, None),
        ("{backendRequest: 500ms}", None, 0.5),
        ("{request: 0s, backendRequest: 10s}", 0, 10),
        ("{request: 10s, backendRequest: 10s}", 10, 10),
        ("{request: 5s, backendRequest: 0s}", 5, 0),
    ],
)
def test_timeouts(rule, text, whole, attempt):
    made = rule(f"{{timeouts: {text}, {TO_A}}}")
    assert (made.timeout, made.attempt_timeout) == (whole, attempt)


def test_without_a_retry_nothing_is_tried_again(rule):
    assert rule(f"{{{TO_A}}}").retry is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{}", {}),
        ("{attempts: 3}", {"attempts": 3}),
        ("{codes: [500, 429]}", {"statuses": [500, 429]}),
        ("{backoff: 100ms}", {"backoff": 0.1, "min_backoff": 0.1}),
    ],
)
def test_retries_always_include_attempts_that_broke_off(rule, text, expected):
    made = rule(f"{{retry: {text}, {TO_A}}}").retry
    assert (made.name, made.options) == ("retry", {"on": ["reset"], "unanswered": 503, **expected})


def test_a_name_is_the_rules(rule):
    assert rule(f"{{name: some.rule, {TO_A}}}").name == "some.rule"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{}", True),
        ("{backendRefs: []}", True),
        ("{backendRefs: [{name: a, port: 80, weight: 0}]}", True),
        ("{filters: [{type: RequestRedirect, requestRedirect: {hostname: a}}]}", False),
        ("{filters: [{type: ExtensionRef, extensionRef: {group: shadowgate.io, kind: Filter, name: f}}]}", False),
        ("{filters: [{type: RequestHeaderModifier, requestHeaderModifier: {}}]}", True),
        ("{filters: [{type: Later}]}", False),
        ("{backendRefs: [{name: a, port: 80, weight: 0}, {name: b, port: 80}]}", False),
    ],
)
def test_a_rule_that_goes_nowhere_is_told_of(translate, text, told):
    _, problems = translate("HTTPRoute", f"{{parentRefs: [{{name: gw}}], rules: [{text}]}}")
    assert any(each.startswith("warning spec.rules[0]:") for each in problems) is told
