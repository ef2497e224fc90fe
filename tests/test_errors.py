"""Problems as they are printed and logged."""

import pytest

from shadowgate.errors import ConfigError, Position, Problem

HERE = Position("gw.yaml", 3, 7)


def test_a_problem_is_one_line_with_its_place_and_all_that_is_known_of_it():
    problem = Problem("no such key", HERE, "warning", "routes[0]", '"too"', '"to"', "SG0013")
    assert str(problem) == 'gw.yaml:3:7: warning [SG0013]: routes[0]: no such key; found "too"; expected "to"'
    assert str(Problem("gone", Position("--config", 0))) == "--config: error: gone"


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("a\nb.yaml:1:1: error: forged", r"a\nb.yaml:1:1: error: forged"),
        ("\x1b[2J\r\x7f", r"\x1b[2J\r\x7f"),
        ("a\u2028b\u202e\udc80", r"a\u2028b\u202e\udc80"),
        ("caf\u00e9 \u6f22", "caf\u00e9 \u6f22"),
    ],
)
def test_what_a_configuration_says_forges_no_line(written, shown):
    for problem in (Problem(written, HERE), Problem("", HERE, found=written), Problem("", HERE, path=written)):
        assert shown in str(problem)
        assert str(problem).isprintable()


def test_an_error_tells_all_problems_line_by_line():
    assert str(ConfigError([Problem("one", HERE), Problem("two", HERE)])).count("\n") == 1
