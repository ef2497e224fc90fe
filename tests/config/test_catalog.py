"""Components found, checked, imported when first used and built; everything that can be wrong with one named."""

import sys
from types import ModuleType

import pytest
from attrs import field, frozen
from zope.interface import implementer
from zope.interface.interface import InterfaceClass

import twisted.plugins
from shadowgate.config.catalog import Catalog
from shadowgate.errors import PluginError, Position
from shadowgate.model import PluginUse
from shadowgate.plugin import IBalancer, IFilter, IMatcher, Plugin, Report
from shadowgate.plugin.yaml import read_text

WHERE = Position("f.yaml", 3, 5)


@implementer(IMatcher)
@frozen
class HeaderIn:
    """Matches a header."""

    name: str
    values: tuple[str, ...] = ()
    limit: int = field(default=1)

    @limit.validator
    def _positive(self, attribute, value):
        if value < 1:
            raise ValueError("write 1 or more")

    def compile(self):
        return lambda head: True


@implementer(IMatcher)
class NoAttrs:
    def compile(self):
        return lambda head: True


@frozen
class NotImplementer:
    def compile(self):
        return lambda head: True


@implementer(IMatcher)
@frozen
class NoCompile:
    pass


@implementer(IMatcher)
@frozen
class WrongArity:
    def compile(self, env):
        return lambda head: True


@implementer(IMatcher)
@frozen
class OddOption:
    when: complex = 1j

    def compile(self):
        return lambda head: True


@implementer(IMatcher)
@frozen
class Fragile:
    def __attrs_post_init__(self):
        raise KeyError("surprise")

    def compile(self):
        return lambda head: True


@pytest.fixture(autouse=True)
def acme(monkeypatch):
    """The classes of this file as an importable module."""
    module = ModuleType("acme_canary")
    vars(module).update({name: value for name, value in globals().items() if isinstance(value, type)})
    monkeypatch.setitem(sys.modules, "acme_canary", module)


def declare(name, target, point=IMatcher, **given):
    return Plugin(name, point, f"acme_canary.{target}", **given)


@pytest.fixture
def catalog():
    return Catalog.of([declare("header-in", "HeaderIn"), declare("fragile", "Fragile")])


def build(catalog, options=None, name="header-in", path="", point=IMatcher):
    report = Report()
    return catalog.build(point, PluginUse(name, options, WHERE), report, path), [str(each) for each in report.problems]


def test_a_component_is_built_from_plain_options(catalog):
    component, problems = build(catalog, {"name": "x-user", "values": ["a"]})
    assert component == HeaderIn("x-user", ("a",))
    assert problems == []


def test_a_component_is_built_from_a_document(catalog):
    (document,) = read_text("name: x-user\nlimit: 3", "f.yaml", Report())
    assert build(catalog, document.root) == (HeaderIn("x-user", limit=3), [])


def test_problems_of_options_name_the_plugin_its_origin_and_the_place(catalog):
    (document,) = read_text("name: a\nlimit: 0\nvalue: [a]", "g.yaml", Report())
    component, problems = build(catalog, document.root, path="Route r: rule 0")
    assert component is None
    assert problems == [
        'g.yaml:3:1: error [SG0013]: Route r: rule 0: plugin header-in (acme_canary): unknown key "value", '
        'did you mean "values"?; expected one of name, values, limit',
        "g.yaml:2:8: error [SG0023]: Route r: rule 0: limit: plugin header-in (acme_canary): write 1 or more; "
        'found "0"',
    ]


def test_problems_of_options_that_nobody_wrote_stand_where_the_plugin_is_asked_for(catalog):
    _, problems = build(catalog, {"name": []})
    assert problems == [
        "f.yaml:3:5: error [SG0015]: name: plugin header-in (acme_canary): wrong kind of value; found a list; "
        "expected text"
    ]


def test_an_unknown_name_gets_the_nearest_of_its_extension_point(catalog):
    _, problems = build(catalog, name="headr-in", path="p")
    assert problems == [
        'f.yaml:3:5: error [SG0601]: p: there is no matcher "headr-in", did you mean "header-in"?; expected '
        "one of fragile, header-in"
    ]
    _, problems = build(catalog, name="header-in", point=IBalancer)
    assert problems == ['f.yaml:3:5: error [SG0601]: there is no balancer "header-in"']


def test_a_component_that_raises_is_contained(catalog):
    _, problems = build(catalog, name="fragile")
    assert problems == [
        "f.yaml:3:5: error [SG0603]: plugin fragile (acme_canary): cannot be made: KeyError: 'surprise'"
    ]


def test_the_class_is_imported_when_it_is_first_asked_for():
    catalog = Catalog.of([Plugin("gone", IMatcher, "no_such_package.Gone")])
    assert [entry.error for entry in catalog.entries] == [""]
    with pytest.raises(
        PluginError, match=r"plugin gone \(no_such_package\): no_such_package.Gone cannot be imported: "
    ):
        catalog.component_class(IMatcher, "gone")


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("Missing", "cannot be imported: AttributeError"),
        ("NoAttrs", "is not an attrs class"),
        ("NotImplementer", "is no IMatcher: .* Does not declaratively implement the interface"),
        ("NoCompile", r"compile\(\) attribute was not provided"),
        ("WrongArity", "requires too many arguments"),
        ("OddOption", "options cannot have the type"),
    ],
)
def test_a_class_that_is_not_what_its_declaration_says_is_refused(target, words):
    catalog = Catalog.of([declare("odd", target)])
    with pytest.raises(PluginError, match=words) as caught:
        catalog.component_class(IMatcher, "odd")
    assert str(caught.value).startswith(f"plugin odd (acme_canary): acme_canary.{target}")


def test_another_version_of_the_contract_is_refused_by_name():
    catalog = Catalog.of([declare("old", "HeaderIn", api=99)])
    with pytest.raises(PluginError, match=r"plugin old \(acme_canary\): made for version 99 of the plugin contract"):
        catalog.component_class(IMatcher, "old")


def test_an_extension_point_that_does_not_exist_is_refused():
    point = InterfaceClass("IElsewhere")
    (entry,) = Catalog.of([declare("x", "HeaderIn", point)]).entries
    assert "extension point that ShadowGate does not have" in entry.error


def test_of_two_with_one_name_neither_is_used_and_both_are_named():
    catalog = Catalog.of([declare("x", "HeaderIn"), Plugin("x", IMatcher, "zeta.X"), Plugin("x", IFilter, "zeta.F")])
    assert [bool(entry.error) for entry in catalog.entries] == [False, True, True]
    with pytest.raises(
        PluginError, match=r"by acme_canary \(acme_canary.HeaderIn\) and zeta \(zeta.X\); uninstall one"
    ):
        catalog.component_class(IMatcher, "x")


def test_the_order_does_not_depend_on_what_is_found_first():
    declarations = [declare("b", "HeaderIn"), declare("a", "HeaderIn"), declare("a", "HeaderIn", IFilter)]
    expected = [("filter", "a"), ("matcher", "a"), ("matcher", "b")]
    for given in (declarations, declarations[::-1]):
        assert [(entry.point_name, entry.name) for entry in Catalog.of(given).entries] == expected


# What is installed


@pytest.fixture
def dropins(tmp_path, monkeypatch):
    """A directory of drop-ins that twisted.plugin looks into, and no other."""
    folder = tmp_path / "twisted" / "plugins"
    folder.mkdir(parents=True)
    monkeypatch.setattr(twisted.plugins, "__path__", [str(folder)])
    before = set(sys.modules)
    yield folder
    for name in set(sys.modules) - before:
        if name.startswith("twisted.plugins."):
            del sys.modules[name]
            delattr(twisted.plugins, name.rpartition(".")[2])


GOOD = """\
from shadowgate.plugin.declaration import Plugin
from shadowgate.plugin.interfaces import IMatcher
header_in = Plugin("header-in", IMatcher, "acme_canary.HeaderIn")
far = Plugin("far", IMatcher, "attrs.Far")
"""


def test_drop_ins_are_found_with_their_file_and_distribution(dropins):
    (dropins / "catalog_good.py").write_text(GOOD)
    catalog = Catalog.discover()
    assert [(entry.name, entry.dropin) for entry in catalog.entries] == [
        ("far", str(dropins / "catalog_good.py")),
        ("header-in", str(dropins / "catalog_good.py")),
    ]
    far, header_in = catalog.entries
    assert far.distribution.startswith("attrs ")
    assert header_in.distribution == ""
    assert header_in.origin == str(dropins / "catalog_good.py")
    assert catalog.component_class(IMatcher, "header-in") is HeaderIn
    assert catalog.failures == ()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("import no_such_module_at_all\n", "ModuleNotFoundError: No module named 'no_such_module_at_all'"),
        ("def broken(:\n", "SyntaxError: invalid syntax"),
        ("1 / 0\n", "ZeroDivisionError: division by zero"),
    ],
)
def test_a_broken_drop_in_is_reported_with_its_file_and_reason(dropins, text, reason):
    (dropins / "catalog_also_good.py").write_text(GOOD)
    (dropins / "catalog_broken.py").write_text(text)
    catalog = Catalog.discover()
    assert len(catalog.entries) == 2
    (failure,) = catalog.failures
    assert failure.file == str(dropins / "catalog_broken.py")
    assert failure.reason.startswith(reason)


def test_an_unknown_name_mentions_the_drop_ins_that_broke(dropins):
    (dropins / "catalog_broken_too.py").write_text("1 / 0\n")
    _, (problem,) = build(Catalog.discover(), name="header-in")
    assert 'there is no matcher "header-in" (not importable: ' in problem
    assert "catalog_broken_too.py: ZeroDivisionError: division by zero)" in problem
