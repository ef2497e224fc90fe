"""Health checks as they are written: the native form, and one line of text for annotations and for those in a hurry.

    http:/healthz interval=5s status=200-399 fall=2
    tcp interval=1s

The words of the line are the options of the form.
"""

# ruff: noqa: RUF009 - doc is attrs.field with a sentence, not a value.

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, Literal

from attrs import Attribute, evolve, frozen

from shadowgate.bundled.dialects.native_parts import a_percentage, doc, is_port, one_at_least, some_time
from shadowgate.bundled.dialects.scope import Scope
from shadowgate.bundled.fields import check_changeable, check_name, check_value, refuse_repeats
from shadowgate.errors import NOWHERE, Position
from shadowgate.http.grammar import TARGET, is_authority
from shadowgate.model import HealthCheck
from shadowgate.plugin import Document, Duration, OneOrMany, Scalar
from shadowgate.plugin import Mapping as MappingNode
from shadowgate.plugin.checks import Unfit, native
from shadowgate.plugin.scalars import duration, integer
from shadowgate.plugin.spelling import did_you_mean

ANNOTATION: Final = "shadowgate.io/health-check"

_TARGET: Final = re.compile(b"/" + TARGET + b"*")
_RANGE: Final = re.compile(r"([2-5][0-9]{2})(?:-([2-5][0-9]{2}))?")
_LINE: Final = "write http:/path or tcp, and after it name=value: http:/healthz interval=5s status=200-399"


def _is_path(_instance: Any, _attribute: Attribute[str], value: str) -> None:
    if not _TARGET.fullmatch(value.encode()):
        raise Unfit(native.HEALTH, f'"{value}" is no path to ask for; write one such as /healthz')


def _is_host(_instance: Any, _attribute: Attribute[str], value: str) -> None:
    if value and not is_authority(value.encode()):
        raise Unfit(native.HEALTH, f'"{value}" is no Host; write a name, with a port where it matters')


def _are_headers(_instance: Any, _attribute: Attribute[Mapping[str, str]], value: Mapping[str, str]) -> None:
    refuse_repeats(value)
    for name, text in value.items():
        if name.lower() == "host":
            raise Unfit(native.HEALTH, "the Host has a key of its own, host")
        check_changeable(name)
        check_value(name, text)


def _are_expected(_instance: Any, _attribute: Attribute[Mapping[str, str]], value: Mapping[str, str]) -> None:
    refuse_repeats(value)
    for name, text in value.items():
        check_name(name)
        check_value(name, text)


def _are_statuses(_instance: Any, _attribute: Attribute[tuple[str, ...]], value: tuple[str, ...]) -> None:
    for text in value:
        _range(text)


def _range(text: str) -> tuple[int, int]:
    match = _RANGE.fullmatch(text)
    low, high = (0, 0) if match is None else (int(match[1]), int(match[2] or match[1]))
    if not 0 < low <= high:
        raise Unfit(native.HEALTH, f'"{text}" is no status and no range of them; write 200 or 200-399')
    return low, high


@frozen
class HttpCheckForm:
    """A request for a page; in short, only its path."""

    path: str = doc("What is asked for, with GET.", default="/", validator=_is_path)
    host: str = doc("The Host that is asked for; nothing: the endpoint's address.", default="", validator=_is_host)
    headers: Mapping[str, str] = doc("Further headers of the request.", factory=dict, validator=_are_headers)
    expected_status: OneOrMany[str] = doc(
        "Statuses and ranges of them that are good.", default=("200-299",), validator=_are_statuses
    )
    expected_headers: Mapping[str, str] = doc(
        "Headers that a good answer has, with these values: that of a version, say.",
        factory=dict,
        validator=_are_expected,
    )

    @classmethod
    def from_scalar(cls, text: str) -> HttpCheckForm:
        return cls(text)

    def asks(self, check: HealthCheck) -> HealthCheck:
        """Return the check with this as its question."""
        return evolve(
            check,
            path=self.path,
            host=self.host,
            headers=tuple(self.headers.items()),
            expected=tuple(map(_range, self.expected_status)),
            expected_headers=tuple(self.expected_headers.items()),
        )


@frozen
class TcpCheckForm:
    """A connection that is made and closed."""


@frozen
class HealthForm:
    """How endpoints are asked whether they are well; in short, ``http:/healthz`` or ``tcp``."""

    http: HttpCheckForm | None = doc("Ask for a page.", default=None)
    tcp: TcpCheckForm | None = doc("Only connect.", default=None)
    port: int | None = doc("The port that is asked, where it is another one.", default=None, validator=is_port)
    interval: Duration = doc("From one result to the next question.", default=Duration(10.0), validator=some_time)
    timeout: Duration = doc("For the connection and the answer.", default=Duration(2.0), validator=some_time)
    rise: int = doc("Good results in a row that let an endpoint in again.", default=2, validator=one_at_least)
    fall: int = doc("Bad results in a row that leave it out.", default=3, validator=one_at_least)
    initially: Literal["healthy", "unhealthy"] = doc("What it is before its first results.", default="healthy")
    panic_percent: int = doc(
        "When fewer are well than so many per cent, all are used; 0 for never.", default=50, validator=a_percentage
    )
    position: Position = NOWHERE

    def __attrs_post_init__(self) -> None:
        if (self.http is None) is (self.tcp is None):
            raise Unfit(native.HEALTH, "say either http or tcp")

    @classmethod
    def from_scalar(cls, text: str) -> HealthForm:
        kind, *options = text.split() or [""]
        given = dict(map(_option, options))
        inner = {name: given.pop(name) for name in ("host", "expected_status") if name in given}
        if kind == "tcp" and not inner:
            return cls(tcp=TcpCheckForm(), **given)
        if not kind.startswith("http:"):
            raise Unfit(native.HEALTH, _LINE)
        return cls(HttpCheckForm(kind.removeprefix("http:"), **inner), **given)

    def translate(self) -> HealthCheck:
        check = HealthCheck(
            port=self.port,
            interval=self.interval,
            timeout=self.timeout,
            rise=self.rise,
            fall=self.fall,
            initially=self.initially,
            panic_percent=self.panic_percent,
            position=self.position,
        )
        return check if self.http is None else self.http.asks(check)


def _statuses(text: str) -> tuple[str, ...]:
    return tuple(text.split(","))


_OPTIONS: Final[Mapping[str, tuple[str, Callable[[str], Any]]]] = {
    "host": ("host", str),
    "status": ("expected_status", _statuses),
    "port": ("port", integer),
    "interval": ("interval", duration),
    "timeout": ("timeout", duration),
    "rise": ("rise", integer),
    "fall": ("fall", integer),
    "initially": ("initially", str),
    "panic": ("panic_percent", integer),
}
"""The words of the line: what they are in the form, and what their text means."""


def _option(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals:
        raise Unfit(native.HEALTH, _LINE)
    if name not in _OPTIONS:
        expected = ", ".join(_OPTIONS)
        raise Unfit(native.HEALTH, f'there is no "{name}"{did_you_mean(name, _OPTIONS)}; there are {expected}')
    key, read = _OPTIONS[name]
    found = read(value)
    if key == "initially" and found not in ("healthy", "unhealthy"):
        raise Unfit(native.HEALTH, f'initially is healthy or unhealthy, not "{found}"')
    return key, found


def annotated_check(document: Document, scope: Scope) -> HealthCheck | None:
    """Return the health check that an object's annotation asks for, if it has one."""
    metadata = document.root.get("metadata")
    annotations = metadata.get("annotations") if isinstance(metadata, MappingNode) else None
    node = annotations.get(ANNOTATION) if isinstance(annotations, MappingNode) else None
    if node is None:
        return None
    text = node.text if isinstance(node, Scalar) else ""
    try:
        return evolve(HealthForm.from_scalar(text).translate(), position=node.position)
    except ValueError as wrong:
        place = evolve(scope, path=f"metadata.annotations.{ANNOTATION}")
        check = wrong.check if isinstance(wrong, Unfit) else native.HEALTH
        place.error(str(wrong), node.position, check=check)
        return None
