"""Paths as options give them, and the two ways to replace how one begins.

Matching and replacing see the bytes of a path as they came, undecoded and without the query.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from attrs import Attribute

Rewrite = Callable[[bytes], bytes]

# What may stand in a path on the wire (RFC 3986 section 3.3 and what clients send besides).
_IN_A_PATH: Final = re.compile(r"[!-~]*", re.ASCII)


def path_text(_instance: Any, attribute: Attribute[Any], value: str | None) -> None:
    """Validate an option that holds a part of a path, or none."""
    if value is not None and (not _IN_A_PATH.fullmatch(value) or "?" in value or "#" in value):
        raise ValueError(f"{attribute.name} has a character that no path has; percent-encode it")


def whole_path(instance: Any, attribute: Attribute[Any], value: str | None) -> None:
    """Validate an option that holds a path, or the beginning of one."""
    path_text(instance, attribute, value)
    if value is not None and not value.startswith("/"):
        raise ValueError(f'{attribute.name} begins with "/"')


def replace_prefix(prefix: str, replacement: str, *, ignore_case: bool = False) -> Rewrite:
    """Return what replaces the beginning as plain text (Istio ``rewrite.uri`` and ``redirect.prefixRewrite``)."""
    found, other = prefix.encode(), replacement.encode()
    size = len(found)
    if ignore_case:
        found = found.lower()
        return lambda path: other + path[size:] if path[:size].lower() == found else path
    return lambda path: other + path[size:] if path.startswith(found) else path


def replace_segments(segments: str, replacement: str, *, ignore_case: bool = False) -> Rewrite:
    """Return what replaces leading elements (Gateway API ``ReplacePrefixMatch``).

    Slashes at the end of either side do not count, and no path becomes empty.
    """
    found, other = segments.rstrip("/").encode(), replacement.rstrip("/").encode()
    if other and not other.startswith(b"/"):
        other = b"/" + other
    found = found.lower() if ignore_case else found
    below, size = found + b"/", len(found)

    def rewrite(path: bytes) -> bytes:
        given = path.lower() if ignore_case else path
        if given != found and not given.startswith(below):
            return path
        return other + path[size:] or b"/"

    return rewrite
