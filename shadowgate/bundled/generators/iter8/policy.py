"""A routing policy: whose routes it makes, by which pattern, and of what (Iter8 0.14)."""

from __future__ import annotations

import re
from typing import Final, Literal

from attrs import Attribute, field, frozen

from shadowgate.bundled.generators.iter8.subject import read_text_of
from shadowgate.errors import NOWHERE, Position
from shadowgate.plugin import Document, Mapping, Report
from shadowgate.plugin.checks import Unfit, variants

_VARIANT: Final = re.compile(r"variant/([1-9][0-9]{0,3})")


def _is_variant(_instance: object, _attribute: Attribute[str], value: str) -> None:
    if not _VARIANT.fullmatch(value):
        raise Unfit(variants.TRIGGER, f'"{value}" is no variant; write variant/2 for the second one of the subject')


@frozen
class TriggerForm:
    """``trigger``: the subject whose name the route gets, and the variant that it follows."""

    owner: str
    update: str = field(default="variant/2", validator=_is_variant)
    position: Position = field(default=NOWHERE, eq=False)

    @property
    def index(self) -> int:
        """Which variant ``update`` is, counted from 0."""
        return int(self.update.partition("/")[2]) - 1


@frozen
class PolicyForm:
    """``data.spec``; which chart it is decides what is made of the values, where it comes from does not."""

    trigger: TriggerForm
    chart: Literal["mirror", "canary", "blue-green"]
    values: Mapping
    repo: str = ""
    version: str = ""


def read_policy(document: Document, report: Report) -> PolicyForm | None:
    """Return what a routing policy says, or None after reporting what is wrong with it."""
    data = document.root.get("data")
    node = data.get("spec") if isinstance(data, Mapping) else None
    if node is None:
        message = "there is nothing in it to make a route by"
        at = document.position if data is None else data.position
        report.error(message, at, path="data", expected="spec with YAML in it", check=variants.NOTHING)
        return None
    found: PolicyForm | None = read_text_of(PolicyForm, node, "data.spec", report)
    return found
