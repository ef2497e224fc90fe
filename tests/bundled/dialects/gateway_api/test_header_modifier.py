"""Headers set, added and removed."""

TO_A = "backendRefs: [{name: a, port: 80}]"


def test_operations_are_the_filters_own(rule):
    made = rule(
        "{filters: [{type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: X-A, value: a}], "
        f"add: [{{name: x-b, value: b}}], remove: [x-c]}}}}], {TO_A}}}"
    )
    assert made.filters[0].options == {"request": {"set": {"X-A": "a"}, "add": {"x-b": "b"}, "remove": ["x-c"]}}


def test_a_request_may_get_another_host(rule):
    made = rule(
        "{filters: [{type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: Host, value: a.example}]}}], "
        f"{TO_A}}}"
    )
    assert made.filters[0].options == {"request": {"set": {"Host": "a.example"}}}


def test_nothing_to_do_is_no_filter(rule):
    assert rule(f"{{filters: [{{type: RequestHeaderModifier, requestHeaderModifier: {{}}}}], {TO_A}}}").filters == ()


def test_of_names_that_differ_by_case_the_first_counts(rule):
    made = rule(
        "{filters: [{type: ResponseHeaderModifier, responseHeaderModifier: "
        f"{{set: [{{name: x, value: one}}, {{name: X, value: two}}]}}}}], {TO_A}}}"
    )
    assert made.filters[0].options == {"response": {"set": {"x": "one"}}}
