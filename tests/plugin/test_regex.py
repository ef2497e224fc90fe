"""RE2 expressions, one and many."""

import pytest
import re2
from hypothesis import given
from hypothesis import strategies as st

from shadowgate.plugin.regex import LONGEST, common_beginning, compile_regex, which_match, whole_match


@pytest.mark.parametrize("pattern", ["", "(", "(?=x)", r"(a)\1", "a" * (LONGEST + 1), "a{2000}"])
def test_what_re2_does_not_take_is_refused(pattern):
    with pytest.raises(ValueError, match=r"regular expression"):
        compile_regex(pattern)


def test_an_expression_matches_a_whole_value():
    fits = whole_match("/a+")
    assert [value for value in (b"/a", b"/aa", b"/ab", b"x/a") if fits(value)] == [b"/a", b"/aa"]


@pytest.mark.parametrize(
    ("pattern", "beginning"),
    [
        ("/user/[0-9]+/orders", b"/user/"),
        ("/a|/b", b"/"),
        ("/exactly", b"/exactly"),
        ("^/exactly$", b"/exactly"),
        ("(?i)/ab", b"/"),
        ("/x?y", b"/"),
        (".*/end", b""),
        ("", b""),
    ],
)
def test_what_all_matches_begin_with(pattern, beginning):
    assert common_beginning(pattern or ".*") == beginning


parts = st.sampled_from(
    ["a", "b", "/", ".", "a*", "b?", "(a|ab)", "[^a]", "(?i:aB)", "^", "$", "\\b", "(?:)", "a{0,2}"]
)
patterns = st.lists(parts, min_size=1, max_size=5).map("".join)
values = st.one_of(st.text("abAB/", max_size=6).map(str.encode), st.binary(max_size=4))


@given(patterns, values)
def test_whatever_matches_begins_so(pattern, value):
    if whole_match(pattern)(value):
        assert value.startswith(common_beginning(pattern))


@given(st.lists(patterns, min_size=1, max_size=20), values)
def test_many_expressions_match_together_as_they_do_alone(given_patterns, value):
    alone = [number for number, pattern in enumerate(given_patterns) if whole_match(pattern)(value)]
    assert sorted(which_match(given_patterns)(value)) == alone


def test_an_automaton_that_does_not_fit_into_memory_tells_nothing():
    which = which_match([f".*[0-9]+/.*{number}" * 20 for number in range(2000)])
    assert which(b"/1/2") is None


def test_an_automaton_that_runs_out_of_memory_tells_nothing(monkeypatch):
    class Exhausted:
        def Match(self, value):
            return None

        Add = Compile = staticmethod(lambda *given: 0)

    monkeypatch.setattr(re2.Set, "FullMatchSet", lambda options: Exhausted())
    assert which_match(["a"])(b"a") is None
