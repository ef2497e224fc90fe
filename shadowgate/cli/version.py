"""``shadowgate version``."""

from __future__ import annotations

import sys
from typing import Any

from shadowgate import __version__
from shadowgate.cli.command import Command, CommandOptions


class VersionOptions(CommandOptions):
    """Options of ``shadowgate version``."""

    synopsis = ""
    longdesc = "Prints the version."


def version(options: Any) -> int:
    """Print the version."""
    sys.stdout.write(f"shadowgate {__version__}\n")
    return 0


VERSION = Command("version", VersionOptions, version, "Print the version.")
