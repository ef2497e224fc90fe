"""The objects that variants are made of: which there are, and whether they are fit to be sent requests.

A Service is ready with one ready endpoint, by the same reading of slices, endpoints and pods that clusters are made by;
a Deployment, a Pod or an InferenceService by its condition, where its status has any (Iter8 ``conditionsSatisfied``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from attrs import define, field

from shadowgate.bundled.dialects.kubernetes import KubernetesDialect
from shadowgate.bundled.dialects.kubernetes.endpoints import SERVICE_LABEL
from shadowgate.bundled.generators.iter8.labels import metadata
from shadowgate.bundled.generators.iter8.subject import Resource
from shadowgate.model import Cluster, EndpointSet, Workload
from shadowgate.plugin import Document, Report
from shadowgate.plugin import Mapping as MappingNode
from shadowgate.plugin import Sequence as SequenceNode
from shadowgate.plugin.checks import variants

WEIGHT: Final = "iter8.tools/weight"
"""The annotation that goes before the weight of the specification."""

_CONDITIONS: Final = {"Deployment": "Available", "InferenceService": "Ready", "Pod": "Ready"}
_MOST: Final = 2**32 - 1

_Label = tuple[str, str, str, str]
"""Kind and namespace of an object, key and value."""


@define
class Objects:
    """All documents that a variant could be made of.  Reasons are sentences, empty where nothing is amiss."""

    documents: tuple[Document, ...]
    _by_name: dict[tuple[str, str, str], Document] = field(init=False)
    _by_label: Mapping[_Label, Sequence[Document]] | None = field(default=None, init=False)

    @_by_name.default
    def _index(self) -> dict[tuple[str, str, str], Document]:
        return {(each.kind, each.namespace, each.name): each for each in reversed(self.documents)}

    def absence(self, resource: Resource) -> str:
        """Return why a variant with this object is not available."""
        document = self._by_name.get((resource.kind, resource.namespace, resource.name))
        if document is None:
            return f"there is no {resource}"
        if document.root.text("metadata", "deletionTimestamp"):
            return f"{resource} is being deleted"
        if resource.kind == "Service":
            return "" if self._answers(document) else f"{resource} has no ready endpoint"
        return _unmet(document, resource)

    def weight(self, resource: Resource, report: Report) -> int | None:
        """Return the weight that the object's annotation asks for."""
        document = self._by_name.get((resource.kind, resource.namespace, resource.name))
        text = "" if document is None else metadata(document, "annotations").get(WEIGHT, "")
        if document is None or not text:
            return None
        if text.isascii() and text.isdecimal() and int(text) <= _MOST:
            return int(text)
        report.warning(
            f"the weight of {resource} is passed over: write a whole number",
            document.position,
            path=f"{document.title}: metadata.annotations.{WEIGHT}",
            check=variants.WEIGHT,
        )
        return None

    def _answers(self, service: Document) -> bool:
        """Tell whether any endpoint of a Service can be sent requests."""
        dialect = KubernetesDialect()
        for cluster in dialect.translate(service, Report()):
            if isinstance(cluster, Cluster) and cluster.endpoints:
                return True
            selector = (cluster.selector if isinstance(cluster, Cluster) else None) or {}
            for document in self._behind(service, selector):
                # What is wrong with it is reported where it is translated for good.
                for found in dialect.translate(document, Report()):
                    if isinstance(found, Workload) or (isinstance(found, EndpointSet) and found.endpoints):
                        return True
        return False

    def _behind(self, service: Document, selector: Mapping[str, str]) -> Iterator[Document]:
        """Yield the documents that say who answers for a Service."""
        namespace, name = service.namespace, service.name
        if ("Endpoints", namespace, name) in self._by_name:
            yield self._by_name["Endpoints", namespace, name]
        yield from self._labelled.get(("EndpointSlice", namespace, SERVICE_LABEL, name), ())
        for pair in selector.items():
            for pod in self._labelled.get(("Pod", namespace, *pair), ()):
                if selector.items() <= metadata(pod, "labels").items():
                    yield pod
            break  # a pod that has all of the labels has the first one

    @property
    def _labelled(self) -> Mapping[_Label, Sequence[Document]]:
        """The pods and slices by their labels."""
        if self._by_label is None:
            found: dict[_Label, list[Document]] = {}
            for document in self.documents:
                if document.kind in ("EndpointSlice", "Pod"):
                    for key, value in metadata(document, "labels").items():
                        found.setdefault((document.kind, document.namespace, key, value), []).append(document)
            self._by_label = found
        return self._by_label


def _unmet(document: Document, resource: Resource) -> str:
    """Return which condition does not hold; an object whose status has none is taken as it is."""
    wanted = _CONDITIONS.get(resource.kind, "")
    status = document.root.get("status")
    conditions = status.get("conditions") if isinstance(status, MappingNode) else None
    if not wanted or not isinstance(status, MappingNode) or not isinstance(conditions, SequenceNode):
        return ""
    for condition in conditions:
        if not isinstance(condition, MappingNode) or condition.text("type").lower() != wanted.lower():
            continue
        generation = document.root.text("metadata", "generation")
        observed = condition.text("observedGeneration") or status.text("observedGeneration")
        if generation.isdecimal() and observed.isdecimal() and int(observed) < int(generation):
            return f"the status of {resource} is older than its specification"
        if condition.text("status").lower() != "true":
            why = condition.text("message") or condition.text("reason")
            return f"{resource} is not {wanted.lower()}" + (f": {why.rstrip('.')}" if why else "")
        return ""
    return f"{resource} has no condition {wanted}"
