"""Services as parents: the gateway's own listeners under the Service's names."""

import pytest

from shadowgate.config.places import bound_routes
from shadowgate.config.services import Services
from shadowgate.model import (
    OWN,
    Cluster,
    ClusterPort,
    Configuration,
    Match,
    ObjectKey,
    ParentReference,
    PathMatch,
    Route,
    Rule,
)

HOST = "api.shop.svc.cluster.local"
NAMES = (HOST, "api", "api.shop")
SEVERAL = Configuration(
    clusters=tuple(
        Cluster(f"{HOST}|{number}", aliases=NAMES, ports=(ClusterPort(number, name),), namespace="shop")
        for number, name in ((80, "http"), (81, "admin"), (82, "other"))
    )
)
ONE = Configuration(clusters=(Cluster(HOST, aliases=NAMES[1:], ports=(ClusterPort(80),), namespace="shop"),))
RULE = Rule((Match(PathMatch("segments", "/")),))


def parent(port=None, name="api", section=""):
    return ParentReference(ObjectKey("", "Service", "shop", name), section, port)


def route(namespace="shop"):
    return Route("r", ("ignored",), (RULE,), kind="HTTPRoute", namespace=namespace, parents=(parent(),))


def bound(clusters, *ports, section=""):
    """Return hosts and the condition on Host of what is bound, and of the ports that are left over."""
    services = Services(clusters)
    answers = [services.answer(route(), parent(port, section=section)) for port in ports]
    assert all(answer.accepted.holds for answer in answers)
    routes = [each for answer in answers for each in bound_routes(route(), (answer,))]
    return [(each.hosts, asked(each)) for each in routes], list(services.unclaimed())


def asked(bound_route):
    assert bound_route.listeners == (OWN,)
    (match,) = bound_route.rules[0].matches
    return [use.options for use in match.conditions]


@pytest.mark.parametrize("port", [None, 80])
def test_a_service_with_one_port_is_served_under_all_its_names(port):
    assert bound(ONE, port) == ([(NAMES, [])], [])


def test_without_a_port_all_ports_are_meant():
    assert bound(SEVERAL, None) == ([(NAMES, [])], [])


def test_the_first_port_is_that_of_clients_who_name_no_other():
    ((_, conditions),), left = bound(SEVERAL, 80)
    assert conditions == [{"name": "host", "regex": ".*:(81|82)", "invert": True}]
    assert [each.name for each in left] == [f"{HOST}:81", f"{HOST}:82"]


def test_another_port_is_named_behind_the_host():
    ((_, conditions),), left = bound(SEVERAL, 82)
    assert conditions == [{"name": "host", "regex": ".*:(82)"}]
    assert [asked(each) for each in left] == [
        [{"name": "host", "regex": ".*:(81|82)", "invert": True}],
        [{"name": "host", "regex": ".*:(81)"}],
    ]
    assert [str(each.rules[0].destinations[0]) for each in left] == [f"{HOST}:80", f"{HOST}:81"]


def test_a_port_can_be_named_by_the_section():
    assert bound(SEVERAL, None, section="other")[0] == bound(SEVERAL, 82)[0]


def test_ports_that_have_routes_are_not_left_over():
    assert [each.name for each in bound(SEVERAL, 80, 82)[1]] == [f"{HOST}:81"]


@pytest.mark.parametrize(
    ("parent", "namespace", "reason", "message"),
    [
        (parent(name="apl"), "shop", "NoMatchingParent", "there is no Service shop/apl"),
        (parent(port=83), "shop", "NoMatchingParent", "Service shop/api has no port 83; it has 80, 81, 82"),
        (
            parent(port=80, section="admin"),
            "shop",
            "NoMatchingParent",
            "Service shop/api has no port admin 80; it has 80, 81, 82",
        ),
        (
            parent(),
            "else",
            "NotAllowedByListeners",
            "the route is for clients of else; those of the gateway are of default",
        ),
    ],
)
def test_a_service_refuses_with_the_reason(parent, namespace, reason, message):
    accepted = Services(SEVERAL).answer(route(namespace), parent).accepted
    assert (accepted.holds, accepted.reason, accepted.message) == (False, reason, message)


def test_the_gateways_own_namespace_may_have_routes_for_every_service():
    assert Services(ONE).answer(route("default"), parent()).accepted.holds
