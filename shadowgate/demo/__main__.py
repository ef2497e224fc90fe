"""``python -m shadowgate.demo``: the options of the demonstration, and the only place in it that meets the reactor."""

from __future__ import annotations

import sys
from typing import ClassVar

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import react
from twisted.python.failure import Failure
from twisted.python.usage import Options, UsageError

from shadowgate.demo.run import DemoError, Ports, any_port, demonstrate, is_free, until_interrupted
from shadowgate.demo.screen import Screen


class DemoOptions(Options):
    """Checked before anything starts."""

    synopsis = "Usage: python -m shadowgate.demo [options]"
    longdesc = "Two small servers, a gateway, and a mirror from one to the other, all on this machine."
    optParameters: ClassVar[list[list[object]]] = [
        ["port", "p", 8000, "Port of the gateway, on the loopback interface.", int],
        ["admin-port", None, 9900, "Port of the admin API; another one is taken when it is in use.", int],
    ]
    optFlags: ClassVar[list[list[str | None]]] = [["once", None, "End after the show instead of serving on."]]

    def postOptions(self) -> None:
        if not 0 < self["port"] < 65536:
            raise UsageError(f"--port {self['port']}: a port is a number from 1 to 65535")
        if not is_free(self["port"]):
            raise UsageError(f"port {self['port']} is in use; name another: make demo PORT=8080 (or --port 8080)")


def run(reactor: object, options: DemoOptions) -> Deferred[None]:
    screen = Screen(sys.stdout)
    admin = options["admin-port"] if is_free(options["admin-port"]) else any_port()
    story = Deferred.fromCoroutine(demonstrate(reactor, screen, Ports(options["port"], admin), bool(options["once"])))
    return until_interrupted(reactor, story).addErrback(explain)


def explain(failure: Failure) -> None:
    """Turn the story's end into an exit status: none for Ctrl-C, one line and 1 for what the user can mend."""
    if failure.check(CancelledError):
        print("\nStopped; nothing is left running.")
    elif failure.check(DemoError):
        print(f"shadowgate demo: {failure.value}", file=sys.stderr)
        raise SystemExit(1)
    else:
        failure.raiseException()


def main() -> None:
    options = DemoOptions()  # type: ignore[no-untyped-call]
    try:
        options.parseOptions()  # type: ignore[no-untyped-call]
    except UsageError as error:
        print(f"shadowgate demo: {error}", file=sys.stderr)
        raise SystemExit(1) from None
    react(run, (options,))


main()
