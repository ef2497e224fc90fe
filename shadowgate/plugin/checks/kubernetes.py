"""SG03: objects of the Kubernetes API."""

from __future__ import annotations

from typing import Final

from shadowgate.plugin.checks import Check

PASSED_OVER: Final = Check(
    "SG0301",
    "A gateway does not need objects of this kind.",
    "Nothing is to be done: a directory of manifests may hold all that an application consists of. Of an Ingress "
    "it says that its rules are not served; write an HTTPRoute, a VirtualService or a Route for them.",
)
NAME: Final = Check(
    "SG0302",
    "The object has no name that it could be found by.",
    "Every object has `metadata.name`; others refer to it by that. A name, like that of a namespace, is made of "
    "lower-case letters, digits, hyphens and dots.",
)
EXTERNAL_NAME: Final = Check(
    "SG0303",
    "A Service of type ExternalName names no host.",
    "Write the host that requests go to into `spec.externalName`.",
)
NO_TCP_PORT: Final = Check(
    "SG0304",
    "A Service has no TCP port.",
    "HTTP goes over TCP; a Service that has only UDP ports, or none, cannot be sent anything. Give it a port, or "
    "leave it out.",
)
NO_SERVICE: Final = Check(
    "SG0305",
    "An EndpointSlice does not say whose endpoints it has.",
    "A slice belongs to the Service that its label `kubernetes.io/service-name` names; without it the endpoints "
    "are not used.",
)
ADDRESS: Final = Check(
    "SG0306",
    "This is not an address.",
    "Endpoints and pods are reached at IP addresses; only a slice of `addressType: FQDN` has host names.",
)
LEFT_OUT: Final = Check(
    "SG0307",
    "A pod gets no requests.",
    "It has no address yet, has ended, is being deleted or is not ready. Nothing is to be done when that is as it "
    "should be.",
)
