"""Trees as YAML again: what is read back is what was there."""

import json

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from shadowgate.errors import Position
from shadowgate.objects.writing import in_order, plain, yaml_text
from shadowgate.plugin import Report
from shadowgate.plugin.documents import Mapping, Scalar, Sequence
from shadowgate.plugin.yaml import read_text

AT = Position("gw.yaml")


def read(text):
    report = Report()
    (document,) = read_text(text, "gw.yaml", report)
    assert report.problems == []
    return document.root


def tree(value):
    """A tree of quoted texts, and plain ones where ``value`` has numbers and the like."""
    if isinstance(value, dict):
        return Mapping(tuple((Scalar(key, AT, True), tree(item)) for key, item in value.items()), AT)
    if isinstance(value, list):
        return Sequence(tuple(map(tree, value)), AT)
    return Scalar(value, AT, True) if isinstance(value, str) else Scalar(json.dumps(value), AT)


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\ufffe\uffff"))
values = st.recursive(
    texts | st.integers() | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(texts.filter(bool), values, min_size=1, max_size=4))
def test_every_tree_is_read_back_as_it_was(value):
    assert plain(read(yaml_text(tree(value)))) == plain(tree(value))


@pytest.mark.parametrize(
    "text",
    [
        "a: 010\nb: on\nc: 10:30\nd: 0.14.x\n",
        "a: true\nb: 'true'\nc: \"1\"\n",
        "a:\n- b: 1\n  c:\n  - d\n- e\n",
        "data:\n  spec: |\n    variants:\n    - [a, b]\n\n    # kept\n",
        "a: {}\nb: []\nc: ''\n",
    ],
)
def test_words_and_quotes_stay_as_they_were_written(text):
    assert read(yaml_text(read(text))) == read(text)


def test_a_text_whose_lines_end_with_spaces_stays_a_text_of_lines():
    text = "data:\n  spec: |\n    gvrs: [svc] \n    variants:  \n    - [a]\n      \n  last: |-\n    a \n    b  \n"
    assert yaml_text(read(text)) == text
    assert read(yaml_text(read(text))) == read(text)


lines = st.text(st.sampled_from("a #:\ue000\n-"), min_size=1, max_size=12)


@given(lines, lines)
def test_spaces_at_the_ends_of_lines_are_kept_as_all_else(one, other):
    value = {"a": one, "b": {"c": other}}
    assert plain(read(yaml_text(tree(value)))) == value


def test_nothing_is_written_so_that_it_can_be_seen():
    assert yaml_text(read("a:\nb: ~\n")) == "a: null\nb: ~\n"


def test_comments_and_flow_style_are_not_kept():
    assert yaml_text(read("# c\na: {b: [1, two]}\n")) == "a:\n  b:\n  - 1\n  - two\n"


def test_a_long_text_stays_on_its_line():
    assert yaml_text(read(f"a: {'word ' * 100}end\n")) == f"a: {'word ' * 100}end\n"


def test_plain_values_are_those_of_json():
    text = "{i: 80, n: -1, f: 1.5, t: true, x: ~, z: 010, q: '80', o: on, v: 0.14.x, l: [1], h: 0x10, big: " + "1" * 41
    assert plain(read(text + "}")) == {
        **{"i": 80, "n": -1, "f": 1.5, "t": True, "x": None, "z": "010", "q": "80", "o": "on", "v": "0.14.x"},
        **{"l": [1], "h": "0x10", "big": "1" * 41},
    }


def test_a_document_begins_with_what_it_is_and_ends_with_its_status():
    root = read("status: {}\nspec: {}\nmetadata: {name: a}\nkind: K\ndata: {}\napiVersion: v1\n")
    assert list(plain(in_order(root))) == ["apiVersion", "kind", "metadata", "spec", "data", "status"]


def test_other_parsers_read_the_same():
    root = read('a: "on"\nb: \'010\'\nc: "a: b"\n')
    assert yaml.safe_load(yaml_text(root)) == {"a": "on", "b": "010", "c": "a: b"}
