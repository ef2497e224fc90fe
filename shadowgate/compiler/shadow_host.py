"""The Host of a shadow: a suffix before the port, or another host altogether.

``httpbin:8000`` becomes ``httpbin-shadow:8000`` and ``[::1]:80`` becomes ``[::1]-shadow:80``, as Envoy's shadow writer
does it (``disable_shadow_host_suffix_append``, ``host_rewrite_literal`` of RequestMirrorPolicy).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

MOST_KNOWN: Final = 64
"""Hosts that are asked for again and again; whoever asks for many does not make the table grow."""


def shadow_host(suffix: str, literal: str | None = None) -> Callable[[bytes], bytes] | None:
    """Return ``authority -> authority`` for a mirror, or None where the Host stays as it is.

    An empty authority (HTTP/1.0 without Host) stays empty under a suffix.
    """
    if literal is not None:
        host = literal.encode()
        return lambda authority: host
    if not suffix:
        return None
    addition = suffix.encode()
    known: dict[bytes, bytes] = {}

    def suffixed(authority: bytes) -> bytes:
        shadow = known.get(authority)
        if shadow is None:
            if len(known) >= MOST_KNOWN:
                known.clear()
            shadow = known[authority] = with_suffix(authority)
        return shadow

    def with_suffix(authority: bytes) -> bytes:
        end = authority.rfind(b"]") + 1
        port = authority.find(b":", end)
        if port < 0:
            return authority and authority + addition
        return authority[:port] + addition + authority[port:]

    return suffixed
