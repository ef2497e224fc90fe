"""YAML text read into documents: places kept, surprises refused, bounds held, nothing hidden by anything else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowgate.errors import Position
from shadowgate.plugin import Mapping, Report, Scalar, Sequence
from shadowgate.plugin import yaml as reader
from shadowgate.plugin.yaml import read_embedded, read_text


def reading(text):
    report = Report()
    documents = read_text(text, "f.yaml", report)
    return documents, [str(problem) for problem in report.problems]


def only(text):
    documents, problems = reading(text)
    assert problems == []
    (document,) = documents
    return document.root


def test_every_node_knows_its_place():
    root = only("a: 1\nb:\n  - x\n  - c: {d: y}\n")
    assert root.position == Position("f.yaml", 1, 1)
    assert root.get("b").position == Position("f.yaml", 3, 3)
    assert root.get("b").items[1].get("c").get("d").position == Position("f.yaml", 4, 12)
    assert root.entries[1][0].position == Position("f.yaml", 2, 1)


def test_scalars_keep_their_text_and_whether_they_were_quoted():
    root = only("a: 010\nb: '010'\nc: on\nd: 2024-01-01\ne: |\n  x\nf: ~\ng:\nh: ''\n")
    assert [(value.text, value.quoted) for _, value in root.entries] == [
        ("010", False),
        ("010", True),
        ("on", False),
        ("2024-01-01", False),
        ("x\n", True),
        ("~", False),
        ("", False),
        ("", True),
    ]


def test_documents_come_in_order_and_empty_ones_are_passed_over():
    documents, problems = reading("---\n---\na: 1\n---\n# nothing\n---\nb: 2\n...\n")
    assert [document.root.entries[0][0].text for document in documents] == ["a", "b"]
    assert problems == []
    assert reading("") == ([], [])


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm():
    assert only("\ufeffa: 1\r\nb: 2\r\n").entries[1][0].position == Position("f.yaml", 2, 1)


def test_a_list_of_kubernetes_is_unfolded():
    documents, problems = reading(
        "apiVersion: v1\nkind: List\nitems: [{kind: A}, {apiVersion: v1, kind: List, items: [{kind: B}]}]\n---\nkind: C"
    )
    assert [document.kind for document in documents] == ["A", "B", "C"]
    assert problems == []


@pytest.mark.parametrize("items", ["", "items:", "items: []"])
def test_a_list_may_be_empty(items):
    assert reading(f"apiVersion: v1\nkind: List\n{items}") == ([], [])


def test_a_list_of_somebody_elses_is_a_document():
    (document,), _ = reading("apiVersion: acme.io/v1\nkind: List\nitems: [{kind: A}]")
    assert document.kind == "List"


def test_aliases_are_the_node_that_they_name():
    root = only("a: &x {b: 1}\nc: *x\n")
    assert root.get("c") == root.get("a")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: 1\nb: 2\na: 3", '3:1: error [SG0007]: the key "a" stands here twice, first on line 1'),
        ("a: {b: 1, 'b': 2}", '1:11: error [SG0007]: the key "b" stands here twice, first on line 1'),
        (
            "a: &x {b: 1}\nc:\n  <<: *x",
            "3:3: error [SG0008]: merge keys (<<) are not read; write out the keys that are meant",
        ),
        ("a: *x", '1:4: error [SG0010]: no "&x" stands above this alias'),
        ("a: &x [*x]", '1:8: error [SG0010]: no "&x" stands above this alias'),
        ("[a]: 1", "1:1: error [SG0008]: a key must be text, not a list or a mapping"),
        (
            "a: {{ value }}",
            "1:5: error [SG0008]: a key must be text, not a list or a mapping; quote a value that starts with a ",
        ),
        ("? \n: 1", "1:2: error [SG0008]: a key is missing before the colon"),
        ("a: !Ref x", "1:4: error [SG0009]: the tag !Ref means nothing here; leave it out"),
        ("a: !!python/object:os.system x", "1:4: error [SG0009]: the tag !!python/object:os.system means nothing here"),
        ("// a: 1", "1:1: error [SG0006]: YAML comments start with #, not with //"),
        ("- a\n- b", "1:1: error [SG0012]: a document must be a mapping of keys; found a list"),
        ("hello", '1:1: error [SG0012]: a document must be a mapping of keys; found "hello"'),
        (
            "// hello",
            '1:1: error [SG0012]: a document must be a mapping of keys; YAML comments start with #; found "// hello"',
        ),
        (
            "kind: List\napiVersion: v1\nitems: 3",
            "3:8: error [SG0015]: List: items: wrong kind of value; expected a list of",
        ),
    ],
)
def test_what_nobody_means_is_refused_with_words(text, problem):
    _, problems = reading(text)
    assert len(problems) == 1
    assert problems[0].startswith(f"f.yaml:{problem}")


@pytest.mark.parametrize("tag", ["!!str", "!"])
def test_the_tag_of_text_makes_text(tag):
    assert only(f"a: {tag} 010").get("a").quoted


def test_tags_that_repeat_what_stands_there_do_no_harm():
    assert only("!!map {a: !!int 1, b: !!seq [x]}").get("a").text == "1"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: 1\n// comment\nb: 2", "2:1: error [SG0006]: YAML comments start with #, not with //"),
        ("// comment\na: 1", "1:1: error [SG0006]: YAML comments start with #, not with //"),
        ("a:\n\tb: 1", "2:1: error [SG0006]: a tab in the indentation; YAML is indented with spaces only"),
        ("a: b: c", '1:5: error [SG0006]: a ":" where no key can stand; check the indentation, or quote the value ('),
        ("a:\n  b: 1\n c: 2", "3:2: error [SG0006]: the indentation does not fit the lines above ("),
        ("a: [1, 2\nb: 3", '2:2: error [SG0006]: a list in brackets lacks a "," or its "]" ('),
        ("a: {b: 1\nc", '2:2: error [SG0006]: a mapping in braces lacks a "," or its "}" ('),
        ("a: 'x\nb: 1", "2:5: error [SG0006]: quotes are opened and never closed ("),
        ("a: @x", "1:4: error [SG0006]: this character cannot start a value; quote the value ("),
        ('a: "\\d"', "1:5: error [SG0006]: no such escape in double quotes; "),
        ("a: 1\nb: \x01", "2:4: error [SG0006]: a control character stands here ("),
    ],
)
def test_a_syntax_error_is_told_as_the_likelier_story(text, problem):
    documents, problems = reading(text)
    assert documents == []
    assert len(problems) == 1
    assert problems[0].startswith(f"f.yaml:{problem}")


def test_the_place_where_a_broken_part_starts_is_named():
    _, (problem,) = reading("a: 1\nb: [\n  1,\n  2\nc: 3\n")
    assert problem.endswith("while parsing a flow sequence that starts on line 2)")


def test_slashes_inside_text_are_not_taken_for_comments():
    _, (problem,) = reading("a: |\n  // fine\nb: [1\nc: 2")
    assert "comment" not in problem


def test_a_broken_document_does_not_hide_the_others():
    documents, problems = reading("a: 1\n---\nb: [1\n---\nc: 1\nc: 2\n---\nd: 'x\n---\ne: 1\n")
    assert [document.root.entries[0][0].text for document in documents] == ["a", "c", "e"]
    assert [problem.split(": error")[0] for problem in problems] == ["f.yaml:4:1", "f.yaml:6:1", "f.yaml:9:1"]
    assert documents[2].position == Position("f.yaml", 10, 1)


def test_reading_ends_after_many_syntax_errors():
    _, problems = reading("---\na: [\n" * 50)
    assert len(problems) == reader.MAX_SYNTAX_ERRORS


def test_a_document_that_is_too_deep_is_refused_and_the_next_one_read():
    deep = "[" * 80 + "]" * 80
    documents, problems = reading(f"a: {deep}\n---\nb: 1\n")
    assert [document.root.entries[0][0].text for document in documents] == ["b"]
    assert problems == ["f.yaml:1:67: error [SG0011]: nested more than 64 levels deep"]


def test_aliases_do_not_get_around_the_depth():
    nested = "x0: &x0 [1]\n" + "".join(f"x{n}: &x{n} [*x{n - 1}]\n" for n in range(1, 80))
    _, (problem,) = reading(nested)
    assert problem == "f.yaml:63:12: error [SG0011]: nested more than 64 levels deep"


def test_aliases_count_as_often_as_they_are_used(monkeypatch):
    monkeypatch.setattr(reader, "MAX_NODES", 1000)
    bomb = "a: &a [1, 2, 3, 4, 5, 6, 7, 8, 9]\nb: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a, *a]\n"
    assert reading(bomb)[1] == []
    bomb += "c: [*b, *b, *b, *b, *b, *b, *b, *b, *b, *b]\n"
    documents, (problem,) = reading(bomb)
    assert documents == []
    assert problem.endswith("more than 1,000 values in one file, aliases counted as often as used")


def test_a_text_that_is_too_long_is_not_parsed(monkeypatch):
    monkeypatch.setattr(reader, "MAX_BYTES", 1 << 20)
    documents, (problem,) = reading("a: [\n" + "#" * (1 << 20))
    assert documents == []
    assert problem == "f.yaml:1:1: error [SG0003]: more than 1 MiB of configuration in one file"


def test_pure_python_parsing_gives_the_same(monkeypatch):
    text = "a: 1\nb: [x, {y: 'z'}]\n---\nc: [1\n---\n// d\ne: 1\n"
    fast = reading(text)
    monkeypatch.setattr(reader, "_LOADER", reader.yaml.SafeLoader)
    slow = reading(text)
    assert fast[0] == slow[0]
    assert [problem.split(" (")[0] for problem in fast[1]] == [problem.split(" (")[0] for problem in slow[1]]


SHARDS = st.sampled_from(
    [
        "a",
        "b: ",
        "- ",
        "\n",
        "\n  ",
        "---\n",
        "[",
        "]",
        "{",
        "}",
        ",",
        "'",
        '"',
        "|\n",
        "&x ",
        "*x",
        "!t ",
        "\t",
        "//",
        "? ",
        "<<: ",
    ]
)


@given(st.one_of(st.text(st.characters(exclude_categories=["Cs"])), st.lists(SHARDS).map("".join)))
def test_no_text_makes_it_raise_or_report_a_place_outside(text):
    report = Report()
    documents = read_text(text, "f.yaml", report)
    lines = text.count("\n") + text.count("\r") + text.count("\x85") + text.count("\u2028") + text.count("\u2029") + 1
    assert all(1 <= problem.position.line <= lines and problem.position.column >= 1 for problem in report.problems)
    assert all(isinstance(document.root, Mapping) for document in documents)


def test_the_tree_is_made_of_nothing_else():
    def kinds(node):
        yield type(node)
        for child in node.items if isinstance(node, Sequence) else ():
            yield from kinds(child)
        for key, value in node.entries if isinstance(node, Mapping) else ():
            yield from (type(key), *kinds(value))

    root = only("a: [1, 2.5, true, 2024-01-01, ~, 0x10, {b: !!binary_not x}]".replace("!!binary_not ", ""))
    assert set(kinds(root)) == {Scalar, Sequence, Mapping}


# --- texts inside texts -----------------------------------------------------------------------------------------------


def embedded(text, *path):
    report = Report()
    (document,) = read_text(text, "f.yaml", report)
    node = document.root
    for key in path:
        node = node.get(key)
    return read_embedded(node, report), report.problems


def places(documents):
    return [(key.text, str(key.position)) for document in documents for key, _ in document.root.entries]


BLOCK = """\
kind: X
data:
  spec: |

    # a comment
    first: 1
    inner: |
      deep: 2
"""


def test_what_stands_in_a_block_has_its_place_in_the_file():
    documents, problems = embedded(BLOCK, "data", "spec")
    assert problems == []
    assert places(documents) == [("first", "f.yaml:6:5"), ("inner", "f.yaml:7:5")]


def test_so_has_what_stands_in_a_block_inside_it():
    (outer,), _ = embedded(BLOCK, "data", "spec")
    report = Report()
    assert places(read_embedded(outer.root.get("inner"), report)) == [("deep", "f.yaml:8:7")]


@pytest.mark.parametrize("start", ["spec: |2\n    a: 1\n", "spec: |-\n    a: 1", "spec: &x |+\n    a: 1\n\n"])
def test_every_form_of_a_block_tells_its_indentation(start):
    documents, problems = embedded(f"data:\n  {start}", "data", "spec")
    assert problems == [] and places(documents) == [("a", "f.yaml:3:5")]


@pytest.mark.parametrize("start", ['spec: "{a: 1}"', "spec: >\n    a: 1\n", "spec: '{a: 1}'"])
def test_any_other_text_has_one_place(start):
    documents, problems = embedded(f"data:\n  {start}", "data", "spec")
    assert problems == [] and places(documents) == [("a", "f.yaml:2:9")]


def test_problems_inside_are_told_at_their_places_with_the_files_lines():
    _, (problem,) = embedded("data:\n  spec: |\n    a: 1\n    a: 2\n", "data", "spec")
    assert str(problem.position) == "f.yaml:4:5" and "first on line 3" in problem.message
    _, (problem,) = embedded("data:\n  spec: |\n    a: [\n    b: }\n", "data", "spec")
    assert str(problem.position) == "f.yaml:4:8" and "is not YAML" in problem.message


def test_two_blocks_with_one_text_are_equal_however_they_are_indented():
    (one,) = read_text("a: |\n  x\n", "f", Report())
    (other,) = read_text("a: |\n      x\n", "g", Report())
    assert one == other and hash(one) == hash(other)
