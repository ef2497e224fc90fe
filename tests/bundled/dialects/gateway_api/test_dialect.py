"""Which kinds and versions are read."""

import pytest

from shadowgate.bundled.dialects.gateway_api import GatewayApiDialect
from shadowgate.model import FilterDefinition, GatewayClass, Namespace

CLASS = "{controllerName: shadowgate.io/gateway-controller}"


@pytest.mark.parametrize("version", ["v1", "v1beta1"])
def test_versions_that_are_served_mean_the_same(translate, version):
    assert translate("GatewayClass", CLASS, version=version) == translate("GatewayClass", CLASS)


def test_a_version_of_old_is_read_with_a_word_about_it(translate):
    (made,), problems = translate("GatewayClass", CLASS, version="v1alpha2")
    assert isinstance(made, GatewayClass)
    assert [each.partition(":")[0] for each in problems] == ["warning apiVersion"]


@pytest.mark.parametrize(
    ("kind", "group", "version"),
    [
        ("Gateway", "gateway.networking.k8s.io", "v2"),
        ("HTTPRoute", "gateway.networking.k8s.io", "v1alpha1"),
        ("Namespace", "", "v2"),
        ("Filter", "shadowgate.io", "v1beta1"),
    ],
)
def test_any_other_version_is_an_error(translate, kind, group, version):
    fragments, problems = translate(kind, "{}", group=group, version=version)
    assert fragments == []
    assert [each.partition(":")[0] for each in problems] == ["error apiVersion"]


@pytest.mark.parametrize("kind", ["GRPCRoute", "TLSRoute", "TCPRoute", "UDPRoute", "BackendTLSPolicy", "ListenerSet"])
def test_kinds_that_are_not_served_are_passed_over_in_any_version(translate, kind):
    assert translate(kind, "{a: b}", version="v1alpha3") == ([], ["info : not served yet: passed over"])


def test_experimental_kinds_are_passed_over(translate):
    found = translate("XListenerSet", "{}", group="gateway.networking.x-k8s.io", version="v1alpha1")
    assert found == ([], ["info : not served yet: passed over"])


@pytest.mark.parametrize("kind", ["Gateway", "GatewayClass", "HTTPRoute", "ReferenceGrant"])
def test_an_object_has_a_name(translate, kind):
    assert translate(kind, "{}", metadata="{}") == ([], ["error metadata.name: the name is missing"])


def test_a_namespace_has_its_labels_and_its_name_as_one(translate):
    (made,), problems = translate("Namespace", "{finalizers: [x]}", group="", metadata="{name: a, labels: {team: b}}")
    assert isinstance(made, Namespace)
    assert (made.name, made.labels) == ("a", {"team": "b", "kubernetes.io/metadata.name": "a"})
    assert problems == []


def test_a_filter_is_a_plugin_with_its_options_under_a_name(translate):
    (made,), problems = translate("Filter", "{respond: {status: 418}}", group="shadowgate.io")
    assert isinstance(made, FilterDefinition)
    assert (made.namespace, made.name, made.use.name) == ("shop", "x", "respond")
    assert problems == []


def test_nothing_else_is_asked_of_the_core_group():
    assert {kind for group, kind in GatewayApiDialect.kinds if not group} == {"Namespace"}
