"""The ``kubernetes`` dialect: objects as manifests and as ``kubectl get -o yaml`` prints them.

A server's output holds far more than is read here, so unknown fields are passed over; what is read must be right.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import ClassVar, Final, Protocol

from attrs import evolve, frozen
from zope.interface import implementer

from shadowgate.bundled.dialects.kubernetes.endpoints import Endpoints, EndpointSlice
from shadowgate.bundled.dialects.kubernetes.pod import Pod
from shadowgate.bundled.dialects.kubernetes.service import Service
from shadowgate.bundled.dialects.partly import STAND_IN, translate_part
from shadowgate.bundled.dialects.scope import Scope
from shadowgate.bundled.dialects.service_names import is_host
from shadowgate.bundled.generators.iter8.labels import is_watched, role_of
from shadowgate.model import Cluster, Fragment
from shadowgate.plugin import Document, Report
from shadowgate.plugin.checks import kubernetes
from shadowgate.plugin.interfaces import IDialect
from shadowgate.plugin.remainder import Remainder


class _Object(Protocol):
    """One kind of object, as far as it is read."""

    def translate(self, document: Document, scope: Scope) -> Iterable[Fragment]: ...


_KINDS: Mapping[tuple[str, str], type[_Object]] = {
    ("", "Endpoints"): Endpoints,
    ("", "Pod"): Pod,
    ("", "Service"): Service,
    ("discovery.k8s.io", "EndpointSlice"): EndpointSlice,
}

_NO_USE: Final = "a gateway has no use for it"
_NOT_SERVED: Final = "its rules are not served; a VirtualService, an HTTPRoute or a Route would be"

_PASSED_OVER: Mapping[tuple[str, str], str] = {
    **{
        (group, kind): _NO_USE
        for group, kinds in (
            ("", "ConfigMap Event LimitRange Node PersistentVolume PersistentVolumeClaim PodTemplate"),
            ("", "ReplicationController ResourceQuota Secret ServiceAccount"),
            ("apiextensions.k8s.io", "CustomResourceDefinition"),
            ("apps", "ControllerRevision DaemonSet Deployment ReplicaSet StatefulSet"),
            ("autoscaling", "HorizontalPodAutoscaler"),
            ("batch", "CronJob Job"),
            ("coordination.k8s.io", "Lease"),
            ("events.k8s.io", "Event"),
            ("extensions", "DaemonSet Deployment NetworkPolicy ReplicaSet"),
            ("networking.k8s.io", "IngressClass NetworkPolicy"),
            ("policy", "PodDisruptionBudget"),
            ("rbac.authorization.k8s.io", "ClusterRole ClusterRoleBinding Role RoleBinding"),
            ("storage.k8s.io", "StorageClass"),
        )
        for kind in kinds.split()
    },
    ("extensions", "Ingress"): _NOT_SERVED,
    ("networking.k8s.io", "Ingress"): _NOT_SERVED,
}


@implementer(IDialect)
@frozen
class KubernetesDialect:
    """Service, EndpointSlice, Endpoints and Pod; other common kinds are named and passed over."""

    kinds: ClassVar[frozenset[tuple[str, str]]] = frozenset((*_KINDS, *_PASSED_OVER))

    def translate(self, document: Document, report: Report) -> Iterable[Fragment]:
        key = (document.group, document.kind)
        if key in _PASSED_OVER and (role_of(document) or is_watched(document)):
            return ()  # the iter8 generator has a use for it, and says what is wrong with it
        if key in _PASSED_OVER:
            report.info(f"passed over: {_PASSED_OVER[key]}", document.position, check=kubernetes.PASSED_OVER)
            return ()
        if not document.name:
            report.error("the name is missing", document.position, path="metadata.name", check=kubernetes.NAME)
            return ()
        for key_path, name in (("metadata.name", document.name), ("metadata.namespace", document.namespace)):
            if not is_host(name):
                message = f'"{name}" is no name; write lower-case letters, digits and hyphens'
                report.error(message, document.position, path=key_path, check=kubernetes.NAME)
                return ()

        def translate(found: _Object, report: Report) -> Iterable[Fragment]:
            return found.translate(document, Scope(report, "", document.namespace, document.position))

        return translate_part(_KINDS[key], document.root, "", report, translate, _referable)


def _referable(remainder: Remainder[_Object], fragments: Iterable[Fragment]) -> Iterator[Fragment]:
    """Yield what others may refer to in an object that is not served; a Service that lost a port has any."""
    lost_port = any(each.path.startswith("spec.ports") for each in remainder.lost)
    for fragment in fragments:
        if isinstance(fragment, Cluster):
            ports = () if lost_port else fragment.ports
            yield evolve(fragment, endpoints=fragment.endpoints or (STAND_IN,), selector=None, ports=ports)
        else:
            yield fragment
