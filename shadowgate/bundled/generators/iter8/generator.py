"""The ``iter8`` generator: routes out of subjects, routing policies and routemaps, by which variants are there.

A pure function of the documents, as Iter8's controller is one of what it watches.  Beside the routes it gives the state
of each application as an ``Availability``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import ClassVar, Final

from attrs import evolve, frozen
from zope.interface import implementer

from shadowgate.bundled.generators.iter8.labels import COMPONENT, label, role_of
from shadowgate.bundled.generators.iter8.objects import Objects
from shadowgate.bundled.generators.iter8.patterns import apply_pattern, written_weights
from shadowgate.bundled.generators.iter8.policy import PolicyForm, read_policy
from shadowgate.bundled.generators.iter8.rehearsal import rehearse
from shadowgate.bundled.generators.iter8.state import State, observe
from shadowgate.bundled.generators.iter8.subject import SHORT_NAMES, Subject, read_subject
from shadowgate.bundled.generators.iter8.template import render
from shadowgate.plugin import Document, IGenerator, Mapping, Node, Report, Scalar
from shadowgate.plugin.checks import variants
from shadowgate.plugin.spelling import did_you_mean

_ROUTE: Final = "gateway.networking.k8s.io/v1beta1"
_ROUTEMAP: Final = "-routemap"
"""What the charts put behind the application's name."""


@implementer(IGenerator)
@frozen
class Iter8Generator:
    """Iter8's ConfigMaps: subjects with routing policies, and routemaps with routing templates.

    A route is what the pattern makes of the variants that are available.
    """

    kinds: ClassVar[frozenset[tuple[str, str]]] = frozenset(
        (*SHORT_NAMES.values(), ("extensions", "Deployment"), ("", "Endpoints"), ("discovery.k8s.io", "EndpointSlice"))
    )

    def generate(self, documents: Sequence[Document], report: Report) -> Iterator[Document]:
        subjects, policies = _read(documents, report)
        if not subjects and not policies:
            return
        objects = Objects(tuple(documents))
        owned = {(policy.namespace, form.trigger.owner): form for policy, form in reversed(policies)}
        states: dict[tuple[str, str], State] = {}
        for key, subject in subjects.items():
            form = owned.get(key)
            said = () if form is None else written_weights(form.values, subject)
            states[key] = state = observe(subject, objects, report, said)
            yield state.document()
            if subject.templates:
                yield from _templated(state, report)
                rehearse(state, _templated, subject.document.title, report)
        made: dict[tuple[str, str], Document] = {}
        for policy, form in policies:
            key = (policy.namespace, form.trigger.owner)
            first = made.setdefault(key, policy)
            if first is not policy:
                message = f"{form.trigger.owner} has a routing policy already, at {first.position}"
                _error(policy, form, message, report)
            elif key not in states:
                _report_ownerless(policy, form, subjects, report)
            elif form.trigger.index >= len(states[key].variants):
                message = f"{form.trigger.owner} has {len(states[key].variants)} variants and no {form.trigger.update}"
                _error(policy, form, message, report)
            else:
                make = partial(_routes, policy, form)
                yield from make(states[key], report)
                rehearse(states[key], make, policy.title, report)


def _read(
    documents: Sequence[Document], report: Report
) -> tuple[dict[tuple[str, str], Subject], list[tuple[Document, PolicyForm]]]:
    """Return the subjects by namespace and name, and the policies, each with its ConfigMap."""
    subjects: dict[tuple[str, str], Subject] = {}
    policies: list[tuple[Document, PolicyForm]] = []
    for document in documents:
        role = role_of(document)
        if not role:
            continue
        own = Report()
        if role == "routing policy":
            form = read_policy(document, own)
            if form is not None:
                policies.append((document, form))
        else:
            subject = read_subject(document, _application(document, role), own)
            if subject is not None:
                first = subjects.setdefault((subject.namespace, subject.name), subject)
                if first is not subject:
                    message = f"{subject.name} has its variants already, at {first.document.position}"
                    own.error(message, document.position, check=variants.SECOND)
        report.problems.extend(evolve(each, path=_path(document, each.path)) for each in own.problems)
    return subjects, policies


def _application(document: Document, role: str) -> str:
    """Return what the application is called: as the component of a subject, as a routemap without its ending."""
    if role == "routemap":
        return document.name.removesuffix(_ROUTEMAP)
    return label(document, COMPONENT) or document.name


def _templated(state: State, report: Report) -> Iterator[Document]:
    """Yield what the templates of a subject make of a state of its variants."""
    document = state.subject.document
    for template in state.subject.templates:
        path = f"{document.title}: data.strSpec.routingTemplates.{template.name}.template"
        for made in render(template.text, state.weights, path, report):
            yield _placed(made, document)


def _routes(policy: Document, form: PolicyForm, state: State, _report: Report) -> Iterator[Document]:
    """Yield the route that a policy makes of a state of its owner's variants."""
    at = form.values.position
    spec = apply_pattern(form.chart, form.values, state, form.trigger.index)
    name = _entry("name", Scalar(form.trigger.owner, form.trigger.position, True))
    metadata = Mapping((name, *_namespace(policy)), at)
    entries = (
        ("apiVersion", Scalar(_ROUTE, at)),
        ("kind", Scalar("HTTPRoute", at)),
        ("metadata", metadata),
        ("spec", spec),
    )
    yield Document(Mapping(tuple(_entry(key, node) for key, node in entries), policy.position))


def _placed(document: Document, routemap: Document) -> Document:
    """Return what a template has given in the namespace of its ConfigMap, where it does not say another one."""
    metadata = document.root.get("metadata")
    if not isinstance(metadata, Mapping) or metadata.get("namespace") is not None:
        return document
    inner = Mapping((*metadata.entries, *_namespace(routemap)), metadata.position)
    entries = ((key, inner if node is metadata else node) for key, node in document.root.entries)
    return Document(Mapping(tuple(entries), document.position))


def _namespace(document: Document) -> tuple[tuple[Scalar, Node], ...]:
    """Return the namespace that a document says, if it says one."""
    metadata = document.root.get("metadata")
    node = metadata.get("namespace") if isinstance(metadata, Mapping) else None
    return () if node is None else (_entry("namespace", node),)


def _entry(key: str, node: Node) -> tuple[Scalar, Node]:
    return Scalar(key, node.position), node


def _error(policy: Document, form: PolicyForm, message: str, report: Report) -> None:
    path = _path(policy, "data.spec.trigger")
    report.error(message, form.trigger.position, path=path, check=variants.TRIGGER)


def _report_ownerless(
    policy: Document, form: PolicyForm, subjects: dict[tuple[str, str], Subject], report: Report
) -> None:
    owner = form.trigger.owner
    names = [name for namespace, name in subjects if namespace == policy.namespace]
    message = f"there is no subject {owner}{did_you_mean(owner, names)}; no route is made until there is one"
    path = _path(policy, "data.spec.trigger.owner")
    report.warning(message, form.trigger.position, path=path, check=variants.NO_SUBJECT)


def _path(document: Document, inner: str) -> str:
    return f"{document.title}: {inner}" if inner else document.title
