"""What must not be shown of a configuration: credentials among the values of headers and options.

Works on the plain values that ``view`` makes, by the names that values stand under, so that it needs to know no plugin.
"""

from __future__ import annotations

import re
from typing import Any, Final

from shadowgate.plugin.credentials import HIDDEN, is_credential

_COOKIE: Final = re.compile(r"(?:set-)?cookie", re.IGNORECASE)
_HEADER_VALUES: Final = frozenset({"set", "add", "headers"})
"""Mappings of header names to values: only in these is a cookie a value and not the name of one."""
_TEXTS: Final = ("exact", "prefix", "regex")


def redacted(value: Any, under: str = "") -> Any:
    """Return the same values with every secret hidden; ``under`` is the key that they stand under."""
    if isinstance(value, list):
        return [redacted(item, under) for item in value]
    if not isinstance(value, dict):
        return value
    secret_name = isinstance(value.get("name"), str) and is_credential(value["name"])
    shown = {}
    for key, item in value.items():
        hidden = is_credential(key) or (under in _HEADER_VALUES and _COOKIE.fullmatch(key))
        if isinstance(item, str) and (hidden or (secret_name and key in _TEXTS)):
            shown[key] = HIDDEN
        else:
            shown[key] = redacted(item, key)
    return shown
