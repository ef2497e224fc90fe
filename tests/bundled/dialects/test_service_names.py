"""What a service is called, and which texts are names."""

import pytest

from shadowgate.bundled.dialects.service_names import (
    all_names,
    canonical,
    is_address,
    is_host,
    is_label,
    is_service_record,
    service_name,
)

FULL = "httpbin.default.svc.cluster.local"


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("httpbin", "httpbin.shop.svc.cluster.local"),
        ("HttpBin", "httpbin.shop.svc.cluster.local"),
        ("httpbin.default", "httpbin.default"),
        ("api.Example", "api.example"),
        ("api.example.", "api.example"),
        ("httpbin.", "httpbin"),
        ("10.0.0.1", "10.0.0.1"),
        ("2001:db8::1", "2001:db8::1"),
        ("*.example", "*.example"),
        ("*", "*"),
    ],
)
def test_only_a_name_without_dots_is_short_for_a_service_of_the_namespace(host, name):
    assert canonical(host, "shop") == name


def test_a_service_in_the_default_namespace_is_known_by_its_bare_name():
    names = ("httpbin", "httpbin.default", "httpbin.default.svc", FULL)
    assert all_names("httpbin") == names
    assert sorted(all_names(FULL)) == sorted(names)
    assert all_names(service_name("httpbin", "default"))[0] == FULL


def test_a_service_elsewhere_is_known_by_its_bare_name_in_its_own_namespace_only():
    full = "web.shop.svc.cluster.local"
    assert all_names(full, "default") == (full, "web.shop", "web.shop.svc")
    assert all_names(full, "shop") == (full, "web", "web.shop", "web.shop.svc")


@pytest.mark.parametrize("host", ["api.example", "*", "*.example", "*.default.svc.cluster.local", "web.shop"])
def test_what_is_no_service_has_one_name(host):
    assert all_names(host) == (host,)


def test_a_dot_at_the_end_of_a_whole_name_makes_no_other_name_of_it():
    assert all_names("api.example.") == ("api.example",)
    assert all_names(f"{FULL}.") == all_names(FULL)


def test_labels_and_hosts_are_those_of_rfc_1123():
    assert all(is_label(text) for text in ("v1", "a", "a-1", "a" * 63))
    assert not any(is_label(text) for text in ("", "V1", "-a", "a-", "a.b", "a_b", "a" * 64, "v1\n"))
    assert all(is_host(text) for text in ("web", "Web.Example", "web.example.", "a-b.c1"))
    assert not any(is_host(text) for text in ("", "*", "*.example", "web:80", "a b", "a..b", ".", "a." * 200))


def test_addresses_are_ip_addresses():
    assert is_address("127.0.0.2")
    assert is_address("2001:db8::1")
    assert not any(is_address(text) for text in ("", "localhost", "10.0.0.1:80", "10.0.0.256"))


@pytest.mark.parametrize("name", ["_http._tcp.web.example", "_http._udp.web", "_HTTP._TCP.Web.Example"])
def test_names_of_service_records(name):
    assert is_service_record(name)


@pytest.mark.parametrize("name", ["web.example", "_http.web.example", "_http._tcp", "_._tcp.web", "_http._tcp.*.web"])
def test_other_names_are_no_service_records(name):
    assert not is_service_record(name)
