"""``path`` of a redirect and of a rewrite: another path in place of the whole, or of the prefix that matched."""

from __future__ import annotations

from typing import Any, Literal

from attrs import field, frozen

from shadowgate.bundled.dialects.gateway_api.forms import text_of
from shadowgate.errors import NOWHERE, Position
from shadowgate.plugin.checks import Unfit, gateway_api


@frozen
class PathModifier:
    """``HTTPPathModifier``."""

    type: Literal["ReplaceFullPath", "ReplacePrefixMatch"]
    replace_full_path: str | None = field(default=None, validator=text_of(0, 1024, "a path"))
    replace_prefix_match: str | None = field(default=None, validator=text_of(0, 1024, "a path"))
    position: Position = field(default=NOWHERE, eq=False)

    def __attrs_post_init__(self) -> None:
        given = {"ReplaceFullPath": self.replace_full_path, "ReplacePrefixMatch": self.replace_prefix_match}
        for kind, value in given.items():
            key = kind[0].lower() + kind[1:]
            if (value is None) == (kind == self.type):
                state = "needs" if value is None else "has no"
                raise Unfit(gateway_api.FILTER, f"type {self.type} {state} {key}")

    @property
    def replaces_prefix(self) -> bool:
        return self.type == "ReplacePrefixMatch"

    def options(self, prefix: str, whole: str) -> dict[str, Any]:
        """Return what the filter is told: ``whole`` is its option for a whole path, ``prefix`` what the match found."""
        if self.replaces_prefix:
            return {"segments": prefix, "replacement": self.replace_prefix_match or ""}
        path = self.replace_full_path or ""
        return {whole: path if path.startswith("/") else f"/{path}"}
