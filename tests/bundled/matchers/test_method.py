from shadowgate.bundled.matchers.method import Method
from shadowgate.testing import request


def test_a_method_is_compared_with_its_case():
    matches = Method(exact="GET").compile()
    assert matches(request("GET")) is True
    assert matches(request("get")) is False
    assert matches(request("GETS")) is False


def test_case_can_be_ignored():
    assert Method(exact="GET", ignore_case=True).compile()(request("get")) is True


def test_several_methods_are_one_regex():
    matches = Method(regex="GET|HEAD").compile()
    assert [matches(request(method)) for method in ("GET", "HEAD", "POST")] == [True, True, False]


def test_the_short_form_is_the_method_itself():
    assert Method.from_scalar("PUT") == Method(exact="PUT")
