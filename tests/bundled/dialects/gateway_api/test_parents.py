"""What a route is attached to."""

import pytest

from shadowgate.model import GATEWAY_GROUP, ObjectKey


def parents(translate, text):
    (made,), problems = translate(
        "HTTPRoute", f"{{parentRefs: {text}, rules: [{{backendRefs: [{{name: a, port: 80}}]}}]}}"
    )
    return made.parents, problems


@pytest.mark.parametrize(
    ("text", "key", "section", "port"),
    [
        ("{name: gw}", ObjectKey(GATEWAY_GROUP, "Gateway", "shop", "gw"), "", None),
        (
            "{name: gw, namespace: infra, sectionName: http, port: 80}",
            ObjectKey(GATEWAY_GROUP, "Gateway", "infra", "gw"),
            "http",
            80,
        ),
        ("{name: a, kind: Service, group: '', port: 80}", ObjectKey("", "Service", "shop", "a"), "", 80),
        ("{name: a, kind: Service}", ObjectKey("", "Service", "shop", "a"), "", None),
        ("{name: a, kind: Service, group: b.example}", ObjectKey("b.example", "Service", "shop", "a"), "", None),
    ],
)
def test_a_parent_is_named_in_full(translate, text, key, section, port):
    (made,), problems = parents(translate, f"[{text}]")
    assert (made.key, made.section, made.port) == (key, section, port)
    assert problems == []


@pytest.mark.parametrize(
    "text",
    [
        "[{name: gw, sectionName: a}, {name: gw, sectionName: b}]",
        "[{name: gw, port: 80}, {name: gw, port: 81}]",
        "[{name: gw}, {name: gw, namespace: other}]",
        "[{name: gw, sectionName: a, port: 80}, {name: gw, sectionName: a, port: 81}]",
    ],
)
def test_references_to_one_parent_are_told_apart(translate, text):
    made, problems = parents(translate, text)
    assert (len(made), problems) == (2, [])


@pytest.mark.parametrize(
    "text",
    [
        "[{name: gw}, {name: gw}]",
        "[{name: gw, namespace: shop}, {name: gw}]",
        "[{name: gw, sectionName: a}, {name: gw}]",
        "[{name: gw, sectionName: a}, {name: gw, port: 80}]",
        "[{name: gw, sectionName: a}, {name: gw, sectionName: a}]",
    ],
)
def test_those_that_are_not_are_an_error(translate, text):
    _, problems = parents(translate, text)
    assert [each.partition(":")[0] for each in problems] == ["error spec.parentRefs[1]"]
