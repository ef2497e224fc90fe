"""What kinds of objects are called."""

import pytest

from shadowgate.model.gateways import GATEWAY_GROUP, ObjectKey
from shadowgate.objects.kinds import KNOWN, Kinds, UnknownKind, plural, quoted, resource

ISTIO = "networking.istio.io"
KINDS = Kinds.of([("example.org", "Widget"), ("", "")])


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("svc", ("", "Service")),
        ("Service", ("", "Service")),
        ("services", ("", "Service")),
        ("SERVICES", ("", "Service")),
        ("po", ("", "Pod")),
        ("cm", ("", "ConfigMap")),
        ("ep", ("", "Endpoints")),
        ("endpoints", ("", "Endpoints")),
        ("endpointslices", ("discovery.k8s.io", "EndpointSlice")),
        ("deploy", ("apps", "Deployment")),
        ("deployments.apps", ("apps", "Deployment")),
        ("deployments.v1.apps", ("apps", "Deployment")),
        ("hr", (GATEWAY_GROUP, "HTTPRoute")),
        ("httproutes", (GATEWAY_GROUP, "HTTPRoute")),
        ("httproute.gateway.networking.k8s.io", (GATEWAY_GROUP, "HTTPRoute")),
        ("httproutes.v1beta1.gateway.networking.k8s.io", (GATEWAY_GROUP, "HTTPRoute")),
        ("vs", (ISTIO, "VirtualService")),
        ("dr", (ISTIO, "DestinationRule")),
        ("se", (ISTIO, "ServiceEntry")),
        ("serviceentries", (ISTIO, "ServiceEntry")),
        ("gateways.networking.istio.io", (ISTIO, "Gateway")),
        ("gatewayclasses", (GATEWAY_GROUP, "GatewayClass")),
        ("widgets", ("example.org", "Widget")),
    ],
)
def test_a_kind_is_found_by_each_of_its_words(word, kind):
    assert KINDS.find(word) == (kind,)


def test_a_word_may_mean_kinds_of_several_groups():
    assert set(KINDS.find("gw")) == {(GATEWAY_GROUP, "Gateway"), (ISTIO, "Gateway")}


def test_several_words_with_commas_mean_all_their_kinds():
    assert KINDS.find("svc,deploy,service") == (("", "Service"), ("apps", "Deployment"))


def test_all_is_every_kind():
    assert set(KINDS.find("all")) == KNOWN | {("example.org", "Widget")}


@pytest.mark.parametrize("word", ["", "svcs", "deployments.batch", "httproutes.v1.apps", "svc,"])
def test_what_is_no_kind_is_refused(word):
    with pytest.raises(UnknownKind, match="there is no kind of objects"):
        KINDS.find(word)


def test_a_slip_is_told_what_was_probably_meant():
    with pytest.raises(UnknownKind, match='did you mean "virtualservice"'):
        KINDS.find("VirtualServce")


@pytest.mark.parametrize(
    ("kind", "many"),
    [("Service", "services"), ("Gateway", "gateways"), ("Policy", "policies"), ("GatewayClass", "gatewayclasses")],
)
def test_plurals_are_those_of_the_kubernetes_api(kind, many):
    assert plural(kind) == many


def test_objects_are_named_as_kubectl_names_them():
    deployment, service = ObjectKey("apps", "Deployment", "default", "web"), ObjectKey("", "Service", "default", "web")
    assert (resource(deployment), resource(service)) == ("deployment.apps/web", "service/web")
    assert (quoted(deployment), quoted(service, several=True)) == ('deployment.apps "web"', 'services "web"')
