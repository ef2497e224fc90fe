import pytest
from attrs import field, frozen

from shadowgate.bundled.paths import path_text, replace_prefix, replace_segments, whole_path


@frozen
class Options:
    part: str | None = field(default=None, validator=path_text)
    whole: str | None = field(default=None, validator=whole_path)


def test_parts_and_paths_may_be_left_out_or_be_what_stands_on_the_wire():
    assert Options("", "/").part == ""
    assert Options("a/%20b;c=d", "/%C3%A9").whole == "/%C3%A9"


@pytest.mark.parametrize("text", ["/a b", "/a?b", "/a#b", "/käse", "/a\r\n"])
def test_what_no_path_has_is_refused_by_the_name_of_the_option(text):
    with pytest.raises(ValueError, match="part has a character that no path has"):
        Options(part=text)
    with pytest.raises(ValueError, match="whole has a character that no path has"):
        Options(whole=text)


def test_a_whole_path_begins_with_a_slash():
    with pytest.raises(ValueError, match='whole begins with "/"'):
        Options(whole="a")


def test_a_prefix_is_plain_text_and_segments_are_whole():
    assert replace_prefix("/foo", "/bar")(b"/foobar") == b"/barbar"
    assert replace_segments("/foo", "/bar")(b"/foobar") == b"/foobar"
    assert replace_segments("/foo/", "/bar/")(b"/foo/x") == b"/bar/x"


def test_case_can_be_ignored_in_what_is_found_and_the_rest_keeps_its_own():
    assert replace_prefix("/Foo", "/bar", ignore_case=True)(b"/fOOBar") == b"/barBar"
    assert replace_segments("/Foo", "/bar", ignore_case=True)(b"/fOO/Bar") == b"/bar/Bar"
    assert replace_segments("/Foo", "/bar", ignore_case=True)(b"/fOOBar") == b"/fOOBar"
