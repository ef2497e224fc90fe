"""The endpoint that the client names, and nobody whom the configuration does not."""

import pytest

from shadowgate.bundled.balancers.passthrough import Passthrough
from shadowgate.testing import candidates, compile_component, request

ENDPOINTS = ("10.0.0.1:80", "10.0.0.1:8080", "10.0.0.2:9000", "10.0.0.2:9001", "[2001:db8::1]:80", "a.example:80")


def picked(authority, *, scheme="http", endpoints=ENDPOINTS, times=20):
    pick = compile_component(Passthrough, candidates(*endpoints))
    found = [pick(request(authority=authority, scheme=scheme)) for _ in range(times)]
    return {None if endpoint is None else endpoint.name for endpoint in found}


@pytest.mark.parametrize(
    ("authority", "endpoints"),
    [
        ("10.0.0.1:8080", {"10.0.0.1:8080"}),
        ("10.0.0.1:08080", {"10.0.0.1:8080"}),
        ("10.0.0.1", {"10.0.0.1:80"}),
        ("10.0.0.2", {"10.0.0.2:9000", "10.0.0.2:9001"}),
        ("[2001:DB8:0::1]", {"[2001:db8::1]:80"}),
        ("[2001:db8::1]:80", {"[2001:db8::1]:80"}),
        ("A.example", {"a.example:80"}),
    ],
)
def test_the_authority_names_an_endpoint(authority, endpoints):
    assert picked(authority) == endpoints


@pytest.mark.parametrize(
    "authority",
    ["10.0.0.3", "10.0.0.1:81", "10.0.0.2:80", "[2001:db8::2]", "[::ffff:10.0.0.1]", "127.1", "2130706433", "0x7f.0x1"],
)
def test_an_address_that_is_no_endpoints_gets_nobody(authority):
    assert picked(authority) == {None}


@pytest.mark.parametrize("authority", ["web", "web.shop.svc.cluster.local:8000", "b.example", "10.0.0.1.example"])
def test_any_other_name_stands_for_all_endpoints(authority):
    assert picked(authority) == set(ENDPOINTS)


def test_https_without_a_port_is_443():
    both = ("10.0.0.1:80", "10.0.0.1:443")
    assert picked("10.0.0.1", scheme="https", endpoints=both) == {"10.0.0.1:443"}


def test_the_path_of_a_unix_socket_is_not_an_authority():
    assert picked("web", endpoints=("unix:/run/web:1.sock",)) == {"unix:/run/web:1.sock"}
    assert picked("10.0.0.1", endpoints=("unix:/run/web:1.sock",)) == {None}


def test_a_name_of_all_endpoints_reaches_each_in_turn():
    pick = compile_component(Passthrough, candidates("10.0.0.1:80", "10.0.0.2:80"))
    names = [pick(request(authority="web")).name for _ in range(4)]
    assert names[0] != names[1] and names[:2] == names[2:]
