"""ReferenceGrant: what goes into the model."""

from shadowgate.model import Grantee, GrantTarget


def test_a_grant_says_who_may_refer_to_what(translate):
    (made,), problems = translate(
        "ReferenceGrant",
        "{from: [{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: web}], "
        "to: [{group: '', kind: Service}, {group: '', kind: Service, name: only}]}",
        version="v1beta1",
    )
    assert made.namespace == "shop"
    assert made.sources == (Grantee("gateway.networking.k8s.io", "HTTPRoute", "web"),)
    assert made.targets == (GrantTarget("", "Service"), GrantTarget("", "Service", "only"))
    assert problems == []
