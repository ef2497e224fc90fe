"""``shadowgate plugins``: what is installed, or one plugin with its options."""

from __future__ import annotations

import sys
from typing import Any

from shadowgate.cli.command import Command, CommandOptions
from shadowgate.config.catalog import Catalog
from shadowgate.config.listing import describe_plugin, list_plugins
from shadowgate.errors import PluginError


class PluginsOptions(CommandOptions):
    """Options of ``shadowgate plugins``."""

    synopsis = "[NAME]"
    longdesc = "Lists the plugins that are installed; with a NAME, tells what that one does and takes."

    def parseArgs(self, name: str = "") -> None:
        self["name"] = name


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


PLUGINS = Command("plugins", PluginsOptions, plugins, "Show what is installed.")
