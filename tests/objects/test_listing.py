"""Objects in service, found by what they are called."""

import pytest
from attrs import evolve

from shadowgate.config.clashes import STORE
from shadowgate.model.gateways import GATEWAY_GROUP, Condition, ObjectKey, Status
from shadowgate.objects.listing import Asked, Objects, keys_to_delete
from shadowgate.objects.planning import Present
from shadowgate.objects.refusals import Reason, Refused
from shadowgate.objects.selectors import read_selector
from shadowgate.plugin import Report
from shadowgate.plugin.yaml import read_text

FILES = """\
{apiVersion: v1, kind: Service, metadata: {name: web, labels: {app: web}}}
---
{apiVersion: v1, kind: Service, metadata: {name: web, namespace: other}}
---
{apiVersion: gateway.networking.k8s.io/v1, kind: GatewayClass, metadata: {name: gate}}
---
{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {name: edge}}
---
routes: []
"""
STORED = """\
{status: {stale: 1}, apiVersion: networking.istio.io/v1, kind: Gateway, metadata: {name: edge}}
---
{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, labels: {app: web, detect: true}}}
"""
MADE = "{apiVersion: gateway.networking.k8s.io/v1beta1, kind: HTTPRoute, metadata: {name: web}}"

GATE = ObjectKey(GATEWAY_GROUP, "GatewayClass", "", "gate")


def read(text, source, origin=""):
    return [evolve(each, origin=origin) for each in read_text(text, source, Report())]


@pytest.fixture
def objects(bundled):
    made = read(MADE, "policy.yaml")
    documents = [*read(FILES, "a.yaml"), *read(STORED, "/store", STORE), *made]
    status = Status(GATE, 1, (Condition("Accepted", True, "Accepted"),))
    return Objects.among(documents, made, [status], bundled, durable=True)


def names(found):
    return [f"{each.key} from {each.keeper}" for each in found]


def select(objects, *kinds, names=(), namespace="default", selector=""):
    return objects.select(Asked(kinds, names, namespace, read_selector(selector)))


def test_all_objects_of_a_kind_in_a_namespace_are_found(objects):
    assert names(select(objects, "svc")) == ["Service default/web from file"]
    assert names(select(objects, "svc", namespace="")) == [
        "Service default/web from file",
        "Service other/web from file",
    ]


def test_an_object_says_who_keeps_it(objects):
    assert names(select(objects, "deploy,httproute,svc")) == [
        "Deployment default/web from store",
        "HTTPRoute default/web from generated",
        "Service default/web from file",
    ]


def test_objects_are_found_by_name(objects):
    assert names(select(objects, "svc/web", "deploy/web")) == [
        "Service default/web from file",
        "Deployment default/web from store",
    ]
    assert names(select(objects, "svc", names=["web"], namespace="other")) == ["Service other/web from file"]


def test_objects_are_found_by_labels(objects):
    assert names(select(objects, "all", selector="app=web,detect=true")) == ["Deployment default/web from store"]


def test_an_object_is_shown_with_the_namespace_that_went_without_saying(objects):
    def shown(words):
        (found,) = select(objects, words)
        return found.plain()["object"]["metadata"].get("namespace")

    assert (shown("svc"), shown("deploy"), shown("httproute"), shown("gc")) == ("default", "default", "default", None)


def test_what_is_in_no_namespace_is_found_in_each(objects):
    assert names(select(objects, "gc", namespace="other")) == ["GatewayClass gate from file"]


def test_a_word_of_two_groups_finds_both(objects):
    assert len(select(objects, "gateway/edge")) == 2


def test_what_is_in_the_native_form_is_no_object(objects):
    assert len(select(objects, "all", namespace="")) == 7


@pytest.mark.parametrize(
    ("kinds", "reason", "told"),
    [
        (["svc/nobody", "cm/x"], Reason.NOT_FOUND, 'services "nobody" not found; configmaps "x" not found'),
        (["deploy/nobody"], Reason.NOT_FOUND, 'deployments.apps "nobody" not found'),
        (["svc/"], Reason.BAD_REQUEST, "no name"),
        (["servce/web"], Reason.BAD_REQUEST, 'did you mean "service"'),
    ],
)
def test_what_is_not_there_is_refused(objects, kinds, reason, told):
    with pytest.raises(Refused) as refused:
        select(objects, *kinds)
    assert refused.value.reason is reason
    assert told in refused.value.message


def test_an_object_is_shown_with_the_status_it_has_now(objects):
    (gate,) = select(objects, "gc/gate")
    shown = gate.plain()
    assert shown["resource"] == "gatewayclass.gateway.networking.k8s.io/gate"
    assert shown["source"] == {"keeper": "file", "position": "a.yaml:5:1"}
    assert list(shown["object"]) == ["apiVersion", "kind", "metadata", "status"]
    assert shown["object"]["status"]["conditions"][0]["type"] == "Accepted"


def test_a_status_that_nobody_here_decides_is_shown_as_it_was_written(objects):
    (gateway,) = select(objects, "gateways.networking.istio.io/edge")
    assert gateway.plain()["object"]["status"] == {"stale": 1}


# What is to be deleted


@pytest.fixture
def present():
    stored = read(STORED, "/store", STORE)
    kept = {ObjectKey(each.group, each.kind, each.namespace, each.name): each for each in stored}
    return Present.of(kept, read(FILES, "a.yaml"), ())


def to_delete(present, bundled, *kinds, names=(), namespace=""):
    return [str(key) for key in keys_to_delete(Asked(kinds, names, namespace), present, bundled)]


def test_objects_to_delete_are_named_whether_they_are_there_or_not(present, bundled):
    assert to_delete(present, bundled, "deploy/web", "svc/nobody") == [
        "Deployment default/web",
        "Service default/nobody",
    ]
    assert to_delete(present, bundled, "deploy", names=["a", "b"], namespace="other") == [
        "Deployment other/a",
        "Deployment other/b",
    ]


def test_of_two_groups_that_one_is_meant_that_is_there(present, bundled):
    del present.elsewhere[ObjectKey(GATEWAY_GROUP, "Gateway", "default", "edge")]
    (key,) = keys_to_delete(Asked(["gw/edge"]), present, bundled)
    assert key.group == "networking.istio.io"


@pytest.mark.parametrize(
    ("words", "told"), [("gw/edge", "could be several objects"), ("svc", "say which svc"), ("x/y", "no kind")]
)
def test_what_could_be_several_is_not_deleted(present, bundled, words, told):
    with pytest.raises(Refused, match=told):
        keys_to_delete(Asked([words]), present, bundled)
