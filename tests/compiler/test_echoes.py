"""Mistakes that are met twice are told once."""

from shadowgate.compiler.echoes import without_echoes
from shadowgate.errors import Position, Problem


def error(message, column=1, line=1, source="a.yaml", severity="error", **more):
    return Problem(message, Position(source, line, column), severity, **more)


FIRST = error("not a name", 9, code="SG0123")


def test_the_same_of_the_same_part_is_an_echo_with_a_plugins_name_before_it_or_without():
    for again in ("not a name", "plugin rename (acme 1.0): not a name", "plugin a: request: not a name"):
        assert without_echoes([FIRST, error(again, 4, code="SG0023")], 1) == [FIRST]


def test_the_same_with_a_plugins_own_advice_behind_it_is_an_echo():
    assert without_echoes([FIRST, error("plugin a: not a name; leave it out", 4)], 1) == [FIRST]


def test_a_plugin_that_refuses_as_a_whole_what_was_wrong_as_a_whole_is_an_echo():
    assert without_echoes([FIRST, error("plugin a: give one of b and c", 9, code="SG0023")], 1) == [FIRST]
    others = [
        error("plugin a: no host", 9, code="SG0023", found='"x y"'),
        error("plugin a: no such key", 9, code="SG0013"),
    ]
    assert without_echoes([FIRST, *others], 1) == [FIRST, *others]


def test_what_says_something_else_or_stands_elsewhere_is_none():
    others = [
        error("this is not a name", 4),
        error("not a name", 10),
        error("not a name", 4, source="b.yaml"),
        error("not a name", 4, severity="warning"),
    ]
    assert without_echoes([FIRST, *others], 1) == [FIRST, *others]


def test_mistakes_that_compiling_finds_first_are_all_told():
    found = [error("not a name", 4, line) for line in (1, 2, 3)]
    assert without_echoes(found, 0) == found


def test_a_warning_is_no_mistake_that_could_have_an_echo():
    warning = error("not a name", 9, severity="warning")
    assert without_echoes([warning, error("not a name", 4)], 1) == [warning, error("not a name", 4)]


def test_of_problems_that_are_the_same_in_everything_one_is_told():
    assert without_echoes([FIRST, FIRST, error("x"), error("x")], 2) == [FIRST, error("x")]
