"""The first moments of a daemon, in which nothing else of it is there yet.

Imports no more than the interpreter has anyway: whatever else is imported before takes time in which a signal counts.
"""

from __future__ import annotations

import signal


def outlive_reloads() -> None:
    """Ignore SIGHUP and SIGUSR1, which would end the process, until the service heeds them: it has read nothing yet."""
    for name in ("SIGHUP", "SIGUSR1"):
        number = getattr(signal, name, None)
        if number is not None:
            signal.signal(number, signal.SIG_IGN)
