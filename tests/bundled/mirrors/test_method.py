import pytest

from shadowgate.bundled.mirrors.method import Method
from shadowgate.errors import ConfigError
from shadowgate.testing import compile_component, from_yaml, request


def test_safe_methods_are_mirrored_where_nothing_is_said():
    decide = compile_component(Method)
    for method in ("GET", "HEAD", "OPTIONS"):
        assert decide(request(method)) is True
    for method in ("POST", "PUT", "PATCH", "DELETE", "get", "PURGE"):
        assert decide(request(method)) is False


def test_the_methods_can_be_named():
    decide = compile_component(Method, methods=["POST", "PURGE"])
    assert [decide(request(method)) for method in ("POST", "PURGE", "GET")] == [True, True, False]


def test_a_single_method_needs_no_list():
    assert from_yaml(Method, "methods: GET") == Method(("GET",))


def test_a_method_in_the_wrong_case_is_refused_with_the_right_one():
    with pytest.raises(ConfigError, match="methods are case-sensitive; write GET instead of get"):
        from_yaml(Method, "methods: [get]")


def test_no_method_at_all_is_refused():
    with pytest.raises(ConfigError, match="give at least one method"):
        from_yaml(Method, "methods: []")
