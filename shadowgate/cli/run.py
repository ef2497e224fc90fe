"""``shadowgate run``: the gateway without twistd's own options, in the foreground."""

from __future__ import annotations

import os
import sys
from io import FileIO
from typing import Any

from twisted.logger import globalLogBeginner

from shadowgate.cli.command import Command
from shadowgate.lines import line_observer
from shadowgate.net.background_file import BackgroundFile, as_text
from shadowgate.tap import Options, make_service


def run(options: Any) -> int:
    """Run the gateway until it is told to stop."""
    from twisted.internet import reactor

    log = BackgroundFile(_standard_error())
    globalLogBeginner.beginLoggingTo([line_observer(as_text(log).write)], redirectStandardIO=False)
    try:
        service = make_service(options, reactor)
        service.privilegedStartService()
        service.startService()
        reactor.addSystemEventTrigger("before", "shutdown", service.stopService)
        reactor.run()
    finally:
        log.finish()
    return 0


def _standard_error() -> FileIO:
    if sys.__stderr__ is None:  # closed by whoever started this, and its number may be another file's by now
        return FileIO(os.devnull, "w")
    return FileIO(sys.__stderr__.fileno(), "w", closefd=False)


RUN = Command("run", Options, run, "Run the gateway (as `twistd shadowgate` does, in the foreground).")
