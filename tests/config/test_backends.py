"""What rules refer to, and what happens where it cannot be used."""

import pytest

from shadowgate.config.backends import resolve_backends
from shadowgate.config.grants import Grants
from shadowgate.errors import Position
from shadowgate.model import (
    GATEWAY_GROUP,
    Cluster,
    ClusterPort,
    Configuration,
    Destination,
    Grantee,
    GrantTarget,
    Mirror,
    ObjectKey,
    ParentReference,
    PluginUse,
    Reference,
    ReferenceGrant,
    Route,
    Rule,
)
from shadowgate.plugin import Report

HERE = Position("a.yaml", 1)
PARENT = ParentReference(ObjectKey(GATEWAY_GROUP, "Gateway", "shop", "web"))
CLUSTERS = Configuration(
    clusters=(
        Cluster("api.shop.svc.cluster.local|80", aliases=("api.shop.svc.cluster.local",), ports=(ClusterPort(80),)),
        Cluster(
            "api.shop.svc.cluster.local|81",
            aliases=("api.shop.svc.cluster.local",),
            ports=(ClusterPort(81, protocol="kubernetes.io/h2c"),),
        ),
        Cluster("db.store.svc.cluster.local", ports=(ClusterPort(80),)),
    )
)


def to(name="api", port=80, namespace="shop", kind="Service", group="", **fields):
    reference = Reference(ObjectKey(group, kind, namespace, name), port)
    host = f"{name}.{namespace}.svc.cluster.local"
    return Destination(host, port=port, reference=reference, position=HERE, **fields)


def resolved(rule, grants=()):
    route = Route("web", ("*",), (rule,), kind="HTTPRoute", namespace="shop", parents=(PARENT,))
    report = Report()
    (found,) = resolve_backends([route], CLUSTERS, Grants.of(grants), report)
    return found.rules[0], [str(problem) for problem in report.problems]


def reasons(rule):
    return [(each.type, each.holds, each.reason) for each in rule.conditions]


def test_a_service_and_its_port_can_be_used():
    rule, problems = resolved(Rule(destinations=(to(),)))
    assert rule == Rule(destinations=(to(),))
    assert problems == []


@pytest.mark.parametrize(
    ("destination", "reason", "message"),
    [
        (to(kind="Bucket", group="x.io"), "InvalidKind", "a backend is a Service, not of the kind x.io/Bucket"),
        (to(kind="ConfigMap"), "InvalidKind", "a backend is a Service, not of the kind ConfigMap"),
        (to("apl"), "BackendNotFound", 'there is no Service shop/apl, did you mean "api.shop.svc.cluster.local"?'),
        (to(port=82), "BackendNotFound", "Service shop/api has no port 82; it has 80, 81"),
        (to(port=None), "BackendNotFound", "no port of Service shop/api is named; it has 80, 81"),
        (to(port=81), "UnsupportedProtocol", "port 81 of Service shop/api speaks kubernetes.io/h2c, which is not "
                                             "served yet"),
        (
            to("db", namespace="store"),
            "RefNotPermitted",
            "no ReferenceGrant in the namespace store lets routes of shop refer to Service store/db",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_used_fails_its_share(destination, reason, message):
    rule, problems = resolved(Rule(destinations=(to(), destination)))
    good, bad = rule.destinations
    assert good.failure == ""
    assert bad.failure == f"{reason}: {message}"
    assert reasons(rule) == [("ResolvedRefs", False, reason)]
    assert problems == [
        f"a.yaml:1:1: warning [SG0870]: HTTPRoute web: {message}; its share of the requests is answered 500"
    ]


def test_what_is_not_there_is_not_told_to_those_who_may_not_refer_to_it():
    rule, _ = resolved(Rule(destinations=(to("nobody", namespace="store"),)))
    assert reasons(rule) == [("ResolvedRefs", False, "RefNotPermitted")]


def test_a_grant_opens_another_namespace():
    grant = ReferenceGrant(
        "let", "store", (Grantee(GATEWAY_GROUP, "HTTPRoute", "shop"),), (GrantTarget("", "Service"),)
    )
    rule, problems = resolved(Rule(destinations=(to("db", namespace="store"),)), [grant])
    assert (rule.conditions, problems) == ((), [])


def test_a_bad_mirror_is_left_out_and_told():
    good, bad = Mirror(to()), Mirror(to("nobody"))
    rule, problems = resolved(Rule(destinations=(to(mirrors=(bad, good)),), mirrors=(bad, good)))
    assert rule.mirrors == (good,)
    assert rule.destinations[0].mirrors == (good,)
    assert rule.destinations[0].failure == ""
    assert reasons(rule) == [("ResolvedRefs", False, "BackendNotFound")] * 2
    assert all("SG0871" in problem and "nothing is mirrored there" in problem for problem in problems)


@pytest.mark.parametrize("names", [(), ("header-rewrite", "path-rewrite", "cors")])
def test_a_rule_without_destinations_fails_unless_a_filter_may_answer(names):
    rule, _ = resolved(Rule(filters=tuple(map(PluginUse, names))))
    assert rule.failure == "the rule has no backendRefs"


@pytest.mark.parametrize("name", ["redirect", "respond", "a-plugin"])
def test_a_rule_whose_filter_may_answer_needs_no_destination(name):
    rule, _ = resolved(Rule(filters=(PluginUse(name),)))
    assert rule.failure == ""


def test_a_rule_whose_weights_are_all_0_fails():
    rule, _ = resolved(Rule(destinations=(to(weight=0), to(weight=0))))
    assert rule.failure == "the weights of all backendRefs are 0"


def test_what_the_text_has_settled_stays():
    rule, _ = resolved(Rule(failure="a filter is missing", destinations=(to("nobody", failure="so is this"),)))
    assert rule.failure == "a filter is missing"
    assert rule.destinations[0].failure == "so is this"


def test_other_routes_are_left_alone():
    route = Route("web", ("a",), (Rule(destinations=(Destination("nobody"),)),), kind="VirtualService")
    report = Report()
    assert resolve_backends([route], CLUSTERS, Grants.of(()), report) == (route,)
    assert report.problems == []
