"""SG06: plugins that are not there, cannot be used, or fail; and documents that none of them reads."""

from __future__ import annotations

from typing import Final

from shadowgate.plugin.checks import Check

UNKNOWN_PLUGIN: Final = Check(
    "SG0601",
    "There is no such plugin.",
    "No installed distribution declares a component of this name at this extension point. `shadowgate plugins` "
    "lists what there is; a plugin must be installed in the same environment as the gateway.",
)
UNUSABLE: Final = Check(
    "SG0602",
    "A plugin cannot be used.",
    "It cannot be imported, is not what its declaration says, was made for another version of the plugin "
    "contract, or two distributions declare it. `shadowgate plugins` lists what is broken and why.",
)
FAILED: Final = Check(
    "SG0603",
    "A plugin raised an exception.",
    "This is a defect of the plugin and not of the configuration; the message names its distribution. Tell its "
    "authors.",
)
REFUSED_USE: Final = Check(
    "SG0604",
    "A plugin refuses to be used like this.",
    "Each option is sound, and yet the plugin cannot work with them in this place; the message has its reason.",
)
READ_TWICE: Final = Check(
    "SG0605",
    "Two dialects read the same kind of document.",
    "The first one does. Uninstall one of the two plugins to make sure which.",
)
UNREAD: Final = Check(
    "SG0606",
    "Nothing reads this kind of document.",
    "Check `apiVersion` and `kind`; the message names the nearest that is read. The document is passed over, "
    "unless a plugin that may have been meant could not be imported: then it is an error.",
)
