"""Documents through dialects into a configuration, with everything that is wrong on the way."""

import sys
from types import ModuleType
from typing import ClassVar

import pytest
from attrs import frozen
from zope.interface import implementer

from shadowgate.config.catalog import Catalog
from shadowgate.config.discovery import BrokenDropin
from shadowgate.config.pipeline import load, read_paths
from shadowgate.errors import Position, Problem
from shadowgate.model import Listener
from shadowgate.plugin import IDialect, IGenerator, Plugin, Report
from shadowgate.plugin.yaml import read_text


@implementer(IDialect)
@frozen
class Acme:
    kinds: ClassVar = (("acme.io", "Door"), ("", ""))

    def translate(self, document, report):
        root = document.root
        if root.get("warn") is not None:
            report.warning("creaks", root.get("warn").position, path="warn")
        if root.get("give") is not None:
            yield "not a fragment"
        yield Listener(root.text("name") or document.name, "tcp:1", document.position)
        if root.get("raise") is not None:
            raise KeyError("hinge")


@implementer(IDialect)
@frozen
class Rival:
    kinds: ClassVar = (("acme.io", "Door"), ("acme.io", "Window"))

    def translate(self, document, report):
        return ()


@implementer(IGenerator)
@frozen
class Carpenter:
    """Makes a door for each frame."""

    kinds: ClassVar = (("acme.io", "Frame"),)

    def generate(self, documents, report):
        for document in documents:
            assert document.kind == "Frame"
            if document.root.get("warp") is not None:
                report.warning("warped", document.position)
            if document.root.get("break") is not None:
                raise KeyError("saw")
            if document.root.get("wood") is not None:
                yield "wood"
            yield from read_text(f"{{apiVersion: acme.io/v1, kind: Door, name: {document.name}}}", "made", report)


@pytest.fixture(autouse=True)
def acme(monkeypatch):
    module = ModuleType("acme")
    module.Acme, module.Rival, module.Carpenter = Acme, Rival, Carpenter
    monkeypatch.setitem(sys.modules, "acme", module)


@pytest.fixture
def catalog():
    return Catalog.of([Plugin("acme", IDialect, "acme.Acme")])


def loading(text, catalog, problems=()):
    report = Report(list(problems))
    documents = read_text(text, "f.yaml", report)
    loaded = load(documents, report.problems, catalog)
    return [each.name for each in loaded.configuration.listeners], [str(each) for each in loaded.report.problems]


DOOR = "apiVersion: acme.io/v1\nkind: Door\nmetadata: {name: front}\n"


def test_each_document_goes_to_the_dialect_of_its_group_and_kind(catalog):
    assert loading(f"{DOOR}---\nname: back\n", catalog) == (["front", "back"], [])


def test_problems_of_the_source_come_first_and_those_of_a_dialect_carry_the_documents_title(catalog):
    known = Problem("unreadable", Position("g.yaml"))
    assert loading(f"{DOOR}warn: x", catalog, [known])[1] == [
        "g.yaml:1:1: error: unreadable",
        "f.yaml:4:7: warning: Door front: warn: creaks",
    ]


def test_a_problem_that_is_the_same_in_everything_is_told_once(catalog):
    twice = Problem("unreadable", Position("a.yaml", 3, 1))
    assert load([], [twice, Problem("unreadable", Position("b.yaml", 3, 1)), twice], catalog).report.problems == [
        twice,
        Problem("unreadable", Position("b.yaml", 3, 1)),
    ]


def test_a_dialect_that_raises_is_a_problem_that_names_it(catalog):
    names, problems = loading(f"{DOOR}raise: x\n---\nname: back", catalog)
    assert names == ["front", "back"]
    assert problems == ["f.yaml:1:1: error [SG0603]: Door front: plugin acme (acme) failed: KeyError: 'hinge'"]


def test_a_dialect_that_gives_something_else_is_a_problem_that_names_it(catalog):
    _, problems = loading(f"{DOOR}give: x", catalog)
    assert problems == [
        "f.yaml:1:1: error [SG0603]: Door front: plugin acme (acme) failed: TypeError: it gave a str, which is "
        "no part of a "
        "configuration"
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "apiVersion: acme.io/v1\nkind: Dor",
            '2:7: warning [SG0606]: Dor: nothing here reads acme.io/v1, kind Dor, did you mean "Door"?; it is '
            "passed over",
        ),
        (
            "apiVersion: acmee.io/v1\nkind: Door",
            "2:7: warning [SG0606]: Door: nothing here reads acmee.io/v1, kind Door, did you mean the API group "
            '"acme.io"?; it is passed over',
        ),
        (
            "apiVersion: acme.io/v1",
            "1:13: warning [SG0606]: this document has an apiVersion but no kind, so it is passed over",
        ),
        (
            "kind: Zebra",
            "1:7: warning [SG0606]: Zebra: nothing here reads a document without apiVersion, kind Zebra; it is ",
        ),
    ],
)
def test_a_kind_that_nobody_reads_is_a_warning_with_the_nearest_one(catalog, text, problem):
    names, (found,) = loading(text, catalog)
    assert names == []
    assert found.startswith(f"f.yaml:{problem}")


def test_while_a_plugin_is_broken_an_unread_kind_is_an_error(catalog):
    for broken in (
        Catalog(catalog.entries, (BrokenDropin("/x.py", "ImportError: no"),)),
        Catalog.of([Plugin("gone", IDialect, "acme.Gone")]),
    ):
        _, problems = loading("apiVersion: gone.io/v1\nkind: Gate", broken)
        assert problems[-1].startswith("f.yaml:2:7: error [SG0606]: Gate: nothing here reads gone.io/v1, kind Gate")
        assert problems[-1].endswith("; a plugin could not be imported")


def test_a_broken_dialect_alone_is_a_warning(catalog):
    both = Catalog.of([Plugin("acme", IDialect, "acme.Acme"), Plugin("gone", IDialect, "acme.Gone")])
    names, (problem,) = loading(DOOR, both)
    assert names == ["front"]
    assert "warning [SG0602]: plugin gone (acme): acme.Gone cannot be imported" in problem


def test_two_dialects_for_one_kind_are_told(catalog):
    both = Catalog.of([Plugin("rival", IDialect, "acme.Rival"), Plugin("acme", IDialect, "acme.Acme")])
    names, (problem,) = loading(DOOR, both)
    assert names == ["front"]
    assert problem.endswith(
        "warning [SG0605]: plugin acme (acme) and plugin rival (acme) both read kind Door of acme.io; "
        "the first one does"
    )


def test_paths_are_read_in_order_and_bad_ones_do_not_hide_good_ones(tmp_path):
    (tmp_path / "a.yaml").write_text("name: a\n---\nname: b\n")
    (tmp_path / "b.yaml").write_text("name: [\n")
    (tmp_path / "c.yml").write_text("name: c\n")
    report = Report()
    documents = read_paths([str(tmp_path / "none"), str(tmp_path)], report)
    assert [document.root.text("name") for document in documents] == ["a", "b", "c"]
    assert [problem.position.source for problem in report.problems] == [f"{tmp_path}/none", f"{tmp_path}/b.yaml"]


# --- generators -------------------------------------------------------------------------------------------------------

FRAME = "{apiVersion: acme.io/v1, kind: Frame, metadata: {name: %s}%s}\n"


@pytest.fixture
def workshop():
    return Catalog.of([Plugin("acme", IDialect, "acme.Acme"), Plugin("carpenter", IGenerator, "acme.Carpenter")])


def loaded_with(text, catalog):
    report = Report()
    return load(read_text(text, "f.yaml", report), report.problems, catalog)


def test_what_a_generator_makes_is_read_as_if_it_had_been_written(workshop):
    loaded = loaded_with(FRAME % ("front", ""), workshop)
    assert [listener.name for listener in loaded.configuration.listeners] == ["front"]
    assert [document.kind for document in loaded.generated] == ["Door"]
    assert loaded.report.problems == [], "a kind that a generator looks at is not unread"


def test_a_generator_is_given_its_kinds_alone_and_nothing_that_was_generated(workshop):
    text = "{apiVersion: acme.io/v1, kind: Door, name: own}\n---\n" + FRAME % ("front", "")
    loaded = loaded_with(text, workshop)
    assert [listener.name for listener in loaded.configuration.listeners] == ["own", "front"]


def test_a_generator_that_fails_is_named_and_keeps_what_it_gave(workshop):
    text = FRAME % ("front", "") + "---\n" + FRAME % ("back", ", break: yes")
    loaded = loaded_with(text, workshop)
    (problem,) = loaded.report.problems
    assert "plugin carpenter" in problem.message and "KeyError: 'saw'" in problem.message
    assert loaded.report.failed and len(loaded.generated) == 1


def test_a_generator_has_to_give_documents(workshop):
    (problem,) = loaded_with(FRAME % ("front", ", wood: yes"), workshop).report.problems
    assert "it gave a str, which is no document" in problem.message


def test_what_a_generator_reports_is_told(workshop):
    (problem,) = loaded_with(FRAME % ("front", ", warp: yes"), workshop).report.problems
    assert (problem.severity, problem.message) == ("warning", "warped")


def test_a_generator_that_cannot_be_imported_leaves_unread_kinds_an_error():
    catalog = Catalog.of([Plugin("acme", IDialect, "acme.Acme"), Plugin("gone", IGenerator, "acme.Gone")])
    loaded = loaded_with(FRAME % ("front", ""), catalog)
    assert [problem.severity for problem in loaded.report.problems] == ["warning", "error"]
