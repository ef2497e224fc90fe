"""The ``istio`` dialect: documents of the group networking.istio.io.  What a kind means stands in the kind's module."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import ClassVar, Final, Protocol

from attrs import evolve, frozen
from zope.interface import implementer

from shadowgate.bundled.dialects.istio.destination_rule import DestinationRule
from shadowgate.bundled.dialects.istio.gateway import Gateway
from shadowgate.bundled.dialects.istio.service_entry import ServiceEntry
from shadowgate.bundled.dialects.istio.virtual_service import VirtualService
from shadowgate.bundled.dialects.istio.workload_entry import WorkloadEntry
from shadowgate.bundled.dialects.partly import read_spec, translate_part
from shadowgate.bundled.dialects.scope import Scope
from shadowgate.model import NO_POLICY, ClusterPolicy, Fragment, Route
from shadowgate.plugin import Document, Report
from shadowgate.plugin.checks import istio_routing
from shadowgate.plugin.interfaces import IDialect
from shadowgate.plugin.remainder import Remainder

_GROUP: Final = "networking.istio.io"
# One schema under three names: what was served under the older ones is the same (istio/api ``networking``).
_VERSIONS: Final = ("v1", "v1beta1", "v1alpha3")
_SPEC: Final = "spec"


class _Spec(Protocol):
    """What stands below ``spec`` in a document of one kind."""

    def translate(self, document: Document, scope: Scope) -> Iterable[Fragment]: ...


_KINDS: Mapping[str, type[_Spec]] = {
    "VirtualService": VirtualService,
    "Gateway": Gateway,
    "DestinationRule": DestinationRule,
    "ServiceEntry": ServiceEntry,
    "WorkloadEntry": WorkloadEntry,
}


@implementer(IDialect)
@frozen
class IstioDialect:
    """VirtualService, Gateway, DestinationRule, ServiceEntry and WorkloadEntry."""

    kinds: ClassVar[frozenset[tuple[str, str]]] = frozenset((_GROUP, kind) for kind in _KINDS)

    def translate(self, document: Document, report: Report) -> Iterable[Fragment]:
        version = document.api_version.rpartition("/")[2]
        if version not in _VERSIONS:
            message = f"{_GROUP} has no version {version}"
            expected = f"one of {', '.join(_VERSIONS)}"
            report.error(
                message, document.position, path="apiVersion", expected=expected, check=istio_routing.API_VERSION
            )
            return ()
        if not document.name:
            report.error("the name is missing", document.position, path="metadata.name", check=istio_routing.NAME)
            return ()
        node = read_spec(document, report)
        if node is None:
            return ()

        def translate(spec: _Spec, report: Report) -> Iterable[Fragment]:
            return spec.translate(document, Scope(report, _SPEC, document.namespace, document.position))

        return translate_part(_KINDS[document.kind], node, _SPEC, report, translate, _referable)


def _referable(remainder: Remainder[_Spec], fragments: Iterable[Fragment]) -> Iterator[Fragment]:
    """Yield what others may refer to in an object that is not served."""
    for fragment in fragments:
        if isinstance(fragment, ClusterPolicy):
            yield _named(fragment)
        elif not isinstance(fragment, Route):
            yield fragment
        elif not remainder.lacks_key_of(_SPEC):
            # A rule that lost a match would seem to take what others are for.
            rules = tuple(rule for rule in fragment.rules if rule.position not in remainder.touched)
            yield evolve(fragment, rules=rules)


def _named(policy: ClusterPolicy) -> ClusterPolicy:
    """Return what routes can refer to of a DestinationRule: its subsets, without policies that may lack a part."""
    subsets = tuple(evolve(subset, policy=NO_POLICY, ports={}) for subset in policy.subsets)
    return evolve(policy, subsets=subsets, policy=NO_POLICY, ports={})
