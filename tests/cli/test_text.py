"""Plain values as text like YAML."""

from shadowgate.cli.text import compact, lines_of, plugin


def test_short_values_stand_on_one_line_and_items_with_their_places():
    value = {"routes": [{"name": "a", "hosts": ["x", "y"], "position": "f:1:1"}, {"name": "b", "position": "f:2:1"}]}
    assert list(lines_of(value)) == ["routes:", "- {name: a, hosts: [x, y]}  # f:1:1", "- {name: b}  # f:2:1"]


def test_items_inside_items_keep_their_places():
    value = {"routes": [{"name": "a", "rules": [{"name": "r", "position": "f:2:1"}], "position": "f:1:1"}]}
    assert list(lines_of(value)) == ["routes:", "- name: a  # f:1:1", "  rules:", "  - {name: r}  # f:2:1"]


def test_what_says_nothing_is_left_out():
    value = {"a": "", "b": None, "c": False, "d": [], "e": {"position": "f:1:1"}, "f": 0, "g": {"h": []}}
    assert list(lines_of(value)) == ["f: 0"]


def test_a_long_mapping_is_opened():
    words = {f"key{number}": "x" * 20 for number in range(9)}
    assert list(lines_of({"long": words})) == ["long:", *(f"  key{number}: {'x' * 20}" for number in range(9))]


def test_a_plugin_is_its_name_with_its_options():
    use = {"plugin": "hash", "options": {"header": "x"}, "onError": "skip"}
    assert plugin(use) == "hash {header: x} skip"
    assert (
        compact([{"plugin": "hash", "options": {"header": "x"}}, {"plugin": "random"}])
        == "[{hash: {header: x}}, random]"
    )


def test_a_list_of_texts_has_no_places():
    assert list(lines_of({"hosts": ["a" * 60, "b" * 60]})) == ["hosts:", f"- {'a' * 60}", f"- {'b' * 60}"]
