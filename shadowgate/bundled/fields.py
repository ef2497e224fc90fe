"""Which header fields an option may name, and what may stand in one.

Validators and conversions for options only: nothing here looks at a message.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from attrs import Attribute

from shadowgate.http.fields import REQUEST_SPECIAL
from shadowgate.http.grammar import TOKEN
from shadowgate.http.headers import Pair

_token: Final = re.compile(TOKEN + rb"++").fullmatch
_control: Final = re.compile(r"[^\t -~\x80-\U0010ffff]").search


def check_name(name: str) -> None:
    """Refuse what is not a field name (RFC 9110 section 5.1)."""
    if not _token(name.encode()):
        raise ValueError(f'"{name}" is not a header name; write letters, digits and hyphens, such as x-user')


def check_changeable(name: str) -> None:
    """Refuse what is not a field name, and the fields that delimit bodies and manage connections.

    Those never come to a plugin and are written anew (RFC 9110 section 7.6.1, RFC 9112 section 6); one more of them
    would contradict what is on the wire.
    """
    check_name(name)
    if name.lower().encode() in REQUEST_SPECIAL:
        raise ValueError(f"{name} cannot be changed: framing and connections are the gateway's own business")


def check_value(name: str, value: str) -> None:
    """Refuse a field value with control characters, which would end or split the field (RFC 9110 section 5.5)."""
    found = _control(value)
    if found:
        raise ValueError(f"the value of {name} has the control character {found.group()!r}; write it on one line")


def refuse_repeats(names: Iterable[str]) -> None:
    """Refuse two spellings of one name."""
    seen: dict[str, str] = {}
    for name in names:
        other = seen.setdefault(name.lower(), name)
        if other != name:
            raise ValueError(f"{other} and {name} are the same header; give it once")


def header_name(_instance: Any, _attribute: Attribute[str], value: str) -> None:
    """Validate an option that names a field to look at."""
    check_name(value)


def answer_headers(_instance: Any, _attribute: Attribute[Mapping[str, str]], value: Mapping[str, str]) -> None:
    """Validate the fields of an answer that the gateway makes."""
    refuse_repeats(value)
    for name, text in value.items():
        check_changeable(name)
        check_value(name, text)


def to_pairs(fields: Mapping[str, str]) -> tuple[Pair, ...]:
    """Return the fields as they stand on the wire; text beyond ASCII goes as UTF-8."""
    return tuple((name.encode("ascii"), value.encode()) for name, value in fields.items())
