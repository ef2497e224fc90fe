"""Single values of the command line as they are written: each reader raises ``ValueError`` with what to write instead.

Limits and timeouts, which are many of a kind, are ``limits``'.  Nothing here knows what a value is for.
"""

from __future__ import annotations

import os
import re
from ipaddress import ip_address
from math import isfinite
from os.path import abspath
from typing import Final

from shadowgate.http.grammar import TEXT, TOKEN, is_authority
from shadowgate.plugin.scalars import duration

MOST_WORKERS: Final = 1024

_pseudonym: Final = re.compile(TOKEN + rb"++(?::[0-9]{1,5})?").fullmatch
_field_value: Final = re.compile(rb"(?![ \t])" + TEXT + rb"*+(?<![ \t])").fullmatch


def read_path(text: str) -> str:
    """Return where that is from here, whatever directory is changed to later."""
    if not text:
        raise ValueError("write a path; . is this directory")
    return abspath(text)


def read_count(text: str) -> int:
    if not text.isascii() or not text.isdecimal():
        raise ValueError("write a number, 0 or more")
    return int(text)


def read_seconds(text: str) -> float:
    """Read seconds, with or without a unit."""
    try:
        seconds = float(text)
    except ValueError:
        return duration(text)
    if not isfinite(seconds) or seconds < 0:
        raise ValueError("write a number of seconds, 0 or more, or a duration such as 1m30s")
    return seconds


def read_workers(text: str) -> int:
    """Return the number of processes that is meant."""
    try:
        number = len(os.sched_getaffinity(0)) if text == "auto" else read_count(text)
    except ValueError:
        number = 0
    if not 1 <= number <= MOST_WORKERS:
        raise ValueError(f"write a number from 1 to {MOST_WORKERS}, or auto")
    return number


def read_host_suffix(text: str) -> str:
    """Read what can stand at the end of any host name."""
    if ":" in text or not is_authority(f"a{text}".encode()):
        raise ValueError("write letters, digits, dots and hyphens, which can stand in a Host")
    return text


def read_field_value(text: str) -> str:
    """Read what an answer's field can carry; latin-1, as header bytes are."""
    if _field_value(text.encode("latin-1", "replace")) is None or not text.isascii():
        raise ValueError("write visible ASCII, without line breaks and without spaces at either end")
    return text


def read_pseudonym(text: str) -> str:
    """Read how a gateway is called in Via (RFC 9110 section 7.6.3); nothing is no name."""
    if text and _pseudonym(text.encode()) is None:
        raise ValueError("write one word, such as a host name")
    return text


def read_locality(text: str) -> str:
    parts = text.split("/")
    if text and (len(parts) > 3 or not all(parts) or "*" in text):
        raise ValueError("write region, region/zone or region/zone/subzone")
    return text


def read_name_server(text: str) -> tuple[str, int]:
    """Read ADDRESS, ADDRESS:PORT or [ADDRESS]:PORT."""
    bracketed = re.fullmatch(r"\[(.+)\](?::([0-9]+))?", text)
    host, port = bracketed.groups() if bracketed else (text, None)
    if bracketed is None and text.count(":") == 1:
        host, _, port = text.partition(":")
    try:
        ip_address(host)
        number = 53 if port is None else read_count(port)
    except ValueError:
        number = 0
    if not 1 <= number <= 65535:
        raise ValueError("write an IP address, with :PORT behind it where that is not 53")
    return host, number
