import pytest

from shadowgate.bundled.filters.respond import Respond
from shadowgate.errors import ConfigError
from shadowgate.plugin import Reply
from shadowgate.testing import compile_component, from_yaml, request


def answer(**options):
    return compile_component(Respond, **options).on_request(request())


def test_every_request_is_answered():
    assert answer() == Reply(200)


def test_a_body_is_text_unless_a_header_says_otherwise():
    assert answer(status=404, body="käse\n") == Reply(
        404, "käse\n".encode(), ((b"content-type", b"text/plain; charset=utf-8"),)
    )
    assert answer(body="{}", headers={"Content-Type": "application/json"}).headers == (
        (b"Content-Type", b"application/json"),
    )


def test_headers_keep_their_order_and_case():
    assert answer(status=503, headers={"Retry-After": "10", "x-a": ""}).headers == (
        (b"Retry-After", b"10"),
        (b"x-a", b""),
    )


def test_yaml_reads_into_the_answer():
    assert from_yaml(Respond, "status: 302\nheaders: {Location: /new}\n") == Respond(302, headers={"Location": "/new"})


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("status: 100", "lies between 200 and 600, not at 100"),
        ("status: 601", "lies between 200 and 600, not at 601"),
        ("{status: 204, body: x}", "an answer of status 204 has no body"),
        ("{status: 205, body: x}", "an answer of status 205 has no body"),
        ("headers: {Content-Length: 3}", "Content-Length cannot be changed"),
        ('headers: {x-a: "a\\nb"}', "control character"),
        ("headers: {x-a: 1, X-a: 2}", "are the same header"),
    ],
)
def test_what_could_not_be_an_answer_is_refused(text, sentence):
    with pytest.raises(ConfigError, match=sentence):
        from_yaml(Respond, text)


def test_a_dialect_may_give_bytes_that_are_no_text():
    assert answer(body=b"\x89PNG").body == b"\x89PNG"
