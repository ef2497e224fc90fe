"""Single values of the command line as they are written."""

import pytest

from shadowgate.config.command_line import (
    read_count,
    read_field_value,
    read_host_suffix,
    read_locality,
    read_name_server,
    read_path,
    read_pseudonym,
    read_seconds,
    read_workers,
)


@pytest.mark.parametrize(
    ("read", "text", "value"),
    [
        (read_count, "0", 0),
        (read_count, "12", 12),
        (read_path, "/var/lib/gate/../gate", "/var/lib/gate"),
        (read_seconds, "0", 0.0),
        (read_seconds, "2.5", 2.5),
        (read_seconds, "1m30s", 90.0),
        (read_workers, "1024", 1024),
        (read_host_suffix, "", ""),
        (read_host_suffix, "-shadow.test", "-shadow.test"),
        (read_field_value, "", ""),
        (read_field_value, "gate 1.0 (test)", "gate 1.0 (test)"),
        (read_pseudonym, "", ""),
        (read_pseudonym, "gate.test:8000", "gate.test:8000"),
        (read_locality, "", ""),
        (read_locality, "eu/a", "eu/a"),
        (read_name_server, "192.0.2.1", ("192.0.2.1", 53)),
        (read_name_server, "192.0.2.1:5353", ("192.0.2.1", 5353)),
        (read_name_server, "2001:db8::1", ("2001:db8::1", 53)),
        (read_name_server, "[2001:db8::1]:5353", ("2001:db8::1", 5353)),
    ],
)
def test_what_can_be_meant_is_read(read, text, value):
    assert read(text) == value


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (read_path, ""),
        *((read_count, text) for text in ("", "-1", "+1", "1.5", "x", "\u0661")),
        *((read_seconds, text) for text in ("", "-1", "nan", "inf", "x", "-1s")),
        *((read_workers, text) for text in ("0", "1025", "many", "-1")),
        *((read_host_suffix, text) for text in (" x", "x\r\ny", "\u00e9", ":80", "/x", "@b")),
        *((read_field_value, text) for text in ("x\ny", "x\0", " x", "x ", "\u00e9", "\u20ac")),
        *((read_pseudonym, text) for text in ("a b", "a\nb", "a,b", "(a)", "a:x")),
        *((read_locality, text) for text in ("a//b", "/", "a/b/c/d", "a/*")),
        *((read_name_server, text) for text in ("ns.test", "192.0.2.1:0", "192.0.2.1:99999", "192.0.2.1:", "[::1", "")),
    ],
)
def test_what_can_not_is_refused_with_what_to_write(read, text):
    with pytest.raises(ValueError, match="write "):
        read(text)
