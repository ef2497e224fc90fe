"""The target of a request in the one form that is routed and forwarded (RFC 9112 section 3.2)."""

from __future__ import annotations

import re

from shadowgate.http.grammar import Malformed, is_authority
from shadowgate.http.head import RequestHead

_absolute_target = re.compile(rb"(?i:https?)://([^/?]*+)(/[^?]*+)?(\?.*+)?").fullmatch


def settle_target(head: RequestHead) -> None:
    """Bring a target that does not begin with a slash into the form that is forwarded."""
    method, target = head.method, head.target
    if method == b"CONNECT":
        raise Malformed("CONNECT is not served here", 405)
    if target == b"*":
        if method != b"OPTIONS":
            raise Malformed("the target * is for OPTIONS only")
        return
    match = _absolute_target(target)
    if match is None:
        raise Malformed("the request target is neither a path nor an http URI")
    authority, path, query = match.groups()
    if not is_authority(authority):
        raise Malformed("the request target has no valid authority")
    # Section 3.2.4: an absolute URI without path and query means * to OPTIONS.
    bare = b"*" if method == b"OPTIONS" and query is None else b"/"
    head.retarget((path or bare) + (query or b""))
    head.set_authority(authority)  # section 3.2.2: the target wins over Host
