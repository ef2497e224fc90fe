"""``shadowgate run``: the gateway without twistd's own options, in the foreground."""

from __future__ import annotations

import sys
from io import FileIO
from typing import Any, Final

from twisted.logger import globalLogBeginner

from shadowgate.cli.command import Command
from shadowgate.lines import line_observer
from shadowgate.net.background_file import BackgroundFile, as_text
from shadowgate.tap import Options, make_service

STDERR: Final = 2


def run(options: Any) -> int:
    """Run the gateway until it is told to stop."""
    from twisted.internet import reactor

    log = BackgroundFile(FileIO(STDERR, "w", closefd=False))
    sys.stderr = as_text(log)
    globalLogBeginner.beginLoggingTo([line_observer(sys.stderr.write)], redirectStandardIO=False)
    try:
        service = make_service(options, reactor)
        service.privilegedStartService()
        service.startService()
        reactor.addSystemEventTrigger("before", "shutdown", service.stopService)
        reactor.run()
    finally:
        log.finish()
    return 0


RUN = Command("run", Options, run, "Run the gateway (as `twistd shadowgate` does, in the foreground).")
