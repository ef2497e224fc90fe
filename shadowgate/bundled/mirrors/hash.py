"""The ``hash`` mirror policy: the same user always or never."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from attrs import field, frozen
from zope.interface import implementer

from shadowgate.bundled.keys import KeyOptions
from shadowgate.bundled.percent import MILLION, per_million, percent_field
from shadowgate.http.head import RequestHead
from shadowgate.plugin.interfaces import IMirrorPolicy
from shadowgate.plugin.values import Environment


@implementer(IMirrorPolicy)
@frozen(kw_only=True)
class Hash(KeyOptions):
    """A share of the keys, the same ones in every process: whole sessions are mirrored or none of them.

    A greater percentage keeps all keys of the smaller one.
    """

    percent: float = percent_field()
    missing: Literal["mirror", "skip"] = field(
        default="skip", metadata={"doc": "What becomes of a request that has no key."}
    )

    def compile(self, env: Environment) -> Callable[[RequestHead], bool]:
        read, digest = self.reader(), self.hasher()
        share, without_key = per_million(self.percent), self.missing == "mirror"

        def decide(head: RequestHead) -> bool:
            key = read(head)
            return without_key if key is None else digest(key) % MILLION < share

        return decide
