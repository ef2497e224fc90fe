import pytest

from shadowgate.bundled.matchers.authority import Authority
from shadowgate.testing import request


def holds(authority, **options):
    return Authority(**options).compile()(request(authority=authority))


@pytest.mark.parametrize("authority", ["httpbin", "httpbin:8000", "HTTPBIN:80", "httpbin:"])
def test_an_exact_host_holds_in_any_case_and_with_any_port(authority):
    assert holds(authority, exact="HttpBin") is True


@pytest.mark.parametrize("authority", ["httpbin.org", "xhttpbin", ""])
def test_an_exact_host_is_the_whole_host(authority):
    assert holds(authority, exact="httpbin") is False


def test_an_exact_value_with_a_port_asks_for_that_port():
    assert holds("HTTPBIN:8000", exact="httpbin:8000") is True
    assert holds("httpbin:80", exact="httpbin:8000") is False
    assert holds("httpbin", exact="httpbin:8000") is False


@pytest.mark.parametrize("authority", ["[2001:db8::1]", "[2001:db8::1]:80", "[2001:DB8::1]:80"])
def test_the_colons_of_an_ipv6_address_are_no_port(authority):
    assert holds(authority, exact="[2001:db8::1]") is True


def test_prefix_and_regex_see_the_host_without_its_port():
    assert holds("API.example.com:8000", prefix="api.") is True
    assert holds("api.example.com:8000", regex=r"api\..*\.com") is True
    assert holds("api.example.com:8000", regex=r".*:8000") is False


def test_prefix_and_regex_can_heed_case():
    assert holds("API.example.com", prefix="api.", ignore_case=False) is False
    assert holds("API.example.com", regex="api.*", ignore_case=False) is False


def test_the_short_form_is_the_host_itself():
    assert Authority.from_scalar("httpbin") == Authority(exact="httpbin")
