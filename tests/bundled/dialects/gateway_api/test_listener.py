"""Listeners of a Gateway."""

import pytest

from shadowgate.model import GATEWAY_GROUP, LabelRequirement, LabelSelector


def listener(translate, text):
    (made,), problems = translate("Gateway", f"{{gatewayClassName: c, listeners: [{text}]}}")
    return made.listeners[0], problems


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{name: a, port: 443, protocol: HTTPS, tls: {certificateRefs: [{name: c}]}}", "TLS is not served yet"),
        ("{name: a, port: 443, protocol: TLS, tls: {mode: Passthrough}}", "TLS is not served yet"),
        ("{name: a, port: 443, protocol: HTTPS}", "TLS is not served yet"),
        ("{name: a, port: 53, protocol: UDP}", "only HTTP is served, not UDP"),
        ("{name: a, port: 80, protocol: acme.example/proto}", "only HTTP is served, not acme.example/proto"),
    ],
)
def test_what_is_not_plain_http_is_never_opened(translate, text, message):
    made, problems = listener(translate, text)
    (condition,) = made.conditions
    assert (condition.type, condition.holds, condition.reason) == ("Accepted", False, "UnsupportedProtocol")
    assert problems == [f"warning spec.listeners[0].protocol: {message}: this port is not opened"]


def test_namespaces_are_selected_by_their_labels(translate):
    made, _ = listener(
        translate,
        "{name: a, port: 80, protocol: HTTP, hostname: '*.a.example', allowedRoutes: {namespaces: {from: Selector, "
        "selector: {matchLabels: {a: b}, matchExpressions: [{key: c, operator: NotIn, values: [d, e]}]}}}}",
    )
    assert (made.admits, made.hostname) == ("Selector", "*.a.example")
    assert made.selector == LabelSelector({"a": "b"}, (LabelRequirement("c", "NotIn", ("d", "e")),))


def test_a_selector_that_is_not_asked_for_selects_nothing(translate):
    text = "{name: a, port: 80, protocol: HTTP, allowedRoutes: {namespaces: {from: All, selector: {}}}}"
    made, _ = listener(translate, text)
    assert (made.admits, made.selector) == ("All", None)


@pytest.mark.parametrize(
    ("kinds", "served"),
    [
        ("[{kind: HTTPRoute}, {kind: HTTPRoute, group: gateway.networking.k8s.io}]", ((GATEWAY_GROUP, "HTTPRoute"),)),
        ("[]", ((GATEWAY_GROUP, "HTTPRoute"),)),
    ],
)
def test_kinds_that_are_served_are_all_right(translate, kinds, served):
    made, problems = listener(translate, f"{{name: a, port: 80, protocol: HTTP, allowedRoutes: {{kinds: {kinds}}}}}")
    assert (made.kinds, made.conditions, problems) == (served, (), [])


@pytest.mark.parametrize(
    ("kinds", "served", "message"),
    [
        ("[{kind: HTTPRoute}, {kind: GRPCRoute}]", 1, "GRPCRoute is not served here"),
        ("[{kind: GRPCRoute}, {group: a.example, kind: Route}]", 0, "GRPCRoute, a.example/Route are not served here"),
        ("[{group: '', kind: HTTPRoute}]", 0, "HTTPRoute is not served here"),
    ],
)
def test_others_are_a_condition_and_not_taken(translate, kinds, served, message):
    made, problems = listener(translate, f"{{name: a, port: 80, protocol: HTTP, allowedRoutes: {{kinds: {kinds}}}}}")
    assert len(made.kinds) == served
    assert [(each.type, each.reason, each.message) for each in made.conditions] == [
        ("ResolvedRefs", "InvalidRouteKinds", message)
    ]
    assert problems == [f"warning spec.listeners[0].allowedRoutes.kinds: {message}"]
