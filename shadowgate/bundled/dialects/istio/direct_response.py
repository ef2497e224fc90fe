"""VirtualService ``http[].directResponse``: an answer that is written into the configuration."""

from __future__ import annotations

from base64 import b64decode
from typing import Any, Final

from attrs import Attribute, field, frozen

from shadowgate.bundled.dialects.scope import Scope
from shadowgate.errors import NOWHERE, Position
from shadowgate.model import PluginUse
from shadowgate.plugin.checks import Unfit, istio_routing

_LARGEST: Final = 1024 * 1024
_LARGE: Final = 100 * 1024
_WITHOUT_BODY: Final = (204, 205, 304)


def _status(_instance: Any, _attribute: Attribute[int], value: int) -> None:
    if not 200 <= value <= 600:
        raise Unfit(istio_routing.DIRECT_RESPONSE, "the status of an answer lies between 200 and 600")


def _base64(_instance: Any, _attribute: Attribute[str | None], value: str | None) -> None:
    if value is not None:
        try:
            b64decode(value, validate=True)
        except ValueError:
            raise Unfit(istio_routing.DIRECT_RESPONSE, "bytes are written in base64") from None


@frozen
class HTTPBody:
    """Istio ``HTTPBody``."""

    string: str | None = None
    bytes: str | None = field(default=None, validator=_base64)

    def __attrs_post_init__(self) -> None:
        if self.string is not None and self.bytes is not None:
            raise Unfit(istio_routing.DIRECT_RESPONSE, "string and bytes exclude each other")

    @property
    def content(self) -> Any:
        return b64decode(self.bytes) if self.bytes is not None else (self.string or "").encode()


@frozen
class DirectResponse:
    """Istio ``HTTPDirectResponse``."""

    status: int = field(validator=_status)
    body: HTTPBody | None = None
    position: Position = field(default=NOWHERE, eq=False)

    def translate(self, scope: Scope) -> PluginUse:
        options: dict[str, Any] = {"status": self.status}
        content = b"" if self.body is None else self.body.content
        if len(content) > _LARGEST:
            message, found = "the body is too large", f"{len(content):,} bytes"
            inner = scope.inside("body")
            inner.error(message, self.position, found=found, expected="1 MB", check=istio_routing.DIRECT_RESPONSE)
        elif len(content) > _LARGE:
            message = f"the body has {len(content):,} bytes, which are kept in memory"
            scope.inside("body").warning(message, self.position, check=istio_routing.LARGE_BODY)
        if content and self.status in _WITHOUT_BODY:
            message = f"an answer of status {self.status} has no body; this one is not sent"
            scope.inside("body").warning(message, self.position, check=istio_routing.UNSENT_BODY)
        elif content:
            options["body"] = content
        return PluginUse("respond", options, self.position, key="directResponse")
