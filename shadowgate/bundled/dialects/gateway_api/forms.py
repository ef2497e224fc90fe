"""The forms of names, numbers and lists that the API's servers check, as validators of the fields that have them.

Source: the patterns and bounds of the API's own type definitions; each sentence says what to write instead.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from ipaddress import ip_address
from typing import Any, Final

from attrs import Attribute

from shadowgate.plugin import Duration
from shadowgate.plugin.checks import Check, Unfit, gateway_api

Validator = Callable[[Any, Any, Any], None]

_LABEL: Final = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN: Final = rf"{_LABEL}(\.{_LABEL})*"
_DURATION: Final = re.compile(r"(?:[0-9]{1,5}(?:h|m|s|ms)){1,4}", re.ASCII)
_DURATION_PART: Final = re.compile(r"([0-9]+)(ms|h|m|s)", re.ASCII)
_SECONDS: Final = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}


def _of_form(pattern: str, longest: int, sentence: str, check: Check = gateway_api.FORM) -> Validator:
    fits = re.compile(pattern, re.ASCII).fullmatch

    def validate(_instance: Any, _attribute: Attribute[Any], value: str | None) -> None:
        if value is not None and (not fits(value) or len(value) > longest):
            raise Unfit(check, sentence)

    return validate


object_name: Final = _of_form(r"(?s:.+)", 253, "a name has 1 to 253 characters")
namespace_name: Final = _of_form(_LABEL, 63, "a namespace is a DNS label: lower-case letters, digits and hyphens")
section_name: Final = _of_form(
    _SUBDOMAIN, 253, "a section's name has lower-case letters, digits, hyphens and dots, as a DNS name"
)
group_name: Final = _of_form(rf"({_SUBDOMAIN})?", 253, "an API group is a DNS name, or empty for the core group")
kind_name: Final = _of_form(r"[a-zA-Z]([-a-zA-Z0-9]*[a-zA-Z0-9])?", 63, "a kind is a word such as Service")
header_name: Final = _of_form(
    r"[A-Za-z0-9!#$%&'*+\-.^_\x60|~]+", 256, "this is not a header name; write letters, digits and hyphens"
)
controller_name: Final = _of_form(
    rf"{_SUBDOMAIN}/[A-Za-z0-9/\-._~%!$&'()*+,;=:]+",
    253,
    "a controller's name is a DNS name and a path: example.com/gateway",
)
protocol_name: Final = _of_form(
    rf"[a-zA-Z0-9]([-a-zA-Z0-9]*[a-zA-Z0-9])?|{_SUBDOMAIN}/[A-Za-z0-9]+",
    255,
    "a protocol is a word such as HTTP, or example.com/word",
)

_hostname = re.compile(rf"(\*\.)?{_SUBDOMAIN}", re.ASCII).fullmatch


def is_hostname(text: str) -> bool:
    """Return whether this is a name of the API's ``Hostname``: no port, no address, a wildcard for whole labels."""
    return len(text) <= 253 and _hostname(text) is not None and not _is_address(text)


def hostname(_instance: Any, _attribute: Attribute[Any], value: str | None) -> None:
    """Validate a host that may begin with a wildcard label; empty is none."""
    if value and not is_hostname(value):
        raise Unfit(gateway_api.FORM, hostname_sentence(value))


def precise_hostname(_instance: Any, _attribute: Attribute[Any], value: str | None) -> None:
    """Validate the host of a redirect or rewrite (``PreciseHostname``)."""
    if value is not None and (value.startswith("*") or not is_hostname(value)):
        raise Unfit(gateway_api.FORM, "write a name in lower case, without wildcard, port and address")


def hostname_sentence(value: str) -> str:
    """Say why this is no hostname."""
    if _is_address(value):
        return "a hostname is not an IP address"
    if value != value.lower() and is_hostname(value.lower()):
        return f"hostnames are written in lower case: {value.lower()}"
    return 'a hostname is a DNS name without a port, or "*." before one'


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def port_number(_instance: Any, _attribute: Attribute[Any], value: int | None) -> None:
    """Validate a port."""
    if value is not None and not 1 <= value <= 65535:
        raise Unfit(gateway_api.FORM, "a port is a number from 1 to 65535")


def at_most(most: int, what: str) -> Validator:
    """Return the validator of a list with no more than so many items."""

    def validate(_instance: Any, _attribute: Attribute[Any], value: Sequence[Any]) -> None:
        if len(value) > most:
            raise Unfit(gateway_api.TOO_MANY, f"there are {len(value)} {what}; {most} are the most")

    return validate


def some(most: int, what: str) -> Validator:
    """Return the validator of a list with at least one item, and no more than so many."""
    bounded = at_most(most, what)

    def validate(instance: Any, attribute: Attribute[Any], value: Sequence[Any]) -> None:
        if not value:
            raise Unfit(gateway_api.TOO_MANY, f"there are no {what}")
        bounded(instance, attribute, value)

    return validate


def text_of(shortest: int, longest: int, what: str) -> Validator:
    """Return the validator of a text whose length is bounded."""

    def validate(_instance: Any, _attribute: Attribute[Any], value: str | None) -> None:
        if value is not None and not shortest <= len(value) <= longest:
            raise Unfit(gateway_api.FORM, f"{what} has {shortest} to {longest} characters; this one has {len(value)}")

    return validate


def duration(_instance: Any, _attribute: Attribute[Any], value: str | None) -> None:
    """Validate a duration (GEP-2257)."""
    if value is not None and not _DURATION.fullmatch(value):
        raise Unfit(gateway_api.DURATION, "a duration has whole numbers with h, m, s or ms: 10s, 1m30s, 500ms")


def seconds(text: str) -> Duration:
    """Return what a valid duration amounts to (GEP-2257)."""
    return Duration(sum(float(number) * _SECONDS[unit] for number, unit in _DURATION_PART.findall(text)))
