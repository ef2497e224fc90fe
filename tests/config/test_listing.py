"""The catalog in words."""

import sys
from types import ModuleType

import pytest
from attrs import field, frozen
from zope.interface import implementer

from shadowgate.config.catalog import Catalog
from shadowgate.config.discovery import BrokenDropin
from shadowgate.config.listing import describe_plugin, list_plugins
from shadowgate.errors import PluginError
from shadowgate.plugin import Duration, IBalancer, IMatcher, Plugin


@implementer(IMatcher)
@frozen
class HeaderIn:
    """Matches a header
    by its values.

    More that the listing leaves out.
    """

    name: str = field(metadata={"doc": "The header."})
    wait: Duration = field(default=Duration(2.0))

    def compile(self):
        return lambda head: True


@pytest.fixture
def catalog(monkeypatch):
    module = ModuleType("acme_canary")
    module.HeaderIn = HeaderIn
    monkeypatch.setitem(sys.modules, "acme_canary", module)
    declared = [
        Plugin("far", IBalancer, "zeta.Far", api=2),
        Plugin("header-in", IMatcher, "acme_canary.HeaderIn"),
        Plugin("gone", IMatcher, "acme_canary.Gone"),
    ]
    return Catalog(Catalog.of(declared).entries, (BrokenDropin("/x/twisted/plugins/y.py", "ImportError: no"),))


def test_the_list_has_a_line_for_each_component_and_says_what_is_broken(catalog):
    assert list_plugins(catalog).splitlines() == [
        "POINT     NAME       FROM         CLASS",
        "matcher   gone       acme_canary  acme_canary.Gone",
        "matcher   header-in  acme_canary  acme_canary.HeaderIn",
        "balancer  far        zeta         zeta.Far",
        "",
        "Not usable:",
        "  plugin far (zeta): made for version 2 of the plugin contract; this ShadowGate has version 1",
        "  /x/twisted/plugins/y.py: ImportError: no",
    ]


def test_a_plugin_is_described_by_its_docstring_and_options(catalog):
    assert describe_plugin(catalog, "header-in").splitlines() == [
        "header-in: matcher from acme_canary",
        "  acme_canary.HeaderIn",
        "",
        "Matches a header",
        "by its values.",
        "",
        "Options:",
        "  name (text; required)",
        "      The header.",
        "  wait (duration; default 2s)",
    ]


def test_a_plugin_may_be_asked_for_with_its_extension_point(catalog):
    assert describe_plugin(catalog, "matcher/header-in") == describe_plugin(catalog, "header-in")


def test_a_plugin_that_cannot_be_imported_is_described_by_the_reason(catalog):
    text = describe_plugin(catalog, "gone")
    assert "Not usable: plugin gone (acme_canary): acme_canary.Gone cannot be imported: AttributeError" in text


def test_an_unknown_plugin_gets_a_suggestion_and_the_broken_drop_ins(catalog):
    with pytest.raises(PluginError) as caught:
        describe_plugin(catalog, "headr-in")
    assert str(caught.value).splitlines() == [
        'there is no plugin "headr-in", did you mean "header-in"?',
        "/x/twisted/plugins/y.py: ImportError: no",
    ]
