"""ReferenceGrants: both sides have to be named by one of them."""

import pytest

from shadowgate.config.grants import Grants
from shadowgate.model import Grantee, GrantTarget, ObjectKey, ReferenceGrant

ROUTES = Grantee("gateway.networking.k8s.io", "HTTPRoute", "shop")
SERVICE = ObjectKey("", "Service", "store", "db")


SERVICES = GrantTarget("", "Service")


def grant(source=ROUTES, target=SERVICES, namespace="store"):
    return ReferenceGrant("let", namespace, (source,), (target,))


def test_within_a_namespace_everything_may():
    assert Grants.of(()).allow(ROUTES, ObjectKey("", "Service", "shop", "db"))


def test_without_a_grant_nobody_else_may():
    assert not Grants.of(()).allow(ROUTES, SERVICE)


@pytest.mark.parametrize("name", ["", "db"])
def test_a_grant_is_for_every_object_or_for_one(name):
    assert Grants.of([grant(target=GrantTarget("", "Service", name))]).allow(ROUTES, SERVICE)


@pytest.mark.parametrize(
    "wrong",
    [
        grant(namespace="shop"),
        grant(Grantee("other", "HTTPRoute", "shop")),
        grant(Grantee(ROUTES.group, "Gateway", "shop")),
        grant(Grantee(ROUTES.group, "HTTPRoute", "else")),
        grant(target=GrantTarget("other", "Service")),
        grant(target=GrantTarget("", "Secret")),
        grant(target=GrantTarget("", "Service", "cache")),
    ],
)
def test_whatever_a_grant_says_has_to_fit(wrong):
    assert not Grants.of([wrong]).allow(ROUTES, SERVICE)


def test_two_grants_do_not_make_one():
    halves = [grant(target=GrantTarget("", "Secret")), grant(Grantee(ROUTES.group, "Gateway", "shop"))]
    assert not Grants.of(halves).allow(ROUTES, SERVICE)
