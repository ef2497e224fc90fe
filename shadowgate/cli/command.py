"""What a command of ``shadowgate`` is: its name, its options and the function that does it.

No command is known here; :mod:`shadowgate.cli` lists them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from attrs import frozen
from twisted.python import usage

from shadowgate.tap import OwnVersion

OUTPUTS = ("table", "json")


class CommandOptions(OwnVersion, usage.Options):
    """Options of one command.  A subclass has a ``synopsis`` of what follows its name, and a ``longdesc``."""

    longdesc = ""


@frozen
class Command:
    """One command.  ``act`` takes the parsed options and returns the exit status."""

    name: str
    options: type[usage.Options]
    act: Callable[[Any], int]
    summary: str


def one_of(*choices: str) -> Callable[[str], str]:
    """Return what reads an option that has a few values."""

    def read(text: str) -> str:
        if text not in choices:
            raise usage.UsageError(f'"{text}" is not one of {", ".join(choices)}')
        return text

    return read
