import pytest

from shadowgate.bundled.filters.header_rewrite import HeaderChanges, HeaderRewrite
from shadowgate.errors import ConfigError
from shadowgate.testing import compile_component, from_yaml, request, response


def rewritten(headers, **request_changes):
    head = request(headers=headers)
    assert compile_component(HeaderRewrite, request=request_changes).on_request(head) is None
    return head


def fields(head):
    return head.headers.pairs[1:]  # without Host


def test_set_replaces_all_lines_of_a_field_in_its_place():
    head = rewritten([("X-A", "1"), ("X-B", "2"), ("x-a", "3")], set={"x-a": "new"})
    assert fields(head) == [(b"X-A", b"new"), (b"X-B", b"2")]


def test_set_appends_a_field_that_is_not_there():
    assert fields(rewritten({"X-B": "2"}, set={"X-A": "new"})) == [(b"X-B", b"2"), (b"X-A", b"new")]


def test_add_appends_one_more_line():
    assert fields(rewritten({"X-A": "1"}, add={"X-A": "2"})) == [(b"X-A", b"1"), (b"X-A", b"2")]


def test_remove_drops_all_lines_in_any_case():
    assert fields(rewritten([("X-A", "1"), ("x-a", "2"), ("X-B", "3")], remove=["X-a"])) == [(b"X-B", b"3")]


def test_fields_are_removed_then_set_then_added():
    head = rewritten(
        [("X-A", "old"), ("X-B", "old")],
        remove=["X-A", "X-B"],
        set={"X-B": "set"},
        add={"X-A": "added", "X-B": "added"},
    )
    assert fields(head) == [(b"X-B", b"set"), (b"X-A", b"added"), (b"X-B", b"added")]


def test_an_empty_value_is_kept():
    assert fields(rewritten({}, set={"X-A": ""})) == [(b"X-A", b"")]


@pytest.mark.parametrize("name", ["Host", "host", ":authority"])
@pytest.mark.parametrize("operation", ["set", "add"])
def test_setting_the_host_changes_the_authority_and_leaves_one_host(name, operation):
    head = rewritten({"X-A": "1"}, **{operation: {name: "other.example:81"}})
    assert head.authority == b"other.example:81"
    assert head.headers.pairs == [(b"Host", b"other.example:81"), (b"X-A", b"1")]


def test_the_response_is_changed_on_its_own():
    hooks = compile_component(HeaderRewrite, response={"set": {"Server": "gate"}, "remove": ["X-Powered-By"]})
    answer = response(200, {"Server": "upstream", "X-Powered-By": "x"})
    hooks.on_response(request(), answer)
    assert answer.headers.pairs == [(b"Server", b"gate")]
    assert hooks.on_request is None


def test_nothing_to_change_makes_no_hooks():
    hooks = compile_component(HeaderRewrite)
    assert hooks.on_request is None
    assert hooks.on_response is None


def test_the_compiled_filter_can_be_used_again_and_again():
    hook = compile_component(HeaderRewrite, request={"add": {"X-A": "1"}}).on_request
    for _ in range(2):
        head = request()
        hook(head)
        assert fields(head) == [(b"X-A", b"1")]


def test_yaml_reads_into_the_changes():
    component = from_yaml(
        HeaderRewrite,
        """
        request:
          set: {x-shadow: "true"}
          remove: authorization
        response:
          add: {x-served-by: gate}
        """,
    )
    assert component == HeaderRewrite(
        request=HeaderChanges(set={"x-shadow": "true"}, remove=("authorization",)),
        response=HeaderChanges(add={"x-served-by": "gate"}),
    )


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("request: {set: {Content-Length: 1}}", "Content-Length cannot be changed"),
        ("request: {add: {transfer-encoding: chunked}}", "transfer-encoding cannot be changed"),
        ("request: {remove: [Connection]}", "Connection cannot be changed"),
        ("response: {remove: [content-length]}", "content-length cannot be changed"),
        ("request: {set: {x y: z}}", '"x y" is not a header name'),
        ("request: {set: {':path': z}}", '":path" is not a header name'),
        ('request: {set: {x-a: "1\\r\\nx-b: 2"}}', "control character"),
        ("request: {set: {x-a: 1, X-A: 2}}", "x-a and X-A are the same header"),
        ("request: {remove: [Host]}", "Host cannot be removed"),
        ("request: {set: {Host: a, ':authority': b}}", "the host is given twice"),
        ("request: {set: {Host: a b}}", "the value of Host is not a host"),
        ("request: {set: {Host: ''}}", "the value of Host is not a host"),
        ("request: {set: {Host: user@example.com}}", "the value of Host is not a host"),
        ("response: {set: {Host: a}}", "Host belongs to requests"),
        ("response: {add: {':authority': a}}", ":authority belongs to requests"),
    ],
)
def test_what_would_break_a_message_is_refused(text, sentence):
    with pytest.raises(ConfigError, match=sentence):
        from_yaml(HeaderRewrite, text)


def test_a_problem_names_the_line_of_the_part_that_is_wrong():
    with pytest.raises(ConfigError) as caught:
        from_yaml(HeaderRewrite, "request:\n  set: {x-a: 1}\nresponse:\n  set: {upgrade: x}\n")
    assert str(caught.value).startswith("options.yaml:4:3: error [SG0023]: response: upgrade cannot be changed")
