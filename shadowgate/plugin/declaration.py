"""The line that a distribution puts into its ``twisted/plugins/`` drop-in to offer a component."""

from __future__ import annotations

from attrs import field, frozen
from twisted.plugin import IPlugin
from zope.interface import Attribute, Interface, implementer
from zope.interface.interface import InterfaceClass

API_VERSION = 1
"""The version of this contract; a declaration made for another one is refused by name."""


class IDeclaration(Interface):
    """What the catalog asks ``twisted.plugin`` for."""

    name = Attribute("How a configuration asks for the component; unique within its extension point.")
    point = Attribute("The interface that the component implements.")
    target = Attribute("``package.module.Class``, imported when a configuration first uses it.")
    api = Attribute("The contract's version that the component was written for.")


@implementer(IPlugin, IDeclaration)
@frozen
class Plugin:
    """Declares a component: ``header_in = Plugin("header-in", IMatcher, "acme_canary.HeaderIn")``.

    The drop-in imports nothing else, so that listing plugins costs nothing and a broken component is found by name.
    """

    name: str
    point: InterfaceClass
    target: str
    api: int = field(default=API_VERSION, kw_only=True)
