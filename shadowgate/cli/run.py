"""``shadowgate run``: the gateway without twistd's own options, in the foreground."""

from __future__ import annotations

import sys
from typing import Any

from twisted.logger import globalLogBeginner

from shadowgate.cli.command import Command
from shadowgate.lines import line_observer
from shadowgate.tap import Options, make_service


def run(options: Any) -> int:
    """Run the gateway until it is told to stop."""
    from twisted.internet import reactor

    globalLogBeginner.beginLoggingTo([line_observer(sys.stderr)], redirectStandardIO=False)
    service = make_service(options, reactor)
    service.privilegedStartService()
    service.startService()
    reactor.addSystemEventTrigger("before", "shutdown", service.stopService)
    reactor.run()
    return 0


RUN = Command("run", Options, run, "Run the gateway (as `twistd shadowgate` does, in the foreground).")
