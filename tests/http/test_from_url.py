"""A request named by method, URL and headers is the head that the same bytes from a client would be."""

import pytest

from shadowgate.errors import BadRequest
from shadowgate.http.from_url import port_of, request_from_url


def test_a_url_gives_target_authority_scheme_and_port():
    head = request_from_url("GET", "https://httpbin:8443/a/b?c=d", peer="10.0.0.1", listener="web")
    assert (head.method, head.target, head.authority) == (b"GET", b"/a/b?c=d", b"httpbin:8443")
    assert (head.scheme, head.peer, head.listener, head.local_port) == (b"https", "10.0.0.1", "web", 8443)
    assert head.headers.pairs == [(b"Host", b"httpbin:8443")]


def test_a_url_without_a_path_asks_for_the_root():
    assert request_from_url("GET", "http://httpbin").target == b"/"
    assert request_from_url("GET", "http://httpbin?x=1").target == b"/?x=1"


def test_the_port_is_that_of_the_url_or_of_its_scheme():
    assert [port_of(url) for url in ("http://a", "https://a", "http://a:81")] == [80, 443, 81]
    assert request_from_url("GET", "http://a").local_port == 80
    assert request_from_url("GET", "http://a", local_port=8000).local_port == 8000


def test_a_host_header_goes_before_the_url():
    head = request_from_url("GET", "http://127.0.0.1:8000/", ["host: httpbin"])
    assert head.authority == b"httpbin"
    assert len(head.headers) == 1


def test_headers_keep_their_order_and_hop_by_hop_fields_are_gone():
    head = request_from_url("GET", "http://a/", ["x-b: 1", "X-A:2", "x-b:  3 ", "connection: x-a"])
    assert head.headers.pairs == [(b"Host", b"a"), (b"x-b", b"1"), (b"x-b", b"3")]


def test_what_a_client_would_percent_encode_is_percent_encoded():
    assert request_from_url("GET", "http://a/ü x?ö").target == b"/%C3%BC%20x?%C3%B6"
    assert request_from_url("GET", "http://a/%2f[1]").target == b"/%2f[1]"


@pytest.mark.parametrize(
    "url",
    [
        *("a/b", "ftp://a/", "http://", "http://:80/", "http://a:x/", "http://a:99999/", "http://a:0/"),
        *("http://a\r\nX: 1/", "http://a/\n", "http://a/\tb", "http://a/\0"),
    ],
)
def test_what_is_no_whole_url_is_refused_with_the_url(url):
    with pytest.raises(ValueError, match="is not a"):
        request_from_url("GET", url)


@pytest.mark.parametrize("header", ["no colon", "x: 1\r\ny: 2", "x: 1\ny: 2"])
def test_what_is_no_header_is_refused(header):
    with pytest.raises(ValueError, match="is not a header"):
        request_from_url("GET", "http://a/", [header])


@pytest.mark.parametrize("method", ["", "G T", "GET\r\n"])
def test_what_is_no_method_is_refused(method):
    with pytest.raises(ValueError, match="is not a method"):
        request_from_url(method, "http://a/")


@pytest.mark.parametrize(
    ("method", "headers", "status"),
    [("GET", ["bad name: 1"], 400), ("GET", ["host: a b"], 400), ("CONNECT", [], 405), ("GET", ["expect: it"], 417)],
)
def test_what_the_gateway_refuses_is_refused_here_with_its_status(method, headers, status):
    with pytest.raises(BadRequest) as refused:
        request_from_url(method, "http://a/", headers)
    assert refused.value.status == status


def test_a_head_beyond_the_limits_is_refused():
    with pytest.raises(BadRequest) as refused:
        request_from_url("GET", "http://a/" + "x" * 20_000)
    assert refused.value.status == 414
    with pytest.raises(BadRequest) as refused:
        request_from_url("GET", "http://a/", [f"x-{number}: 1" for number in range(200)])
    assert refused.value.status == 431
