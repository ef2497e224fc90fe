import pytest

from shadowgate.testing import exchange_record, mirror_result, request, response


def test_a_request_needs_no_arguments():
    head = request()
    assert (head.method, head.target, head.version, head.authority) == (b"GET", b"/", 11, b"example.com")
    assert head.headers.pairs == [(b"Host", b"example.com")]
    assert head.peer == "192.0.2.1"


def test_headers_are_a_mapping_or_pairs_in_text_or_bytes():
    assert request(headers={"X-A": b"1"}).headers.get(b"x-a") == b"1"
    assert request(headers=[("X-A", "1"), (b"x-a", b"2")]).headers.get_all(b"x-a") == [b"1", b"2"]


def test_the_authority_and_the_host_header_are_one():
    assert request(authority="a:80").headers.get(b"host") == b"a:80"
    assert request(headers={"host": "a:80"}).authority == b"a:80"
    with pytest.raises(ValueError, match="differ"):
        request(authority="a", headers={"Host": "b"})


def test_an_empty_authority_is_said_by_name():
    assert request(authority="").authority == b""


def test_a_response_has_a_status_and_headers():
    head = response(404, {"X-A": "1"}, reason="Not Found")
    assert (head.status, head.reason, head.headers.get(b"x-a")) == (404, b"Not Found", b"1")


def test_only_a_completed_shadow_has_an_answer_and_a_dropped_one_no_endpoint():
    assert mirror_result(status=500).response.status == 500
    assert mirror_result("failed", reason="reset").response is None
    assert mirror_result("failed").endpoint
    assert mirror_result("dropped").endpoint == ""
    assert mirror_result("dropped").reason


def test_a_result_counts_its_body_and_keeps_its_request():
    head = request("POST")
    result = mirror_result(of=head, body=b"12345")
    assert (result.request, result.received) == (head, 5)


def test_an_exchange_record_carries_its_request():
    head = request("PUT")
    assert exchange_record(head, status=503).request is head
    assert exchange_record(head, status=503).status == 503
    assert exchange_record().request.method == b"GET"
