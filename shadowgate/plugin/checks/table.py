"""All checks, block by block: what the reference page and the tests go through.  What is new is found by itself."""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType

from shadowgate.plugin.checks import (
    Check,
    gateway_api,
    istio_destinations,
    istio_routing,
    kubernetes,
    listeners,
    native,
    objects,
    plugins,
    reading,
    references,
    variants,
)

BLOCKS: Mapping[str, ModuleType] = {
    "SG00": reading,
    "SG01": istio_routing,
    "SG02": istio_destinations,
    "SG03": kubernetes,
    "SG04": native,
    "SG05": references,
    "SG06": plugins,
    "SG07": listeners,
    "SG08": gateway_api,
    "SG09": variants,
    "SG10": objects,
}
"""The modules by the beginning of their codes."""


def checks_of(block: ModuleType) -> Mapping[str, Check]:
    """Return the checks of one module by the names of their constants, in the order in which they are written."""
    return {name: value for name, value in vars(block).items() if isinstance(value, Check)}
