"""What annotations of an HTTPRoute say, where the API has no field."""

from __future__ import annotations

import re
from typing import Final

from attrs import evolve

from shadowgate.bundled.dialects.scope import Scope
from shadowgate.plugin import Document, Scalar
from shadowgate.plugin.checks import gateway_api
from shadowgate.plugin.documents import Mapping

MIRROR_SUFFIX: Final = "shadowgate.io/mirror-suffix"
_SUFFIX: Final = re.compile(r"[a-z0-9-]*", re.ASCII | re.IGNORECASE)


def mirror_suffix(document: Document, scope: Scope) -> str | None:
    """Return what the route itself wants to be put behind the host of copies, None where it does not say."""
    metadata = document.root.get("metadata")
    annotations = metadata.get("annotations") if isinstance(metadata, Mapping) else None
    node = annotations.get(MIRROR_SUFFIX) if isinstance(annotations, Mapping) else None
    if node is None:
        return None
    text = node.text if isinstance(node, Scalar) else ""
    if not isinstance(node, Scalar) or not _SUFFIX.fullmatch(text):
        place = evolve(scope, path=f"metadata.annotations.{MIRROR_SUFFIX}")
        expected = 'a suffix such as "-shadow"'
        place.error("this is no part of a host", node.position, expected=expected, check=gateway_api.ANNOTATION)
    return text
