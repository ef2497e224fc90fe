"""The ``gateway-api`` dialect: gateway.networking.k8s.io, the Namespaces it selects, and ``Filter`` of our own group.

What a kind means stands in the kind's module.  Defaults are filled in and objects are refused as the API's servers do
it; what the API reports as a condition instead goes into the model.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import ClassVar, Final, Protocol

from attrs import frozen
from zope.interface import implementer

from shadowgate.bundled.dialects.gateway_api import filter_definition
from shadowgate.bundled.dialects.gateway_api.filter_definition import FilterObject
from shadowgate.bundled.dialects.gateway_api.gateway import Gateway
from shadowgate.bundled.dialects.gateway_api.gateway_class import GatewayClass
from shadowgate.bundled.dialects.gateway_api.http_route import HTTPRoute
from shadowgate.bundled.dialects.gateway_api.namespace import Namespace
from shadowgate.bundled.dialects.gateway_api.reference_grant import ReferenceGrant
from shadowgate.bundled.dialects.scope import Scope
from shadowgate.model import GATEWAY_GROUP, Fragment
from shadowgate.plugin import Document, Report, read
from shadowgate.plugin.checks import gateway_api
from shadowgate.plugin.documents import Mapping as MappingNode
from shadowgate.plugin.interfaces import IDialect

_EXPERIMENTAL_GROUP: Final = "gateway.networking.x-k8s.io"
_VERSIONS: Final = ("v1", "v1beta1", "v1alpha2")
# What is in these versions is in v1 in the same form; servers of today no longer have the oldest.
_DROPPED: Final = "v1alpha2"


class _Part(Protocol):
    """A document, or what stands below its ``spec``."""

    def translate(self, document: Document, scope: Scope) -> Iterable[Fragment]: ...


_KINDS: Mapping[str, type[_Part]] = {
    "Gateway": Gateway,
    "GatewayClass": GatewayClass,
    "HTTPRoute": HTTPRoute,
    "ReferenceGrant": ReferenceGrant,
}
_WHOLE: Mapping[tuple[str, str], type[_Part]] = {
    ("", "Namespace"): Namespace,
    (filter_definition.GROUP, filter_definition.KIND): FilterObject,
}
_PASSED_OVER: Final = frozenset(
    (group, kind)
    for group, kinds in (
        (GATEWAY_GROUP, "BackendLBPolicy BackendTLSPolicy GRPCRoute ListenerSet TCPRoute TLSRoute UDPRoute"),
        (_EXPERIMENTAL_GROUP, "XBackend XBackendTrafficPolicy XListenerSet XMesh"),
    )
    for kind in kinds.split()
)


@frozen
class _Envelope:
    """What every document of the Kubernetes API has around its ``spec``."""

    ignored_keys: ClassVar[frozenset[str]] = frozenset({"apiVersion", "kind", "metadata", "status"})

    spec: MappingNode


@implementer(IDialect)
@frozen
class GatewayApiDialect:
    """GatewayClass, Gateway, HTTPRoute and ReferenceGrant, Namespace, and Filter of ``shadowgate.io``."""

    kinds: ClassVar[frozenset[tuple[str, str]]] = frozenset(
        (*((GATEWAY_GROUP, kind) for kind in _KINDS), *_WHOLE, *_PASSED_OVER)
    )

    def translate(self, document: Document, report: Report) -> Iterable[Fragment]:
        key = (document.group, document.kind)
        if key in _PASSED_OVER:
            report.info("not served yet: passed over", document.position, check=gateway_api.NOT_SERVED)
            return ()
        if not _version_served(document, report):
            return ()
        if not document.name:
            report.error("the name is missing", document.position, path="metadata.name", check=gateway_api.NAME)
            return ()
        if key in _WHOLE:
            whole = read(_WHOLE[key], document.root, report)
            scope = Scope(report, "", document.namespace, document.position)
            return () if whole is None else tuple(whole.translate(document, scope))
        envelope = read(_Envelope, document.root, report)
        if envelope is None:
            return ()
        scope = Scope(report, "spec", document.namespace, document.position)
        spec = read(_KINDS[document.kind], envelope.spec, report, scope.path)
        return () if spec is None else tuple(spec.translate(document, scope))


def _version_served(document: Document, report: Report) -> bool:
    """Report a version that the kind does not have, and one that it no longer has."""
    version = document.api_version.rpartition("/")[2]
    versions = _VERSIONS if document.group == GATEWAY_GROUP else ("v1",)
    where, path = document.position, "apiVersion"
    if version not in versions:
        message = f"{document.kind} is not served in the version {version or '(none)'}"
        prefix = f"{document.group}/" if document.group else ""
        expected = f"{prefix}{versions[0]}" + "".join(f" or {prefix}{each}" for each in versions[1:2])
        report.error(message, where, path=path, expected=expected, check=gateway_api.API_VERSION)
        return False
    if version == _DROPPED:
        message = f"{version} is no longer served by clusters; {document.group}/v1 has the same fields"
        report.warning(message, where, path=path, check=gateway_api.DEPRECATED)
    return True
