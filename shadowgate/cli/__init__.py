"""The ``shadowgate`` command: which commands there are, and how one of them is chosen.

Each command has a module of its own beside this one; nothing here knows what any of them does.  Exit status: 0 all is
well, 1 problems were found, 2 the command line is wrong, 3 a gateway that was asked could not be reached.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from twisted.logger import ILogObserver, LogEvent, LogLevel, globalLogBeginner
from twisted.python import usage
from zope.interface import provider

from shadowgate.cli.apply import APPLY, CREATE
from shadowgate.cli.check import CHECK
from shadowgate.cli.command import Command, CommandOptions
from shadowgate.cli.delete import DELETE
from shadowgate.cli.diff import DIFF
from shadowgate.cli.dump import DUMP
from shadowgate.cli.explain import EXPLAIN
from shadowgate.cli.get import GET
from shadowgate.cli.plugins import PLUGINS
from shadowgate.cli.run import RUN
from shadowgate.cli.version import VERSION
from shadowgate.lines import lines_of

COMMANDS: tuple[Command, ...] = (RUN, CHECK, EXPLAIN, DUMP, DIFF, APPLY, CREATE, GET, DELETE, PLUGINS, VERSION)


class Options(CommandOptions):
    """The command line before a command's own part."""

    synopsis = "Usage: shadowgate COMMAND [options]"
    longdesc = "An HTTP gateway that mirrors traffic. `shadowgate COMMAND --help` tells more of each command."
    subCommands = [[each.name, None, each.options, each.summary] for each in COMMANDS]  # noqa: RUF012

    def getSynopsis(self) -> str:
        # Twisted puts the synopsis of the whole before that of the command; the command is part of it here.
        return "Usage: shadowgate" if self.subCommand else self.synopsis

    def postOptions(self) -> None:
        if self.subCommand is None:
            names = [command.name for command in COMMANDS]
            raise usage.UsageError(f"say what to do: {', '.join(names[:-1])} or {names[-1]}")


@provider(ILogObserver)
def _tell_mistakes(event: LogEvent) -> None:
    """Write what nobody has caught to standard error, as Twisted does before a log is begun.

    But for what ``twisted.plugin`` says, in the manner of old, of drop-ins that do not import: the catalog tells.
    """
    if event.get("log_level") is LogLevel.critical and event.get("log_namespace") != "log_legacy":
        sys.stderr.write("".join(f"{line}\n" for line in lines_of(event)))


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; leaves through ``SystemExit``."""
    options = Options()  # type: ignore[no-untyped-call]
    try:
        options.parseOptions(list(sys.argv[1:] if arguments is None else arguments))  # type: ignore[no-untyped-call]
    except usage.UsageError as wrong:
        shown = options.subOptions if options.subCommand else options
        sys.stderr.write(f"{shown.getSynopsis()}\nshadowgate: {wrong}\n")
        raise SystemExit(2) from None
    chosen = next(command for command in COMMANDS if command.name == options.subCommand)
    if arguments is None and chosen is not RUN:
        globalLogBeginner.beginLoggingTo([_tell_mistakes], redirectStandardIO=False)
    try:
        status = chosen.act(options.subOptions)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read the output has seen enough (`| head`); the interpreter would complain when it flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 1
    raise SystemExit(status)
