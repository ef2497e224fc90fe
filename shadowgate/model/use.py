"""A plugin asked for by name: how every model value refers to a component without knowing it."""

from __future__ import annotations

from typing import Any, Literal

from attrs import field

from shadowgate.errors import NOWHERE, Position
from shadowgate.fixed import fixed


@fixed
class PluginUse:
    """``name`` of a component and its options.

    ``options`` is either a document node as the user wrote it or a mapping of plain values that a dialect made;
    the catalog decodes both against the component's fields.  ``on_error`` says what a filter's raising hook means:
    the request fails, or goes on as if the filter were not there (written ``onError: skip`` beside the name).

    ``key`` is the field of the rule that asks for it, in a dialect whose rules take fields over from others.
    ``matched`` names an option that depends on the match that holds: it gets the prefix that the path was found by.
    ``definition`` names an object (``namespace/name``) that says which plugin it is and with what options; ``name`` is
    empty until then.  ``config`` uses all three up.
    """

    name: str
    options: Any = field(default=None, eq=False)
    position: Position = field(default=NOWHERE, eq=False)
    on_error: Literal["fail", "skip"] = "fail"
    key: str = field(default="", eq=False)
    matched: str = field(default="", eq=False)
    definition: str = ""
