import pytest

from shadowgate.bundled.filters.path_rewrite import PathRewrite
from shadowgate.errors import ConfigError
from shadowgate.testing import compile_component, from_yaml, request


def rewritten(target, **options):
    head = request(target=target)
    assert compile_component(PathRewrite, **options).on_request(head) is None
    assert head.path == head.target.partition(b"?")[0]
    return head.target.decode()


def test_without_anything_to_find_the_whole_path_is_replaced():
    assert rewritten("/old/path", replacement="/new") == "/new"


def test_the_query_stays_byte_for_byte():
    assert rewritten("/old?a=%31&b=?&&", replacement="/new") == "/new?a=%31&b=?&&"
    assert rewritten("/old?", replacement="/new") == "/new?"


@pytest.mark.parametrize(
    ("target", "expected"),
    [("/foo/bar", "/xyz/bar"), ("/foo", "/xyz"), ("/foobar?q", "/xyzbar?q"), ("/other", "/other"), ("/FOO", "/FOO")],
)
def test_a_prefix_is_replaced_as_plain_text(target, expected):
    assert rewritten(target, prefix="/foo", replacement="/xyz") == expected


@pytest.mark.parametrize("segments", ["/foo", "/foo/"])
@pytest.mark.parametrize("replacement", ["/xyz", "/xyz/"])
@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("/foo/bar", "/xyz/bar"),
        ("/foo", "/xyz"),
        ("/foo/", "/xyz/"),
        ("/foo?q", "/xyz?q"),
        ("/foobar", "/foobar"),
        ("/other/foo", "/other/foo"),
    ],
)
def test_segments_are_replaced_whole_and_slashes_at_the_end_do_not_count(segments, replacement, target, expected):
    assert rewritten(target, segments=segments, replacement=replacement) == expected


@pytest.mark.parametrize("replacement", ["", "/"])
@pytest.mark.parametrize(
    ("target", "expected"), [("/foo/bar", "/bar"), ("/foo", "/"), ("/foo/", "/"), ("/foo?q", "/?q")]
)
def test_segments_can_be_dropped_and_the_path_is_never_empty(replacement, target, expected):
    assert rewritten(target, segments="/foo", replacement=replacement) == expected


@pytest.mark.parametrize("found", ["prefix", "segments"])
def test_case_plays_no_part_in_what_is_replaced_where_that_is_said(found):
    assert rewritten("/FOO/Bar", replacement="/x", ignore_case=True, **{found: "/Foo"}) == "/x/Bar"
    assert rewritten("/FO", replacement="/x", ignore_case=True, **{found: "/Foo"}) == "/FO"
    assert rewritten("/FOO/Bar", replacement="/x", **{found: "/Foo"}) == "/FOO/Bar"


def test_the_root_segment_is_in_front_of_every_path():
    assert rewritten("/bar", segments="/", replacement="/v2") == "/v2/bar"
    assert rewritten("/", segments="/", replacement="/v2") == "/v2/"


@pytest.mark.parametrize(
    ("regex", "replacement", "target", "expected"),
    [
        ("^/service/([^/]+)(/.*)$", r"\2/instance/\1", "/service/foo/v1/api?q", "/v1/api/instance/foo?q"),
        ("one", "two", "/xxx/one/yyy/one/zzz", "/xxx/two/yyy/two/zzz"),
        ("/a(b)?c", r"/[\1]", "/ac", "/[]"),
        ("b", r"<\0>", "/abc", "/a<b>c"),
        ("b", r"\\0", "/abc", r"/a\0c"),
        ("(?i)/FOO", "/bar", "/foo", "/bar"),
        ("/foo", "/bar", "/other", "/other"),
        ("^/", "", "/foo", "/foo"),
        (".*", r"\0", "*", "*"),
    ],
)
def test_a_regex_replaces_every_part_that_it_matches(regex, replacement, target, expected):
    assert rewritten(target, regex=regex, replacement=replacement) == expected


def test_a_request_about_the_server_has_no_path_to_rewrite():
    assert rewritten("*", replacement="/new") == "*"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("prefix: /a", 'the key "replacement" is missing'),
        ("replacement: new", 'replacement begins with "/"'),
        ("replacement: ''", 'replacement begins with "/"'),
        ("{prefix: a, replacement: /b}", 'prefix begins with "/"'),
        ("{segments: a, replacement: /b}", 'segments begins with "/"'),
        ("replacement: /a b", "replacement has a character that no path has"),
        ("replacement: /a?b", "replacement has a character that no path has"),
        ("replacement: '/a#b'", "replacement has a character that no path has"),
        ("replacement: /käse", "replacement has a character that no path has"),
        ('replacement: "/a\\r\\n"', "replacement has a character that no path has"),
        ("{regex: '(', replacement: /b}", "missing \\)"),
        ("{regex: '(a)', replacement: '\\2'}", r"asks for \\2, but the regex has 1 groups"),
        ("{regex: '(a)', replacement: '\\n'}", "a backslash in replacement is followed by"),
        (
            "{prefix: /a, regex: a, replacement: /b}",
            "at most one of prefix, segments and regex; there is prefix and regex",
        ),
    ],
)
def test_what_could_not_make_a_path_is_refused(text, sentence):
    with pytest.raises(ConfigError, match=sentence):
        from_yaml(PathRewrite, text)


@pytest.mark.parametrize(
    ("target", "options", "expected"),
    [
        ("/FOO/Bar", {"prefix": "/foo"}, "/xyz/Bar"),
        ("/foo/Bar", {"prefix": "/Foo"}, "/xyz/Bar"),
        ("/FOO/Bar", {"segments": "/foo"}, "/xyz/Bar"),
        ("/FOObar", {"segments": "/foo"}, "/FOObar"),
    ],
)
def test_what_is_replaced_may_be_found_in_any_case(target, options, expected):
    assert rewritten(target, replacement="/xyz", ignore_case=True, **options) == expected
