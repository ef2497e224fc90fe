"""An application and its variants, each with the objects that it is made of: Iter8's subject and routemap.

Three spellings of the same: version 0.14's ``spec`` with ``gvrs`` and lists of names, the first controllers'
``strSpec`` with ``variants`` and ``ssas``, and the routemap's ``strSpec`` with ``versions`` and ``routingTemplates``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from attrs import Attribute, field, frozen

from shadowgate.errors import NOWHERE, Position
from shadowgate.plugin import Document, Report, Scalar, read
from shadowgate.plugin import Mapping as MappingNode
from shadowgate.plugin.checks import Unfit, reading, variants
from shadowgate.plugin.spelling import did_you_mean
from shadowgate.plugin.yaml import read_embedded

SHORT_NAMES: Final[Mapping[str, tuple[str, str]]] = {
    "svc": ("", "Service"),
    "service": ("", "Service"),
    "cm": ("", "ConfigMap"),
    "pod": ("", "Pod"),
    "deploy": ("apps", "Deployment"),
    "deployment": ("apps", "Deployment"),
    "sts": ("apps", "StatefulSet"),
    "ds": ("apps", "DaemonSet"),
    "isvc": ("serving.kserve.io", "InferenceService"),
    "vs": ("networking.istio.io", "VirtualService"),
    "httproute": ("gateway.networking.k8s.io", "HTTPRoute"),
}
"""What the settings of Iter8's controller call ``resourceTypes``, and what kubectl calls some more."""


@frozen
class Resource:
    """An object, by which it is found."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}"


@frozen
class Variant:
    """One version of the application; ``weight`` is None where nothing was said."""

    name: str
    resources: tuple[Resource, ...]
    weight: int | None = None


@frozen
class Template:
    """What becomes a route, written for Go's ``text/template``."""

    name: str
    text: Scalar


@frozen
class Subject:
    """An application with its variants; the first one is the primary."""

    name: str
    namespace: str
    variants: tuple[Variant, ...]
    templates: tuple[Template, ...]
    document: Document

    def variant_of(self, service: str, namespace: str) -> int | None:
        """Return which variant a Service belongs to."""
        wanted = Resource("Service", namespace, service)
        return next((at for at, each in enumerate(self.variants) if wanted in each.resources), None)


def _not_negative(_instance: Any, _attribute: Attribute[int | None], value: int | None) -> None:
    if value is not None and value < 0:
        raise Unfit(reading.RANGE, "a weight cannot be negative")


def _kind(name: str) -> str:
    """Return the kind that a short name stands for."""
    if name not in SHORT_NAMES:
        message = f'"{name}" stands for no kind of object{did_you_mean(name, SHORT_NAMES)}'
        raise Unfit(variants.SHORT_NAME, f"{message}; there are {', '.join(SHORT_NAMES)}")
    return SHORT_NAMES[name][1]


def _kinds(_instance: Any, _attribute: Attribute[tuple[str, ...]], value: tuple[str, ...]) -> None:
    for name in value:
        _kind(name)
    if not value:
        raise Unfit(variants.EMPTY, "name the kinds of objects that a variant is made of, such as [svc, deploy]")


def _short_name(_instance: Any, _attribute: Attribute[str], value: str) -> None:
    _kind(value)


def _some(_instance: Any, _attribute: Attribute[tuple[Any, ...]], value: tuple[Any, ...]) -> None:
    if not value:
        raise Unfit(variants.EMPTY, "there has to be one at least")


@frozen
class NamesForm:
    """``data.spec`` of a subject in 0.14: kinds once, and for each variant the names of its objects."""

    gvrs: tuple[str, ...] = field(validator=_kinds)
    variants: tuple[tuple[str, ...], ...] = field(validator=_some)

    def __attrs_post_init__(self) -> None:
        for number, names in enumerate(self.variants, 1):
            if len(names) != len(self.gvrs):
                kinds = ", ".join(self.gvrs)
                message = f"variant {number} needs one name for each of gvrs ({kinds}), and has {len(names)}"
                raise Unfit(variants.NAMES, message)

    def subject(self, name: str, document: Document) -> Subject:
        found = tuple(
            Variant(
                f"variant/{number}",
                tuple(
                    Resource(_kind(short), document.namespace, each)
                    for short, each in zip(self.gvrs, names, strict=True)
                ),
            )
            for number, names in enumerate(self.variants, 1)
        )
        return Subject(name, document.namespace, found, (), document)


@frozen
class ResourceForm:
    """``resources[]``; without a namespace it is in that of the ConfigMap."""

    gvr_short: str = field(validator=_short_name)
    name: str
    namespace: str = ""


@frozen
class VersionForm:
    """``versions[]``."""

    ignored_keys: ClassVar[frozenset[str]] = frozenset({"signature"})

    resources: tuple[ResourceForm, ...] = ()
    weight: int | None = field(default=None, validator=_not_negative)


@frozen
class TemplateForm:
    """``routingTemplates.*``."""

    gvr_short: str = field(validator=_short_name)
    template: Scalar


@frozen
class RoutemapForm:
    """``data.strSpec``; ``variants`` and ``ssas`` are what the first controllers called the same."""

    versions: tuple[VersionForm, ...] = ()
    variants: tuple[VersionForm, ...] = ()
    routing_templates: Mapping[str, TemplateForm] = field(factory=dict)
    ssas: Mapping[str, TemplateForm] = field(factory=dict)
    position: Position = field(default=NOWHERE, eq=False)

    def __attrs_post_init__(self) -> None:
        if bool(self.versions) is bool(self.variants):
            raise Unfit(variants.EMPTY, "list the application's versions, once")

    def subject(self, name: str, document: Document) -> Subject:
        word = "version" if self.versions else "variant"
        found = tuple(
            Variant(
                f"{word}/{number}",
                tuple(
                    Resource(_kind(each.gvr_short), each.namespace or document.namespace, each.name)
                    for each in version.resources
                ),
                version.weight,
            )
            for number, version in enumerate(self.versions or self.variants, 1)
        )
        forms = {**self.ssas, **self.routing_templates}
        templates = tuple(Template(key, form.template) for key, form in forms.items())
        return Subject(name, document.namespace, found, templates, document)


def read_subject(document: Document, name: str, report: Report) -> Subject | None:
    """Return what a subject or routemap says, or None after reporting what is wrong with it."""
    data = document.root.get("data")
    for key, form in (("spec", NamesForm), ("strSpec", RoutemapForm)):
        node = data.get(key) if isinstance(data, MappingNode) else None
        if node is not None:
            given: NamesForm | RoutemapForm | None = read_text_of(form, node, f"data.{key}", report)
            return None if given is None else given.subject(name, document)
    message = "there is nothing in it to tell the variants by"
    at = document.position if data is None else data.position
    report.error(message, at, path="data", expected="spec or strSpec with YAML in it", check=variants.NOTHING)
    return None


def read_text_of(form: type[Any], node: Any, path: str, report: Report) -> Any:
    """Return the form that the YAML inside a text amounts to, or None after reporting what is wrong."""
    if not isinstance(node, Scalar):
        message = "this has to be text with YAML in it; write | behind the key"
        report.error(message, node.position, path=path, check=variants.NOTHING)
        return None
    found = read_embedded(node, report)
    if len(found) != 1:
        if not report.failed:
            message = f"there has to be one document in this text, and there are {len(found) or 'none'}"
            report.error(message, node.position, path=path, check=variants.NOTHING)
        return None
    return read(form, found[0].root, report, path)
