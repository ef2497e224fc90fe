"""TCP keep-alive on a connection (Istio ``tcpKeepalive``): what the kernel asks a silent peer, and how often."""

from __future__ import annotations

import socket
from math import ceil
from typing import Any

from shadowgate.model import TcpKeepalive


def keep_alive(transport: Any, keepalive: TcpKeepalive) -> None:
    """Turn it on; numbers that were not said, or that the system has no option for, stay the system's own.

    Without effect on what is no TCP connection, such as a Unix socket.
    """
    get_handle = getattr(transport, "getHandle", lambda: None)
    handle: Any = get_handle()
    if getattr(handle, "family", None) not in (socket.AF_INET, socket.AF_INET6):
        return
    handle.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in (
        ("TCP_KEEPIDLE", keepalive.time),
        ("TCP_KEEPINTVL", keepalive.interval),
        ("TCP_KEEPCNT", keepalive.probes),
    ):
        if value is not None and hasattr(socket, option):
            # The kernel counts in whole seconds and knows no 0.
            handle.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), max(1, ceil(value)))
