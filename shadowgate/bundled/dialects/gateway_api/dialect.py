"""The ``gateway-api`` dialect: gateway.networking.k8s.io, the Namespaces it selects, and ``Filter`` of our own group.

What a kind means stands in the kind's module.  Defaults are filled in and objects are refused as the API's servers do
it; what the API reports as a condition instead goes into the model.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import ClassVar, Final, Protocol

from attrs import evolve, frozen
from zope.interface import implementer

from shadowgate.bundled.dialects.gateway_api import filter_definition
from shadowgate.bundled.dialects.gateway_api.filter_definition import FilterObject
from shadowgate.bundled.dialects.gateway_api.gateway import Gateway as GatewaySpec
from shadowgate.bundled.dialects.gateway_api.gateway_class import GatewayClass
from shadowgate.bundled.dialects.gateway_api.http_route import HTTPRoute
from shadowgate.bundled.dialects.gateway_api.namespace import Namespace
from shadowgate.bundled.dialects.gateway_api.reference_grant import ReferenceGrant
from shadowgate.bundled.dialects.partly import read_spec, translate_part
from shadowgate.bundled.dialects.scope import Scope
from shadowgate.model import GATEWAY_GROUP, Condition, Fragment, Gateway, GatewayListener, Route
from shadowgate.plugin import Document, Report
from shadowgate.plugin.checks import gateway_api
from shadowgate.plugin.interfaces import IDialect
from shadowgate.plugin.remainder import Remainder

_EXPERIMENTAL_GROUP: Final = "gateway.networking.x-k8s.io"
_VERSIONS: Final = ("v1", "v1beta1", "v1alpha2")
# What is in these versions is in v1 in the same form; servers of today no longer have the oldest.
_DROPPED: Final = "v1alpha2"
_SPEC: Final = "spec"


class _Part(Protocol):
    """A document, or what stands below its ``spec``."""

    def translate(self, document: Document, scope: Scope) -> Iterable[Fragment]: ...


_KINDS: Mapping[str, type[_Part]] = {
    "Gateway": GatewaySpec,
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
        path = "" if key in _WHOLE else _SPEC
        node = document.root if key in _WHOLE else read_spec(document, report)
        if node is None:
            return ()

        def translate(part: _Part, report: Report) -> Iterable[Fragment]:
            return part.translate(document, Scope(report, path, document.namespace, document.position))

        return translate_part(_WHOLE.get(key) or _KINDS[document.kind], node, path, report, translate, _referable)


def _referable(remainder: Remainder[_Part], fragments: Iterable[Fragment]) -> Iterator[Fragment]:
    """Yield what others may refer to in an object that is not served."""
    for fragment in fragments:
        if isinstance(fragment, Gateway):
            listeners = fragment.listeners
            yield evolve(
                fragment,
                listeners=tuple(_closed(each) if each.position in remainder.touched else each for each in listeners),
            )
        elif not isinstance(fragment, Route):
            yield fragment
        elif all(lost.path.startswith(f"{_SPEC}.rules[") for lost in remainder.lost):
            # A rule that lost a match, or a route that lost a hostname, would seem to take what others are for.
            yield evolve(
                fragment, rules=tuple(each for each in fragment.rules if each.position not in remainder.touched)
            )


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


def _closed(listener: GatewayListener) -> GatewayListener:
    """Return a listener that lost a part so that it takes all routes, and is in no other one's way."""
    unread = Condition("Accepted", False, "Invalid", "a part of it cannot be read")
    return evolve(listener, admits="All", selector=None, conditions=(unread, *listener.conditions))
