"""The ``shadowgate`` command: the gateway without twistd's own options, and what needs no gateway at all.

Exit status: 0 all is well, 1 problems were found, 2 the command line is wrong.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from random import Random
from types import MappingProxyType
from typing import Any

from twisted.internet.task import Clock
from twisted.logger import globalLogBeginner, textFileLogObserver
from twisted.python import usage

from shadowgate import __version__
from shadowgate.compiler.build import compile_configuration
from shadowgate.config.catalog import Catalog
from shadowgate.config.listing import describe_plugin, list_plugins
from shadowgate.config.pipeline import load, read_paths
from shadowgate.errors import PluginError
from shadowgate.gateway import Gateway
from shadowgate.plugin import Report
from shadowgate.service import say
from shadowgate.tap import Options as RunOptions
from shadowgate.tap import make_service


class CheckOptions(usage.Options):
    """Print all problems of a configuration; exit status 1 when there is an error."""

    synopsis = "PATH..."

    def parseArgs(self, *paths: str) -> None:
        if not paths:
            raise usage.UsageError("say what to check: shadowgate check PATH...")
        self["paths"] = paths


class PluginsOptions(usage.Options):
    """List the plugins that are installed, or describe one with its options."""

    synopsis = "[NAME]"

    def parseArgs(self, name: str = "") -> None:
        self["name"] = name


class VersionOptions(usage.Options):
    """Print the version."""


class Options(usage.Options):
    """All commands."""

    subCommands = [  # noqa: RUF012
        ["run", None, RunOptions, "Run the gateway (as `twistd shadowgate` does, in the foreground)."],
        ["check", None, CheckOptions, "Check configuration files."],
        ["plugins", None, PluginsOptions, "Show what is installed."],
        ["version", None, VersionOptions, "Print the version."],
    ]

    def postOptions(self) -> None:
        if self.subCommand is None:
            raise usage.UsageError("say what to do: shadowgate run, check, plugins or version")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; leaves through ``SystemExit``."""
    options = Options()  # type: ignore[no-untyped-call]
    try:
        options.parseOptions(list(sys.argv[1:] if arguments is None else arguments))  # type: ignore[no-untyped-call]
    except usage.UsageError as wrong:
        sys.stderr.write(f"{options.getSynopsis()}\nshadowgate: {wrong}\n")
        raise SystemExit(2) from None
    command = options.subCommand
    assert command is not None
    status = _COMMANDS[command](options.subOptions)
    raise SystemExit(status)


def run(options: Any) -> int:
    """Run the gateway until it is told to stop."""
    from twisted.internet import reactor

    globalLogBeginner.beginLoggingTo([textFileLogObserver(sys.stderr)], redirectStandardIO=False)
    service = make_service(options, reactor)
    service.privilegedStartService()
    service.startService()
    reactor.addSystemEventTrigger("before", "shutdown", service.stopService)
    reactor.run()
    return 0


def check(options: Any) -> int:
    """Print every problem; 1 when a gateway would refuse the configuration."""
    report = Report()
    catalog = Catalog.discover()
    loaded = load(read_paths(options["paths"], report), report.problems, catalog)
    # A gateway that never runs: compiling finds what only the plugins themselves know.
    gateway = Gateway(Clock(), catalog, random=Random(0))
    compile_configuration(loaded.configuration, catalog, gateway.settings, gateway.registry, gateway.env, loaded.report)
    problems = loaded.report.problems
    say(problems, sys.stdout.write)
    errors = sum(problem.severity == "error" for problem in problems)
    warnings = sum(problem.severity == "warning" for problem in problems)
    sys.stdout.write(f"{errors} errors, {warnings} warnings\n")
    return 1 if errors else 0


def plugins(options: Any) -> int:
    """List plugins, or describe one."""
    catalog = Catalog.discover()
    try:
        text = describe_plugin(catalog, options["name"]) if options["name"] else list_plugins(catalog)
    except PluginError as wrong:
        sys.stderr.write(f"shadowgate: {wrong}\n")
        return 1
    sys.stdout.write(text if text.endswith("\n") else text + "\n")
    return 0


def version(options: Any) -> int:
    sys.stdout.write(f"shadowgate {__version__}\n")
    return 0


_COMMANDS = MappingProxyType({"run": run, "check": check, "plugins": plugins, "version": version})
