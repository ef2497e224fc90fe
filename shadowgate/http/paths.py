"""Paths brought into their normal form, for those who ask for it (RFC 3986 sections 6.2.2.2 and 6.2.2.3).

Off unless asked for: matching sees the bytes that are forwarded.  What is decoded and removed here is then neither
matched nor forwarded, so that no two spellings of a path are routed differently (Envoy ``normalize_path``, Istio
``pathNormalization`` BASE).
"""

from __future__ import annotations

import re
from string import ascii_letters, digits

_UNRESERVED = frozenset((ascii_letters + digits + "-._~").encode())

_escapes = re.compile(rb"%([0-9A-Fa-f]{2})").sub


def normal_target(target: bytes) -> bytes:
    """Return an origin-form target with its path normalised; the query stays as it is.

    Encoded unreserved characters are decoded, other escapes written in upper case, ``\\`` read as the ``/`` that some
    servers take it for, ``.`` and ``..`` resolved without ever leaving the root.  Encoded slashes and empty segments
    stay.
    """
    path, mark, query = target.partition(b"?")
    path = path.replace(b"\\", b"/")
    if b"%" in path:
        path = _escapes(_decoded, path)
    if b"/." in path:
        path = _without_dots(path)
    return path + mark + query


def _decoded(match: re.Match[bytes]) -> bytes:
    code = int(match[1], 16)
    return bytes((code,)) if code in _UNRESERVED else match[0].upper()


def _without_dots(path: bytes) -> bytes:
    """Remove dot segments (RFC 3986 section 5.2.4)."""
    kept: list[bytes] = []
    segments = path.split(b"/")[1:]
    for segment in segments:
        if segment == b"..":
            if kept:
                kept.pop()
        elif segment != b".":
            kept.append(segment)
    if segments[-1] in (b".", b".."):
        kept.append(b"")
    return b"/" + b"/".join(kept)
