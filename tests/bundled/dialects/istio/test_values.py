"""Destinations and header operations."""

import pytest

from shadowgate.bundled.dialects.istio.values import Destination, HeaderOperations, Headers, PortSelector
from shadowgate.bundled.dialects.scope import Scope
from shadowgate.bundled.filters.header_rewrite import HeaderRewrite
from shadowgate.errors import NOWHERE
from shadowgate.plugin import Report, read


def scope(namespace="shop"):
    return Scope(Report(), "spec", namespace, NOWHERE)


def messages(place):
    return [f"{problem.path}: {problem.message}" for problem in place.report.problems]


def test_a_destination_has_the_canonical_name_and_what_else_was_said():
    destination = Destination("web", "v1", PortSelector(80)).translate(scope(), weight=3)
    assert str(destination) == "web.shop.svc.cluster.local/v1:80"
    assert destination.weight == 3


@pytest.mark.parametrize(
    ("destination", "message"),
    [
        (Destination("*.example"), "spec.host: a destination is one host"),
        (Destination("web:80"), "spec.host: this is not a host name"),
        (Destination(""), "spec.host: this is not a host name"),
        (Destination("web", "V1"), "spec.subset: a subset's name must be a DNS label"),
    ],
)
def test_malformed_destinations_are_errors(destination, message):
    place = scope()
    destination.check(place)
    assert messages(place) == [message]


def test_an_address_is_a_destination():
    place = scope()
    Destination("10.0.0.1").check(place)
    assert messages(place) == []


def test_header_operations_become_one_filter_whose_options_it_understands():
    headers = Headers(
        HeaderOperations(set={":authority": "other.example"}, add={"x-a": "1"}, remove=("x-b",)),
        HeaderOperations(remove=("server",)),
    )
    place = scope()
    (use,) = headers.translate(place)
    assert (use.name, use.options) == (
        "header-rewrite",
        {
            "request": {"set": {"host": "other.example"}, "add": {"x-a": "1"}, "remove": ["x-b"]},
            "response": {"remove": ["server"]},
        },
    )
    assert read(HeaderRewrite, use.options, place.report) is not None
    assert messages(place) == []


def test_no_operations_are_no_filter():
    assert Headers().translate(scope()) == ()


@pytest.mark.parametrize(
    ("headers", "path"),
    [
        (Headers(request=HeaderOperations(remove=("Host",))), "spec.request.remove[0]"),
        (Headers(response=HeaderOperations(set={"host": "x"})), "spec.response.set.host"),
        (Headers(response=HeaderOperations(add={":authority": "x"})), "spec.response.add.:authority"),
        (Headers(request=HeaderOperations(set={":path": "/"})), "spec.request.set.:path"),
        (Headers(request=HeaderOperations(add={"": "x"})), "spec.request.add."),
        (Headers(request=HeaderOperations(set={"x-a": "1\r\nx-b: 2"})), "spec.request.set.x-a"),
    ],
)
def test_what_cannot_stand_in_a_header_is_an_error(headers, path):
    place = scope()
    headers.translate(place)
    assert [problem.path for problem in place.report.problems] == [path]
