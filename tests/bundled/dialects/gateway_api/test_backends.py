"""References to backends."""

import pytest

from shadowgate.model import ObjectKey


def destinations(rule, text):
    return rule(f"{{backendRefs: {text}}}").destinations


def test_a_service_is_found_by_its_canonical_name(rule):
    one, other = destinations(rule, "[{name: a, port: 80}, {name: b, namespace: web, port: 81, weight: 0}]")
    assert (one.cluster, one.port, one.weight) == ("a.shop.svc.cluster.local", 80, 1)
    assert (other.cluster, other.port, other.weight) == ("b.web.svc.cluster.local", 81, 0)
    assert one.reference.key == ObjectKey("", "Service", "shop", "a")
    assert (other.reference.key.namespace, other.reference.port) == ("web", 81)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("{name: a, kind: Other}", ObjectKey("", "Other", "shop", "a")),
        ("{name: a, group: b.example, kind: Service}", ObjectKey("b.example", "Service", "shop", "a")),
    ],
)
def test_another_kind_keeps_its_reference_and_is_nobodys_service(rule, text, key):
    (made,) = destinations(rule, f"[{text}]")
    assert made.reference.key == key
    assert not made.cluster.endswith(".svc.cluster.local")


def test_filters_and_mirrors_of_a_backend_are_its_own(rule):
    made = rule(
        "{backendRefs: [{name: a, port: 80, filters: ["
        "{type: RequestHeaderModifier, requestHeaderModifier: {remove: [x]}},"
        "{type: RequestMirror, requestMirror: {backendRef: {name: m, port: 80}}}]}, {name: b, port: 80}]}"
    )
    one, other = made.destinations
    assert [use.name for use in one.filters] == ["header-rewrite"]
    assert [mirror.destination.cluster for mirror in one.mirrors] == ["m.shop.svc.cluster.local"]
    assert (other.filters, other.mirrors, made.filters, made.mirrors) == ((), (), (), ())
