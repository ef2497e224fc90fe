"""Limits as they are written on a command line."""

import pytest
from attrs import fields

from shadowgate.config.limits import limit_names, limits_table, read_limit, read_timeout
from shadowgate.model import Limits


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("header-bytes=32KiB", "header_bytes", 32 * 1024),
        ("request-line=8000", "request_line", 8000),
        ("body-bytes=1MiB", "body_bytes", 1 << 20),
        ("body-bytes=0", "body_bytes", 0),
        ("connections=500", "connections", 500),
        ("header-timeout=1m30s", "header_timeout", 90.0),
        ("keepalive-timeout=250ms", "keepalive_timeout", 0.25),
        ("body-rate=1KiB/s", "body_rate", 1024),
        ("header-rate=0", "header_rate", 0),
    ],
)
def test_a_limit_has_the_unit_of_what_it_bounds(text, name, value):
    assert read_limit(text) == (name, value)
    assert getattr(Limits(**{name: value}), name) == value


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("header-bytes", r'"header-bytes" is not NAME=VALUE'),
        ("header-byte=1", r'there is no limit "header-byte", did you mean "header-bytes"\?'),
        ("headerBytes=1", r'did you mean "header-bytes"\?'),
        ("header_bytes=1", r'did you mean "header-bytes"\?'),
        ("speed=1", r'there is no limit "speed"; see --help-limits'),
        ("header-bytes=many", r'"many" is not what it takes; write a size in bytes, or with a unit'),
        ("header-bytes=32KB", "write a size in bytes"),
        ("header-bytes=-1", "write a size in bytes"),
        ("connections=-1", "would let nothing through"),
        ("connections=1.5", "whole number"),
        ("header-timeout=30", "write 30s for seconds"),
        ("header-timeout=-1s", "write a duration"),
        ("header-bytes=0", "would let nothing through; write at least 1"),
        ("pipelined=0", "would let nothing through; write at least 1"),
    ],
)
def test_what_is_wrong_with_one_is_said(text, reason):
    with pytest.raises(ValueError, match=reason):
        read_limit(text)


def test_the_table_has_every_limit_with_a_default_that_can_be_written_so():
    rows = list(limits_table())
    assert [name for name, _, _ in rows] == list(limit_names())
    for (name, default, doc), field in zip(rows, fields(Limits), strict=True):
        assert doc.endswith("."), name
        assert read_limit(f"{name}={default.removesuffix(' (off)')}") == (field.name, field.default)


def test_only_what_can_be_off_is_off_by_default():
    assert {field.name for field in fields(Limits) if not field.default} == {
        "body_bytes",
        "connections_per_client",
        "requests_per_connection",
    }


@pytest.mark.parametrize(
    ("text", "name", "seconds"),
    [("connect=2s", "connect", 2.0), ("response=0", "response", 0.0), ("idle=1m", "idle", 60)],
)
def test_a_timeout_is_a_duration(text, name, seconds):
    assert read_timeout(text) == (name, seconds)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("idle", r'"idle" is not NAME=DURATION'),
        ("respond=1s", r'there is no timeout "respond", did you mean "response"\?'),
        ("speed=1s", "there are connect, response, idle, request, attempt"),
        ("idle=30", "write 30s for seconds"),
        ("idle=-1s", "write a duration"),
    ],
)
def test_what_is_wrong_with_a_timeout_is_said(text, reason):
    with pytest.raises(ValueError, match=reason):
        read_timeout(text)
