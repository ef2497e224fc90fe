"""The path index: whatever it skips, it finds what trying one entry after another finds."""

import tracemalloc

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shadowgate.compiler.build import run_steps
from shadowgate.compiler.paths import FEW, MANY_REGEXES, compile_paths, path_test
from shadowgate.compiler.snapshot import Entry
from shadowgate.model import PathMatch
from shadowgate.testing import request

# What an index finds is opaque to it, so here rules are names.


def entry(rank, rule, kind=None, value="", *conditions, ignore_case=False):
    path = None if kind is None else PathMatch(kind, value, ignore_case)
    return Entry(rank, path, conditions, rule, None, None, None)


def method(name):
    return lambda head: head.method == name


def compiled(entries):
    return run_steps(compile_paths(entries))


# One path match


@pytest.mark.parametrize(
    ("kind", "value", "yes", "no"),
    [
        ("exact", "/a", ["/a"], ["/a/", "/A", "/", "/ab"]),
        ("prefix", "/a", ["/a", "/a/b", "/ab"], ["/A", "/", "/b/a"]),
        ("segments", "/a", ["/a", "/a/", "/a/b"], ["/ab", "/A", "/"]),
        ("segments", "/a/", ["/a", "/a/", "/a/b"], ["/ab"]),
        ("segments", "/", ["/", "/a", "/a/b"], []),
        ("regex", "/a[0-9]+", ["/a1", "/a12"], ["/a", "/a1x", "x/a1"]),
    ],
)
def test_what_a_path_match_means(kind, value, yes, no):
    fits = path_test(PathMatch(kind, value))
    assert [path for path in yes + no if fits(path.encode())] == yes
    find = compiled([entry(0, "found", kind, value)])
    assert [path for path in yes + no if find(request(target=path)) == "found"] == yes


@pytest.mark.parametrize("kind", ["exact", "prefix", "segments"])
def test_case_can_be_ignored(kind):
    assert path_test(PathMatch(kind, "/Ab", True))(b"/aB")
    assert compiled([entry(0, "found", kind, "/Ab", ignore_case=True)])(request(target="/aB")) == "found"


@pytest.mark.parametrize("value", ["(", "(?=x)"])
def test_an_expression_that_re2_does_not_take_is_a_value_error(value):
    with pytest.raises(ValueError, match=r".+"):
        path_test(PathMatch("regex", value))


# Several


def test_a_path_ends_at_the_question_mark():
    assert compiled([entry(0, "a", "exact", "/a")])(request(target="/a?b=/c")) == "a"


def test_the_lower_rank_wins_whatever_its_kind():
    find = compiled([entry(2, "exact", "exact", "/a"), entry(1, "prefix", "prefix", "/")])
    assert find(request(target="/a")) == "prefix"


def test_all_conditions_must_hold_and_the_next_entry_is_tried():
    find = compiled([entry(0, "put", "prefix", "/", method(b"PUT")), entry(1, "rest")])
    assert find(request("PUT")) == "put"
    assert find(request("GET")) == "rest"


def test_nothing_matches_nothing():
    assert compiled([entry(0, "a", "exact", "/a")])(request(target="/b")) is None
    assert compiled([])(request()) is None


paths = st.text("aAé/", max_size=5).map(lambda text: "/" + text)
expressions = st.one_of(
    paths.map(lambda text: text + ".*"),
    st.sampled_from(["/a|/A", "/a?a", "(?i)/AA.*", ".*a", "/(a|aa)/a*", "/[^a]+", "^/a$", "/a{2,3}", "(?s).*"]),
    st.sampled_from(["/\\x{e9}+", "()", "/\\C"]),
)
matches = st.one_of(
    st.none(),
    st.builds(PathMatch, st.sampled_from(["exact", "prefix", "segments"]), paths, st.booleans()),
    st.builds(lambda value: PathMatch("regex", value), expressions),
)
conditions = st.sampled_from([(), (method(b"PUT"),)])
targets = st.one_of(
    paths.map(str.encode), st.binary(max_size=4).map(b"/a".__add__), st.sampled_from([b"*", b"/a\xff", b"/\xc3"])
)


def by_trying(entries, head):
    for each in entries:
        if (each.path is None or path_test(each.path)(head.path)) and all(holds(head) for holds in each.conditions):
            return each.rule
    return None


def asked(verb, target):
    head = request(verb)
    head.retarget(target)
    return head


@given(
    st.lists(st.tuples(matches, conditions), max_size=60),
    st.lists(targets, min_size=1, max_size=5),
    st.sampled_from(["GET", "PUT"]),
)
def test_an_index_finds_what_trying_one_after_another_finds(given_entries, given_targets, verb):
    entries = [Entry(rank, path, tests, rank, None, None, None) for rank, (path, tests) in enumerate(given_entries)]
    find = compiled(entries[::-1])
    for target in given_targets:
        head = asked(verb, target)
        assert find(head) == by_trying(entries, head)


@given(st.lists(st.tuples(expressions, conditions), min_size=MANY_REGEXES, max_size=60), targets)
def test_many_expressions_find_what_trying_them_finds(given_entries, target):
    entries = [entry(rank, rank, "regex", value, *tests) for rank, (value, tests) in enumerate(given_entries)]
    head = asked("GET", target)
    assert compiled(entries)(head) == by_trying(entries, head)


@given(st.permutations(range(3 * FEW)), st.integers(1, 4 * FEW), st.sampled_from(["GET", "PUT"]))
@example(list(range(3 * FEW)), 3 * FEW, "GET")
def test_prefixes_inside_each_other_are_tried_by_rank(ranks, length, verb):
    entries = [
        entry(rank, rank, "prefix", "/" * at, *[method(b"PUT")] * (rank % 5 > 0)) for at, rank in enumerate(ranks, 1)
    ]
    entries.sort(key=lambda each: each.rank)
    head = asked(verb, b"/" * length)
    assert compiled(entries)(head) == by_trying(entries, head)


# What a look-up costs, counted in conditions asked: time would tell the same and depend on the machine.


class Asked:
    """A condition that counts how often it is asked, and does not hold."""

    def __init__(self):
        self.times = 0

    def __call__(self, head):
        self.times += 1
        return False


RULES = 10_000


@pytest.mark.parametrize("kind", ["exact", "prefix", "segments"])
@pytest.mark.parametrize("ignore_case", [False, True])
def test_of_ten_thousand_paths_only_those_that_fit_are_asked_about(kind, ignore_case):
    count = Asked()
    entries = [entry(at, at, kind, f"/{at:05}", count, ignore_case=ignore_case) for at in range(RULES)]
    entries += [entry(RULES, "item", "prefix", "/0"), entry(RULES + 1, "rest")]
    find = compiled(entries)
    for path, rule in [("/04711", "item"), ("/99999", "rest")]:
        count.times = 0
        assert find(request(target=path)) == rule
        assert count.times == (rule == "item")


def test_an_expression_is_tried_only_below_what_its_matches_begin_with():
    count = Asked()
    entries = [entry(at, at, "regex", f"/{at:05}/(a|b)+", count) for at in range(1000)]
    find = compiled(entries)
    assert find(request(target="/00471/ab")) is None
    assert count.times == 1


def test_of_many_expressions_in_one_place_only_those_that_match_are_asked_about():
    count = Asked()
    entries = [entry(at, at, "regex", f"/[a-z]+/{at}", count) for at in range(1000)]
    find = compiled(entries)
    assert find(request(target="/item/471")) is None
    assert count.times == 1


def test_nothing_is_asked_about_after_a_rule_that_always_wins():
    count = Asked()
    entries = [entry(0, "first", "prefix", "/a")]
    entries += [entry(at, at, "prefix", "/a" * at, count) for at in range(1, RULES, 100)]
    assert compiled(entries)(request(target="/a" * RULES)) == "first"
    assert count.times == 0


def test_what_holds_everywhere_is_not_copied_to_each_prefix():
    # A thousand conditions on any path, below each of a thousand prefixes: a million, if they were.
    entries = [entry(at, at, "prefix", "/", Asked()) for at in range(1000)]
    entries += [entry(at, at, "prefix", f"/{at}/", Asked()) for at in range(1000, 2000)]
    tracemalloc.start()
    try:
        find = compiled(entries)
        size, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert size < 2_000_000
    assert find(request(target="/1471/")) is None
    assert [each.conditions[0].times for each in entries].count(1) == 1001
