"""The questions asked of field names."""

from __future__ import annotations

import pytest

from shadowgate.http.fields import connection_options, is_gateway_field, is_kept, is_twin, may_be_trailer, nominated


@pytest.mark.parametrize(
    "name", [b"x_request_id", b"x-request_id", b"x_forwarded_for", b"x_envoy-internal", b"content_length"]
)
def test_a_twin_becomes_a_gateway_field_where_underscores_are_hyphens(name: bytes) -> None:
    assert is_twin(name)


@pytest.mark.parametrize("name", [b"x-request-id", b"x-forwarded-for", b"host", b"my_field", b"x_forwarded"])
def test_other_names_are_no_twins(name: bytes) -> None:
    assert not is_twin(name)


@pytest.mark.parametrize(
    "name", [b"host", b"via", b"forwarded", b"x-request-id", b"x-forwarded-proto", b"x-envoy-internal"]
)
def test_what_the_gateway_sets_is_neither_nominated_nor_a_trailer(name: bytes) -> None:
    assert is_gateway_field(name)
    assert nominated(frozenset((name, b"x-other"))) == {b"x-other"}
    assert not may_be_trailer(name)


def test_twins_are_no_trailers() -> None:
    assert not may_be_trailer(b"x_forwarded_for")
    assert may_be_trailer(b"grpc-status")
    assert may_be_trailer(b"x_checksum")


def test_connection_options_are_folded_and_trimmed_of_blanks_alone() -> None:
    assert connection_options([]) == frozenset()
    assert connection_options([b"Keep-Alive"]) == {b"keep-alive"}
    assert connection_options([b"Close ,\tX-A", b"x-b"]) == {b"close", b"x-a", b"x-b"}
    assert connection_options([b"close\x0b"]) == {b"close\x0b"}


def test_connection_words_are_no_nominations() -> None:
    assert nominated(frozenset((b"close", b"keep-alive", b"upgrade", b""))) == frozenset()


@pytest.mark.parametrize(
    ("version", "options", "kept"),
    [
        (11, [], True),
        (11, [b"close"], False),
        (11, [b"close", b"keep-alive"], False),
        (10, [], False),
        (10, [b"keep-alive"], True),
        (10, [b"close", b"keep-alive"], False),
    ],
)
def test_a_connection_is_kept(version: int, options: list[bytes], kept: bool) -> None:
    assert is_kept(version, frozenset(options)) is kept
