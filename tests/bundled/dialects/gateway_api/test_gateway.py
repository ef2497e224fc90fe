"""Gateway: what goes into the model."""

from shadowgate.model import GATEWAY_GROUP, Condition, GatewayListener

HTTP = "{name: http, port: 80, protocol: HTTP}"


def test_a_gateway_has_its_class_and_listeners(translate):
    metadata = '{name: gw, namespace: infra, generation: 3, creationTimestamp: "2026-01-01T00:00:00Z"}'
    (made,), problems = translate("Gateway", f"{{gatewayClassName: c, listeners: [{HTTP}]}}", metadata=metadata)
    assert (made.name, made.namespace, made.class_name) == ("gw", "infra", "c")
    assert (made.generation, made.created) == (3, "2026-01-01T00:00:00Z")
    assert made.listeners == (GatewayListener("http", 80, "HTTP"),)
    assert problems == []


def test_a_listener_takes_http_routes_of_its_own_namespace_unless_it_says_otherwise(translate):
    (made,), _ = translate("Gateway", f"{{gatewayClassName: c, listeners: [{HTTP}]}}")
    (listener,) = made.listeners
    assert (listener.kinds, listener.admits, listener.selector) == (((GATEWAY_GROUP, "HTTPRoute"),), "Same", None)


def test_an_address_of_an_unknown_type_is_a_condition(translate):
    spec = f"{{gatewayClassName: c, listeners: [{HTTP}], addresses: [{{type: Named, value: a}}]}}"
    (made,), _ = translate("Gateway", spec)
    reason = "no addresses of the type Named"
    assert made.conditions == (Condition("Accepted", False, "UnsupportedAddress", reason),)


def test_addresses_of_known_types_are_left_to_the_command_line(translate):
    spec = f"{{gatewayClassName: c, listeners: [{HTTP}], addresses: [{{value: 10.0.0.1}}, {{type: Hostname}}]}}"
    (made,), problems = translate("Gateway", spec)
    assert made.conditions == ()
    assert len(problems) == 1 and "--bind" in problems[0]
