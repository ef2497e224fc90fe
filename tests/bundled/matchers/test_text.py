import pytest

from shadowgate.bundled.matchers.text import PresenceOptions, TextOptions
from shadowgate.errors import ConfigError
from shadowgate.testing import from_yaml


def holds(value, **options):
    return TextOptions(**options).test()(value)


@pytest.mark.parametrize(
    ("options", "value", "expected"),
    [
        ({"exact": "v1"}, b"v1", True),
        ({"exact": "v1"}, b"V1", False),
        ({"exact": "v1"}, b"v10", False),
        ({"exact": ""}, b"", True),
        ({"exact": "V1", "ignore_case": True}, b"v1", True),
        ({"exact": "käse"}, "käse".encode(), True),
        ({"prefix": "v"}, b"v1", True),
        ({"prefix": "v"}, b"xv", False),
        ({"prefix": "V", "ignore_case": True}, b"v1", True),
        ({"prefix": "v", "ignore_case": True}, b"xV", False),
        ({"regex": "v[0-9]"}, b"v1", True),
        ({"regex": "v[0-9]"}, b"v10", False),
        ({"regex": "v[0-9]"}, b"xv1", False),
        ({"regex": "a|b"}, b"ab", False),
        ({"regex": "V1", "ignore_case": True}, b"v1", True),
        ({"regex": "k.se"}, "käse".encode(), True),
        ({"regex": ".*"}, b"\xff", False),
        ({"regex": r"\C*"}, b"\xff", True),
    ],
)
def test_a_value_is_compared_as_asked(options, value, expected):
    assert holds(value, **options) is expected


def test_a_hostile_value_does_not_slow_a_nested_repeat_down():
    # A backtracking engine would need about 2 ** 5000 steps here.
    assert holds(b"a" * 5000 + b"!", regex="(a+)+") is False


def test_a_literal_is_offered_only_for_a_comparison_byte_for_byte():
    assert TextOptions(exact="v1").literal == b"v1"
    assert TextOptions(exact="v1", ignore_case=True).literal is None
    assert TextOptions(prefix="v1").literal is None


def test_no_alternative_is_refused_with_those_there_are():
    with pytest.raises(ValueError, match="exactly one of exact, prefix and regex; there is none of them"):
        TextOptions()


def test_two_alternatives_are_refused_by_name():
    with pytest.raises(ValueError, match="exactly one of exact, prefix, regex and present; there is exact and present"):
        PresenceOptions(exact="a", present=True)


def test_presence_may_be_asked_for_either_way():
    assert PresenceOptions(present=False).present is False


def test_an_empty_prefix_is_refused():
    with pytest.raises(ValueError, match="an empty prefix holds for every value"):
        TextOptions(prefix="")


@pytest.mark.parametrize("pattern", ["(", "a{2000}", "(?=x)", r"(a)\1", ""])
def test_a_regex_that_re2_does_not_take_is_refused_when_it_is_read(pattern):
    with pytest.raises(ValueError, match="regular expression"):
        TextOptions(regex=pattern)


def test_a_regex_may_be_1024_characters_long_and_no_longer():
    assert holds(b"a" * 1024, regex="a" * 1024, ignore_case=True)
    with pytest.raises(ValueError, match="1024"):
        TextOptions(regex="a" * 1025)


def test_a_wrong_regex_is_reported_at_its_place_with_re2s_reason():
    with pytest.raises(ConfigError) as caught:
        from_yaml(TextOptions, "ignoreCase: true\nregex: 'a('\n")
    text = str(caught.value)
    assert text.startswith("options.yaml:2:8: error [SG0022]: regex:")
    assert "missing )" in text


def test_yaml_gives_the_empty_value_in_quotes_only():
    assert from_yaml(TextOptions, 'exact: ""').exact == ""
    with pytest.raises(ConfigError, match="none of them"):
        from_yaml(TextOptions, "exact:")
