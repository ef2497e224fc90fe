import pytest

from shadowgate.bundled.fields import check_changeable, check_name, check_value, refuse_repeats, to_pairs


@pytest.mark.parametrize("name", ["x-user", "X_User", "1", "!#$%&'*+-.^_`|~"])
def test_a_token_is_a_field_name(name):
    check_name(name)


@pytest.mark.parametrize("name", ["", "x user", "x:", ":x", "x\n", "käse", "x(y)", "x/y", 'x"'])
def test_anything_else_is_not(name):
    with pytest.raises(ValueError, match="is not a header name"):
        check_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "Content-Length",
        "transfer-encoding",
        "Connection",
        "keep-alive",
        "Proxy-Connection",
        "TE",
        "Trailer",
        "Upgrade",
        "Expect",
    ],
)
def test_framing_and_connection_fields_cannot_be_changed(name):
    with pytest.raises(ValueError, match=f"{name} cannot be changed"):
        check_changeable(name)


@pytest.mark.parametrize("character", ["\r", "\n", "\0", "\x0b", "\x1f", "\x7f"])
def test_a_control_character_in_a_value_is_refused(character):
    with pytest.raises(ValueError, match="the value of x-a has the control character"):
        check_value("x-a", f"before{character}after")


def test_tabs_spaces_and_text_beyond_ascii_may_stand_in_a_value():
    check_value("x-a", "a\tb käse")
    assert to_pairs({"X-A": "käse"}) == ((b"X-A", "käse".encode()),)


def test_two_spellings_of_one_name_are_refused():
    refuse_repeats(["x-a", "x-b"])
    with pytest.raises(ValueError, match="X-A and x-a are the same header"):
        refuse_repeats(["X-A", "x-b", "x-a"])
