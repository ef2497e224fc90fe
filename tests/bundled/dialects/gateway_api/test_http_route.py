"""HTTPRoute: what goes into the model from around its rules."""

from shadowgate.model import GATEWAY_GROUP, ObjectKey, PathMatch

BACKEND = "{backendRefs: [{name: a, port: 80}]}"


def test_a_route_has_its_hosts_parents_and_age(translate):
    metadata = '{name: r, namespace: shop, generation: 9, creationTimestamp: "2026-01-01T00:00:00Z"}'
    spec = f"{{parentRefs: [{{name: gw}}], hostnames: [a.example, '*.b.example', a.example], rules: [{BACKEND}]}}"
    (made,), problems = translate("HTTPRoute", spec, metadata=metadata)
    assert (made.kind, made.namespace, made.name) == ("HTTPRoute", "shop", "r")
    assert made.hosts == ("a.example", "*.b.example")
    assert (made.created, made.generation) == ("2026-01-01T00:00:00Z", 9)
    assert [parent.key for parent in made.parents] == [ObjectKey(GATEWAY_GROUP, "Gateway", "shop", "gw")]
    assert problems == []


def test_without_hostnames_it_is_for_all_of_them(translate):
    (made,), _ = translate("HTTPRoute", f"{{parentRefs: [{{name: gw}}], rules: [{BACKEND}]}}")
    assert made.hosts == ("*",)
    assert (made.created, made.generation) == ("", None)


def test_without_rules_there_is_one_for_every_request_and_it_goes_nowhere(translate):
    (made,), problems = translate("HTTPRoute", "{parentRefs: [{name: gw}]}")
    (rule,) = made.rules
    assert [match.path for match in rule.matches] == [PathMatch("segments", "/")]
    assert rule.position.source == "a.yaml"
    assert problems == ["warning spec.rules[0]: the rule has no backendRefs; requests are answered with 500"]


def test_without_parents_it_is_no_route_at_all(translate):
    fragments, problems = translate("HTTPRoute", f"{{rules: [{BACKEND}]}}")
    assert fragments == []
    assert [each.partition(":")[0] for each in problems] == ["warning spec"]
