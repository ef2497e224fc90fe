"""Where a command finds a configuration: in files, or in a gateway that runs."""

from __future__ import annotations

import getopt
import json
import sys
from collections.abc import Sequence
from typing import Any

from twisted.python import usage

from shadowgate.cli.client import SCHEMES, is_admin
from shadowgate.cli.command import OUTPUTS, CommandOptions, one_of
from shadowgate.cli.offline import Offline, read_offline
from shadowgate.service import say

OUTPUT = ["output", "o", "table", "How it is printed: table or json.", one_of(*OUTPUTS)]


class MixedOptions(CommandOptions):
    """Options that may also stand behind the words that are none, as ``curl URL -H ...`` has them."""

    def parseOptions(self, options: Sequence[str] | None = None) -> None:
        arguments = list(sys.argv[1:] if options is None else options)
        try:
            given, words = getopt.gnu_getopt(arguments, self.shortOpt, self.longOpt)
        except getopt.error as wrong:
            raise usage.UsageError(str(wrong)) from None
        ordered: list[str] = []
        for name, value in given:
            takes_value = f"{name[2:]}=" in self.longOpt if name.startswith("--") else f"{name[1:]}:" in self.shortOpt
            ordered += [name, value] if takes_value else [name]
        super().parseOptions([*ordered, "--", *words])  # type: ignore[no-untyped-call]


class SourceOptions(MixedOptions):
    """Options of a command that reads files or asks a gateway."""

    optParameters = [  # noqa: RUF012
        ["admin", None, None, "The admin API of a running gateway: http://127.0.0.1:9900 or unix:/path."],
        OUTPUT,
    ]

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self["config"] = []

    def opt_config(self, path: str) -> None:
        """A YAML file or a directory of them; may be given several times."""
        self["config"].append(path)

    opt_c = opt_config

    def postOptions(self) -> None:
        admin, paths = self["admin"], self["config"]
        if bool(admin) == bool(paths):
            raise usage.UsageError("say where the configuration is: -c PATH for files, or --admin URL for a gateway")
        if admin and not is_admin(admin):
            raise usage.UsageError(f'"{admin}" is no admin API; it begins with {" or ".join(SCHEMES)}')


def read_files(paths: Sequence[str]) -> Offline | None:
    """Return what a gateway would make of the files, or None after printing why it would refuse them."""
    offline = read_offline(paths)
    if offline.failed:
        say([problem for problem in offline.problems if problem.severity == "error"])
        return None
    return offline


def complain(message: Any) -> None:
    """Print one line about what went wrong."""
    sys.stderr.write(f"shadowgate: {message}\n")


def write_json(value: Any) -> None:
    """Print a value for programs."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")
