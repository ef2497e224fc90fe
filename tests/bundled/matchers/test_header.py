import pytest

from shadowgate.bundled.matchers.header import Header
from shadowgate.errors import ConfigError
from shadowgate.testing import compile_component, from_yaml, request


def holds(headers, **options):
    return Header(name="X-User", **options).compile()(request(headers=headers))


def test_the_name_is_found_in_any_case():
    for name in ("x-user", "X-USER", "X-User"):
        assert holds({name: "ann"}, exact="ann") is True


@pytest.mark.parametrize(
    "options", [{"exact": "ann"}, {"prefix": "a"}, {"regex": ".*"}, {"exact": ""}, {"present": True}]
)
def test_a_missing_header_holds_for_no_value(options):
    assert holds({}, **options) is False


def test_a_value_is_compared_whole():
    assert holds({"x-user": "ann"}, exact="ann") is True
    assert holds({"x-user": "anna"}, exact="ann") is False
    assert holds({"x-user": "anna"}, prefix="ann") is True
    assert holds({"x-user": "anna"}, regex="ann") is False
    assert holds({"x-user": "ANN"}, exact="ann", ignore_case=True) is True


def test_an_empty_value_is_a_value():
    assert holds({"x-user": ""}, exact="") is True
    assert holds({"x-user": ""}, present=True) is True


def test_repeated_headers_are_one_value_joined_by_commas():
    twice = [("X-User", "ann"), ("x-user", "bob")]
    assert holds(twice, exact="ann,bob") is True
    assert holds(twice, exact="ann") is False
    assert holds(twice, regex="ann,.*") is True


def test_present_holds_whatever_the_value_and_its_opposite_when_there_is_none():
    assert holds({"x-user": "ann"}, present=True) is True
    assert holds({"x-user": "ann"}, present=False) is False
    assert holds({}, present=False) is True


def test_invert_turns_presence_around():
    assert holds({"x-user": "ann"}, present=True, invert=True) is False
    assert holds({}, present=True, invert=True) is True
    assert holds({}, present=False, invert=True) is False
    assert holds({"x-user": "ann"}, present=False, invert=True) is True


@pytest.mark.parametrize("options", [{"exact": "ann"}, {"prefix": "a"}, {"regex": "a.*"}])
def test_invert_is_met_by_a_missing_header_and_by_another_value_only(options):
    assert holds({}, invert=True, **options) is True
    assert holds({"x-user": "bob"}, invert=True, **options) is True
    assert holds({"x-user": "ann"}, invert=True, **options) is False


def test_under_invert_a_missing_header_counts_as_an_empty_value():
    assert holds({}, exact="", invert=True) is False
    assert holds({}, regex=".*", invert=True) is False


def test_the_name_has_to_be_a_header_name():
    for name in ("", "x user", ":authority", "käse"):
        with pytest.raises(ValueError, match="is not a header name"):
            Header(name=name, present=True)


def test_yaml_reads_into_the_condition():
    header = from_yaml(
        Header,
        """
        name: x-user
        prefix: an
        ignoreCase: true
        """,
    )
    assert header == Header(name="x-user", prefix="an", ignore_case=True)


def test_an_unknown_option_is_named_with_the_one_that_was_meant():
    with pytest.raises(
        ConfigError, match=r'options\.yaml:2:1: error \[SG0013\]: unknown key "exakt", did you mean "exact"'
    ):
        from_yaml(Header, "name: x-user\nexakt: ann\n")


def test_a_missing_name_is_reported():
    with pytest.raises(ConfigError, match='the key "name" is missing'):
        compile_component(Header, exact="ann")
