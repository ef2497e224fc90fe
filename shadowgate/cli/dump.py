"""``shadowgate dump``: the configuration as it takes effect, every part with the place where it was said."""

from __future__ import annotations

import sys
from typing import Any

from shadowgate.cli.client import NotReached, ask
from shadowgate.cli.command import Command
from shadowgate.cli.source import SourceOptions, complain, read_files, write_json
from shadowgate.cli.text import lines_of
from shadowgate.config.secrets import redacted
from shadowgate.config.view import View


class DumpOptions(SourceOptions):
    """Options of ``shadowgate dump``."""

    synopsis = "(-c PATH... | --admin URL) [-o table|json]"
    longdesc = (
        "Prints listeners, routes and clusters as the gateway understands them, each with its file, line and column. "
        "Credentials are not shown. Exit status 0, 1 when the configuration has errors, 2 when the command line is "
        "wrong, 3 when the gateway cannot be reached."
    )

    def parseArgs(self, *paths: str) -> None:
        self["config"].extend(paths)


def dump(options: Any) -> int:
    """Print the whole configuration."""
    if options["admin"]:
        try:
            (reply,) = ask([(options["admin"], "/config/dump")])
        except NotReached as nobody:
            complain(nobody)
            return 3
        view = reply.value
    else:
        offline = read_files(options["config"])
        if offline is None:
            return 1
        view = redacted(View(offline.catalog).configuration(offline.configuration))
    if options["output"] == "json":
        write_json(view)
    else:
        sys.stdout.writelines(f"{line}\n" for line in lines_of(view))
    return 0


DUMP = Command("dump", DumpOptions, dump, "Print the configuration as it takes effect.")
