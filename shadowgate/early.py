"""The first moments of a daemon, in which nothing else of it is there yet.

Imports no more than the interpreter has anyway: whatever else is imported before takes time in which a signal counts.
"""

from __future__ import annotations

import os
import signal
import sys


def hold_standard_files() -> None:
    """Put ``/dev/null`` where standard input, output or error is closed: no socket may get their number."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest number that is free
    if sys.stdout is None:
        sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115 (for as long as the process lives)
    if sys.stderr is None:
        sys.stderr = open(2, "w", closefd=False)  # noqa: SIM115


def outlive_reloads() -> None:
    """Ignore SIGHUP and SIGUSR1, which would end the process, until the service heeds them: it has read nothing yet."""
    for name in ("SIGHUP", "SIGUSR1"):
        number = getattr(signal, name, None)
        if number is not None:
            signal.signal(number, signal.SIG_IGN)
