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
from shadowgate.bundled.dialects.scope import Scope
from shadowgate.model import NO_POLICY, ClusterPolicy, Fragment, Route
from shadowgate.plugin import Document, Report, read
from shadowgate.plugin.checks import istio_routing
from shadowgate.plugin.documents import Mapping as MappingNode
from shadowgate.plugin.interfaces import IDialect
from shadowgate.plugin.remainder import Remainder, read_remainder

_GROUP: Final = "networking.istio.io"
# One schema under three names: what was served under the older ones is the same (istio/api ``networking``).
_VERSIONS: Final = ("v1", "v1beta1", "v1alpha3")


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


@frozen
class _Envelope:
    """What every document of the Kubernetes API has around its ``spec``."""

    ignored_keys: ClassVar[frozenset[str]] = frozenset({"apiVersion", "kind", "metadata", "status"})

    spec: MappingNode


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
        envelope = read(_Envelope, document.root, report)
        if envelope is None:
            return ()
        scope = Scope(report, "spec", document.namespace, document.position)
        kind = _KINDS[document.kind]
        spec = read(kind, envelope.spec, report, scope.path)
        if spec is not None:
            return tuple(spec.translate(document, scope))
        remainder = read_remainder(kind, envelope.spec, scope.path)
        return () if remainder is None else tuple(_translate_rest(remainder, document, scope))


def _translate_rest(remainder: Remainder[_Spec], document: Document, scope: Scope) -> Iterator[Fragment]:
    """Yield what others may refer to in an object that is not served, and report what else is wrong with it."""
    own = Report()
    fragments = tuple(remainder.value.translate(document, evolve(scope, report=own)))
    scope.report.problems.extend(remainder.tell(own.problems))
    for fragment in fragments:
        if isinstance(fragment, ClusterPolicy):
            yield _named(fragment)
        elif not isinstance(fragment, Route):
            yield fragment
        elif not remainder.lacks_key_of(scope.path):
            # A rule that lost a match would seem to take what others are for.
            rules = tuple(rule for rule in fragment.rules if rule.position not in remainder.touched)
            yield evolve(fragment, rules=rules)


def _named(policy: ClusterPolicy) -> ClusterPolicy:
    """Return what routes can refer to of a DestinationRule: its subsets, without policies that may lack a part."""
    subsets = tuple(evolve(subset, policy=NO_POLICY, ports={}) for subset in policy.subsets)
    return evolve(policy, subsets=subsets, policy=NO_POLICY, ports={})
