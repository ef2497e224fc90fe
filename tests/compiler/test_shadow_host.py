"""The Host of a shadow: a suffix before the port, another host, or the same."""

import pytest

from shadowgate.compiler.shadow_host import shadow_host


@pytest.mark.parametrize(
    ("authority", "expected"),
    [
        (b"httpbin:8000", b"httpbin-shadow:8000"),
        (b"httpbin", b"httpbin-shadow"),
        (b"httpbin.default.svc.cluster.local:8000", b"httpbin.default.svc.cluster.local-shadow:8000"),
        (b"127.0.0.1:80", b"127.0.0.1-shadow:80"),
        (b"[::1]:80", b"[::1]-shadow:80"),
        (b"[::1]", b"[::1]-shadow"),
        (b"[2001:db8::1]:8443", b"[2001:db8::1]-shadow:8443"),
        (b"", b""),
    ],
)
def test_the_suffix_goes_before_the_port(authority, expected):
    assert shadow_host("-shadow")(authority) == expected


def test_the_suffix_is_the_users():
    assert shadow_host(".canary")(b"a:1") == b"a.canary:1"


def test_a_chain_of_gateways_adds_a_suffix_each():
    suffixed = shadow_host("-shadow")
    assert suffixed(suffixed(b"a:1")) == b"a-shadow-shadow:1"


def test_without_a_suffix_nothing_is_to_be_done():
    assert shadow_host("") is None


@pytest.mark.parametrize("suffix", ["", "-shadow"])
def test_a_literal_host_replaces_all_and_gets_no_suffix(suffix):
    host = shadow_host(suffix, "v2.test:9000")
    assert [host(authority) for authority in (b"a", b"[::1]:1", b"")] == [b"v2.test:9000"] * 3
