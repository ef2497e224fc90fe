"""A worker's process: ``python -m shadowgate.workers REACTOR``, with the supervisor on descriptor 3."""

from __future__ import annotations

import os
import signal
import socket
import sys
from importlib import import_module
from typing import Any

from twisted.logger import globalLogBeginner

from shadowgate.workers.channel import OneConnection
from shadowgate.workers.process import CONTROL


def main(reactor_module: str) -> None:
    """Run one worker until its end."""
    # These come to a whole group or terminal; what they mean for all, the supervisor says.
    for name in (signal.SIGINT, signal.SIGHUP, signal.SIGUSR1):
        signal.signal(name, signal.SIG_IGN)
    import_module(reactor_module).install()
    from twisted.internet import reactor as installed

    from shadowgate.background import Background
    from shadowgate.config.catalog import Catalog
    from shadowgate.workers.worker import Worker

    reactor: Any = installed
    worker = Worker(reactor, Catalog.discover(), Background(reactor), reactor.stop)
    globalLogBeginner.beginLoggingTo([worker], redirectStandardIO=False)
    signal.signal(signal.SIGTERM, lambda *_: reactor.callFromThread(worker.end_now))
    os.set_blocking(CONTROL, False)
    os.set_inheritable(CONTROL, False)
    reactor.adoptStreamConnection(CONTROL, socket.AF_UNIX, OneConnection(worker.end))
    os.close(CONTROL)
    # Its handlers would be in the way of ours.
    reactor.run(installSignalHandlers=False)


main(sys.argv[1])
