"""The descriptors of this process: how many there are, for whom, and that opening one never takes long."""

from __future__ import annotations

import fcntl
import os
import resource
import sys
from typing import Final

RESERVED: Final = 32
"""Descriptors that are for neither clients nor upstreams: ports, files, the reactor's own."""
WIDEST: Final = 65_536
"""What the kernel's table is made for at most, in half a megabyte of its memory."""


def most_clients(others: int) -> int:
    """Return how many clients this process has descriptors for, ``others`` kept for the admin API; 0 is no bound.

    Half of what it may open: each client that is served needs one towards its upstream.
    """
    limit = _descriptors()
    return 0 if limit is None else max(1, (limit - RESERVED - others) // 2)


def most_of_admin(wanted: int) -> int:
    """Return how many connections the admin API may have: not more than an eighth of the descriptors."""
    limit = _descriptors()
    return wanted if limit is None else max(1, min(wanted, limit // 8))


def _descriptors() -> int | None:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return None if soft == resource.RLIM_INFINITY else soft


def widen() -> None:
    """Let the kernel's table of descriptors have its size now.

    Linux doubles it whenever it is full, and where threads share it whoever opens a descriptor then waits until every
    processor has been elsewhere: 5 to 15 ms, in which no request is served.  Without threads it waits for nobody.
    """
    if sys.platform != "linux":
        return
    last = min(_descriptors() or WIDEST, WIDEST) - 1
    try:
        any_file = os.open(os.devnull, os.O_RDONLY)
        try:
            os.close(fcntl.fcntl(any_file, fcntl.F_DUPFD_CLOEXEC, last))
        finally:
            os.close(any_file)
    except OSError:
        return  # there is none left, and so nothing to be widened
