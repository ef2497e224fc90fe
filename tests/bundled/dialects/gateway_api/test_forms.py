"""The forms that the API's servers check."""

import pytest

from shadowgate.bundled.dialects.gateway_api import forms
from shadowgate.plugin.checks import Unfit


def refused(validator, value):
    try:
        validator(None, None, value)
    except Unfit as wrong:
        return str(wrong)
    return ""


@pytest.mark.parametrize(
    ("validator", "good", "bad"),
    [
        (forms.object_name, ["a", "A b"], ["", "a" * 254]),
        (forms.namespace_name, ["a", "a-1"], ["", "a.b", "A", "-a", "a" * 64]),
        (forms.section_name, ["http", "a.b"], ["", "A", "a_b", "a..b"]),
        (forms.group_name, ["", "a.example"], ["A", "a/b"]),
        (forms.kind_name, ["Service", "a"], ["", "1a", "a b", "a-"]),
        (forms.header_name, ["x-a", "X!"], ["", "a b", "a:", "é"]),
        (forms.controller_name, ["a.example/b", "a/b/c~"], ["a", "/b", "A/b"]),
        (forms.protocol_name, ["HTTP", "a.example/x"], ["", "a b", "/x"]),
        (forms.hostname, ["", "a", "a.example", "*.a.example"], ["*", "a.*", "a:80", "10.0.0.1", "::1", "a_b", "A"]),
        (forms.precise_hostname, ["a", "a.example"], ["", "*.a", "10.0.0.1", "a:80"]),
        (forms.port_number, [1, 65535], [0, 65536]),
    ],
)
def test_each_form_takes_what_servers_take(validator, good, bad):
    assert [value for value in good if refused(validator, value)] == []
    assert [value for value in bad if not refused(validator, value)] == []
    assert refused(validator, None) == ""


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("0s", 0), ("10s", 10), ("1m30s", 90), ("500ms", 0.5), ("1h1m1s1ms", 3661.001), ("99999h", 99999 * 3600)],
)
def test_durations_are_those_of_gep_2257(text, seconds):
    assert refused(forms.duration, text) == ""
    assert forms.seconds(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "1", "1.5s", "-1s", "1d", "100000s", "1h1h1h1h1h", "1us", " 1s"])
def test_other_durations_of_gos_are_none(text):
    assert "10s, 1m30s, 500ms" in refused(forms.duration, text)


def test_lists_are_bounded():
    assert refused(forms.at_most(2, "things"), (1, 2)) == ""
    assert refused(forms.at_most(2, "things"), (1, 2, 3)) == "there are 3 things; 2 are the most"
    assert refused(forms.some(2, "things"), ()) == "there are no things"
