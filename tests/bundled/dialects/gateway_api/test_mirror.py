"""Mirrors: where copies go and how many requests are copied."""

import pytest


def mirror(rule, text="", **more):
    (made,) = rule(
        f"{{filters: [{{type: RequestMirror, requestMirror: {{backendRef: {{name: m, port: 80}}{text}}}}}], "
        "backendRefs: [{name: a, port: 80}]}",
        **more,
    ).mirrors
    return made


@pytest.mark.parametrize(
    ("text", "percent"),
    [
        ("", None),
        (", percent: 100", None),
        (", percent: 0", 0),
        (", percent: 42", 42),
        (", fraction: {numerator: 5}", 5),
        (", fraction: {numerator: 25, denominator: 50}", 50),
        (", fraction: {numerator: 1, denominator: 1000}", 0.1),
        (", fraction: {numerator: 3, denominator: 3}", None),
        (", fraction: {numerator: 0, denominator: 7}", 0),
    ],
)
def test_a_share_is_a_percentage_and_none_is_everything(rule, text, percent):
    policy = mirror(rule, text).policy
    assert (None if policy is None else policy.options["percent"]) == percent


def test_a_mirror_goes_to_a_reference(rule):
    made = mirror(rule)
    assert (made.destination.cluster, made.destination.port) == ("m.shop.svc.cluster.local", 80)
    assert made.destination.reference.key.name == "m"


@pytest.mark.parametrize(
    ("annotations", "suffix"),
    [
        ("{}", None),
        ('{shadowgate.io/mirror-suffix: "-shadow"}', "-shadow"),
        ('{shadowgate.io/mirror-suffix: ""}', ""),
        ("{other: '-shadow'}", None),
    ],
)
def test_the_host_is_left_alone_unless_an_annotation_or_the_gateway_has_a_suffix(rule, annotations, suffix):
    metadata = f"{{name: x, namespace: shop, annotations: {annotations}}}"
    made = mirror(rule, metadata=metadata)
    assert (made.suffix, made.keeps_host) == (suffix, True)


@pytest.mark.parametrize("suffix", ["a.b", "'a b'", "'a:80'", "[a]"])
def test_what_cannot_be_a_part_of_a_host_is_an_error(translate, suffix):
    metadata = f"{{name: x, annotations: {{shadowgate.io/mirror-suffix: {suffix}}}}}"
    _, problems = translate("HTTPRoute", "{parentRefs: [{name: gw}], rules: [{}]}", metadata=metadata)
    assert "error metadata.annotations.shadowgate.io/mirror-suffix: this is no part of a host" in problems
