"""Which ConfigMaps are Iter8's, and what each of them is: by its labels, as Iter8's controller tells them.

What stands in them is read elsewhere.
"""

from __future__ import annotations

from typing import Final, Literal

from shadowgate.plugin import Document, Mapping

MANAGED_BY: Final = "app.kubernetes.io/managed-by"
COMPONENT: Final = "app.kubernetes.io/component"
KIND: Final = "iter8.tools/kind"
WATCHED: Final = ("iter8.tools/detect", "iter8.tools/watch")
ITER8: Final = "iter8"
POLICY: Final = "iter8/routingpolicy"

Role = Literal["subject", "routing policy", "routemap", ""]


def role_of(document: Document) -> Role:
    """Return what a ConfigMap is to Iter8, ``""`` for one that is not its business.

    A subject of version 0.14 is a component that bears its application's name; later ones and routemaps say their kind.
    """
    if (document.group, document.kind) != ("", "ConfigMap"):
        return ""
    kind = label(document, KIND)
    if kind in ("subject", "routemap"):
        return "subject" if kind == "subject" else "routemap"
    component = label(document, COMPONENT)
    if label(document, MANAGED_BY) != ITER8 or kind or not component:
        return ""
    return "routing policy" if component == POLICY else "subject"


def is_watched(document: Document) -> bool:
    """Return whether an object is labelled as one that Iter8 is to look at: 0.14's ``detect``, later ``watch``."""
    labels = metadata(document, "labels")
    return any(labels.get(name) == "true" for name in WATCHED)


def label(document: Document, name: str) -> str:
    """Return the value of a label, empty where there is none."""
    return metadata(document, "labels").get(name, "")


def metadata(document: Document, part: str) -> dict[str, str]:
    """Return the labels or annotations of an object; whoever reads the object itself reports what is wrong there."""
    node = document.root.get("metadata")
    entries = node.get(part) if isinstance(node, Mapping) else None
    if not isinstance(entries, Mapping):
        return {}
    return {key.text: entries.text(key.text) for key, _ in entries.entries}
